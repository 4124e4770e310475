/*
 * query.h - a query as a value: what is asked, never how. Engines plan it.
 *
 * A query belongs to an arena and to one registry snapshot. Rights are part of it: an engine never
 * sees a query of a user without the branches that limit him (NULL means the kernel itself asks).
 */
#ifndef DATA_QUERY_H
#define DATA_QUERY_H

#include "data/cond.h"
#include "data/gathering.h"
#include "data/registry.h"

#define BRANCHES_MAX 16
#define LIST_MAX 200       /* rows of one page */
#define COUNT_CAP 1001     /* beyond it the total is "1000+" */

/* Grants that need more than BRANCHES_MAX branches are refused when compiled, never cut.
 *
 * A row predicate, the fields it shows and the actions it allows. */
typedef struct branch {
    /* part_of: `where` is about the row reached by these references; `fields` are this entity's. */
    const field *via[2];
    uint8_t via_count;
    bool is_via_kept;        /* nothing that via leads to may lie in the recycle bin */
    const cond *where;       /* local, or EXISTS (the engine's business); NULL: every row */
    uint64_t fields[4];      /* bit per field */
    uint32_t actions;        /* bit per action */
    uint64_t kinds;          /* of the row's timeline, bit per kind (timeline.h) */
    crm_str source;          /* which line of the ТЗ grants it */
} branch;

/* A right to figures of rows that one need not be able to read (data/summary.h). */
typedef struct summary_right {
    const cond *where;       /* NULL: every row */
    uint64_t sums[4], keys[4]; /* fields that may be summed, fields to group by */
    uint32_t at_least;       /* rows of a group that is shown */
    bool is_counted;         /* rows may be counted */
    crm_str source;
} summary_right;

#define SUMMARIES_MAX 8

typedef struct branches {
    branch at[BRANCHES_MAX];
    uint32_t count;          /* 0: nothing may be seen */
    const struct branches *exported; /* what of it may leave in a file (rights_exported); NULL: nothing */
    summary_right sums[SUMMARIES_MAX];
    uint32_t sum_count;
} branches;

typedef struct sort {
    const field *field;
    bool descending;
} sort;

typedef struct query {
    const entity *entity;
    const cond *where;
    const cond *fixed;       /* the deployment's own condition besides: the caller's rights do not
                                narrow it, and records_narrow joins it to `where` */
    const branches *rights;  /* all branches of the principal; NULL: the kernel's own read */
    uint32_t need;           /* a row must match at least one of these branches (bit each) */
    cond_env env;
    /*
     * Full text, made by search_terms: groups apart by ' ', all of which must match; alternatives of a
     * group apart by '|'; tokens of an alternative joined by '&', all of which must be there. A token
     * that ends in '*' is a beginning; one that begins with '=' is a stem, for ranking only. Under a
     * branch a token counts only in search fields that the branch shows.
     */
    crm_str terms;
    sort sorts[SORTS_MAX];   /* id follows as the last key, in the direction of the last sort */
    uint32_t sort_count;
    uint32_t limit;          /* 0: LIST_MAX; the kernel's own reads may ask more */
    cursor after;
    const list_gathering *gathered; /* a LIST goes on in it; NULL: along its order */
    int64_t asked;           /* query_bind's; 0: not bound yet */
    uint64_t select[4];      /* fields wanted; the engine adds what rights need. All zero: all */
    bool with_deleted;       /* rows in the recycle bin too */
    bool only_deleted;
    bool is_exported;        /* its rows leave in a file: they are those of rights_exported */
} query;

/* The next part of q->terms, of a group or of an alternative, that `joint` (' ', '|', '&') ends. */
bool terms_next(crm_str *rest, char joint, crm_str *part);
/* The bare token of a part of an alternative. */
crm_str terms_token(crm_str part, bool *is_prefix, bool *is_stem);

/* By the number of the record alone: then a place tells nothing of a row but that there is one. */
static inline bool query_is_by_id_alone(const query *q)
{
    return !q->sort_count || (q->sort_count == 1 && q->sorts[0].field->index == COL_ID);
}

query *query_new(arena *a, const entity *e);
/*
 * From now on its cursors stand for what it asks: entity, sorts, conditions, words, bin. Called once all
 * of that is known and before rights narrow it; records_read and cursor_read do it where nobody did.
 */
void query_bind(query *q);
/* "opaque" of the API: bound to what is asked, base64url, at most 5 KB whatever the row holds; {NULL,0}
 * when memory is out. INVALID when it is of another question. */
crm_str cursor_write(arena *a, const query *q, const value *last_row);
/* The same of a list that goes on in `g` with the page behind q->after, sealed; or behind the page that `g` is
 * over with. Empty: it does not fit. */
crm_str cursor_write_gathered(arena *a, const query *q, const list_gathering *g);
CRM_MUST_CHECK crm_status cursor_read(arena *a, query *q, crm_str text);
/* Whether it holds the beginning of a text only. Then the row of its id, where that is still there and has
 * not changed in what is sorted by, tells the place exactly; without it the list goes on where rows
 * that begin alike do: some of them come again, none is left out. */
bool cursor_is_cut(const cursor *at);
void cursor_complete(arena *a, const query *q, const value *row, cursor *at);

static inline bool bits_has(const uint64_t set[4], uint32_t i) { return set[i >> 6] >> (i & 63) & 1; }
static inline void bits_add(uint64_t set[4], uint32_t i) { set[i >> 6] |= 1ull << (i & 63); }

#endif
