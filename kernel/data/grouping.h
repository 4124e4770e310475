/*
 * grouping.h - aggregates as a value: rows of a query, cut into groups and measured.
 *
 * What is asked stands here; an engine gives each group's raw figures (ENGINE_GROUP), and what can
 * be computed from them is computed once, above the engines (aggregate.c): averages, shares,
 * having, order, top N. So engines cannot disagree about it.
 *
 * Meaning, the same on every engine
 *  - The rows are those of `rows` (entity, where, rights, need, terms, recycle bin); its sorts, limit,
 *    after and select mean nothing here. No row: no group, but without keys exactly one group.
 *  - A key's value is the field's, or its bucket. Texts that conditions compare by a key (field_key_of)
 *    group by it and the group shows the least of them by bytes; stages and choices group by bytes.
 *    Empty is a group of its own, NULL.
 *  - A many-valued, multiline, json or file field is no key. A row that a path passes and that may not
 *    be read gives NULL, as an empty reference does; one in the recycle bin gives its value, as in
 *    conditions.
 *  - Buckets go by the clocks of rows.env.zone: a moment falls into the day, week (from Monday), … that
 *    they show then. An hour begins where the clocks' minutes last were 0 by the offset of the moment
 *    itself: the one that comes twice in autumn is two.
 *  - A measure sees the rows of its group that its own `where` is true for. NULLs are left out of all
 *    but COUNT. Without a row COUNT, FILLED and DISTINCT are 0, the others NULL.
 *  - DISTINCT takes the fields that keys take and compares as `eq` does. Percentiles are by nearest
 *    rank: the least value that at least 50 (90) percent of the values do not exceed.
 *  - Sums are exact: only the whole sum, never a part of it, may be too large. One beyond int64 is
 *    LIMIT, whatever the order of the rows.
 *
 * Durations between events are not computed here: stage logs and modules store them as fields.
 */
#ifndef DATA_GROUPING_H
#define DATA_GROUPING_H

#include "data/query.h"

struct zone;

#define GROUP_KEYS_MAX 3
#define MEASURES_MAX   16
#define HAVING_MAX     8
#define GROUPS_MAX     1000 /* given to the caller */

/* A field of the row, or one reached through at most two references. */
typedef struct field_path {
    const field *at[COND_PATH_MAX];
    const branches *hop[COND_PATH_MAX - 1]; /* as cond.hop: filled on a copy, under rights */
    uint8_t length;
} field_path;
static inline const field *field_path_end(const field_path *p) { return p->at[p->length - 1]; }

/* name in the API, type of the key's value */
#define BUCKET_MAP(X)                                                                              \
    X(NONE, "", COMPUTED)          /* the field's own type */                                      \
    X(HOUR, "hour", DATETIME)      /* ms UTC of its beginning; datetime fields only */             \
    X(DAY, "day", DATE) X(WEEK, "week", DATE) X(MONTH, "month", DATE)                              \
    X(QUARTER, "quarter", DATE) X(YEAR, "year", DATE) /* days of its first day there */            \
    X(HOUR_OF_DAY, "hour_of_day", INT) /* 0-23; datetime fields only */                            \
    X(WEEKDAY, "weekday", INT)     /* 1 Monday - 7 Sunday */
typedef enum bucket {
#define X(name, text, type) BUCKET_##name,
    BUCKET_MAP(X)
#undef X
    BUCKET_COUNT
} bucket;

typedef struct group_key {
    crm_str name; /* in the answer; unique among keys and measures */
    field_path path;
    bucket bucket; /* of date and datetime fields */
} group_key;

/* name in the API */
#define MEASURE_MAP(X)                                                                             \
    X(COUNT, "count")         /* rows */                                                           \
    X(FILLED, "filled")       /* rows with a value */                                              \
    X(DISTINCT, "distinct")   /* different values */                                               \
    X(SUM, "sum") X(MIN, "min") X(MAX, "max") X(P50, "p50") X(P90, "p90")                          \
    X(AVG, "avg")             /* derived: sum by the rows with a value */                          \
    X(SHARE, "share")         /* derived: percent of one measure in another */
typedef enum measure_kind {
#define X(name, text) MEASURE_##name,
    MEASURE_MAP(X)
#undef X
    MEASURE_KIND_COUNT
} measure_kind;

/*
 * SUM and AVG: int, decimal, money, percent, duration. MIN, MAX, P50, P90: these, date and datetime.
 * Sums of money over several currencies are the caller's mistake: group or filter by the currency.
 * AVG has two digits more than its field, but of a duration whole ms; halves go away from zero.
 * SHARE is a percent with two digits of `of[0]` in `of[1]`, rounded likewise; NULL when one is NULL or
 * `of[1]` is 0. Neither is a share, a date or a datetime. An average or share beyond int64 is LIMIT.
 */
typedef struct measure {
    crm_str name;
    measure_kind kind;
    field_path path;   /* not of COUNT and SHARE */
    const cond *where; /* NULL: all rows of the group */
    uint8_t of[2];     /* SHARE: positions of other measures, before or behind it */
} measure;

/* `at`: a key's position, or GROUP_KEYS_MAX + a measure's. */
typedef struct group_sort {
    uint8_t at;
    bool descending;
} group_sort;
/* EQ, NE, GT, GTE, LT, LTE of one measure; NULL satisfies none. All must hold. */
typedef struct having {
    uint8_t measure;
    cond_op op;
    value value; /* scaled as the measure's result is */
} having;

typedef struct grouping {
    query rows;
    group_key keys[GROUP_KEYS_MAX];
    measure measures[MEASURES_MAX]; /* at least one */
    having having[HAVING_MAX];
    /* Then by the keys ascending, so the order is always decided; NULL is least. Texts of keys order as
     * they group, references by id. */
    group_sort sorts[SORTS_MAX];
    uint32_t key_count, measure_count, having_count, sort_count;
    uint32_t limit; /* the first groups in that order; 0: GROUPS_MAX */
    bool is_summary; /* asked by the right to figures, not over the rows one reads; not an engine's */
} grouping;

/* Raw figures of one group: `keys` by position; `measures` likewise, of AVG the sum and of SHARE
 * NULL; `filled` by position is AVG's divisor, elsewhere 0. Valid inside the call, groups in any order.
 * False stops. */
typedef bool (*engine_group_fn)(void *arg, const value *keys, const value *measures,
                                const int64_t *filled);

/* Whether a field of this type may be a key (or DISTINCT), a bucket's, a SUM's, a MIN's. */
bool group_takes_key(const field *f);
bool group_takes_bucket(const field *f, bucket b);
bool group_takes_sum(const field *f);
bool group_takes_order(const field *f);
/* What a stored date or datetime falls into; NULL gives NULL. Engines use this, so that all agree. */
value group_bucket(bucket b, const field *f, value v, const struct zone *z);

/* Type and scale of what a key or measure gives, for JSON, tables and exports. */
typedef struct result_type {
    field_type type;
    uint8_t scale;
    const field *field; /* whose choices, stages or reference the value is of; NULL: none */
} result_type;
result_type group_key_type(const group_key *k);
result_type measure_type(const grouping *g, uint32_t measure);
/* A field that writes and reads values of this type (field_to_json, field_read_one). */
field result_field(result_type t);

#endif
