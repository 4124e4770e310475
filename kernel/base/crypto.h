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

crm_str crypto_hex(arena *a, const void *p, size_t n);
crm_str crypto_base64url(arena *a, const void *p, size_t n);
CRM_MUST_CHECK crm_status crypto_unbase64url(arena *a, crm_str s, crm_str *out);

/*
 * argon2id, m=19456 KiB t=2 p=1 (OWASP ASVS 5.0 V11.4.2), as the PHC string whose parameters travel
 * with the hash. About 30 ms of CPU and 19 MiB: crypto threads only. Builds with AddressSanitizer,
 * and no others, take 64 KiB while KARKAS_CHEAP_PASSWORDS is set.
 */
CRM_MUST_CHECK crm_status crypto_password_hash(arena *a, crm_str password, crm_str *phc);
/* OK, or DENIED when it does not match. */
CRM_MUST_CHECK crm_status crypto_password_check(crm_str phc, crm_str password);

#endif
