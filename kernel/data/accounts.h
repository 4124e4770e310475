/*
 * accounts.h - logins and sessions over the kernel's hidden stores `sys.credential`, `sys.session`.
 *
 * Password hashes never leave this file's implementation. Hashing runs on the crypto threads: a
 * pool task reads the PHC string, a crypto task checks it, the writer makes the session.
 * Session tokens are 256 random bits, stored as SHA-256; a lookup needs one hash and one row, and
 * is cached per loop until the session's epoch moves (logout, disable, password change).
 */
#ifndef DATA_ACCOUNTS_H
#define DATA_ACCOUNTS_H

#include "data/records.h"

#define SESSION_IDLE_MS (12LL * 3600 * 1000)
#define SESSION_LIFE_MS (30LL * 24 * 3600 * 1000)
#define ONE_TIME_LIFE_MS (72LL * 3600 * 1000)
#define PASSWORD_MIN 8 /* characters */
#define PASSWORD_MAX 256

typedef struct session_info {
    int64_t id; /* negative: a token's (tokens.h) */
    int64_t user, expires_at;
    bool must_set_password;
    char csrf[44];
    const access_scope *scope; /* a token's */
} session_info;

typedef struct account_secret {
    crm_str phc;  /* in the arena */
    int64_t user; /* 0: there is none */
    bool is_one_time;
} account_secret;

/* Pool. The stored hash of a login, or one that matches nothing (same cost) when there is no such user. */
CRM_MUST_CHECK crm_status accounts_hash(engine_session *s, const registry *r, arena *a, crm_str login,
                                        account_secret *out);
/* Refusals of a new password: too_short, too_long, too_common, has_login. OK else. */
CRM_MUST_CHECK crm_status accounts_check_new(crm_ctx *c, crm_str login, crm_str password);
/* Writer. */
CRM_MUST_CHECK crm_status accounts_set_hash(crm_ctx *c, int64_t user, crm_str phc, bool is_one_time);
CRM_MUST_CHECK crm_status accounts_session_new(crm_ctx *c, int64_t user, bool must_set_password,
                                               crm_str address, crm_str agent, crm_str *token);
CRM_MUST_CHECK crm_status accounts_session_end(crm_ctx *c, int64_t session);
CRM_MUST_CHECK crm_status accounts_sessions_end_all(crm_ctx *c, int64_t user, int64_t but);
/* The session may go on: its one-time code was replaced by a password. */
CRM_MUST_CHECK crm_status accounts_session_password_set(crm_ctx *c, int64_t session);
CRM_MUST_CHECK crm_status accounts_session_touch(crm_ctx *c, int64_t session);
typedef struct session_reader {
    session_info *out; /* lives until done */
    void (*done)(void *arg, crm_status st);
    void *arg;
} session_reader;

/* Loop form, of a token too. */
void accounts_session_read(engine_session *s, const registry *r, arena *a, crm_str token,
                           session_reader to);
/* Pool or writer; NOT_FOUND when unknown, expired, idle too long, or its user is disabled. */
CRM_MUST_CHECK crm_status accounts_session_find(engine_session *s, const registry *r, crm_str token,
                                                session_info *out);
/* A cache of sessions compares cache_epoch(CACHE_SESSIONS) and cache_epoch(CACHE_PEOPLE) (tx.h). */

/* Back-off of failed logins per account+address and per address; memory only, bounded. */
int accounts_throttle_s(crm_str login, crm_str address); /* seconds to wait; 0: go on */
/* Before the password is looked at: attempts that run beside each other count like others. */
void accounts_failed(crm_str login, crm_str address);
/* The attempt that was counted has proved right: forgets the account's, takes this one from the address's. */
void accounts_succeeded(crm_str login, crm_str address);

#endif
