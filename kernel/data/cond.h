/*
 * cond.h - a condition: the truth about a row, as a value.
 *
 * It is read from the JSON prefix form (["and",["stage","eq","new"],["owner","me"]]) against an
 * entity, turned into SQL by an engine, and evaluated on a row in C; the three must agree and the
 * property tests hold them together. NULL never equals, orders or starts anything: `ne` and `not`
 * are true for NULL as in "is not that".
 *
 * Texts compare by their sort key (case and ё folded); stages and choices by bytes, phones by the
 * number without its extension (field_key_of).
 * A comparison on a many-valued field is true when any element satisfies it; `ne` is the negation of
 * `eq` there too: no element equals. An empty list (`in`, `or`) is false, an empty `and` true.
 */
#ifndef DATA_COND_H
#define DATA_COND_H

#include "base/base.h"
#include "data/value.h"

struct branches;
struct zone;
struct entity;
struct field;
struct registry;

/* What a condition is evaluated against besides the row. */
typedef struct cond_env {
    int64_t me;        /* the acting user's id */
    int64_t now;       /* ms UTC */
    int64_t day_start; /* ms UTC of today's midnight in the deployment's zone */
    const struct zone *zone; /* the deployment's, for other days and buckets; NULL: UTC */
} cond_env;

typedef enum cond_op {
    COND_TRUE, COND_FALSE, COND_AND, COND_OR, COND_NOT,
    COND_EQ, COND_NE, COND_GT, COND_GTE, COND_LT, COND_LTE,
    COND_IN,     /* values, value_count; cond_read takes at most 1000, the kernel may make longer lists */
    COND_NONE,   /* empty */
    COND_STARTS, /* text begins with, folded */
    COND_HAS,    /* text contains, folded; on a many-valued field: an element equals */
    COND_ME,     /* a user field is the acting user */
    COND_EXISTS, /* a child record: path[0] is the child's reference field to this row */
    COND_IN_QUERY, /* the value, or of many any, is among those that `sub` gives */
    COND_REFERS, /* a record that path[0], a reference or a list of them, refers to, is as asked */
    COND_ATTACHED, /* an attachment in path[0], a file or a list of them, is: `first` is over cond_attachment */
} cond_op;

#define COND_PATH_MAX 3 /* the last field and at most two references before it */

/*
 * The values of a field of other rows: "its contact is one of those with an open deal". The rows are
 * those outside the recycle bin, as is what they are parts of, that `where` is true for and that may be
 * read under a branch showing `field` and all that `where` touches (`rights`, filled by cond_restrict as
 * hops are). NULL is never among them; of a many-valued field every element is.
 *
 * Both fields hold ids of one entity (a reference, a list of them, COL_ID), or they have the same stored type and
 * scale; texts compare as `eq` does. Fields of json, multiline, file and files are refused
 * (cond_can_join), and between fields that do not fit nothing is among.
 */
typedef struct subquery {
    const struct field *field; /* its entity is the one asked; COL_ID: the rows themselves */
    const struct cond *where;  /* NULL: all rows */
    const struct branches *rights;
} subquery;

typedef struct cond {
    cond_op op;
    const struct field *path[COND_PATH_MAX];
    /*
     * Rights of the rows a path passes: the row reached by path[i] (EXISTS, REFERS: hop[0]) must
     * match one of these branches, and the branch must show the field used. NULL: the kernel asks.
     * Filled on a copy by cond_restrict (records.h) only. A comparison over a row that may not be
     * read is false, also under `not`.
     */
    const struct branches *hop[COND_PATH_MAX - 1];
    uint8_t path_length;
    const value *values; /* one for comparisons */
    uint32_t value_count;
    const subquery *sub; /* IN_QUERY */
    const struct cond *first, *next; /* children of and/or/not/exists/refers/attached; siblings */
} cond;

#define COND_NODES_MAX 64
#define COND_DEPTH_MAX 8

/* What went wrong in reading a condition. */
typedef struct cond_error {
    /* unknown_field, unknown_operator, type_mismatch, bad_request, too_long, too_many, path_too_long,
     * too_complex */
    const char *code;
    crm_str field, nearest;
    /* Of unknown_field where the name stands alone, no path: the entity that has no such field. */
    const struct entity *of;
    crm_str name;
    crm_str params_json; /* {"max":200}, {"op":"like","choices":"eq, ne, …"}, or empty */
} cond_error;

/* "today" and "now-3d" stay relative (VALUE_TODAY, VALUE_NOW). INVALID with *err filled. */
typedef struct cond_scope {
    const struct registry *reg;
    const struct entity *entity;
    /*
     * Whether who asks may know of the field, or with NULL of the entity; without it he may know of all.
     * What he may not know of is read as if it were not there, so that no error tells the two apart:
     * neither which it is nor which comes first.
     */
    bool (*shows)(void *arg, const struct entity *e, const struct field *f);
    void *arg;
} cond_scope;
CRM_MUST_CHECK crm_status cond_read(arena *a, const cond_scope *s, const json_t *json, const cond **out,
                                    cond_error *err);
/* "eq", "in" … */
bool cond_is_operator(crm_str name);
/* "contact.city" as fields from `s` on. INVALID with *err filled. */
CRM_MUST_CHECK crm_status cond_read_path(arena *a, const cond_scope *s, crm_str text,
                                         const struct field *path[COND_PATH_MAX], uint8_t *length,
                                         cond_error *err);
/* "now", "now-3d", "now+15m"; "today", "today+2d" as VALUE_NOW or VALUE_TODAY. False when it is none of them. */
bool cond_read_moment(crm_str s, value *out);
/*
 * Makers copy what they are given into the arena. NULL is the true condition. When memory is out they
 * give the false one and the arena is failed.
 */
const cond *cond_and(arena *a, const cond *x, const cond *y);
const cond *cond_or(arena *a, const cond *x, const cond *y);
const cond *cond_compare(arena *a, cond_op op, const struct field *f, value v);
const cond *cond_make(arena *a, cond_op op, const struct field *f, const value *values, uint32_t count);
const cond *cond_in(arena *a, const struct field *f, const value *values, uint32_t count);
/* `c`, and that the row is no part of a record in the recycle bin: rights see to it by themselves
 * (branch.is_via_kept), who asks without any has to. */
const cond *cond_kept_part(arena *a, const struct entity *e, const cond *c);
/*
 * Whether what EXISTS or IN_QUERY asks for are parts of the very row that it is asked of. Whether that row
 * or what it is part of lies in the recycle bin is not asked of them then: its parts are there as long as
 * it is looked at. Else what a grant says of a record would turn about when the record is thrown away.
 */
bool cond_is_own_part(const cond *c);

/*
 * Evaluates on one row of values (indexed as entity->fields). Paths of one field only: a condition
 * with longer paths, EXISTS, REFERS or IN_QUERY is the engine's business (cond_is_local tells).
 */
bool cond_is_local(const cond *c);
/* Whether it does not depend on the time. */
bool cond_is_timeless(const cond *c);
/* Whether values of `x` may be looked for among those of `among`. */
bool cond_can_join(const struct field *x, const struct field *among);
bool cond_eval(const cond *c, const value *row, const cond_env *env); /* c NULL: true */
/* A comparison's value in the storage form of `f`: VALUE_NOW and VALUE_TODAY become INT, on a date
 * field days. Engines use this too, so that all agree. */
value cond_value(const struct field *f, value v, const cond_env *env);
/*
 * What an attachment is to a condition: `name` and `type` are texts, `size` is a number of bytes. It is
 * no entity of a registry, and everybody who may see the field may ask for all of it (cond_attached.c).
 */
extern const struct entity cond_attachment;
/* Whether any attachment in the stored value of a field of files is as `where` says (NULL: is there). */
bool cond_attached(const cond *where, value stored, const cond_env *env);
/* Adds the first fields of all paths to a bit set of FIELDS_MAX bits. */
void cond_fields(const cond *c, uint64_t set[4]);

#endif
