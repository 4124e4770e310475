/*
 * test_table_preview.c - looking over a workbook that never comes to its first row: it ends in its
 * time, and with the server. The reader is a script in the place of karkas-sheet.
 */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "flow_world.h"
#include "table/import_private.h"

/* Says that it is at work, for ever; says nothing, for ever. */
#define TALKS    "#!/bin/sh\nwhile printf '\\000\\000\\000'; do :; done\n"
#define IS_MUTE  "#!/bin/sh\nexec sleep 600\n"
#define LONG_MS  60000
#define SHORT_MS 50

static char data[64], program[80], file[96];

static void write_file(const char *path, const char *text, unsigned mode)
{
    assert_ok(fs_write(path, str_of(text), mode));
}

static int begin_with(void **state, const char *script)
{
    flow_world_open(state);
    snprintf(data, sizeof data, "/tmp/karkas-preview-XXXXXX");
    assert_non_null(mkdtemp(data));
    snprintf(program, sizeof program, "%s/reader", data);
    snprintf(file, sizeof file, "%s/import/book" IMPORT_SOURCE, data);
    write_file(program, script, 0700);
    assert_ok(import_set_up(data, program));
    write_file(file, "PK\3\4 and more", 0600);
    return 0;
}

static int begin_talking(void **state)
{
    return begin_with(state, TALKS);
}

static int begin_mute(void **state)
{
    return begin_with(state, IS_MUTE);
}

/* The flow has ended: that it does is what is tested. */
static int end(void **state)
{
    (void)state;
    fs_remove_all(data);
    return 0;
}

typedef struct preview {
    pool_task task;
    int64_t ms;
    atomic_bool has_begun, is_done;
    crm_status status;
    char code[32];
} preview;

static void run(pool_task *t, engine_session *session)
{
    preview *p = t->arg;
    crm_ctx c;
    store_row row = {0};
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    c.session = session;
    assert_ok(store_new(c.arena, c.reg, STORE_IMPORT, &row));
    store_set(&row, IMPORT_FILE, value_text(CRM_S("book")));
    atomic_store(&p->has_begun, true);
    p->status = import_analyse_within(&c, NULL, NULL, &row, p->ms);
    snprintf(p->code, sizeof p->code, "%.*s", STR_FMT(c.error.code));
    call_end(&c);
}

static void done(pool_task *t)
{
    atomic_store(&((preview *)t->arg)->is_done, true);
}

static void start(preview *p, int64_t ms)
{
    *p = (preview){.task = {.run = run, .done = done, .arg = p}, .ms = ms};
    assert_ok(pool_submit(fw.flow, POOL_LOOK, &p->task));
}

static void until(atomic_bool *what)
{
    for (int i = 0; !atomic_load(what) && i < LONG_MS; i++) {
        uv_sleep(1);
    }
    assert_true(atomic_load(what));
}

static void a_workbook_without_rows_is_given_up_with_a_code_of_its_own(void **state)
{
    preview p;
    start(&p, SHORT_MS);
    until(&p.is_done);
    assert_int_equal(p.status, CRM_TIMEOUT);
    assert_string_equal(p.code, "xlsx_slow");
    flow_world_close(state);
}

static void do_nothing(pool_task *t, engine_session *session)
{
    (void)t;
    (void)session;
}

/* As many as are looked over at once, and one more that waits. */
static void work_goes_on_while_workbooks_are_looked_over(void **state)
{
    preview books[3], work = {.task = {.run = do_nothing, .done = done}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        start(&books[i], 10 * LONG_MS);
    }
    until(&books[1].has_begun);
    work.task.arg = &work;
    assert_ok(pool_submit(fw.flow, POOL_WORKER, &work.task));
    until(&work.is_done);
    assert_true(flow_stop(fw.flow, 0));
    registry_publish(NULL, NULL, NULL);
    engine_close(fw.engine);
}

/* flow_stop says false of a thread that is held. */
static void a_server_that_ends_does_not_wait_for_it(void **state)
{
    preview p;
    start(&p, 10 * LONG_MS);
    until(&p.has_begun);
    (void)state;
    assert_true(flow_stop(fw.flow, 0));
    assert_true(atomic_load(&p.is_done));
    assert_int_equal(p.status, CRM_UNAVAILABLE);
    registry_publish(NULL, NULL, NULL);
    engine_close(fw.engine);
}

#define TEST(name, begin) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_workbook_without_rows_is_given_up_with_a_code_of_its_own, begin_talking),
        TEST(a_workbook_without_rows_is_given_up_with_a_code_of_its_own, begin_mute),
        TEST(work_goes_on_while_workbooks_are_looked_over, begin_mute),
        TEST(a_server_that_ends_does_not_wait_for_it, begin_talking),
        TEST(a_server_that_ends_does_not_wait_for_it, begin_mute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
