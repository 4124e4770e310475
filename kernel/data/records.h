/*
 * records.h - records under rights: the one enforcement point below API, UI, search, reports,
 * events, rules and modules.
 *
 * Reads: a query is first narrowed to what the acting principal may see; a field he may not see is
 * an unknown field (INVALID, code unknown_field), a row he may not see is NOT_FOUND.
 * Writes: rights on the row before and after, types, required fields, stages, locks, uniqueness,
 * hooks, the row, its history, its full text, its change. All on the writer inside a tx.
 */
#ifndef DATA_RECORDS_H
#define DATA_RECORDS_H

#include "data/rights.h"
#include "data/tx.h"

/* A record in memory. `v` is indexed as entity->fields. */
struct record {
    const entity *entity;
    arena *arena;
    value *v;
    uint64_t set[4];       /* fields given or changed since it was read */
    uint64_t copied[4];    /* of these, values that another record has: empty ones are meant so, too */
    uint64_t visible[4];   /* fields the principal may see */
    uint64_t writable[4];  /* fields he may set (UPDATE, or CREATE when new, without locks) */
    uint32_t actions;      /* what he may do with it */
    bool is_new;
};

/* ---- reading --------------------------------------------------------------------------------- */

/* One row as the principal may see it; valid inside the call. */
typedef struct record_view {
    const entity *entity;
    const value *row;         /* indexed as entity->fields */
    const uint64_t *visible;  /* fields he may see */
    const uint64_t *writable; /* fields he may set as far as rights go; locks come besides */
    const uint16_t *fields;   /* the entity's own fields he may see, in order */
    uint32_t field_count;
    uint64_t denied[4];       /* reference fields whose record he may not read */
    /* By field index: the title of a reference's record. Of REFS a line for each id: '+' and the title,
     * or '-' where he may not read the record. */
    const crm_str *labels;
    uint32_t actions;
} record_view;
/* False stops. */
typedef bool (*record_row_fn)(void *arg, const record_view *v);

/*
 * A read that may complete now or later (loop threads). `done` gets the status once; *next is set
 * when a further page exists (its cursor), total/approx when count was asked. OK, INVALID (error in
 * the call), DENIED export_denied (of an export), TIMEOUT with interrupted=true: throw away what the
 * rows gave and run it on the pool.
 */
typedef struct record_read {
    crm_ctx *call;
    query *query;            /* LIST; its `rights` are filled here */
    int64_t id;              /* != 0: one record of query->entity */
    bool count;
    uint32_t count_max;      /* counts at most so many; 0: COUNT_CAP, as lists do */
    int64_t count_us;        /* and for so long, then `total` is what it got to; 0: while it takes */
    bool want_labels;        /* titles of references, read in the same snapshot; the rows are to be
                                shown: fields that never leave the server are not read */
    record_row_fn on_row;
    /*
     * LIST of rows to be shown: the caller keeps what he made of rows (records_may_keep). Asked `is_kept` of
     * a row, he says whether he has it as it is now; then `on_kept` comes in place of on_row, in order and
     * with the same meaning of false. NULL: he keeps nothing.
     */
    engine_kept_fn is_kept, on_kept;
    void (*done)(struct record_read *r, crm_status status);
    void *arg;
    int64_t limit_us;
    int64_t part_us;         /* LIST: after so long it may stop with what it has found, is_partial, and
                                next leads on from there (engine.h, stop_after_us); 0: never */
    bool interrupted, has_more, is_partial;
    int percent;             /* of the way, when is_partial */
    bool approx;             /* there are at least `total` */
    int64_t total;
    crm_str next;
    void *state;
} record_read;
/*
 * Whether what is shown of a row of `e` depends on nothing but the row, the records it refers to
 * (record_view_refs), the entity's select, and who asks: his user, the registry and the people of the
 * call. Not so where his rights look at other rows or at the time, or a token narrows them.
 */
bool records_may_keep(crm_ctx *c, const entity *e);
/* The records whose titles the view shows, at most `max`; more than `max` when there are more. */
typedef struct record_ref {
    uint32_t entity; /* durable id */
    int64_t id;
} record_ref;
uint32_t record_view_refs(const crm_ctx *c, const record_view *v, record_ref *out, uint32_t max);
/* A condition under the principal's rights: branches for every row its paths pass, and the set of the
 * entity's own fields it touches. INVALID, code unknown_field. */
CRM_MUST_CHECK crm_status cond_restrict(crm_ctx *c, const entity *e, const cond *in, const cond **out,
                                        uint64_t touched[4]);
/* Where the caller's conditions are read: he knows of what his roles show of some record. */
cond_scope records_scope(crm_ctx *c, const entity *e);
/* Whether the caller's roles show the field of some record. */
bool records_shows(crm_ctx *c, const entity *e, const field *f);
/* The field error of a condition that could not be read; of one that names no field, under `where`. */
crm_status records_bad_cond(crm_ctx *c, const cond_error *err, const char *where);
/* The error of a name that is no field, or none he may see, with the nearest he does see. INVALID. */
crm_status records_unknown_field(crm_ctx *c, const entity *e, crm_str name);
void records_read(record_read *r);
/* The same on a pool thread or the writer: returns when done. */
CRM_MUST_CHECK crm_status records_read_now(record_read *r);

/* One record, or NOT_FOUND. Pool or writer. */
CRM_MUST_CHECK crm_status records_get(crm_ctx *c, const entity *e, int64_t id, record **out);
/* At most `q->limit` records in the call's arena. Pool or writer. */
CRM_MUST_CHECK crm_status records_list(crm_ctx *c, query *q, record ***out, uint32_t *count);
/* Pool or writer. Labels of references: fills out[i] with the title of ids[i], or {NULL,0} when it may not be read. */
CRM_MUST_CHECK crm_status records_labels(crm_ctx *c, const entity *e, const int64_t *ids, uint32_t count,
                                         crm_str *out);
/* Pool or writer. History of one record, in the recycle bin as well, newest first, fields under rights. */
typedef struct history_entry {
    int64_t position, at, by;
    int64_t batch;            /* 0: none */
    crm_str batch_title;      /* empty when he may not read the batch */
    crm_str by_name, via;
    char op;
    const struct history_change { const field *field; value old_value, new_value; } *changes;
    uint32_t change_count;
} history_entry;
typedef struct history_query {
    const entity *entity;
    int64_t id, before; /* before: 0 is the newest */
    int64_t until;      /* with has_until: only what was changed at this moment or before */
    bool has_until;
    const field *field; /* only changes of this one; NULL: any. INVALID when he may not see it */
    uint32_t limit;     /* entries; 0: LIST_MAX */
} history_query;
/* *next goes to `before` of the next page; 0: the end. A page may be short though more follows. */
CRM_MUST_CHECK crm_status records_history(crm_ctx *c, const history_query *q, history_entry **out,
                                          uint32_t *count, int64_t *next);

/* What has changed of one record since a position. */
typedef struct record_change {
    int64_t record, rev, at; /* of the newest change there */
    char op;                 /* 'c', 'u', 'd'; 'g': it has left his sight */
    uint64_t fields[4];      /* that have changed and he may see; none of 'd' and 'g' */
} record_change;
typedef struct record_changes {
    record_change *at; /* oldest change first, each record once */
    uint32_t count;
    int64_t next;      /* read on from there, now or later */
    bool has_more;     /* more may follow at once */
} record_changes;
/*
 * Changes after the position, as the asker may know of them now (records_changes.c), of at most `limit` records (0:
 * LIST_MAX). A page is short at the end of the log, and where there is more only behind CHANGES_LOOKED of its rows: not
 * where what he may not see was changed. TIMEOUT: it is as far as was read, and `next` is `after` where that is nowhere.
 * Pool.
 */
CRM_MUST_CHECK crm_status records_changes(crm_ctx *c, const entity *e, int64_t after, uint32_t limit,
                                          record_changes *out);

/* ---- writing: on the writer, inside c->tx ---------------------------------------------------- */

/* A new record with defaults ("me", "now", start stage), nothing stored yet. */
CRM_MUST_CHECK crm_status records_new(crm_ctx *c, const entity *e, record **out);
/* Sets a value that has the field's storage form; marks it changed. */
crm_status record_set(record *r, const field *f, value v);
static inline value record_value(const record *r, const field *f) { return r->v[f->index]; }
/*
 * Creates (is_new) or updates. `base_rev` 0: whatever is stored; else STALE when it is another. All
 * field errors are gathered before it gives up. After OK the record holds what is stored.
 */
CRM_MUST_CHECK crm_status records_save(crm_ctx *c, record *r, int64_t base_rev);
/*
 * records_save of a row of a person's file. It takes the right to import besides: to the record before and
 * after, as the right to write does, and to every field that is set. DENIED, code import_denied.
 */
CRM_MUST_CHECK crm_status records_import(crm_ctx *c, record *r);
/*
 * Makes the record again, with its parts, as a new one of the caller (records_copy.c); `given`, which may be
 * NULL, says what is to be otherwise. TOO_LARGE: it has more than a thousand parts.
 */
CRM_MUST_CHECK crm_status records_copy(crm_ctx *c, const entity *e, int64_t id, const json_t *given,
                                       record **out);
/* Writes the computed fields whose value is another now, as the kernel's own change. */
CRM_MUST_CHECK crm_status records_recompute(crm_ctx *c, const entity *e, int64_t id);
/* Into the recycle bin, and back. */
CRM_MUST_CHECK crm_status records_delete(crm_ctx *c, const entity *e, int64_t id, int64_t base_rev);
CRM_MUST_CHECK crm_status records_restore(crm_ctx *c, const entity *e, int64_t id);
/* Out of the recycle bin for ever, with the function "delete": the row, its words, what history and the
 * stage log hold of it, and all its parts. */
CRM_MUST_CHECK crm_status records_purge(crm_ctx *c, const entity *e, int64_t id);
/*
 * The same with at most *left of its parts, which becomes how many more it could have been. 0: some may be
 * left, seen by nobody any more, since what they are parts of is gone; records_purge_parts takes those.
 */
CRM_MUST_CHECK crm_status records_purge_some(crm_ctx *c, const entity *e, int64_t id, uint32_t *left);
/* Its parts alone, in the bin or not: at most *left, which becomes how many more it could have been. The
 * right to remove the record is the caller's business. */
CRM_MUST_CHECK crm_status records_purge_parts(crm_ctx *c, const entity *e, int64_t id, uint32_t *left);

/* ---- taking back: on the writer, inside c->tx (records_undo.c) -------------------------------- */

typedef struct undo_wish {
    const change *change;  /* of c->reg, as the change log gives it */
    uint64_t fields[4];    /* these only; all zero: the whole change */
    bool force;            /* also what holds something newer */
    bool partly;           /* what conflicts is left as it is, the rest goes back */
    bool is_own;           /* the caller did it: what he gave away comes back to him, and what he made
                            * goes to the bin without the right to delete */
    int64_t batches[2];    /* what these batches did is not newer than the change; 0: none */
} undo_wish;
/*
 * Writes what the change overwrote, under the caller's rights. A field that holds what it held before
 * is done already; one that holds anything but what the change wrote conflicts: it is set in
 * `conflicts` with `partly`, else CONFLICT with a field error changed_since each and nothing is
 * written. A creation goes to the recycle bin and a deletion comes out of it. CONFLICT: "changed_since"
 * (a creation that something changed later), "record_gone". Read-only fields go back with the rest of
 * a whole change.
 */
CRM_MUST_CHECK crm_status records_undo(crm_ctx *c, const undo_wish *wish, uint64_t conflicts[4]);
/* To the state right after that change: of this record, else NOT_FOUND. LIMIT: over 1000 changes ago. */
CRM_MUST_CHECK crm_status records_undo_to(crm_ctx *c, const entity *e, int64_t id, int64_t position);

/* ---- JSON form of a value (API.md), both ways ------------------------------------------------ */

/* From outside: checks type, length, format. False: a field error was added to the call. With
 * c->is_lenient an invalid phone or e-mail is kept and marked. */
CRM_MUST_CHECK crm_status field_from_json(crm_ctx *c, const field *f, const json_t *json, value *out,
                                          bool *is_marked);
/* From a form or a file: text in the form a person writes ("8 (916) 123-45-67", "1 500,00"). */
CRM_MUST_CHECK crm_status field_from_text(crm_ctx *c, const field *f, crm_str text, value *out,
                                          bool *is_marked);
/* The same of a field that holds many, each element on a line of its own: a comma separates none. */
CRM_MUST_CHECK crm_status field_from_lines(crm_ctx *c, const field *f, crm_str text, value *out,
                                           bool *is_marked);
/* As field_from_text, but what cannot be read (INVALID) is no error of the call. */
CRM_MUST_CHECK crm_status field_try_text(crm_ctx *c, const field *f, crm_str text, value *out,
                                         bool *is_marked);
/* What a program sets is read as it is written, element by element, and never refused for its form:
 * what a person would be refused is kept and marked. INVALID: it is too long, or has too many. */
CRM_MUST_CHECK crm_status field_from_program(crm_ctx *c, const field *f, crm_str text, value *out,
                                             bool *is_marked);
/* Of a text that a program sets as it is to be stored: INVALID with a field error where it, or one of
 * many, is longer than the field takes, or they are too many. */
CRM_MUST_CHECK crm_status field_check_length(crm_ctx *c, const field *f, crm_str text);
/* `label`: of a reference, or the lines of REFS; {NULL,0} with denied=true gives {"id":…,"denied":true}. */
void field_to_json(json_writer *w, const field *f, const value *v, crm_str label, bool denied);
/* Writes or removes the field's entry in `_marks`: it holds a value kept though it is not valid. */
CRM_MUST_CHECK crm_status record_mark(record *r, const field *f, bool is_marked);
/* The same for another reason than the type's own: a code that the UI has as mark.<code>. NULL removes. */
CRM_MUST_CHECK crm_status record_mark_as(record *r, const field *f, const char *code);
/* The code of the field's mark in a row, in the arena; NULL: it has none. */
const char *record_mark_of(arena *a, const value *row, const field *f);
#define MARK_FORM_UNREAD "form_unread" /* of a long text: a form's whole body, which nobody could read */
/* Applies a JSON object of fields to a record; unknown and read-only names are field errors. */
CRM_MUST_CHECK crm_status record_from_json(crm_ctx *c, record *r, const json_t *object);

#endif
