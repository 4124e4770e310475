/* list_private.h - what the files of lists share. Loop thread, but for what a pool runs. */
#ifndef NET_LIST_PRIVATE_H
#define NET_LIST_PRIVATE_H

#include "data/search.h"
#include "net/api_private.h"

/* A row of the reply that may be kept: where its JSON stands in it. */
typedef struct fresh_row {
    struct fresh_row *next;
    kept_new row;
    size_t begin, end;
} fresh_row;

/* What is kept of the list's rows, and given of those kept before (list_kept.c). */
typedef struct list_keeping {
    kept_view view;
    crm_str *found;  /* in the order of the page; NULL: they were not asked for */
    uint32_t asked, found_max, found_count, given;
    fresh_row *fresh;
} list_keeping;

typedef struct list_state {
    bool is_slow, was_short; /* the pool it ran on; as long as the loop would have given it */
    uint64_t shape;
    list_keeping keeping;
    search_try search;   /* of `q`; typed is empty without it */
    crm_str after;       /* a place that is not of its first reading; empty: the query has it, or there is none */
    search_words *words; /* of the reading */
} list_state;

/* GET of k->entity. */
void list_route(api_call *k);

/* Before the list runs inline: k->read gives the rows that were kept. */
void list_keep_begin(api_call *k, const query *q);
/* A row that was read, whose JSON stands behind `begin` in the reply. */
void list_keep_row(api_call *k, const record_view *v, size_t begin);
/* The reply has all rows. */
void list_keep_end(api_call *k);
/* It runs elsewhere, by another session. */
void list_keep_nothing(api_call *k);

#endif
