/* test_base_fs_copy.c - a file put where nothing is, whatever the disk knows. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/fs_copy.h"
#include "refuse_call.h"
#include "unit.h"

static arena *a;
static char dir[64], from[80], to[80];

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    snprintf(dir, sizeof dir, "/tmp/karkas-copy-XXXXXX");
    if (!a || !mkdtemp(dir)) {
        return -1;
    }
    snprintf(from, sizeof from, "%s/from", dir);
    snprintf(to, sizeof to, "%s/to", dir);
    return fs_write(from, CRM_S("ours"), 0640) == CRM_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    fs_remove_all(dir);
    return 0;
}

/* What the disk does not know. */
typedef struct disk {
    int link, rename; /* its errors; 0: it knows that */
} disk;

static int place(void *arg)
{
    const disk *d = arg;
    if (d->link) {
        refuse_call(SYS_linkat, d->link);
#ifdef SYS_link
        refuse_call(SYS_link, d->link);
#endif
    }
    if (d->rename) {
        refuse_call(SYS_renameat2, d->rename);
    }
    return (int)fs_place(from, to);
}

static void assert_placed(const char *text)
{
    crm_str found;
    struct stat st;
    assert_ok(fs_read(a, to, 100, &found));
    assert_text(found, text);
    assert_int_equal(stat(to, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static disk disks[] = {{0, 0}, {EPERM, 0}, {EOPNOTSUPP, EINVAL}, {EPERM, ENOSYS}};

static void a_file_is_placed_on_a_disk_without_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++) {
        assert_ok(fs_write(from, CRM_S("ours"), 0640));
        assert_int_equal(in_child(place, &disks[i]), CRM_OK);
        assert_placed("ours");
        assert_int_equal(unlink(to), 0);
    }
}

static void a_file_that_is_there_is_not_overwritten(void **state)
{
    (void)state;
    assert_ok(fs_write(to, CRM_S("mine"), 0640));
    for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++) {
        assert_int_equal(in_child(place, &disks[i]), CRM_CONFLICT);
        assert_placed("mine");
    }
    assert_int_equal(access(from, F_OK), 0);
}

static int place_by_nothing(void *arg)
{
    refuse_call(SYS_renameat, EACCES);
#ifdef SYS_rename
    refuse_call(SYS_rename, EACCES);
#endif
    return place(arg);
}

static void a_name_that_was_held_for_the_file_is_let_go_when_it_cannot_come(void **state)
{
    (void)state;
    assert_int_equal(in_child(place_by_nothing, &disks[2]), CRM_DENIED);
    assert_int_not_equal(access(to, F_OK), 0);
    assert_int_equal(access(from, F_OK), 0);
}

static int place_without_room(void *arg)
{
    set_room(2);
    return place(arg);
}

/* So a kill leaves no part of it under its name. */
static void a_file_is_placed_without_being_written_anew(void **state)
{
    (void)state;
    assert_int_equal(in_child(place_without_room, &disks[2]), CRM_OK);
    assert_placed("ours");
}

static void no_right_is_no_lack_of_links(void **state)
{
    (void)state;
    assert_int_equal(in_child(place, &(disk){EACCES, 0}), CRM_DENIED);
    assert_int_not_equal(access(to, F_OK), 0);
}

int main(void)
{
#define TRY(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TRY(a_file_is_placed_on_a_disk_without_links),
        TRY(a_file_that_is_there_is_not_overwritten),
        TRY(a_name_that_was_held_for_the_file_is_let_go_when_it_cannot_come),
        TRY(a_file_is_placed_without_being_written_anew),
        TRY(no_right_is_no_lack_of_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
