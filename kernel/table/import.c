/* import.c - imports as rows of sys.import: who may, what was uploaded, what became of it. */
#include "table/import_private.h"

#include <dirent.h>

#include "data/stores.h"
#include "flow/batch.h"
#include "table/child.h"

static char folder[4096];

/* ---- files ----------------------------------------------------------------------------------- */

crm_status import_set_up(const char *data, const char *sheet_program)
{
    int n = snprintf(folder, sizeof folder, "%s/import", data);
    child_set_program(sheet_program);
    return n > 0 && (size_t)n < sizeof folder ? fs_mkdir(folder, 0700) : CRM_INVALID;
}

crm_str import_path(arena *a, crm_str file, const char *suffix)
{
    return arena_fmt(a, "%s/%.*s%s", folder, STR_FMT(file), suffix);
}

static void unlink_matching(crm_str prefix)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && prefix.n && (entry = readdir(dir))) {
        if (str_starts(str_of(entry->d_name), prefix) && unlinkat(dirfd(dir), entry->d_name, 0)) {
            log_event(LOG_WARN, "import.not_removed", "file=%s", log_quote(prefix));
        }
    }
    if (dir) {
        closedir(dir);
    }
}

void import_unlink(crm_str file)
{
    unlink_matching(file);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const cond *is_own(crm_ctx *c, const entity *e)
{
    return cond_compare(c->arena, COND_EQ, &e->fields[IMPORT_USER], value_int(c->who->user));
}

crm_status import_check_right(crm_ctx *c, const store_row *row)
{
    const entity *e = registry_entity(c->reg, store_text(row, IMPORT_ENTITY));
    return e && rights_may_import(c, e) ? CRM_OK : call_fail(c, CRM_DENIED, "import_denied");
}

/* What a person uploaded he may look at and forget, whatever he may import now and whether there is
 * such an entity. A token has no more of it than it was given. */
static crm_status check_sight(crm_ctx *c, const store_row *row)
{
    return c->who->scope ? import_check_right(c, row) : CRM_OK;
}

crm_status import_load(crm_ctx *c, int64_t id, store_row *row)
{
    const entity *e = registry_store(c->reg, STORE_IMPORT);
    const cond *one = cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(id));
    crm_status s = store_first(c->session, c->arena, c->reg, STORE_IMPORT,
                               cond_and(c->arena, one, is_own(c, e)), row);
    s = s == CRM_OK ? check_sight(c, row) : s;
    return s == CRM_NOT_FOUND ? call_fail(c, s, "not_found") : s;
}

static crm_status load_batch(crm_ctx *c, int64_t id, store_row *row)
{
    const entity *e = registry_store(c->reg, STORE_BATCH);
    return store_first(c->session, c->arena, c->reg, STORE_BATCH,
                       cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(id)), row);
}

/* Empty: there is none. */
static crm_status batch_state(crm_ctx *c, int64_t id, crm_str *state)
{
    store_row row;
    *state = (crm_str){0};
    crm_status s = id ? load_batch(c, id, &row) : CRM_NOT_FOUND;
    if (s == CRM_OK) {
        *state = store_text(&row, BATCH_STATE);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static bool is_open(crm_str state)
{
    return str_is(state, BATCH_STATE_WAITING) || str_is(state, BATCH_STATE_RUNNING);
}

crm_status import_is_busy(crm_ctx *c, const store_row *row, bool *is_busy)
{
    crm_str check, run;
    crm_status s = batch_state(c, store_int(row, IMPORT_CHECK), &check);
    s = s == CRM_OK ? batch_state(c, store_int(row, IMPORT_RUN), &run) : s;
    *is_busy = s == CRM_OK && (is_open(check) || is_open(run));
    return s;
}

static crm_status load_idle(crm_ctx *c, int64_t id, store_row *row)
{
    bool is_busy;
    crm_status s = import_load(c, id, row);
    s = s == CRM_OK ? import_is_busy(c, row, &is_busy) : s;
    return s == CRM_OK && is_busy ? call_fail(c, CRM_CONFLICT, "import_running") : s;
}

/* ---- uploading ------------------------------------------------------------------------------- */

static crm_status check_quota(crm_ctx *c)
{
    const entity *e = registry_store(c->reg, STORE_IMPORT);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t count;
    if (!q) {
        return CRM_NOMEM;
    }
    q->limit = LIST_MAX;
    /* One that has run is kept for its report only. */
    q->where = cond_and(c->arena, is_own(c, e),
                        cond_compare(c->arena, COND_NONE, &e->fields[IMPORT_RUN], value_null()));
    crm_status s = store_list(c->session, c->arena, q, &rows, &count);
    if (s == CRM_OK && count >= IMPORT_OPEN_MAX) {
        c->error.retry_after_s = 3600;
        return call_fail(c, CRM_LIMIT, "import_quota");
    }
    return s;
}

static crm_status check_space(crm_ctx *c)
{
    return fs_room(folder) < FS_ROOM_KEPT ? call_fail(c, CRM_NO_SPACE, "no_space") : CRM_OK;
}

crm_status import_allow(crm_ctx *c, const entity *e)
{
    if (!rights_may_import(c, e) || e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) {
        return call_fail(c, CRM_DENIED, "import_denied");
    }
    crm_status s = check_quota(c);
    return s == CRM_OK ? check_space(c) : s;
}

/* ---- starting -------------------------------------------------------------------------------- */

static crm_str choice_key(crm_ctx *c, const store_row *row)
{
    return arena_fmt(c->arena, "%lld:%.*s:%.*s", (long long)c->who->user,
                     STR_FMT(store_text(row, IMPORT_ENTITY)),
                     STR_FMT(store_text(row, IMPORT_HEADER)));
}

static crm_status remember(crm_ctx *c, const store_row *row, crm_str options)
{
    store_row kept;
    const entity *e = registry_store(c->reg, STORE_IMPORT_CHOICE);
    crm_str key = choice_key(c, row);
    crm_status s = store_first(
        c->session, c->arena, c->reg, STORE_IMPORT_CHOICE,
        cond_compare(c->arena, COND_EQ, &e->fields[IMPORT_CHOICE_KEY], value_text(key)), &kept);
    if (s == CRM_NOT_FOUND) {
        s = store_new(c->arena, c->reg, STORE_IMPORT_CHOICE, &kept);
    }
    if (s != CRM_OK) {
        return s;
    }
    store_set(&kept, IMPORT_CHOICE_KEY, value_text(key));
    store_set(&kept, IMPORT_CHOICE_OPTIONS, value_text(options));
    store_set(&kept, IMPORT_CHOICE_AT, value_int(clock_now()));
    return store_save(c->tx, &kept);
}

static crm_status start_batch(crm_ctx *c, store_row *row, json_t *options, bool is_check)
{
    const entity *e = registry_entity(c->reg, store_text(row, IMPORT_ENTITY));
    json_t *spec = json_pack("{s:I,s:O}", "import", (json_int_t)row->id, "options", options);
    int64_t id;
    if (!spec) {
        return CRM_NOMEM;
    }
    batch_order o = {.kind = is_check ? CRM_S("check") : CRM_S("import"),
                     .title = store_text(row, IMPORT_NAME),
                     .entity = e,
                     .spec = spec,
                     .is_quiet = !json_is_true(json_object_get(options, "rules"))};
    crm_status s = batch_start(c, &o, &id);
    json_decref(spec);
    if (s == CRM_OK) {
        store_set(row, is_check ? IMPORT_CHECK : IMPORT_RUN, value_int(id));
        store_set(row, is_check ? IMPORT_CHECK_COUNTS : IMPORT_RUN_COUNTS, value_null());
    }
    return s;
}

crm_status import_start(crm_ctx *c, int64_t id, json_t *options, bool is_check)
{
    store_row row;
    import_options *o = ARENA_NEW(c->arena, import_options);
    crm_status s = o ? load_idle(c, id, &row) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    if (store_int(&row, IMPORT_RUN) && !is_check) {
        return call_fail(c, CRM_CONFLICT, "import_done");
    }
    const entity *e = registry_entity(c->reg, store_text(&row, IMPORT_ENTITY));
    s = import_check_right(c, &row);
    if (s != CRM_OK) {
        return s;
    }
    s = import_options_read(c, e, options, (uint32_t)store_int(&row, IMPORT_WIDTH), o);
    s = s == CRM_OK ? start_batch(c, &row, options, is_check) : s;
    if (s != CRM_OK) {
        return s;
    }
    crm_str text = json_dump(c->arena, options);
    store_set(&row, IMPORT_OPTIONS, value_text(text));
    s = store_save(c->tx, &row);
    return s == CRM_OK ? remember(c, &row, text) : s;
}

crm_status import_forget(crm_ctx *c, int64_t id, crm_str *file)
{
    store_row row;
    crm_status s = load_idle(c, id, &row);
    if (s != CRM_OK) {
        return s;
    }
    *file = store_text(&row, IMPORT_FILE);
    return tx_delete(c->tx, row.e, id);
}

/* ---- what became of rows --------------------------------------------------------------------- */

static const char *const count_names[COUNTS] = {"created", "updated", "unchanged",
                                                "skipped", "failed",  "warned"};

crm_status import_counts_add(crm_ctx *c, int64_t id, bool is_check, const int64_t counts[COUNTS])
{
    store_row row;
    uint32_t column = is_check ? IMPORT_CHECK_COUNTS : IMPORT_RUN_COUNTS;
    json_t *sum = NULL;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_IMPORT, id, &row);
    if (s != CRM_OK) {
        return s;
    }
    crm_str before = store_text(&row, column);
    if (!before.n || json_read(before, 0, &sum, NULL) != CRM_OK) {
        sum = json_object();
    }
    for (int i = 0; i < COUNTS; i++) {
        json_int_t had = json_integer_value(json_object_get(sum, count_names[i]));
        json_object_set_new(sum, count_names[i], json_integer(had + counts[i]));
    }
    crm_str text = json_dump(c->arena, sum);
    json_decref(sum);
    store_set(&row, column, value_text(text));
    return text.p ? store_save(c->tx, &row) : CRM_NOMEM;
}

/* ---- the view -------------------------------------------------------------------------------- */

/* The members of a JSON object that is kept as text. */
static void put_members(json_writer *w, crm_str object)
{
    json_t *json;
    const char *key;
    json_t *item;
    arena *a = arena_new(0);
    if (a && object.n && json_read(object, 0, &json, NULL) == CRM_OK) {
        json_object_foreach(json, key, item)
        {
            jw_key(w, str_of(key));
            jw_raw(w, json_dump(a, item));
        }
        json_decref(json);
    }
    arena_free(a);
}

static crm_status put_batch(crm_ctx *c, const store_row *row, bool is_check, json_writer *w,
                            crm_str *state)
{
    int64_t id = store_int(row, is_check ? IMPORT_CHECK : IMPORT_RUN);
    store_row batch;
    crm_status s = id ? load_batch(c, id, &batch) : CRM_NOT_FOUND;
    *state = s == CRM_OK ? store_text(&batch, BATCH_STATE) : (crm_str){0};
    jw_key(w, is_check ? CRM_S("check") : CRM_S("run"));
    if (s != CRM_OK) {
        jw_null(w);
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    jw_object(w);
    jw_kint(w, "batch", id);
    jw_kstr(w, "state", *state);
    jw_kint(w, "total", store_int(&batch, BATCH_TOTAL));
    jw_kint(w, "done", store_int(&batch, BATCH_DONE));
    jw_kstr(w, "error", store_text(&batch, BATCH_ERROR));
    jw_kint(w, "undo", store_int(&batch, BATCH_UNDONE_BY));
    jw_kint(w, "out_of_sight", store_int(&batch, BATCH_HIDDEN));
    put_members(w, store_text(row, is_check ? IMPORT_CHECK_COUNTS : IMPORT_RUN_COUNTS));
    jw_end_object(w);
    return s;
}

static const char *state_of(crm_str check, crm_str run)
{
    if (run.n) {
        return is_open(run) ? "running" : "done";
    }
    return is_open(check) ? "checking" : "ready";
}

crm_status import_view(crm_ctx *c, const store_row *row, json_writer *w)
{
    char at[CLOCK_TEXT];
    crm_str check, run;
    clock_format(store_int(row, IMPORT_AT), at);
    jw_object(w);
    jw_kint(w, "id", row->id);
    jw_kstr(w, "entity", store_text(row, IMPORT_ENTITY));
    jw_kstr(w, "name", store_text(row, IMPORT_NAME));
    jw_kint(w, "size", store_int(row, IMPORT_SIZE));
    jw_kstr(w, "at", str_of(at));
    jw_key(w, CRM_S("reading"));
    jw_raw(w, store_text(row, IMPORT_READING));
    put_members(w, store_text(row, IMPORT_ANALYSIS));
    jw_key(w, CRM_S("options"));
    jw_raw(w, store_text(row, IMPORT_OPTIONS));
    jw_kbool(w, "remembered", store_int(row, IMPORT_IS_REMEMBERED) != 0);
    crm_status s = put_batch(c, row, true, w, &check);
    s = s == CRM_OK ? put_batch(c, row, false, w, &run) : s;
    jw_kstr(w, "state", str_of(s == CRM_OK ? state_of(check, run) : ""));
    jw_end_object(w);
    return s;
}
