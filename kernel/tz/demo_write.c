/*
 * demo_write.c - demonstration data as records, and away again. Writer, inside one request's
 * transaction; it may be run again, so nothing stays outside of it.
 */
#include "flow/batch.h"
#include "flow/store.h"
#include "tz/demo_private.h"

#define KIND CRM_S("demo")

/* ---- the marker ------------------------------------------------------------------------------ */

/* The batch that loaded what is there, with the digest of its file. NOT_FOUND when none is. */
static crm_status find_marker(crm_ctx *c, store_row *row, crm_str *digest)
{
    const entity *e = registry_store(c->reg, STORE_BATCH);
    query q = {.entity = e,
               .where = cond_compare(c->arena, COND_EQ, &e->fields[BATCH_KIND], value_text(KIND)),
               .limit = 1,
               .sorts = {{&e->fields[COL_ID], true}},
               .sort_count = 1};
    store_row *rows;
    uint32_t count;
    json_t *spec = NULL;
    crm_status s = store_list(c->session, c->arena, &q, &rows, &count);
    if (s != CRM_OK || !count || store_int(&rows[0], BATCH_UNDO_OF)) {
        return s != CRM_OK ? s : CRM_NOT_FOUND;
    }
    *row = rows[0];
    s = json_read(store_text(row, BATCH_SPEC), 100, &spec, NULL);
    *digest = s == CRM_OK ? arena_dup(c->arena, json_text(spec, "sha256")) : (crm_str){0};
    json_decref(spec);
    return s;
}

static crm_status leave_marker(crm_ctx *c, const demo *d, int64_t *id)
{
    json_t *spec =
        json_pack("{s:s%,s:s%}", "file", d->file.p, d->file.n, "sha256", d->digest.p, d->digest.n);
    batch_order o = {
        .kind = KIND, .title = d->title, .spec = spec, .total = d->record_count, .is_quiet = true};
    crm_status s = spec ? batch_note_done(c, &o, id) : CRM_NOMEM;
    json_decref(spec);
    return s;
}

/* ---- counting -------------------------------------------------------------------------------- */

static crm_status counts_new(crm_ctx *c, const entity *const *of, uint32_t count, demo_result *out)
{
    out->counts = ARENA_ARRAY(c->arena, demo_count, (size_t)count + 1);
    out->count = count;
    for (uint32_t i = 0; out->counts && i < count; i++) {
        out->counts[i] = (demo_count){.entity = of[i]};
    }
    return out->counts ? CRM_OK : CRM_NOMEM;
}

static void count_one(demo_result *out, const entity *e)
{
    for (uint32_t i = 0; i < out->count; i++) {
        out->counts[i].count += out->counts[i].entity == e;
    }
}

static void drop_empty(demo_result *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->counts[i].count) {
            out->counts[kept++] = out->counts[i];
        }
    }
    out->count = kept;
}

static bool on_record(void *arg, const value *row, uint32_t matched)
{
    (void)row;
    (void)matched;
    *(int64_t *)arg = 1;
    return false;
}

/* Which entities of the file have a record. */
static crm_status look_for_records(crm_ctx *c, demo_result *out, bool *has)
{
    crm_status s = CRM_OK;
    *has = false;
    for (uint32_t i = 0; s == CRM_OK && i < out->count; i++) {
        query q = {.entity = out->counts[i].entity, .limit = 1};
        bits_add(q.select, COL_ID);
        s = tx_list(c->tx, &q, on_record, &out->counts[i].count);
        *has = *has || out->counts[i].count;
    }
    return s;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* It is the system that writes, in the name of who did it. */
static crm_status act_as(crm_ctx *c, int64_t user)
{
    const person *p = people_user(c->people, user);
    principal *who = p ? ARENA_NEW(c->arena, principal) : NULL;
    c->env.me = p ? user : 0;
    c->who = &principal_system;
    if (!p) {
        return CRM_OK;
    }
    if (!who) {
        return CRM_NOMEM;
    }
    *who = (principal){.kind = PRINCIPAL_SYSTEM,
                       .user = user,
                       .name = arena_dup(c->arena, p->login),
                       .department = p->department};
    c->who = who;
    return CRM_OK;
}

static value value_of(crm_ctx *c, const demo_value *v, const int64_t *ids)
{
    crm_str all = {0};
    if (!v->targets || !v->target_count) {
        return v->v;
    }
    if (v->field->type == FIELD_REF) {
        return value_int(ids[v->targets[0]]);
    }
    for (uint32_t i = 0; i < v->target_count; i++) {
        all = arena_fmt(c->arena, "%.*s%s%lld", STR_FMT(all), i ? "\n" : "",
                        (long long)ids[v->targets[i]]);
    }
    return value_text(all);
}

static crm_status write_event(crm_ctx *c, const demo *d, const demo_event *ev, int64_t *ids)
{
    record *r;
    const entity *e = d->records[ev->record].entity;
    call_write_as_of(c, ev->at);
    crm_status s = act_as(c, ev->by);
    if (s == CRM_OK) {
        s = ev->is_new ? records_new(c, e, &r) : records_get(c, e, ids[ev->record], &r);
    }
    for (uint32_t i = 0; s == CRM_OK && i < ev->value_count; i++) {
        s = record_set(r, ev->values[i].field, value_of(c, &ev->values[i], ids));
    }
    s = s == CRM_OK ? records_save(c, r, 0) : s;
    if (s == CRM_OK && ev->is_new) {
        ids[ev->record] = r->v[COL_ID].i;
    }
    return s;
}

/* The first field that was refused, at its place in the file. */
static tz_fault *refusal(crm_ctx *c, const demo_event *ev)
{
    const field_error *e = c->error.fields;
    tz_fault *out = e ? ARENA_NEW(c->arena, tz_fault) : NULL;
    if (!out) {
        return NULL;
    }
    const yaml_node *n = yaml_get(ev->node, arena_cstr(c->arena, e->field));
    *out = demo_fault(c, n ? n : ev->node, e);
    return out;
}

static crm_status write_events(crm_ctx *c, const demo *d, demo_result *out)
{
    int64_t *ids = ARENA_ARRAY(c->arena, int64_t, (size_t)d->record_count + 1);
    crm_status s = ids ? CRM_OK : CRM_NOMEM;
    for (uint32_t i = 0; s == CRM_OK && i < d->event_count; i++) {
        const demo_event *ev = &d->events[i];
        s = write_event(c, d, ev, ids);
        if (s == CRM_OK && ev->is_new) {
            count_one(out, d->records[ev->record].entity);
        } else if (s != CRM_OK) {
            out->refused = refusal(c, ev);
            out->end = out->refused ? DEMO_REFUSED : out->end;
        }
    }
    return s;
}

/* Quietly, and all of it as part of one batch; the call is as it was afterwards. */
static crm_status load(crm_ctx *c, const demo *d, demo_result *out)
{
    const principal *who = c->who;
    const crm_str via = c->via;
    bool was_quiet = c->is_quiet;
    int64_t batch = c->batch, me = c->env.me, id;
    crm_status s = leave_marker(c, d, &id);
    if (s != CRM_OK) {
        return s;
    }
    c->is_quiet = true;
    c->batch = id;
    c->via = CRM_S("batch:demo");
    s = write_events(c, d, out);
    c->via = via;
    c->is_quiet = was_quiet;
    c->batch = batch;
    c->who = who;
    c->env.me = me;
    call_write_as_of(c, 0);
    return s;
}

crm_status demo_load(crm_ctx *c, const demo *d, demo_result *out)
{
    store_row row;
    crm_str digest;
    bool has_records = false;
    *out = (demo_result){.end = DEMO_DONE};
    crm_status s = find_marker(c, &row, &digest);
    if (s == CRM_OK) {
        out->end = str_eq(digest, d->digest) ? DEMO_IS_THERE : DEMO_OTHER;
        return CRM_OK;
    }
    s = s == CRM_NOT_FOUND ? counts_new(c, d->entities, d->entity_count, out) : s;
    s = s == CRM_OK ? look_for_records(c, out, &has_records) : s;
    if (has_records) {
        out->end = DEMO_NOT_EMPTY;
    } else if (s == CRM_OK) {
        s = load(c, d, out);
    }
    drop_empty(out);
    return s;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* A record may lie in the bin already, or be gone from it. */
static crm_status remove_one(crm_ctx *c, const change *made, int64_t batch, demo_result *out)
{
    const int64_t batches[2] = {batch, c->batch};
    bool is_changed = false;
    crm_status s = changelog_changed_since(c->session, c->reg, made, batches, &is_changed);
    s = s == CRM_OK ? records_delete(c, made->entity, made->record, 0) : s;
    if (s == CRM_NOT_FOUND) {
        c->error = (call_error){0};
        return CRM_OK;
    }
    if (s == CRM_OK) {
        out->changed += is_changed;
        count_one(out, made->entity);
    }
    return s;
}

/* Newest first, so that what refers to a record goes before it. */
static crm_status remove_all(crm_ctx *c, int64_t batch, demo_result *out)
{
    change_page page = {0};
    crm_status s = CRM_OK;
    do {
        change_range in = {.before = page.last, .limit = LIST_MAX};
        s = changelog_of_batch(c->session, c->reg, c->arena, batch, in, &page);
        for (uint32_t i = 0; s == CRM_OK && i < page.count; i++) {
            const change *ch = &page.at[i];
            if (ch->op == 'c' && ch->entity) {
                s = remove_one(c, ch, batch, out);
            }
        }
    } while (s == CRM_OK && page.has_more);
    return s;
}

crm_status demo_remove(crm_ctx *c, demo_result *out)
{
    store_row row;
    crm_str digest;
    bool was_quiet = c->is_quiet;
    int64_t was_batch = c->batch, id;
    *out = (demo_result){.end = DEMO_DONE};
    crm_status s = find_marker(c, &row, &digest);
    if (s != CRM_OK) {
        return s;
    }
    s = counts_new(c, c->reg->entities, c->reg->entity_count, out);
    batch_order o = {.kind = KIND,
                     .title = store_text(&row, BATCH_TITLE),
                     .undo_of = row.id,
                     .total = store_int(&row, BATCH_TOTAL),
                     .is_quiet = true};
    s = s == CRM_OK ? batch_note_done(c, &o, &id) : s;
    if (s != CRM_OK) {
        return s;
    }
    c->is_quiet = true;
    c->batch = id;
    s = remove_all(c, row.id, out);
    c->is_quiet = was_quiet;
    c->batch = was_batch;
    drop_empty(out);
    return s;
}
