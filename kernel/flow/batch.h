/*
 * batch.h - long changes in slices: bulk edits, imports, merges, undo.
 *
 * A batch is a row of the kernel's entity `batch` and a due job. A turn of at most BATCH_TURN_MS runs
 * slice by slice and then puts the job behind whatever else is due, so no batch holds a worker. Each
 * slice is one request of the writer's bulk lane: its rows, the progress and the cursor are one
 * commit, so kill -9 at any moment neither loses nor repeats a row. Every change it makes carries the
 * batch's id in the change log (sys.change.batch): that is what undo reads, newest first. What rules
 * and listeners do later because of it is theirs, not the batch's.
 *
 * Rights: prepare, fetch and slice act as the user who started the batch, with his rights of that
 * moment, within the scope of the token that started it; a row that refuses is noted (sys.batch_row)
 * and the rest goes on. A user who was disabled fails his batches with the error "unauthenticated".
 *
 * A failure that time may heal (UNAVAILABLE, UPSTREAM, TIMEOUT, NO_SPACE, NOMEM, or the kind's module
 * is off) is tried again with growing pauses, for about three days; any other status of prepare, fetch
 * or slice ends the batch as "failed" with the error's code. What earlier slices did stays.
 */
#ifndef FLOW_BATCH_H
#define FLOW_BATCH_H

#include "data/data.h"

#define BATCH_SLICE_ROWS 200
#define BATCH_SLICE_MS   20
#define BATCH_TURN_MS    100
#define BATCH_SPEC_MAX   ((size_t)256 * 1024)
#define BATCH_NOTES_MAX  10000 /* rows of sys.batch_row that one batch keeps */

struct batch_run {
    int64_t id, user;     /* who started it */
    crm_str kind;
    const entity *entity; /* what it changes; NULL: several, or none */
    const json_t *spec;   /* what was asked, as batch_start got it; read-only */
    crm_str cursor;       /* the kind's own, as the last slice left it; empty at first */
    int64_t total, done, changed, failed, conflicts;
    int64_t hidden;       /* changed ones that its user may not read any more */
    int64_t undo_of;      /* 0: none */
    /* The runner's. */
    int64_t slice_until;  /* clock_mono */
    uint32_t slice_rows;
    int64_t notes;        /* rows of sys.batch_row kept so far */
    int64_t failed_before, conflicts_before, notes_before; /* as the open row found them */
    uint32_t hidden_before; /* the call's, likewise */
};

/* What is started: `title` is what people see; `is_quiet`: no rules, notices or webhooks follow. */
typedef struct batch_order {
    crm_str kind, title;
    const entity *entity;
    json_t *spec; /* borrowed; at most BATCH_SPEC_MAX as text, else INVALID "too_long" */
    int64_t undo_of, total;
    bool is_quiet;
} batch_order;
/* Writer, inside a transaction: the row and its due job. The acting user owns it. */
CRM_MUST_CHECK crm_status batch_start(crm_ctx *c, const batch_order *o, int64_t *id);
/*
 * Writer: the row of a batch whose whole work is done in the open request, which then sets c->batch to
 * *id so that its changes carry it. It needs no kind of the registry and no job runs; with `undo_of`
 * that one is marked as undone.
 */
CRM_MUST_CHECK crm_status batch_note_done(crm_ctx *c, const batch_order *o, int64_t *id);
/*
 * Of a prepare that takes long, every so often: stores and tells browsers b->total as it stands.
 * CONFLICT "batch_ended" when the batch was stopped, UNAVAILABLE when the server ends: prepare then
 * gives up at once and returns that. Worker.
 */
CRM_MUST_CHECK crm_status batch_tell_total(crm_ctx *c, const batch_run *b);
/*
 * Stops it before its next slice. For whoever may read the batch. NOT_FOUND; CONFLICT "batch_ended"
 * when it has ended. Writer.
 */
CRM_MUST_CHECK crm_status batch_cancel(crm_ctx *c, int64_t id);
/*
 * For a kind that puts its work into force at once: whether the batch still stands, in the transaction
 * that begins to, and its end as done, in the one that has. So whoever stops it either stops it or is
 * told that it has ended. CONFLICT "batch_ended". Writer.
 */
CRM_MUST_CHECK crm_status batch_check_open(crm_ctx *c, int64_t id);
CRM_MUST_CHECK crm_status batch_finish(crm_ctx *c, int64_t id);
/*
 * Starts the batch that undoes `id`, for whoever may read that one and under his own rights; quietly, or
 * with rules, notices and webhooks following. CONFLICT
 * "batch_running", or "batch_undone" unless the earlier undo was canceled or failed: then what it left
 * is undone; "unmerge_stays", "model_stays", "migration_stays", "demo_stays": of kinds that are not undone. Writer.
 */
CRM_MUST_CHECK crm_status batch_undo(crm_ctx *c, int64_t id, bool is_quiet, int64_t *undo);

/*
 * The kernel's kind "bulk": one change to many records (API.md). bulk_check reads `body` and says what
 * is wrong with it, `expect` included; a reading session, with c->until. bulk_start starts it; writer.
 */
CRM_MUST_CHECK crm_status bulk_check(crm_ctx *c, const entity *e, const json_t *body);
CRM_MUST_CHECK crm_status bulk_start(crm_ctx *c, const entity *e, const json_t *body, int64_t *id);

/*
 * The kernel's kind "merge": the records are merged in the open request, so what refuses is told to who
 * asked, and the batch moves what refers to them (data/merge.h, API.md). Writer.
 */
CRM_MUST_CHECK crm_status merge_start(crm_ctx *c, const entity *e, const json_t *body, int64_t *id);

/* What a note is about: the line of a file (0: none), and the record as far as it is known. */
typedef struct batch_place {
    int64_t row;
    const entity *entity;
    int64_t record;
} batch_place;
/*
 * Of a slice: one row's work stands between them. OK keeps it, counts `done`, and `changed` when a
 * change was written. A refusal (what is neither OK nor healed by time) rolls the row back alone with
 * all it gathered, is noted, counts `done` and `failed`, and gives OK. Anything else is to be returned
 * by the slice at once.
 */
CRM_MUST_CHECK crm_status batch_row_begin(crm_ctx *c, batch_run *b);
CRM_MUST_CHECK crm_status batch_row_end(crm_ctx *c, batch_run *b, const batch_place *at,
                                        crm_status worked);
/* The same, but what the row did is taken back even when nothing refused it: a rehearsal. */
CRM_MUST_CHECK crm_status batch_row_end_tried(crm_ctx *c, batch_run *b, const batch_place *at,
                                              crm_status worked);
/* Whether this slice may take one more row: not too many, not too long, not too much memory. */
bool batch_goes_on(const crm_ctx *c, const batch_run *b);
/*
 * Notes the error in c->error as rows of sys.batch_row, one per field error, and clears it; counts
 * one in `failed`, or in `conflicts` when is_conflict. For a row that is kept all the same; a refused
 * one is noted by batch_row_end. Beyond BATCH_NOTES_MAX they are counted only.
 */
CRM_MUST_CHECK crm_status batch_note(crm_ctx *c, batch_run *b, const batch_place *at,
                                     bool is_conflict);
/* The same of a row that is kept though something of it was left out: a warning, which counts nowhere.
 * After batch_row_end. */
CRM_MUST_CHECK crm_status batch_warn(crm_ctx *c, batch_run *b, const batch_place *at);

#endif
