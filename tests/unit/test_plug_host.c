/* test_plug_host.c - what the host table promises: failures, rights, metering, replies, settings.
 */
#include "module_world.h"

#include "flow/settings.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void more(registry *r)
{
    grant_own(r, "acts.note");
}

static int set_up(void **state)
{
    (void)state;
    modules_open(ACTS_MODULES, more);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    modules_close();
    return 0;
}

static int64_t note_of(int64_t user)
{
    char json[100];
    snprintf(json, sizeof json, "{\"title\":\"first\",\"owner\":%lld}", (long long)user);
    return make("acts.note", json);
}

static const char *reply(void)
{
    return arena_cstr(w.a, buf_view(&w.out));
}

static void a_swallowed_failure_takes_the_whole_transaction_back(void **state)
{
    int64_t id = note_of(w.anna);
    (void)state;
    assert_int_equal(call_route("/acts/note/:id/swallow", w.anna, id), CRM_MISUSE);
    assert_field(only("acts.note"), "title", "first");
}

static void what_a_module_sets_is_marked_and_cleared_as_what_a_person_writes(void **state)
{
    int64_t id = note_of(w.anna);
    (void)state;
    assert_ok(call_route("/acts/note/:id/spoil", w.anna, id));
    assert_field(only("acts.note"), "phone", "+79161234567\nafter six");
    assert_true(str_is(only("acts.note")->v[COL_MARKS].s,
                       "{\"phone\":\"phone_invalid\",\"inn\":\"check_digits\"}"));
    assert_ok(call_route("/acts/note/:id/mend", w.anna, id));
    assert_field(only("acts.note"), "phone", "+79161234567\n+74951234567");
    assert_true(value_is_null(only("acts.note")->v[COL_MARKS]));
}

static void what_is_longer_than_its_field_is_refused(void **state)
{
    int64_t id = note_of(w.anna);
    (void)state;
    assert_ok(call_route("/acts/note/:id/fill", w.anna, id));
    assert_field(only("acts.note"), "title", "двадцать букв влезет");
    assert_int_equal(call_route("/acts/note/:id/overfill", w.anna, id), CRM_INVALID);
    assert_field(only("acts.note"), "title", "двадцать букв влезет");
}

static void a_read_that_finds_nothing_may_be_passed_over(void **state)
{
    (void)state;
    assert_ok(call_route("/acts/note/:id/look", w.anna, note_of(w.anna)));
    assert_string_equal(reply(), "{\"found\":false}");
}

static void a_reply_is_one_json_object_however_it_was_left(void **state)
{
    int64_t id = note_of(w.anna);
    json_t *json;
    (void)state;
    assert_ok(call_route("/acts/note/:id/rename", w.anna, id));
    assert_field(only("acts.note"), "title", "renamed");
    assert_ok(json_read(buf_view(&w.out), 0, &json, NULL));
    json_t *note = json_object_get(json, "note");
    assert_true(str_is(json_text(note, "title"), "renamed"));
    assert_int_equal(json_integer_value(json_object_get(note, "id")), id);
    assert_non_null(strstr(reply(), "\"owner\":{\"id\":"));
    assert_non_null(strstr(reply(), "\"list\":[1,{\"a\":\"\\\"quoted\\\"\"}]}"));
    json_decref(json);
}

static void a_hook_refuses_with_its_field_and_text(void **state)
{
    record *r;
    (void)state;
    crm_ctx *c = act_begin(0);
    const entity *e = registry_entity(c->reg, CRM_S("acts.note"));
    assert_ok(records_new(c, e, &r));
    assert_ok(record_set(r, entity_field(e, CRM_S("title")), value_text(CRM_S("veto"))));
    assert_int_equal(records_save(c, r, 0), CRM_CONFLICT);
    assert_text(c->error.fields ? c->error.fields->text : c->error.text, "no veto here");
    act_end(CRM_CONFLICT);
}

static char slow_line[400];
static void catch_slow(const char *line, void *arg)
{
    (void)arg;
    if (strstr(line, "module.slow")) {
        snprintf(slow_line, sizeof slow_line, "%s", line);
    }
}

static void a_hook_over_five_milliseconds_is_named(void **state)
{
    plug_usage before, after;
    (void)state;
    plug_usage_of(w.reg->modules[0].name, &before);
    log_capture(catch_slow, NULL);
    make("acts.note", "{\"title\":\"s\"}");
    log_capture(NULL, NULL);
    plug_usage_of(w.reg->modules[0].name, &after);
    assert_non_null(strstr(slow_line, "module=\"acts\" hook=\"acts.note\""));
    assert_int_equal(after.slow, before.slow + 1);
    assert_true(after.nanoseconds - before.nanoseconds >= 6000000);
    assert_null(plug_running());
}

/* ---- time ------------------------------------------------------------------------------------ */

static char time_line[400];
static void catch_time(const char *line, void *arg)
{
    if (strstr(line, arg)) {
        snprintf(time_line, sizeof time_line, "%s", line);
    }
}

/* The route of a note with 10 ms to live; what the log then says of `event`. */
static crm_status call_with_little_time(const char *pattern, int64_t id, char *event)
{
    time_line[0] = 0;
    give_time(10);
    log_capture(catch_time, event);
    crm_status s = call_route(pattern, w.anna, id);
    log_capture(NULL, NULL);
    give_time(0);
    return s;
}

static void past_its_time_a_host_call_is_refused_and_nothing_is_kept(void **state)
{
    char event[] = "module.timeout";
    plug_usage before, after;
    int64_t id = note_of(w.anna);
    (void)state;
    plug_usage_of(w.reg->modules[0].name, &before);
    assert_int_equal(call_with_little_time("/acts/note/:id/overstay", id, event), CRM_TIMEOUT);
    plug_usage_of(w.reg->modules[0].name, &after);
    assert_string_equal(reply(), "{\"was_refused\":true}");
    assert_field(only("acts.note"), "title", "first");
    assert_non_null(strstr(time_line, "module=\"acts\" route=\"/note/:id/overstay\" us="));
    assert_int_equal(after.timeouts, before.timeouts + 1);
}

static void code_that_only_computes_is_not_taken_once_its_time_is_up(void **state)
{
    char event[] = "module.timeout";
    int64_t id = note_of(w.anna);
    (void)state;
    assert_int_equal(call_with_little_time("/acts/note/:id/compute", id, event), CRM_TIMEOUT);
    assert_field(only("acts.note"), "title", "first");
    assert_true(strlen(time_line) > 0);
    assert_ok(call_route("/acts/note/:id/compute", w.anna, id));
    assert_field(only("acts.note"), "title", "late");
}

/* What a frame of the module's on virtual time has, and what the log says once it took 300 ms. */
static int64_t time_of_frame(bool is_due, uint32_t allowed_ms, char *event)
{
    running f;
    crm_ctx *c = act_begin(0);
    c->is_due = is_due;
    time_line[0] = 0;
    int64_t before = clock_mono();
    call_enter(&f, w.reg->modules[0].loaded, c, "job", "acts.count");
    call_allow(&f, allowed_ms);
    int64_t has_ms = (c->tx->deadline - before) / 1000000;
    f.since -= 300000000;
    log_capture(catch_time, event);
    assert_ok(call_leave(&f, CRM_OK));
    log_capture(NULL, NULL);
    act_end(CRM_CONFLICT);
    return has_ms;
}

static void only_due_work_is_slow_on_virtual_time_and_is_named_for_it(void **state)
{
    char event[] = "module.over_limit";
    (void)state;
    assert_true(clock_is_virtual());
    assert_in_range(time_of_frame(true, 0, event), 2500, 60000);
    assert_non_null(strstr(time_line, "module=\"acts\" job=\"acts.count\" us=3"));
    assert_non_null(strstr(time_line, "limit_ms=250"));
    assert_in_range(time_of_frame(true, 400, event), 4000, 60000);
    assert_string_equal(time_line, "");
}

static void whom_somebody_waits_for_has_its_real_time_on_virtual_time(void **state)
{
    running f;
    (void)state;
    crm_ctx *c = act_begin(0);
    call_enter(&f, w.reg->modules[0].loaded, c, "hook", "acts.note");
    assert_true(c->tx->deadline <= clock_mono() + 250000000);
    assert_ok(call_leave(&f, CRM_OK));
    act_end(CRM_CONFLICT);
}

static void a_read_that_is_moved_to_the_slow_pool_names_nobody(void **state)
{
    static const crm_str names[] = {{"id", 2}};
    running f;
    (void)state;
    crm_ctx c;
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    call_request request = {.param_names = names, .params = names, .param_count = 1};
    c.request = &request;
    c.try_until = clock_mono() - 1;
    c.until = clock_mono() + 60000000000;
    plug_usage before, after;
    plug_usage_of(w.reg->modules[0].name, &before);
    call_enter(&f, w.reg->modules[0].loaded, &c, "route", "/x");
    assert_int_equal(call_in_time(), CRM_TIMEOUT);
    assert_int_equal(call_leave(&f, CRM_OK), CRM_TIMEOUT);
    plug_usage_of(w.reg->modules[0].name, &after);
    assert_int_equal(after.timeouts, before.timeouts);
    call_end(&c);
}

static void who_never_returns_is_named_once_by_another_thread(void **state)
{
    char event[] = "module.stuck";
    running f;
    plug_usage before, after;
    (void)state;
    plug_usage_of(w.reg->modules[0].name, &before);
    call_enter(&f, w.reg->modules[0].loaded, NULL, "job", "acts.loop");
    log_capture(catch_time, event);
    assert_int_equal(plug_watch(clock_mono()), 0);
    assert_int_equal(plug_watch(clock_mono() + 20000000000LL), 1);
    assert_non_null(strstr(time_line, "module=\"acts\" job=\"acts.loop\" ms="));
    time_line[0] = 0;
    assert_int_equal(plug_watch(clock_mono() + 20000000000LL), 1);
    assert_string_equal(time_line, "");
    log_capture(NULL, NULL);
    assert_ok(call_leave(&f, CRM_OK));
    assert_int_equal(plug_watch(clock_mono() + 20000000000LL), 0);
    plug_usage_of(w.reg->modules[0].name, &after);
    assert_int_equal(after.timeouts, before.timeouts + 1);
}

static void nobody_becomes_the_system_without_the_capability(void **state)
{
    (void)state;
    int64_t id = note_of(w.anna);
    assert_int_equal(call_route("/acts/note/:id/system", w.anna, id), CRM_DENIED);
}

static void settings_and_field_types_are_told_and_keep_is_for_start(void **state)
{
    (void)state;
    assert_ok(call_route("/acts/note/:id/ask", w.anna, note_of(w.anna)));
    assert_string_equal(reply(),
                        "{\"wait\":\"900000\",\"type\":\"money\",\"none\":null,\"kept\":false}");
}

static void set_wait(json_t *given)
{
    json_t *wanted = json_pack("{s:o}", "wait", given);
    crm_ctx *c = act_begin(0);
    crm_status s = settings_change(c, CRM_S("acts"), wanted, (crm_str){0});
    act_end(s);
    json_decref(wanted);
    assert_ok(s);
}

static void a_setting_that_is_changed_is_seen_by_the_next_call(void **state)
{
    int64_t id = note_of(w.anna);
    (void)state;
    set_wait(json_string("1h"));
    assert_ok(call_route("/acts/note/:id/ask", w.anna, id));
    assert_non_null(strstr(reply(), "{\"wait\":\"3600000\""));
    set_wait(json_null());
    assert_ok(call_route("/acts/note/:id/ask", w.anna, id));
    assert_non_null(strstr(reply(), "{\"wait\":\"900000\""));
}

static void anothers_record_is_not_found_through_the_host(void **state)
{
    (void)state;
    int64_t id = note_of(w.anna);
    assert_int_equal(call_route("/acts/note/:id/rename", w.boris, id), CRM_NOT_FOUND);
    assert_field(only("acts.note"), "title", "first");
}

static void a_crash_names_the_module_whose_code_ran(void **state)
{
    char path[] = "/tmp/karkas-crash-XXXXXX";
    crm_str text;
    int how, fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        running f;
        int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        call_enter(&f, w.reg->modules[0].loaded, NULL, "hook", "acts.note");
        _exit(plug_crash_file(path) == CRM_OK ? raise(SIGABRT) : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
    assert_ok(fs_read(w.a, path, 1000, &text));
    assert_true(str_starts(text, CRM_S("signal=6 at=")));
    assert_non_null(strstr(text.p, " module=acts hook=acts.note\n"));
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_swallowed_failure_takes_the_whole_transaction_back),
        TEST(what_a_module_sets_is_marked_and_cleared_as_what_a_person_writes),
        TEST(what_is_longer_than_its_field_is_refused),
        TEST(a_read_that_finds_nothing_may_be_passed_over),
        TEST(a_reply_is_one_json_object_however_it_was_left),
        TEST(a_hook_refuses_with_its_field_and_text),
        TEST(a_hook_over_five_milliseconds_is_named),
        TEST(past_its_time_a_host_call_is_refused_and_nothing_is_kept),
        TEST(code_that_only_computes_is_not_taken_once_its_time_is_up),
        TEST(only_due_work_is_slow_on_virtual_time_and_is_named_for_it),
        TEST(whom_somebody_waits_for_has_its_real_time_on_virtual_time),
        TEST(a_read_that_is_moved_to_the_slow_pool_names_nobody),
        TEST(who_never_returns_is_named_once_by_another_thread),
        TEST(nobody_becomes_the_system_without_the_capability),
        TEST(settings_and_field_types_are_told_and_keep_is_for_start),
        TEST(a_setting_that_is_changed_is_seen_by_the_next_call),
        TEST(anothers_record_is_not_found_through_the_host),
        TEST(a_crash_names_the_module_whose_code_ran),
    };
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
