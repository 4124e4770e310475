/*
 * purge.h - removal for ever, as a batch of the kind "purge": what the two that ask for it share, the
 * model of what was retired (model_purge.c) and modules of what is theirs (module_purge.c).
 *
 * Each turn's `fetch` removes a page on the writer, alone, while it holds the lock under which texts are
 * applied and modules change: whoever declares a name again either comes before, and the batch fails, or
 * after, and finds nothing. Removing a page twice does no harm, so a crash before the slice has stored its
 * cursor is nothing to be mended. Workers.
 */
#ifndef PURGE_H
#define PURGE_H

#include "build.h"
#include "data/leftover.h"
#include "flow/batch.h"

/* Names as they were declared last; without a field: the entity, with the log of its stages and the notes
 * on its records. */
typedef struct purge_thing {
    crm_str entity, field;
} purge_thing;

typedef struct purge_turn {
    deployment *d;
    crm_ctx *c;         /* on the registry in force, as the batch's user */
    int64_t batch;
    leftover_page page; /* in and out: how far the thing has gone */
    entity *stored;     /* purge_one's */
    bool is_gone;       /* purge_one: nothing is left of the thing */
    int64_t rows;       /* that lost something in this turn */
    crm_str cursor;     /* where the next one begins */
    bool is_done;
    const char *stays;  /* with is_done: the code of what could not go, for a warning; NULL: all went */
    crm_str stays_json; /* its parameters */
} purge_turn;

/* As both parts of a cursor: "<part>:<after>". MISUSE. */
CRM_MUST_CHECK crm_status purge_read_place(crm_str at, leftover_page *out);
crm_str purge_place(arena *a, const leftover_page *p);

/* What is stored of it. NOT_FOUND: it was never stored, or has gone. */
CRM_MUST_CHECK crm_status purge_find(deployment *d, crm_ctx *c, purge_thing what, entity **out);
/* Rows that lose something (of an entity all), and files. What is not stored has none. */
CRM_MUST_CHECK crm_status purge_count(deployment *d, crm_ctx *c, purge_thing what, int64_t *rows,
                                      int64_t *files);
/* "webhook NAME" of one that tells of it, in c's arena; empty: none does. */
CRM_MUST_CHECK crm_status purge_find_webhook(crm_ctx *c, purge_thing what, crm_str *where);

/* Removes a page of it, or what the catalogue has of it. */
CRM_MUST_CHECK crm_status purge_one(purge_turn *t, purge_thing what);
/* Alone on the writer: one transaction of its own, quiet, as the batch's user. */
CRM_MUST_CHECK crm_status purge_commit(purge_turn *t, crm_status (*commit)(crm_ctx *, void *), void *arg);

/* The turns of the two kinds of asking, by the batch's spec. */
CRM_MUST_CHECK crm_status model_purge_turn(purge_turn *t, const batch_run *b);
CRM_MUST_CHECK crm_status module_purge_turn(purge_turn *t, const batch_run *b);
CRM_MUST_CHECK crm_status purge_register(deployment *d, registry *r);

#endif
