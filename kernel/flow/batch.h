/*
 * batch.h - long changes in slices: bulk edits, imports, merges, undo.
 *
 * A batch is a row of the kernel's entity `batch` and a due job. It runs slice by slice in the
 * writer's bulk lane; a slice's rows, its progress and its cursor are one commit, so kill -9 at any
 * moment neither loses nor repeats a row. Every change it makes carries the batch's id in the change
 * log (sys.change.batch): that is what undo reads, newest first.
 *
 * Rights: a slice acts as the user who started the batch, with his rights of that moment; a row that
 * refuses is counted and noted (sys.batch_row), and the rest goes on. A user who was disabled stops
 * his batches with state "failed".
 */
#ifndef FLOW_BATCH_H
#define FLOW_BATCH_H

#include "data/data.h"

#define BATCH_SLICE_ROWS 200
#define BATCH_SLICE_MS   20

struct batch_run {
    int64_t id;
    crm_str kind;
    const entity *entity; /* what it changes; NULL: several, or none */
    const json_t *spec;   /* what was asked, as batch_start got it; read-only */
    crm_str cursor;       /* the kind's own, as the last slice left it; empty at first */
    int64_t total, done, changed, failed, conflicts;
    int64_t undo_of;      /* 0: none */
};

/* What is started: `title` is what people see; `is_quiet`: no rules, notices or webhooks follow. */
typedef struct batch_order {
    crm_str kind, title;
    const entity *entity;
    json_t *spec; /* borrowed; at most 256 KB as text */
    int64_t undo_of, total;
    bool is_quiet;
} batch_order;
/* Writer, inside a transaction: the row and its due job. The acting user owns it. */
CRM_MUST_CHECK crm_status batch_start(crm_ctx *c, const batch_order *o, int64_t *id);
/* Stops it after the slice under way. NOT_FOUND, CONFLICT when it has ended. Writer. */
CRM_MUST_CHECK crm_status batch_cancel(crm_ctx *c, int64_t id);
/* Starts the batch that undoes `id`. CONFLICT: it runs still, or is undone already. Writer. */
CRM_MUST_CHECK crm_status batch_undo(crm_ctx *c, int64_t id, int64_t *undo);

/* Of a slice: one row's work between them; `keep` false rolls that row back alone. */
CRM_MUST_CHECK crm_status batch_row_begin(crm_ctx *c, batch_run *b);
CRM_MUST_CHECK crm_status batch_row_end(crm_ctx *c, batch_run *b, bool keep);
/*
 * Notes the error in c->error as rows of sys.batch_row and clears it; counts `failed`, or `conflicts`
 * when is_conflict. At most 10 000 are kept per batch, all are counted. `row`: the line of a file, or 0.
 */
CRM_MUST_CHECK crm_status batch_note(crm_ctx *c, batch_run *b, int64_t row, int64_t record, bool is_conflict);

#endif
