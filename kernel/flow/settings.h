/*
 * settings.h - settings of modules on a running server: which value is in force, what was changed here, and
 * changing it.
 *
 * In force is what was changed at the server, else what the ТЗ gives, else the default. A changed value that
 * the declaration of the registry does not take is aside: it stays where it is and counts for nothing until
 * a declaration takes it again. There is no cache: every read sees what its transaction or snapshot sees.
 */
#ifndef FLOW_SETTINGS_H
#define FLOW_SETTINGS_H

#include "data/data.h"
#include "data/setting.h"
#include "flow/store.h"

typedef struct setting_state {
    const setting *of;  /* NULL: the version in force declares none of this name, and what is here is aside */
    crm_str name;
    crm_str changed;    /* JSON that was set at the server; empty: nothing was */
    bool is_aside;
    setting_fault why;  /* it is aside */
    int64_t row;        /* 0: it was never changed */
    int64_t at, by;     /* of the last change; by 0: from the console */
} setting_state;
typedef struct setting_states {
    setting_state *at;  /* what is declared, in its order, then what is aside without a declaration */
    uint32_t count;
} setting_states;

/*
 * The value in force as JSON, in the call's arena or the registry's. NOT_FOUND: not declared. Any thread whose
 * call has a session: pools, workers, the writer.
 */
CRM_MUST_CHECK crm_status setting_value(crm_ctx *c, crm_str owner, crm_str name, crm_str *json);
/* All of a module. Likewise. */
CRM_MUST_CHECK crm_status settings_read(crm_ctx *c, crm_str owner, setting_states *out);
/* The rows of a module's settings that were ever changed here. Likewise. */
CRM_MUST_CHECK crm_status settings_rows(crm_ctx *c, crm_str owner, store_row **out, uint32_t *count);
/* Whether the module is in force, with its code or without. */
bool settings_have(const registry *r, crm_str owner);
/* JSON; "null": nobody gives one. */
crm_str setting_in_force(const setting_state *s);
/* "default", "tz", "server" */
const char *setting_from(const setting_state *s);
/* The same as long as nobody changes what is given, declared or changed. */
crm_str settings_rev(arena *a, const setting_states *all);

/* ---- what was changed (settings_history.c) --------------------------------------------------- */

typedef struct setting_change {
    int64_t position, at, by; /* by 0: from the console */
    crm_str by_name, via, name;
    crm_str old_json, new_json; /* empty: what is given was in force */
    int64_t row;
} setting_change;
typedef struct setting_changes {
    setting_change *at; /* the newest first */
    uint32_t count;
    int64_t next;       /* goes to `before`; 0: none are older */
} setting_changes;
/* At most `limit` before a position (0: the newest), whoever made them. As settings_read. */
CRM_MUST_CHECK crm_status settings_changes(crm_ctx *c, crm_str owner, int64_t before, uint32_t limit,
                                           setting_changes *out);
/*
 * Takes one of them back. CONFLICT "changed_since" when the setting holds something else by now; NOT_FOUND: there
 * is no such change of it; INVALID as settings_change. Writer, in a transaction.
 */
CRM_MUST_CHECK crm_status settings_undo(crm_ctx *c, crm_str owner, crm_str name, int64_t position);
/* Of the row of a setting that was changed. NOT_FOUND. As settings_read, or on the writer. */
CRM_MUST_CHECK crm_status settings_row_of(crm_ctx *c, crm_str owner, crm_str name, int64_t *row);

/* ---- on the writer, in a transaction --------------------------------------------------------- */

/*
 * Sets what `wanted` (an object by name) holds, null: back to what is given. All or nothing: INVALID with a
 * field error for each that is wrong; STALE when the revision is not `seen` (empty: whichever it is). Modules'
 * jobs are told.
 */
CRM_MUST_CHECK crm_status settings_change(crm_ctx *c, crm_str owner, const json_t *wanted, crm_str seen);
/* After a registry came into force: notes and tells what is aside from now on. `unused`: writer_run's. */
CRM_MUST_CHECK crm_status settings_put_aside(crm_ctx *c, void *unused);
/* After another ТЗ came into force: tells the jobs of settings that it gives another value than the one of
 * `was` did. */
CRM_MUST_CHECK crm_status settings_tell_given(crm_ctx *c, const registry *was);

#endif
