/*
 * import_seen.c - the keys that a check's rows would have given to records, new ones or known. They
 * are taken back, so a later row of the file does not find them in the base as it will in the run.
 *
 * Every key of the check is known to its end. The last ones are in memory, those before them in a
 * file without a name, which no end of the process leaves behind: runs of keys sorted by their
 * hashes, of which memory has one of every FENCE. A set that is gone is not made anew from the file
 * of rows, for which rows could be taken is known no more: the check begins anew (import_run.c).
 *
 * A set belongs to the thread that works on its batch, which is one at a time; the lock guards the
 * list.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "table/import_private.h"

#define FIRST 4096u
#define FENCE 256 /* keys: a page of the file */

typedef struct seen_key {
    uint64_t hash; /* 0: free */
    int64_t line;  /* of the first row that has it */
} seen_key;

/* Keys in the file, none twice, by their hashes. */
typedef struct run {
    off_t from;
    uint32_t count;
    uint64_t *fences; /* the hash of every FENCE-th */
} run;

struct tried_set {
    int64_t batch;
    int file; /* -1: none yet */
    seen_key *at;
    uint32_t count, size; /* size: a power of two, or 0 */
    run *runs;
    uint32_t run_count;
    off_t end; /* of the file */
    tried_set *next;
};

static struct {
    pthread_mutex_t lock;
    tried_set *first;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- sets ------------------------------------------------------------------------------------ */

static void free_set(tried_set *s)
{
    for (uint32_t i = 0; i < s->run_count; i++) {
        free(s->runs[i].fences);
    }
    if (s->file >= 0) {
        close(s->file);
    }
    free(s->runs);
    free(s->at);
    free(s);
}

tried_set *tried_find(int64_t batch)
{
    pthread_mutex_lock(&seen.lock);
    tried_set *s = seen.first;
    while (s && s->batch != batch) {
        s = s->next;
    }
    pthread_mutex_unlock(&seen.lock);
    return s;
}

void tried_forget(int64_t batch)
{
    pthread_mutex_lock(&seen.lock);
    tried_set **at = &seen.first;
    while (*at && (*at)->batch != batch) {
        at = &(*at)->next;
    }
    tried_set *s = *at;
    if (s) {
        *at = s->next;
    }
    pthread_mutex_unlock(&seen.lock);
    if (s) {
        free_set(s);
    }
}

tried_set *tried_begin(int64_t batch)
{
    tried_forget(batch);
    tried_set *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    *s = (tried_set){.batch = batch, .file = -1};
    pthread_mutex_lock(&seen.lock);
    s->next = seen.first;
    seen.first = s;
    pthread_mutex_unlock(&seen.lock);
    return s;
}

/* ---- keys in memory -------------------------------------------------------------------------- */

static seen_key *slot_of(const tried_set *s, uint64_t hash)
{
    uint32_t i = (uint32_t)(hash >> 32) & (s->size - 1);
    while (s->at[i].hash && s->at[i].hash != hash) {
        i = (i + 1) & (s->size - 1);
    }
    return &s->at[i];
}

static bool grow(tried_set *s)
{
    tried_set bigger = {.size = s->size ? s->size * 2 : FIRST};
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

crm_status tried_add(tried_set *s, const import_row *row)
{
    for (uint32_t i = 0; i < row->key_count; i++) {
        if (s->count * 2 >= s->size && !grow(s)) {
            return CRM_NOMEM;
        }
        seen_key *k = slot_of(s, row->keys[i].hash);
        if (!k->hash) {
            *k = (seen_key){row->keys[i].hash, row->line};
            s->count++;
        }
    }
    return CRM_OK;
}

/* ---- keys in the file ------------------------------------------------------------------------ */

static int by_hash(const void *x, const void *y)
{
    uint64_t a = ((const seen_key *)x)->hash, b = ((const seen_key *)y)->hash;
    return a < b ? -1 : a > b;
}

static crm_status write_whole(int fd, const void *from, size_t n, off_t at)
{
    const char *p = from;
    while (n) {
        ssize_t done = pwrite(fd, p, n, at);
        if (done < 0 && errno != EINTR) {
            return status_from_errno(errno);
        }
        size_t got = done > 0 ? (size_t)done : 0;
        p += got;
        at += (off_t)got;
        n -= got;
    }
    return CRM_OK;
}

static crm_status read_whole(int fd, void *to, size_t n, off_t at)
{
    char *p = to;
    while (n) {
        ssize_t got = pread(fd, p, n, at);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return CRM_INTERNAL;
        }
        size_t done = got > 0 ? (size_t)got : 0;
        p += done;
        at += (off_t)done;
        n -= done;
    }
    return CRM_OK;
}

/* The keys in memory side by side and in order; what was free lies behind them. */
static void sort_keys(tried_set *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->size; i++) {
        if (s->at[i].hash) {
            s->at[n++] = s->at[i];
        }
    }
    qsort(s->at, n, sizeof *s->at, by_hash);
}

static crm_status add_run(tried_set *s)
{
    run *runs = realloc(s->runs, (s->run_count + 1) * sizeof *runs);
    if (!runs) {
        return CRM_NOMEM;
    }
    s->runs = runs;
    run *r = &runs[s->run_count];
    *r = (run){.from = s->end, .count = s->count};
    r->fences = malloc(((size_t)s->count / FENCE + 1) * sizeof *r->fences);
    if (!r->fences) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < s->count; i += FENCE) {
        r->fences[i / FENCE] = s->at[i].hash;
    }
    s->run_count++;
    s->end += (off_t)(s->count * sizeof *s->at);
    return CRM_OK;
}

/* The slots are lost with the sorting, so keys that cannot be stored are lost. */
static crm_status spill(tried_set *s)
{
    size_t bytes = s->count * sizeof *s->at;
    sort_keys(s);
    crm_status st = write_whole(s->file, s->at, bytes, s->end);
    st = st == CRM_OK ? add_run(s) : st;
    memset(s->at, 0, s->size * sizeof *s->at);
    s->count = 0;
    return st;
}

static crm_status open_file(arena *a, tried_set *s)
{
    crm_str dir = import_path(a, CRM_S(""), "");
    s->file = dir.p ? open(dir.p, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    return !dir.p ? CRM_NOMEM : s->file < 0 ? status_from_errno(errno) : CRM_OK;
}

crm_status tried_settle(arena *a, tried_set *s)
{
    if (s->count < TRIED_KEPT) {
        return CRM_OK;
    }
    crm_status st = s->file < 0 ? open_file(a, s) : CRM_OK;
    st = st == CRM_OK ? spill(s) : st;
    if (st != CRM_OK) {
        tried_forget(s->batch);
    }
    return st;
}

/* How many of the run's pages begin at or below the hash. */
static uint32_t pages_up_to(const run *r, uint64_t hash)
{
    uint32_t low = 0, high = (r->count + FENCE - 1) / FENCE;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->fences[middle] <= hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static crm_status find_in_run(const tried_set *s, const run *r, uint64_t hash, int64_t *line)
{
    seen_key page[FENCE], wanted = {.hash = hash};
    uint32_t up_to = pages_up_to(r, hash);
    *line = INT64_MAX;
    if (!up_to) {
        return CRM_OK;
    }
    uint32_t first = (up_to - 1) * FENCE, n = r->count - first < FENCE ? r->count - first : FENCE;
    crm_status st =
        read_whole(s->file, page, n * sizeof *page, r->from + (off_t)(first * sizeof *page));
    const seen_key *k = st == CRM_OK ? bsearch(&wanted, page, n, sizeof *page, by_hash) : NULL;
    *line = k ? k->line : INT64_MAX;
    return st;
}

static crm_status first_line(const tried_set *s, uint64_t hash, int64_t *line)
{
    crm_status st = CRM_OK;
    *line = INT64_MAX;
    for (uint32_t i = 0; st == CRM_OK && *line == INT64_MAX && i < s->run_count; i++) {
        st = find_in_run(s, &s->runs[i], hash, line);
    }
    if (st == CRM_OK && *line == INT64_MAX && s->size) {
        const seen_key *k = slot_of(s, hash);
        *line = k->hash ? k->line : INT64_MAX;
    }
    return st;
}

crm_status tried_before(const tried_set *s, const import_row *row, bool *is_seen)
{
    crm_status st = CRM_OK;
    *is_seen = false;
    for (uint32_t i = 0; st == CRM_OK && !*is_seen && i < row->key_count; i++) {
        int64_t line;
        st = first_line(s, row->keys[i].hash, &line);
        *is_seen = st == CRM_OK && line < row->line;
    }
    return st;
}
