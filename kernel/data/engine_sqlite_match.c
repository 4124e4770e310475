/* engine_sqlite_match.c - the words of a search as an FTS5 expression. */
#include "data/engine_sqlite.h"

static void add_token(buf *out, crm_str token, bool is_prefix)
{
    buf_char(out, '"');
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] != '"' && token.p[i] != 0) {
            buf_char(out, token.p[i]);
        }
    }
    buf_z(out, is_prefix ? "\"*" : "\"");
}

static bool add_match_columns(buf *out, const layout *l, const entity *e, const uint64_t shown[4])
{
    bool is_any = false;
    const layout_table *t = &l->tables[e->id];
    for (uint32_t i = 0; i < e->search_count; i++) {
        const field *f = &e->fields[e->search_fields[i]];
        bool is_there = false;
        for (uint32_t k = 0; k < t->search_count; k++) {
            is_there = is_there || t->search[k] == f->id;
        }
        if (is_there && (!shown || bits_has(shown, f->index))) {
            buf_fmt(out, is_any ? " s%u" : "{s%u", f->id);
            is_any = true;
        }
    }
    return is_any;
}

static crm_str match_text(sql *q, const entity *e, crm_str terms, const uint64_t shown[4])
{
    buf out;
    crm_str rest = terms, word, stem, text = {0};
    bool is_last = false;
    buf_init(&out, 0);
    if (e->id < q->layout->table_end && add_match_columns(&out, q->layout, e, shown)) {
        buf_z(&out, "} : (");
        for (uint32_t n = 0; engine_next_word(&rest, &word, &stem, &is_last); n++) {
            buf_z(&out, n ? " AND (" : "(");
            add_token(&out, word, is_last);
            if (stem.n) {
                buf_z(&out, " OR ");
                add_token(&out, stem, false);
            }
            buf_z(&out, ")");
        }
        buf_z(&out, ")");
        text = arena_dup(q->arena, buf_view(&out));
    }
    buf_free(&out);
    return text;
}

void sql_match(sql *q, const entity *e, uint32_t alias, crm_str terms, const uint64_t shown[4])
{
    crm_str text = match_text(q, e, terms, shown);
    if (!text.n) {
        sql_z(q, SQL_NEVER);
        return;
    }
    sql_column(q, alias, &e->fields[COL_ID]);
    sql_z(q, " IN (SELECT rowid FROM ");
    sql_name(q, 'f', e->id);
    sql_z(q, " WHERE ");
    sql_name(q, 'f', e->id);
    sql_z(q, " MATCH ");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = text});
    sql_z(q, ")");
}
