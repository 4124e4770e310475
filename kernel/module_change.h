/*
 * module_change.h - modules of a running server: another version, on, off; and what is known of them.
 *
 * A change is built whole beside what runs, as a ТЗ is: the modules the text in force needs, in the
 * versions that would be chosen, registered, checked and sealed. What is wrong with that is the
 * refusal, and nothing has changed. Then new generations are started, the choice is written down, the
 * schema grows on the writer and the registry is published; what fails takes the choice back. Nobody
 * waits but for the engine's step; who began earlier ends on the registry and the generations he began
 * with. Data of what the new registry does not know stay where they are. Worker threads.
 */
#ifndef MODULE_CHANGE_H
#define MODULE_CHANGE_H

#include "build.h"

/* `ask` in c's language and as its principal, whose right was judged. CONFLICT or NOT_FOUND with c->error. */
CRM_MUST_CHECK crm_status module_change(deployment *d, crm_ctx *c, const module_ask *ask);
/* api_options.module: the change, then what is known of the module, or of all when none is named. */
crm_status module_ask_service(void *deployment, crm_ctx *c, const module_ask *ask, buf *json, int *status);

/* What a change would make of things. */
#define OUTLOOK_NAMES 100
typedef struct outlook_names {
    const crm_str *names; /* "fleet.car.mileage", or an entity "fleet.car" */
    uint32_t count;       /* of them; `names` holds OUTLOOK_NAMES at most */
} outlook_names;
typedef struct module_outlook {
    crm_str name;
    bool has_from, has_to;  /* a version is in force before and after */
    crm_str from, to;       /* their ids */
    uint32_t migrations;    /* changes of data that would begin */
    outlook_names added, hidden; /* fields and entities that come, that go out of sight */
    const crm_str *with;    /* modules that come into force with it */
    uint32_t with_count;
} module_outlook;
/* The change as far as it can be told without making it: refused as that would be, and nothing is changed.
 * Otherwise as module_change. */
CRM_MUST_CHECK crm_status module_look_ahead(deployment *d, crm_ctx *c, const module_ask *ask, module_outlook *out);
/* module_outlook.c: what `b` would bring beside what is in force. */
CRM_MUST_CHECK crm_status module_compare(const deployment *d, crm_ctx *c, const build *b, module_outlook *out);
void module_put_outlook(json_writer *w, const module_outlook *x);

/* Of the version in force; NULL: none is. */
const module_info *module_in_force(const registry *r, crm_str name);

/* module_list.c ---------------------------------------------------------------------------------- */

/* What of the ТЗ waits for a module whose code does not run. */
typedef struct module_held {
    const char *kind; /* rule, integration */
    crm_str name;
} module_held;

/* The batch that purges what is left of it; 0: none is under way. */
typedef struct module_purging {
    int64_t batch, done, total;
} module_purging;

/* The batch that changes what earlier versions have stored (module_migrate.h); 0: there is nothing to tell. */
typedef struct module_migration {
    int64_t batch;
    bool is_failed, is_stopped; /* neither: it is under way */
    crm_str version; /* as module_version_word */
    int64_t done;    /* slices */
    crm_str why;     /* of one that failed: the module's words, or a code */
} module_migration;

/* What there is of one module. */
typedef struct module_row {
    crm_str name;
    const char *state; /* running, quarantined, waiting, safe, off, disabled, refused; stopped: no server runs */
    const module_found *versions; /* the bundled one first, then the oldest */
    uint32_t version_count;
    const module_info *info; /* of the generation in force; NULL: none is */
    const module_choice *choice; /* NULL: nobody decided anything */
    const module_found *chosen;  /* what would run; NULL: the version that was chosen is not there */
    const module_held *held;
    uint32_t held_count;
    const module_refusal *refused; /* why it cannot run; NULL: nothing is known against it */
    uint32_t draining; /* generations that earlier requests still hold */
    module_purging purging;
    module_migration migration;
} module_row;
typedef struct module_rows {
    module_row *at;
    uint32_t count;
} module_rows;
/* Looks at the folder, too, and lets a child process look at what does not run. `r` is what is in force;
 * NULL: no server runs. */
CRM_MUST_CHECK crm_status module_rows_of(deployment *d, arena *a, const registry *r, module_rows *out);
void module_put(json_writer *w, crm_ctx *c, const module_row *row);
/* "1.2.0-0123456789ab", or "bundled". */
crm_str module_version_word(crm_str id);

/* module_services.c ------------------------------------------------------------------------------ */

/* Member "services" of a module's row. */
void module_put_services(json_writer *w, crm_ctx *c, crm_str name);
/* A line for each of them; none without a server (`r` NULL). */
void command_say_services(command_call *c, const registry *r, crm_str name);

/* module_notice.c -------------------------------------------------------------------------------- */

/* A notice to those who look after the system: the text of `key`, about that module and that version (as
 * module_version_word). One that cannot be written is logged. Not on the writer. */
void module_tell(deployment *d, const char *key, crm_str name, crm_str version);

/* module_decide.c -------------------------------------------------------------------------------- */

/* What is known of a module when something is decided about it. */
typedef struct module_now {
    const module_found *versions;
    uint32_t version_count;
    bool runs, is_without_code; /* it is in force, with or without its code */
    bool is_offline;            /* nobody can tell whether it runs: it is taken to unless it is off */
    crm_str version;            /* the id in force */
    int64_t crash_mark;         /* quarantine_mark */
} module_now;
/* Sets the versions of one module out of all, which stand by name; none: it is not there. */
void module_versions(const module_found *all, uint32_t count, crm_str name, module_now *out);
/* The choice as the administrator wants it. CONFLICT with the code of the refusal, and then nothing of
 * `row` counts. */
CRM_MUST_CHECK crm_status module_decide(const module_now *now, const module_ask *ask, module_choice *row,
                                        const char **refusal);
/* What the texts of refusals are filled with. */
crm_str module_refusal_params(arena *a, const module_ask *ask);

/* module_offline.c ------------------------------------------------------------------------------- */

/* The same without a server, in modules.json alone, so that it works when no start does: what the next
 * start makes of it shows then. The process holds the lock of the data directory. */
CRM_MUST_CHECK crm_status module_choose_offline(deployment *d, arena *a, const module_ask *ask,
                                                const char **refusal);

/* module_migrate.c: any blocking session. */
CRM_MUST_CHECK crm_status module_migrations(engine_session *session, const registry *r, arena *a, crm_str name,
                                            module_migration *out);
/* Whether the last one of that version (as module_version_word) failed; a session of its own. */
CRM_MUST_CHECK crm_status module_migration_has_failed(deployment *d, crm_ctx *c, crm_str name, crm_str version,
                                                      bool *out);

/* module_purging.c ------------------------------------------------------------------------------- */

/* Any blocking session. */
CRM_MUST_CHECK crm_status module_purgings(engine_session *session, const registry *r, arena *a, crm_str name,
                                          module_purging *out);
/* With a session of its own; before anything is published, too. */
CRM_MUST_CHECK crm_status module_purging_now(const deployment *d, arena *a, crm_str name, module_purging *out);

/* `karkas module …` (module_commands.c) */
void command_module_list(command_call *c);
void command_module_upgrade(command_call *c);
void command_module_rollback(command_call *c);
void command_module_enable(command_call *c);
void command_module_disable(command_call *c);
/* Says why a call failed, with the texts of `r`, and makes the command fail. */
void command_fail_call(command_call *c, const registry *r, const call_error *e, crm_status s);
/* module_look_command.c */
void command_module_look(command_call *c);
/* module_purge_commands.c */
void command_module_purge(command_call *c);
/* setting_commands.c */
void command_module_settings(command_call *c);
/* What the version in force does not take of changed settings; nothing without a server. */
void command_say_aside(command_call *c, crm_str name);

#endif
