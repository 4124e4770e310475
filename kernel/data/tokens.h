/*
 * tokens.h - bearer tokens of programs over the hidden store `sys.token`.
 *
 * A token is "krk_<key>_<secret>": twelve letters and digits that name its row, and 256 random bits
 * of which only the SHA-256 is kept. What it may do is its user's rights of the moment, narrowed by
 * its scope (access.h). Looking one up costs a hash and a row, as a session does, and is cached with
 * them: revoking moves CACHE_SESSIONS.
 */
#ifndef DATA_TOKENS_H
#define DATA_TOKENS_H

#include "data/accounts.h"

#define TOKEN_PREFIX   "krk_"
#define TOKEN_KEY_SIZE 12
#define TOKENS_OF_USER 100 /* at most */
#define TOKEN_NAME_MAX 100

typedef struct token_wish {
    int64_t user;
    crm_str name;
    crm_str scope;      /* JSON, as access_intern reads it */
    int64_t expires_at; /* 0: never */
} token_wish;

/* Whether this text is meant as a token, well formed or not. */
bool token_is(crm_str text);
/* The part that may be logged; empty when it has none. */
crm_str token_key(crm_str text);
/* *token is shown once. LIMIT: the user has too many. Writer. */
CRM_MUST_CHECK crm_status token_make(crm_ctx *c, const token_wish *w, int64_t *id, crm_str *token);
/* NOT_FOUND: none, or it is not `owner`'s (0: anybody's). Writer. */
CRM_MUST_CHECK crm_status token_revoke(crm_ctx *c, int64_t id, int64_t owner);
/* Keeps the hour of its last use. Writer. */
CRM_MUST_CHECK crm_status token_touch(crm_ctx *c, int64_t id);
/*
 * As accounts_session_read: fills `out` with a negative id (-row) and the scope. NOT_FOUND when it is
 * unknown, wrong, expired, or its user is disabled.
 */
void token_read(engine_session *s, const registry *r, arena *a, crm_str text, session_reader to);

#endif
