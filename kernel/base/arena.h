/*
 * arena.h - memory that is freed all at once: one arena per request, job or snapshot.
 *
 * Invariants: nothing taken from an arena is freed alone; a pointer lives until arena_reset or
 * arena_free; blocks never move. The limit makes every size from outside bounded: beyond it
 * allocations return NULL and the arena stays failed, so a long good path may check once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <crm/crm.h>

typedef struct arena arena;

/* A new arena whose total may not pass `limit` bytes (0: 64 MiB). NULL when memory is out. */
arena *arena_new(size_t limit);
void arena_free(arena *a); /* a may be NULL */
/* Forgets everything but one block of up to 16 KiB, so that uses of the same size soon need no new
 * memory, and clears the failed mark. */
void arena_reset(arena *a);

/* Zeroed memory aligned to 16 bytes, or NULL (limit or memory; the arena is then failed). */
CRM_MUST_CHECK void *arena_alloc(arena *a, size_t size);
/* count * size with the overflow checked. */
CRM_MUST_CHECK void *arena_array(arena *a, size_t count, size_t size);
#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_array((a), (n), sizeof(T)))

/* Copies end in 0. On failure {NULL, 0}. */
crm_str arena_dup(arena *a, crm_str s);
const char *arena_cstr(arena *a, crm_str s);
CRM_PRINTF(2, 3) crm_str arena_fmt(arena *a, const char *fmt, ...);

/* A point to go back to: arena_rewind drops what was taken since, and the failed mark. */
typedef struct arena_mark {
    void *block;
    size_t used, total;
} arena_mark;
arena_mark arena_mark_get(const arena *a);
void arena_rewind(arena *a, arena_mark m);

/* Whether any allocation since the last reset failed. */
bool arena_failed(const arena *a);
size_t arena_used(const arena *a);

#endif
