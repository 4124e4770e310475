/*
 * list_api.c - lists of records.
 *
 * They run inline on the loop, some milliseconds of each of its turns, and write rows straight into
 * the reply. One that takes longer than the limit is interrupted, what it wrote is dropped, and it
 * runs again on a pool; its shape then goes straight to the pool for a while (slow_shapes.h).
 */
#include "net/list_private.h"

#define INLINE_LIMIT_US 2000
#define SHORT_US        1000  /* a pool that needs no longer does not need to be asked */
#define POOL_COUNT_US   50000 /* a list does not wait longer for its total */
#define PART_MS         2000  /* then a long list shows what it has found */
#define SLOW_LIMIT_US   5000000
#define FAST_LIMIT_US   250000
#define POOLS_MS        10000 /* waiting and both tries of a list that does not run inline */

/* ---- what lists have in common ----------------------------------------------------------------
 */

static uint64_t cond_shape(const cond *c)
{
    uint64_t h = 14695981039346656037ull;
    for (; c; c = c->next) {
        h = (h ^ c->op) * 1099511628211ull;
        for (int i = 0; i < c->path_length; i++) {
            h = (h ^ c->path[i]->id) * 1099511628211ull;
        }
        h = (h ^ cond_shape(c->first)) * 1099511628211ull;
        if (c->sub) {
            h = (h ^ c->sub->field->id ^ cond_shape(c->sub->where)) * 1099511628211ull;
        }
    }
    return h;
}

/* Whose rights narrow it decides as much as what is asked. */
static uint64_t query_shape(const query *q, int64_t user)
{
    uint64_t h =
        cond_shape(q->where) ^ cond_shape(q->fixed) * 31 ^ q->entity->id * 0x9E3779B97F4A7C15ull;
    h = (h ^ (uint64_t)user) * 1099511628211ull;
    for (uint32_t i = 0; i < q->sort_count; i++) {
        h = (h ^ q->sorts[i].field->id ^ (uint64_t)q->sorts[i].descending << 32) * 1099511628211ull;
    }
    return h ^ (q->terms.n ? 1 : 0);
}

/* ---- a list ---------------------------------------------------------------------------------- */

static bool list_row(void *arg, const record_view *v)
{
    api_call *k = arg;
    list_state *l = k->own;
    search_found found;
    size_t begin = k->w.b->n;
    if (l->words) {
        search_look(l->words, v, &found);
    }
    record_json_found(&k->w, &k->c, v, k->read.query->select, l->words ? &found : NULL);
    if (!k->w.b->failed) {
        list_keep_row(k, v, begin);
    }
    return !k->w.b->failed;
}

static void list_begin(api_call *k, buf *out)
{
    jw_init(&k->w, out);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
}

static void list_end(api_call *k)
{
    jw_end_array(&k->w);
    jw_key(&k->w, CRM_S("next"));
    if (k->read.has_more) {
        jw_str(&k->w, k->read.next);
    } else {
        jw_null(&k->w);
    }
    jw_kint(&k->w, "total", k->read.total);
    jw_kbool(&k->w, "approx", k->read.approx);
    if (k->read.is_partial) {
        jw_kbool(&k->w, "partial", true);
        jw_kint(&k->w, "walked", k->read.percent);
    }
    if (k->read.total) {
        search_reading_json(&k->w, &((list_state *)k->own)->search);
    }
    jw_end_object(&k->w);
}

/* The query and the list's places follow the reading that the search stands at. */
static crm_status take_reading(api_call *k, query *q)
{
    list_state *l = k->own;
    q->terms = l->search.terms;
    return search_words_new(k->c.arena, q->terms, &l->words);
}

static bool may_read_otherwise(const api_call *k)
{
    const list_state *l = k->own;
    return !k->read.total && l->search.terms.n && l->search.step != SEARCH_OVER &&
           !k->read.query->only_deleted;
}

static void list_pooled(api_call *k);

/* Nothing was found as typed: the next reading, if there is one. */
static crm_status read_otherwise(api_call *k)
{
    list_state *l = k->own;
    crm_status s = search_next(&l->search);
    if (s == CRM_OK && l->search.text.p) {
        s = take_reading(k, k->read.query);
    }
    if (s == CRM_OK && l->search.text.p) {
        buf_clear(&k->text);
        list_begin(k, &k->text);
        s = records_read_now(&k->read);
    }
    return s;
}

static void list_on_pool(api_call *k)
{
    list_state *l = k->own;
    int64_t limit_us = l->is_slow ? SLOW_LIMIT_US : FAST_LIMIT_US;
    uint32_t part_ms = k->api->o.part_ms ? k->api->o.part_ms : PART_MS;
    int64_t part_us = (int64_t)part_ms * 1000, most_us = part_us * 5 / 2;
    int64_t from = clock_mono();
    buf_clear(&k->text);
    list_begin(k, &k->text);
    k->c.until = from + limit_us * 1000;
    k->read.limit_us = limit_us < most_us ? limit_us : most_us;
    k->read.count_us = POOL_COUNT_US;
    k->read.part_us = l->is_slow ? part_us : 0;
    k->read.done = NULL;
    k->status = records_read_now(&k->read);
    while (k->status == CRM_OK && may_read_otherwise(k)) {
        k->status = read_otherwise(k);
    }
    k->c.until = 0;
    if (k->status == CRM_OK) {
        list_end(k);
    }
    l->was_short = clock_mono() - from < SHORT_US * INT64_C(1000);
}

static void to_pool(api_call *k, bool is_slow)
{
    list_state *l = k->own;
    list_keep_nothing(k);
    l->is_slow = is_slow;
    *(is_slow ? &k->api->stats.moved_slow : &k->api->stats.moved_fast) += 1;
    if (!is_slow) {
        api_limit(k, POOLS_MS);
    }
    api_pool(k, is_slow ? POOL_SLOW : POOL_FAST, list_on_pool, list_pooled);
}

/* Words, or the recycle bin, in an order that nothing has: such a list comes whole or not at all.
 */
static void blame_sort(api_call *k)
{
    const field *f = k->read.query->sorts[0].field;
    buf params;
    json_writer w;
    buf_init(&params, 1024);
    jw_init(&w, &params);
    jw_object(&w);
    jw_kstr(&w, "field", f->name);
    jw_kstr(&w, "label", registry_text(k->c.reg, k->c.lang, f->label));
    jw_end_object(&w);
    (void)call_fail(&k->c, CRM_TIMEOUT, "slow_sort");
    k->c.error.params_json = arena_dup(k->c.arena, buf_view(&params));
    buf_free(&params);
}

static void list_pooled(api_call *k)
{
    list_state *l = k->own;
    slow_shapes_judge(&k->api->slow_shapes, l->shape, k->status == CRM_OK && l->was_short);
    if (k->status == CRM_TIMEOUT && !l->is_slow) {
        to_pool(k, true);
        return;
    }
    if (k->status == CRM_TIMEOUT && k->read.is_unordered) {
        blame_sort(k);
    }
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

static void list_done(record_read *r, crm_status s)
{
    api_call *k = r->arg;
    list_state *l = k->own;
    if (s == CRM_TIMEOUT && r->interrupted) {
        slow_shapes_add(&k->api->slow_shapes, l->shape, clock_mono());
        http_body(k->http)->n = k->mark;
        to_pool(k, false);
        return;
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    list_keep_end(k);
    list_end(k);
    api_reply(k, 200);
}

void list_route(api_call *k)
{
    query *q = query_new(k->c.arena, k->entity);
    list_state *l = ARENA_NEW(k->http->arena, list_state);
    if (!q || !l) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    k->own = l;
    crm_status s = records_read_query(k, q, NULL);
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    l->shape = query_shape(q, k->who.user);
    k->read = (record_read){.call = &k->c,
                            .query = q,
                            .count = true,
                            .want_labels = true,
                            .on_row = list_row,
                            .done = list_done,
                            .arg = k,
                            .limit_us = INLINE_LIMIT_US};
    if (q->gathered) {
        to_pool(k, true);
        return;
    }
    /* A search may gather much for a beginning in one step, which no limit interrupts. */
    if (q->terms.n || slow_shapes_has(&k->api->slow_shapes, l->shape, clock_mono())) {
        to_pool(k, false);
        return;
    }
    list_keep_begin(k, q);
    list_begin(k, http_body(k->http));
    api_read_inline(k);
}
