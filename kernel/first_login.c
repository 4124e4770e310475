/* first_login.c - the administrator of a deployment that nobody can log in to yet. Start-up thread.
 */
#include <unistd.h>

#include "data/stores.h"
#include "flow/first_login.h"
#include "server.h"

#define ADMIN        CRM_S("admin")
#define CODE_LETTERS "abcdefghjkmnpqrstuvwxyz23456789"

crm_str deployment_code(arena *a)
{
    uint8_t random[12];
    char *text = arena_alloc(a, 16);
    if (!text) {
        return (crm_str){0};
    }
    crypto_random(random, sizeof random);
    for (int i = 0, at = 0; i < 12; i++) {
        if (i && i % 4 == 0) {
            text[at++] = '-';
        }
        text[at++] = CODE_LETTERS[random[i] % (sizeof CODE_LETTERS - 1)];
    }
    return (crm_str){text, 14};
}

typedef struct first {
    crm_str phc;
    int64_t admin; /* who was given the code before this one; 0: nobody yet */
    bool has_any, has_password;
    bool is_expired; /* that code of his */
} first;

static bool saw_credential(void *arg, const value *row, uint32_t matched)
{
    first *f = arg;
    (void)matched;
    f->has_any = true;
    f->has_password |= !row[CREDENTIAL_IS_ONE_TIME].i;
    if (f->admin && row[CREDENTIAL_USER].i == f->admin) {
        value until = row[CREDENTIAL_EXPIRES_AT];
        f->is_expired = !value_is_null(until) && until.i <= clock_now();
    }
    return !f->has_password;
}

static crm_status look_for_credentials(crm_ctx *c, void *arg)
{
    first *f = arg;
    query *any = query_new(c->arena, registry_store(c->reg, STORE_CREDENTIAL));
    if (!any) {
        return CRM_NOMEM;
    }
    any->limit = LIST_MAX;
    const person *known = people_by_login(c->people, ADMIN);
    f->admin = known ? known->id : 0;
    return tx_list(c->tx, any, saw_credential, f);
}

static crm_status make_admin(crm_ctx *c, void *arg)
{
    first *f = arg;
    record *r;
    if (f->has_any) {
        return accounts_set_hash(c, f->admin, f->phc, true);
    }
    const entity *e = registry_store(c->reg, STORE_USER);
    crm_status s = records_new(c, e, &r);
    const value given[][2] = {
        {value_int(USER_LOGIN), value_text(ADMIN)},
        {value_int(USER_NAME), value_text(registry_text(c->reg, c->lang, CRM_S("role.admin")))},
        {value_int(USER_ROLES), value_text(CRM_S(ROLE_ADMIN))},
    };
    for (size_t i = 0; s == CRM_OK && i < sizeof given / sizeof given[0]; i++) {
        s = record_set(r, &e->fields[given[i][0].i], given[i][1]);
    }
    if (s == CRM_OK) {
        s = records_save(c, r, 0);
    }
    return s == CRM_OK ? accounts_set_hash(c, r->v[COL_ID].i, f->phc, true) : s;
}

/* Nobody was ever let in, or only by a code that lets in nobody any more. */
static bool is_needed(const first *f)
{
    return !f->has_any || (f->is_expired && !f->has_password);
}

/* The code's file stays until somebody has a password of his own. */
static crm_status make_first_login(deployment *d, crm_ctx *c, first *f, buf *say)
{
    crm_str file = arena_fmt(c->arena, "%s/" FIRST_LOGIN_FILE, d->o->data);
    if (!is_needed(f)) {
        if (f->has_password && file.p) {
            unlink(file.p);
        }
        return CRM_OK;
    }
    crm_str code = deployment_code(c->arena);
    crm_str text = arena_fmt(c->arena, "admin %.*s\n", STR_FMT(code));
    crm_status s = crypto_password_hash(c->arena, code, &f->phc);
    if (s == CRM_OK) {
        s = fs_write(file.p, text, 0600);
    }
    if (s == CRM_OK) {
        buf_str(say, text);
        log_event(LOG_INFO, f->has_any ? "first_login.renewed" : "first_login.made", "file=%s",
                  log_quote(file));
    }
    return s == CRM_OK ? writer_run(d->flow, c, make_admin, f) : s;
}

crm_status deployment_first_login(deployment *d, buf *say)
{
    crm_ctx c;
    first f = {0};
    crm_status s = call_begin(&c, &principal_system, CRM_S("start"));
    if (s != CRM_OK) {
        return s;
    }
    c.lang = c.reg->locale.n ? c.reg->locale : CRM_S("ru");
    s = writer_run(d->flow, &c, look_for_credentials, &f);
    if (s == CRM_OK) {
        s = make_first_login(d, &c, &f, say);
    }
    call_end(&c);
    return s;
}
