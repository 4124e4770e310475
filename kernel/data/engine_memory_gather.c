/* engine_memory_gather.c - lists that have no place in their order (gathering.h), by looking at
 * every row by its id. */
#include "data/engine_memory.h"

#define ROWS_MAX (LIST_MAX + 1)

typedef struct gather {
    const mrun *r;
    engine_op *op;
    const mtable *table; /* may be NULL */
    arena *arena;
    found best[ROWS_MAX + 1];
    uint32_t count, limit;
    bool leaves_out;
    bool goes_down; /* by ids alone, from the last to the first */
    int64_t passed;
} gather;

static bool is_narrow(const query *q)
{
    return q->terms.n || q->only_deleted || q->with_deleted;
}

/* The id alone of a row with words or in the bin would tell that it is there. */
bool memory_gathers(const engine_op *op)
{
    const query *q = op->query;
    return op->on_gathered && (is_narrow(q) || !query_is_by_id_alone(q)) && q->limit <= ROWS_MAX;
}

void memory_gather_begin(engine_op *op)
{
    op->is_partial = true;
    op->on_gathered(op->arg, &(list_gathering){.percent = 0}, 0);
}

/* Behind the cursor and not behind the end of the page. */
static bool is_of_page(const query *q, const mrow *row)
{
    const cursor *bound = &q->gathered->bound;
    return (!q->after.is_set || memory_compare_to(q, row, q->after.at, q->after.id) > 0) &&
           (!bound->is_set || memory_compare_to(q, row, bound->at, bound->id) <= 0);
}

static void add(gather *g, const mrow *row)
{
    const query *q = g->op->query;
    found f = {.row = row};
    uint32_t at = 0;
    if (!is_of_page(q, row) || !memory_matches(g->r, q, row, &f.bits)) {
        return;
    }
    while (at < g->count && memory_compare_rows(q, row, g->best[at].row) > 0) {
        at++;
    }
    memmove(&g->best[at + 1], &g->best[at], (g->count - at) * sizeof f);
    g->best[at] = f;
    g->leaves_out = g->leaves_out || g->count == g->limit;
    g->count += g->count < g->limit;
}

static void take_back(gather *g)
{
    const list_gathering *from = g->op->query->gathered;
    for (uint32_t i = 0; i < from->count; i++) {
        const mrow *row = g->table ? table_find(g->table, from->ids[i]) : NULL;
        if (row) {
            add(g, row);
        }
    }
}

static int percent_of(const gather *g)
{
    uint32_t count = g->table ? g->table->count : 0;
    int64_t last = count ? g->table->rows[count - 1]->id : 0;
    if (g->passed >= last) {
        return g->goes_down ? 0 : 99;
    }
    return (int)(99 * (g->goes_down ? last - g->passed : g->passed) / last);
}

static cursor bound_of(const gather *g)
{
    const query *q = g->op->query;
    cursor to = q->gathered->bound;
    if (g->leaves_out) {
        const mrow *last = g->best[g->count - 1].row;
        to = (cursor){.id = last->id, .is_set = true};
        for (uint32_t i = 0; i < q->sort_count; i++) {
            to.at[i] = memory_sort_value(g->arena, q->sorts[i].field, last);
        }
    }
    return to;
}

static void tell(const gather *g, bool is_over)
{
    int64_t ids[ROWS_MAX];
    for (uint32_t i = 0; i < g->count; i++) {
        ids[i] = g->best[i].row->id;
    }
    list_gathering at = {.passed = g->passed,
                         .ids = ids,
                         .count = g->count,
                         .bound = bound_of(g),
                         .is_over = is_over};
    g->op->is_partial = true;
    g->op->on_gathered(g->op->arg, &at, percent_of(g));
}

static bool is_passed(const gather *g, int64_t id)
{
    return g->passed && (g->goes_down ? id >= g->passed : id <= g->passed);
}

static bool is_full(const gather *g)
{
    return query_is_by_id_alone(g->op->query) && g->count == g->limit;
}

/* By ids alone nothing can come before what was found: it need not be kept. */
static bool give_found(gather *g)
{
    bool wants_more = true;
    for (uint32_t i = 0; wants_more && i < g->count; i++) {
        wants_more = memory_give(g->op, g->op->query->entity, g->best[i].row, g->best[i].bits);
    }
    g->count = 0;
    return wants_more;
}

static void stop(gather *g)
{
    if (!query_is_by_id_alone(g->op->query) || give_found(g)) {
        tell(g, false);
    }
}

/* False: it has stopped. */
static bool pass(gather *g)
{
    const engine_op *op = g->op;
    uint32_t judged = 0, rows = g->r->session->engine->part_rows;
    uint32_t count = g->table ? g->table->count : 0;
    int64_t end = clock_mono() + op->stop_after_us * 1000;
    for (uint32_t i = 0; i < count && !is_full(g); i++) {
        const mrow *row = g->table->rows[g->goes_down ? count - 1 - i : i];
        bool is_late = judged && ((rows && judged >= rows) || clock_mono() > end);
        if (is_passed(g, row->id)) {
            continue;
        }
        if (memory_is_over(g->r)) {
            g->op->status = CRM_TIMEOUT;
            return false;
        }
        if (is_late && op->stop_after_us && memory_gathers(op)) {
            stop(g);
            return false;
        }
        add(g, row);
        g->passed = row->id;
        judged++;
    }
    return true;
}

static int64_t begins_at(const query *q)
{
    bool is_behind = query_is_by_id_alone(q) && q->after.is_set && !q->gathered->passed;
    return is_behind ? q->after.id : q->gathered->passed;
}

void memory_gather(const mrun *r, engine_op *op)
{
    const query *q = op->query;
    uint32_t limit = q->limit && q->limit < ROWS_MAX ? q->limit : ROWS_MAX;
    gather g = {.r = r,
                .op = op,
                .table = snapshot_table(r->snapshot, q->entity->id),
                .arena = arena_new(0),
                .limit = limit,
                .goes_down = query_is_by_id_alone(q) && q->sort_count && q->sorts[0].descending,
                .passed = begins_at(q)};
    bool wants_more = true;
    if (!g.arena) {
        op->status = CRM_NOMEM;
        return;
    }
    take_back(&g);
    if (pass(&g)) {
        for (uint32_t i = 0; wants_more && i < g.count; i++) {
            wants_more = memory_give(op, q->entity, g.best[i].row, g.best[i].bits);
        }
        if (wants_more && g.count < limit && q->gathered->bound.is_set && op->on_gathered) {
            tell(&g, true);
        }
    }
    arena_free(g.arena);
}

void memory_gather_tried(const mrun *r, engine_op *op)
{
    mrun own = *r;
    found *all = NULL;
    uint32_t count = 0;
    int64_t end = clock_mono() + op->stop_after_us * 1000;
    if (!own.deadline || end < own.deadline) {
        own.deadline = end;
    }
    op->status = CRM_TIMEOUT;
    if (!r->session->engine->part_rows) {
        op->status = memory_list_rows(&own, op->query, &all, &count);
    }
    if (op->status == CRM_OK) {
        memory_list_give(r, op, all, count);
    } else if (op->status == CRM_TIMEOUT && !memory_is_over(r)) {
        op->status = CRM_OK;
        memory_gather_begin(op);
    }
    free(all);
}
