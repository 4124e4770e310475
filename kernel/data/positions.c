/* positions.c - see positions.h. */
#include "data/positions.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "base/log.h"

#define KEY_FILE_MAX 4096
#define KEY_SIGN     4  /* bytes that tell one key from another; they say nothing of it */
#define PLAIN        16 /* the position, and a number that makes texts differ */
#define TOKEN        (KEY_SIGN + SIV_SIZE + PLAIN)

_Static_assert(CRYPTO_BASE64URL(TOKEN) == POSITION_ROOM, "no letter of a text may be spare");

static struct {
    crypto_siv *siv;
    uint8_t sign[KEY_SIGN];
    _Atomic uint64_t next; /* sealed with what is not to look the same: it is seen by nobody */
} key;

/* ---- the key --------------------------------------------------------------------------------- */

static crm_status use(const uint8_t bytes[SIV_KEY])
{
    uint8_t sum[SHA256_SIZE];
    uint64_t first;
    crypto_siv *siv = crypto_siv_new(bytes);
    if (!siv) {
        return CRM_NOMEM;
    }
    crypto_siv_free(key.siv);
    key.siv = siv;
    crypto_hmac_sha256((crm_str){(const char *)bytes, SIV_KEY}, CRM_S("position key"), sum);
    memcpy(key.sign, sum, KEY_SIGN);
    crypto_random(&first, sizeof first); /* a start goes on in numbers that no other has used */
    atomic_store(&key.next, first);
    return CRM_OK;
}

static crm_status make_file(arena *a, const char *path, crm_str *text)
{
    *text = crypto_token(a, SIV_KEY);
    return text->n ? fs_write(path, *text, 0600) : CRM_NOMEM;
}

static crm_status read_file(arena *a, const char *path, uint8_t out[SIV_KEY])
{
    crm_str text, bytes;
    crm_status s = fs_read(a, path, KEY_FILE_MAX, &text);
    if (s == CRM_NOT_FOUND) {
        s = make_file(a, path, &text);
    }
    s = s == CRM_OK ? crypto_unbase64url(a, str_trim(text), &bytes) : s;
    if (s == CRM_OK && bytes.n != SIV_KEY) {
        s = CRM_INVALID;
    }
    if (s == CRM_OK) {
        memcpy(out, bytes.p, SIV_KEY);
        crypto_zero((char *)bytes.p, bytes.n);
    } else {
        log_event(LOG_ERROR, "positions.no_key", "file=%s status=%s", log_quote(str_of(path)),
                  status_code(s));
    }
    return s;
}

crm_status positions_set_up(const char *dir)
{
    uint8_t bytes[SIV_KEY];
    crm_status s = CRM_OK;
    if (dir) {
        arena *a = arena_new(0);
        crm_str path = a ? arena_fmt(a, "%s/" POSITION_KEY_FILE, dir) : (crm_str){0};
        s = path.p ? read_file(a, path.p, bytes) : CRM_NOMEM;
        arena_free(a);
    } else {
        crypto_random(bytes, sizeof bytes);
    }
    s = s == CRM_OK ? use(bytes) : s;
    crypto_zero(bytes, sizeof bytes);
    return s;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void put(uint8_t *out, uint64_t v, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--) {
        out[i - 1] = (uint8_t)v;
        v >>= 8;
    }
}

static uint64_t get(const uint8_t *in)
{
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++) {
        v = v << 8 | in[i];
    }
    return v;
}

#define ABOUT 13

static crm_str about(position_place p, uint8_t out[ABOUT])
{
    out[0] = (uint8_t)p.of;
    put(out + 1, p.entity, 4);
    put(out + 5, (uint64_t)p.record, 8);
    return (crm_str){(const char *)out, ABOUT};
}

static bool is_never_equal(position_of of)
{
    return of == POSITION_FEED || of == POSITION_STREAM;
}

static void seal(position_place p, int64_t position, uint64_t more, char out[POSITION_ROOM])
{
    uint8_t plain[PLAIN] = {0}, token[TOKEN], place[ABOUT];
    assert(key.siv && position >= 0);
    crm_str of = about(p, place);
    put(plain, (uint64_t)position, 8);
    put(plain + 8, more, 8);
    memcpy(token, key.sign, KEY_SIGN);
    crypto_siv_seal(key.siv, &of, 1, (crm_str){(const char *)plain, PLAIN}, token + KEY_SIGN);
    crypto_base64url_to(out, token, TOKEN);
}

void position_write(position_place p, int64_t position, char out[POSITION_ROOM])
{
    seal(p, position, is_never_equal(p.of) ? atomic_fetch_add(&key.next, 1) : 0, out);
}

void position_write_pair(position_place p, const int64_t at[2], char out[POSITION_ROOM])
{
    assert(!is_never_equal(p.of) && at[1] >= 0);
    seal(p, at[0], (uint64_t)at[1], out);
}

static crm_status open_text(position_place p, crm_str text, int64_t at[2])
{
    uint8_t plain[PLAIN], token[POSITION_ROOM], place[ABOUT];
    size_t n;
    assert(key.siv);
    if (text.n != POSITION_ROOM - 1 || crypto_unbase64url_to(token, text, &n) != CRM_OK) {
        return CRM_INVALID;
    }
    if (memcmp(token, key.sign, KEY_SIGN) != 0) {
        return CRM_STALE;
    }
    crm_str of = about(p, place);
    crm_str sealed = {(const char *)token + KEY_SIGN, TOKEN - KEY_SIGN};
    if (crypto_siv_open(key.siv, &of, 1, sealed, plain) != CRM_OK) {
        return CRM_INVALID;
    }
    at[0] = (int64_t)get(plain);
    at[1] = (int64_t)get(plain + 8);
    return CRM_OK;
}

/* As places of the log were told before they were sealed: the bare number. */
static bool is_bare_number(crm_str text)
{
    int64_t number;
    return text.n && text.p[0] != '-' && str_to_i64(text, &number) == CRM_OK;
}

crm_status position_read(position_place p, crm_str text, int64_t *position)
{
    int64_t at[2];
    crm_status s = is_bare_number(text) ? CRM_STALE : open_text(p, text, at);
    if (s == CRM_OK) {
        *position = at[0];
    }
    return s;
}

static crm_status refusal(crm_ctx *c, crm_status s)
{
    if (s == CRM_STALE) {
        return call_fail(c, CRM_CONFLICT, "changes_reset");
    }
    return s == CRM_OK ? CRM_OK : call_fail(c, CRM_BAD_REQUEST, "bad_cursor");
}

crm_status position_take(crm_ctx *c, position_place p, crm_str text, int64_t *position)
{
    return refusal(c, position_read(p, text, position));
}

crm_status position_take_pair(crm_ctx *c, position_place p, crm_str text, int64_t at[2])
{
    return refusal(c, open_text(p, text, at));
}

/* ---- other texts ----------------------------------------------------------------------------- */

crm_str position_seal(arena *a, crm_str of, crm_str text)
{
    size_t n = KEY_SIGN + SIV_SIZE + text.n;
    uint8_t *token = arena_alloc(a, n);
    assert(key.siv);
    if (!token) {
        return (crm_str){0};
    }
    memcpy(token, key.sign, KEY_SIGN);
    crypto_siv_seal(key.siv, &of, 1, text, token + KEY_SIGN);
    return crypto_base64url(a, token, n);
}

crm_status position_open(arena *a, crm_str of, crm_str sealed, crm_str *text)
{
    crm_str token;
    assert(key.siv);
    if (crypto_unbase64url(a, sealed, &token) != CRM_OK || token.n < KEY_SIGN + SIV_SIZE) {
        return CRM_INVALID;
    }
    if (memcmp(token.p, key.sign, KEY_SIGN) != 0) {
        return CRM_STALE;
    }
    crm_str rest = {token.p + KEY_SIGN, token.n - KEY_SIGN};
    uint8_t *out = arena_alloc(a, rest.n - SIV_SIZE + 1);
    if (!out) {
        return CRM_NOMEM;
    }
    *text = (crm_str){(const char *)out, rest.n - SIV_SIZE};
    return crypto_siv_open(key.siv, &of, 1, rest, out) == CRM_OK ? CRM_OK : CRM_INVALID;
}
