/*
 * crypto.h - random bytes, hashes, HMAC, encodings, constant-time compare; the small interface
 * behind which mbedTLS stands. Password hashing (argon2id) is slow and belongs to the crypto
 * threads; the rest may run anywhere.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <crm/crm.h>

#include "base/arena.h"

#define SHA256_SIZE 32

/* getrandom(2); aborts when the system has none, because nothing safe can follow. */
void crypto_random(void *out, size_t n);
/* `bytes` random bytes as base64url without padding, in the arena. */
crm_str crypto_token(arena *a, size_t bytes);
void crypto_sha256(crm_str data, uint8_t out[SHA256_SIZE]);
void crypto_hmac_sha256(crm_str key, crm_str data, uint8_t out[SHA256_SIZE]);
bool crypto_equal(const void *a, const void *b, size_t n); /* in constant time */
void crypto_zero(void *p, size_t n);                      /* not optimised away */

/* Whether `signature` (DER) over the SHA-256 of `data` is by the ECDSA P-256 public key in `pem`. OK; DENIED
 * when it is not, INVALID when that is no such key. */
CRM_MUST_CHECK crm_status crypto_verify(crm_str pem, crm_str data, crm_str signature);

/*
 * Encryption under which equal texts look equal and whatever else was done to one is told: AES-SIV of
 * RFC 5297 with AES-128 (AEAD_AES_SIV_CMAC_256). `about` are up to 126 texts that both sides know: what was
 * sealed about one thing does not open about another. What must not look the same twice holds a number of its
 * own. Nothing in it changes once it is made, so one serves all threads.
 */
#define SIV_KEY  32
#define SIV_SIZE 16 /* by which what is sealed is longer */
typedef struct crypto_siv crypto_siv;
crypto_siv *crypto_siv_new(const uint8_t key[SIV_KEY]); /* NULL: no memory */
void crypto_siv_free(crypto_siv *s);                    /* s may be NULL */
/* `out` has room for SIV_SIZE + text.n bytes. */
void crypto_siv_seal(crypto_siv *s, const crm_str *about, size_t count, crm_str text, uint8_t *out);
/* `out` has room for sealed.n - SIV_SIZE bytes; they are zero when it is not OK. DENIED: not sealed by this key
 * about this, or changed since. */
CRM_MUST_CHECK crm_status crypto_siv_open(crypto_siv *s, const crm_str *about, size_t count, crm_str sealed,
                                          uint8_t *out);

crm_str crypto_hex(arena *a, const void *p, size_t n);
crm_str crypto_base64url(arena *a, const void *p, size_t n);
CRM_MUST_CHECK crm_status crypto_unbase64url(arena *a, crm_str s, crm_str *out);
/* The same without an arena. `out` has room for CRYPTO_BASE64URL(n) bytes and ends in 0; of the other for
 * s.n / 4 * 3 + 2. */
#define CRYPTO_BASE64URL(n) (((n) + 2) / 3 * 4 + 1)
size_t crypto_base64url_to(char *out, const void *p, size_t n);
CRM_MUST_CHECK crm_status crypto_unbase64url_to(void *out, crm_str s, size_t *n);

/*
 * argon2id, m=19456 KiB t=2 p=1 (OWASP ASVS 5.0 V11.4.2), as the PHC string whose parameters travel
 * with the hash. About 30 ms of CPU and 19 MiB: crypto threads only. Builds with AddressSanitizer,
 * and no others, take 64 KiB while KARKAS_CHEAP_PASSWORDS is set.
 */
CRM_MUST_CHECK crm_status crypto_password_hash(arena *a, crm_str password, crm_str *phc);
/* OK, or DENIED when it does not match. */
CRM_MUST_CHECK crm_status crypto_password_check(crm_str phc, crm_str password);

#endif
