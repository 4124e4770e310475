/* test_base_fs.c - whole files, the folder's lock, and a disk without room. */
#include "unit.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs_walk.h"
#include "base/str.h"

static arena *a;
static char dir[64];

static const char *in_dir(const char *name)
{
    return arena_fmt(a, "%s/%s", dir, name).p;
}

static int files_in_dir(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    snprintf(dir, sizeof dir, "/tmp/karkas-fs-XXXXXX");
    return a && mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] != '.' && unlink(in_dir(e->d_name)) != 0) {
            rmdir(in_dir(e->d_name));
        }
    }
    closedir(d);
    rmdir(dir);
    arena_free(a);
    return 0;
}

static void what_a_killed_process_had_begun_is_dropped_and_nothing_else(void **state)
{
    static const char *const kept[] = {
        "f", "f.new", "f.0123abcd", ".0123abcd.new", "f.0123abcx.new", "f.0123abcd.new.x"};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        assert_ok(fs_write(in_dir(kept[i]), CRM_S("x"), 0600));
    }
    assert_ok(fs_write(in_dir("f.0123abcd.new"), CRM_S("half"), 0600));
    assert_int_equal(mkdir(in_dir("d.0123abcd.new"), 0700), 0);
    fs_drop_unfinished(dir);
    assert_int_not_equal(access(in_dir("f.0123abcd.new"), F_OK), 0);
    assert_int_equal(access(in_dir("d.0123abcd.new"), F_OK), 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(access(in_dir(kept[i]), F_OK), 0);
    }
    unlink(in_dir(".0123abcd.new"));
    fs_drop_unfinished(in_dir("nothing"));
}

static void a_written_file_is_read_back_with_its_mode(void **state)
{
    (void)state;
    struct stat st;
    crm_str out;
    mode_t mask = umask(077);
    assert_ok(fs_write(in_dir("f"), CRM_S("первый"), 0640));
    assert_ok(fs_write(in_dir("f"), BYTES("второй\0"), 0640));
    umask(mask);
    assert_ok(fs_read(a, in_dir("f"), 100, &out));
    assert_int_equal(out.n, 13);
    assert_string_equal(out.p, "второй");
    assert_int_equal(stat(in_dir("f"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(files_in_dir(), 1);
}

static void an_empty_file_is_empty_and_not_missing(void **state)
{
    (void)state;
    crm_str out;
    assert_ok(fs_write(in_dir("f"), (crm_str){0}, 0600));
    assert_ok(fs_read(a, in_dir("f"), 0, &out));
    assert_text(out, "");
}

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    crm_str out;
    assert_int_equal(fs_read(a, in_dir("absent"), 10, &out), CRM_NOT_FOUND);
    assert_ok(fs_write(in_dir("f"), CRM_S("12345678901"), 0600));
    assert_int_equal(fs_read(a, in_dir("f"), 10, &out), CRM_TOO_LARGE);
    assert_int_equal(fs_read(a, dir, 10, &out), CRM_INTERNAL);
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    assert_int_equal(fs_read(a, in_dir("pipe"), 10, &out), CRM_INTERNAL);
}

static void a_write_that_fails_leaves_the_old_file_and_nothing_beside(void **state)
{
    (void)state;
    crm_str out;
    assert_ok(fs_write(in_dir("f"), CRM_S("старое"), 0600));
    /* The limit on file sizes stops the write half-way, as a full disk does. */
    struct rlimit was, small;
    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 4;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    crm_status s = fs_write(in_dir("f"), CRM_S("новое и длинное"), 0600);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(s, CRM_INTERNAL);
    assert_ok(fs_read(a, in_dir("f"), 100, &out));
    assert_text(out, "старое");
    assert_int_equal(files_in_dir(), 1);
}

enum { CHILD_RIGHT, CHILD_WRONG, CHILD_CANNOT };

/* In a process with mounts of its own, where `dir` is a disk of four pages. */
static int fill_a_disk(void)
{
    crm_str out;
    char *big = arena_alloc(a, 65536);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", dir, "tmpfs", 0, "size=16k") != 0) {
        return CHILD_CANNOT;
    }
    bool is_right = fs_write(in_dir("f"), CRM_S("старое"), 0600) == CRM_OK &&
                    fs_write(in_dir("f"), (crm_str){big, 65536}, 0600) == CRM_NO_SPACE &&
                    fs_read(a, in_dir("f"), 100, &out) == CRM_OK && str_is(out, "старое") &&
                    files_in_dir() == 1;
    return is_right ? CHILD_RIGHT : CHILD_WRONG;
}

static void a_full_disk_is_no_space_and_the_old_file_stays(void **state)
{
    (void)state;
    int code = 0;
    pid_t child = fork();
    if (child == 0) {
        _exit(fill_a_disk());
    }
    waitpid(child, &code, 0);
    assert_true(WIFEXITED(code));
    if (WEXITSTATUS(code) == CHILD_CANNOT) {
        skip(); /* mounting needs root */
    }
    assert_int_equal(WEXITSTATUS(code), CHILD_RIGHT);
}

static void a_folder_is_made_once(void **state)
{
    (void)state;
    struct stat st;
    assert_ok(fs_mkdir(in_dir("d"), 0750));
    assert_ok(fs_mkdir(in_dir("d"), 0750));
    assert_int_equal(stat(in_dir("d"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    assert_ok(fs_write(in_dir("f"), CRM_S("x"), 0600));
    assert_int_equal(fs_mkdir(in_dir("f"), 0750), CRM_INTERNAL);
    assert_int_equal(fs_mkdir(in_dir("no/d"), 0750), CRM_NOT_FOUND);
}

/* In a process of its own: what fs_lock answers there, and the holder it names. */
static void lock_elsewhere(crm_status *status, long *holder)
{
    int ends[2];
    struct {
        crm_status s;
        long holder;
    } answer = {CRM_INTERNAL, -1};
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd;
        answer.s = fs_lock(dir, &fd, &answer.holder);
        _exit(write(ends[1], &answer, sizeof answer) != sizeof answer);
    }
    int code;
    waitpid(child, &code, 0);
    assert_int_equal(read(ends[0], &answer, sizeof answer), sizeof answer);
    close(ends[0]);
    close(ends[1]);
    *status = answer.s;
    *holder = answer.holder;
}

static void a_second_process_is_refused_and_told_the_first(void **state)
{
    (void)state;
    int fd;
    long holder;
    crm_status s;
    assert_ok(fs_lock(dir, &fd, &holder));
    lock_elsewhere(&s, &holder);
    assert_int_equal(s, CRM_CONFLICT);
    assert_int_equal(holder, getpid());
    close(fd);
    lock_elsewhere(&s, &holder);
    assert_ok(s);
    assert_int_equal(holder, 0);
}

static void there_is_nothing_to_lock_in_no_folder(void **state)
{
    (void)state;
    int fd;
    long holder;
    assert_int_equal(fs_lock(in_dir("absent"), &fd, &holder), CRM_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_killed_process_had_begun_is_dropped_and_nothing_else,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_written_file_is_read_back_with_its_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_is_empty_and_not_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_that_fails_leaves_the_old_file_and_nothing_beside,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_no_space_and_the_old_file_stays, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_process_is_refused_and_told_the_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(there_is_nothing_to_lock_in_no_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
