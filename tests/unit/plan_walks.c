/* plan_walks.c - see plan_walks.h. */
#include "plan_walks.h"

#include "data/engine_sqlite.h"

static bool is_called(const entity *e, const entity_index *x, crm_str name)
{
    buf own;
    buf_init(&own, 0);
    index_name(&own, e, x);
    bool is_it = str_eq(buf_view(&own), name);
    buf_free(&own);
    return is_it;
}

static void tell_fields(const entity *e, const entity_index *x, buf *out)
{
    for (uint32_t i = 0; i < x->count; i++) {
        buf_z(out, i ? "," : "");
        buf_str(out, e->fields[x->field[i]].name);
    }
    for (uint32_t i = 0; i < x->empty_count; i++) {
        buf_z(out, "/");
        buf_str(out, e->fields[x->empty[i]].name);
    }
}

void plan_index(const registry *r, crm_str name, buf *out)
{
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        for (uint32_t k = 0; k < e->index_count; k++) {
            if (is_called(e, &e->indexes[k], name)) {
                tell_fields(e, &e->indexes[k], out);
                return;
            }
        }
    }
    buf_str(out, name);
}

/* t0 is the rows' own table; of others only what would be read whole is told. */
static void tell_line(const registry *r, const char *line, buf *out)
{
    bool is_own = strstr(line, " t0") != NULL, is_scan = strncmp(line, "SCAN ", 5) == 0;
    bool is_sort = strstr(line, "TEMP B-TREE") != NULL;
    const char *index = strstr(line, " INDEX ");
    if (!is_sort && !is_scan && !(is_own && strncmp(line, "SEARCH ", 7) == 0)) {
        return;
    }
    buf_z(out, out->n ? "; " : "");
    if (is_sort || !index) {
        buf_z(out, line);
        return;
    }
    index += strlen(" INDEX ");
    buf_z(out, is_scan ? "all of " : "");
    buf_z(out, is_own ? "" : "another's ");
    plan_index(r, (crm_str){index, strcspn(index, " ")}, out);
}

void plan_walks(engine_session *reader, const registry *r, const query *q, engine_op_kind kind,
                char out[WALKS_MAX])
{
    buf plan, told;
    char *rest = NULL;
    buf_init(&plan, 0);
    buf_init(&told, 0);
    assert_ok(engine_sqlite_explain(reader, q, kind, &plan));
    buf_char(&plan, 0);
    for (char *line = strtok_r(plan.p, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        tell_line(r, line, &told);
    }
    assert_true(told.n < WALKS_MAX);
    snprintf(out, WALKS_MAX, "%.*s", (int)told.n, told.n ? told.p : "");
    buf_free(&plan);
    buf_free(&told);
}
