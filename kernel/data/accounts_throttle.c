/*
 * accounts_throttle.c - back-off of failed logins. Any thread, memory only.
 *
 * Two counters: of an account from one address, so that nobody locks another out by failing in his
 * name, and of an address over all accounts. The table is bounded; when a row is full its oldest
 * counter gives way, which forgets a slow attacker sooner than it harms anybody.
 */
#include "data/accounts.h"

#include <pthread.h>

#define ROWS           1024
#define WAYS           4
#define FREE_TRIES     5  /* of an account from one address */
#define FREE_TRIES_ALL 30 /* of an address */
#define WAIT_MAX_S     900
#define FORGET_MS      (60LL * 60 * 1000)

typedef struct counter {
    uint64_t key; /* 0: free */
    int64_t last;
    uint32_t failures;
} counter;

static struct {
    pthread_mutex_t lock;
    bool has_secret;
    uint8_t secret[SHA256_SIZE]; /* keys of the table cannot be chosen from outside */
    counter at[ROWS][WAYS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- keys ------------------------------------------------------------------------------------ */

static uint64_t key_of(crm_str login, crm_str address)
{
    char text[512];
    uint8_t hash[SHA256_SIZE];
    uint64_t key;
    size_t n = 0;
    for (size_t i = 0; i < login.n && n < 256; i++) {
        char ch = login.p[i];
        text[n++] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
    }
    text[n++] = '\n';
    for (size_t i = 0; i < address.n && n < sizeof text; i++) {
        text[n++] = address.p[i];
    }
    crm_str secret = {(const char *)table.secret, sizeof table.secret};
    crypto_hmac_sha256(secret, (crm_str){text, n}, hash);
    memcpy(&key, hash, sizeof key);
    return key ? key : 1;
}

static counter *find(uint64_t key, bool make)
{
    counter *row = table.at[key % ROWS], *oldest = row;
    for (int i = 0; i < WAYS; i++) {
        if (row[i].key == key) {
            return &row[i];
        }
        if (row[i].last < oldest->last) {
            oldest = &row[i];
        }
    }
    if (!make) {
        return NULL;
    }
    *oldest = (counter){.key = key};
    return oldest;
}

static void lock(void)
{
    pthread_mutex_lock(&table.lock);
    if (!table.has_secret) {
        crypto_random(table.secret, sizeof table.secret);
        table.has_secret = true;
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

/* 1, 2, 4 … seconds after the last failure beyond the free ones. */
static int wait_of(uint64_t key, uint32_t free_tries)
{
    const counter *k = find(key, false);
    int64_t now = clock_now();
    if (!k || k->failures < free_tries || now - k->last > FORGET_MS) {
        return 0;
    }
    uint32_t steps = k->failures - free_tries;
    int64_t wait_ms = steps >= 10 ? WAIT_MAX_S * 1000LL : 1000LL << steps;
    wait_ms = wait_ms > WAIT_MAX_S * 1000LL ? WAIT_MAX_S * 1000LL : wait_ms;
    int64_t left = k->last + wait_ms - now;
    return left > 0 ? (int)((left + 999) / 1000) : 0;
}

static void fail(uint64_t key)
{
    counter *k = find(key, true);
    int64_t now = clock_now();
    if (now - k->last > FORGET_MS) {
        k->failures = 0;
    }
    k->failures += k->failures < 1000;
    k->last = now;
}

int accounts_throttle_s(crm_str login, crm_str address)
{
    lock();
    int account = wait_of(key_of(login, address), FREE_TRIES);
    int all = wait_of(key_of((crm_str){0}, address), FREE_TRIES_ALL);
    pthread_mutex_unlock(&table.lock);
    return account > all ? account : all;
}

void accounts_failed(crm_str login, crm_str address)
{
    lock();
    fail(key_of(login, address));
    fail(key_of((crm_str){0}, address));
    pthread_mutex_unlock(&table.lock);
}

void accounts_succeeded(crm_str login, crm_str address)
{
    lock();
    counter *k = find(key_of(login, address), false);
    counter *all = find(key_of((crm_str){0}, address), false);
    if (k) {
        *k = (counter){0};
    }
    if (all && all->failures) {
        all->failures--;
    }
    pthread_mutex_unlock(&table.lock);
}
