/*
 * build.h - a registry in the making, and the model that stands beside the ТЗ: what the files of
 * the main layer share. A build belongs to one thread, which holds deployment.apply_lock.
 */
#ifndef BUILD_H
#define BUILD_H

#include "data/stores.h"
#include "module_choice.h"
#include "server.h"

typedef struct model_row {
    int64_t id;
    crm_str entity, field, body, next, phase;
    int64_t batch;
    bool is_retired; /* of `body` */
} model_row;
typedef struct model_rows {
    model_row *at;
    uint32_t count;
} model_rows;

typedef struct build {
    arena *arena;
    const char *lang;       /* of what is said about it */
    module_choices choices; /* what is decided when this comes into force */
    bool has_decided;       /* the build itself has: they are written down then */
    const module_choices *were; /* of a change of modules: as they were before */
    crm_str put_off;        /* the module that the kernel itself turns off, whoever needs it */
    module_found *found;    /* one version of each module */
    uint32_t found_count;
    bool was_in_force; /* the text, so that a start must not fail for what an earlier server took */
    tz *tz;            /* of the build in force when it is like that */
    module **modules;
    uint32_t module_count;
    registry *reg;    /* freed with the build, unless it was published and this is NULL */
    tz_fault *faults; /* errors and warnings, in the order they were met */
    buf refusals;     /* lines about modules */
    model_rows model; /* as they were when it was made */
    bool has_grown;   /* a start has begun to give the database its schema */
} build;

build *build_new(const char *lang);
void build_free(build *b); /* may be NULL */
/* Appends. */
void build_faults(build *b, tz_fault *list);
/* Everything that is wrong, in lines. */
void build_say(const build *b, buf *say);

/* Reads the text at `path`, which b->was_in_force is about. */
CRM_MUST_CHECK crm_status build_read(build *b, const char *path);
/* Finds the modules that are there, in the versions that b->choices says. */
CRM_MUST_CHECK crm_status build_find(deployment *d, build *b);
/* Loads those that the text needs; what was loaded is kept with the deployment, whatever follows.
 */
CRM_MUST_CHECK crm_status build_load(deployment *d, build *b);
/* A version that comes into force because it is the newest stays when a newer one is installed:
 * into b->choices. Whether that says something new. */
bool build_remember_versions(build *b);
/* Reads the files of its modules that a browser gets. */
CRM_MUST_CHECK crm_status build_files(const deployment *d, const build *b);
/* Starts its modules, or none. Whoever did takes that back with build_rest: what is published by
 * then holds them itself. Not on the writer. */
CRM_MUST_CHECK crm_status build_start(const build *b);
void build_rest(const build *b);
/* Instead of reading, finding and loading: text and modules as they are in force. */
CRM_MUST_CHECK crm_status build_like(const deployment *d, build *b);
/* Registers everything with these declarations of the model and seals it. */
CRM_MUST_CHECK crm_status build_registry(deployment *d, build *b, tz_declaration *rows,
                                         uint32_t count);
/* INVALID, with these among the build's own. */
crm_status build_refuse(build *b, const registry_fault *faults);
/* The engine's step. On the writer, alone, or before it has started. */
CRM_MUST_CHECK crm_status build_schema(deployment *d, build *b);
/* A slice of converting values ahead of the step, on the writer. INVALID: the step would refuse, as
 * the build's faults say. Worker threads. */
CRM_MUST_CHECK crm_status build_ahead(deployment *d, build *b, engine_ahead *out);
/* Schema, people and the registry: all of it, or what was in force stays. Not on the writer. */
CRM_MUST_CHECK crm_status build_put_in_force(deployment *d, build *b);
/* What follows the publishing of a registry. Not on the writer. */
CRM_MUST_CHECK crm_status deployment_published(deployment *d);
/*
 * module_settings.c. On the writer, when a text was published: tells jobs of settings that it gives
 * another value than `was` did (NULL: a start). A job that was told before would run on the
 * registry with the value before; a process that ends in between starts its modules anew, which
 * read what is in force.
 */
void settings_follow_text(deployment *d, const registry *was);
/* What the versions in force do not take of changed settings is put aside and told. Not on the
 * writer. A full disk leaves it to the next time. */
void settings_follow_modules(deployment *d);
/* On the writer: publishes b->reg, which is NULL then. Its modules run. */
void build_publish(deployment *d, build *b);

/* ---- the model (model*.c) -------------------------------------------------------------------- */

/* Blocking session; none when the store does not exist yet. */
CRM_MUST_CHECK crm_status model_load(engine_session *s, const registry *r, arena *a,
                                     model_rows *out);
/* The same with a session of its own, on the kernel's registry when none is published. */
CRM_MUST_CHECK crm_status model_load_now(deployment *d, arena *a, model_rows *out);
/* What a build takes: `body` of each, and `next` of those that were being swapped when `forward`.
 */
CRM_MUST_CHECK crm_status model_declarations(arena *a, const model_rows *rows, bool forward,
                                             tz_declaration **out, uint32_t *count);
/* A row's `next` as a declaration under the names it will have. */
CRM_MUST_CHECK crm_status model_next(arena *a, const model_row *row, tz_declaration *out);
/* Writer: `next` becomes the declaration, or (not `is_done`) is dropped, and with it a row that has
 * no other. */
CRM_MUST_CHECK crm_status model_row_settle(crm_ctx *c, const model_row *row, bool is_done);
/*
 * After a text was applied: rows that a crash left in their swap are as the registry in force has
 * them, and what the text declares itself is no longer the model's.
 */
CRM_MUST_CHECK crm_status model_settle(deployment *d, const build *b, bool forward);
/* Adds the batch kinds "model" and "purge". */
CRM_MUST_CHECK crm_status model_register(deployment *d, registry *r);
/* Whether the full text of `e` is made of something else than that of `was`, which it was before.
 * Without search fields there is none. */
bool model_has_other_text(const entity *was, const entity *e);
/* What a batch of the model holds between its turns. Under apply_lock. */
void model_work_free(deployment *d);
/* Drops what was made ahead of changes of the model when no batch waits for it. Worker, without the
 * lock of changes. */
void model_drop_ahead(deployment *d, engine_session *session);
/* api_options.model */
crm_status model_ask_service(void *deployment, crm_ctx *c, const model_ask *what, buf *json,
                             int *status);
/* What was made here as sections of a ТЗ. */
void command_model_export(command_call *c);

#endif
