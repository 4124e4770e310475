/*
 * fuzz_cond.c - any JSON as a condition over an entity of every type: refused with a named code, or
 * a condition within its bounds that judges an empty record without harm.
 */
#include "base/json.h"
#include "fuzz_schema.h"

static uint32_t nodes_of(const cond *c, uint32_t depth)
{
    uint32_t count = 0;
    MUST(depth <= COND_DEPTH_MAX + 1);
    for (; c; c = c->next) {
        MUST(c->path_length <= COND_PATH_MAX);
        count += 1 + nodes_of(c->first, depth + 1);
    }
    return count;
}

static void judge(const cond *c)
{
    value row[FIELDS_MAX];
    cond_env env = {.me = 1, .now = 1800000000000LL, .day_start = 1799960400000LL};
    for (uint32_t i = 0; i < FIELDS_MAX; i++) {
        row[i] = value_null();
    }
    (void)cond_is_timeless(c);
    if (cond_is_local(c)) {
        (void)cond_eval(c, row, &env);
    }
}

static void try_reading(arena *a, const json_t *json)
{
    cond_scope in = {.reg = schema_registry(), .entity = schema_item()};
    cond_error err = {0};
    const cond *c;
    crm_status s = cond_read(a, &in, json, &c, &err);
    MUST(s == CRM_OK || (s == CRM_INVALID && err.code && text_is_utf8(err.field)));
    if (s == CRM_OK) {
        MUST(nodes_of(c, 0) <= 4 * COND_NODES_MAX);
        judge(c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crm_str text = {(const char *)data, size};
    json_t *json;
    arena *a = arena_new(0);
    if (json_read(text, 0, &json, NULL) == CRM_OK) {
        try_reading(a, json);
        json_decref(json);
    }
    arena_free(a);
    return 0;
}
