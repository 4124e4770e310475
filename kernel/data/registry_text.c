/*
 * registry_text.c - the strings of a registry: the kernel's own, which the build embeds, and what
 * modules and the ТЗ add. A later string of the same language and key wins.
 */
#include <assert.h>
#include <pthread.h>

#include "data/registry_internal.h"

/* locales/<lang>.yaml as it stands in the source, from <name> to <name>_end. */
#define EMBED(name, file)                                                                   \
    __asm__(".section .rodata\n" #name ":\n.incbin \"" KARKAS_LOCALES "/" file "\"\n" #name \
            "_end:\n.byte 0\n.previous\n");                                                 \
    extern const char name[] CRM_HIDDEN;                                                    \
    extern const char name##_end[] CRM_HIDDEN
EMBED(kernel_strings_ru, "ru.yaml");
EMBED(kernel_strings_en, "en.yaml");

/* Every registry has the same, and a start makes two: they are parsed once per process and stay. */
static struct {
    arena *arena;
    text_string *at;
    uint32_t count;
    crm_status status;
} kernel_strings;

static crm_status keep(crm_str lang, const yaml_node *n)
{
    arena *a = kernel_strings.arena;
    text_string *s = &kernel_strings.at[kernel_strings.count++];
    *s = (text_string){.lang = lang, .key = arena_dup(a, n->key), .text = arena_dup(a, n->text)};
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static crm_status read_language(arena *scratch, const char *lang, crm_str text)
{
    yaml_node *root;
    yaml_error err;
    crm_status st = yaml_parse(scratch, lang, text, &root, &err);
    assert(st != CRM_INVALID); /* a test reads both files */
    if (st != CRM_OK) {
        return st;
    }
    size_t room = kernel_strings.count + (size_t)root->count;
    text_string *more = ARENA_ARRAY(kernel_strings.arena, text_string, room);
    if (!more) {
        return CRM_NOMEM;
    }
    if (kernel_strings.count) {
        memcpy(more, kernel_strings.at, kernel_strings.count * sizeof *more);
    }
    kernel_strings.at = more;
    YAML_EACH(n, root) {
        st = st == CRM_OK ? keep(str_of(lang), n) : st;
    }
    return st;
}

static void read_kernel_strings(void)
{
    crm_str ru = {kernel_strings_ru, (size_t)(kernel_strings_ru_end - kernel_strings_ru)};
    crm_str en = {kernel_strings_en, (size_t)(kernel_strings_en_end - kernel_strings_en)};
    arena *scratch = arena_new(0);
    kernel_strings.arena = arena_new(0);
    crm_status st = scratch && kernel_strings.arena ? CRM_OK : CRM_NOMEM;
    st = st == CRM_OK ? read_language(scratch, "ru", ru) : st;
    kernel_strings.status = st == CRM_OK ? read_language(scratch, "en", en) : st;
    arena_free(scratch);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

crm_str registry_kernel_text(crm_str lang, crm_str key)
{
    pthread_once(&once, read_kernel_strings);
    for (uint32_t i = 0; kernel_strings.status == CRM_OK && i < kernel_strings.count; i++) {
        const text_string *s = &kernel_strings.at[i];
        if (str_eq(s->key, key) && str_eq(s->lang, lang)) {
            return s->text;
        }
    }
    return key;
}

crm_status registry_add_kernel_strings(registry *r)
{
    pthread_once(&once, read_kernel_strings);
    crm_status st = kernel_strings.status;
    for (uint32_t i = 0; i < kernel_strings.count && st == CRM_OK; i++) {
        st = registry_add_string(r, &kernel_strings.at[i]);
    }
    return st;
}

static uint64_t hash_of(crm_str lang, crm_str key)
{
    return str_hash(key) ^ str_hash(lang) * 0x9E3779B97F4A7C15u;
}

/* The slot that holds the string, or the free one where it belongs. */
static uint32_t *slot_of(const holder *h, crm_str lang, crm_str key)
{
    for (uint64_t at = hash_of(lang, key);; at++) {
        uint32_t *slot = &h->string_slots[at & h->string_mask];
        const text_string *s = *slot ? &h->pub.strings[*slot - 1] : NULL;
        if (!s || (str_eq(s->key, key) && str_eq(s->lang, lang))) {
            return slot;
        }
    }
}

void seal_strings(seal *s)
{
    uint32_t size = 64;
    while (size < s->r->string_count * 2) {
        size *= 2;
    }
    s->h->string_slots = seal_alloc(s, size, sizeof(uint32_t));
    if (!s->h->string_slots) {
        return;
    }
    s->h->string_mask = size - 1;
    for (uint32_t i = 0; i < s->r->string_count; i++) {
        *slot_of(s->h, s->r->strings[i].lang, s->r->strings[i].key) = i + 1;
    }
}

static const text_string *find(const registry *r, crm_str lang, crm_str key)
{
    const holder *h = holder_of(r);
    if (h->string_mask) {
        uint32_t at = *slot_of(h, lang, key);
        return at ? &r->strings[at - 1] : NULL;
    }
    for (uint32_t i = r->string_count; i-- > 0;) {
        if (str_eq(r->strings[i].key, key) && str_eq(r->strings[i].lang, lang)) {
            return &r->strings[i];
        }
    }
    return NULL;
}

crm_str registry_text(const registry *r, crm_str lang, crm_str key)
{
    const text_string *s = find(r, lang, key);
    if (!s) {
        s = find(r, r->locale, key);
    }
    return s ? s->text : key;
}

void registry_text_fill(crm_str text, crm_str params_json, buf *out)
{
    json_t *params = NULL;
    if (params_json.n && json_read(params_json, 0, &params, NULL) != CRM_OK) {
        params = NULL;
    }
    while (text.n) {
        ptrdiff_t open = str_find(text, '{');
        crm_str head = {text.p, open < 0 ? text.n : (size_t)open};
        buf_str(out, head);
        text = (crm_str){text.p + head.n, text.n - head.n};
        ptrdiff_t close = str_find(text, '}');
        if (!text.n || close < 0) {
            buf_str(out, text);
            break;
        }
        const json_t *v = json_object_getn(params, text.p + 1, (size_t)close - 1);
        if (json_is_integer(v)) {
            buf_int(out, json_integer_value(v));
        } else if (json_is_string(v)) {
            buf_z(out, json_string_value(v));
        }
        text = (crm_str){text.p + close + 1, text.n - (size_t)close - 1};
    }
    json_decref(params);
}
