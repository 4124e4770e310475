/* engine_sqlite_fields.c - the schema step for fields: columns, sort keys, tables of elements. */
#include "data/engine_sqlite_schema.h"
#include "data/field_convert.h"

bool schema_is_indexed(const entity *e, const field *f)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        for (uint32_t k = 0; k < e->indexes[i].count; k++) {
            if (e->indexes[i].field[k] == f->index) {
                return true;
            }
        }
    }
    return false;
}

/* ---- the catalogue --------------------------------------------------------------------------- */

void schema_find_field(schema_step *x, const entity *e, crm_str name, stored_field *out)
{
    sql *q = &x->s->sql;
    crm_status st;
    sql_start(q, NULL, NULL);
    sql_z(q, "SELECT id, is_text, is_folded, flags, shape, filled FROM meta_field WHERE entity=");
    sql_int(q, e->id);
    sql_z(q, " AND name=");
    sql_value(q, value_text(name));
    sqlite3_stmt *stmt = statement_get(x->s, &st);
    if (!stmt) {
        x->status = st;
        return;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        *out = (stored_field){
            .id = sqlite3_column_int64(stmt, 0),
            .is_text = sqlite3_column_int(stmt, 1) != 0,
            .is_folded = sqlite3_column_int(stmt, 2) != 0,
            .flags = (uint8_t)sqlite3_column_int(stmt, 3),
            .filled = sqlite3_column_int64(stmt, 5),
        };
        crm_str shape = {(const char *)sqlite3_column_text(stmt, 4),
                         (size_t)sqlite3_column_bytes(stmt, 4)};
        out->shape = shape.p ? arena_dup(x->arena, shape) : shape;
    }
    sqlite3_reset(stmt);
}

void schema_rename_field(schema_step *x, int64_t id, crm_str name)
{
    sql_start(&x->s->sql, NULL, NULL);
    sql_z(&x->s->sql, "UPDATE meta_field SET name=");
    sql_value(&x->s->sql, value_text(name));
    sql_z(&x->s->sql, " WHERE id=");
    sql_int(&x->s->sql, id);
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
}

void schema_add_field(schema_step *x, const entity *e, const field *f, crm_str name,
                      stored_field *out)
{
    sql *q = &x->s->sql;
    sql_start(q, NULL, NULL);
    sql_z(q, "INSERT INTO meta_field(entity,name,is_text,is_folded,flags) VALUES(");
    sql_int(q, e->id);
    sql_z(q, ",");
    sql_value(q, value_text(name));
    sql_z(q, ",");
    sql_int(q, field_is_text(f));
    sql_z(q, ",");
    sql_int(q, field_is_folded(f));
    sql_z(q, ",1)");
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
    *out = (stored_field){
        .id = sqlite3_last_insert_rowid(x->s->db),
        .is_new = true,
        .is_text = field_is_text(f),
        .is_folded = field_is_folded(f),
        .flags = COLUMN_EXISTS,
    };
}

void schema_keep_shape(schema_step *x, const field *f, int64_t id)
{
    sql *q = &x->s->sql;
    sql_start(q, NULL, NULL);
    sql_z(q, "UPDATE meta_field SET shape=");
    sql_value(q, value_text(field_shape(x->arena, f)));
    sql_z(q, " WHERE id=");
    sql_int(q, id);
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
}

static void set_flags(schema_step *x, const field *f, unsigned flags)
{
    (void)!schema_run(x, "UPDATE meta_field SET flags=%u, is_folded=%d WHERE id=%u", flags,
                      field_is_folded(f), f->id);
}

/* Whether what is stored means the same by this declaration. */
static bool is_as_stored(schema_step *x, const field *f, const stored_field *at)
{
    field from;
    if (at->is_text != field_is_text(f)) {
        return false;
    }
    if (at->is_new || !at->shape.n) {
        return true;
    }
    return field_of_shape(x->arena, at->shape, &from) == CRM_OK && field_means_the_same(&from, f);
}

/* What a module says of its fields it answers for, as long as they are stored as they were. */
static void follow_shape(schema_step *x, const entity *e, const field *f, stored_field *at)
{
    if (at->shape.n && str_eq(at->shape, field_shape(x->arena, f))) {
        return;
    }
    if (!at->is_new && at->shape.n && (f->flags & FIELD_DEPLOYMENT)) {
        schema_retype(x, e, f, at);
    } else if (!is_as_stored(x, f, at)) {
        schema_fault(x, f->source, "type_mismatch",
                     arena_fmt(x->arena, "%.*s.%.*s", STR_FMT(e->name), STR_FMT(f->name)));
    } else {
        schema_keep_shape(x, f, at->id);
    }
}

/* A required field has its default in the rows that are there: SQLite keeps it beside the table. */
static bool fills_rows(const field *f)
{
    return (f->flags & FIELD_DEPLOYMENT) && (f->flags & FIELD_REQUIRED) && !value_is_null(f->def);
}

static void add_column(schema_step *x, const entity *e, const field *f)
{
    sql *q = &x->s->sql;
    char number[32];
    sql_start(q, NULL, NULL);
    sql_z(q, "ALTER TABLE ");
    sql_name(q, 'e', e->id);
    sql_z(q, " ADD COLUMN ");
    sql_name(q, 'c', f->id);
    sql_z(q, field_is_text(f) ? " TEXT" : " INTEGER");
    if (fills_rows(f) && f->def.kind == VALUE_TEXT) {
        /* A statement that makes a column takes no parameters. */
        char *quoted = sqlite3_mprintf(" DEFAULT %.*Q", (int)f->def.s.n, f->def.s.p);
        sql_z(q, quoted ? quoted : "");
        x->status = quoted ? x->status : CRM_NOMEM;
        sqlite3_free(quoted);
    } else if (fills_rows(f)) {
        snprintf(number, sizeof number, " DEFAULT %lld", (long long)f->def.i);
        sql_z(q, number);
    }
    crm_status st = x->status == CRM_OK ? statement_run(x->s) : x->status;
    x->status = st == CRM_OK ? x->status : st;
}

/* ---- columns made ahead of the step -----------------------------------------------------------
 */

/* "<field>>+<what it is>": of the same shape, with the same default in the rows that are there. */
static crm_str early_name(schema_step *x, const field *f)
{
    value def = fills_rows(f) ? f->def : value_text((crm_str){"", 0});
    crm_str text = def.kind == VALUE_TEXT ? def.s : arena_fmt(x->arena, "%lld", (long long)def.i);
    crm_str what =
        arena_fmt(x->arena, "%.*s %.*s", STR_FMT(field_shape(x->arena, f)), STR_FMT(text));
    return arena_fmt(x->arena, "%.*s>+%llx", STR_FMT(f->name), (unsigned long long)str_hash(what));
}

void schema_find_early(schema_step *x, const entity *e, const field *f, stored_field *out)
{
    crm_str name = early_name(x, f);
    schema_find_field(x, e, name, out);
    if (out->id || x->status != CRM_OK) {
        return;
    }
    field like = *f;
    schema_add_field(x, e, f, name, out);
    schema_keep_shape(x, f, out->id);
    like.id = (uint32_t)out->id;
    add_column(x, e, &like);
}

static void adopt_early(schema_step *x, const entity *e, const field *f, stored_field *at)
{
    schema_find_field(x, e, early_name(x, f), at);
    if (at->id) {
        schema_rename_field(x, at->id, f->name);
    }
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static stored_field make_field(schema_step *x, const entity *e, field *f)
{
    stored_field at = {0};
    schema_find_field(x, e, f->name, &at);
    if (!at.id && f->was.n) {
        schema_find_field(x, e, f->was, &at);
        if (at.id) {
            schema_rename_field(x, at.id, f->name);
            schema_rename_formers(x, e, f->was, f->name);
        }
    }
    if (!at.id && x->status == CRM_OK) {
        adopt_early(x, e, f, &at);
    }
    if (!at.id && x->status == CRM_OK) {
        schema_add_field(x, e, f, f->name, &at);
    }
    if (x->status == CRM_OK) {
        follow_shape(x, e, f, &at);
    }
    f->id = (uint32_t)at.id;
    if (f->flags & FIELD_DEPLOYMENT) {
        schema_formers(x, e, f);
    }
    return at;
}

/* ---- columns --------------------------------------------------------------------------------- */

static void create_table(schema_step *x, const entity *e)
{
    sql *q = &x->s->sql;
    sql_start(q, NULL, NULL);
    sql_z(q, "CREATE TABLE ");
    sql_name(q, 'e', e->id);
    sql_z(q, "(");
    for (uint32_t i = 0; i < e->field_count; i++) {
        sql_z(q, i ? "," : "");
        sql_name(q, 'c', e->fields[i].id);
        sql_z(q, i == COL_ID                    ? " INTEGER PRIMARY KEY AUTOINCREMENT"
                 : field_is_text(&e->fields[i]) ? " TEXT"
                                                : " INTEGER");
    }
    sql_z(q, ")");
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
}

void schema_key_column(schema_step *x, const entity *e, const field *f)
{
    if (!schema_int(x, 0, "SELECT 1 FROM pragma_table_info('e%u') WHERE name='k%u'", e->id,
                    f->id)) {
        (void)!schema_run(x, "ALTER TABLE e%u ADD COLUMN k%u BLOB", e->id, f->id);
    }
}

bool schema_has_keys_ahead(schema_step *x, const entity *e, const field *f)
{
    return noted_is_begun(x, e) &&
           schema_int(x, 0, "SELECT keyed FROM meta_field WHERE id=%u", f->id) == INT64_MAX;
}

/* A row without a value, or with a key made ahead, is not written. */
void schema_make_keys(schema_step *x, const entity *e, const field *f, crm_str ids)
{
    const char *key = sql_key_function(f);
    crm_str which =
        ids.n ? arena_fmt(x->arena, "c%u IN (%.*s) AND", e->fields[COL_ID].id, STR_FMT(ids))
              : (crm_str){"", 0};
    (void)!schema_run(x, "UPDATE e%u SET k%u=%sc%u) WHERE %.*s k%u IS NOT %sc%u)", e->id, f->id,
                      key, f->id, STR_FMT(which), f->id, key, f->id);
}

void schema_keys(schema_step *x, const entity *e, const field *f, stored_field was)
{
    bool can = field_is_keyed(f) && !engine_is_many(f);
    bool has = (was.flags & COLUMN_KEY) != 0;
    bool is_other = has && was.is_folded != field_is_folded(f); /* a phone became a text */
    if (!can && has) {
        set_flags(x, f, was.flags & ~COLUMN_KEY); /* the column stays, nobody reads it */
    }
    if (!can || (has && !is_other) || !(has || schema_is_indexed(e, f))) {
        return;
    }
    bool is_made = !has && schema_has_keys_ahead(x, e, f);
    int before = sqlite3_total_changes(x->s->db);
    schema_key_column(x, e, f);
    schema_make_keys(x, e, f, is_made ? noted_all(x, e) : (crm_str){0});
    if (!is_made && sqlite3_total_changes(x->s->db) != before) {
        indexing_drop(x, e); /* it was gathered from keys as they were, and these are not noted */
    }
    set_flags(x, f, was.flags | COLUMN_KEY);
}

/* The elements of one row into the side table. CONFLICT: another row has one that is unique. */
static crm_status fill_row(schema_step *x, const field *f, int64_t id, crm_str many,
                           bool is_deleted)
{
    crm_str element;
    crm_status st = CRM_OK;
    while (st == CRM_OK && str_split(&many, '\n', &element)) {
        sql *q = &x->s->sql;
        sql_start(q, NULL, NULL);
        sql_z(q, "INSERT INTO ");
        sql_name(q, 'm', f->id);
        sql_z(q, "(id,v,d) VALUES(");
        sql_int(q, id);
        sql_z(q, ",");
        sql_ordered_value(q, f, (value){.kind = VALUE_TEXT, .s = element});
        sql_z(q, ",");
        sql_int(q, is_deleted);
        sql_z(q, ") ON CONFLICT(id,v) DO NOTHING");
        st = statement_run(x->s);
        arena_reset(x->s->arena);
    }
    return st;
}

crm_status schema_fill_side(schema_step *x, const entity *e, const field *f, crm_str which)
{
    sqlite3_stmt *stmt = NULL;
    char text[320];
    snprintf(text, sizeof text,
             "SELECT c%u, c%u, c%u IS NOT NULL FROM e%u WHERE c%u IS NOT NULL%s%.*s",
             e->fields[COL_ID].id, f->id, e->fields[COL_DELETED_AT].id, e->id, f->id,
             which.n ? " AND " : "", STR_FMT(which));
    int rc = sqlite3_prepare_v2(x->s->db, text, -1, &stmt, NULL);
    crm_status st = x->status;
    while (rc == SQLITE_OK && st == CRM_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        crm_str many = {(const char *)sqlite3_column_text(stmt, 1),
                        (size_t)sqlite3_column_bytes(stmt, 1)};
        st = fill_row(x, f, sqlite3_column_int64(stmt, 0), many, sqlite3_column_int(stmt, 2) != 0);
    }
    int done = sqlite3_finalize(stmt);
    st = st == CRM_OK ? status_of(x->s->db, rc == SQLITE_OK ? done : rc, "fill") : st;
    x->status = x->status == CRM_OK && st != CRM_CONFLICT ? st : x->status;
    return st;
}

void schema_side(schema_step *x, const entity *e, const field *f, stored_field was)
{
    bool has = (was.flags & COLUMN_SIDE) != 0;
    bool is_key = e->match_field && f->index == e->match_field; /* full text has those */
    bool is_wanted = engine_is_many(f) && !is_key && (has || schema_is_indexed(e, f));
    bool is_stale = has && (!is_wanted || was.is_folded != field_is_folded(f));
    if (is_stale) {
        (void)!schema_run(x, "DROP TABLE m%u", f->id); /* derived from the column */
        was.flags &= (uint8_t) ~(COLUMN_SIDE | COLUMN_SIDE_UNIQUE);
        set_flags(x, f, was.flags);
    }
    if (!is_wanted || (has && !is_stale)) {
        return;
    }
    if (!sides_take(x, e, f)) {
        sides_create(x, f);
        if (!was.is_new) {
            (void)!schema_fill_side(x, e, f, (crm_str){"", 0});
        }
    }
    set_flags(x, f, was.flags | COLUMN_SIDE);
}

void schema_fields(schema_step *x, entity *e)
{
    bool exists = schema_int(x, 0, "SELECT 1 FROM sqlite_master WHERE name='e%u'", e->id) != 0;
    stored_field *at = ARENA_ARRAY(x->arena, stored_field, e->field_count);
    if (!at) {
        x->status = CRM_NOMEM;
        return;
    }
    for (uint32_t i = 0; x->status == CRM_OK && i < e->field_count; i++) {
        at[i] = make_field(x, e, (field *)&e->fields[i]);
    }
    if (!exists && x->status == CRM_OK) {
        create_table(x, e);
    }
    for (uint32_t i = 0; x->status == CRM_OK && i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (exists && at[i].is_new) {
            add_column(x, e, f);
            at[i].is_new = !fills_rows(f);
        }
        schema_keys(x, e, f, at[i]);
        schema_side(x, e, f, at[i]);
    }
}
