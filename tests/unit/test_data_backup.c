/* test_data_backup.c - a copy of everything and the way back: whole, or nothing. */
#include "base/fs_walk.h"
#include "data/backup.h"
#include "data/backup_kept.h"
#include "data/engine_sqlite.h"
#include "engine_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_bench(void **state)
{
    *state = bench_new(ON_SQLITE, 0);
    return 0;
}

static int close_bench(void **state)
{
    bench_free(*state);
    return 0;
}

static int64_t add_deal(bench *b, const char *name)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_NAME] = value_text(str_of(name));
    return bench_insert(b, &b->w->deal, row);
}

typedef struct backup_place {
    char path[128], dir[128];
} backup_place;

static backup_place place_in(const bench *b)
{
    backup_place p;
    snprintf(p.path, sizeof p.path, "%s/copy.db", b->dir);
    snprintf(p.dir, sizeof p.dir, "%s/restored", b->dir);
    assert_int_equal(mkdir(p.dir, 0700), 0);
    return p;
}

static void fill(bench *b, int count)
{
    bench_begin(b);
    for (int i = 0; i < count; i++) {
        add_deal(b, "Крыша");
    }
    bench_commit(b);
}

static const char *const kept[] = {"webhook.key", "tz.copy", NULL};

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
    assert_ok(backup_restore(&(backup_into){p.dir, kept, NULL}, p.path, &read));
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
    assert_int_equal(backup_restore(&(backup_into){p.dir, kept, NULL}, p.path, &read),
                     CRM_CONFLICT); /* not empty any more */
    assert_string_equal(read.fault.key, "backup.taken");
}

static void write_key(const char *folder, const char *name, const char *text)
{
    char file[256];
    snprintf(file, sizeof file, "%s%s", folder, name);
    assert_ok(fs_write(file, str_of(text), 0600));
}

static void assert_file(bench *b, const char *folder, const char *name, const char *text)
{
    char file[256];
    crm_str found;
    struct stat st;
    snprintf(file, sizeof file, "%s%s", folder, name);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(fs_read(b->w->arena, file, 100, &found));
    assert_text(found, text);
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
    assert_ok(backup_restore(&(backup_into){p.dir, kept, NULL}, p.path, &r));
    assert_file(b, p.dir, "/webhook.key", "a key");
    assert_file(b, p.dir, "/tz.copy/1f/tz.yaml", "tz: 1\n");
    snprintf(folder, sizeof folder, "%s/other.key", p.dir);
    assert_int_equal(access(folder, F_OK), -1);
    write_key(p.path, ".data/webhook.key", "another");
    assert_int_equal(backup_verify(p.path, kept, &r), CRM_INVALID);
    assert_non_null(strstr(r.fault.name, ".data/webhook.key"));
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
    assert_ok(backup_restore(&(backup_into){p.dir, kept, NULL}, p.path, &r));
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
    assert_int_equal(backup_restore(&(backup_into){p.dir, kept, NULL}, p.path, &r), CRM_INVALID);
    snprintf(file, sizeof file, "%s/karkas.db", p.dir);
    assert_int_equal(access(file, F_OK), -1);
    snprintf(file, sizeof file, "%s.json", p.path);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(backup_verify(p.path, kept, &r), CRM_NOT_FOUND);
}

/* ---- what fails ------------------------------------------------------------------------------ */

static void set_room(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static crm_status restore(const backup_place *p, backup_report *r)
{
    return backup_restore(&(backup_into){p->dir, kept, "mark"}, p->path, r);
}

/* A copy with a key and a folder, and the directory it is restored into, which is empty. */
static backup_place copy_with_all(bench *b)
{
    backup_report r;
    backup_place p = place_in(b);
    fill(b, 50);
    write_key(b->dir, "/webhook.key", "a key");
    assert_ok(fs_mkdirs(b->w->arena, b->dir, CRM_S("tz.copy/1f/tz.yaml"), 0700));
    write_key(b->dir, "/tz.copy/1f/tz.yaml", "tz: 1\n");
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    return p;
}

static crm_status count_file(void *arg, crm_str name)
{
    (void)name;
    ++*(int *)arg;
    return CRM_OK;
}

static int files_in(bench *b, const char *dir)
{
    int count = 0;
    assert_ok(fs_files(b->w->arena, dir, NULL, count_file, &count));
    return count;
}

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

/* The database was moved away, and what goes with it was not. */
static void a_restore_overwrites_nothing(void **state)
{
    bench *b = *state;
    static const char *const there[] = {"webhook.key", "tz.copy", "files", "karkas.db", "mark"};
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
    assert_int_equal(backup_restore(&(backup_into){p.dir, kept, NULL}, other, &r), CRM_CONFLICT);
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
#define TRY(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        TRY(a_backup_comes_back_whole),
        TRY(a_backup_holds_what_it_is_told_to_of_the_directory),
        TRY(a_backup_writes_nothing_outside),
        TRY(a_former_backup_brings_its_key),
        TRY(a_backup_never_overwrites),
        TRY(a_damaged_backup_is_refused),
        TRY(a_restore_without_room_leaves_the_directory_as_it_was),
        TRY(a_backup_without_room_leaves_nothing),
        TRY(a_restore_overwrites_nothing),
        TRY(a_restore_killed_while_it_wrote_begins_anew_and_no_server_begins_there),
        TRY(a_restore_killed_while_it_placed_is_completed_by_the_same_command),
        TRY(a_restore_killed_while_it_placed_is_completed_by_a_start),
        TRY(a_restore_of_another_copy_completes_the_first_and_says_so),
        TRY(a_completion_overwrites_nothing_and_can_be_tried_again),
        TRY(a_backup_is_of_the_moment_it_has_begun_at),
        cmocka_unit_test(a_fault_is_said_in_the_language_of_who_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
