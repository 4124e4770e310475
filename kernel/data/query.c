/*
 * query.c - queries and the cursors of their pages. Any thread.
 *
 * A cursor is base64url of a JSON list: a digest of what is asked, the id, and each sort value as
 * text or number, of a long text a list of its beginning and a hash of the whole: an address has to
 * hold the cursor. It grants nothing: rights and filters are applied to the next page anew, so it
 * needs no signature, and what a client makes up only moves where his own list goes on. The digest
 * is there because a place in one list means nothing in another.
 */
#include "data/query.h"

#include "data/address.h"

#define CURSOR_MAX 24000 /* three texts of the greatest length, as they were once given whole */
#define TEXT_MAX   600   /* bytes of a text that is given whole, and of the beginning of another */
#define BEYOND     "\xF4\x8F\xBF\xBD" /* U+10FFFD, of private use, which no key stands above */

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

/* ---- what is asked --------------------------------------------------------------------------- */

/* Names and types, so that a cursor outlives a change of the registry that keeps these. */
static uint64_t mix(uint64_t h, uint64_t x)
{
    return (h ^ x) * 0x100000001b3u;
}

static uint64_t mix_field(uint64_t h, const field *f)
{
    return mix(mix(h, str_hash(f->name)), (uint64_t)f->type << 8 ^ f->scale);
}

static uint64_t mix_cond(uint64_t h, const cond *c)
{
    for (; c; c = c->next) {
        h = mix(h, c->op);
        for (uint8_t i = 0; i < c->path_length; i++) {
            h = mix(mix_field(h, c->path[i]), str_hash(c->path[i]->entity->name));
        }
        for (uint32_t i = 0; i < c->value_count; i++) {
            const value *v = &c->values[i];
            h = mix(mix(h, v->kind), v->kind == VALUE_TEXT ? str_hash(v->s) : (uint64_t)v->i);
        }
        if (c->sub) {
            h = mix_cond(mix(mix_field(h, c->sub->field), str_hash(c->sub->field->entity->name)),
                         c->sub->where);
        }
        h = mix(mix_cond(h, c->first), 1); /* its end: siblings are no children */
    }
    return h;
}

void query_bind(query *q)
{
    uint64_t h = str_hash(q->entity->name);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        h = mix(mix_field(h, q->sorts[i].field), q->sorts[i].descending ? 2 : 1);
    }
    h = mix(mix_cond(h, q->where), 2);
    h = mix(mix_cond(h, q->fixed), 3);
    h = mix(mix(h, str_hash(q->terms)), q->only_deleted);
    q->asked = (int64_t)(h >> 33) + 1;
}

/* ---- cursors --------------------------------------------------------------------------------- */

static int64_t hash_of(crm_str text)
{
    return (int64_t)(str_hash(text) >> 2 | 1);
}

/* Whole characters. */
static crm_str beginning(crm_str text)
{
    size_t n = TEXT_MAX;
    while (n && ((unsigned char)text.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return (crm_str){text.p, n};
}

static void put_value(json_writer *w, value v)
{
    if (v.kind == VALUE_INT) {
        jw_int(w, v.i);
    } else if (v.kind == VALUE_TEXT && v.s.n > TEXT_MAX) {
        jw_array(w);
        jw_str(w, beginning(v.s));
        jw_int(w, hash_of(v.s));
        jw_end_array(w);
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
    jw_int(&w, q->asked);
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

/* Down the list the rows that begin alike stand behind everything that does. */
static bool take_cut(arena *a, const json_t *json, bool descends, value *out, int64_t *whole)
{
    const json_t *text = json_array_get(json, 0), *hash = json_array_get(json, 1);
    *whole = json_integer_value(hash);
    if (json_array_size(json) != 2 || !json_is_string(text) || *whole <= 0) {
        return false;
    }
    *out = value_text(arena_fmt(a, "%s%s", json_string_value(text), descends ? BEYOND : ""));
    return true;
}

static bool take_cursor(arena *a, const json_t *list, const query *q, cursor *at)
{
    bool fits = json_is_array(list) && json_array_size(list) == q->sort_count + 2 &&
                json_integer_value(json_array_get(list, 0)) == q->asked;
    at->id = json_integer_value(json_array_get(list, 1));
    for (uint32_t i = 0; fits && i < q->sort_count; i++) {
        const json_t *v = json_array_get(list, i + 2);
        fits = json_is_array(v) ? take_cut(a, v, q->sorts[i].descending, &at->at[i], &at->whole[i])
                                : take_value(a, v, &at->at[i]);
    }
    at->is_set = true;
    return fits && at->id > 0;
}

crm_status cursor_read(arena *a, query *q, crm_str text)
{
    crm_str json;
    json_t *list = NULL;
    cursor at = {.is_set = false};
    if (!q->asked) {
        query_bind(q);
    }
    if (text.n > CURSOR_MAX * 2 || crypto_unbase64url(a, text, &json) != CRM_OK ||
        json_read(json, 3 * SORTS_MAX + 2, &list, NULL) != CRM_OK) {
        return CRM_INVALID;
    }
    bool is_ours = take_cursor(a, list, q, &at);
    json_decref(list);
    if (is_ours) {
        q->after = at;
    }
    return is_ours ? CRM_OK : CRM_INVALID;
}

bool cursor_is_cut(const cursor *at)
{
    bool is_cut = false;
    for (uint32_t i = 0; at->is_set && i < SORTS_MAX; i++) {
        is_cut |= at->whole[i] != 0;
    }
    return is_cut;
}

void cursor_complete(arena *a, const query *q, const value *row, cursor *at)
{
    for (uint32_t i = 0; i < q->sort_count; i++) {
        value v = at->whole[i] ? address_value(a, q->sorts[i].field, row) : value_null();
        if (v.kind == VALUE_TEXT && hash_of(v.s) == at->whole[i]) {
            at->at[i] = value_dup(a, v);
        }
    }
}
