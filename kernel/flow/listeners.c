/*
 * listeners.c - module code that follows the change log: in order per record, at least once, each
 * change with its cursor in one commit. Scheduler thread; the code itself runs on the writer.
 *
 * A change that fails is set aside as a due row keyed by listener and record, and later changes of
 * that record queue behind it: a dead letter blocks only its own record.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define PAGE 64

typedef enum how { HEAR, SET_ASIDE, PASS_OVER } how;

typedef struct heard {
    const listener *l;
    const change *ch;
    how how;       /* SET_ASIDE: the change goes to the record's own queue */
    int64_t first; /* position the record's queue starts at */
} heard;

static const listener *find_listener(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->listener_count; i++) {
        if (str_eq(r->listeners[i].name, name)) {
            return &r->listeners[i];
        }
    }
    return NULL;
}

static bool is_for(const listener *l, const change *ch)
{
    return !ch->is_quiet &&
           (str_is(l->entity_name, "*") || str_eq(l->entity_name, ch->entity->name));
}

static crm_str queue_key(crm_ctx *c, const heard *h)
{
    return arena_fmt(c->arena, "%.*s/%u/%lld", STR_FMT(h->l->name), h->ch->entity->id,
                     (long long)h->ch->record);
}

static bool has_queue(crm_ctx *c, crm_str key)
{
    const entity *e = registry_store(c->reg, STORE_DUE);
    const cond *is_key = cond_compare(c->arena, COND_EQ, &e->fields[DUE_KEY], value_text(key));
    const cond *is_job =
        cond_compare(c->arena, COND_EQ, &e->fields[DUE_JOB], value_text(CRM_S("kernel.listener")));
    store_row row;
    return store_first(c->session, c->arena, c->reg, STORE_DUE, cond_and(c->arena, is_job, is_key),
                       &row) == CRM_OK;
}

static crm_status commit_one(crm_ctx *c, void *arg)
{
    heard *h = arg;
    crm_str key = queue_key(c, h);
    bool waits = h->how != PASS_OVER && has_queue(c, key);
    crm_status s = CRM_OK;
    if (h->how == SET_ASIDE && !waits) {
        s = timers_schedule(
            c, CRM_S("kernel.listener"), key, clock_now(),
            arena_fmt(c->arena, "%.*s %lld", STR_FMT(h->l->name), (long long)h->ch->position));
    } else if (h->how == HEAR && !waits) {
        s = h->l->run(c, h->ch, h->l->fn);
    }
    return s == CRM_OK ? changelog_set_cursor(c->tx, h->l->name, h->ch->position) : s;
}

static crm_status hear(flow *f, engine_session *session, heard *h)
{
    crm_ctx c;
    principal who = {.kind = PRINCIPAL_MODULE, .name = h->l->module};
    crm_status s = call_begin(&c, &who, CRM_S("listener"));
    if (s != CRM_OK) {
        return s;
    }
    c.session = session;
    s = writer_run(f, &c, commit_one, h);
    call_end(&c);
    return s;
}

static crm_status read_cursor(crm_ctx *c, void *arg)
{
    heard *h = arg;
    crm_status s = changelog_cursor(c->tx, h->l->name, &h->first);
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    /* A listener that is new hears what happens from now on. */
    s = changelog_last(c->session, c->reg, &h->first);
    return s == CRM_OK ? changelog_set_cursor(c->tx, h->l->name, h->first) : s;
}

/* From the reading session; the writer is asked only by a listener that is new. */
static crm_status cursor_of(flow *f, engine_session *session, const registry *r, heard *h)
{
    crm_ctx c;
    store_row row;
    arena *a = arena_new(0);
    const entity *e = registry_store(r, STORE_CURSOR);
    crm_status s = CRM_NOMEM;
    if (a) {
        s = store_first(session, a, r, STORE_CURSOR,
                        cond_compare(a, COND_EQ, &e->fields[CURSOR_NAME], value_text(h->l->name)),
                        &row);
    }
    if (s == CRM_OK) {
        h->first = store_int(&row, CURSOR_POSITION);
    }
    arena_free(a);
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    s = call_begin(&c, &principal_system, CRM_S("listener"));
    if (s != CRM_OK) {
        return s;
    }
    s = writer_run(f, &c, read_cursor, h);
    call_end(&c);
    return s;
}

/* One change: heard, or set aside for its record's own queue when that fails. */
static crm_status hear_or_set_aside(flow *f, engine_session *session, heard *h)
{
    h->how = HEAR;
    crm_status s = hear(f, session, h);
    if (s == CRM_OK) {
        return s;
    }
    h->how = SET_ASIDE;
    return hear(f, session, h);
}

/* True: there may be more. */
static bool follow(flow *f, engine_session *session, const registry *r, const listener *l)
{
    heard h = {.l = l};
    change_page page = {0};
    engine_turn_end(session);
    if (cursor_of(f, session, r, &h) != CRM_OK) {
        return false;
    }
    arena *a = arena_new(0);
    bool ok = a && changelog_after(session, r, a, h.first, PAGE, &page) == CRM_OK;
    for (uint32_t i = 0; ok && i < page.count; i++) {
        bool is_last = i + 1 == page.count;
        h.ch = &page.at[i];
        h.how = PASS_OVER;
        if (is_for(l, h.ch)) {
            ok = hear_or_set_aside(f, session, &h) == CRM_OK;
        } else if (is_last) { /* a page that does not concern it must not be read for ever */
            ok = hear(f, session, &h) == CRM_OK;
        }
    }
    arena_free(a);
    return ok && page.count && page.has_more;
}

void listeners_run(flow *f, engine_session *session)
{
    const registry *r = registry_pin();
    if (!r) {
        return;
    }
    for (uint32_t i = 0; i < r->listener_count; i++) {
        while (follow(f, session, r, &r->listeners[i])) {
            ;
        }
    }
    registry_unpin(r);
}

/* The queue of one record: its changes from the failed one on, all or none. */
static crm_status run_queue(crm_ctx *c, crm_str arg, const void *fn)
{
    crm_str rest = arg, name = {0};
    int64_t from;
    change_page page;
    (void)fn;
    str_split(&rest, ' ', &name);
    if (str_to_i64(rest, &from) != CRM_OK) {
        return CRM_MISUSE;
    }
    const listener *l = find_listener(c->reg, name);
    crm_status s = changelog_after(c->session, c->reg, c->arena, from - 1, 1, &page);
    if (!l || s != CRM_OK || !page.count) {
        return s;
    }
    const entity *e = page.at[0].entity;
    int64_t id = page.at[0].record;
    for (; page.count && s == CRM_OK;
         s = changelog_after(c->session, c->reg, c->arena, from, PAGE, &page)) {
        for (uint32_t i = 0; i < page.count && s == CRM_OK; i++) {
            from = page.at[i].position;
            if (page.at[i].record == id && page.at[i].entity == e) {
                s = l->run(c, &page.at[i], l->fn);
            }
        }
        if (s != CRM_OK) {
            break;
        }
    }
    return s;
}

crm_status listeners_register(registry *r)
{
    job j = {.run = run_queue,
             .name = CRM_S("kernel.listener"),
             .module = CRM_S("kernel"),
             .limit_ms = 5000};
    return registry_add_job(r, &j);
}
