/*
 * engine_sqlite_plan.h - how a query is run, between the files that plan, write and run it.
 *
 * A list or count is one walk or several. A walk goes along one index and gives the rows of one branch
 * of the rights, range by range: a range holds the rows with one value in each leading field, and in
 * an ordered walk they come in the order of the list. So the first rows of many owners are the first
 * rows of each, merged, and cost nothing by the number of rows they have.
 *
 *   engine_sqlite_walk.c    which index serves one branch
 *   engine_sqlite_choose.c  which walks make up the query; else one statement that SQLite plans
 *   engine_sqlite_plan.c    the SQL of each
 *   engine_sqlite_match.c   the SQL of a search
 *   engine_sqlite_bin.c     words in the recycle bin
 *   engine_sqlite_prefix.c  beginnings of words as the words there are
 *   engine_sqlite_counts.c  what was counted before
 *   engine_sqlite_merge.c   running several: the first rows of all ranges, counts without doubles
 *   engine_sqlite_firsts.c  the first rows out of rows in any order
 *   engine_sqlite_part.c    a list that may stop on its way
 *   engine_sqlite_gather.c  one that has no place there to stop at
 *   engine_sqlite_kept.c    a page of which the caller kept some rows
 *   engine_sqlite_reader.c  rows as values
 *   engine_sqlite_query.c   GET, LIST, COUNT
 */
#ifndef DATA_ENGINE_SQLITE_PLAN_H
#define DATA_ENGINE_SQLITE_PLAN_H

#include "data/engine_sqlite.h"

#define RANGES_MAX 512 /* of a query: each is a descent into an index */
#define HELD_MAX   16
#define HEADS_MAX  4

typedef enum walk_by {
    WALK_FREE,  /* as SQLite likes */
    WALK_INDEX, /* along `index` */
    WALK_IDS,   /* by id */
} walk_by;

/* The values that a row may have in one field; in the arena of the op. {NULL}: it is empty. */
typedef struct allowed {
    const field *field;
    const value *values;
    uint32_t count;
} allowed;

typedef struct walk {
    walk_by by;
    const branch *branch; /* whose rows; NULL: of all that the query's rights grant */
    const entity_index *index;
    allowed head[HEADS_MAX];
    uint32_t head_count, ranges;
    const cond *held[HELD_MAX]; /* comparisons that hold for every row of the ranges */
    uint32_t held_count;
    bool is_ordered;      /* the rows of a range come in the order of the list */
    bool is_own;          /* what the branch asks for leads into the index */
    bool is_exact;        /* every row of the ranges is a row of the branch, or ends the range */
    uint32_t first_param; /* where plan_rows put the first leading value */
} walk;

typedef struct plan {
    walk at[BRANCHES_MAX];
    uint32_t count; /* 0: no row can match */
    bool is_merged; /* several ranges; else `at[0]` is one statement */
    bool is_long;   /* it may pass over any number of rows before a page is full */
} plan;

/* ---- planning -------------------------------------------------------------------------------- */

static inline bool plan_is_by_id(const query *in)
{
    return !in->sort_count || in->sorts[0].field->index == COL_ID;
}

/*
 * The best index for the rows of `b` (NULL: for the condition alone); false: none. `ranges` 0: the
 * comparisons contradict each other. Ordered if that can be and the query is a list. One that
 * narrows by no field at all is given for the condition alone only.
 */
bool walk_find(sql *q, const query *in, const branch *b, engine_op_kind kind, walk *out);
/* May ask the database how many rows a comparison has. */
CRM_MUST_CHECK crm_status plan_make(sqlite_session *s, const query *in, engine_op_kind kind,
                                    plan *out);
/* All rows along the order of the list, whatever the condition and the rights; false: no index has it.
 * Begins a statement in s->sql. */
bool plan_in_order(sqlite_session *s, const query *in, walk *out);
/* The greatest id there is. */
CRM_MUST_CHECK crm_status plan_last_id(sqlite_session *s, const query *in, int64_t *out);

/* ---- SQL ------------------------------------------------------------------------------------- */

/*
 * The part of a page a statement gives. Down a column that may be NULL the values come first, then
 * the NULLs; one range of the index cannot hold both, so they are asked for one after the other.
 */
typedef enum page_part { PAGE_WHOLE, PAGE_VALUES, PAGE_NULLS } page_part;
bool plan_comes_in_parts(const query *in);

/* "SELECT <fields>,<branches>": branches that other rows decide come as 0 or 1 after the fields. */
void plan_select(sql *q, const entity *e, const uint64_t selected[4], const branches *b);
/* " FROM <table> WHERE " */
void plan_from(sql *q, const entity *e);
/* Whether one of the branches in `bits` grants every row. */
bool plan_is_all(const branches *b, uint32_t bits);
/* The recycle bin, rights, words and the condition. */
void plan_where(sql *q, const query *in);
/* A branch that grants every row is needed: rights narrow nothing. */
bool plan_sees_all(const query *in);
/* Which rows of the recycle bin count. */
void plan_bin(sql *q, const query *in);
/* " FROM … WHERE …": the first range of the walk, under the query's condition and rights. */
void plan_rows(sql *q, const query *in, walk *w);
/* Sets the leading values of a prepared statement to those of range `at` (below w->ranges). */
CRM_MUST_CHECK crm_status plan_bind(sqlite_session *s, sqlite3_stmt *stmt, const walk *w,
                                    uint32_t at);
/* " AND <beyond the cursor>" */
void plan_after(sql *q, const query *in, page_part part);
/* ",CASE … END": NULL of a row that the rights do not grant, or with `is_anywhere` one that lies in the bin
 * or not as is asked, is not beyond the cursor, or is beyond the bound of in->gathered; else whether the
 * condition holds. On the way of a branch are the rows that it grants alone, on match_way those with the words. */
void plan_verdict(sql *q, const query *in, const walk *w, bool is_anywhere);
void plan_order(sql *q, const query *in);
/* ",<sort value>" of each sort, as it compares. */
void plan_sort_values(sql *q, const query *in);
/* The rows of a page by one statement. */
void plan_list(sqlite_session *s, const query *in, walk *w, const uint64_t selected[4],
               page_part part, uint32_t limit);
/* Their ids alone, of a walk that gives all of the page. */
void plan_page_ids(sqlite_session *s, const query *in, walk *w, uint32_t limit);
/* Id and sort values of the rows of a range, in the order of the list if the walk is ordered. */
void plan_keys(sqlite_session *s, const query *in, walk *w, page_part part);
/* The rows of a range of an ordered walk as plan_list gives them, and behind their columns the sort
 * values. */
void plan_lane(sqlite_session *s, const query *in, walk *w, const uint64_t selected[4]);
/* The ids of the rows of a range. */
void plan_ids(sqlite_session *s, const query *in, walk *w);

/* ---- the first rows -------------------------------------------------------------------------- */

/* A row, by what decides where it stands. */
typedef struct point {
    int64_t id;
    value *at;   /* by sort, as it compares: a folded text is its key */
    char *texts; /* where its texts are, in so much room; of one that is kept */
    size_t room;
} point;
typedef struct firsts {
    const query *in;
    arena *arena;
    point *at; /* in order */
    uint32_t count, limit;
    bool leaves_out; /* there was no room for some, which come after all that are kept */
} firsts;
/* The row on which the statement stands: its id comes first, its sort values from column `first` on. They
 * are put into `keys` (SORTS_MAX) and live until the next step. */
point point_read(const query *in, sqlite3_stmt *stmt, int first, value *keys);
int point_compare(const query *in, const point *x, const point *y);
CRM_MUST_CHECK bool firsts_init(firsts *f, const query *in, arena *a, uint32_t limit);
/* A copy; none twice. False when it comes after all that there is room for, or when memory is out. */
bool firsts_add(firsts *f, const point *p);
/* In order; NULL: no memory. */
int64_t *firsts_ids(const firsts *f);

/* ---- running --------------------------------------------------------------------------------- */

/* Whether the ranges can be read side by side: they are in order and not many. */
bool merge_goes_abreast(const plan *p);
/* Whether that gives a page at once: it does not come in parts. */
bool merge_is_narrow(const query *in, const plan *p);
/* What merge_rows reads: `write` puts the statement of a range of the walk into s->sql, the id first and
 * the sort values last; `take` gets each row on its statement until it gives false. */
typedef struct lane_rows {
    void (*write)(void *arg, walk *w);
    bool (*take)(void *arg, sqlite3_stmt *row);
    void *arg;
} lane_rows;
/* The rows of all ranges in order, none twice, where they go abreast. */
CRM_MUST_CHECK crm_status merge_rows(sqlite_session *s, const query *in, plan *p,
                                     const lane_rows *rows);
/* The ids of the page's first rows in order, in the arena of the op; `count` is at most `limit`. */
CRM_MUST_CHECK crm_status merge_list(sqlite_session *s, const query *in, plan *p, uint32_t limit,
                                     int64_t **ids, uint32_t *count);
/* Different rows of all ranges, at most `limit`. On failure *count is what was counted so far. */
CRM_MUST_CHECK crm_status merge_count(sqlite_session *s, const query *in, plan *p, int64_t limit,
                                      int64_t *count);

/* What of a page was found before its time was over (engine_sqlite_part.c). */
typedef struct stretch {
    int64_t *ids; /* in order, in the arena of the op */
    uint32_t count;
    int64_t place;   /* the row it got to; 0: none that may be told, so the list is to be gathered */
    bool is_stopped; /* there may be more behind `place` */
} stretch;
/*
 * Whether the rows come one by one in the order of the list, so that it can be said where it stops. Of a
 * long plan whose rows do not, `p` becomes one walk along that order, if an index has it.
 */
bool part_may_stop(sqlite_session *s, const query *in, plan *p);
CRM_MUST_CHECK crm_status part_find(sqlite_session *s, const engine_op *op, plan *p, uint32_t limit,
                                    stretch *out);
/* Whether a list that has no place to stop at may be gathered (gathering.h). */
bool gather_may(const engine_op *op);
/* How much of the way lies behind in->after, by the rows on it that the asker may read. */
CRM_MUST_CHECK crm_status part_percent(sqlite_session *s, const query *in, plan *p, int *out);

/*
 * What the same count was in this snapshot (engine_sqlite_counts.c); false: nobody counted. After that
 * counts_keep takes what it turned out to be, all of it: not what a count got to that was stopped.
 */
bool counts_find(sqlite_session *s, const query *in, plan *p, int64_t limit, int64_t *count);
/* The same of a count that is one statement, which stands in s->sql. */
bool counts_find_statement(sqlite_session *s, int64_t *count);
void counts_keep(sqlite_session *s, int64_t count);

/* Whether full text finds the rows: those of the recycle bin it has not. */
static inline bool plan_is_search(const query *in)
{
    return in->terms.n && !in->only_deleted;
}
/* "karkas_has(…)": the terms stand in the search fields in `shown` (NULL: all) of a row. */
void bin_words(sql *q, const query *in, const uint64_t *shown);

/* `in` with the beginnings among its terms spelled out where that is cheaper (engine_sqlite_prefix.c). */
CRM_MUST_CHECK crm_status prefix_spell(sqlite_session *s, const query *in, query *out);

/* Queries with terms (engine_sqlite_match.c): the statement of a page, and of a count up to `limit`. */
void match_list(sqlite_session *s, const query *in, const uint64_t selected[4], page_part part,
                uint32_t limit);
void match_count(sqlite_session *s, const query *in, int64_t limit);
/* " FROM … WHERE … ORDER BY …" of plan_is_search: the rows with the terms by their numbers, those that are
 * `beyond` ("=", ">" or "<") the number, which is the last parameter; whatever else is asked. */
void match_way(sql *q, const query *in, const char *beyond, int64_t number);
/* Whether the rights grant a row on that way. */
void match_granted(sql *q, const query *in);

#endif
