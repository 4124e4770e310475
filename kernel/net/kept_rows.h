/*
 * kept_rows.h - the JSON of rows that lists have shown, so that who looks at a list again costs the
 * reading of its order and nothing more.
 *
 * A view is all that decides how a row looks besides the row and the records whose titles it shows: who
 * asks, under which registry and people, which fields. A kept row is given only while neither it nor
 * those records may have changed since (engine_is_unchanged). Bounded: the oldest make room. Loop thread.
 */
#ifndef NET_KEPT_ROWS_H
#define NET_KEPT_ROWS_H

#include "data/records.h"

#define KEPT_REFS_MAX 6 /* a row that shows more titles is not kept */

typedef struct kept_rows kept_rows;

/* A view, for as long as somebody likes: what becomes of its place is told by the number. */
typedef struct kept_view {
    uint64_t number; /* 0: its rows are not to be kept */
    uint32_t entity; /* durable id */
    struct view_place *place;
} kept_view;

/* A row to be kept. */
typedef struct kept_new {
    int64_t id;
    uint64_t seen; /* engine_seen when it was read */
    uint32_t ref_count;
    record_ref refs[KEPT_REFS_MAX];
} kept_new;

/* `bytes`: of rows, at most. NULL when memory is out. */
kept_rows *kept_rows_new(size_t bytes);
void kept_rows_free(kept_rows *k);
/* The view in which the call shows rows of `e` with the fields in `select`. *is_likely: asking for rows may
 * be worth it. */
kept_view kept_view_of(kept_rows *k, crm_ctx *c, const entity *e, const uint64_t select[4], bool *is_likely);
/* The row's JSON, valid until the next kept_add; empty: it is not there or may have changed. */
crm_str kept_find(kept_rows *k, const kept_view *v, int64_t id, engine_session *s);
void kept_add(kept_rows *k, const kept_view *v, const kept_new *row, crm_str json);
/* How many rows of a list were found of those asked for: where few are, asking is rarely likely. */
void kept_judge(const kept_view *v, uint32_t asked, uint32_t found);

#endif
