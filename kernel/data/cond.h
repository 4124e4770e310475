/*
 * cond.h - a condition: the truth about a row, as a value.
 *
 * It is read from the JSON prefix form (["and",["stage","eq","new"],["owner","me"]]) against an
 * entity, turned into SQL by an engine, and evaluated on a row in C; the three must agree and the
 * property tests hold them together. NULL never equals, orders or starts anything: `ne` and `not`
 * are true for NULL as in "is not that".
 *
 * Texts compare by their sort key (case and ё folded); stages, choices and phones by bytes.
 * A comparison on a many-valued field is true when any element satisfies it.
 */
#ifndef DATA_COND_H
#define DATA_COND_H

#include "base/base.h"
#include "data/value.h"

struct entity;
struct field;
struct registry;

typedef enum cond_op {
    COND_TRUE, COND_FALSE, COND_AND, COND_OR, COND_NOT,
    COND_EQ, COND_NE, COND_GT, COND_GTE, COND_LT, COND_LTE,
    COND_IN,     /* values, value_count; at most 1000 */
    COND_NONE,   /* empty */
    COND_STARTS, /* text begins with, folded */
    COND_HAS,    /* text contains, folded; on a many-valued field: an element equals */
    COND_ME,     /* a user field is the acting user */
    COND_EXISTS, /* a child record: path[0] is the child's reference field to this row */
} cond_op;

#define COND_PATH_MAX 3 /* the last field and at most two references before it */

typedef struct cond {
    cond_op op;
    const struct field *path[COND_PATH_MAX];
    uint8_t path_length;
    const value *values; /* one for comparisons */
    uint32_t value_count;
    const struct cond *first, *next; /* children of and/or/not/exists; siblings */
} cond;

#define COND_NODES_MAX 64
#define COND_DEPTH_MAX 8

/* What went wrong in reading a condition. */
typedef struct cond_error {
    const char *code; /* unknown_field, type_mismatch, bad_request, too_long */
    crm_str field, nearest;
} cond_error;

/*
 * `now` gives the meaning of "today" and "now-3d" (tz offset of the deployment is applied by the
 * caller through `day_start`, ms UTC of today's midnight). INVALID with *err filled.
 */
typedef struct cond_scope {
    const struct registry *reg;
    const struct entity *entity;
    int64_t now, day_start;
} cond_scope;
CRM_MUST_CHECK crm_status cond_read(arena *a, const cond_scope *s, const json_t *json, const cond **out,
                                    cond_error *err);
const cond *cond_and(arena *a, const cond *x, const cond *y); /* either may be NULL (true) */
const cond *cond_or(arena *a, const cond *x, const cond *y);
const cond *cond_compare(arena *a, cond_op op, const struct field *f, value v);
const cond *cond_in(arena *a, const struct field *f, const value *values, uint32_t count);

/*
 * Evaluates on one row of values (indexed as entity->fields). Paths of one field only: a condition
 * with longer paths or EXISTS is the engine's business (cond_is_local tells).
 */
bool cond_is_local(const cond *c);
bool cond_eval(const cond *c, const value *row, int64_t me);
/* Adds the first fields of all paths to a bit set of FIELDS_MAX bits. */
void cond_fields(const cond *c, uint64_t set[4]);

#endif
