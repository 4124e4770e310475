/* engine_sqlite_indexes.c - the schema step for indexes and full text. */
#include "data/engine_sqlite_schema.h"

/* ---- indexes --------------------------------------------------------------------------------- */

static crm_str subject_of(schema_step *x, const entity *e, const entity_index *i)
{
    const field *f = &e->fields[i->field[0]];
    return arena_fmt(x->arena, "%.*s.%.*s", STR_FMT(e->name), STR_FMT(f->name));
}

static bool is_keyed(const field *f)
{
    return field_is_folded(f) && !engine_is_many(f);
}

/* "k7,c9" with the separator between; the columns are what lists sort and compare by. */
static crm_str columns_of(schema_step *x, const entity *e, const entity_index *i, char separator)
{
    crm_str out = {"", 0};
    for (uint32_t k = 0; k < i->count; k++) {
        const field *f = &e->fields[i->field[k]];
        out = k ? arena_fmt(x->arena, "%.*s%c%c%u", STR_FMT(out), separator,
                            is_keyed(f) ? 'k' : 'c', f->id)
                : arena_fmt(x->arena, "%c%u", is_keyed(f) ? 'k' : 'c', f->id);
    }
    return out;
}

static bool has_many(const entity *e, const entity_index *i)
{
    for (uint32_t k = 0; k < i->count; k++) {
        if (engine_is_many(&e->fields[i->field[k]])) {
            return true;
        }
    }
    return false;
}

static void add_side_unique(schema_step *x, const entity *e, const entity_index *i)
{
    const field *f = &e->fields[i->field[0]];
    crm_status st =
        schema_run(x, "CREATE UNIQUE INDEX IF NOT EXISTS mu%u ON m%u(v) WHERE d=0", f->id, f->id);
    if (st == CRM_CONFLICT) {
        schema_fault(x, f->source, "duplicates", subject_of(x, e, i));
    }
    (void)!schema_run(x, "UPDATE meta_field SET flags=flags|%d WHERE id=%u", COLUMN_SIDE_UNIQUE,
                      f->id);
}

static void add_index(schema_step *x, const entity *e, const entity_index *i)
{
    crm_str name = columns_of(x, e, i, '_'), columns = columns_of(x, e, i, ',');
    if (!i->is_unique) {
        crm_str where = {"", 0};
        if (i->is_sparse) {
            where = arena_fmt(x->arena, " WHERE c%u IS NOT NULL", e->fields[i->field[0]].id);
        }
        (void)!schema_run(x, "CREATE INDEX IF NOT EXISTS x%u_%.*s ON e%u(%.*s)%.*s", e->id,
                          STR_FMT(name), e->id, STR_FMT(columns), STR_FMT(where));
        return;
    }
    crm_status st =
        schema_run(x, "CREATE UNIQUE INDEX IF NOT EXISTS u%u_%.*s ON e%u(%.*s) WHERE c%u IS NULL",
                   e->id, STR_FMT(name), e->id, STR_FMT(columns), e->fields[COL_DELETED_AT].id);
    if (st == CRM_CONFLICT) {
        schema_fault(x, e->fields[i->field[0]].source, "duplicates", subject_of(x, e, i));
    }
}

/* ---- what is no longer unique ---------------------------------------------------------------- */

static bool is_declared_unique(schema_step *x, const entity *e, crm_str name)
{
    for (uint32_t k = 0; k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (!i->is_unique || has_many(e, i)) {
            continue;
        }
        crm_str own = columns_of(x, e, i, '_');
        if (str_eq(name, arena_fmt(x->arena, "u%u_%.*s", e->id, STR_FMT(own)))) {
            return true;
        }
    }
    return false;
}

static crm_str next_stale(schema_step *x, const entity *e)
{
    char text[128];
    sqlite3_stmt *stmt = NULL;
    crm_str found = {0};
    snprintf(text, sizeof text,
             "SELECT name FROM sqlite_master WHERE type='index' AND tbl_name='e%u'", e->id);
    if (sqlite3_prepare_v2(x->s->db, text, -1, &stmt, NULL) == SQLITE_OK) {
        while (!found.n && sqlite3_step(stmt) == SQLITE_ROW) {
            crm_str name = str_of((const char *)sqlite3_column_text(stmt, 0));
            if (str_starts(name, CRM_S("u")) && !is_declared_unique(x, e, name)) {
                found = arena_dup(x->arena, name);
            }
        }
    }
    sqlite3_finalize(stmt);
    return found;
}

static bool is_side_unique(const entity *e, const field *f)
{
    for (uint32_t k = 0; k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (i->is_unique && i->count == 1 && i->field[0] == f->index) {
            return true;
        }
    }
    return false;
}

static void drop_stale(schema_step *x, const entity *e)
{
    for (crm_str name; x->status == CRM_OK && (name = next_stale(x, e)).n;) {
        (void)!schema_run(x, "DROP INDEX %.*s", STR_FMT(name));
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (!engine_is_many(f) || is_side_unique(e, f)) {
            continue;
        }
        (void)!schema_run(x, "DROP INDEX IF EXISTS mu%u", f->id);
        (void)!schema_run(x, "UPDATE meta_field SET flags=flags&~%d WHERE id=%u AND flags&%d",
                          COLUMN_SIDE_UNIQUE, f->id, COLUMN_SIDE_UNIQUE);
    }
}

static bool begins_with(const entity *e, uint16_t field_index)
{
    for (uint32_t k = 0; k < e->index_count; k++) {
        if (e->indexes[k].field[0] == field_index && !e->indexes[k].is_unique) {
            return true;
        }
    }
    return false;
}

void schema_indexes(schema_step *x, const entity *e)
{
    drop_stale(x, e);
    for (uint32_t k = 0; x->status == CRM_OK && k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (!has_many(e, i)) {
            add_index(x, e, i);
        } else if (i->count > 1) {
            schema_fault(x, e->source, "bad_index", subject_of(x, e, i));
        } else if (i->is_unique) {
            add_side_unique(x, e, i);
        }
    }
    /* Every list may be sorted by when its records came. */
    if (!(e->flags & ENTITY_SYSTEM) && !begins_with(e, COL_CREATED_AT)) {
        add_index(x, e, &(entity_index){.field = {COL_CREATED_AT}, .count = 1});
    }
}

/* ---- full text ------------------------------------------------------------------------------- */

/* The ids of the search fields: "5,7", or as columns: "s5,s7,". */
static crm_str search_list(schema_step *x, const entity *e, const char *before, const char *after)
{
    buf out;
    buf_init(&out, 0);
    for (uint32_t i = 0; i < e->search_count; i++) {
        buf_z(&out, before);
        buf_int(&out, e->fields[e->search_fields[i]].id);
        buf_z(&out, after);
    }
    crm_str list = out.n ? arena_dup(x->arena, buf_view(&out)) : (crm_str){"", 0};
    buf_free(&out);
    return list;
}

static crm_str terms_list(schema_step *x, const entity *e)
{
    buf out;
    buf_init(&out, 0);
    for (uint32_t i = 0; i < e->search_count; i++) {
        const field *f = &e->fields[e->search_fields[i]];
        buf_fmt(&out, "%s(e.c%u),", f->type == FIELD_PHONE ? "karkas_phones" : "karkas_terms",
                (unsigned)f->id);
    }
    crm_str list = out.n ? arena_dup(x->arena, buf_view(&out)) : (crm_str){"", 0};
    buf_free(&out);
    return list;
}

/*
 * Tokens come ready from text_terms, so the tokenizer only splits at spaces. Words are asked for
 * alone, never as phrases, and ranks are not used: columns suffice.
 */
static void create_search(schema_step *x, const entity *e)
{
    crm_str columns = search_list(x, e, "s", ",");
    (void)!schema_run(x,
                      "CREATE VIRTUAL TABLE f%u USING fts5(%.*saccess, detail=column,"
                      " columnsize=0, prefix='2 3', tokenize=\"ascii tokenchars '=-_.+@'\")",
                      e->id, STR_FMT(columns));
    (void)!schema_run(x, "INSERT INTO f%u(f%u, rank) VALUES('automerge', 16)", e->id, e->id);
}

static void fill_search(schema_step *x, const entity *e, bool had)
{
    crm_str columns = search_list(x, e, "s", ","), terms = terms_list(x, e);
    unsigned id = e->fields[COL_ID].id;
    if (had) {
        (void)!schema_run(x,
                          "INSERT INTO f%u(rowid,%.*saccess) SELECT e.c%u,%.*so.access"
                          " FROM e%u e LEFT JOIN temp.old_access o ON o.id=e.c%u",
                          e->id, STR_FMT(columns), id, STR_FMT(terms), e->id, id);
    } else {
        (void)!schema_run(x, "INSERT INTO f%u(rowid,%.*saccess) SELECT e.c%u,%.*sNULL FROM e%u e",
                          e->id, STR_FMT(columns), id, STR_FMT(terms), e->id);
    }
}

static crm_str stored_search(schema_step *x, const entity *e)
{
    crm_str out = {"", 0};
    sqlite3_stmt *stmt = NULL;
    int rc =
        sqlite3_prepare_v2(x->s->db, "SELECT search FROM meta_entity WHERE id=?", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(stmt, 1, e->id);
        if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_bytes(stmt, 0)) {
            out = arena_dup(x->arena, str_of((const char *)sqlite3_column_text(stmt, 0)));
        }
    }
    sqlite3_finalize(stmt);
    return out;
}

/* Full text is derived: when the search fields change it is made anew, keeping the access terms. */
void schema_search(schema_step *x, const entity *e)
{
    crm_str was = stored_search(x, e), now = search_list(x, e, ",", "");
    if (x->status != CRM_OK || str_eq(was, now)) {
        return;
    }
    if (was.n && now.n) {
        (void)!schema_run(x, "CREATE TEMP TABLE old_access AS SELECT rowid AS id, access FROM f%u",
                          e->id);
    }
    if (was.n) {
        (void)!schema_run(x, "DROP TABLE f%u", e->id);
    }
    if (now.n) {
        create_search(x, e);
        fill_search(x, e, was.n > 0);
    }
    if (was.n && now.n) {
        (void)!schema_run(x, "DROP TABLE temp.old_access");
    }
    (void)!schema_run(x, "UPDATE meta_entity SET search='%.*s' WHERE id=%u", STR_FMT(now), e->id);
}
