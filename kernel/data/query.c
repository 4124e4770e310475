/*
 * query.c - queries and the cursors of their pages. Any thread.
 *
 * A cursor is base64url of a JSON list: a digest of what is asked, the id, and each sort value as
 * text or number, of a long text a list of its beginning and a hash of the whole: an address has to
 * hold the cursor. It grants nothing: rights and filters are applied to the next page anew, so it
 * needs no signature, and what a client makes up only moves where his own list goes on. The digest
 * is there because a place in one list means nothing in another.
 *
 * That of a list that is gathered begins with '_', which no base64 of a JSON list does, and is
 * sealed: how far the numbers of records were passed by then is nobody's business.
 */
#include "data/query.h"

#include "data/address.h"
#include "data/positions.h"

#define CURSOR_MAX 24000 /* three texts of the greatest length, as they were once given whole */
#define TEXT_MAX   600   /* bytes of a text that is given whole, and of the beginning of another */
#define BEYOND     "\xF4\x8F\xBF\xBD" /* U+10FFFD, of private use, which no key stands above */
#define GATHERED   '_'
#define SEALED_FOR CRM_S("list") /* stands in texts that are kept outside: it never changes */

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

static void put_place(json_writer *w, const query *q, const cursor *at)
{
    jw_int(w, at->id);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        put_value(w, at->at[i]);
    }
}

/* [digest, id, value…] and once more an id and values, of where a page that is gathered ends. */
static void put_places(buf *b, const query *q, const cursor *from, const cursor *bound)
{
    json_writer w;
    jw_init(&w, b);
    jw_array(&w);
    jw_int(&w, q->asked);
    put_place(&w, q, from);
    if (bound && bound->is_set) {
        put_place(&w, q, bound);
    }
    jw_end_array(&w);
}

static crm_str write_plain(arena *a, const query *q, const cursor *at)
{
    buf b;
    buf_init(&b, CURSOR_MAX);
    put_places(&b, q, at, NULL);
    crm_str out = b.failed ? (crm_str){0} : crypto_base64url(a, b.p, b.n);
    buf_free(&b);
    return out;
}

crm_str cursor_write(arena *a, const query *q, const value *last_row)
{
    cursor at = {.id = last_row[COL_ID].i, .is_set = true};
    for (uint32_t i = 0; i < q->sort_count; i++) {
        at.at[i] = address_value(a, q->sorts[i].field, last_row);
    }
    return write_plain(a, q, &at);
}

crm_str cursor_write_gathered(arena *a, const query *q, const list_gathering *g)
{
    buf b;
    cursor from = q->after.is_set ? q->after : (cursor){.id = 0};
    if (g->is_over) {
        return write_plain(a, q, &g->bound);
    }
    buf_init(&b, CURSOR_MAX);
    gathering_write(&b, g);
    put_places(&b, q, &from, &g->bound);
    crm_str sealed = b.failed ? (crm_str){0} : position_seal(a, SEALED_FOR, buf_view(&b));
    buf_free(&b);
    return sealed.n ? arena_fmt(a, "%c%.*s", GATHERED, STR_FMT(sealed)) : sealed;
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

/* From member `from` of the list on. Id 0: a list that begins. */
static bool take_place(arena *a, const json_t *list, size_t from, const query *q, cursor *at)
{
    bool fits = true;
    at->id = json_integer_value(json_array_get(list, from));
    for (uint32_t i = 0; fits && i < q->sort_count; i++) {
        const json_t *v = json_array_get(list, from + 1 + i);
        fits = json_is_array(v) ? take_cut(a, v, q->sorts[i].descending, &at->at[i], &at->whole[i])
                                : take_value(a, v, &at->at[i]);
    }
    at->is_set = at->id > 0;
    return fits && at->id >= 0;
}

/* `bound` is not set where the text has none. */
static bool take_places(arena *a, const json_t *list, const query *q, cursor *at, cursor *bound)
{
    size_t each = q->sort_count + 1, n = json_array_size(list);
    bool is_ours = json_is_array(list) && (n == each + 1 || n == 2 * each + 1) &&
                   json_integer_value(json_array_get(list, 0)) == q->asked &&
                   take_place(a, list, 1, q, at);
    return is_ours && (n == each + 1 || take_place(a, list, 1 + each, q, bound));
}

static crm_status read_places(arena *a, const query *q, crm_str json, cursor *at, cursor *bound)
{
    json_t *list = NULL;
    *at = *bound = (cursor){.is_set = false};
    if (json_read(json, 6 * SORTS_MAX + 3, &list, NULL) != CRM_OK) {
        return CRM_INVALID;
    }
    bool is_ours = take_places(a, list, q, at, bound);
    json_decref(list);
    return is_ours ? CRM_OK : CRM_INVALID;
}

static crm_status open_gathered(arena *a, crm_str text, crm_str *json, list_gathering **out)
{
    crm_str sealed = {text.p + 1, text.n - 1};
    *out = ARENA_NEW(a, list_gathering);
    crm_status s = *out ? position_open(a, SEALED_FOR, sealed, json) : CRM_NOMEM;
    return s ? s : gathering_read(a, json, *out);
}

crm_status cursor_read(arena *a, query *q, crm_str text)
{
    crm_str json = {0};
    cursor at, bound;
    list_gathering *g = NULL;
    if (!q->asked) {
        query_bind(q);
    }
    if (!text.n || text.n > CURSOR_MAX * 2) {
        return CRM_INVALID;
    }
    crm_status s = text.p[0] == GATHERED ? open_gathered(a, text, &json, &g)
                                         : crypto_unbase64url(a, text, &json);
    if (s != CRM_OK || read_places(a, q, json, &at, &bound) != CRM_OK) {
        return CRM_INVALID;
    }
    if (g) {
        g->bound = bound;
    } else if (!at.is_set || bound.is_set) {
        return CRM_INVALID;
    }
    q->after = at;
    q->gathered = g;
    return CRM_OK;
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
            at->whole[i] = 0;
        }
    }
}
