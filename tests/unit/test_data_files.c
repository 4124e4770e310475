/* Attachments: their form in a record, their media types, their contents on the disk. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "data/files.h"
#include "refuse_call.h"

#define ID "abcdefghijklmnopqrstuv-_"

static arena *a;
static char root[64];

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    snprintf(root, sizeof root, "/tmp/karkas-files-XXXXXX");
    return a && mkdtemp(root) && files_set_up(root) == CRM_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

/* ---- in a record ----------------------------------------------------------------------------- */

static void an_attachment_reads_back_from_its_text(void **state)
{
    file_value v = {CRM_S("дог 1.pdf"), CRM_S(ID), CRM_S("application/pdf"), 12}, got;
    (void)state;
    crm_str text = file_value_text(a, &v);
    assert_true(file_value_read(text, &got));
    assert_true(str_eq(got.name, v.name) && str_eq(got.id, v.id) && str_eq(got.type, v.type));
    assert_int_equal(got.size, 12);
    assert_true(file_value_read(CRM_S(ID), &got) && !got.name.n);
    assert_false(file_value_read(CRM_S("договор.pdf"), &got));
    assert_false(file_value_read(CRM_S("a\t" ID "\tmany\ttext/plain"), &got));
    crm_str two =
        arena_fmt(a, "x\t%.24s\t1\ttext/plain\n%.*s", "zzzzzzzzzzzzzzzzzzzzzzzz", STR_FMT(text));
    assert_true(str_eq(file_value_find(two, CRM_S(ID)), text));
    assert_int_equal(file_value_find(two, CRM_S("q")).n, 0);
}

static void ids_are_found_behind_names_of_any_kind(void **state)
{
    static const struct {
        const char *text;
        int count;
    } rows[] = {
        {ID, 1},
        {"#" ID, 1},
        {"договор, №1; #5 и b.pdf #" ID, 1},
        {"а.txt #" ID ", б.txt #" ID "\nв #" ID, 3},
        {"а.txt #" ID "x", 0}, /* longer than an id */
        {"#короткий", 0},
        {"", 0},
        {"#", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        crm_str rest = str_of(rows[i].text), id;
        int n = 0;
        while (file_value_next(&rest, &id)) {
            assert_true(str_is(id, ID));
            n++;
        }
        if (n != rows[i].count) {
            fail_msg("%s: %d", rows[i].text, n);
        }
    }
}

static void the_content_decides_what_a_file_is(void **state)
{
    static const struct {
        const char *head, *name, *type;
    } rows[] = {
        {"\x89PNG\r\n\x1a\n....", "x.html", "image/png"},
        {"RIFF....WEBPVP8 ", "", "image/webp"},
        {"<svg onload=alert(1)>", "x.svg", "text/plain"},
        {"<html>", "x.png", "text/plain"},
        {"PK\x03\x04", "Договор.DOCX",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"PK\x03\x04", "x.pdf", "application/zip"},
        {"\x01\x02", "x.docx", "application/octet-stream"},
        {"", "x.png", "application/octet-stream"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        crm_str type = file_media_type(str_of(rows[i].head), str_of(rows[i].name));
        if (!str_is(type, rows[i].type)) {
            fail_msg("%s: %.*s", rows[i].name, STR_FMT(type));
        }
    }
}

/* ---- on the disk ----------------------------------------------------------------------------- */

static crm_str put(const char *name, const char *text)
{
    crm_str path = files_new_path(a, str_of(name)), hash;
    assert_int_equal(fs_write(path.p, str_of(text), 0600), CRM_OK);
    assert_int_equal(files_take(a, path.p, &hash), CRM_OK);
    assert_int_not_equal(access(path.p, F_OK), 0);
    return hash;
}

static void equal_contents_are_stored_once(void **state)
{
    (void)state;
    crm_str first = put("one", "то же"), second = put("two", "то же"), other = put("3", "иное");
    assert_true(str_eq(first, second));
    assert_false(str_eq(first, other));
    crm_str back;
    assert_int_equal(fs_read(a, files_path(a, first).p, 100, &back), CRM_OK);
    assert_true(str_is(back, "то же"));
}

static crm_status knows(void *arg, crm_str hash, bool *known)
{
    *known = str_eq(hash, *(crm_str *)arg);
    return CRM_OK;
}

static void age(const char *path)
{
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static bool is_there(crm_str hash)
{
    return access(files_path(a, hash).p, F_OK) == 0;
}

static void a_sweep_takes_old_contents_that_nobody_knows(void **state)
{
    (void)state;
    crm_str known = put("k", "знакомое"), stray = put("s", "ничьё"), fresh = put("f", "новое");
    age(files_path(a, known).p);
    age(files_path(a, stray).p);
    files_hold();
    assert_int_equal(files_sweep(a, knows, &known), CRM_OK);
    assert_true(is_there(stray)); /* a backup is on its way */
    files_release();
    assert_int_equal(files_sweep(a, knows, &known), CRM_OK);
    assert_true(is_there(known));
    assert_true(is_there(fresh));
    assert_false(is_there(stray));
}

static void a_content_uploaded_anew_is_young_again(void **state)
{
    (void)state;
    crm_str none = {0}, hash = put("a", "снова");
    age(files_path(a, hash).p);
    put("b", "снова");
    assert_int_equal(files_sweep(a, knows, &none), CRM_OK);
    assert_true(is_there(hash));
}

static void a_copy_is_whole_and_damage_is_found(void **state)
{
    int64_t copied, found;
    char to[96];
    (void)state;
    snprintf(to, sizeof to, "%s/copy", root);
    crm_str hash = put("a", "в копию");
    put("b", "и это");
    assert_int_equal(files_copy_all(NULL, to, NULL, NULL, &copied), CRM_OK);
    assert_int_equal(files_verify(to, &found), CRM_OK);
    assert_int_equal(copied, found);
    assert_true(found >= 2);
    crm_str path = arena_fmt(a, "%s/%.2s/%.*s", to, hash.p, STR_FMT(hash));
    assert_int_equal(unlink(path.p), 0);
    assert_int_equal(fs_write(path.p, CRM_S("испорчено"), 0600), CRM_OK);
    assert_int_equal(files_verify(to, &found), CRM_INVALID);
    assert_true(is_there(hash));
}

/* As a server left it that was killed while it copied to another disk. */
static void half_a_content_in_a_copy_is_written_anew(void **state)
{
    int64_t copied, found;
    char to[96];
    (void)state;
    snprintf(to, sizeof to, "%s/again", root);
    crm_str hash = put("a", "целиком");
    assert_int_equal(files_copy_all(NULL, to, NULL, NULL, &copied), CRM_OK);
    crm_str path = arena_fmt(a, "%s/%.2s/%.*s", to, hash.p, STR_FMT(hash));
    assert_int_equal(unlink(path.p), 0);
    assert_int_equal(fs_write(path.p, CRM_S("цел"), 0600), CRM_OK);
    set_room(2);
    assert_int_not_equal(files_copy_all(NULL, to, NULL, NULL, &found), CRM_OK);
    set_room(RLIM_INFINITY);
    assert_int_not_equal(access(arena_fmt(a, "%s.part", path.p).p, F_OK), 0);
    assert_int_equal(files_copy_all(NULL, to, NULL, NULL, &found), CRM_OK);
    assert_int_equal(found, copied);
    assert_int_equal(files_verify(to, &found), CRM_OK);
    assert_int_equal(found, copied);
}

/* To another disk, where nothing can be linked. */
static int copy_without_room(void *arg)
{
    int64_t copied;
    refuse_call(SYS_linkat, EXDEV);
    set_room(2);
    return files_copy_all(NULL, arg, NULL, NULL, &copied) != CRM_OK ? 0 : 1;
}

static void a_copy_that_fails_leaves_no_half_of_a_content(void **state)
{
    int64_t found;
    char to[96];
    (void)state;
    snprintf(to, sizeof to, "%s/half", root);
    put("a", "не помещается");
    assert_int_equal(in_child(copy_without_room, to), 0);
    assert_int_equal(files_verify(to, &found), CRM_OK);
    assert_int_equal(found, 0);
}

static int copy_blind(void *arg)
{
    int64_t copied;
    refuse_call(SYS_getdents64, EIO);
    return files_copy_all(NULL, arg, NULL, NULL, &copied) != CRM_OK ? 0 : 1;
}

static void contents_that_cannot_be_listed_are_not_taken_for_none(void **state)
{
    char to[96];
    (void)state;
    snprintf(to, sizeof to, "%s/blind", root);
    assert_int_equal(in_child(copy_blind, to), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attachment_reads_back_from_its_text),
        cmocka_unit_test(ids_are_found_behind_names_of_any_kind),
        cmocka_unit_test(the_content_decides_what_a_file_is),
        cmocka_unit_test(equal_contents_are_stored_once),
        cmocka_unit_test(a_sweep_takes_old_contents_that_nobody_knows),
        cmocka_unit_test(a_content_uploaded_anew_is_young_again),
        cmocka_unit_test(a_copy_is_whole_and_damage_is_found),
        cmocka_unit_test(half_a_content_in_a_copy_is_written_anew),
        cmocka_unit_test(a_copy_that_fails_leaves_no_half_of_a_content),
        cmocka_unit_test(contents_that_cannot_be_listed_are_not_taken_for_none),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
