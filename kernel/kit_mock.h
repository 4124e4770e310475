/*
 * kit_mock.h - what is behind sdk/include/karkas_mock.h: a module at work in this process, on the engine in
 * memory, for unit tests of its author. One thread, one mock at a time, never in a server.
 */
#ifndef KIT_MOCK_H
#define KIT_MOCK_H

#include <karkas_mock_table.h>

#include "data/stores.h"
#include "flow/store.h"
#include "kit_tools.h"

struct mock {
    arena *arena; /* of what it gives */
    engine *engine;
    engine_session *writer, *reader;
    const registry *reg;
    crm_str module; /* the one under test */
    int64_t user;   /* who acts */
    crm_status status; /* of the last act, and why it failed; these live in `arena` */
    const char *code, *field, *text;
    int http;
    buf reply, log;
    uint32_t depth; /* of listeners whose changes are heard in turn */
    uint32_t acting; /* acts under way: not 0 between them when code was left by a signal */
};

/* Runs the object of tests against the module in `folder`; the process's exit code. */
int kit_mock_main(const server_options *o, const char *tests, const char *folder);

/* ---- one act (kit_mock.c) -------------------------------------------------------------------- */

typedef crm_status (*mock_fn)(mock *m, crm_ctx *c, void *arg);
/* In a transaction of its own, as who acts; it is kept when `fn` gives OK, and then listeners hear of it. */
crm_status mock_act(mock *m, mock_fn fn, void *arg);
/* The same as the system, and what came of it is not told of. */
crm_status mock_act_aside(mock *m, mock_fn fn, void *arg);
/* On a snapshot, as the system. */
crm_status mock_look(mock *m, mock_fn fn, void *arg);
/* On a snapshot, as who acts; what came of it is told of. */
crm_status mock_look_as(mock *m, mock_fn fn, void *arg);
/* Says on standard error what the author has got wrong; MISUSE. */
CRM_PRINTF(1, 2) crm_status mock_misuse(const char *fmt, ...);
const char *mock_text(mock *m, crm_str s);
/* NULL with mock_misuse. */
const entity *mock_entity(const mock *m, const char *name);

/* ---- the parts of the table ------------------------------------------------------------------ */

/* kit_mock_records.c */
int64_t mock_records_person(mock *m, const char *login, uint32_t may);
int64_t mock_records_make(mock *m, const char *entity_name, va_list fields);
crm_status mock_records_change(mock *m, const char *entity_name, int64_t id, va_list fields);
crm_status mock_records_remove(mock *m, const char *entity_name, int64_t id);
const char *mock_records_get(mock *m, const char *entity_name, int64_t id, const char *name);
uint32_t mock_records_list(mock *m, const char *entity_name, int64_t *ids, uint32_t room);

/* kit_mock_calls.c */
crm_status mock_calls_route(mock *m, const char *method, const char *path, const char *body);
crm_status mock_calls_step(mock *m, const char *verb, const char *entity_name, int64_t id, const char *args);
crm_status mock_calls_job(mock *m, const char *name, const char *arg);
crm_status mock_calls_receive(mock *m, const char *type, const char *settings, const char *content_type,
                              const char *body);
crm_status mock_calls_setting(mock *m, const char *name, const char *as_written);
/* What changed, to the listeners of modules. */
void mock_calls_hear(mock *m, const changes_batch *b);

/* kit_mock_company.c: into a registry that is not sealed yet. */
CRM_MUST_CHECK crm_status mock_company(registry *r);

/* kit_mock_time.c */
CRM_MUST_CHECK crm_status mock_time_begin(mock *m);
crm_status mock_time_advance(mock *m, const char *duration);

/* kit_mock_fail.c: the host table with calls that fail on demand. */
void mock_fail_install(module *m);
void mock_fail_set(mock *m, const char *function, crm_status s, uint32_t nth);

#endif
