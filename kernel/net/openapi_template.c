/*
 * openapi_template.c - the YAML files of openapi/, which the build embeds, and their filling in.
 * The signs are explained at the head of openapi/document.yaml.
 */
#include "net/openapi_private.h"

/* openapi/<file> as it stands in the source, from <name> to <name>_end. */
#define EMBED(name, file)                                                                  \
    __asm__(".section .rodata\n" #name ":\n.incbin \"" OPENAPI_FILES "/" file "\"\n" #name \
            "_end:\n.byte 0\n.previous\n");                                                \
    extern const char name[] CRM_HIDDEN;                                                   \
    extern const char name##_end[] CRM_HIDDEN
EMBED(openapi_document, "document.yaml");
EMBED(openapi_outward, "outward.yaml");
EMBED(openapi_model, "model.yaml");
EMBED(openapi_modules, "modules.yaml");
EMBED(openapi_entity_paths, "entity.yaml");
EMBED(openapi_texts_ru, "ru.yaml");
EMBED(openapi_texts_en, "en.yaml");
#define EMBEDDED(name) ((crm_str){name, (size_t)(name##_end - name)})

static crm_status parse(crm_ctx *c, const char *file, crm_str text, const yaml_node **out)
{
    yaml_error err;
    yaml_node *root = NULL;
    crm_status s = yaml_parse(c->arena, file, text, &root, &err);
    *out = root;
    return s == CRM_INVALID ? CRM_INTERNAL : s; /* a test reads them all */
}

crm_status openapi_files_read(crm_ctx *c, openapi_files *out)
{
    bool is_en = str_is(c->lang, "en");
    crm_status s = parse(c, "document.yaml", EMBEDDED(openapi_document), &out->document);
    s = s ? s : parse(c, "outward.yaml", EMBEDDED(openapi_outward), &out->outward);
    s = s ? s : parse(c, "model.yaml", EMBEDDED(openapi_model), &out->model);
    s = s ? s : parse(c, "modules.yaml", EMBEDDED(openapi_modules), &out->modules);
    s = s ? s : parse(c, "entity.yaml", EMBEDDED(openapi_entity_paths), &out->entity);
    crm_str texts = is_en ? EMBEDDED(openapi_texts_en) : EMBEDDED(openapi_texts_ru);
    return s ? s : parse(c, "texts", texts, &out->texts);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

json_t *openapi_string(crm_str text)
{
    return json_stringn(text.n ? text.p : "", text.n);
}

bool openapi_set(json_t *object, crm_str key, json_t *member)
{
    return json_object_setn_new_nocheck(object, key.p, key.n, member) == 0;
}

json_t *openapi_ref(const char *kind, crm_str name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%.*s", kind, STR_FMT(name)));
}

/* ---- texts ----------------------------------------------------------------------------------- */

static crm_str name_of(const openapi_scope *s, crm_str name)
{
    for (int i = 0; i < OPENAPI_NAMES_MAX && s->names[i].name; i++) {
        if (str_is(name, s->names[i].name)) {
            return s->names[i].value;
        }
    }
    return (crm_str){0};
}

/* With every <name> of the scope in its place. */
static crm_str filled(const openapi_scope *s, crm_str text)
{
    buf out;
    if (str_find(text, '<') < 0) {
        return text;
    }
    buf_init(&out, 0);
    while (text.n) {
        ptrdiff_t open = str_find(text, '<'), close = str_find(text, '>');
        crm_str head = {text.p, open < 0 ? text.n : (size_t)open};
        buf_str(&out, head);
        if (open < 0 || close < open) {
            break;
        }
        buf_str(&out, name_of(s, (crm_str){text.p + open + 1, (size_t)(close - open - 1)}));
        text = (crm_str){text.p + close + 1, text.n - (size_t)close - 1};
    }
    crm_str copy = arena_dup(s->c->arena, buf_view(&out));
    buf_free(&out);
    return copy;
}

crm_str openapi_text(const openapi_scope *s, const char *key)
{
    return filled(s, yaml_text(s->texts, key));
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* "=schemas/id" */
static json_t *reference(const openapi_scope *s, crm_str text)
{
    crm_str rest = filled(s, text), kind;
    str_split(&rest, '/', &kind);
    return openapi_ref(arena_cstr(s->c->arena, kind), rest);
}

static json_t *part(const openapi_scope *s, crm_str name)
{
    for (int i = 0; i < OPENAPI_PARTS_MAX; i++) {
        if (s->parts[i].name && str_is(name, s->parts[i].name)) {
            return json_incref(s->parts[i].value);
        }
    }
    return json_null();
}

static json_t *scalar(const openapi_scope *s, const yaml_node *n)
{
    int64_t i;
    crm_str text = n->text, rest = {text.p + 1, text.n - 1};
    if (!text.n || n->is_quoted) {
        return openapi_string(filled(s, text));
    }
    if (text.p[0] == '$') {
        return openapi_string(openapi_text(s, arena_cstr(s->c->arena, rest)));
    }
    if (text.p[0] == '=') {
        return reference(s, rest);
    }
    if (text.p[0] == '+') {
        return part(s, rest);
    }
    if (str_is(text, "true") || str_is(text, "false")) {
        return json_boolean(str_is(text, "true"));
    }
    if (str_is(text, "null")) {
        return json_null();
    }
    return str_to_i64(text, &i) == CRM_OK ? json_integer(i) : openapi_string(filled(s, text));
}

/* ---- lists and maps -------------------------------------------------------------------------- */

static bool is_wanted(const openapi_scope *s, const yaml_node *n)
{
    crm_str word = n->kind == YAML_MAP ? yaml_text(n, "x-if") : (crm_str){0};
    bool is_not = str_starts(word, CRM_S("no-"));
    crm_str plain = is_not ? (crm_str){word.p + 3, word.n - 3} : word;
    return !word.n || s->holds(s, plain) != is_not;
}

static json_t *list(const openapi_scope *s, const yaml_node *n)
{
    json_t *all = json_array();
    YAML_EACH(item, n) {
        if (!is_wanted(s, item)) {
            continue;
        }
        json_t *made = openapi_fill(s, item);
        bool is_many = item->kind == YAML_SCALAR && json_is_array(made);
        if (is_many) {
            json_array_extend(all, made);
        } else {
            json_array_append(all, made);
        }
        json_decref(made);
    }
    return all;
}

/* The statuses an operation names and those any may have, beside the good ones; then HTTP's own. */
static void add_errors(const openapi_scope *s, json_t *operation, const yaml_node *own)
{
    json_t *responses = json_object_get(operation, "responses");
    YAML_EACH(status, s->statuses) {
        bool is_own = yaml_get(status, "any") != NULL;
        YAML_EACH(n, own) {
            is_own |= str_eq(n->text, status->key);
        }
        if (is_own) {
            openapi_set(
                responses, status->key,
                openapi_ref("responses", arena_fmt(s->c->arena, "e%.*s", STR_FMT(status->key))));
        }
    }
    openapi_set(responses, CRM_S("default"), openapi_ref("responses", CRM_S("other")));
}

static json_t *map(const openapi_scope *s, const yaml_node *n)
{
    json_t *all = json_object();
    const yaml_node *errors = NULL;
    YAML_EACH(item, n) {
        if (str_is(item->key, "x-errors")) {
            errors = item;
        } else if (!str_is(item->key, "x-if") && is_wanted(s, item)) {
            openapi_set(all, filled(s, item->key), openapi_fill(s, item));
        }
    }
    if (errors) {
        add_errors(s, all, errors);
    }
    return all;
}

json_t *openapi_fill(const openapi_scope *s, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) {
        return scalar(s, n);
    }
    return n->kind == YAML_LIST ? list(s, n) : map(s, n);
}
