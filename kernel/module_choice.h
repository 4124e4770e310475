/*
 * module_choice.h - what was decided about modules: which version of each is in force, what it was
 * before, who is on or off by an administrator's word. It stands in <data>/modules.json, beside the
 * ТЗ, which says what is needed, and the folder of modules, which says what is there.
 *
 * A module without a row is in force when the ТЗ needs it, in its bundled version or else the newest.
 * The file is written just before a decision comes into force; a crash in between leaves the next start to
 * put it there. One thread at a time: the holder of deployment.apply_lock.
 */
#ifndef MODULE_CHOICE_H
#define MODULE_CHOICE_H

#include "plug/plug.h"

#define MODULES_FILE "modules.json"

typedef enum choice_wish {
    CHOICE_AUTO, /* the ТЗ decides */
    CHOICE_ON,   /* whether the ТЗ needs it or not */
    CHOICE_OFF,  /* a ТЗ that needs it is refused; a start on one keeps it without its code */
} choice_wish;
typedef struct module_choice {
    crm_str name;
    crm_str version;     /* module_found.id; empty: the bundled one, or the newest (is_open) */
    crm_str before;      /* the id that was in force before; empty: the bundled one */
    bool is_open;        /* nobody has decided on a version yet */
    bool has_before;
    choice_wish wish;
    bool is_put_off;      /* CHOICE_OFF by the server's own word: its first change of data refused */
    bool is_quarantined;  /* runs without its code (quarantine.h) */
    int64_t crashes_from; /* crashes until then are forgiven: seconds, of the machine's clock */
} module_choice;
typedef struct module_choices {
    module_choice *at;
    uint32_t count, room;
} module_choices;

/* None when there is no file. INVALID: it was damaged. */
CRM_MUST_CHECK crm_status choices_read(arena *a, const char *data, module_choices *out);
CRM_MUST_CHECK crm_status choices_write(const char *data, const module_choices *c);
/* The module's row; NULL when it has none. */
module_choice *choices_find(const module_choices *c, crm_str name);
/* Its row or a new one, open; NULL when memory is out. Names are copied into `a`. */
module_choice *choices_need(arena *a, module_choices *c, crm_str name);
/* Of the versions of one module the one that is in force when it is; NULL: the chosen one is not there. */
const module_found *choices_pick(const module_choice *row, const module_found *versions, uint32_t count);
/*
 * Leaves of `found` the one version of each module that is in force when the module is. A chosen one that
 * is not there leaves none, and a refusal "version_missing".
 */
CRM_MUST_CHECK crm_status choices_take(arena *a, const module_choices *c, module_found *found,
                                       uint32_t *count, module_refusal **refused);

#endif
