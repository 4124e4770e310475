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

/* ---- readings of what was typed ----------------------------------------------------------------
 */

/* The query, its places and the list's marks follow the reading that the search stands at. */
static crm_status take_reading(api_call *k)
{
    list_state *l = k->own;
    query *q = k->read.query;
    q->terms = l->search.terms;
    q->after.is_set = false;
    q->gathered = NULL;
    query_bind(q);
    return search_words_new(k->c.arena, q->terms, &l->words);
}

/* The place is of another reading than the first. */
static crm_status find_place(api_call *k)
{
    list_state *l = k->own;
    crm_status s = CRM_OK;
    while (s == CRM_OK && l->after.n) {
        s = search_next(&l->search);
        if (s == CRM_OK && !l->search.text.p) {
            return call_fail(&k->c, CRM_BAD_REQUEST, "bad_cursor");
        }
        s = s ? s : take_reading(k);
        if (s == CRM_OK && cursor_read(k->c.arena, k->read.query, l->after) == CRM_OK) {
            l->after = (crm_str){0};
        }
    }
    return s;
}

/* Once the list has ended, and was not begun by what another reading found. */
static bool may_read_otherwise(const api_call *k)
{
    const list_state *l = k->own;
    const query *q = k->read.query;
    bool is_over = !k->read.has_more && !q->after.is_set;
    return is_over && !k->read.total && l->search.terms.n && l->search.step != SEARCH_OVER &&
           !q->only_deleted;
}

static int64_t part_us(const api_call *k)
{
    return (int64_t)(k->api->o.part_ms ? k->api->o.part_ms : PART_MS) * 1000;
}

static crm_status read_list(api_call *k)
{
    list_state *l = k->own;
    int64_t limit_us = l->is_slow ? SLOW_LIMIT_US : FAST_LIMIT_US, most_us = part_us(k) * 5 / 2;
    buf_clear(&k->text);
    list_begin(k, &k->text);
    k->c.until = clock_mono() + limit_us * 1000;
    k->read.limit_us = limit_us < most_us ? limit_us : most_us;
    k->read.count_us = POOL_COUNT_US;
    k->read.part_us = l->is_slow ? part_us(k) : 0;
    k->read.done = NULL;
    return records_read_now(&k->read);
}

/* What time there was is gone: the list of this reading begins with the next part. */
static crm_status leave_to_next_part(api_call *k)
{
    record_read *r = &k->read;
    r->next = cursor_write_gathered(k->c.arena, r->query, &(list_gathering){.percent = 0});
    r->has_more = r->is_partial = r->approx = true;
    r->percent = 0;
    return r->next.n ? CRM_OK : CRM_NOMEM;
}

/* Nothing was found as typed: the next reading, if there is one. To look for one that takes too
 * long is given up, and nothing is what was found. */
static crm_status read_otherwise(api_call *k, int64_t from)
{
    list_state *l = k->own;
    crm_status s = search_next(&l->search);
    if (s == CRM_TIMEOUT && l->is_slow) {
        l->search.step = SEARCH_OVER;
        k->c.error = (call_error){0};
        return CRM_OK;
    }
    if (s != CRM_OK || !l->search.text.p) {
        return s;
    }
    bool is_late = l->is_slow && clock_mono() - from > part_us(k) * 1000;
    s = take_reading(k);
    return s ? s : is_late ? leave_to_next_part(k) : read_list(k);
}

/* ---- on a pool ------------------------------------------------------------------------------- */

static void list_pooled(api_call *k);

static void list_on_pool(api_call *k)
{
    list_state *l = k->own;
    int64_t from = clock_mono();
    k->c.until = from + (l->is_slow ? SLOW_LIMIT_US : FAST_LIMIT_US) * INT64_C(1000);
    k->status = l->after.n ? find_place(k) : CRM_OK;
    k->status = k->status == CRM_OK ? read_list(k) : k->status;
    while (k->status == CRM_OK && may_read_otherwise(k)) {
        k->status = read_otherwise(k, from);
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

static void list_pooled(api_call *k)
{
    list_state *l = k->own;
    slow_shapes_judge(&k->api->slow_shapes, l->shape, k->status == CRM_OK && l->was_short);
    if (k->status == CRM_TIMEOUT && !l->is_slow) {
        to_pool(k, true);
        return;
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
