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
    return field_is_keyed(f) && !engine_is_many(f);
}

static void add_column(buf *out, const field *f, char before)
{
    buf_char(out, before);
    buf_char(out, is_keyed(f) ? 'k' : 'c');
    buf_int(out, f->id);
}

void index_name(buf *out, const entity *e, const entity_index *i)
{
    buf_char(out, i->is_unique ? 'u' : i->is_sparse ? 's' : 'l');
    buf_int(out, e->id);
    for (uint32_t k = 0; k < i->count; k++) {
        add_column(out, &e->fields[i->field[k]], '_');
    }
    for (uint32_t k = 0; k < i->empty_count; k++) {
        buf_z(out, "_n");
        buf_int(out, e->fields[i->empty[k]].id);
    }
}

crm_str index_name_of(schema_step *x, const entity *e, const entity_index *i)
{
    buf out;
    buf_init(&out, 0);
    index_name(&out, e, i);
    crm_str name = arena_dup(x->arena, buf_view(&out));
    buf_free(&out);
    return name;
}

/* "k7,c9": the columns are what lists sort and compare by. */
crm_str index_columns(schema_step *x, const entity *e, const entity_index *i)
{
    buf out;
    buf_init(&out, 0);
    for (uint32_t k = 0; k < i->count; k++) {
        add_column(&out, &e->fields[i->field[k]], k ? ',' : ' ');
    }
    crm_str columns = arena_dup(x->arena, buf_view(&out));
    buf_free(&out);
    return columns;
}

/* Which rows are in it: "c6 IS NULL AND c9 IS NULL". An index of the recycle bin holds what others
 * leave out. */
crm_str index_conditions(schema_step *x, const entity *e, const entity_index *i)
{
    buf out;
    buf_init(&out, 0);
    bool is_bin = i->is_sparse && i->field[0] == COL_DELETED_AT;
    if (!is_bin) {
        buf_fmt(&out, "c%u IS NULL", e->fields[COL_DELETED_AT].id);
    }
    if (i->is_sparse) {
        buf_fmt(&out, "%sc%u IS NOT NULL", is_bin ? "" : " AND ", e->fields[i->field[0]].id);
    }
    for (uint32_t k = 0; k < i->empty_count; k++) {
        buf_fmt(&out, " AND c%u IS NULL", e->fields[i->empty[k]].id);
    }
    crm_str conditions = arena_dup(x->arena, buf_view(&out));
    buf_free(&out);
    return conditions;
}

bool index_has_many(const entity *e, const entity_index *i)
{
    for (uint32_t k = 0; k < i->count; k++) {
        if (engine_is_many(&e->fields[i->field[k]])) {
            return true;
        }
    }
    return false;
}

void index_tell_duplicates(schema_step *x, const entity *e, const entity_index *i)
{
    schema_fault(x, e->fields[i->field[0]].source, "duplicates", subject_of(x, e, i));
}

static void add_side_unique(schema_step *x, const entity *e, const entity_index *i)
{
    const field *f = &e->fields[i->field[0]];
    crm_status st =
        schema_run(x, "CREATE UNIQUE INDEX IF NOT EXISTS mu%u ON m%u(v) WHERE d=0", f->id, f->id);
    if (st == CRM_CONFLICT) {
        index_tell_duplicates(x, e, i);
    }
    (void)!schema_run(x, "UPDATE meta_field SET flags=flags|%d WHERE id=%u", COLUMN_SIDE_UNIQUE,
                      f->id);
}

static void add_index(schema_step *x, const entity *e, const entity_index *i)
{
    crm_str name = index_name_of(x, e, i), columns = index_columns(x, e, i);
    crm_str where = index_conditions(x, e, i);
    if (x->has_faults && ahead_filled(x, name) == AHEAD_REFUSED) {
        return; /* it was told; making it would only find the same, of all rows */
    }
    crm_status st = schema_run(x, "CREATE %s INDEX IF NOT EXISTS %.*s ON e%u(%.*s) WHERE %.*s",
                               i->is_unique ? "UNIQUE" : "", STR_FMT(name), e->id, STR_FMT(columns),
                               STR_FMT(where));
    if (st == CRM_CONFLICT) {
        index_tell_duplicates(x, e, i);
    }
}

/* ---- what is no longer declared -------------------------------------------------------------- */

static bool is_declared(schema_step *x, const entity *e, crm_str name)
{
    for (uint32_t k = 0; k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (!index_has_many(e, i) && str_eq(name, index_name_of(x, e, i))) {
            return true;
        }
    }
    return false;
}

/*
 * A unique index refuses rows, so it ends at once: as x5_c7 it is a plain one. Those only cost:
 * they go when no call of an older registry is left, whose statements may name them, and the writer
 * has nothing to do (engine_sqlite_forget.c), or when the file is opened.
 */
static bool may_drop(const schema_step *x, crm_str name)
{
    bool is_alone = x->is_alone || schema_is_opening(x);
    return name.n && (name.p[0] == 'u' || (is_alone && strchr("lsx", name.p[0])));
}

crm_str schema_next_stale(schema_step *x, const entity *e, crm_str after)
{
    char text[256];
    sqlite3_stmt *stmt = NULL;
    crm_str found = {0};
    snprintf(text, sizeof text,
             "SELECT name FROM sqlite_master WHERE type='index' AND tbl_name='e%u'"
             " AND name>'%.*s' ORDER BY name",
             e->id, STR_FMT(after));
    if (sqlite3_prepare_v2(x->s->db, text, -1, &stmt, NULL) == SQLITE_OK) {
        while (!found.n && sqlite3_step(stmt) == SQLITE_ROW) {
            crm_str name = str_of((const char *)sqlite3_column_text(stmt, 0));
            if (may_drop(x, name) && !is_declared(x, e, name)) {
                found = arena_dup(x->arena, name);
            }
        }
    }
    sqlite3_finalize(stmt);
    return found;
}

/* "_c7" or "_k7" or "_n7" between the parts of an index's name. */
static bool names_column(crm_str name, uint32_t field_id)
{
    crm_str part;
    int64_t id;
    (void)!str_split(&name, '_', &part);
    while (str_split(&name, '_', &part)) {
        crm_str digits = {part.p + 1, part.n ? part.n - 1 : 0};
        if (digits.n && str_to_i64(digits, &id) == CRM_OK && id == field_id) {
            return true;
        }
    }
    return false;
}

static crm_str next_of_column(schema_step *x, const entity *e, uint32_t field_id, char room[128])
{
    sqlite3_stmt *stmt = NULL;
    crm_str found = {0};
    snprintf(room, 128, "SELECT name FROM sqlite_master WHERE type='index' AND tbl_name='e%u'",
             e->id);
    if (sqlite3_prepare_v2(x->s->db, room, -1, &stmt, NULL) == SQLITE_OK) {
        while (!found.n && sqlite3_step(stmt) == SQLITE_ROW) {
            crm_str name = str_of((const char *)sqlite3_column_text(stmt, 0));
            if (name.n && name.n < 128 && names_column(name, field_id)) {
                memcpy(room, name.p, name.n);
                found = (crm_str){room, name.n};
            }
        }
    }
    sqlite3_finalize(stmt);
    return found;
}

void schema_drop_indexes_of(schema_step *x, const entity *e, uint32_t field_id)
{
    char room[128];
    crm_str name;
    while (x->status == CRM_OK && (name = next_of_column(x, e, field_id, room)).n) {
        (void)!schema_run(x, "DROP INDEX %.*s", STR_FMT(name));
    }
}

const entity_index *index_of_side(const entity *e, const field *f)
{
    for (uint32_t k = 0; k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (i->is_unique && i->count == 1 && i->field[0] == f->index) {
            return i;
        }
    }
    return NULL;
}

/* Dropping one of a million rows overwrites its pages, while nobody writes. False: it is to be. */
static bool make_plain(schema_step *x, crm_str name)
{
    crm_str to = arena_fmt(x->arena, "x%.*s", (int)name.n - 1, name.p + 1);
    bool is_free = !schema_int(x, 0, "SELECT 1 FROM sqlite_master WHERE name='%.*s'", STR_FMT(to));
    if (name.p[0] != 'u' || schema_is_opening(x) || !is_free || x->status != CRM_OK) {
        return false;
    }
    schema_edit_begin(x);
    (void)!schema_run(x,
                      "UPDATE sqlite_master SET name='%.*s',sql=replace(replace(sql,"
                      "'CREATE UNIQUE INDEX ','CREATE INDEX '),' %.*s ',' %.*s ')"
                      " WHERE type='index' AND name='%.*s'",
                      STR_FMT(to), STR_FMT(name), STR_FMT(to), STR_FMT(name));
    schema_edit_end(x);
    return true;
}

static void drop_stale(schema_step *x, const entity *e)
{
    const crm_str first = {"", 0};
    crm_str name;
    while (x->status == CRM_OK && (name = schema_next_stale(x, e, first)).n) {
        if (make_plain(x, name)) {
            continue;
        }
        (void)!schema_run(x, "DROP INDEX %.*s", STR_FMT(name));
        log_event(LOG_INFO, "schema.index_dropped", "entity=%.*s index=%.*s", STR_FMT(e->name),
                  STR_FMT(name));
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (!engine_is_many(f) || index_of_side(e, f)) {
            continue;
        }
        (void)!schema_run(x, "DROP INDEX IF EXISTS mu%u", f->id);
        (void)!schema_run(x, "UPDATE meta_field SET flags=flags&~%d WHERE id=%u AND flags&%d",
                          COLUMN_SIDE_UNIQUE, f->id, COLUMN_SIDE_UNIQUE);
    }
}

void schema_indexes(schema_step *x, const entity *e)
{
    drop_stale(x, e);
    indexing_take(x, e);
    for (uint32_t k = 0; x->status == CRM_OK && k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (!index_has_many(e, i)) {
            add_index(x, e, i);
        } else if (i->count > 1) {
            schema_fault(x, e->source, "bad_index", subject_of(x, e, i));
        } else if (i->is_unique) {
            add_side_unique(x, e, i);
        }
    }
}
