/*
 * import_run.c - the batches of an import: the file becomes frames once, then slice after slice a
 * worker reads, understands and looks up what the writer then only writes.
 *
 * The cursor is "<offset> <rows>": where the next slice begins, and how many rows the last one got
 * done, which is about how many the next will.
 *
 * A check lives on what its rows would have given to records, which ends with the process: one that
 * goes on without that has left nothing behind and begins anew.
 */
#include <assert.h>
#include <fcntl.h>

#include "data/field.h"
#include "data/stores.h"
#include "flow/batch.h"
#include "table/import_private.h"

/* A slice on its way from the worker to the writer. */
typedef struct slice {
    import_options options;
    table_row *from;
    import_row *rows;
    int64_t *ends; /* the offset behind each row */
    uint32_t count;
    int64_t import, offset;
    bool is_check, is_last;
    tried_set *seen; /* of a check; NULL: it begins anew */
} slice;

static bool is_check(const batch_run *b)
{
    return str_is(b->kind, "check");
}

/* ---- preparing ------------------------------------------------------------------------------- */

static crm_status load(crm_ctx *c, const batch_run *b, store_row *row)
{
    int64_t id = json_integer_value(json_object_get(b->spec, "import"));
    *row = (store_row){0};
    crm_status s = import_load(c, id, row);
    s = s == CRM_OK ? import_check_right(c, row) : s;
    assert(s != CRM_OK || row->v);
    return s;
}

static crm_status read_how(const store_row *row, source_reading *out)
{
    json_t *json;
    crm_status s = json_read(store_text(row, IMPORT_READING), 0, &json, NULL);
    if (s == CRM_OK) {
        s = reading_from_json(json, out);
        json_decref(json);
    }
    return s;
}

crm_str import_frames_path(arena *a, const store_row *row)
{
    crm_str suffix =
        arena_fmt(a, ".%08llx.rows",
                  (unsigned long long)(str_hash(store_text(row, IMPORT_READING)) & 0xffffffffu));
    return suffix.p ? import_path(a, store_text(row, IMPORT_FILE), suffix.p) : suffix;
}

#define TOLD_NS 500000000LL /* between two words of how many rows were read */

typedef struct preparing {
    crm_ctx *call;
    batch_run *run;
    int64_t told_at;
} preparing;

static crm_status look(void *arg, int64_t rows)
{
    preparing *p = arg;
    int64_t now = clock_mono();
    if (now - p->told_at < TOLD_NS) {
        return CRM_OK;
    }
    p->told_at = now;
    p->run->total = rows;
    return batch_tell_total(p->call, p->run);
}

static crm_status prepare(crm_ctx *c, batch_run *b, const void *fn)
{
    store_row row;
    source_reading how;
    preparing p = {.call = c, .run = b, .told_at = clock_mono()};
    const source_watch watch = {look, &p};
    const char *fault = NULL;
    (void)fn;
    crm_status s = load(c, b, &row);
    s = s == CRM_OK ? read_how(&row, &how) : s;
    if (s != CRM_OK) {
        return s;
    }
    crm_str path = import_frames_path(c->arena, &row);
    crm_str raw = import_path(c->arena, store_text(&row, IMPORT_FILE), IMPORT_SOURCE);
    int fd = raw.p ? open(raw.p, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || !path.p) {
        return call_fail(c, CRM_NOT_FOUND, "import_gone");
    }
    s = frames_make(fd, &how, path.p, &watch, &b->total, &fault);
    close(fd);
    return s == CRM_INVALID ? call_fail(c, s, fault) : s;
}

/* ---- fetching -------------------------------------------------------------------------------- */

static void read_cursor(crm_str text, int64_t *offset, uint32_t *rows)
{
    int64_t done = 0;
    crm_str part;
    *offset = FRAMES_BEGIN;
    if (str_split(&text, ' ', &part)) {
        (void)!str_to_i64(part, offset);
        (void)!str_to_i64(text, &done);
    }
    /* A quarter more than was done: a slice that could do more is seen. */
    done = done ? done + done / 4 + 1 : BATCH_SLICE_ROWS;
    *rows = done < BATCH_SLICE_ROWS ? (uint32_t)done : BATCH_SLICE_ROWS;
}

/* Whether the row's values will stand in a record, new or known. */
static bool will_stand(const import_options *o, const import_row *row)
{
    bool is_known = row->record || row->twin >= 0;
    return row->error.status == CRM_OK &&
           (is_known ? o->mode != IMPORT_SKIP : o->mode != IMPORT_UPDATE);
}

/* Rows before it in the slice are not stored yet, so a look-up does not find their values. */
static void find_twin(slice *x, uint32_t i)
{
    import_row *row = &x->rows[i];
    if (row->record || row->error.status != CRM_OK || x->options.mode == IMPORT_CREATE) {
        return;
    }
    for (uint32_t k = 0; k < i && row->twin < 0; k++) {
        const import_row *before = &x->rows[k];
        if (will_stand(&x->options, before) && import_keys_meet(before, row)) {
            row->twin = before->twin >= 0 ? before->twin : (int32_t)k;
        }
    }
}

static crm_status understand(crm_ctx *c, slice *x)
{
    finder *f = ARENA_NEW(c->arena, finder);
    x->rows = ARENA_ARRAY(c->arena, import_row, x->count + 1);
    crm_status s = f && x->rows ? CRM_OK : CRM_NOMEM;
    if (f) {
        f->call = c;
    }
    for (uint32_t i = 0; s == CRM_OK && i < x->count; i++) {
        s = import_row_read(f, &x->options, &x->from[i], &x->rows[i]);
        if (s == CRM_OK) {
            find_twin(x, i);
        }
        if (s == CRM_OK && x->is_check && !x->rows[i].record) {
            s = tried_before(x->seen, &x->rows[i], &x->rows[i].is_seen);
        }
    }
    return s;
}

static crm_status read_rows(crm_ctx *c, slice *x, const char *path, uint32_t most)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t at = x->offset;
    if (fd < 0) {
        return call_fail(c, CRM_NOT_FOUND, "import_gone");
    }
    frames read;
    crm_status s = frames_read(c->arena, fd, &at, most, &read);
    close(fd);
    x->from = read.rows;
    x->ends = read.ends;
    x->count = read.count;
    x->is_last = s == CRM_OK && !x->count;
    return s;
}

static crm_status find_seen(crm_ctx *c, const batch_run *b, slice *x)
{
    bool is_first = !b->cursor.n;
    x->seen = is_first ? tried_begin(b->id) : tried_find(b->id);
    if (!x->seen) {
        return is_first ? CRM_NOMEM : CRM_OK;
    }
    return tried_settle(c->arena, x->seen);
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *fn)
{
    store_row row;
    source_reading how;
    uint32_t most;
    slice *x = ARENA_NEW(c->arena, slice);
    (void)fn;
    crm_status s = x ? load(c, b, &row) : CRM_NOMEM;
    s = s == CRM_OK ? read_how(&row, &how) : s;
    s = s == CRM_OK ? import_options_read(c, b->entity, json_object_get(b->spec, "options"),
                                          (uint32_t)store_int(&row, IMPORT_WIDTH), &x->options)
                    : s;
    if (s != CRM_OK) {
        return s;
    }
    x->options.is_csv = how.format == SOURCE_CSV;
    x->options.is_vcard = how.format == SOURCE_VCARD;
    if (x->options.missing == MISSING_USUAL) {
        x->options.missing = x->options.is_vcard ? MISSING_CREATE : MISSING_REFUSE;
    }
    x->import = row.id;
    x->is_check = is_check(b);
    c->prepared = x;
    s = x->is_check ? find_seen(c, b, x) : CRM_OK;
    if (s != CRM_OK || (x->is_check && !x->seen)) {
        return s;
    }
    read_cursor(b->cursor, &x->offset, &most);
    crm_str path = import_frames_path(c->arena, &row);
    s = path.p ? read_rows(c, x, path.p, most) : CRM_NOMEM;
    return s == CRM_OK ? understand(c, x) : s;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const import_parts *parts_of(const import_row *from, const field *f)
{
    const import_parts *p = from->parts;
    while (p && p->field != f) {
        p = p->next;
    }
    return p && !p->has_whole ? p : NULL;
}

/* Against the line as it stands now: an earlier row may have changed it. */
static crm_status set_parts(crm_ctx *c, const import_parts *parts, record *r)
{
    const field *f = parts->field;
    crm_str line, stored = value_is_null(r->v[f->index]) ? (crm_str){0} : r->v[f->index].s;
    value v = value_null();
    bool is_marked = false;
    crm_status s = address_change(c->arena, &parts->change, stored, &line);
    if (s != CRM_OK || str_eq(line, stored)) {
        return s;
    }
    s = line.n ? field_from_text(c, f, line, &v, &is_marked) : CRM_OK;
    s = s == CRM_OK ? record_set(r, f, v) : s;
    return s == CRM_OK ? record_mark(r, f, is_marked) : s;
}

/* What stands in the record stays beside what the row adds, and so does its mark. */
static crm_status add_value(crm_ctx *c, const import_row *from, const field *f, record *r)
{
    value all;
    crm_status s = import_unite(c, f, r->v[f->index], from->values[f->index], &all);
    s = s == CRM_OK ? record_set(r, f, all) : s;
    return s == CRM_OK && bits_has(from->marked, f->index) ? record_mark(r, f, true) : s;
}

static crm_status set_value(crm_ctx *c, const import_options *o, const import_row *from,
                            const field *f, record *r)
{
    bool is_added = o->adds && (f->flags & FIELD_MANY) && !r->is_new;
    if (is_added && !value_is_null(r->v[f->index])) {
        return add_value(c, from, f, r);
    }
    crm_status s = record_set(r, f, from->values[f->index]);
    return s == CRM_OK ? record_mark(r, f, bits_has(from->marked, f->index)) : s;
}

static crm_status set_values(crm_ctx *c, const slice *x, const import_row *from, record *r)
{
    const import_options *o = &x->options;
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < o->count; i++) {
        const field *f = o->columns[i].field;
        if (!f || f->index == COL_ID) {
            continue;
        }
        const import_parts *parts = r->is_new ? NULL : parts_of(from, f);
        if (parts) { /* each of their columns comes here; the first sets all */
            s = bits_has(r->set, f->index) ? CRM_OK : set_parts(c, parts, r);
            continue;
        }
        if (bits_has(from->given, f->index)) {
            s = set_value(c, o, from, f, r);
        } else if (o->clears && !r->is_new && bits_has(from->empty, f->index)) {
            s = record_set(r, f, value_null());
            s = s == CRM_OK ? record_mark(r, f, false) : s;
        }
    }
    return s;
}

static crm_status set_defaults(crm_ctx *c, const slice *x, record *r)
{
    const char *name;
    json_t *item;
    json_object_foreach((json_t *)x->options.defaults, name, item)
    {
        const field *f = entity_field(r->entity, str_of(name));
        value v;
        bool is_marked;
        crm_status s = f ? field_from_json(c, f, item, &v, &is_marked) : CRM_OK;
        s = s == CRM_OK && f ? record_set(r, f, v) : s;
        s = s == CRM_OK && f ? record_mark(r, f, is_marked) : s;
        if (s != CRM_OK) {
            return s;
        }
    }
    return CRM_OK;
}

static crm_status create(crm_ctx *c, const slice *x, const import_row *from,
                         const int64_t lacks[LACKS_MAX], int64_t *id)
{
    record *r;
    if (!rights_may_some(c, x->options.entity, ACTION_CREATE)) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    crm_status s = records_new(c, x->options.entity, &r);
    s = s == CRM_OK ? set_defaults(c, x, r) : s;
    s = s == CRM_OK ? set_values(c, x, from, r) : s;
    s = s == CRM_OK ? import_lacks_set(c, &x->options, from, lacks, r) : s;
    s = s == CRM_OK ? records_import(c, r) : s;
    *id = s == CRM_OK ? r->v[COL_ID].i : 0;
    return s;
}

static crm_status update(crm_ctx *c, const slice *x, const import_row *from,
                         const int64_t lacks[LACKS_MAX], int64_t id, import_count *what)
{
    record *r;
    crm_status s = records_get(c, x->options.entity, id, &r);
    if (s == CRM_NOT_FOUND) {
        c->error = (call_error){0};
        return call_fail_field(c, CRM_S("id"), "no_such_record", (crm_str){0});
    }
    int64_t rev = s == CRM_OK ? r->v[COL_REV].i : 0;
    s = s == CRM_OK ? set_values(c, x, from, r) : s;
    s = s == CRM_OK ? import_lacks_set(c, &x->options, from, lacks, r) : s;
    s = s == CRM_OK ? records_import(c, r) : s;
    *what = s == CRM_OK && r->v[COL_REV].i == rev ? COUNT_UNCHANGED : COUNT_UPDATED;
    return s;
}

/* Whether a check took back what the row's record would be. */
static bool is_twin_of_tried(const slice *x, const import_row *row, const int64_t *made)
{
    int64_t id = row->twin >= 0 ? made[row->twin] : 0;
    return x->is_check && (row->is_seen || (id && id != x->rows[row->twin].record));
}

/*
 * What is done with one row; `made` are the records that the slice's rows became so far. Of rows
 * with one key the first that can be taken makes the record. `lacks` are those that its references
 * get.
 */
static crm_status work(crm_ctx *c, const slice *x, uint32_t i, int64_t *made,
                       int64_t lacks[LACKS_MAX], import_count *what)
{
    const import_row *row = &x->rows[i];
    import_mode mode = x->options.mode;
    int64_t *first = row->twin >= 0 ? &made[row->twin] : &made[i];
    int64_t id = row->twin >= 0 ? *first : row->record;
    bool is_tried = is_twin_of_tried(x, row, made);
    *what = COUNT_FAILED;
    if (row->error.status != CRM_OK) {
        c->error = row->error;
        return row->error.status;
    }
    bool is_found = id || is_tried;
    if ((is_found && mode == IMPORT_SKIP) || (!is_found && mode == IMPORT_UPDATE)) {
        *what = COUNT_SKIPPED;
        return CRM_OK;
    }
    crm_status s = import_lacks_make(c, &x->options, row, lacks);
    if (s != CRM_OK) {
        return s;
    }
    if (is_tried) {
        *what = COUNT_UPDATED; /* its first was taken back: there is nothing to try it on */
        return CRM_OK;
    }
    if (!id) {
        *what = COUNT_CREATED;
        return create(c, x, row, lacks, first);
    }
    s = update(c, x, row, lacks, id, what);
    *first = s == CRM_OK ? id : *first;
    return s;
}

/* A row that stands without one of its references says so. */
static crm_status warn(crm_ctx *c, batch_run *b, const batch_place *at, const import_row *row,
                       const int64_t lacks[LACKS_MAX], int64_t counts[COUNTS])
{
    if (!import_lacks_tell(c, row, lacks)) {
        return CRM_OK;
    }
    counts[COUNT_WARNED]++;
    return batch_warn(c, b, at);
}

/* Whether a check must remember what the row would have been found by. Of a known record the one
 * key that led to it is stored; any other would be new. */
static bool gives_keys(const import_row *row)
{
    return !row->record || row->key_count > 1;
}

static crm_status one_row(crm_ctx *c, batch_run *b, const slice *x, uint32_t i, int64_t *made,
                          int64_t counts[COUNTS])
{
    import_count what;
    int64_t lacks[LACKS_MAX] = {0};
    crm_status s = batch_row_begin(c, b);
    if (s != CRM_OK) {
        return s;
    }
    int64_t failed = b->failed;
    crm_status worked = work(c, x, i, made, lacks, &what);
    batch_place at = {.row = x->rows[i].line, .entity = b->entity, .record = x->rows[i].record};
    s = x->is_check ? batch_row_end_tried(c, b, &at, worked) : batch_row_end(c, b, &at, worked);
    counts[b->failed > failed ? COUNT_FAILED : what]++;
    bool is_changed = what == COUNT_CREATED || what == COUNT_UPDATED;
    if (s == CRM_OK && x->is_check && is_changed && gives_keys(&x->rows[i]) &&
        b->failed == failed) {
        s = tried_add(x->seen, &x->rows[i]);
    }
    at.record = made[i] && !x->is_check ? made[i] : at.record;
    bool is_kept = s == CRM_OK && b->failed == failed && what <= COUNT_UNCHANGED;
    return is_kept ? warn(c, b, &at, &x->rows[i], lacks, counts) : s;
}

static crm_status run(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    const slice *x = c->prepared;
    if (x->is_check && !x->seen) {
        return import_begin_anew(c, b, x->import);
    }
    int64_t counts[COUNTS] = {0};
    int64_t *made = ARENA_ARRAY(c->arena, int64_t, x->count + 1);
    uint32_t i = 0;
    crm_status s = made ? CRM_OK : CRM_NOMEM;
    (void)fn;
    for (; s == CRM_OK && i < x->count && batch_goes_on(c, b); i++) {
        s = one_row(c, b, x, i, made, counts);
    }
    if (s != CRM_OK) {
        return s;
    }
    *is_done = x->is_last;
    int64_t offset = i ? x->ends[i - 1] : x->offset;
    b->cursor = arena_fmt(c->arena, "%lld %u", (long long)offset, i);
    s = b->cursor.p ? CRM_OK : CRM_NOMEM;
    return s == CRM_OK ? import_counts_add(c, x->import, x->is_check, counts) : s;
}

/* After the check was done, failed or stopped. */
static void ended(crm_ctx *c, int64_t batch, const void *fn)
{
    (void)c;
    (void)fn;
    tried_forget(batch);
}

crm_status import_register(registry *r)
{
    batch_kind k = {.name = CRM_S("import"),
                    .module = CRM_S("kernel"),
                    .prepare = prepare,
                    .fetch = fetch,
                    .slice = run};
    crm_status s = registry_add_batch_kind(r, &k);
    k.name = CRM_S("check");
    k.ended = ended;
    s = s == CRM_OK ? registry_add_batch_kind(r, &k) : s;
    return s == CRM_OK ? import_clear_register(r) : s;
}
