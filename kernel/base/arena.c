/* arena.c - bump allocation in growing blocks. An arena belongs to one thread at a time. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN         ((size_t)16)
#define FIRST_BLOCK   ((size_t)4096)
#define KEEP_MAX      ((size_t)16 * 1024) /* of a block that outlives a reset */
#define BLOCK_MAX     ((size_t)1024 * 1024)
#define DEFAULT_LIMIT ((size_t)64 * 1024 * 1024)

typedef struct block {
    struct block *next;
    size_t cap, used; /* of the bytes after this header */
} block;

struct arena {
    block *first, *last; /* the list in order of making; `last` is allocated from */
    size_t limit, used;  /* `used` counts what was given, so blocks' unused ends cost nothing */
    bool failed;
};

#define HEADER ((sizeof(block) + ALIGN - 1) & ~(ALIGN - 1))

static char *bytes(block *b)
{
    return (char *)b + HEADER;
}

arena *arena_new(size_t limit)
{
    arena *a = calloc(1, sizeof *a);
    if (!a) {
        return NULL;
    }
    a->limit = limit ? limit : DEFAULT_LIMIT;
    return a;
}

static void free_from(block *b)
{
    while (b) {
        block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_free(arena *a)
{
    if (a) {
        free_from(a->first);
        free(a);
    }
}

void arena_reset(arena *a)
{
    block *kept = NULL;
    for (block *b = a->first, *next; b; b = next) {
        next = b->next;
        bool is_better = b->cap <= KEEP_MAX && (!kept || b->cap > kept->cap);
        free(is_better ? kept : b);
        kept = is_better ? b : kept;
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    *a = (arena){.first = kept, .last = kept, .limit = a->limit};
}

static void *fail(arena *a)
{
    a->failed = true;
    return NULL;
}

/* Blocks double up to BLOCK_MAX; a larger request gets a block of its own size. */
static block *add_block(arena *a, size_t need)
{
    size_t cap = a->last ? a->last->cap * 2 : FIRST_BLOCK;
    if (cap > BLOCK_MAX) {
        cap = BLOCK_MAX;
    }
    if (cap > a->limit - a->used) {
        cap = a->limit - a->used;
    }
    if (cap < need) {
        cap = need;
    }
    block *b = cap > SIZE_MAX - HEADER ? NULL : malloc(HEADER + cap);
    if (!b) {
        return NULL;
    }
    *b = (block){.cap = cap};
    if (a->last) {
        a->last->next = b;
    } else {
        a->first = b;
    }
    a->last = b;
    return b;
}

void *arena_alloc(arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGN) {
        return fail(a);
    }
    size_t need = size ? (size + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
    if (need > a->limit - a->used) {
        return fail(a);
    }
    block *b = a->last;
    if (!b || need > b->cap - b->used) {
        b = add_block(a, need);
        if (!b) {
            return fail(a);
        }
    }
    void *p = bytes(b) + b->used;
    b->used += need;
    a->used += need;
    return memset(p, 0, size);
}

void *arena_array(arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return fail(a);
    }
    return arena_alloc(a, total);
}

crm_str arena_dup(arena *a, crm_str s)
{
    /* A string in memory is never SIZE_MAX long, so the 0 always has room in the sum. */
    char *p = arena_alloc(a, s.n + 1);
    if (!p) {
        return (crm_str){0};
    }
    if (s.n) {
        memcpy(p, s.p, s.n);
    }
    return (crm_str){p, s.n};
}

const char *arena_cstr(arena *a, crm_str s)
{
    return arena_dup(a, s).p;
}

/* Mostly what is written fits `text`, and is then formatted once. */
crm_str arena_fmt(arena *a, const char *fmt, ...)
{
    char text[256];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *p = n < 0 ? fail(a) : arena_alloc(a, (size_t)n + 1);
    if (p && (size_t)n < sizeof text) {
        memcpy(p, text, (size_t)n + 1);
    } else if (p) {
        vsnprintf(p, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return p ? (crm_str){p, (size_t)n} : (crm_str){0};
}

bool arena_failed(const arena *a)
{
    return a->failed;
}

size_t arena_used(const arena *a)
{
    return a->used;
}

/* ---- going back ------------------------------------------------------------------------------ */

arena_mark arena_mark_get(const arena *a)
{
    return (arena_mark){a->last, a->last ? a->last->used : 0, a->used};
}

void arena_rewind(arena *a, arena_mark m)
{
    block *b = m.block;
    if (!b) {
        arena_reset(a); /* the mark is older than the first block */
        return;
    }
    free_from(b->next);
    b->next = NULL;
    b->used = m.used;
    a->last = b;
    a->used = m.total;
    a->failed = false;
}
