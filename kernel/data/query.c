/*
 * query.c - queries and the cursors of their pages. Any thread.
 *
 * A cursor is base64url of a JSON list: a digest of the sort, the id, and each sort value as text
 * or number. It grants nothing: rights and filters are applied to the next page anew, so it needs
 * no signature, and what a client makes up only moves where his own list goes on.
 */
#include "data/query.h"

#include "data/address.h"

#define CURSOR_MAX 24000 /* three texts of the greatest length */

bool terms_next(crm_str *rest, char joint, crm_str *part)
{
    do {
        if (!str_split(rest, joint, part)) {
            return false;
        }
    } while (part->n == 0);
    return true;
}

crm_str terms_token(crm_str part, bool *is_prefix, bool *is_stem)
{
    *is_stem = part.n > 1 && part.p[0] == '=';
    part = *is_stem ? (crm_str){part.p + 1, part.n - 1} : part;
    *is_prefix = part.n > 1 && part.p[part.n - 1] == '*';
    part.n -= *is_prefix;
    return part;
}

query *query_new(arena *a, const entity *e)
{
    query *q = ARENA_NEW(a, query);
    if (q) {
        q->entity = e;
    }
    return q;
}

/* Names and types, not positions: a cursor outlives a change of the registry that keeps these. */
static int64_t sort_digest(const query *q)
{
    uint64_t h = str_hash(q->entity->name);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        h = h * 0x100000001b3u ^ str_hash(q->sorts[i].field->name);
        h = h * 0x100000001b3u ^ (uint64_t)q->sorts[i].field->type << 8 ^ q->sorts[i].field->scale;
        h = h * 0x100000001b3u ^ (q->sorts[i].descending ? 2u : 1u);
    }
    return (int64_t)(h & 0x7fffffff);
}

static void put_value(json_writer *w, value v)
{
    if (v.kind == VALUE_INT) {
        jw_int(w, v.i);
    } else if (v.kind == VALUE_TEXT) {
        jw_str(w, v.s);
    } else {
        jw_null(w);
    }
}

crm_str cursor_write(arena *a, const query *q, const value *last_row)
{
    buf b;
    json_writer w;
    buf_init(&b, CURSOR_MAX);
    jw_init(&w, &b);
    jw_array(&w);
    jw_int(&w, sort_digest(q));
    jw_int(&w, last_row[COL_ID].i);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        put_value(&w, address_value(a, q->sorts[i].field, last_row));
    }
    jw_end_array(&w);
    crm_str out = b.failed ? (crm_str){0} : crypto_base64url(a, b.p, b.n);
    buf_free(&b);
    return out;
}

static bool take_value(arena *a, const json_t *json, value *out)
{
    if (json_is_integer(json)) {
        *out = value_int(json_integer_value(json));
    } else if (json_is_string(json)) {
        *out =
            value_text(arena_dup(a, (crm_str){json_string_value(json), json_string_length(json)}));
    } else {
        *out = value_null();
    }
    return json_is_integer(json) || json_is_string(json) || json_is_null(json);
}

static bool take_cursor(arena *a, const json_t *list, const query *q, cursor *at)
{
    bool fits = json_is_array(list) && json_array_size(list) == q->sort_count + 2 &&
                json_integer_value(json_array_get(list, 0)) == sort_digest(q);
    at->id = json_integer_value(json_array_get(list, 1));
    for (uint32_t i = 0; fits && i < q->sort_count; i++) {
        fits = take_value(a, json_array_get(list, i + 2), &at->at[i]);
    }
    at->is_set = true;
    return fits && at->id > 0;
}

crm_status cursor_read(arena *a, query *q, crm_str text)
{
    crm_str json;
    json_t *list = NULL;
    cursor at = {.is_set = false};
    if (text.n > CURSOR_MAX * 2 || crypto_unbase64url(a, text, &json) != CRM_OK ||
        json_read(json, SORTS_MAX + 2, &list, NULL) != CRM_OK) {
        return CRM_INVALID;
    }
    bool is_ours = take_cursor(a, list, q, &at);
    json_decref(list);
    if (is_ours) {
        q->after = at;
    }
    return is_ours ? CRM_OK : CRM_INVALID;
}
