/*
 * webhook_follow.c - from the change log to deliveries that wait: which changes concern a
 * subscription. The courier's thread reads and judges; the rows and the new position are one
 * commit.
 */
#include "data/positions.h"
#include "flow/webhook_private.h"

#define PAGE      200
#define MANY      20   /* a batch of more rows is told by a line, not by rows */
#define KEEP_STEP 5000 /* positions read without anything to tell before that is kept */

typedef struct following {
    subscription *hook;
    crm_ctx c; /* as the subscription's user */
    principal who;
    const entity *entity;
    const cond *where;
    uint64_t fields[4]; /* updates of these only */
    bool has_fields;
    int64_t batch, batch_total; /* the last that was asked for, and its rows */
    change_page page;
    delivery_wish *wishes;
    uint32_t count;
} following;

static crm_str text_of(const subscription *h, uint32_t column)
{
    return store_text(&h->row, column);
}

crm_status webhook_begin(crm_ctx *c, engine_session *s, const subscription *h, principal *who)
{
    static const principal nobody = {.kind = PRINCIPAL_NOBODY};
    crm_status st = call_begin(c, &nobody, CRM_S("webhook"));
    if (st != CRM_OK) {
        return st;
    }
    c->session = s;
    st = people_principal(c->arena, c->people, store_int(&h->row, WEBHOOK_USER), who);
    if (st != CRM_OK) {
        call_end(c);
        return st;
    }
    c->who = who;
    c->env.me = who->user;
    return CRM_OK;
}

/* ---- what the subscription asks for ---------------------------------------------------------- */

static crm_status read_where(following *f)
{
    json_t *json;
    const cond *unused;
    uint64_t touched[4] = {0};
    cond_error err = {0};
    cond_scope in = {.reg = f->c.reg, .entity = f->entity};
    crm_str text = text_of(f->hook, WEBHOOK_WHERE);
    if (!text.n) {
        return CRM_OK;
    }
    crm_status s = json_read(text, JSON_ITEMS_MAX, &json, NULL);
    if (s != CRM_OK) {
        return s;
    }
    s = cond_read(f->c.arena, &in, json, &f->where, &err);
    json_decref(json);
    return s == CRM_OK ? cond_restrict(&f->c, f->entity, f->where, &unused, touched) : s;
}

static void read_fields(following *f)
{
    json_t *list = NULL, *item;
    size_t i;
    crm_str text = text_of(f->hook, WEBHOOK_FIELDS);
    if (!text.n || json_read(text, FIELDS_MAX, &list, NULL) != CRM_OK) {
        return;
    }
    json_array_foreach(list, i, item)
    {
        const field *at = entity_field(f->entity, str_of(json_string_value(item)));
        f->has_fields = true;
        if (at) {
            bits_add(f->fields, at->index);
        }
    }
    json_decref(list);
}

/* ---- one change ------------------------------------------------------------------------------ */

static bool is_asked(const following *f, char op)
{
    return str_find(text_of(f->hook, WEBHOOK_OPS), op) >= 0;
}

/* The record as the user may see it now, under a further condition; NULL: not at all. */
static const record *seen_now(following *f, int64_t id, const cond *where)
{
    record **rows;
    uint32_t count = 0;
    query *q = query_new(f->c.arena, f->entity);
    if (!q) {
        return NULL;
    }
    q->where = cond_and(
        f->c.arena, cond_compare(f->c.arena, COND_EQ, &f->entity->fields[COL_ID], value_int(id)),
        where);
    q->limit = 1;
    return records_list(&f->c, q, &rows, &count) == CRM_OK && count ? rows[0] : NULL;
}

static bool was_seen(following *f, const value *row)
{
    const branches *all = rights_of(&f->c, f->entity);
    return row && (rights_match(all, row, &f->c.env) & rights_for(all, ACTION_READ));
}

/* Which rows he sees is not always told by the change: a stored one is asked for, too. */
static bool sees_removed(following *f, const change *ch)
{
    uint32_t matched = 0;
    const branches *all = rights_of(&f->c, f->entity);
    if (was_seen(f, ch->row_was) || was_seen(f, ch->row_now)) {
        return true;
    }
    return rights_match_stored(&f->c, f->entity, ch->record, &matched) == CRM_OK &&
           (matched & rights_for(all, ACTION_READ));
}

static bool touches(const following *f, const change *ch, const record *r)
{
    for (uint32_t i = 0; i < ch->field_count; i++) {
        uint16_t at = ch->fields[i];
        if (bits_has(r->visible, at) && (!f->has_fields || bits_has(f->fields, at))) {
            return true;
        }
    }
    return false;
}

/* What the change is for this subscription; 0: nothing. */
static char judge(following *f, const change *ch)
{
    if (ch->op == 'd') {
        return is_asked(f, 'd') && sees_removed(f, ch) ? 'd' : 0;
    }
    const record *r = seen_now(f, ch->record, NULL);
    bool was = was_seen(f, ch->row_was);
    if (!r) {
        return ch->op == 'u' && was && (is_asked(f, 'u') || is_asked(f, 'd')) ? OP_GONE : 0;
    }
    char op = ch->op == 'u' && (was || !ch->row_was) ? 'u' : 'c';
    if (!is_asked(f, op) || (op == 'u' && !touches(f, ch, r))) {
        return 0;
    }
    return !f->where || seen_now(f, ch->record, f->where) ? op : 0;
}

/* ---- a page ---------------------------------------------------------------------------------- */

static bool concerns(const following *f, const change *ch)
{
    bool is_each = store_int(&f->hook->row, WEBHOOK_IS_EACH);
    return ch->entity == f->entity && (is_each || !ch->is_quiet);
}

/* By the whole batch: how many of its changes stand in one page is chance. */
static bool is_large(following *f, int64_t batch)
{
    store_row row;
    const entity *e = registry_store(f->c.reg, STORE_BATCH);
    arena *a = f->c.arena;
    if (f->batch != batch) {
        const cond *it = cond_compare(a, COND_EQ, &e->fields[COL_ID], value_int(batch));
        crm_status s = store_first(f->c.session, a, f->c.reg, STORE_BATCH, it, &row);
        f->batch = batch;
        f->batch_total = s == CRM_OK ? store_int(&row, BATCH_TOTAL) : 0;
    }
    return f->batch_total > MANY;
}

static bool is_told(const following *f, int64_t batch)
{
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->wishes[i].op == OP_MANY && f->wishes[i].batch == batch) {
            return true;
        }
    }
    return false;
}

/* The same however often it is told, and of no other subscription and no other database. */
static crm_str message_of(const following *f, const change *ch, bool is_many)
{
    char text[POSITION_ROOM];
    position_place to = {.of = POSITION_MESSAGE, .entity = is_many, .record = f->hook->row.id};
    position_write(to, ch->position, text);
    return arena_fmt(f->c.arena, "msg_%.*s_%s", STR_FMT(text_of(f->hook, WEBHOOK_KEY_TEXT)), text);
}

static void add(following *f, const change *ch, char op)
{
    bool is_many = op == OP_MANY;
    f->wishes[f->count++] = (delivery_wish){.webhook = f->hook->row.id,
                                            .position = ch->position,
                                            .record = is_many ? 0 : ch->record,
                                            .batch = ch->batch,
                                            .entity = f->entity->name,
                                            .op = op,
                                            .message = message_of(f, ch, is_many)};
}

static void take(following *f, const change *ch)
{
    if (!concerns(f, ch)) {
        return;
    }
    bool is_each = store_int(&f->hook->row, WEBHOOK_IS_EACH);
    bool is_one = is_each || !ch->batch || !is_large(f, ch->batch);
    if (!is_one && is_told(f, ch->batch)) {
        return;
    }
    char op = judge(f, ch);
    if (op) {
        add(f, ch, is_one ? op : OP_MANY);
    }
}

static crm_status commit_page(crm_ctx *c, void *arg)
{
    following *f = arg;
    store_row row;
    int64_t unused;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_WEBHOOK, f->hook->row.id, &row);
    /* It was removed, or sent on to another place of the log, while this was read. */
    if (s != CRM_OK ||
        store_int(&row, WEBHOOK_POSITION) != store_int(&f->hook->row, WEBHOOK_POSITION)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    for (uint32_t i = 0; s == CRM_OK && i < f->count; i++) {
        s = delivery_add(c, &f->wishes[i], &unused);
    }
    store_set(&row, WEBHOOK_POSITION, value_int(f->page.last));
    return s == CRM_OK ? store_save(c->tx, &row) : s;
}

static crm_status keep(flow *fl, following *f)
{
    crm_ctx c;
    int64_t kept = store_int(&f->hook->row, WEBHOOK_POSITION);
    if (!f->count && f->page.last - kept < KEEP_STEP) {
        return CRM_OK;
    }
    crm_status s = call_begin_from(&c, &f->c, &principal_system, CRM_S("webhook"));
    if (s != CRM_OK) {
        return s;
    }
    s = writer_run(fl, &c, commit_page, f);
    call_end(&c);
    if (s == CRM_OK) {
        store_set(&f->hook->row, WEBHOOK_POSITION, value_int(f->page.last));
    }
    return s;
}

static crm_status follow_page(flow *fl, following *f)
{
    arena *a = f->c.arena;
    f->wishes = ARENA_ARRAY(a, delivery_wish, PAGE);
    crm_status s = f->wishes ? read_where(f) : CRM_NOMEM;
    read_fields(f);
    s = s == CRM_OK ? changelog_after(f->c.session, f->c.reg, a, f->hook->read_to, PAGE, &f->page)
                    : s;
    for (uint32_t i = 0; s == CRM_OK && i < f->page.count; i++) {
        take(f, &f->page.at[i]);
    }
    if (s == CRM_OK && arena_failed(a)) {
        s = CRM_NOMEM;
    }
    s = s == CRM_OK ? keep(fl, f) : s;
    if (s == CRM_OK) {
        f->hook->read_to = f->page.last;
        f->hook->waiting += f->count;
    }
    return s;
}

static crm_status commit_pause(crm_ctx *c, void *arg)
{
    return webhook_pause(c, ((const subscription *)arg)->row.id, "condition");
}

/* A condition over what its user does not see, or what is no field any more, would tell nothing for
 * ever: it stops, and somebody hears of it. */
static void pause_hook(flow *fl, subscription *h)
{
    crm_ctx c;
    if (call_begin(&c, &principal_system, CRM_S("webhook")) != CRM_OK) {
        return;
    }
    (void)!writer_run(fl, &c, commit_pause, h);
    call_end(&c);
    store_set(&h->row, WEBHOOK_STATE, value_text(CRM_S(WEBHOOK_PAUSED)));
}

bool webhook_follow(flow *fl, engine_session *s, const registry *r, subscription *h)
{
    following f = {.hook = h};
    engine_turn_end(s);
    if (webhook_begin(&f.c, s, h, &f.who) != CRM_OK) {
        return false;
    }
    /* A registry that was published since has its own turn. */
    f.entity = f.c.reg == r ? registry_entity(r, text_of(h, WEBHOOK_ENTITY)) : NULL;
    crm_status st = f.entity ? follow_page(fl, &f) : CRM_OK;
    bool is_more = f.entity && st == CRM_OK && f.page.has_more;
    if (st != CRM_OK) {
        log_event(LOG_WARN, "webhook.not_followed", "name=%s status=%s",
                  log_quote(text_of(h, WEBHOOK_NAME)), status_code(st));
    }
    call_end(&f.c);
    if (st == CRM_INVALID) {
        pause_hook(fl, h);
    }
    return is_more;
}
