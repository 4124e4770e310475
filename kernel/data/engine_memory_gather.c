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
    int64_t passed;
} gather;

bool memory_gathers(const engine_op *op)
{
    return op->on_gathered && !query_is_by_id_alone(op->query) && op->query->limit <= ROWS_MAX;
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
    return g->passed < last ? (int)(99 * g->passed / last) : 99;
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

/* False: it has stopped. */
static bool pass(gather *g)
{
    const engine_op *op = g->op;
    uint32_t judged = 0, rows = g->r->session->engine->part_rows;
    int64_t end = clock_mono() + op->stop_after_us * 1000;
    for (uint32_t i = 0; g->table && i < g->table->count; i++) {
        const mrow *row = g->table->rows[i];
        bool is_late = judged && ((rows && judged >= rows) || clock_mono() > end);
        if (row->id <= g->passed) {
            continue;
        }
        if (memory_is_over(g->r)) {
            g->op->status = CRM_TIMEOUT;
            return false;
        }
        if (is_late && op->stop_after_us && memory_gathers(op)) {
            tell(g, false);
            return false;
        }
        add(g, row);
        g->passed = row->id;
        judged++;
    }
    return true;
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
                .passed = q->gathered->passed};
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
