/* file_rows.c - attachments as rows of sys.file: who may have one, where it hangs, when it goes. */
#include "data/files.h"
#include "data/records_private.h"
#include "data/stores.h"

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct finding {
    arena *arena;
    file_row *out;
    uint32_t count;
} finding;

static bool on_file(void *arg, const value *row, uint32_t matched)
{
    finding *f = arg;
    (void)matched;
    f->count++;
    *f->out = (file_row){.id = row[COL_ID].i,
                         .token = arena_dup(f->arena, row[FILE_TOKEN].s),
                         .hash = arena_dup(f->arena, row[FILE_HASH].s),
                         .name = arena_dup(f->arena, row[FILE_NAME].s),
                         .type = arena_dup(f->arena, row[FILE_TYPE].s),
                         .size = row[FILE_SIZE].i,
                         .user = row[FILE_USER].i,
                         .record = row[FILE_RECORD].i,
                         .entity = (uint32_t)row[FILE_ENTITY].i,
                         .field = (uint32_t)row[FILE_FIELD].i,
                         .is_gone = !value_is_null(row[FILE_GONE_AT])};
    return false;
}

static crm_status read_rows(crm_ctx *c, const cond *where, uint32_t limit, engine_row_fn on_row,
                            void *arg)
{
    query *q = query_new(c->arena, registry_store(c->reg, STORE_FILE));
    if (!q || !where) {
        return CRM_NOMEM;
    }
    q->where = where;
    q->limit = limit;
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = on_row, .arg = arg};
    engine_batch b = {.ops = &op, .count = 1};
    return records_run(c, &b);
}

static const cond *is(crm_ctx *c, cond_op op, uint32_t column, value v)
{
    const entity *e = registry_store(c->reg, STORE_FILE);
    return cond_compare(c->arena, op, &e->fields[column], v);
}

crm_status file_find(crm_ctx *c, crm_str token, file_row *out)
{
    finding f = {.arena = c->arena, .out = out};
    if (!file_is_id(token)) {
        return CRM_NOT_FOUND;
    }
    crm_status st = read_rows(c, is(c, COND_EQ, FILE_TOKEN, value_text(token)), 1, on_file, &f);
    /* Texts of stores compare without case; ids do not. */
    bool is_it = st == CRM_OK && f.count && str_eq(out->token, token);
    return st == CRM_OK && !is_it ? CRM_NOT_FOUND : st;
}

crm_status file_is_known(crm_ctx *c, crm_str hash, bool *known)
{
    file_row row;
    finding f = {.arena = c->arena, .out = &row};
    crm_status st = read_rows(c, is(c, COND_EQ, FILE_HASH, value_text(hash)), 1, on_file, &f);
    *known = f.count > 0;
    return st;
}

/* ---- who may --------------------------------------------------------------------------------- */

crm_status file_may_read(crm_ctx *c, const file_row *row)
{
    uint32_t matched = 0;
    uint64_t visible[4], hidden[4];
    if (c->who->kind == PRINCIPAL_SYSTEM) {
        return CRM_OK;
    }
    if (!row->entity) {
        return row->user && row->user == c->who->user ? CRM_OK : CRM_NOT_FOUND;
    }
    const entity *e = registry_entity_by_id(c->reg, row->entity);
    const field *f = e ? entity_field_by_id(e, row->field) : NULL;
    if (!f) {
        return CRM_NOT_FOUND;
    }
    crm_status st = rights_match_stored(c, e, row->record, &matched);
    const branches *b = rights_of(c, e);
    rights_fields_for(b, matched, ACTION_READ, visible);
    records_hidden(e, hidden);
    bool may = matched & rights_for(b, ACTION_READ) && bits_has(visible, f->index) &&
               !bits_has(hidden, f->index);
    return st ? st : may ? CRM_OK : CRM_NOT_FOUND;
}

static bool count_row(void *arg, const value *row, uint32_t matched)
{
    (void)row;
    (void)matched;
    ++*(uint32_t *)arg;
    return true;
}

crm_status file_may_upload(crm_ctx *c)
{
    uint32_t count = 0;
    const cond *loose = cond_and(c->arena, is(c, COND_EQ, FILE_USER, value_int(c->who->user)),
                                 is(c, COND_NONE, FILE_ENTITY, value_null()));
    crm_status st = read_rows(c, loose, FILE_LOOSE_MAX, count_row, &count);
    return st == CRM_OK && count >= FILE_LOOSE_MAX ? CRM_LIMIT : st;
}

/* ---- writing --------------------------------------------------------------------------------- */

static value int_or_null(int64_t i)
{
    return i ? value_int(i) : value_null();
}

crm_status file_add(crm_ctx *c, file_row *row)
{
    value v[FILE_COLUMNS] = {
        [FILE_TOKEN] = value_text(row->token), [FILE_HASH] = value_text(row->hash),
        [FILE_NAME] = value_text(row->name),   [FILE_TYPE] = value_text(row->type),
        [FILE_SIZE] = value_int(row->size),    [FILE_USER] = int_or_null(row->user),
        [FILE_AT] = value_int(clock_now())};
    return tx_insert(c->tx, registry_store(c->reg, STORE_FILE), v, &row->id);
}

crm_status file_place(crm_ctx *c, const file_row *row)
{
    static const uint16_t columns[] = {FILE_ENTITY, FILE_RECORD, FILE_FIELD, FILE_GONE_AT};
    uint64_t set[4] = {0};
    value v[FILE_COLUMNS] = {[FILE_ENTITY] = int_or_null(row->entity),
                             [FILE_RECORD] = int_or_null(row->record),
                             [FILE_FIELD] = int_or_null(row->field),
                             [FILE_GONE_AT] = row->is_gone ? value_int(clock_now()) : value_null()};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        bits_add(set, columns[i]);
    }
    return tx_update(c->tx, registry_store(c->reg, STORE_FILE), row->id, v, set);
}

/* ---- going ----------------------------------------------------------------------------------- */

typedef struct leaving {
    int64_t ids[LIST_MAX];
    uint32_t count;
} leaving;

static bool take_id(void *arg, const value *row, uint32_t matched)
{
    leaving *l = arg;
    (void)matched;
    l->ids[l->count++] = row[COL_ID].i;
    return l->count < LIST_MAX;
}

static crm_status remove_rows(crm_ctx *c, const cond *where, uint32_t limit, bool *is_more)
{
    leaving l = {.count = 0};
    uint32_t most = limit < LIST_MAX ? limit : LIST_MAX;
    crm_status st = read_rows(c, where, most, take_id, &l);
    for (uint32_t i = 0; st == CRM_OK && i < l.count; i++) {
        st = tx_delete(c->tx, registry_store(c->reg, STORE_FILE), l.ids[i]);
    }
    *is_more = l.count == most;
    return st;
}

crm_status file_expire(crm_ctx *c, uint32_t limit, bool *is_more)
{
    int64_t keep = c->reg->bin_keep_ms ? c->reg->bin_keep_ms : BIN_KEEP_MS, now = clock_now();
    const cond *loose = cond_and(c->arena, is(c, COND_NONE, FILE_ENTITY, value_null()),
                                 is(c, COND_LT, FILE_AT, value_int(now - FILE_LOOSE_MS)));
    const cond *gone = is(c, COND_LT, FILE_GONE_AT, value_int(now - keep));
    bool more_loose = false, more_gone = false;
    crm_status st = remove_rows(c, loose, limit, &more_loose);
    st = st ? st : remove_rows(c, gone, limit, &more_gone);
    *is_more = more_loose || more_gone;
    return st;
}

crm_status file_purge(crm_ctx *c, const entity *e, int64_t id)
{
    const cond *of = cond_and(c->arena, is(c, COND_EQ, FILE_ENTITY, value_int(e->id)),
                              is(c, COND_EQ, FILE_RECORD, value_int(id)));
    bool is_more = true;
    crm_status st = CRM_OK;
    while (st == CRM_OK && is_more) {
        st = remove_rows(c, of, LIST_MAX, &is_more);
    }
    return st;
}
