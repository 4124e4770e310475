/*
 * outbox.c - outgoing mail as rows: written in the transaction that wants it sent, sent by a worker
 * afterwards, with growing pauses for about three days, then dead. The row's key is the message id,
 * so a repeated mail is recognised by the receiver.
 */
#include "flow/flow_private.h"
#include "flow/secrets.h"
#include "flow/store.h"
#include "out/out.h"

#define JOB      CRM_S("kernel.mail")
#define LIMIT_MS 60000

crm_status outbox_mail(crm_ctx *c, crm_str to, crm_str subject, crm_str body, crm_str key)
{
    store_row row;
    crm_status s = store_new(c->arena, c->reg, STORE_OUTBOX, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, OUTBOX_KIND, value_text(CRM_S("mail")));
    store_set(&row, OUTBOX_KEY, value_text(key));
    store_set(&row, OUTBOX_TO, value_text(to));
    store_set(&row, OUTBOX_SUBJECT, value_text(subject));
    store_set(&row, OUTBOX_BODY, value_text(body));
    store_set(&row, OUTBOX_STATE, value_text(CRM_S(STATE_NEW)));
    store_set(&row, OUTBOX_AT, value_int(clock_now()));
    s = store_save(c->tx, &row);
    if (s != CRM_OK) {
        return s;
    }
    crm_str id = arena_fmt(c->arena, "%lld", (long long)row.id);
    return timers_schedule(c, JOB, id, clock_now(), id);
}

/* ---- sending --------------------------------------------------------------------------------- */

static const integration *mail_integration(const registry *r)
{
    for (uint32_t i = 0; i < r->integration_count; i++) {
        if (str_is(r->integrations[i].type_name, "smtp")) {
            return &r->integrations[i];
        }
    }
    return NULL;
}

static crm_status server_from(crm_ctx *c, const integration *i, mail_server *out)
{
    json_t *set;
    crm_status s = json_read(i->settings_json, 0, &set, NULL);
    if (s != CRM_OK) {
        return s;
    }
    *out = (mail_server){.url = arena_dup(c->arena, json_text(set, "url")),
                         .user = arena_dup(c->arena, json_text(set, "user")),
                         .from = arena_dup(c->arena, json_text(set, "from")),
                         .limit_ms = LIMIT_MS};
    if (json_object_get(set, "password")) {
        s = secret_read(c->arena, json_object_get(set, "password"), &out->password);
    }
    if (str_is_empty(out->user)) {
        out->user = out->password.n ? out->from : (crm_str){0};
    }
    json_decref(set);
    return s;
}

typedef struct letter {
    store_row row;
    bool is_permanent;
} letter;

static crm_status send_row(crm_ctx *c, letter *l)
{
    const integration *i = mail_integration(c->reg);
    mail_server server;
    mail_result result = {0};
    if (!i) {
        return CRM_UNAVAILABLE;
    }
    crm_status s = server_from(c, i, &server);
    if (s != CRM_OK) {
        return s;
    }
    mail_message m = {.to = store_text(&l->row, OUTBOX_TO),
                      .subject = store_text(&l->row, OUTBOX_SUBJECT),
                      .text = store_text(&l->row, OUTBOX_BODY),
                      .message_id = store_text(&l->row, OUTBOX_KEY),
                      .date = store_int(&l->row, OUTBOX_AT)};
    s = mail_send(c->arena, &server, &m, &result);
    l->is_permanent = result.is_permanent;
    if (s != CRM_OK) {
        log_event(LOG_WARN, "mail.failed", "to=%s smtp=%d error=%s", log_mask(m.to),
                  result.smtp_code, log_quote(result.error));
    }
    return s;
}

/* Worker: a mail the server refuses for good is given up at once; any other failure is tried again.
 */
static crm_status work(crm_ctx *c, crm_str arg, const void *fn)
{
    int64_t id;
    letter *l = ARENA_NEW(c->arena, letter);
    const entity *e = registry_store(c->reg, STORE_OUTBOX);
    (void)fn;
    if (!l || str_to_i64(arg, &id) != CRM_OK) {
        return CRM_MISUSE;
    }
    const cond *is_it = cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(id));
    crm_status s = store_first(c->session, c->arena, c->reg, STORE_OUTBOX, is_it, &l->row);
    if (s != CRM_OK || !str_is(store_text(&l->row, OUTBOX_STATE), STATE_NEW)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = send_row(c, l);
    c->prepared = l;
    return l->is_permanent ? CRM_OK : s;
}

static crm_status tell(crm_ctx *c, int64_t user, const void *arg)
{
    const store_row *row = arg;
    buf b;
    crm_str to = store_text(row, OUTBOX_TO);
    crm_str text = registry_text(c->reg, c->reg->locale, CRM_S("mail.dead"));
    json_t *params = json_pack("{s:s%}", "to", to.n ? to.p : "", to.n);
    buf_init(&b, 4096);
    registry_text_fill(text, json_dump(c->arena, params), &b);
    crm_status s = notices_send_once(c, user, CRM_S("mail"), buf_view(&b));
    json_decref(params);
    buf_free(&b);
    return s;
}

/* Said on the page and not by mail, which is what does not arrive. */
static crm_status bury(crm_ctx *c, store_row *row)
{
    log_event(LOG_ERROR, "mail.given_up", "to=%s", log_mask(store_text(row, OUTBOX_TO)));
    atomic_fetch_add(&flow_running()->mails_dead, 1);
    store_set(row, OUTBOX_STATE, value_text(CRM_S(STATE_DEAD)));
    crm_status s = store_save(c->tx, row);
    return s == CRM_OK ? notices_to_settings(c, tell, row) : s;
}

static crm_status run(crm_ctx *c, crm_str arg, const void *fn)
{
    letter *l = c->prepared;
    (void)arg;
    (void)fn;
    if (!l) {
        return CRM_OK;
    }
    if (l->is_permanent) {
        return bury(c, &l->row);
    }
    store_set(&l->row, OUTBOX_STATE, value_text(CRM_S(STATE_DONE)));
    return store_save(c->tx, &l->row);
}

static crm_status give_up(crm_ctx *c, crm_str arg, const void *fn)
{
    int64_t id;
    store_row row;
    (void)fn;
    crm_status s = str_to_i64(arg, &id);
    if (s == CRM_OK) {
        s = store_load(c->tx, c->arena, c->reg, STORE_OUTBOX, id, &row);
    }
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    return bury(c, &row);
}

#define NEEDED "{\"type\":\"text\",\"required\":true}"

crm_status outbox_register(registry *r)
{
    job j = {.work = work,
             .run = run,
             .give_up = give_up,
             .name = JOB,
             .module = CRM_S("kernel"),
             .limit_ms = LIMIT_MS};
    integration_type smtp = {.name = CRM_S("smtp"),
                             .module = CRM_S("kernel"),
                             .is_signed = true,
                             .schema_json = CRM_S("{\"url\":" NEEDED ",\"from\":" NEEDED
                                                  ",\"user\":{\"type\":\"text\"},"
                                                  "\"password\":{\"type\":\"secret\"}}")};
    crm_status s = registry_add_integration_type(r, &smtp);
    return s == CRM_OK ? registry_add_job(r, &j) : s;
}
