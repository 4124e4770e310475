/*
 * token_commands.c - `karkas user service` and `karkas token …`: programs and what they sign in
 * with. Worker threads; blocking.
 */
#include <stdio.h>

#include "data/access.h"
#include "data/stores.h"
#include "data/tokens.h"
#include "server.h"

#define DAY_MS (86400LL * 1000)

static bool is_ru(const command_call *c)
{
    return c->lang[0] == 'r';
}

/* Runs `commit` on the writer as the system. */
static crm_status run_as_system(command_call *c, crm_status (*commit)(crm_ctx *, void *), void *arg)
{
    crm_ctx call;
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s == CRM_OK) {
        s = writer_run(c->d->flow, &call, commit, arg);
        call_end(&call);
    }
    return s;
}

/* The same, and says what failed. */
static bool write_as_system(command_call *c, crm_status (*commit)(crm_ctx *, void *), void *arg)
{
    crm_status s = run_as_system(c, commit, arg);
    if (s != CRM_OK) {
        command_fail_status(c, s);
    }
    return s == CRM_OK;
}

/* ---- a program's user ------------------------------------------------------------------------ */

typedef struct program {
    crm_str login, title, roles;
} program;

/* "a,b" as the field of roles holds it. */
static crm_str lines_of(arena *a, crm_str list)
{
    char *copy = arena_alloc(a, list.n + 1);
    for (size_t i = 0; copy && i < list.n; i++) {
        copy[i] = list.p[i] == ',' ? '\n' : list.p[i];
    }
    return (crm_str){copy, copy ? list.n : 0};
}

static crm_status commit_program(crm_ctx *c, void *arg)
{
    const program *p = arg;
    const entity *e = registry_store(c->reg, STORE_USER);
    record *r;
    crm_status s = records_new(c, e, &r);
    if (s != CRM_OK) {
        return s;
    }
    record_set(r, &e->fields[USER_LOGIN], value_text(p->login));
    record_set(r, &e->fields[USER_NAME], value_text(p->title));
    record_set(r, &e->fields[USER_ROLES], value_text(lines_of(c->arena, p->roles)));
    record_set(r, &e->fields[USER_IS_SERVICE], value_int(1));
    return records_save(c, r, 0);
}

void command_user_service(command_call *c)
{
    program p = {str_of(c->args[2]), str_of(c->args[3]),
                 c->count > 4 ? str_of(c->args[4]) : (crm_str){0}};
    if (write_as_system(c, commit_program, &p)) {
        buf_fmt(c->out,
                is_ru(c) ? "%s: пользователь для программы заведён\n"
                         : "%s: a user for a program was made\n",
                c->args[2]);
    }
}

/* ---- making ---------------------------------------------------------------------------------- */

typedef struct making {
    token_wish wish;
    int64_t id;
    char text[128];
} making;

static crm_status commit_token(crm_ctx *c, void *arg)
{
    making *m = arg;
    crm_str token;
    crm_status s = token_make(c, &m->wish, &m->id, &token);
    if (s == CRM_OK) {
        snprintf(m->text, sizeof m->text, "%.*s", STR_FMT(token));
    }
    return s;
}

static json_t *list_of(crm_str text)
{
    json_t *list = json_array();
    crm_str part;
    while (str_split(&text, ',', &part)) {
        if (part.n) {
            json_array_append_new(list, json_stringn(part.p, part.n));
        }
    }
    return list;
}

/* access=write entities=a,b functions=export days=90 */
static bool read_options(command_call *c, json_t *narrow, int64_t *expires_at)
{
    for (int i = 4; i < c->count; i++) {
        crm_str rest = str_of(c->args[i]), key = {0};
        int64_t days;
        str_split(&rest, '=', &key);
        if (str_is(key, "access")) {
            json_object_set_new(narrow, "access", json_stringn(rest.p, rest.n));
        } else if (str_is(key, "entities") || str_is(key, "functions")) {
            json_object_set_new(narrow, str_is(key, "entities") ? "entities" : "functions",
                                list_of(rest));
        } else if (str_is(key, "days") && str_to_i64(rest, &days) == CRM_OK && days > 0 &&
                   days < 100000) {
            *expires_at = clock_now() + days * DAY_MS;
        } else {
            return false;
        }
    }
    return true;
}

static bool find_user(command_call *c, int64_t *user)
{
    const people *p = people_pin();
    const person *u = people_by_login(p, str_of(c->args[2]));
    *user = u ? u->id : 0;
    people_unpin(p);
    if (!*user) {
        command_fail(c, "нет такого логина", "no such login");
    }
    return *user != 0;
}

void command_token_make(command_call *c)
{
    making m = {.wish = {.name = str_of(c->args[3])}};
    const access_scope *unused;
    json_t *narrow = json_pack("{s:s}", "access", "read");
    bool is_good = narrow && read_options(c, narrow, &m.wish.expires_at);
    m.wish.scope = is_good ? json_dump(c->arena, narrow) : (crm_str){0};
    json_decref(narrow);
    if (!is_good || access_intern(m.wish.scope, &unused) != CRM_OK) {
        command_fail(c,
                     "нужно: token make ЛОГИН НАЗВАНИЕ [access=read|write] "
                     "[entities=a,b] [functions=export] [days=90]",
                     "expected: token make LOGIN NAME [access=read|write] [entities=a,b] "
                     "[functions=export] [days=90]");
        return;
    }
    if (find_user(c, &m.wish.user) && write_as_system(c, commit_token, &m)) {
        buf_fmt(c->out, "%s\n", m.text);
    }
    crypto_zero(m.text, sizeof m.text);
}

/* ---- listing and revoking -------------------------------------------------------------------- */

typedef struct listing {
    buf *out;
    const people *people;
} listing;

static bool on_token(void *arg, const value *row, uint32_t matched)
{
    listing *l = arg;
    const person *p = people_user(l->people, row[TOKEN_USER].i);
    char used[CLOCK_TEXT] = "-";
    (void)matched;
    if (row[TOKEN_USED_AT].i) {
        clock_format(row[TOKEN_USED_AT].i, used);
    }
    buf_fmt(l->out, "%-5lld krk_%.*s_… %-16.*s %-24s %.*s\n", (long long)row[COL_ID].i,
            STR_FMT(row[TOKEN_KEY].s), STR_FMT(p ? p->login : (crm_str){0}), used,
            STR_FMT(row[TOKEN_NAME].s));
    return true;
}

static crm_status commit_list(crm_ctx *c, void *arg)
{
    query q = {.entity = registry_store(c->reg, STORE_TOKEN), .limit = 10000};
    listing l = {.out = arg, .people = c->people};
    buf_clear(l.out);
    return tx_list(c->tx, &q, on_token, &l);
}

void command_token_list(command_call *c)
{
    (void)write_as_system(c, commit_list, c->out);
}

static crm_status commit_revoke(crm_ctx *c, void *arg)
{
    return token_revoke(c, *(int64_t *)arg, 0);
}

void command_token_revoke(command_call *c)
{
    int64_t id;
    if (str_to_i64(str_of(c->args[2]), &id) != CRM_OK) {
        command_fail(c, "нужен номер из token list", "the number from token list is needed");
        return;
    }
    crm_status s = run_as_system(c, commit_revoke, &id);
    if (s == CRM_NOT_FOUND) {
        command_fail(c, "нет токена с таким номером: действующие показывает token list",
                     "no token has that number: token list shows those in force");
    } else if (s != CRM_OK) {
        command_fail_status(c, s);
    } else {
        buf_fmt(c->out, is_ru(c) ? "токен %lld отозван\n" : "token %lld was revoked\n",
                (long long)id);
    }
}
