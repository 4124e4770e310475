/*
 * engine_sqlite_pass.c - where a list that is out of time has got to.
 *
 * A statement that goes along the list's order calls karkas_pass for every row it comes to. When it
 * is interrupted, all rows before the one it was at are done with: they were given, or are none of
 * the list. So the next request may go on behind them. That holds only while SQLite sorts nothing.
 */
#include "data/engine_sqlite_plan.h"

static void pass_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    list_pass *p = sqlite3_user_data(c);
    bool counts = sqlite3_value_int(v[1]) != 0;
    if (counts) {
        p->done = p->at ? p->at : p->done;
        p->at = sqlite3_value_int64(v[0]);
        p->looked++;
    }
    sqlite3_result_int(c, counts);
}

crm_status pass_register(sqlite_session *s)
{
    int rc = sqlite3_create_function_v2(s->db, "karkas_pass", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                        &s->pass, pass_function, NULL, NULL, NULL);
    return status_of(s->db, rc, "function");
}

void pass_start(sqlite_session *s)
{
    s->pass = (list_pass){.at = 0};
}

/* The id and the time of writing tell no more of a row than that there is one. */
static bool is_harmless(const query *in)
{
    for (uint32_t i = 0; i < in->sort_count; i++) {
        uint16_t at = in->sorts[i].field->index;
        if (at != COL_ID && at != COL_CREATED_AT && at != COL_UPDATED_AT) {
            return false;
        }
    }
    return true;
}

void pass_mark(sql *q, const query *in, const walk *w)
{
    if (!q->is_marked) {
        return;
    }
    sql_z(q, "karkas_pass(");
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, ",");
    if (is_harmless(in)) {
        sql_z(q, "1");
    } else if (w->branch) {
        sql_branch(q, in->entity, 0, w->branch);
    } else if (in->rights) {
        sql_branches(q, in->entity, 0, in->rights, in->need);
    } else {
        sql_z(q, "1");
    }
    sql_z(q, ") AND ");
}

bool pass_is_in_order(sqlite_session *s)
{
    sqlite3_stmt *stmt = NULL;
    crm_str text = buf_view(&s->sql.text);
    crm_str asked = arena_fmt(s->arena, "EXPLAIN QUERY PLAN %.*s", STR_FMT(text));
    bool is_in_order =
        asked.p && sqlite3_prepare_v2(s->db, asked.p, (int)asked.n, &stmt, NULL) == SQLITE_OK;
    while (is_in_order && sqlite3_step(stmt) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(stmt, 3);
        is_in_order = line && !strstr(line, "ORDER BY");
    }
    sqlite3_finalize(stmt);
    return is_in_order;
}
