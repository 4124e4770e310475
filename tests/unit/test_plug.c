/* test_plug.c - what the loader takes and what it refuses, on real shared objects. */
#include "plug/module.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static arena *a;

static int set_up(void **state)
{
    (void)state;
    plug_set_options(&(plug_options){.probe_limit_ms = 100000});
    a = arena_new(0);
    return a ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    plug_set_options(&(plug_options){0});
    arena_free(a);
    return 0;
}

static module_found found(const char *name)
{
    module_found f = {.name = str_of(name), .version = CRM_S("1.2.3")};
    f.dir = arena_fmt(a, "%s/%s", PLUG_VARIANTS, name);
    f.path = arena_fmt(a, "%s/%s/%s.so", PLUG_VARIANTS, name, name);
    return f;
}

static module *taken(const char *name)
{
    module_found f = found(name);
    module_refusal *refused = NULL;
    module *m = NULL;
    crm_status s = plug_load(a, &f, &m, &refused);
    if (refused) {
        print_message("%.*s\n", STR_FMT(refused->text));
    }
    assert_int_equal(s, CRM_OK);
    assert_non_null(m);
    return m;
}

static const module_refusal *refused_as(const char *name, const char *code)
{
    module_found f = found(name);
    module_refusal *refused = NULL;
    module *m = NULL;
    assert_int_equal(plug_load(a, &f, &m, &refused), CRM_INVALID);
    assert_null(m);
    assert_non_null(refused);
    if (!str_is(refused->code, code)) {
        print_message("%.*s: %.*s\n", STR_FMT(refused->code), STR_FMT(refused->text));
    }
    assert_true(str_is(refused->code, code));
    assert_true(str_is(refused->module, name));
    assert_non_null(strstr(refused->text.p, name));
    return refused;
}

/* ---- taken ----------------------------------------------------------------------------------- */

static void a_module_of_this_level_is_taken_and_runs(void **state)
{
    (void)state;
    module *m = taken("ok");
    assert_int_equal(m->d.jobs_count, 2);
    assert_string_equal(m->d.jobs[1].name, "second");
    assert_true(str_is(plug_name(m), "ok"));
    assert_int_equal(plug_start(m), CRM_OK);
    assert_int_equal(m->state, MODULE_RUNNING);
    plug_stop(m);
    assert_int_equal(m->state, MODULE_STOPPED);
    assert_null(m->kept);
}

static void an_older_descriptor_is_extended_with_zeros(void **state)
{
    (void)state;
    module *m = taken("older");
    assert_int_equal(m->d.jobs_count, 2);
    assert_int_equal(m->d.migrations_count, 0);
    assert_null(m->d.head.start);
    assert_null(m->d.head.caps);
    assert_int_equal(taken("before_services")->d.services_count, 0);
}

static void a_service_is_taken_with_the_time_it_has_to_stop(void **state)
{
    registry *r = registry_new();
    registry_fault *fault = NULL;
    module *m = taken("serves");
    (void)state;
    assert_int_equal(m->d.services_count, 1);
    assert_int_equal(plug_register(&m, 1, r, a, &fault), CRM_OK);
    const service *row = registry_service(r, CRM_S("serves.line"));
    assert_non_null(row);
    assert_int_equal(row->drain_ms, 10000);
    assert_ptr_equal(row->generation, m);
    registry_discard(r);
}

/* Its thread is in the module's code for days; only a call inside it has a time to use up. */
static void a_service_is_not_named_for_how_long_it_runs(void **state)
{
    const int64_t later = clock_mono() + 3600LL * 1000000000;
    module *m = taken("serves");
    crm_ctx c = {.arena = a, .until = clock_mono() + 1000000000};
    running outer, call;
    (void)state;
    call_enter_service(&outer, m, "line");
    assert_int_equal(plug_watch(later), 0);
    call_enter(&call, m, &c, "service", "line");
    assert_int_equal(plug_watch(later), 1);
    (void)!call_leave(&call, CRM_OK);
    assert_int_equal(plug_watch(later), 0);
    assert_string_equal(plug_running(), "serves"); /* what a crash is charged to */
    assert_null(plug_host.keep(8));
    call_leave_service(&outer);
    assert_null(plug_running());
}

/* A job of a setting may run before services do. */
static void a_wake_of_a_service_that_has_not_begun_is_no_failure(void **state)
{
    registry *r = registry_new();
    registry_fault *fault = NULL;
    module *m = taken("serves");
    crm_ctx c = {.arena = a, .reg = r};
    running f;
    (void)state;
    assert_int_equal(plug_register(&m, 1, r, a, &fault), CRM_OK);
    call_enter(&f, m, &c, "job", "told");
    assert_int_equal(plug_host.service_wake(&c, "line"), CRM_OK);
    assert_int_equal(plug_host.service_wake(&c, "other"), CRM_NOT_FOUND);
    assert_int_equal(call_leave(&f, CRM_OK), CRM_OK);
    registry_discard(r);
}

static void a_later_sdk_is_taken_while_its_news_are_unused(void **state)
{
    (void)state;
    module *m = taken("later_unused");
    assert_int_equal(m->d.jobs_count, 2);
    assert_string_equal(m->d.jobs[1].name, "second");
}

static void one_file_opened_after_another_is_not_taken_for_it(void **state)
{
    (void)state;
    module *first = taken("ok"), *second = taken("later_unused");
    assert_ptr_not_equal(first->handle, second->handle);
    assert_string_equal(second->d.head.name, "later_unused");
}

static bool keeps_probed(const char *list, int lines)
{
    crm_str text, line;
    int n = 0;
    assert_int_equal(fs_read(a, list, 65536, &text), CRM_OK);
    while (str_split(&text, '\n', &line)) {
        n += line.n > 0;
    }
    return n == lines;
}

/* The child would refuse everything: what loads was not shown to it. */
static void a_file_that_was_loaded_is_not_probed_again_until_it_changes(void **state)
{
    (void)state;
    char list[] = "/tmp/karkas-probed-XXXXXX";
    close(mkstemp(list));
    plug_probed_file(list);
    taken("ok");
    assert_true(keeps_probed(list, 1));
    plug_probed_file(list); /* as the next start reads it */
    plug_set_options(&(plug_options){.probe_program = "/bin/false"});
    taken("ok");
    refused_as("older", "probe_failed");
    assert_true(keeps_probed(list, 1));
    plug_probed_file("");
    refused_as("ok", "probe_failed");
    unlink(list);
}

/* A module that does not run is judged anew by every list of modules, without another child. */
static void a_file_that_was_checked_is_not_probed_again_but_under_another_name(void **state)
{
    (void)state;
    module_refusal *refused = NULL;
    char list[] = "/tmp/karkas-probed-XXXXXX";
    module_found f = found("ok"), other = f;
    other.name = CRM_S("older");
    close(mkstemp(list));
    plug_probed_file(list);
    assert_int_equal(plug_check(a, &f, &refused), CRM_OK);
    plug_set_options(&(plug_options){.probe_program = "/bin/false"});
    assert_int_equal(plug_check(a, &f, &refused), CRM_OK);
    assert_null(refused);
    assert_int_equal(plug_check(a, &other, &refused), CRM_INVALID);
    assert_true(str_is(refused->code, "probe_failed"));
    assert_true(keeps_probed(list, 1));
    plug_probed_file("");
    unlink(list);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void a_module_for_a_newer_kernel_is_refused_by_name_and_levels(void **state)
{
    (void)state;
    const module_refusal *r = refused_as("newer", "newer_level");
    assert_string_equal(r->text.p, "module newer needs API level 7, this kernel has level 2");
}

static void a_field_this_kernel_does_not_know_is_named(void **state)
{
    (void)state;
    const module_refusal *r = refused_as("lying_tail", "too_new_fields");
    char offset[32];
    snprintf(offset, sizeof offset, "offset %zu", sizeof(crm_module));
    assert_non_null(strstr(r->text.p, offset));
    r = refused_as("lying_row", "too_new_fields");
    assert_non_null(strstr(r->text.p, "jobs[1]"));
    r = refused_as("new_tx", "too_new_fields");
    assert_non_null(strstr(r->text.p, "routes.tx[0] asks for 9"));
    r = refused_as("new_service", "too_new_fields");
    assert_non_null(strstr(r->text.p, "services.flags[0] asks for 4"));
}

static void what_is_no_descriptor_is_refused(void **state)
{
    (void)state;
    refused_as("bad_magic", "bad_magic");
    refused_as("huge", "bad_size");
    refused_as("bad_stride", "bad_stride");
    refused_as("many_rows", "bad_stride");
    refused_as("unordered", "bad_row");
    refused_as("no_symbol", "no_symbol");
    refused_as("bad_service", "bad_row");
}

static void a_name_that_is_there_twice_is_named_and_nothing_is_registered_over_it(void **state)
{
    registry *r = registry_new();
    registry_fault *fault = NULL;
    module *m = taken("twice");
    (void)state;
    assert_int_equal(plug_register(&m, 1, r, a, &fault), CRM_INVALID);
    assert_non_null(fault);
    assert_true(str_is(fault->code, "duplicate"));
    assert_true(str_is(fault->source, "twice job"));
    assert_true(str_ends(fault->subject, CRM_S("first")));
    registry_discard(r);
}

static void a_file_that_crashes_or_hangs_costs_the_child_only(void **state)
{
    (void)state;
    plug_set_options(&(plug_options){.probe_limit_ms = 300});
    refused_as("hangs", "probe_hung");
    plug_set_options(&(plug_options){.probe_limit_ms = 100000});
    refused_as("crashes", "probe_crashed");
    refused_as("leaves", "probe_failed");
}

static void a_module_that_does_not_start_is_stopped(void **state)
{
    (void)state;
    module *m = taken("start_fails");
    assert_int_equal(plug_start(m), CRM_UPSTREAM);
    assert_int_equal(m->state, MODULE_STOPPED);
    assert_int_equal(plug_holds(m), 0);
    plug_stop(m); /* nobody held it */
    assert_int_equal(m->state, MODULE_STOPPED);
}

static void a_generation_runs_while_anybody_holds_it_and_again_later(void **state)
{
    (void)state;
    module *m = taken("ok");
    assert_int_equal(plug_start(m), CRM_OK);
    assert_int_equal(plug_start(m), CRM_OK);
    plug_stop(m);
    assert_int_equal(m->state, MODULE_RUNNING);
    assert_int_equal(plug_holds(m), 1);
    plug_stop(m);
    assert_int_equal(m->state, MODULE_STOPPED);
    assert_int_equal(plug_start(m), CRM_OK);
    assert_non_null(m->kept); /* start() ran anew */
    plug_stop(m);
    assert_null(m->kept);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
    crm_str bytes;
    assert_int_equal(fs_read(a, from, 16u << 20, &bytes), CRM_OK);
    assert_int_equal(fs_write(to, bytes, mode), CRM_OK);
    assert_int_equal(chmod(to, mode), 0);
}

static void a_file_that_others_may_write_is_loaded_with_dev_only(void **state)
{
    (void)state;
    char path[] = "/tmp/karkas-plug-XXXXXX";
    int fd = mkstemp(path);
    module_found f = found("ok");
    module_refusal *refused = NULL;
    module *m = NULL;
    assert_true(fd >= 0);
    close(fd);
    copy_file(f.path.p, path, 0666);
    f.path = str_of(path);
    assert_int_equal(plug_load(a, &f, &m, &refused), CRM_INVALID);
    assert_true(str_is(refused->code, "bad_mode"));
    plug_set_options(&(plug_options){.is_dev = true});
    assert_int_equal(plug_load(a, &f, &m, &refused), CRM_OK);
    unlink(path);
}

/* ---- folders --------------------------------------------------------------------------------- */

static void write_manifest(const char *dir, const char *name, const char *text)
{
    crm_str folder = arena_fmt(a, "%s/%s", dir, name);
    crm_str file = arena_fmt(a, "%s/%s/module.yaml", dir, name);
    assert_int_equal(fs_mkdir(folder.p, 0755), CRM_OK);
    assert_int_equal(fs_write(file.p, str_of(text), 0644), CRM_OK);
}

static void installed_versions_follow_the_bundled_one_the_oldest_first(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "1.2.0-0123456789ab", "1.10.0-0123456789ab"};
    char dir[] = "/tmp/karkas-scan-XXXXXX";
    module_found *list;
    uint32_t count;
    module_refusal *refused = NULL;
    assert_non_null(mkdtemp(dir));
    write_manifest(dir, "alpha", "module: alpha\nversion: 1.0.0\n");
    write_manifest(dir, "alpha/1.10.0-0123456789ab", "module: alpha\nversion: 1.10.0\n");
    write_manifest(dir, "alpha/1.2.0-0123456789ab", "module: alpha\nversion: 1.2.0\n");
    write_manifest(dir, "alpha/1.3.0-0123456789ab", "module: alpha\nversion: 1.4.0\n");
    write_manifest(dir, "alpha/1.5.0-0123456789AB", "module: alpha\nversion: 1.5.0\n");
    assert_int_equal(plug_scan(a, dir, &list, &count, &refused), CRM_OK);
    assert_int_equal(count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(str_is(list[i].id, ids[i]));
        assert_int_equal(list[i].is_bundled, i == 0);
    }
    assert_true(str_is(refused->code, "other_version"));
    assert_null(refused->next);
}

static void a_folder_of_modules_is_listed_and_broken_ones_are_refusals(void **state)
{
    (void)state;
    char dir[] = "/tmp/karkas-scan-XXXXXX";
    module_found *list;
    uint32_t count;
    module_refusal *refused = NULL;
    assert_non_null(mkdtemp(dir));
    write_manifest(dir, "alpha",
                   "module: alpha\nversion: 1.0.0\nneeds: [beta]\n"
                   "offers: {steps: [call]}\n");
    write_manifest(dir, "beta", "module: beta\nversion: 2.0.0\n");
    write_manifest(dir, "gamma", "module: other\nversion: 2.0.0\n");
    write_manifest(dir, "delta", "module: delta\nversion: 1.0.0\nentites: {}\n");
    assert_int_equal(plug_scan(a, dir, &list, &count, &refused), CRM_OK);
    assert_int_equal(count, 2);
    assert_true(str_is(list[0].name, "alpha"));
    assert_true(str_is(list[0].needs[0], "beta"));
    assert_true(str_is(list[0].offers[0], "step:call"));
    assert_int_equal(list[1].path.n, 0);
    assert_true(str_is(refused->module, "gamma"));
    assert_true(str_is(refused->code, "other_name"));
    assert_true(str_is(refused->next->module, "delta"));
    assert_non_null(strstr(refused->next->text.p, "module.yaml:3: unknown_key entites"));
    assert_non_null(strstr(refused->next->text.p, "nearest is entities"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_module_of_this_level_is_taken_and_runs, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_older_descriptor_is_extended_with_zeros, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_service_is_taken_with_the_time_it_has_to_stop, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_service_is_not_named_for_how_long_it_runs, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_wake_of_a_service_that_has_not_begun_is_no_failure,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_sdk_is_taken_while_its_news_are_unused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_file_that_was_checked_is_not_probed_again_but_under_another_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_loaded_is_not_probed_again_until_it_changes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_opened_after_another_is_not_taken_for_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_module_for_a_newer_kernel_is_refused_by_name_and_levels,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_field_this_kernel_does_not_know_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_descriptor_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_name_that_is_there_twice_is_named_and_nothing_is_registered_over_it, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_crashes_or_hangs_costs_the_child_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_module_that_does_not_start_is_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_generation_runs_while_anybody_holds_it_and_again_later,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(installed_versions_follow_the_bundled_one_the_oldest_first,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_others_may_write_is_loaded_with_dev_only,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_of_modules_is_listed_and_broken_ones_are_refusals,
                                        set_up, tear_down),
    };
    /* The loader probes files with this very program. */
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
