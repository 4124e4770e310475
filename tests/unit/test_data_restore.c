/* test_data_restore.c - the way back from a copy: whole, or as it was. */
#include "backup_world.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs_walk.h"
#include "refuse_call.h"

static void assert_restored(bench *b, const backup_place *p)
{
    assert_file(b, p->dir, "/webhook.key", "a key");
    assert_file(b, p->dir, "/tz.copy/1f/tz.yaml", "tz: 1\n");
    assert_file(b, p->dir, "/mark", "");
    assert_int_equal(files_in(b, p->dir), 4); /* and the database */
}

static void move(const char *from, const char *from_name, const char *to, const char *to_name)
{
    char a[256], b[256];
    snprintf(a, sizeof a, "%s%s", from, from_name);
    snprintf(b, sizeof b, "%s%s", to, to_name);
    assert_int_equal(rename(a, b), 0);
}

static void a_restore_without_room_leaves_the_directory_as_it_was(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = copy_with_all(b);
    for (rlim_t room = 0; room < 16384; room += 5000) { /* for no key, for keys and no database */
        set_room(room);
        crm_status st = restore(&p, &r);
        set_room(RLIM_INFINITY);
        assert_int_not_equal(st, CRM_OK);
        assert_string_equal(r.fault.key, "backup.not_written");
        assert_false(r.is_left);
        assert_int_equal(rmdir(p.dir), 0); /* it is empty */
        assert_int_equal(mkdir(p.dir, 0700), 0);
    }
    assert_ok(restore(&p, &r));
    assert_restored(b, &p);
}

/* The database was moved away, and what goes with it was not. */
static void a_restore_overwrites_nothing(void **state)
{
    bench *b = *state;
    static const char *const there[] = {"webhook.key", "tz.copy", "files",       "karkas.db",
                                        "mark",        "other",   "position.key"};
    backup_report r;
    backup_place p = copy_with_all(b);
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        char file[256], name[32];
        snprintf(name, sizeof name, "/%s", there[i]);
        snprintf(file, sizeof file, "%s%s", p.dir, name);
        write_key(p.dir, name, "mine");
        assert_int_equal(restore(&p, &r), CRM_CONFLICT);
        assert_string_equal(r.fault.key, "backup.taken");
        assert_string_equal(r.fault.name, file);
        assert_file(b, p.dir, name, "mine");
        assert_int_equal(unlink(file), 0);
        assert_int_equal(files_in(b, p.dir), 0);
    }
}

/* ---- what is killed -------------------------------------------------------------------------- */

static void a_restore_killed_while_it_wrote_begins_anew_and_no_server_begins_there(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = copy_with_all(b);
    assert_ok(fs_mkdirs(b->w->arena, p.dir, CRM_S("restore.part/x"), 0700));
    write_key(p.dir, "/restore.part/webhook.key", "half");
    assert_int_equal(backup_settle(p.dir, &r), CRM_CONFLICT);
    assert_string_equal(r.fault.key, "backup.cut_off");
    assert_ok(restore(&p, &r));
    assert_false(r.is_completed);
    assert_restored(b, &p);
    assert_ok(backup_settle(p.dir, &r));
}

/* As if it was killed when some of the files were in their places, and the database was not. */
static backup_place killed_while_placing(bench *b)
{
    backup_report r;
    backup_place p = copy_with_all(b);
    assert_ok(restore(&p, &r));
    assert_ok(fs_mkdirs(b->w->arena, p.dir, CRM_S("restore.whole/x"), 0700));
    move(p.dir, "/karkas.db", p.dir, "/restore.whole/karkas.db");
    move(p.dir, "/webhook.key", p.dir, "/restore.whole/webhook.key");
    crm_str manifest;
    char file[256];
    snprintf(file, sizeof file, "%s.json", p.path);
    assert_ok(fs_read(b->w->arena, file, 100000, &manifest));
    snprintf(file, sizeof file, "%s/restore.whole/backup.json", p.dir);
    assert_ok(fs_write(file, manifest, 0600));
    return p;
}

static void a_restore_killed_while_it_placed_is_completed_by_the_same_command(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = killed_while_placing(b);
    assert_ok(restore(&p, &r));
    assert_true(r.is_completed);
    assert_restored(b, &p);
    assert_int_equal(restore(&p, &r), CRM_CONFLICT); /* now it holds a database */
    assert_string_equal(r.fault.key, "backup.taken");
}

static void a_restore_killed_while_it_placed_is_completed_by_a_start(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = killed_while_placing(b);
    assert_ok(backup_settle(p.dir, &r));
    assert_true(r.is_completed);
    assert_restored(b, &p);
}

static void a_restore_of_another_copy_completes_the_first_and_says_so(void **state)
{
    bench *b = *state;
    backup_report r;
    char other[160];
    backup_place p = killed_while_placing(b);
    fill(b, 5);
    snprintf(other, sizeof other, "%s.2", p.path);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, other, (engine_backup_progress){0}, &r));
    assert_int_equal(backup_restore(&(backup_into){.dir = p.dir, .kept = kept}, other, &r),
                     CRM_CONFLICT);
    assert_string_equal(r.fault.key, "backup.other_completed");
    assert_restored(b, &p);
}

static void a_completion_overwrites_nothing_and_can_be_tried_again(void **state)
{
    bench *b = *state;
    backup_report r;
    char file[256];
    backup_place p = killed_while_placing(b);
    write_key(p.dir, "/webhook.key", "mine");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(restore(&p, &r), CRM_CONFLICT);
        assert_true(r.is_left);
        assert_file(b, p.dir, "/webhook.key", "mine");
        assert_file(b, p.dir, "/restore.whole/webhook.key", "a key");
    }
    snprintf(file, sizeof file, "%s/webhook.key", p.dir);
    assert_int_equal(unlink(file), 0);
    assert_ok(restore(&p, &r));
    assert_restored(b, &p);
}

/* ---- what cannot be looked at ---------------------------------------------------------------- */

/* 0: refused, and said so. */
static int settle_blind(void *arg)
{
    const backup_place *p = arg;
    backup_report r;
    refuse_call(SYS_getdents64, EIO);
    crm_status st = backup_settle(p->dir, &r);
    return st != CRM_OK && r.is_left && r.fault.key ? 0 : 1;
}

static void a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = killed_while_placing(b);
    assert_int_equal(in_child(settle_blind, &p), 0);
    assert_file(b, p.dir, "/restore.whole/webhook.key", "a key");
    assert_ok(backup_settle(p.dir, &r));
    assert_restored(b, &p);
}

/* Whatever its name is. */
static void a_completion_removes_nothing_but_its_manifest(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = killed_while_placing(b);
    write_key(p.dir, "/restore.whole/.part", "of the copy");
    assert_ok(backup_settle(p.dir, &r));
    assert_file(b, p.dir, "/.part", "of the copy");
}

int main(void)
{
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(a_restore_without_room_leaves_the_directory_as_it_was),
        TRY(a_restore_overwrites_nothing),
        TRY(a_restore_killed_while_it_wrote_begins_anew_and_no_server_begins_there),
        TRY(a_restore_killed_while_it_placed_is_completed_by_the_same_command),
        TRY(a_restore_killed_while_it_placed_is_completed_by_a_start),
        TRY(a_restore_of_another_copy_completes_the_first_and_says_so),
        TRY(a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one),
        TRY(a_completion_removes_nothing_but_its_manifest),
        TRY(a_completion_overwrites_nothing_and_can_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
