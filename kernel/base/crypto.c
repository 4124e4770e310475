/*
 * crypto.c - mbedTLS and libargon2 behind crypto.h; encodings.
 *
 * mbedTLS 3 dropped the _ret names of 2.28; both are served because Debian 12 has the older one.
 */
#include "base/crypto.h"

#include <argon2.h>
#include <errno.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PASSWORD_MEMORY_KIB 19456
#define CHEAP_MEMORY_KIB    64
#define PASSWORD_PASSES     2
#define PASSWORD_LANES      1
#define PASSWORD_SALT       16
#define PASSWORD_HASH       32
#define PHC_MAX             256

void crypto_random(void *out, size_t n)
{
    uint8_t *p = out;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        } else if (errno != EINTR) {
            abort();
        }
    }
}

crm_str crypto_token(arena *a, size_t bytes)
{
    uint8_t *raw = arena_alloc(a, bytes);
    if (!raw) {
        return (crm_str){0};
    }
    crypto_random(raw, bytes);
    crm_str token = crypto_base64url(a, raw, bytes);
    crypto_zero(raw, bytes);
    return token;
}

/* A hash fails only when memory is out; a wrong digest must not be taken for a right one. */
static void must(int mbedtls_error)
{
    if (mbedtls_error != 0) {
        abort();
    }
}

void crypto_sha256(crm_str data, uint8_t out[SHA256_SIZE])
{
    static const unsigned char nothing[1];
    const unsigned char *p = data.p ? (const unsigned char *)data.p : nothing;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    must(mbedtls_sha256(p, data.n, out, 0));
#else
    must(mbedtls_sha256_ret(p, data.n, out, 0));
#endif
}

void crypto_hmac_sha256(crm_str key, crm_str data, uint8_t out[SHA256_SIZE])
{
    static const unsigned char nothing[1];
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    const unsigned char *k = key.p ? (const unsigned char *)key.p : nothing;
    const unsigned char *p = data.p ? (const unsigned char *)data.p : nothing;
    must(mbedtls_md_hmac(sha256, k, key.n, p, data.n, out));
}

#define PEM_MAX 4096

static bool is_p256(const mbedtls_pk_context *key)
{
    return mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA) && mbedtls_pk_get_bitlen(key) == 256;
}

/* The library wants the text to end in 0, and that counted. */
static bool parse_public(mbedtls_pk_context *key, crm_str pem)
{
    unsigned char text[PEM_MAX];
    if (pem.n >= sizeof text) {
        return false;
    }
    memcpy(text, pem.p, pem.n);
    text[pem.n] = 0;
    return mbedtls_pk_parse_public_key(key, text, pem.n + 1) == 0 && is_p256(key);
}

crm_status crypto_verify(crm_str pem, crm_str data, crm_str signature)
{
    mbedtls_pk_context key;
    uint8_t hash[SHA256_SIZE];
    mbedtls_pk_init(&key);
    crm_status s = pem.n && parse_public(&key, pem) ? CRM_OK : CRM_INVALID;
    if (s == CRM_OK) {
        crypto_sha256(data, hash);
        int r = mbedtls_pk_verify(&key, MBEDTLS_MD_SHA256, hash, sizeof hash,
                                  (const unsigned char *)signature.p, signature.n);
        s = signature.n && r == 0 ? CRM_OK : CRM_DENIED;
    }
    mbedtls_pk_free(&key);
    return s;
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differing = 0;
    for (size_t i = 0; i < n; i++) {
        differing |= x[i] ^ y[i];
    }
    return differing == 0;
}

void crypto_zero(void *p, size_t n)
{
    if (n) {
        explicit_bzero(p, n);
    }
}

crm_str crypto_hex(arena *a, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = p;
    char *out = n < SIZE_MAX / 2 ? arena_alloc(a, n * 2 + 1) : NULL;
    if (!out) {
        return (crm_str){0};
    }
    for (size_t i = 0; i < n; i++) {
        out[i * 2] = digits[in[i] >> 4];
        out[i * 2 + 1] = digits[in[i] & 15];
    }
    return (crm_str){out, n * 2};
}

size_t crypto_base64url_to(char *out, const void *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *in = p;
    size_t at = 0;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i < 3 ? n - i : 3;
        uint32_t three = (uint32_t)in[i] << 16;
        three |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        three |= left > 2 ? in[i + 2] : 0;
        for (size_t d = 0; d <= left; d++) {
            out[at++] = digits[three >> (18 - 6 * d) & 63];
        }
    }
    out[at] = 0;
    return at;
}

crm_str crypto_base64url(arena *a, const void *p, size_t n)
{
    char *out = n < SIZE_MAX / 2 ? arena_alloc(a, CRYPTO_BASE64URL(n)) : NULL;
    return out ? (crm_str){out, crypto_base64url_to(out, p, n)} : (crm_str){0};
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

crm_status crypto_unbase64url_to(void *out, crm_str s, size_t *n)
{
    uint8_t *p = out;
    uint32_t bits = 0;
    int held = 0;
    *n = 0;
    if (s.n % 4 == 1) {
        return CRM_INVALID;
    }
    for (size_t i = 0; i < s.n; i++) {
        int d = digit_of(s.p[i]);
        if (d < 0) {
            return CRM_INVALID;
        }
        bits = bits << 6 | (uint32_t)d;
        held += 6;
        if (held >= 8) {
            held -= 8;
            p[(*n)++] = (uint8_t)(bits >> held & 0xFF);
        }
    }
    /* Left-over bits must be zero, so that every value has one spelling (RFC 4648 §3.5). */
    return bits & ((1u << held) - 1) ? CRM_INVALID : CRM_OK;
}

crm_status crypto_unbase64url(arena *a, crm_str s, crm_str *out)
{
    size_t n;
    char *p = arena_alloc(a, s.n / 4 * 3 + 3);
    if (!p) {
        return CRM_NOMEM;
    }
    crm_status st = crypto_unbase64url_to(p, s, &n);
    if (st == CRM_OK) {
        *out = (crm_str){p, n};
    }
    return st;
}

/* The deployment tests sign in hundreds of times; what nobody ships may hash cheaply for them. */
static uint32_t memory_kib(void)
{
#ifdef __SANITIZE_ADDRESS__
    const char *wish = getenv("KARKAS_CHEAP_PASSWORDS");
    if (wish && *wish) {
        return CHEAP_MEMORY_KIB;
    }
#endif
    return PASSWORD_MEMORY_KIB;
}

crm_status crypto_password_hash(arena *a, crm_str password, crm_str *phc)
{
    uint8_t salt[PASSWORD_SALT];
    char text[PHC_MAX];
    crypto_random(salt, sizeof salt);
    int err =
        argon2id_hash_encoded(PASSWORD_PASSES, memory_kib(), PASSWORD_LANES, password.p, password.n,
                              salt, sizeof salt, PASSWORD_HASH, text, sizeof text);
    if (err != ARGON2_OK) {
        return err == ARGON2_MEMORY_ALLOCATION_ERROR ? CRM_NOMEM : CRM_INTERNAL;
    }
    *phc = arena_dup(a, (crm_str){text, strlen(text)});
    return phc->p ? CRM_OK : CRM_NOMEM;
}

crm_status crypto_password_check(crm_str phc, crm_str password)
{
    char text[PHC_MAX];
    if (phc.n == 0 || phc.n >= sizeof text) {
        return CRM_INTERNAL;
    }
    memcpy(text, phc.p, phc.n);
    text[phc.n] = 0;
    int err = argon2id_verify(text, password.p, password.n);
    switch (err) {
    case ARGON2_OK:
        return CRM_OK;
    case ARGON2_VERIFY_MISMATCH:
        return CRM_DENIED;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
        return CRM_NOMEM;
    default:
        return CRM_INTERNAL;
    }
}
