/*
 * hash.h - a keyed hash of 128 bits, for telling texts from outside apart without keeping them.
 *
 * SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", and
 * its reference implementation for the longer output). Who does not know the key can make no two
 * texts meet; by chance 2^32 different ones do with a probability of 2^-65.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <crm/crm.h>

typedef struct hash_key {
    uint64_t k[2];
} hash_key;

typedef struct hash128 {
    uint64_t lo, hi;
} hash128;

hash_key hash_key_random(void);
hash128 hash_keyed(hash_key key, crm_str s);

#endif
