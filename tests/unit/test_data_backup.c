/* test_data_backup.c - a copy of everything: whole, or none. */
#include "ahead_world.h"
#include "backup_world.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs_walk.h"
#include "data/backup_kept.h"
#include "data/engine_sqlite.h"
#include "refuse_call.h"

static void a_backup_comes_back_whole(void **state)
{
    bench *b = *state;
    backup_report made, read;
    fill(b, 300);
    backup_place p = place_in(b);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &made));
    assert_int_equal(made.rows, 300);
    assert_int_equal(made.entities, 3);
    fill(b, 5); /* after the copy */
    assert_ok(backup_verify(p.path, kept, &read));
    assert_string_equal(read.sha256, made.sha256);
    assert_ok(backup_restore(&(backup_into){.dir = p.dir, .kept = kept}, p.path, &read));
    assert_int_equal(read.rows, 300);

    engine *restored = NULL;
    engine_session *reader = NULL;
    registry_fault *faults;
    assert_ok(engine_open_sqlite(p.dir, &restored));
    assert_ok(engine_schema(restored, &b->w->reg, b->w->arena, &faults));
    assert_ok(engine_session_open(restored, ENGINE_READER, (engine_deliver){0}, &reader));
    assert_int_equal(bench_count(reader, &(query){.entity = &b->w->deal, .limit = 1000}), 300);
    engine_session_close(reader);
    engine_close(restored);
    assert_int_equal(backup_restore(&(backup_into){.dir = p.dir, .kept = kept}, p.path, &read),
                     CRM_CONFLICT); /* not empty any more */
    assert_string_equal(read.fault.key, "backup.taken");
}

static void a_backup_holds_what_it_is_told_to_of_the_directory(void **state)
{
    bench *b = *state;
    backup_report r;
    char folder[256];
    write_key(b->dir, "/webhook.key", "a key");
    write_key(b->dir, "/other.key", "of something else");
    assert_ok(fs_mkdirs(b->w->arena, b->dir, CRM_S("tz.copy/1f/tz.yaml"), 0700));
    write_key(b->dir, "/tz.copy/1f/tz.yaml", "tz: 1\n");
    backup_place p = place_in(b);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    assert_file(b, p.path, ".data/webhook.key", "a key");
    assert_ok(backup_restore(&(backup_into){.dir = p.dir, .kept = kept}, p.path, &r));
    assert_file(b, p.dir, "/webhook.key", "a key");
    assert_file(b, p.dir, "/tz.copy/1f/tz.yaml", "tz: 1\n");
    snprintf(folder, sizeof folder, "%s/other.key", p.dir);
    assert_int_equal(access(folder, F_OK), -1);
    write_key(p.path, ".data/webhook.key", "another");
    assert_int_equal(backup_verify(p.path, kept, &r), CRM_INVALID);
    assert_non_null(strstr(r.fault.name, ".data/webhook.key"));
}

/* Only that may write what it began. */
static void a_backup_of_a_newer_program_is_refused_by_name(void **state)
{
    bench *b = *state;
    backup_report r;
    char text[64];
    fill(b, 3);
    snprintf(text, sizeof text, "PRAGMA user_version=%d", FORMAT_NEWEST + 1);
    (void)bench_ask(b, text);
    backup_place p = place_in(b);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    assert_int_equal(restore(&p, &r), CRM_CONFLICT);
    assert_string_equal(r.fault.key, "backup.newer");
    assert_int_equal(files_in(b, p.dir), 0);
}

/* A copy may come from anywhere: what it names stays inside the directory. */
static void a_backup_writes_nothing_outside(void **state)
{
    bench *b = *state;
    static const char *const bad[] = {"../evil",  "/etc/evil",  "tz.copy/../../evil",
                                      "tz.copy/", "tz.copy//x", "karkas.db",
                                      "tz.copyx"};
    char sum[65] = {0};
    memset(sum, 'a', 64);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        kept_file *list;
        json_t *sums = json_pack("{s:s}", bad[i], sum);
        assert_int_equal(kept_read(b->w->arena, sums, kept, &list), CRM_INVALID);
        json_decref(sums);
    }
    json_t *sums = json_pack("{s:s}", "tz.copy/a.yaml", sum);
    kept_file *list;
    assert_ok(kept_read(b->w->arena, sums, kept, &list));
    assert_text(list->name, "tz.copy/a.yaml");
    json_decref(sums);
}

/* One made by a server of format 3. */
static void a_former_backup_brings_its_key(void **state)
{
    bench *b = *state;
    backup_report r;
    crm_str text;
    char file[256];
    backup_place p = place_in(b);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    write_key(p.path, ".webhook.key", "abc");
    snprintf(file, sizeof file, "%s.json", p.path);
    assert_ok(fs_read(b->w->arena, file, 100000, &text));
    json_t *manifest;
    assert_ok(json_read(text, 0, &manifest, NULL));
    json_object_set_new(manifest, "format", json_integer(3));
    json_object_del(manifest, "data");
    json_object_set_new(
        manifest, "key_sha256",
        json_string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_ok(fs_write(file, json_dump(b->w->arena, manifest), 0600));
    json_decref(manifest);
    assert_ok(backup_restore(&(backup_into){.dir = p.dir, .kept = kept}, p.path, &r));
    assert_file(b, p.dir, "/webhook.key", "abc");
}

static void a_backup_never_overwrites(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = place_in(b);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    assert_int_equal(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r),
        CRM_CONFLICT);
    assert_ok(backup_verify(p.path, kept, &r));
}

static void a_name_without_room_for_its_endings_is_said_to_be_too_long(void **state)
{
    bench *b = *state;
    backup_report r;
    char path[BACKUP_NAME_ROOM];
    memset(path, '/', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(
        backup_make(&(backup_of){b->e, b->dir, kept}, path, (engine_backup_progress){0}, &r),
        CRM_TOO_LARGE);
    assert_string_equal(r.fault.key, "backup.long_name");
}

static void flip_byte(const char *path, off_t at)
{
    char c = 0;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c = (char)(c ^ 0x55);
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void a_damaged_backup_is_refused(void **state)
{
    bench *b = *state;
    backup_report r;
    char file[160];
    fill(b, 50);
    backup_place p = place_in(b);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    flip_byte(p.path, r.bytes - 100);
    assert_int_equal(backup_restore(&(backup_into){.dir = p.dir, .kept = kept}, p.path, &r),
                     CRM_INVALID);
    snprintf(file, sizeof file, "%s/karkas.db", p.dir);
    assert_int_equal(access(file, F_OK), -1);
    snprintf(file, sizeof file, "%s.json", p.path);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(backup_verify(p.path, kept, &r), CRM_NOT_FOUND);
}

/* ---- what fails ------------------------------------------------------------------------------ */

static void a_backup_without_room_leaves_nothing(void **state)
{
    bench *b = *state;
    backup_report r;
    char path[160];
    backup_place p = copy_with_all(b);
    int before = files_in(b, b->dir);
    snprintf(path, sizeof path, "%s.2", p.path);
    set_room(16384);
    crm_status st =
        backup_make(&(backup_of){b->e, b->dir, kept}, path, (engine_backup_progress){0}, &r);
    set_room(RLIM_INFINITY);
    assert_int_not_equal(st, CRM_OK);
    assert_string_equal(r.fault.key, "backup.not_written");
    assert_int_equal(files_in(b, b->dir), before);
}

/* ---- told to stop ---------------------------------------------------------------------------- */

typedef struct stopping {
    int asked, after; /* how often it has been asked, and when it says yes */
} stopping;

static bool says_stop(void *arg)
{
    stopping *s = arg;
    return s->asked++ >= s->after;
}

/* At every moment it asks at: of the pages, of each attachment, of the manifest. */
static void a_backup_that_is_told_to_stop_leaves_nothing(void **state)
{
    bench *b = *state;
    backup_report r;
    char path[160];
    backup_place p = copy_with_all(b);
    int before = files_in(b, b->dir);
    crm_status st = CRM_UNAVAILABLE;
    snprintf(path, sizeof path, "%s.2", p.path);
    for (int after = 0; st == CRM_UNAVAILABLE; after++) {
        stopping s = {.after = after};
        engine_backup_progress told = {.is_over = says_stop, .arg = &s};
        st = backup_make(&(backup_of){b->e, b->dir, kept}, path, told, &r);
        if (st == CRM_UNAVAILABLE) {
            assert_string_equal(r.fault.key, "backup.stopped");
            assert_int_equal(files_in(b, b->dir), before);
        } else {
            assert_true(after >= 2);
        }
    }
    assert_ok(st);
    assert_ok(backup_verify(path, kept, &r));
}

/* ---- killed ---------------------------------------------------------------------------------- */

/* As kill -9 leaves it: half a database, the log that SQLite would play back into it, keys. */
static void leave_behind(bench *b, const char *path)
{
    static const char *const ends[] = {".part", ".part-journal", ".part-wal"};
    char name[256];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        write_key(path, ends[i], "half of something");
    }
    snprintf(name, sizeof name, "%s.data", path);
    assert_ok(fs_mkdirs(b->w->arena, b->dir, CRM_S("copy.db.data/webhook.key"), 0700));
    write_key(name, "/webhook.key", "an old key");
}

static void what_a_killed_copy_leaves_is_no_copy_and_in_no_ones_way(void **state)
{
    bench *b = *state;
    backup_report r;
    char part[256];
    backup_place p = place_in(b);
    fill(b, 50);
    write_key(b->dir, "/webhook.key", "a key");
    leave_behind(b, p.path);
    assert_int_equal(restore(&p, &r), CRM_NOT_FOUND);
    assert_string_equal(r.fault.key, "backup.no_manifest");
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    assert_int_equal(r.rows, 50);
    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = {".part", ".part-journal", ".part-wal"};
        snprintf(part, sizeof part, "%s%s", p.path, ends[i]);
        assert_int_equal(access(part, F_OK), -1);
    }
    assert_ok(restore(&p, &r));
    assert_int_equal(r.rows, 50);
    assert_file(b, p.dir, "/webhook.key", "a key");
}

/* Between the two names of its file. */
static void a_copy_that_was_killed_at_its_very_end_is_let_be(void **state)
{
    bench *b = *state;
    backup_report r;
    char part[256], aside[256];
    struct stat whole;
    backup_place p = copy_with_all(b);
    snprintf(part, sizeof part, "%s.part", p.path);
    snprintf(aside, sizeof aside, "%s.aside", p.path);
    assert_int_equal(link(p.path, part), 0);
    assert_int_equal(rename(p.path, aside), 0);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(stat(aside, &whole), 0);
    assert_int_equal(whole.st_size, r.bytes);
}

static void a_copy_that_another_is_making_is_let_be(void **state)
{
    bench *b = *state;
    backup_report r;
    char part[256];
    backup_place p = place_in(b);
    leave_behind(b, p.path);
    snprintf(part, sizeof part, "%s.part", p.path);
    int fd = open(part, O_RDWR | O_CLOEXEC);
    struct flock held = {.l_type = F_WRLCK, .l_start = (off_t)1 << 62, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &held), 0);
    assert_int_equal(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r),
        CRM_CONFLICT);
    assert_string_equal(r.fault.key, "backup.exists");
    assert_file(b, p.path, ".part", "half of something");
    assert_file(b, p.path, ".data/webhook.key", "an old key");
    close(fd);
}

/* Somebody who keeps such a file open, readable to him, would read the copy. */
static void a_copy_is_not_written_into_a_file_that_stood_there(void **state)
{
    bench *b = *state;
    backup_report r;
    char part[256];
    struct stat theirs, ours;
    backup_place p = place_in(b);
    write_key(p.path, ".part", "");
    snprintf(part, sizeof part, "%s.part", p.path);
    int fd = open(part, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fchmod(fd, 0666), 0);
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    assert_int_equal(fstat(fd, &theirs), 0);
    assert_int_equal(stat(p.path, &ours), 0);
    assert_int_equal(theirs.st_size, 0);
    assert_int_equal(ours.st_mode & 0777, 0600);
    close(fd);
}

typedef struct locking {
    const char *part;
    int conflict; /* of a lock such as SQLite takes */
} locking;

/* A network file system takes every lock for one of bytes, by whatever call. */
static crm_status lock_as_sqlite_does(void *arg)
{
    locking *x = arg;
    struct flock all = {.l_type = F_WRLCK, .l_start = 0, .l_len = (off_t)1 << 40};
    int fd = open(x->part, O_RDWR | O_CLOEXEC);
    x->conflict = fcntl(fd, F_OFD_SETLK, &all) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return CRM_OK;
}

static void the_lock_of_a_copy_is_beside_those_of_sqlite(void **state)
{
    bench *b = *state;
    backup_report r;
    char part[256];
    backup_place p = place_in(b);
    snprintf(part, sizeof part, "%s.part", p.path);
    locking x = {.part = part, .conflict = -1};
    engine_backup_progress told = {.begun = lock_as_sqlite_does, .arg = &x};
    assert_ok(backup_make(&(backup_of){b->e, b->dir, kept}, p.path, told, &r));
    assert_int_equal(x.conflict, 0);
}

static crm_status put_a_file_there(void *arg)
{
    write_key(arg, "", "somebody's");
    return CRM_OK;
}

static void a_file_that_comes_while_a_copy_is_made_stays(void **state)
{
    bench *b = *state;
    backup_report r;
    backup_place p = place_in(b);
    engine_backup_progress told = {.begun = put_a_file_there, .arg = p.path};
    assert_int_equal(backup_make(&(backup_of){b->e, b->dir, kept}, p.path, told, &r), CRM_CONFLICT);
    assert_string_equal(r.fault.key, "backup.exists");
    assert_file(b, p.path, "", "somebody's");
    assert_int_equal(backup_verify(p.path, kept, &r), CRM_NOT_FOUND);
}

/* ---- meanwhile ------------------------------------------------------------------------------- */

typedef struct meanwhile {
    bench *b;
    bool has_begun;
} meanwhile;

static crm_status write_once_it_has_begun(void *arg)
{
    meanwhile *m = arg;
    assert_file(m->b, m->b->dir, "/copy.db.data/webhook.key", "a key");
    m->has_begun = true;
    write_key(m->b->dir, "/webhook.key", "another");
    fill(m->b, 5);
    return CRM_OK;
}

/* So whoever waits for the state need not wait for the copy. */
static void a_backup_is_of_the_moment_it_has_begun_at(void **state)
{
    bench *b = *state;
    backup_report r;
    meanwhile m = {.b = b};
    backup_place p = place_in(b);
    fill(b, 50);
    write_key(b->dir, "/webhook.key", "a key");
    engine_backup_progress told = {.begun = write_once_it_has_begun, .arg = &m};
    assert_ok(backup_make(&(backup_of){b->e, b->dir, kept}, p.path, told, &r));
    assert_true(m.has_begun);
    assert_int_equal(r.rows, 50);
    assert_ok(restore(&p, &r));
    assert_int_equal(r.rows, 50);
    assert_file(b, p.dir, "/webhook.key", "a key");
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void a_fault_is_said_in_the_language_of_who_asked(void **state)
{
    buf out;
    backup_fault f = {.key = "backup.not_written", .name = "/копия", .why = CRM_NO_SPACE};
    (void)state;
    buf_init(&out, 0);
    backup_say(&f, "ru", &out);
    backup_say(&f, "en", &out);
    f.why = CRM_LIMIT; /* without words of its own */
    f.name[1] = (char)0xff;
    backup_say(&f, "ru", &out);
    f.key = NULL;
    backup_say(&f, "ru", &out);
    assert_text(buf_view(&out), "/копия: не записать: на диске нет места.\n"
                                "/копия: cannot be written: no space is left on the disk.\n"
                                "/??опия: не записать: ошибка диска или системы.\n");
    buf_free(&out);
}

int main(void)
{
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(a_backup_comes_back_whole),
        TRY(a_backup_holds_what_it_is_told_to_of_the_directory),
        TRY(a_backup_of_a_newer_program_is_refused_by_name),
        TRY(a_backup_writes_nothing_outside),
        TRY(a_former_backup_brings_its_key),
        TRY(a_backup_never_overwrites),
        TRY(a_name_without_room_for_its_endings_is_said_to_be_too_long),
        TRY(a_damaged_backup_is_refused),
        TRY(a_backup_without_room_leaves_nothing),
        TRY(a_backup_that_is_told_to_stop_leaves_nothing),
        TRY(what_a_killed_copy_leaves_is_no_copy_and_in_no_ones_way),
        TRY(a_copy_that_was_killed_at_its_very_end_is_let_be),
        TRY(a_copy_that_another_is_making_is_let_be),
        TRY(a_copy_is_not_written_into_a_file_that_stood_there),
        TRY(the_lock_of_a_copy_is_beside_those_of_sqlite),
        TRY(a_file_that_comes_while_a_copy_is_made_stays),
        TRY(a_backup_is_of_the_moment_it_has_begun_at),
        cmocka_unit_test(a_fault_is_said_in_the_language_of_who_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
