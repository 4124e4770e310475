/*
 * engine_sqlite_retype.c - a field whose values get another shape.
 *
 * What stays as it is stored is only looked at, ahead of the step as well. What is stored another
 * way gets a column of its own, the shadow, whose row of the catalogue is named "<field>>": the
 * schema step fills it, then it takes the field's name, and the old column keeps its values as
 * "<field>~<id>". Filling may begin ahead of the step, in slices between which others write; what
 * they write is noted (engine_sqlite_noted.c), so the step has those rows only. Of a column that
 * was not filled to its end it goes over every row and writes those that differ. Whatever was
 * filled ahead of a step that never came is used by the next one of the same shape.
 */
#include "data/engine_sqlite_schema.h"
#include "data/field_convert.h"

#define FORMERS_MAX 32 /* whose history is still told */
#define AHEAD_ROWS  64 /* between two looks at the clock */

typedef struct scan {
    schema_step *x;
    const entity *e;
    const field *from, *to;
    int64_t from_id, to_id;      /* columns; to_id 0: only to be looked at */
    crm_str only;                /* a SELECT of ids; empty: all rows */
    arena *arena;                /* of one row */
    sqlite3_stmt *update, *note; /* `note`: full text is being made that has its row already */
    int64_t misfits, rows[FAULT_ROWS];
} scan;

static value column_value(sqlite3_stmt *stmt, int at)
{
    int type = sqlite3_column_type(stmt, at);
    if (type == SQLITE_NULL) {
        return value_null();
    }
    if (type == SQLITE_INTEGER) {
        return value_int(sqlite3_column_int64(stmt, at));
    }
    crm_str s = {(const char *)sqlite3_column_text(stmt, at),
                 (size_t)sqlite3_column_bytes(stmt, at)};
    return value_text(s);
}

/* ---- one row --------------------------------------------------------------------------------- */

static void store(scan *k, int64_t id, value v)
{
    sqlite3_stmt *u = k->update;
    int rc = v.kind == VALUE_INT    ? sqlite3_bind_int64(u, 1, v.i)
             : v.kind == VALUE_TEXT ? sqlite3_bind_text(u, 1, v.s.p, (int)v.s.n, SQLITE_STATIC)
                                    : sqlite3_bind_null(u, 1);
    rc = rc == SQLITE_OK ? sqlite3_bind_int64(u, 2, id) : rc;
    rc = rc == SQLITE_OK ? sqlite3_step(u) : rc;
    crm_status st = rc == SQLITE_DONE ? CRM_OK : status_of(k->x->s->db, rc, "retype");
    sqlite3_reset(u);
    sqlite3_clear_bindings(u);
    if (st == CRM_OK && k->note) {
        sqlite3_bind_int64(k->note, 1, id);
        rc = sqlite3_step(k->note);
        st = rc == SQLITE_DONE ? CRM_OK : status_of(k->x->s->db, rc, "retype");
        sqlite3_reset(k->note);
    }
    k->x->status = k->x->status == CRM_OK ? st : k->x->status;
}

static void visit(scan *k, sqlite3_stmt *stmt)
{
    arena_mark mark = arena_mark_get(k->arena);
    field_source from = {.arena = k->arena, .reg = k->x->reg};
    int64_t id = sqlite3_column_int64(stmt, 0);
    value v;
    crm_status st = field_convert(&from, k->from, k->to, column_value(stmt, 1), &v);
    if (st == CRM_INVALID) {
        if (k->misfits < FAULT_ROWS) {
            k->rows[k->misfits] = id;
        }
        k->misfits++;
    } else if (st != CRM_OK) {
        k->x->status = st;
    } else if (k->to_id && !value_equal(v, column_value(stmt, 2))) {
        store(k, id, v);
    }
    arena_rewind(k->arena, mark);
}

/* ---- many rows ------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static sqlite3_stmt *prepare(scan *k, const char *fmt, ...)
{
    char text[256];
    sqlite3_stmt *stmt = NULL;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    int rc = sqlite3_prepare_v2(k->x->s->db, text, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        k->x->status = status_of(k->x->s->db, rc, "retype");
    }
    return stmt;
}

static bool scan_open(scan *k)
{
    uint32_t id = k->e->fields[COL_ID].id;
    k->arena = arena_new(0);
    if (k->arena && k->to_id) {
        k->update =
            prepare(k, "UPDATE e%u SET c%lld=?1 WHERE c%u=?2", k->e->id, (long long)k->to_id, id);
        if (coming_is_begun(k->x, k->e)) {
            k->note = prepare(k, "INSERT OR IGNORE INTO d%u VALUES(?1)", k->e->id);
        }
    }
    k->x->status = k->arena ? k->x->status : CRM_NOMEM;
    return k->x->status == CRM_OK;
}

static void scan_close(scan *k)
{
    sqlite3_finalize(k->update);
    sqlite3_finalize(k->note);
    k->update = k->note = NULL;
    arena_free(k->arena);
    k->arena = NULL;
}

/* Rows behind `after`; `until` 0: all of them, or those with ids of k->only. The last row seen;
 * INT64_MAX: the end was reached. */
static int64_t scan_rows(scan *k, int64_t after, int64_t until)
{
    uint32_t id = k->e->fields[COL_ID].id;
    long long from = k->from_id, to = k->to_id ? k->to_id : k->from_id;
    int64_t last = INT64_MAX, n = 0;
    crm_str which = k->only.n ? arena_fmt(k->x->arena, "AND c%u IN (%.*s)", id, STR_FMT(k->only))
                              : (crm_str){"", 0};
    sqlite3_stmt *stmt =
        prepare(k, "SELECT c%u,c%lld,c%lld FROM e%u WHERE c%u>?1 %.*s ORDER BY c%u", id, from, to,
                k->e->id, id, STR_FMT(which), id);
    int rc = stmt ? sqlite3_bind_int64(stmt, 1, after) : SQLITE_NOMEM;
    while (rc == SQLITE_OK && k->x->status == CRM_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        visit(k, stmt);
        rc = SQLITE_OK;
        if (until && ++n % AHEAD_ROWS == 0 && clock_mono() >= until) {
            last = sqlite3_column_int64(stmt, 0);
            break;
        }
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE && k->x->status == CRM_OK) {
        k->x->status = status_of(k->x->s->db, rc, "retype");
    }
    sqlite3_finalize(stmt);
    return last;
}

/* ---- the shadow ------------------------------------------------------------------------------ */

static crm_str shadow_name(schema_step *x, const field *f)
{
    return arena_fmt(x->arena, "%.*s>", STR_FMT(f->name));
}

static void set_aside(schema_step *x, crm_str name, int64_t id)
{
    schema_rename_field(x, id, arena_fmt(x->arena, "%.*s~%lld", STR_FMT(name), (long long)id));
}

void schema_find_shadow(schema_step *x, const entity *e, const field *f, stored_field *out)
{
    crm_str name = shadow_name(x, f);
    *out = (stored_field){0};
    schema_find_field(x, e, name, out);
    if (out->id && !str_eq(out->shape, field_shape(x->arena, f))) {
        set_aside(x, name, out->id); /* of another shape, which never came */
        out->id = 0;
    }
    if (out->id || x->status != CRM_OK) {
        return;
    }
    schema_add_field(x, e, f, name, out);
    schema_keep_shape(x, f, out->id);
    (void)!schema_run(x, "ALTER TABLE e%u ADD COLUMN c%lld %s", e->id, (long long)out->id,
                      field_is_text(f) ? "TEXT" : "INTEGER");
}

/* "<field>~…": what sorts between '~' and what follows it. */
static void where_formers(sql *q, const entity *e, crm_str name, arena *a)
{
    sql_z(q, " WHERE entity=");
    sql_int(q, e->id);
    sql_z(q, " AND name>");
    sql_value(q, value_text(arena_fmt(a, "%.*s~", STR_FMT(name))));
    sql_z(q, " AND name<");
    sql_value(q, value_text(arena_fmt(a, "%.*s\x7f", STR_FMT(name))));
}

void schema_rename_formers(schema_step *x, const entity *e, crm_str from, crm_str to)
{
    sql *q = &x->s->sql;
    sql_start(q, NULL, NULL);
    sql_z(q, "UPDATE meta_field SET name=");
    sql_value(q, value_text(to));
    sql_z(q, "||substr(name,");
    sql_int(q, (int64_t)from.n + 1); /* names are ASCII */
    sql_z(q, ")");
    where_formers(q, e, from, x->arena);
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
}

void schema_formers(schema_step *x, const entity *e, field *f)
{
    sql *q = &x->s->sql;
    field_former rows[FORMERS_MAX];
    crm_status st;
    f->former_count = 0;
    sql_start(q, NULL, NULL);
    sql_z(q, "SELECT id, shape FROM meta_field");
    where_formers(q, e, f->name, x->arena);
    sql_z(q, " AND shape IS NOT NULL ORDER BY id DESC");
    sqlite3_stmt *stmt = x->status == CRM_OK ? statement_get(x->s, &st) : NULL;
    while (stmt && f->former_count < FORMERS_MAX && sqlite3_step(stmt) == SQLITE_ROW) {
        crm_str shape = {(const char *)sqlite3_column_text(stmt, 1),
                         (size_t)sqlite3_column_bytes(stmt, 1)};
        rows[f->former_count++] = (field_former){.id = (uint32_t)sqlite3_column_int64(stmt, 0),
                                                 .shape = arena_dup(x->reg->arena, shape)};
    }
    sqlite3_reset(stmt);
    field_former *kept =
        f->former_count ? ARENA_ARRAY(x->reg->arena, field_former, f->former_count) : NULL;
    if (kept) {
        memcpy(kept, rows, f->former_count * sizeof *rows);
    }
    f->formers = kept;
    f->former_count = kept ? f->former_count : 0;
}

/* ---- the step -------------------------------------------------------------------------------- */

static crm_str allowed(schema_step *x, const field *from)
{
    uint32_t bits = field_retypes(from);
    crm_str out = {"", 0};
    for (int t = 0; t < FIELD_TYPE_COUNT; t++) {
        if (bits >> t & 1) {
            out = arena_fmt(x->arena, "%.*s%s%.*s", STR_FMT(out), out.n ? ", " : "",
                            STR_FMT(field_type_name((field_type)t)));
        }
    }
    return out;
}

static registry_fault *fault_of(schema_step *x, const entity *e, const field *f, const char *code)
{
    crm_str subject = arena_fmt(x->arena, "%.*s.%.*s", STR_FMT(e->name), STR_FMT(f->name));
    return schema_fault(x, f->source, code, subject);
}

static void tell_misfits(scan *k)
{
    const field *f = k->to;
    bool is_choice = f->type == k->from->type && f->type == FIELD_CHOICE;
    registry_fault *fault =
        fault_of(k->x, k->e, f, is_choice ? "choice_in_use" : "values_do_not_fit");
    if (fault) {
        fault->count = k->misfits;
        memcpy(fault->rows, k->rows, sizeof fault->rows);
    }
}

/* The rows that are left of what was done ahead; empty: all. */
static crm_str made_ahead(schema_step *x, const entity *e, const stored_field *at)
{
    bool is_made = at->filled == INT64_MAX && noted_is_begun(x, e);
    return is_made ? noted_all(x, e) : (crm_str){0};
}

static void look(schema_step *x, const entity *e, const field *from, const field *to,
                 const stored_field *at)
{
    scan k = {.x = x, .e = e, .from = from, .to = to, .from_id = at->id};
    k.only = made_ahead(x, e, at);
    if (scan_open(&k)) {
        (void)scan_rows(&k, 0, 0);
    }
    scan_close(&k);
    if (k.misfits) {
        tell_misfits(&k);
    }
}

static void rewrite(schema_step *x, const entity *e, const field *from, const field *to,
                    stored_field *at)
{
    stored_field shadow;
    schema_find_shadow(x, e, to, &shadow);
    scan k = {.x = x, .e = e, .from = from, .to = to, .from_id = at->id, .to_id = shadow.id};
    k.only = made_ahead(x, e, &shadow);
    if (x->status == CRM_OK && scan_open(&k)) {
        (void)scan_rows(&k, 0, 0);
    }
    scan_close(&k);
    if (k.misfits) {
        tell_misfits(&k);
        return;
    }
    set_aside(x, to->name, at->id);
    schema_rename_field(x, shadow.id, to->name);
    shadow.is_new = false;
    *at = shadow;
}

void schema_retype(schema_step *x, const entity *e, const field *f, stored_field *at)
{
    field from;
    crm_status st = field_of_shape(x->arena, at->shape, &from);
    retype how = st == CRM_OK ? field_retype(&from, f) : RETYPE_NEVER;
    if (how == RETYPE_NEVER) {
        registry_fault *fault = fault_of(x, e, f, "retype_unsafe");
        if (fault && st == CRM_OK) {
            fault->expected = allowed(x, &from);
        }
        return;
    }
    if (how == RETYPE_REWRITE) {
        rewrite(x, e, &from, f, at);
        return;
    }
    if (how == RETYPE_CHECK) {
        look(x, e, &from, f, at);
    }
    schema_keep_shape(x, f, at->id);
}

/* ---- ahead of the step ----------------------------------------------------------------------- */

/* What is to be done with the field's values; `at` says how far it is. False: nothing. */
static bool begin_scan(schema_step *x, const entity *e, const field *f, field *from,
                       stored_field *at, scan *out)
{
    *at = (stored_field){0};
    schema_find_field(x, e, f->name, at);
    if (!at->id && f->was.n) {
        schema_find_field(x, e, f->was, at);
    }
    bool is_known = at->shape.n && field_of_shape(x->arena, at->shape, from) == CRM_OK;
    retype how = is_known ? field_retype(from, f) : RETYPE_NONE;
    *out = (scan){.x = x, .e = e, .from = from, .to = f, .from_id = at->id};
    if (how == RETYPE_REWRITE) {
        schema_find_shadow(x, e, f, at);
        out->to_id = at->id;
    }
    return how == RETYPE_REWRITE || how == RETYPE_CHECK;
}

void schema_retype_noted(schema_step *x, const entity *e, const field *f, crm_str noted,
                         engine_ahead *out)
{
    stored_field at;
    field from;
    scan k;
    if (!begin_scan(x, e, f, &from, &at, &k)) {
        return;
    }
    k.only = noted;
    if (x->status == CRM_OK && scan_open(&k)) {
        (void)scan_rows(&k, 0, 0);
    }
    scan_close(&k);
    out->misfits += k.misfits;
}

void schema_retype_ahead(schema_step *x, const entity *e, const field *f, engine_ahead *out)
{
    stored_field at;
    field from;
    scan k;
    if (!begin_scan(x, e, f, &from, &at, &k)) {
        return;
    }
    int64_t end =
        schema_int(x, 0, "SELECT coalesce(max(c%u),0) FROM e%u", e->fields[COL_ID].id, e->id);
    if (!k.to_id && end <= SCHEMA_FEW_ROWS) {
        return; /* the step looks at them */
    }
    int64_t last = noted_begin(x, e) ? 0 : at.filled;
    if (x->status == CRM_OK && last != INT64_MAX && out->is_done && scan_open(&k)) {
        int64_t before = last;
        last = scan_rows(&k, last, out->until);
        out->row = last == INT64_MAX ? out->row : last;
        last = k.misfits ? before : last; /* the step is to meet them too */
    }
    scan_close(&k);
    (void)!schema_run(x, "UPDATE meta_field SET filled=%lld WHERE id=%lld", (long long)last,
                      (long long)at.id);
    out->left += last < end ? end - last : 0;
    out->is_done = out->is_done && last == INT64_MAX;
    out->misfits += k.misfits;
}
