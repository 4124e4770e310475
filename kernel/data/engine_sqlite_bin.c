/*
 * engine_sqlite_bin.c - words in the recycle bin.
 *
 * The words of a record leave full text when it is deleted: nothing that is searched day by day
 * carries what nobody should find. The bin is emptied by time, so its rows can be looked through,
 * with the terms of each made anew.
 */
#include "data/engine_sqlite_plan.h"

/* karkas_has(terms of a query, terms of a text, …) */
static void has_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    crm_str terms = {0}, texts[FIELDS_MAX];
    for (int i = 0; i < n; i++) {
        const char *p = (const char *)sqlite3_value_text(v[i]);
        crm_str one = p ? (crm_str){p, (size_t)sqlite3_value_bytes(v[i])} : (crm_str){0};
        *(i ? &texts[i - 1] : &terms) = one; /* a field each, so there is room for all */
    }
    sqlite3_result_int(c, n > 0 && engine_has_words(texts, (uint32_t)n - 1, terms));
}

crm_status words_register(sqlite3 *db)
{
    int rc = sqlite3_create_function_v2(db, "karkas_has", -1,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                        NULL, has_function, NULL, NULL, NULL);
    return status_of(db, rc, "function");
}

void bin_words(sql *q, const query *in, const uint64_t *shown)
{
    const entity *e = in->entity;
    sql_z(q, "karkas_has(");
    sql_value(q, value_text(in->terms));
    for (uint32_t i = 0; i < e->search_count; i++) {
        const field *f = &e->fields[e->search_fields[i]];
        if (layout_column(q->layout, f->id) && (!shown || bits_has(shown, f->index))) {
            sql_z(q, f->type == FIELD_PHONE ? ",karkas_phones(" : ",karkas_terms(");
            sql_column(q, 0, f);
            sql_z(q, ")");
        }
    }
    sql_z(q, ")");
}
