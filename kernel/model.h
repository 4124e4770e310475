/* model.h - one change of the model on its way: what the files about it share. */
#ifndef MODEL_H
#define MODEL_H

#include "build.h"
#include "data/field_convert.h"

#define MODEL_BODY_MAX  ((size_t)65536)
#define MODEL_TITLE_MAX 200
#define MODEL_ROWS_MAX  4000

/* What the writer is held for in the engine's step. */
typedef enum model_cost { COST_NONE = -1, COST_INDEX, COST_LOOK, COST_CONVERT } model_cost;

typedef struct model_change {
    deployment *d;
    int64_t step_ns; /* out of model_swap: how long the engine's step took */
    int64_t batch;   /* that makes the change; 0: the request itself does */
    bool is_stopped; /* out of model_swap: that batch was, before it came into force */
    crm_ctx *c;
    const model_ask *ask;
    model_rows rows;   /* all; those of the change have `next`, and phase MODEL_SWAPPING */
    const model_row *target; /* what the answer is about */
    build *b;          /* with the registry that would follow */
} model_change;

/* What the change means for the data that is there (model_data.c). */
#define MODEL_FIRST 5
/* A value that would have to be unique, and its first rows. */
typedef struct model_twin {
    int64_t ids[MODEL_FIRST];
    int64_t count;
} model_twin;

typedef struct model_plan {
    int64_t rows;      /* of the entities it is about, the recycle bin included */
    bool converts;     /* values are stored another way */
    bool looks;        /* values have to fit and stay as they are */
    bool indexes;
    bool goes_ahead;   /* of enough rows likewise: an index, or a look at values */
    bool remakes_text; /* of enough rows to be done beside what goes on */
    int64_t misfits;
    struct { int64_t id; crm_str value; } first[MODEL_FIRST];
    int64_t duplicates; /* values held by more than one row, of a field that becomes unique */
    model_twin twins[MODEL_FIRST];
    const entity *entity; /* of the first that does not fit, or is held twice */
    const field *field;
    bool is_choice;
} model_plan;
/* What a step of this server took is what the next of its kind is expected to take; few rows tell
 * nothing. Under apply_lock. */
void model_learn(deployment *d, model_cost what, int64_t rows, int64_t ns);
model_cost model_cost_of(const model_plan *p);
/* Whole seconds the writer is held for; -1: no such step was measured yet. */
int64_t model_expected(const deployment *d, const model_plan *p);
/* Every row by its id, a part at a time: one snapshot of all would keep the log from beginning anew while
 * others write. Ends when `on_row` says so. */
typedef struct model_read {
    const entity *entity;
    uint64_t select[4];
    const cond *where; /* NULL: all */
    bool with_deleted;
    bool (*on_row)(void *arg, const value *row, uint32_t matched);
    void *arg;
} model_read;
CRM_MUST_CHECK crm_status model_read_rows(crm_ctx *c, const model_read *what);
/* Reads the data with the change's session. */
CRM_MUST_CHECK crm_status model_look(model_change *x, model_plan *out);
/* One field: counts and keeps what does not fit. `on_misfit` may be NULL. */
CRM_MUST_CHECK crm_status model_scan(crm_ctx *c, const field *from, const field *to, model_plan *out);

/* The field as the registry in force has it (NULL: it is new), and as it will be. */
typedef struct model_pair {
    const field *from, *to;
} model_pair;
/* Equal values of a field of `e` that becomes unique (model_unique.c). */
CRM_MUST_CHECK crm_status model_look_unique(crm_ctx *c, const entity *e, const model_pair *f, model_plan *out);

/* The names and values of what is asked become `next` of rows (model_edit.c). INVALID, NOT_FOUND … with
 * c->error. */
CRM_MUST_CHECK crm_status model_edit(model_change *x);
/* The declaration that is asked about, when it was made here and nothing is on its way. NOT_FOUND,
 * CONFLICT. */
CRM_MUST_CHECK crm_status model_find_target(model_change *x, model_row **out);
/* A batch works on it. */
bool model_has_batch(const model_row *row);
/* CONFLICT "model_busy" while a batch of the model is under way. */
CRM_MUST_CHECK crm_status model_check_free(model_change *x);
/* The build's faults as the call's error (model_refuse.c). INVALID. */
crm_status model_refuse(model_change *x);
crm_status model_refuse_misfits(model_change *x, const model_plan *p);
crm_status model_refuse_duplicates(model_change *x, const model_plan *p);

/* JSON (model_list.c). */
void model_put_list(json_writer *w, crm_ctx *c, const model_rows *rows);
void model_put_one(json_writer *w, crm_ctx *c, const model_rows *rows, const tz_declaration *what);
void model_put_plan(model_change *x, json_writer *w, const model_plan *p);
/* Whether no role sees the field (NULL: anything of the entity). */
bool model_is_unseen(const registry *r, const entity *e, const field *f);

/*
 * Removal for ever of what is retired (model_purge.c): says what would go, or starts the batch of the
 * kind "purge". INVALID, DENIED, CONFLICT with c->error.
 */
CRM_MUST_CHECK crm_status model_purge(model_change *x, buf *json);
/* Stores a row's `next`, phase and batch. Writer. */
CRM_MUST_CHECK crm_status model_save_intent(crm_ctx *c, model_row *row);

/* Who changed what when (model_changes.c). */
CRM_MUST_CHECK crm_status model_changes(model_change *x, buf *json);

/* Loads x->rows; intents of batches that have ended are as if they were not there. */
CRM_MUST_CHECK crm_status model_rows_now(model_change *x);
/* Builds and seals what would follow, with the rows' `next`. INVALID with c->error. */
CRM_MUST_CHECK crm_status model_build(model_change *x);
/* Puts the build's registry into force: intent, schema, declarations, snapshot; and ends x->batch with
 * it. CONFLICT with is_stopped. Worker. */
CRM_MUST_CHECK crm_status model_swap(model_change *x);

#endif
