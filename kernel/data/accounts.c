/* accounts.c - credentials: the stored hash of a login, and what a new password must not be. */
#include "data/accounts_private.h"
#include "data/people.h"
#include "data/stores.h"
#include "data/tx_private.h"

#define NAME_MIN 5 /* letters: «ООО» or «дом» stand in many a good password */

/* Well formed, of the cost of a real one, and made from random bytes: nothing matches it. */
static const char no_account[] = "$argon2id$v=19$m=19456,t=2,p=1$dW5rbm93biBhY2NvdW50IQ$"
                                 "7m0Zk2T9yq3WcV5s1uXfB8dLrPAhNgJeQoYiKxMtC4w";

/* ---- reading --------------------------------------------------------------------------------- */

static crm_status stored_credential(engine_session *s, const registry *r, arena *a, crm_str login,
                                    value **credential)
{
    value *user;
    crm_status st =
        tx_find_row(s, registry_store(r, STORE_USER), USER_LOGIN, value_text(login), a, &user);
    if (!st && (user[USER_IS_DISABLED].i || user[USER_IS_SERVICE].i)) {
        st = CRM_NOT_FOUND;
    }
    if (!st) {
        st = tx_find_row(s, registry_store(r, STORE_CREDENTIAL), CREDENTIAL_USER, user[COL_ID], a,
                         credential);
    }
    return st;
}

crm_status accounts_hash(engine_session *s, const registry *r, arena *a, crm_str login,
                         account_secret *out)
{
    value *row = NULL;
    crm_status st =
        login.n && text_is_utf8(login) ? stored_credential(s, r, a, login, &row) : CRM_NOT_FOUND;
    *out = (account_secret){.phc = str_of(no_account)};
    if (st) {
        return st == CRM_NOT_FOUND ? CRM_OK : st;
    }
    value expires = row[CREDENTIAL_EXPIRES_AT];
    if (value_is_null(expires) || expires.i > clock_now()) {
        *out = (account_secret){.phc = row[CREDENTIAL_PHC].s,
                                .user = row[CREDENTIAL_USER].i,
                                .is_one_time = row[CREDENTIAL_IS_ONE_TIME].i != 0};
    }
    return CRM_OK;
}

/* ---- a new password -------------------------------------------------------------------------- */

static bool holds_word(crm_str folded, crm_str word)
{
    return text_length(word) >= 4 && memmem(folded.p, folded.n, word.p, word.n);
}

/* Nobody writes «ООО «СтройТехника»»; who guesses begins with «стройтехника». */
static bool holds_company(crm_ctx *c, crm_str folded)
{
    text_scan scan;
    text_word w;
    crm_str word;
    if (text_sort_key(c->arena, c->reg->company, &word) == CRM_OK && holds_word(folded, word)) {
        return true;
    }
    text_scan_init(&scan, c->reg->company);
    while (text_scan_next(&scan, &w)) {
        crm_str written = {c->reg->company.p + w.from, w.to - w.from};
        if (text_length(written) >= NAME_MIN && text_sort_key(c->arena, written, &word) == CRM_OK &&
            holds_word(folded, word)) {
            return true;
        }
    }
    return false;
}

crm_status accounts_check_new(crm_ctx *c, crm_str login, crm_str password)
{
    crm_str folded, name;
    const char *code = NULL;
    if (!text_is_utf8(password)) {
        return call_fail_field(c, CRM_S("new"), "type_mismatch", (crm_str){0});
    }
    if (text_length(password) < PASSWORD_MIN) {
        return call_fail_field(c, CRM_S("new"), "too_short",
                               arena_fmt(c->arena, "{\"min\":%d}", PASSWORD_MIN));
    }
    if (text_length(password) > PASSWORD_MAX) {
        return call_fail_field(c, CRM_S("new"), "too_long",
                               arena_fmt(c->arena, "{\"max\":%d}", PASSWORD_MAX));
    }
    crm_status st = text_sort_key(c->arena, password, &folded);
    st = st ? st : text_sort_key(c->arena, login, &name);
    if (st) {
        return st;
    }
    if (holds_word(folded, name) || str_eq(folded, name) || holds_company(c, folded) ||
        holds_word(folded, CRM_S("karkas")) || holds_word(folded, CRM_S("каркас"))) {
        code = "has_login";
    } else if (password_is_common(folded)) {
        code = "too_common";
    }
    return code ? call_fail_field(c, CRM_S("new"), code, (crm_str){0}) : CRM_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static crm_status put_credential(crm_ctx *c, value fresh[CREDENTIAL_COLUMNS])
{
    const entity *e = registry_store(c->reg, STORE_CREDENTIAL);
    value *row;
    int64_t id;
    crm_status st =
        tx_find_row(c->session, e, CREDENTIAL_USER, fresh[CREDENTIAL_USER], c->arena, &row);
    if (st == CRM_NOT_FOUND) {
        return tx_insert(c->tx, e, fresh, &id);
    }
    uint64_t set[4] = {0};
    for (uint32_t i = COL_OWN; i < CREDENTIAL_COLUMNS; i++) {
        bits_add(set, i);
    }
    return st ? st : tx_update(c->tx, e, row[COL_ID].i, fresh, set);
}

crm_status accounts_set_hash(crm_ctx *c, int64_t user, crm_str phc, bool is_one_time)
{
    value row[CREDENTIAL_COLUMNS] = {0};
    int64_t now = clock_now();
    row[CREDENTIAL_USER] = value_int(user);
    row[CREDENTIAL_PHC] = value_text(phc);
    row[CREDENTIAL_IS_ONE_TIME] = value_int(is_one_time);
    row[CREDENTIAL_SET_AT] = value_int(now);
    row[CREDENTIAL_EXPIRES_AT] = is_one_time ? value_int(now + ONE_TIME_LIFE_MS) : value_null();
    return put_credential(c, row);
}
