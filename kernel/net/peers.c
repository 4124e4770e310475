/* peers.c - a chained hash table of addresses. Loop thread. */
#include "net/peers.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"

#define BUCKETS 4096
#define KEY     9 /* the family and the first 8 bytes of the address */

struct peer {
    peer *next;
    uint8_t key[KEY];
    uint32_t count;
};

struct peers {
    uint8_t seed[8]; /* so that nobody can choose addresses that meet in one bucket */
    peer *buckets[BUCKETS];
};

peers *peers_new(void)
{
    peers *t = calloc(1, sizeof *t);
    if (t) {
        crypto_random(t->seed, sizeof t->seed);
    }
    return t;
}

void peers_free(peers *t)
{
    for (size_t i = 0; t && i < BUCKETS; i++) {
        while (t->buckets[i]) {
            peer *next = t->buckets[i]->next;
            free(t->buckets[i]);
            t->buckets[i] = next;
        }
    }
    free(t);
}

static void make_key(const struct sockaddr_storage *address, uint8_t key[KEY])
{
    memset(key, 0, KEY);
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        key[0] = 4;
        memcpy(key + 1, &in->sin_addr, 4);
        return;
    }
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(in6)) {
        key[0] = 4;
        memcpy(key + 1, in6->s6_addr + 12, 4);
    } else {
        key[0] = 6;
        memcpy(key + 1, in6->s6_addr, 8);
    }
}

static peer **bucket_of(peers *t, const uint8_t key[KEY])
{
    uint8_t text[sizeof t->seed + KEY];
    memcpy(text, t->seed, sizeof t->seed);
    memcpy(text + sizeof t->seed, key, KEY);
    uint64_t h = str_hash((crm_str){(const char *)text, sizeof text});
    return &t->buckets[(h ^ h >> 32) % BUCKETS];
}

peer *peers_enter(peers *t, const struct sockaddr_storage *address, uint32_t max)
{
    uint8_t key[KEY];
    make_key(address, key);
    peer **at = bucket_of(t, key);
    peer *p = *at;
    while (p && memcmp(p->key, key, KEY) != 0) {
        p = p->next;
    }
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p) {
            return NULL;
        }
        memcpy(p->key, key, KEY);
        p->next = *at;
        *at = p;
    }
    if (p->count >= max) {
        return NULL;
    }
    p->count++;
    return p;
}

void peers_leave(peers *t, peer *p)
{
    if (--p->count > 0) {
        return;
    }
    peer **at = bucket_of(t, p->key);
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    free(p);
}
