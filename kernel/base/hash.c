/* hash.c - SipHash-2-4-128. Any thread. */
#include "base/hash.h"

#include <string.h>

#include "base/crypto.h"

typedef struct sip {
    uint64_t v[4];
} sip;

static inline uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void mix(sip *s, int rounds)
{
    uint64_t a = s->v[0], b = s->v[1], c = s->v[2], d = s->v[3];
    while (rounds-- > 0) {
        a += b;
        b = rotate(b, 13) ^ a;
        a = rotate(a, 32);
        c += d;
        d = rotate(d, 16) ^ c;
        a += d;
        d = rotate(d, 21) ^ a;
        c += b;
        b = rotate(b, 17) ^ c;
        c = rotate(c, 32);
    }
    *s = (sip){{a, b, c, d}};
}

static inline void take(sip *s, uint64_t word)
{
    s->v[3] ^= word;
    mix(s, 2);
    s->v[0] ^= word;
}

/* Little-endian, whatever the machine is. */
static inline uint64_t word_of(const char *p, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, p, n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

hash_key hash_key_random(void)
{
    hash_key key;
    crypto_random(&key, sizeof key);
    return key;
}

hash128 hash_keyed(hash_key key, crm_str s)
{
    sip at = {{0x736f6d6570736575u ^ key.k[0], 0x646f72616e646f6du ^ key.k[1] ^ 0xee,
               0x6c7967656e657261u ^ key.k[0], 0x7465646279746573u ^ key.k[1]}};
    size_t i = 0;
    for (; s.n - i >= 8; i += 8) {
        take(&at, word_of(s.p + i, 8));
    }
    uint64_t rest = s.n > i ? word_of(s.p + i, s.n - i) : 0;
    take(&at, rest | (uint64_t)s.n << 56);
    hash128 out;
    at.v[2] ^= 0xee;
    mix(&at, 4);
    out.lo = at.v[0] ^ at.v[1] ^ at.v[2] ^ at.v[3];
    at.v[1] ^= 0xdd;
    mix(&at, 4);
    out.hi = at.v[0] ^ at.v[1] ^ at.v[2] ^ at.v[3];
    return out;
}
