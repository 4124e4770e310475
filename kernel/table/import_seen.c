/*
 * import_seen.c - the keys that a check's rows would have given to records, new ones or known. They
 * are taken back, so a later row of the file does not find them in the base as it will in the run.
 *
 * In memory only: a check that a restart cuts in two counts as new what the first part would have
 * made. At most SEEN_MOST keys are kept; beyond them rows of one key count as new.
 */
#include <pthread.h>

#include "table/import_private.h"

#define SETS       2
#define IDLE_NS    600000000000LL
#define SEEN_FIRST (1u << 12)
#define SEEN_MOST  (1u << 20)

typedef struct seen_key {
    uint64_t hash; /* 0: free */
    int64_t line;  /* of the first row that has it */
} seen_key;

typedef struct seen_set {
    int64_t batch, used_at; /* used_at: clock_mono */
    seen_key *at;
    uint32_t count, size; /* size: a power of two */
} seen_set;

static struct {
    pthread_mutex_t lock;
    seen_set sets[SETS];
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void clear(seen_set *s)
{
    free(s->at);
    *s = (seen_set){0};
}

/* The batch's set; `is_made`: the one that rests longest gives way to it. */
static seen_set *set_of(int64_t batch, bool is_made)
{
    seen_set *oldest = &seen.sets[0];
    for (int i = 0; i < SETS; i++) {
        seen_set *s = &seen.sets[i];
        if (s->batch == batch) {
            s->used_at = clock_mono();
            return s;
        }
        oldest = s->used_at < oldest->used_at ? s : oldest;
    }
    if (is_made) {
        clear(oldest);
        *oldest = (seen_set){.batch = batch, .used_at = clock_mono()};
    }
    return is_made ? oldest : NULL;
}

static seen_key *slot_of(const seen_set *s, uint64_t hash)
{
    uint32_t i = (uint32_t)(hash >> 32) & (s->size - 1);
    while (s->at[i].hash && s->at[i].hash != hash) {
        i = (i + 1) & (s->size - 1);
    }
    return &s->at[i];
}

static bool grow(seen_set *s)
{
    seen_set bigger = {.size = s->size ? s->size * 2 : SEEN_FIRST};
    bigger.at = calloc(bigger.size, sizeof *bigger.at);
    if (!bigger.at) {
        return false;
    }
    for (uint32_t i = 0; i < s->size; i++) {
        if (s->at[i].hash) {
            *slot_of(&bigger, s->at[i].hash) = s->at[i];
        }
    }
    free(s->at);
    s->at = bigger.at;
    s->size = bigger.size;
    return true;
}

static void add(seen_set *s, uint64_t hash, int64_t line)
{
    if (s->count >= SEEN_MOST || (s->count * 2 >= s->size && !grow(s))) {
        return;
    }
    seen_key *k = slot_of(s, hash);
    if (!k->hash) {
        *k = (seen_key){hash, line};
        s->count++;
    }
}

void seen_add(int64_t batch, const import_row *row)
{
    pthread_mutex_lock(&seen.lock);
    seen_set *s = set_of(batch, true);
    for (uint32_t i = 0; i < row->key_count; i++) {
        add(s, row->keys[i].hash, row->line);
    }
    pthread_mutex_unlock(&seen.lock);
}

bool seen_before(int64_t batch, const import_row *row)
{
    bool is_seen = false;
    pthread_mutex_lock(&seen.lock);
    const seen_set *s = set_of(batch, false);
    for (uint32_t i = 0; s && s->size && !is_seen && i < row->key_count; i++) {
        const seen_key *k = slot_of(s, row->keys[i].hash);
        is_seen = k->hash && k->line < row->line;
    }
    pthread_mutex_unlock(&seen.lock);
    return is_seen;
}

void seen_forget(int64_t batch)
{
    pthread_mutex_lock(&seen.lock);
    for (int i = 0; i < SETS; i++) {
        bool is_idle = seen.sets[i].used_at + IDLE_NS < clock_mono();
        if (batch ? seen.sets[i].batch == batch : is_idle) {
            clear(&seen.sets[i]);
        }
    }
    pthread_mutex_unlock(&seen.lock);
}
