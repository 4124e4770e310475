/* records_private.h - what the files of records share. */
#ifndef DATA_RECORDS_PRIVATE_H
#define DATA_RECORDS_PRIVATE_H

#include "data/records.h"
#include "data/rights_private.h"
#include "data/tx_private.h"

/* ---- titles of referenced records (records_labels.c) -------------------------------------------
 */

#define LABEL_GROUPS_MAX 16
#define LABEL_IDS_MAX    10000 /* of one entity; others are shown without their titles */

/* The records of one entity that a page refers to. */
typedef struct label_group {
    const entity *entity;
    const branches *rights; /* NULL: system */
    arena *arena;
    value *ids; /* ascending once prepared */
    crm_str *labels;
    bool *is_readable;
    uint32_t count, cap;
    bool is_full; /* some were not asked for */
    cond where;
    query query;
} label_group;

typedef struct label_set {
    label_group *at[LABEL_GROUPS_MAX];
    uint32_t count;
} label_set;

/* Whether the title comes from the people snapshot and needs no read. */
bool label_is_of_people(const registry *r, const field *f);
crm_str label_of_people(const crm_ctx *c, const field *f, int64_t id);
CRM_MUST_CHECK crm_status labels_add(label_set *s, crm_ctx *c, const entity *e, int64_t id);
/* Of a field REFS: every id of the stored text. */
CRM_MUST_CHECK crm_status labels_add_refs(label_set *s, crm_ctx *c, const entity *e, crm_str ids);
/* Makes b->ops, which may be none. */
CRM_MUST_CHECK crm_status labels_prepare(label_set *s, crm_ctx *c, engine_batch *b);
/* False: the record may not be read. */
bool labels_find(const label_set *s, const entity *e, int64_t id, crm_str *label);
/* The lines of record_view.labels for the stored text of a field REFS, in the call's arena. */
crm_str labels_of_refs(const label_set *s, const crm_ctx *c, const field *f, crm_str ids);

/* ---- what is shown (records_shown.c) ---------------------------------------------------------- */

typedef enum title_source { TITLE_OF_USER, TITLE_OF_DEPARTMENT, TITLE_OF_RECORD } title_source;

typedef struct shown_ref {
    uint16_t field;
    title_source title;
} shown_ref;

/* What the reader sees of, sets in and does with every row that matches the same branches. */
typedef struct record_shown {
    const entity *entity;
    uint32_t matched;
    bool is_made;
    uint64_t visible[4], writable[4];
    uint32_t actions;
    uint16_t *fields; /* the entity's own that he sees, in order */
    shown_ref *refs;  /* references that he sees */
    uint32_t field_count, ref_count;
} record_shown;

CRM_MUST_CHECK crm_status record_shown_init(record_shown *s, arena *a, const entity *e);
/* Makes it for rows that match these branches, unless it is made. `rights` NULL: system. */
void record_shown_to(record_shown *s, const registry *r, const branches *rights, const uint64_t wanted[4],
              uint32_t matched);

/* ---- records ------------------------------------------------------------------------------------
 */

/*
 * Narrows a query to the rows and fields of the principal: env, rights, the condition under them, and
 * the branches that show all it touches. `used`: in, what else of its entity the question touches, to
 * be checked; out, with the condition's. NOT_FOUND when he may read nothing,
 * DENIED when he may not export, INVALID unknown_field.
 */
CRM_MUST_CHECK crm_status records_narrow(crm_ctx *c, query *q, uint64_t used[4]);
/* The fields that some row of what the query asks shows. */
void records_asked_fields(crm_ctx *c, const query *q, uint64_t out[4]);
/* The same for a path: the hops are filled, the first field is added to `used`. */
CRM_MUST_CHECK crm_status path_restrict(crm_ctx *c, const entity *e, field_path *p,
                                        uint64_t used[4]);

/* Runs a batch of reads in the call's session, on a pool thread or the writer. */
CRM_MUST_CHECK crm_status records_run(crm_ctx *c, engine_batch *b);
/* The titles of what was read: a moment is theirs even when the call's time is over by then. */
CRM_MUST_CHECK crm_status records_run_labels(crm_ctx *c, engine_batch *b);
/* What the principal may see of, change in and do with a row that matched these branches. */
void record_judge(crm_ctx *c, record *r, const value *row, uint32_t matched);
/* Empties what the principal may not see. */
void record_conceal(record *r);
/* Fields that never leave the server. */
void records_hidden(const entity *e, uint64_t out[4]);
/* The stage a row is in, or NULL. */
const stage *record_stage(const entity *e, const value *row);

/* ---- a write in progress (records_save.c) ---------------------------------------------------- */

enum {
    SAVE_RESTORES = 1u << 0,  /* values that were stored before: read-only fields go back as well */
    SAVE_OWN = 1u << 1,       /* one's own doing is taken back: rights to a row that was given away are
                                 judged as it will be, and a creation needs no right to delete */
    SAVE_IMPORTS = 1u << 2,   /* a row of a person's file: takes the right to import besides */
};

typedef struct saving {
    crm_ctx *call;
    const entity *entity;
    record *given;        /* the caller's */
    record now, was;      /* whole rows, nothing concealed; was.v NULL at create */
    uint64_t user_set[4]; /* what the caller gives that differs */
    uint64_t changed[4];  /* with the hooks' changes */
    uint32_t matched;     /* branches of the row before; at create, of the new one */
    bool gives_away;      /* the owner changes, and he may do that */
    unsigned how;         /* SAVE_* */
} saving;

static inline value *saved_was(const saving *s)
{
    return s->was.v;
}

/* Rights, fields, moves and locks of what the caller gives; errors are gathered in the call. */
CRM_MUST_CHECK crm_status check_rights(saving *s);
/* Required fields, needs of the stage, references; after the hooks. */
CRM_MUST_CHECK crm_status check_content(saving *s);
/* Attachments (records_files.c): what is given by id becomes what a record holds, a field error
 * where the caller may not have it; once the row is written, they learn their place. */
CRM_MUST_CHECK crm_status files_resolve(saving *s);
CRM_MUST_CHECK crm_status files_settle(saving *s);
/* Computed fields, from what the row holds now (records_derive.c). */
CRM_MUST_CHECK crm_status derive_computed(saving *s);
/* Marks of accounts by the record's BIK (records_derive.c); after note_changes. */
CRM_MUST_CHECK crm_status derive_marks(saving *s);
/* Refuses a write that other means than rights guard: people under the function "settings". */
CRM_MUST_CHECK crm_status check_guarded(saving *s);
/* What somebody else than its author may not do with a note (notes.c): DENIED, INVALID. */
CRM_MUST_CHECK crm_status notes_check_change(const saving *s);
CRM_MUST_CHECK crm_status notes_check_removal(const saving *s);
/* Tells browsers of records in whose timelines this one stands, now or before (timeline.c). */
CRM_MUST_CHECK crm_status timeline_tell(const saving *s);
/* Whether the module whose code runs writes the read-only fields of its own entity. */
bool check_is_owner_code(const crm_ctx *c, const entity *e);

/* records_save and records_delete, with SAVE_*. */
CRM_MUST_CHECK crm_status save_as(crm_ctx *c, record *r, int64_t base_rev, unsigned how);
CRM_MUST_CHECK crm_status delete_as(crm_ctx *c, const entity *e, int64_t id, int64_t base_rev,
                                    unsigned how);

/* What differs between the row before and now becomes `changed`. */
void save_note_changes(saving *s);
/* From the hooks on: the content is checked, all is written, `given` becomes what is stored. */
CRM_MUST_CHECK crm_status save_complete(saving *s);

/* What merge.h's files share. NOT_FOUND, or DENIED without the right to merge this row. */
CRM_MUST_CHECK crm_status merge_check_right(crm_ctx *c, const entity *e, const value *row,
                                            uint32_t *matched);
CRM_MUST_CHECK crm_status merged_note(crm_ctx *c, const entity *e, int64_t id, int64_t into);

/* Refuses a write that a hook makes on a record it stands on, or too deep. */
CRM_MUST_CHECK crm_status hooks_check(crm_ctx *c, const record *now);
CRM_MUST_CHECK crm_status hooks_run(crm_ctx *c, hook_when when, record *now, const record *was);

/* The row, its stage log, history, words and caches. */
CRM_MUST_CHECK crm_status store_write(saving *s, char op);

/* What completes the places of a list that hold the beginning of a text only (records_place.c). */
typedef struct record_places {
    crm_ctx *call;
    query *list; /* goes by what is found: its cursor, and `gathering` */
    list_gathering gathering, given;
    query last, end;
} record_places;
/* Puts up to two ops before `rows`, which run in its batch; how many. */
uint32_t records_places(record_places *p, crm_ctx *c, query *list, engine_op *rows);

#endif
