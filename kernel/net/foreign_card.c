/*
 * foreign_card.c - what a role shows of a record that its holder may not read: that it is there,
 * and so much of it as the ТЗ names under `foreign`. Pool.
 */
#include "data/field.h"
#include "data/merge.h"
#include "data/stores.h"
#include "net/api_private.h"

typedef struct foreign_read {
    crm_ctx *call;
    const entity *entity;
    const value *ids;
    value **rows; /* as they are stored, until they are written */
    uint32_t count;
    bool is_hidden; /* just written by who may not read it */
} foreign_read;

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    foreign_read *x = arg;
    value *copy = ARENA_ARRAY(x->call->arena, value, x->entity->field_count);
    (void)matched;
    for (uint32_t i = 0; copy && i < x->entity->field_count; i++) {
        copy[i] = value_dup(x->call->arena, row[i]);
    }
    for (uint32_t i = 0; i < x->count; i++) {
        if (x->ids[i].i == row[COL_ID].i) {
            x->rows[i] = copy;
        }
    }
    return copy != NULL;
}

/* Everybody knows who works here and in which department; any other title is read under his rights.
 */
static crm_str label_of(crm_ctx *c, const field *f, int64_t id)
{
    crm_str label = {0};
    const person *p = f->type == FIELD_USER ? people_user(c->people, id) : NULL;
    bool is_department = f->type == FIELD_REF && f->ref == registry_store(c->reg, STORE_DEPARTMENT);
    const department *d = is_department ? people_department(c->people, id) : NULL;
    if (p || d) {
        return p ? p->name : d->title;
    }
    if (f->type == FIELD_REF && !is_department) {
        (void)!records_labels(c, f->ref, &id, 1, &label);
    }
    return label;
}

static void put_shown(json_writer *w, crm_ctx *c, const field *f, value v)
{
    jw_name(w, f->name);
    field_to_json(w, f, &v, v.kind == VALUE_INT ? label_of(c, f, v.i) : (crm_str){0}, false);
}

/* A field that he sees in no record of his own is not shown in another's. */
static crm_str write_card(const foreign_read *x, const value *row, unsigned shown)
{
    const entity *e = x->entity;
    const struct {
        unsigned bit;
        uint16_t field;
    } parts[] = {{FOREIGN_NAME, e->title_field},
                 {FOREIGN_OWNER, e->owner_fields[0]},
                 {FOREIGN_DEPARTMENT, e->department_field}};
    uint64_t seen[4];
    json_writer w;
    buf b;
    rights_fields(x->call, e, seen);
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kint(&w, "id", row[COL_ID].i);
    if (x->is_hidden) {
        jw_kbool(&w, "hidden", true);
    }
    jw_kbool(&w, "foreign", true);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (shown & parts[i].bit && parts[i].field && bits_has(seen, parts[i].field)) {
            put_shown(&w, x->call, &e->fields[parts[i].field], row[parts[i].field]);
        }
    }
    jw_end_object(&w);
    crm_str card = b.failed ? (crm_str){0} : arena_dup(x->call->arena, buf_view(&b));
    buf_free(&b);
    return card;
}

/* The kernel's own read: what is shown is decided by the role. */
static crm_status read_rows(foreign_read *x)
{
    crm_ctx *c = x->call;
    const entity *e = x->entity;
    query q = {.entity = e, .limit = LIST_MAX};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = x};
    engine_batch b = {.ops = &op, .count = 1};
    const uint16_t wanted[] = {COL_ID, e->title_field, e->owner_fields[0], e->department_field};
    q.where = cond_in(c->arena, &e->fields[COL_ID], x->ids, x->count);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        bits_add(q.select, wanted[i]);
    }
    crm_status s = call_limit_read(c, &b);
    return s ? s : engine_read_now(c->session, &b);
}

static crm_status cards_of(foreign_read *x, crm_str *cards)
{
    unsigned shown = rights_foreign(x->call, x->entity);
    if (!shown || !x->count) {
        return CRM_OK;
    }
    x->rows = ARENA_ARRAY(x->call->arena, value *, x->count);
    crm_status s = x->rows ? read_rows(x) : CRM_NOMEM;
    for (uint32_t i = 0; s == CRM_OK && i < x->count; i++) {
        if (x->rows[i]) { /* titles of other records are read when no other read is running */
            cards[i] = write_card(x, x->rows[i], shown);
        }
    }
    return s;
}

crm_status foreign_cards(crm_ctx *c, const entity *e, const value *ids, uint32_t count,
                         crm_str *cards)
{
    foreign_read x = {.call = c, .entity = e, .ids = ids, .count = count};
    return cards_of(&x, cards);
}

/* ---- instead of 404 -------------------------------------------------------------------------- */

static void look(api_call *k)
{
    value id = value_int(k->id);
    crm_str card = {0};
    bool is_read = k->http->verb == VERB_GET || k->http->verb == VERB_HEAD;
    k->status = is_read ? foreign_cards(&k->c, k->entity, &id, 1, &card) : CRM_OK;
    if (k->status == CRM_OK && card.n) {
        buf_str(&k->text, card);
    } else if (k->status == CRM_OK) {
        k->status = merged_answer(&k->c, k->entity, k->id, CRM_NOT_FOUND);
    }
}

static void answer(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

void records_answer_missing(api_call *k)
{
    api_look(k, look, answer);
}

/* ---- of what he wrote ------------------------------------------------------------------------ */

void records_look_hidden(api_call *k)
{
    value id = value_int(k->id);
    crm_str card = {0};
    foreign_read x = {
        .call = &k->c, .entity = k->entity, .ids = &id, .count = 1, .is_hidden = true};
    if (cards_of(&x, &card) == CRM_OK && card.n) {
        buf_str(&k->text, card);
    } else {
        buf_fmt(&k->text, "{\"id\":%lld,\"hidden\":true}", (long long)k->id);
    }
    k->status = CRM_OK; /* the record was saved, whether there is a card or none */
}
