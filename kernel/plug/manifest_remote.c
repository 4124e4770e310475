/*
 * manifest_remote.c - `remote`, `hooks` and `steps` of module.yaml: what an HTTP service answers
 * for (flow/remote.h). Read when all modules' entities are known, so that a field that does not
 * exist is a fault here and not a surprise later.
 */
#include "data/setting.h"
#include "flow/remote.h"
#include "plug/manifest.h"

#define NAMES_MAX 64

/* ---- words ----------------------------------------------------------------------------------- */

static void read_failure(reader *rd, const yaml_node *n, remote_call *call, unsigned allowed)
{
    static const crm_str words[] = {{"refuse", 6}, {"let_through", 11}, {"retry", 5}};
    const yaml_node *at = yaml_get(n, "on_failure");
    if (!at) {
        fault_at(rd->f, n, "missing", CRM_S("on_failure"));
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (str_eq(at->text, words[i]) && (allowed & 1u << i)) {
            call->on_failure = (remote_failure)i;
            return;
        }
    }
    fault_near(rd->f, at, "unknown_word", at->text, words, 3);
}

static uint32_t read_limit(reader *rd, const yaml_node *n, int64_t usual, int64_t most)
{
    const yaml_node *at = yaml_get(n, "timeout");
    int64_t ms = usual;
    if (at && (clock_parse_duration(at->text, &ms) != CRM_OK || ms < 1 || ms > most)) {
        fault_at(rd->f, at, "wrong_type", at->text);
        ms = usual;
    }
    return (uint32_t)ms;
}

/* Fields of the entity by name; a single one needs no list. */
static const crm_str *read_names(reader *rd, const yaml_node *list, const entity *e,
                                 uint32_t *count)
{
    const yaml_node *first = !list || list->kind == YAML_SCALAR ? list : list->first;
    crm_str *names = ARENA_ARRAY(rd->a, crm_str, NAMES_MAX), known[FIELDS_MAX];
    uint32_t known_count = 0;
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        known[known_count++] = e->fields[i].name;
    }
    *count = 0;
    for (const yaml_node *n = first; names && n; n = n == list ? NULL : n->next) {
        const field *f = entity_field(e, n->text);
        if (!f || f->flags & (FIELD_HIDDEN | FIELD_SYSTEM)) {
            fault_near(rd->f, n, "unknown_field", n->text, known, known_count);
        } else if (*count == NAMES_MAX) {
            fault_at(rd->f, n, "too_many", n->text);
            return names;
        } else {
            names[(*count)++] = f->name;
        }
    }
    return names;
}

static void check_set(reader *rd, const yaml_node *n, const entity *e, const remote_call *call)
{
    for (uint32_t i = 0; i < call->set_count; i++) {
        if (entity_field(e, call->set[i])->type == FIELD_COMPUTED) {
            fault_at(rd->f, n, "computed", call->set[i]);
        }
    }
}

const entity *read_entity_name(reader *rd, const yaml_node *n, const char *key)
{
    const yaml_node *at = yaml_get(n, key);
    if (!at || at->kind != YAML_SCALAR) {
        fault_at(rd->f, n, "missing", str_of(key));
        return NULL;
    }
    const entity *e = registry_entity(rd->r, at->text);
    ptrdiff_t dot = str_find(at->text, '.');
    crm_str owner = {at->text.p, dot > 0 ? (size_t)dot : 0};
    bool must_be = dot <= 0 || str_eq(owner, rd->m->name);
    for (uint32_t i = 0; i < rd->m->need_count; i++) {
        must_be = must_be || str_eq(owner, rd->m->needs[i]);
    }
    if (!e && must_be) {
        fault_near(rd->f, at, "unknown_entity", at->text, rd->on->entities, rd->on->count);
    }
    return e && !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) ? e : NULL;
}

static remote_call *begin_call(reader *rd, const yaml_node *n, const entity *e, const char *kind)
{
    remote_call *call = ARENA_NEW(rd->a, remote_call);
    if (!call) {
        return NULL;
    }
    *call = (remote_call){
        .module = rd->m->name, .id = n->key, .entity_name = e->name, .kind = str_of(kind)};
    call->send = read_names(rd, yaml_get(n, "send"), e, &call->send_count);
    call->set = read_names(rd, yaml_get(n, "set"), e, &call->set_count);
    check_set(rd, n, e, call);
    return call;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static int when_of(crm_str word)
{
    static const struct {
        const char *word;
        hook_when when;
    } words[] = {{"before_create", HOOK_BEFORE_CREATE},
                 {"before_update", HOOK_BEFORE_UPDATE},
                 {"created", HOOK_AFTER_CREATE},
                 {"updated", HOOK_AFTER_UPDATE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_is(word, words[i].word)) {
            return (int)words[i].when;
        }
    }
    return -1;
}

static bool is_before(int when)
{
    return when == HOOK_BEFORE_CREATE || when == HOOK_BEFORE_UPDATE;
}

/* What is told later is done as the module itself, which sees what its manifest grants. */
static void check_granted(reader *rd, const yaml_node *n, const remote_call *call)
{
    const yaml_node *grants = yaml_get(rd->m->root, "grants"), *own = NULL;
    YAML_EACH(at, grants) {
        own = str_eq(at->key, call->entity_name) ? at : own;
    }
    if (!yaml_text(own, "read").n || (call->set_count && !yaml_text(own, "update").n)) {
        fault_at(rd->f, n, "not_granted", call->entity_name);
    }
}

static void add_hook(reader *rd, const remote_call *call, const yaml_node *word, bool is_asked)
{
    static const crm_str known[] = {
        {"before_create", 13}, {"before_update", 13}, {"created", 7}, {"updated", 7}};
    int when = when_of(word->text);
    if (when < 0) {
        fault_near(rd->f, word, "unknown_word", word->text, known, 4);
    } else if (is_asked != is_before(when)) {
        fault_at(rd->f, word, "mixed_hook", word->text);
    } else if (remote_add_hook(rd->r, call, (hook_when)when) != CRM_OK) {
        fault_at(rd->f, word, "refused", word->text);
    }
}

static void read_when(reader *rd, const yaml_node *n, remote_call *call)
{
    const yaml_node *when = yaml_get(n, "when");
    const yaml_node *first = when && when->kind == YAML_LIST ? when->first : when;
    if (!first) {
        fault_at(rd->f, n, "missing", CRM_S("when"));
        return;
    }
    bool is_asked = is_before(when_of(first->text));
    for (const yaml_node *w = first; w; w = w == when ? NULL : w->next) {
        add_hook(rd, call, w, is_asked);
    }
    unsigned other = is_asked ? 1u << REMOTE_REFUSE : 1u << REMOTE_RETRY;
    read_failure(rd, n, call, other | 1u << REMOTE_LET_THROUGH);
    if (!is_asked) {
        check_granted(rd, n, call);
    }
}

static void read_hook(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"on",  "when",    "fields",     "send",
                                       "set", "timeout", "on_failure", NULL};
    const entity *e = keys_check(rd->f, n, keys) ? read_entity_name(rd, n, "on") : NULL;
    remote_call *call = e ? begin_call(rd, n, e, "hooks") : NULL;
    if (call) {
        call->fields = read_names(rd, yaml_get(n, "fields"), e, &call->field_count);
        call->limit_ms = read_limit(rd, n, REMOTE_HOOK_MS, REMOTE_HOOK_MAX_MS);
        read_when(rd, n, call);
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static crm_str schema_of(reader *rd, const yaml_node *params)
{
    static const char *const keys[] = {"type", "options", "required", NULL};
    static const crm_str types[] = {{"text", 4}, {"date", 4}, {"number", 6},
                                    {"int", 3},  {"bool", 4}, {"choice", 6},
                                    {"list", 4}, {"map", 3},  {"duration", 8}};
    buf b;
    json_writer w;
    YAML_EACH(n, params) {
        bool is_known = false;
        crm_str type = yaml_text(n, "type");
        (void)keys_check(rd->f, n, keys);
        (void)read_flag(rd, n, "required");
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            is_known = is_known || str_eq(types[i], type);
        }
        if (!is_known) {
            fault_near(rd->f, n, "unknown_type", type, types, sizeof types / sizeof types[0]);
        }
    }
    buf_init(&b, 1u << 16);
    jw_init(&w, &b);
    if (params && params->kind == YAML_MAP) {
        node_to_json(&w, params);
    } else {
        buf_z(&b, "{}");
    }
    crm_str json = b.failed ? (crm_str){0} : arena_dup(rd->a, buf_view(&b));
    buf_free(&b);
    return json;
}

static void read_step(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"of",      "params",     "send", "set",
                                       "timeout", "on_failure", NULL};
    const entity *e = keys_check(rd->f, n, keys) ? read_entity_name(rd, n, "of") : NULL;
    remote_call *call = e ? begin_call(rd, n, e, "steps") : NULL;
    if (!call) {
        return;
    }
    call->limit_ms = read_limit(rd, n, REMOTE_STEP_MS, REMOTE_STEP_MAX_MS);
    read_failure(rd, n, call, 1u << REMOTE_REFUSE | 1u << REMOTE_LET_THROUGH | 1u << REMOTE_RETRY);
    if (remote_add_step(rd->r, call, schema_of(rd, yaml_get(n, "params"))) != CRM_OK) {
        fault_at(rd->f, n, "duplicate", n->key);
    }
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* "/page.html": what of an address needs no escaping, and no way up. */
static bool is_path(crm_str s)
{
    bool is_good = s.n > 1 && s.n <= 200 && s.p[0] == '/';
    for (size_t i = 0; is_good && i < s.n; i++) {
        char c = s.p[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  (memchr("/._-", c, 4) && !(c == '.' && s.p[i - 1] == '.'));
    }
    return is_good;
}

static void read_frame_menu(reader *rd, const yaml_node *n, const remote_frame *row)
{
    static const char *const keys[] = {"icon", "group", "order", "phone", NULL};
    const yaml_node *menu = yaml_get(n, "menu");
    if (!menu || !keys_check(rd->f, menu, keys)) {
        return;
    }
    menu_item item = {
        .id = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(row->module), STR_FMT(row->id)),
        .label = row->label,
        .icon = yaml_text(menu, "icon"),
        .to = arena_fmt(rd->a, "/x/frame/%.*s/%.*s", STR_FMT(row->module), STR_FMT(row->id)),
        .group = yaml_text(menu, "group"),
        .order = (int32_t)read_number(rd, menu, "order", 100),
        .on_phone = read_flag(rd, menu, "phone")};
    if (registry_add_menu(rd->r, &item) != CRM_OK) {
        fault_at(rd->f, n, "refused", n->key);
    }
}

static void read_frame(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"path", "menu", "card", "send", "set", "height", NULL};
    const yaml_node *card = yaml_get(n, "card");
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    remote_frame row = {
        .module = rd->m->name,
        .id = n->key,
        .path = yaml_text(n, "path"),
        .label = arena_fmt(rd->a, "%.*s.frame.%.*s", STR_FMT(rd->m->name), STR_FMT(n->key)),
        .height = (uint32_t)read_number(rd, n, "height", 320)};
    const entity *e = card ? read_entity_name(rd, n, "card") : NULL;
    if (!is_path(row.path) || row.height > 4000) {
        fault_at(rd->f, n, "wrong_type", row.height > 4000 ? CRM_S("height") : CRM_S("path"));
        return;
    }
    crm_str file = arena_fmt(rd->a, "ui/frames%.*s", STR_FMT(row.path));
    if (!yaml_get(rd->m->root, "remote") && !(file.p && manifest_has_file(rd, file.p))) {
        fault_at(rd->f, n, "missing", file); /* no service gives it, so it is a file */
        return;
    }
    if (!card == !yaml_get(n, "menu")) {
        fault_at(rd->f, n, "missing", CRM_S("card"));
        return;
    }
    if (card && !e) {
        return; /* of an entity that is not enabled here */
    }
    if (e) {
        row.entity_name = e->name;
        row.send = read_names(rd, yaml_get(n, "send"), e, &row.send_count);
        row.set = read_names(rd, yaml_get(n, "set"), e, &row.set_count);
    }
    read_frame_menu(rd, n, &row);
    if (registry_add_frame(rd->r, &row) != CRM_OK) {
        fault_at(rd->f, n, "refused", n->key);
    }
}

/* ---- the service ----------------------------------------------------------------------------- */

/* {setting: name} */
static void check_setting(reader *rd, const yaml_node *at, crm_str name)
{
    crm_str known[SETTINGS_MAX];
    uint32_t count = 0;
    if (!name.n || registry_setting(rd->r, rd->m->name, name)) {
        return;
    }
    YAML_EACH(n, yaml_get(rd->m->root, "settings")) {
        if (count < SETTINGS_MAX) {
            known[count++] = n->key;
        }
    }
    fault_near(rd->f, at, "unknown_setting", name, known, count);
}

static void read_remote(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"url", "secret", NULL};
    const yaml_node *url = yaml_get(n, "url");
    crm_str name = yaml_text(n, "secret");
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    remote row = {.module = rd->m->name,
                  .url = yaml_text(n, "url"),
                  .url_setting =
                      url && url->kind == YAML_MAP ? yaml_text(url, "setting") : (crm_str){0},
                  .secret_json = arena_fmt(rd->a, "{\"secret\":\"%.*s\"}", STR_FMT(name))};
    if (!row.url.n && !row.url_setting.n) {
        fault_at(rd->f, n, "missing", CRM_S("url"));
    }
    check_setting(rd, url, row.url_setting);
    if (!setting_is_secret_name(name)) {
        fault_at(rd->f, name.n ? yaml_get(n, "secret") : n, name.n ? "bad_name" : "missing",
                 name.n ? name : CRM_S("secret"));
        return;
    }
    if (registry_add_remote(rd->r, &row) != CRM_OK) {
        fault_at(rd->f, n, "refused", CRM_S("remote"));
    }
}

crm_status manifest_register_remote(const manifest *m, const enabled *on, registry *r, faults *f)
{
    reader rd = {.a = registry_arena(r), .r = r, .m = m, .on = on, .f = f};
    const yaml_node *to = yaml_get(m->root, "remote");
    const yaml_node *hooks = yaml_get(m->root, "hooks"), *steps = yaml_get(m->root, "steps");
    const yaml_node *frames = yaml_get(m->root, "frames");
    uint32_t had = f->count;
    if (to) {
        read_remote(&rd, to);
    } else if (hooks || steps) {
        fault_at(f, hooks ? hooks : steps, "missing", CRM_S("remote"));
    }
    YAML_EACH(n, hooks) {
        read_hook(&rd, n);
    }
    YAML_EACH(n, steps) {
        read_step(&rd, n);
    }
    YAML_EACH(n, frames) {
        read_frame(&rd, n);
    }
    return arena_failed(rd.a) ? CRM_NOMEM : f->count > had ? CRM_INVALID : CRM_OK;
}
