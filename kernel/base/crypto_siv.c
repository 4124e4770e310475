/*
 * crypto_siv.c - AES-SIV (RFC 5297) over mbedTLS's AES: the tag is a MAC of all that is known, and
 * the counter that the text is encrypted with begins at it. Any thread.
 *
 * Debian's mbedTLS has neither SIV nor, in every build, CMAC; both are a few lines over the block.
 */
#include <mbedtls/aes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define BLOCK 16

struct crypto_siv {
    mbedtls_aes_context mac, counter;
    uint8_t whole[BLOCK], padded[BLOCK]; /* the subkeys of RFC 4493 §2.3 */
    uint8_t start[BLOCK];                /* CMAC of zeroes, which S2V begins with */
};

/* It fails for a length of key that there is none of, and for hardware that is broken. */
static void must(int mbedtls_error)
{
    if (mbedtls_error != 0) {
        abort();
    }
}

static void encrypt(mbedtls_aes_context *key, uint8_t block[BLOCK])
{
    must(mbedtls_aes_crypt_ecb(key, MBEDTLS_AES_ENCRYPT, block, block));
}

static void add(uint8_t to[BLOCK], const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] ^= from[i];
    }
}

/* Times x in the field of RFC 4493, without a branch on what is secret. */
static void shift(uint8_t block[BLOCK])
{
    uint8_t carry = (uint8_t)(block[0] >> 7);
    for (size_t i = 0; i + 1 < BLOCK; i++) {
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    }
    block[BLOCK - 1] = (uint8_t)(block[BLOCK - 1] << 1 ^ carry * 0x87);
}

/* CMAC of a text whose last 16 bytes are taken with `mask` added; NULL: as they are. */
static void mac(crypto_siv *s, crm_str text, const uint8_t *mask, uint8_t out[BLOCK])
{
    uint8_t block[BLOCK];
    size_t at = 0;
    const uint8_t *p = (const uint8_t *)text.p;
    memset(out, 0, BLOCK);
    do {
        size_t left = text.n - at < BLOCK ? text.n - at : BLOCK;
        bool is_last = at + left == text.n;
        memset(block, 0, sizeof block);
        memcpy(block, left ? p + at : block, left);
        for (size_t i = 0; mask && i < left; i++) {
            size_t to_end = text.n - (at + i);
            block[i] ^= to_end <= BLOCK ? mask[BLOCK - to_end] : 0;
        }
        if (is_last && left < BLOCK) {
            block[left] = 0x80;
        }
        if (is_last) {
            add(block, left == BLOCK ? s->whole : s->padded, BLOCK);
        }
        add(out, block, BLOCK);
        encrypt(&s->mac, out);
        at += left;
    } while (at < text.n);
}

/* RFC 5297 §2.4. */
static void s2v(crypto_siv *s, const crm_str *about, size_t count, crm_str text, uint8_t out[BLOCK])
{
    uint8_t sum[BLOCK], one[BLOCK];
    memcpy(sum, s->start, BLOCK);
    for (size_t i = 0; i < count; i++) {
        mac(s, about[i], NULL, one);
        shift(sum);
        add(sum, one, BLOCK);
    }
    if (text.n >= BLOCK) {
        mac(s, text, sum, out);
        return;
    }
    shift(sum);
    add(sum, (const uint8_t *)text.p, text.n);
    sum[text.n] ^= 0x80;
    mac(s, (crm_str){(const char *)sum, BLOCK}, NULL, out);
}

/* In both directions; `from` and `to` may be one. */
static void count_on(crypto_siv *s, const uint8_t tag[SIV_SIZE], const uint8_t *from, size_t n,
                     uint8_t *to)
{
    uint8_t counter[BLOCK], stream[BLOCK];
    memcpy(counter, tag, BLOCK);
    counter[8] &= 0x7f;
    counter[12] &= 0x7f;
    for (size_t at = 0; at < n; at += BLOCK) {
        memcpy(stream, counter, BLOCK);
        encrypt(&s->counter, stream);
        for (size_t i = 0; i < BLOCK && at + i < n; i++) {
            to[at + i] = from[at + i] ^ stream[i];
        }
        for (size_t i = BLOCK; i > 0 && ++counter[i - 1] == 0; i--) {
        }
    }
}

crypto_siv *crypto_siv_new(const uint8_t key[SIV_KEY])
{
    static const uint8_t zero[BLOCK];
    crypto_siv *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    mbedtls_aes_init(&s->mac);
    mbedtls_aes_init(&s->counter);
    must(mbedtls_aes_setkey_enc(&s->mac, key, BLOCK * 8));
    must(mbedtls_aes_setkey_enc(&s->counter, key + BLOCK, BLOCK * 8));
    encrypt(&s->mac, s->whole);
    shift(s->whole);
    memcpy(s->padded, s->whole, BLOCK);
    shift(s->padded);
    mac(s, (crm_str){(const char *)zero, BLOCK}, NULL, s->start);
    return s;
}

void crypto_siv_free(crypto_siv *s)
{
    if (s) {
        mbedtls_aes_free(&s->mac);
        mbedtls_aes_free(&s->counter);
        crypto_zero(s, sizeof *s);
        free(s);
    }
}

void crypto_siv_seal(crypto_siv *s, const crm_str *about, size_t count, crm_str text, uint8_t *out)
{
    s2v(s, about, count, text, out);
    count_on(s, out, (const uint8_t *)text.p, text.n, out + SIV_SIZE);
}

crm_status crypto_siv_open(crypto_siv *s, const crm_str *about, size_t count, crm_str sealed,
                           uint8_t *out)
{
    uint8_t tag[SIV_SIZE];
    const uint8_t *p = (const uint8_t *)sealed.p;
    if (sealed.n < SIV_SIZE) {
        return CRM_DENIED;
    }
    size_t n = sealed.n - SIV_SIZE;
    count_on(s, p, p + SIV_SIZE, n, out);
    s2v(s, about, count, (crm_str){(const char *)out, n}, tag);
    if (!crypto_equal(tag, p, SIV_SIZE)) {
        crypto_zero(out, n);
        return CRM_DENIED;
    }
    return CRM_OK;
}
