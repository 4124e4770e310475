/* json.c - jansson behind limits checked over the text before anything is built. */
#include "base/json.h"

#include <pthread.h>
#include <string.h>

#include "base/crypto.h"

/* Where the scan stands, and how many commas each open bracket has seen. */
typedef struct scan {
    crm_str text;
    size_t at;
    size_t items_max;
    int depth;
    size_t commas[JSON_DEPTH_MAX];
    bool is_array[JSON_DEPTH_MAX];
} scan;

static void seed(void)
{
    size_t random;
    crypto_random(&random, sizeof random);
    json_object_seed(random ? random : 1); /* 0 would let jansson choose */
}

/* Past the string that opens at s->at; its contents are jansson's business. */
static void skip_string(scan *s)
{
    for (s->at++; s->at < s->text.n && s->text.p[s->at] != '"'; s->at++) {
        if (s->text.p[s->at] == '\\') {
            s->at++;
        }
    }
}

/* One character outside strings; the complaint, or {NULL,0}. */
static crm_str step(scan *s)
{
    char c = s->text.p[s->at];
    switch (c) {
    case '"':
        skip_string(s);
        break;
    case '[':
    case '{':
        if (s->depth == JSON_DEPTH_MAX) {
            return CRM_S("too_deep");
        }
        s->is_array[s->depth] = c == '[';
        s->commas[s->depth++] = 0;
        break;
    case ']':
    case '}':
        s->depth -= s->depth > 0;
        break;
    case ',':
        if (s->depth > 0 && s->is_array[s->depth - 1] &&
            ++s->commas[s->depth - 1] >= s->items_max) {
            return CRM_S("too_many_items");
        }
        break;
    default:
        break;
    }
    return (crm_str){0};
}

static json_error error_at(crm_str text, size_t at, crm_str what)
{
    json_error e = {.line = 1, .column = 1, .code = what};
    for (size_t i = 0; i < at && i < text.n; i++) {
        e.column = text.p[i] == '\n' ? 1 : e.column + 1;
        e.line += text.p[i] == '\n';
    }
    return e;
}

static bool is_within_limits(crm_str text, size_t items_max, json_error *err)
{
    scan s = {.text = text, .items_max = items_max};
    for (; s.at < text.n; s.at++) {
        crm_str complaint = step(&s);
        if (complaint.p) {
            *err = error_at(text, s.at, complaint);
            return false;
        }
    }
    return true;
}

static crm_str complaint_of(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_invalid_utf8:
        return CRM_S("not_utf8");
    case json_error_premature_end_of_input:
        return CRM_S("ends_early");
    case json_error_end_of_input_expected:
        return CRM_S("trailing");
    case json_error_duplicate_key:
        return CRM_S("duplicate_key");
    case json_error_numeric_overflow:
        return CRM_S("number_too_large");
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return CRM_S("nul");
    default:
        return CRM_S("not_json");
    }
}

crm_status json_read(crm_str text, size_t items_max, json_t **out, json_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    json_error ignored;
    err = err ? err : &ignored;
    pthread_once(&once, seed);
    if (!is_within_limits(text, items_max ? items_max : JSON_ITEMS_MAX, err)) {
        return CRM_BAD_REQUEST;
    }
    json_error_t e;
    json_t *v =
        json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!v) {
        if (json_error_code(&e) == json_error_out_of_memory) {
            return CRM_NOMEM;
        }
        *err = (json_error){e.line, e.column, complaint_of(&e)};
        return CRM_BAD_REQUEST;
    }
    *out = v;
    return CRM_OK;
}

crm_str json_text(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? (crm_str){json_string_value(v), json_string_length(v)}
                             : (crm_str){0};
}

crm_str json_dump(arena *a, const json_t *value)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    size_t n = json_dumpb(value, NULL, 0, flags);
    char *p = n ? arena_alloc(a, n + 1) : NULL;
    if (!p || json_dumpb(value, p, n, flags) != n) {
        return (crm_str){0};
    }
    return (crm_str){p, n};
}
