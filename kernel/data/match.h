/*
 * match.h - duplicates: the rows of an entity that its rules (entity->matches) find for one row, under
 * the rights of whoever asks.
 *
 * A rule counts for a reader only when he sees all its fields, of the row compared and of those found;
 * so nothing can be learnt of a field by looking for its equals. All look-ups go by indexes.
 */
#ifndef DATA_MATCH_H
#define DATA_MATCH_H

#include "data/records.h"

#define MATCH_HITS_MAX 50

typedef struct match_hit {
    int64_t id;
    uint32_t same;                    /* a bit for each rule SAME that found it */
    uint32_t unseen;                  /* the same, whoever may read it: match.c's */
    uint8_t likeness[MATCH_RULES_MAX]; /* of each rule SIMILAR, in per cent; 0: it did not */
    uint32_t actions;                 /* what he may do with it; 0 of a foreign one */
    bool is_foreign;                  /* he may not read it: its minimal card alone may be shown */
} match_hit;

typedef struct match_ask {
    crm_ctx *call;
    const entity *entity;
    const value *row;   /* what is compared, indexed as entity->fields */
    uint64_t fields[4]; /* those of `row` that he may see */
    int64_t id;         /* of `row` itself; 0: it is not stored */
    int64_t below;      /* only rows with a smaller id; 0: any */
    action need;        /* only rows to which he may do that */
    bool is_sure;       /* only by rules SAME */
    bool with_foreign;  /* also those he may not read, as far as his roles show them */
    uint32_t limit;     /* at most MATCH_HITS_MAX */
    /* out, the surest first */
    match_hit hits[MATCH_HITS_MAX];
    uint32_t count;
} match_ask;
/* Pool or writer. Pairs that were called different are left out. */
CRM_MUST_CHECK crm_status match_find(match_ask *m);

#define MATCH_PAIRS_MAX 100

typedef struct match_pair {
    int64_t first;
    match_hit second; /* of a smaller id */
} match_pair;

/* Pairs of all records, from the newest down, each once; both of them he may merge. */
typedef struct match_walk {
    crm_ctx *call;
    const entity *entity;
    int64_t below;  /* in and out: records with a smaller id follow; 0: from the newest on */
    int64_t until;  /* clock_mono: it stops after the record it is at */
    uint32_t limit; /* stops when there are so many pairs, a few may be over; MATCH_PAIRS_MAX at most */
    bool is_sure;   /* only pairs by rules SAME; for who reads all records, along their indexes alone */
    /* out */
    match_pair pairs[MATCH_PAIRS_MAX + 8];
    uint32_t count, looked;
    int percent; /* of all records that are behind it now, by their ids */
    bool is_end; /* nothing follows */
    match_ask *ask; /* match_pairs.c's */
} match_walk;
/* Pool. */
CRM_MUST_CHECK crm_status match_walk_on(match_walk *w);

/* Remembers, or forgets, that two records are not the same. It takes the right to merge both. Writer. */
CRM_MUST_CHECK crm_status match_set_different(crm_ctx *c, const entity *e, const int64_t ids[2],
                                              bool is_different);

/* Puts the keys of the row's names into its hidden field; they live in `a`. */
CRM_MUST_CHECK crm_status match_put_keys(arena *a, const entity *e, value *row);
/* Whether a change of these fields changes them. */
bool match_keys_depend(const entity *e, const uint64_t changed[4]);
/*
 * Keys of rows that were stored before the entity had these rules, at most `rows` of them a call.
 * *is_done when there are no more of any entity; *left are those of the entity it is at, by their ids.
 * Writer, quiet: nobody is told.
 */
CRM_MUST_CHECK crm_status match_fill_keys(crm_ctx *c, uint32_t rows, bool *is_done, int64_t *left);

#endif
