/*
 * karkas_mock.h - unit tests of a module without a server, with cmocka.
 *
 *     static void closing_notes_the_moment(void **state)
 *     {
 *         mock *m = mock_new();
 *         int64_t id = mock_make(m, "hello.ticket", "title", "The door", NULL);
 *         assert_int_equal(mock_change(m, "hello.ticket", id, "stage", "closed", NULL), CRM_OK);
 *         assert_non_null(mock_get(m, "hello.ticket", id, "closed_at"));
 *         mock_free(m);
 *     }
 *     static const struct CMUnitTest tests[] = {cmocka_unit_test(closing_notes_the_moment)};
 *     MOCK_TESTS(tests)
 *
 * karkas_module_tests() of the build helper makes an object of such files, which `karkas module test FOLDER` runs. The
 * module under it is the very object that is shipped, and what stands behind its host table is the kernel itself with
 * a database in memory: types, required fields, stages, rights, hooks and the taking back of what failed are not
 * imitated. Modules it needs run, too, with their code. Not there: HTTP, the browser, the rules of a ТЗ, services.
 *
 * One thread, one mock at a time. What a function gives lives until mock_free. An entity, field, route, step or job that
 * does not exist is said on standard error and is CRM_MISUSE (id 0, NULL). Code of a module has 250 ms in a
 * transaction, as on a server: who holds it longer in a debugger gets CRM_TIMEOUT.
 */
#ifndef KARKAS_MOCK_H
#define KARKAS_MOCK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <karkas_mock_table.h>

extern CRM_HIDDEN const struct mock_table *mock__table;
/* Once, in one of the files: the array of cmocka's tests that are run. */
#define MOCK_TESTS(tests)                                                                          \
    const struct mock_table *mock__table;                                                          \
    CRM_EXPORT int karkas_mock_v1(const struct mock_table *table);                                 \
    int karkas_mock_v1(const struct mock_table *table)                                             \
    {                                                                                              \
        mock__table = table;                                                                       \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

/* ---- a deployment ---------------------------------------------------------------------------- */

/* The module started on an empty database; it fails the test when that cannot be, and says why. */
static inline mock *mock_new(void)
{
    mock *m = mock__table->open();
    assert_non_null(m);
    return m;
}
static inline void mock_free(mock *m) { mock__table->close(m); }
/* A new person; his id. */
static inline int64_t mock_person(mock *m, const char *login, uint32_t may) { return mock__table->person(m, login, may); }
/* Who acts from now on: a person, MOCK_SYSTEM (at first) or MOCK_NOBODY. */
static inline void mock_as(mock *m, int64_t user) { mock__table->as(m, user); }

/* ---- records --------------------------------------------------------------------------------- */

/*
 * Names and values of fields, and NULL: ("title", "The door", "price", "1500.00", NULL). A value is what the API's JSON
 * has, a text without its quotes; ids stand for references and people; NULL empties. Hooks run. mock_make gives the new
 * record's id, or 0 when it was refused: mock_status and the functions below it say why.
 */
__attribute__((sentinel)) static inline int64_t mock_make(mock *m, const char *entity, ...)
{
    va_list ap;
    va_start(ap, entity);
    int64_t id = mock__table->make(m, entity, ap);
    va_end(ap);
    return id;
}
__attribute__((sentinel)) static inline crm_status mock_change(mock *m, const char *entity, int64_t id, ...)
{
    va_list ap;
    va_start(ap, id);
    crm_status s = mock__table->change(m, entity, id, ap);
    va_end(ap);
    return s;
}
/* Into the recycle bin. */
static inline crm_status mock_remove(mock *m, const char *entity, int64_t id) { return mock__table->remove(m, entity, id); }
/* What is stored, whoever acts, in the same form; NULL: it is empty. */
static inline const char *mock_get(mock *m, const char *entity, int64_t id, const char *field)
{
    return mock__table->get(m, entity, id, field);
}
/* How many there are (200 at most), and the ids of the first of them, in order; `notification` has the notices. */
static inline uint32_t mock_list(mock *m, const char *entity, int64_t *ids, uint32_t room)
{
    return mock__table->list(m, entity, ids, room);
}

/* ---- the module's code ----------------------------------------------------------------------- */

/* A route of the module by its path behind its name, ("POST", "/ticket/7/close?quick=1", NULL or a JSON body). */
static inline crm_status mock_call(mock *m, const char *method, const char *path, const char *body)
{
    return mock__table->call(m, method, path, body);
}
/* The last route's reply as JSON, "" when there was none, and its HTTP status. */
static inline const char *mock_reply(mock *m) { return mock__table->reply(m); }
static inline int mock_http(mock *m) { return mock__table->http(m); }
/* A step as a rule of a ТЗ runs it for a record: `args` is the step's map as JSON. */
static inline crm_status mock_step(mock *m, const char *verb, const char *entity, int64_t id, const char *args)
{
    return mock__table->step(m, verb, entity, id, args);
}
/* A job of the module by its own name, now. */
static inline crm_status mock_job(mock *m, const char *name, const char *arg) { return mock__table->job(m, name, arg); }
/* A stored raw request, by a type of integration of the module with these settings (JSON; NULL: none). */
static inline crm_status mock_receive(mock *m, const char *type, const char *settings, const char *content_type,
                                      const char *body)
{
    return mock__table->receive(m, type, settings, content_type, body);
}
/* Sets a setting of the module as an administrator would, "15m"; NULL: back to its default. Its job is due then. */
static inline crm_status mock_setting(mock *m, const char *name, const char *value)
{
    return mock__table->setting(m, name, value);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* ms UTC. Time stands still but for mock_advance; within one run of tests it never goes back. */
static inline int64_t mock_now(mock *m) { return mock__table->now(m); }
/* "15m", "3d": runs the module's due work on the way, each at its moment; "0s" what is due now. The status of the last
 * that failed; it is tried again a minute later. */
static inline crm_status mock_advance(mock *m, const char *duration) { return mock__table->advance(m, duration); }

/* ---- what came of it ------------------------------------------------------------------------- */

/* Of the last act above: its status, and when it failed its code ("required"), field and text, "" where there is none.
 * Listeners hear what was committed before an act returns; what they fail with is in the log. */
static inline crm_status mock_status(mock *m) { return mock__table->status(m); }
static inline const char *mock_error_code(mock *m) { return mock__table->error_code(m); }
static inline const char *mock_error_field(mock *m) { return mock__table->error_field(m); }
static inline const char *mock_error_text(mock *m) { return mock__table->error_text(m); }
/* Lines that the module has logged, and what the kernel says of it, since this was asked before. */
static inline const char *mock_log(mock *m) { return mock__table->log(m); }
/* Lets the nth call from now (1: the next) of a host function fail once: ("crm_save", CRM_NO_SPACE, 1). Of functions
 * that give a status, and of crm_alloc, which then gives NULL. */
static inline void mock_fail(mock *m, const char *function, crm_status s, uint32_t nth)
{
    mock__table->let_fail(m, function, s, nth);
}

#endif
