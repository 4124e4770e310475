/* test_plug_archive.c - what an archive of a module may hold: read in memory, before any of it is a
 * file. */
#include "unit.h"

#include "plug/archive.h"

#define BLOCK 512

static arena *a;
static buf tar;

static int set_up(void **state)
{
    (void)state;
    a = arena_new(0);
    buf_init(&tar, 0);
    return a ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    buf_free(&tar);
    arena_free(a);
    return 0;
}

/* ---- making one ------------------------------------------------------------------------------ */

static void seal(char block[BLOCK])
{
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++) {
        sum += (unsigned char)block[i];
    }
    snprintf(block + 148, 8, "%06o", sum);
}

static void head(const char *name, char type, size_t size)
{
    char block[BLOCK] = {0};
    snprintf(block, 100, "%s", name);
    snprintf(block + 124, 12, "%011zo", size & 077777777777);
    memcpy(block + 257, "ustar\00000", 8);
    block[156] = type;
    seal(block);
    buf_add(&tar, block, sizeof block);
}

static void add(const char *name, char type, const char *bytes)
{
    static const char zeros[BLOCK];
    size_t n = strlen(bytes);
    head(name, type, n);
    buf_add(&tar, bytes, n);
    buf_add(&tar, zeros, (BLOCK - n % BLOCK) % BLOCK);
}

static void end(void)
{
    static const char zeros[2 * BLOCK];
    buf_add(&tar, zeros, sizeof zeros);
}

static crm_status read_it(archive *x, refusal *why)
{
    *x = (archive){.name = CRM_S("shop.tar")};
    *why = (refusal){0};
    return archive_read(a, buf_view(&tar), x, why);
}

static void is_refused(const char *code, const char *said)
{
    archive x;
    refusal why;
    end();
    assert_int_equal(read_it(&x, &why), CRM_INVALID);
    assert_string_equal(why.code, code);
    if (!strstr(why.text.p, said)) {
        print_error("%.*s\n", STR_FMT(why.text));
    }
    assert_non_null(strstr(why.text.p, said));
    assert_non_null(strstr(why.text.p, "shop.tar"));
    buf_clear(&tar);
}

/* ---- taken ----------------------------------------------------------------------------------- */

static void files_are_found_below_the_folder_of_module_yaml(void **state)
{
    archive x;
    refusal why;
    (void)state;
    add("./", '5', "");
    add("./shop-1/", '5', "");
    add("./shop-1/ui/module.yaml", '0', "not this one");
    add("./shop-1/module.yaml", '0', "module: shop\n");
    add("./shop-1/empty", '0', "");
    end();
    assert_ok(read_it(&x, &why));
    assert_int_equal(x.count, 3);
    assert_text(x.root, "shop-1/");
    assert_text(x.files[1].path, "shop-1/module.yaml");
    assert_text(x.files[1].bytes, "module: shop\n");
    assert_int_equal(x.files[2].bytes.n, 0);
}

static void long_names_come_in_headers_of_their_own(void **state)
{
    archive x;
    refusal why;
    char gnu[202];
    const char *pax = "23 path=ui/\xd0\xba\xd0\xbd\xd0\xbe\xd0\xbf.js\n21 comment=no matter\n";
    (void)state;
    memset(gnu, 'a', 201);
    gnu[201] = 0;
    add("module.yaml", '0', "x");
    add("././@LongLink", 'L', gnu);
    add("cut", '0', "gnu");
    add("PaxHeaders/1", 'x', pax);
    add("cut", '0', "pax");
    end();
    assert_ok(read_it(&x, &why));
    assert_int_equal(x.count, 3);
    assert_int_equal(x.files[1].path.n, 201);
    assert_text(x.files[2].path, "ui/\xd0\xba\xd0\xbd\xd0\xbe\xd0\xbf.js");
    assert_text(x.root, "");
}

/* ---- refused --------------------------------------------------------------------------------- */

static void what_would_lie_elsewhere_is_refused_by_name(void **state)
{
    static const char *const names[] = {"../x", "/etc/passwd", "a/../../x", "a//b", "a\\b", "a\nb"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        add("module.yaml", '0', "x");
        add(names[i], '0', "x");
        is_refused("bad_archive", "is no name below");
    }
}

static void links_devices_and_files_twice_are_refused_by_name(void **state)
{
    (void)state;
    for (const char *type = "12346S"; *type; type++) {
        add("module.yaml", '0', "x");
        add("odd", *type, "");
        is_refused("bad_archive", "odd is neither a file nor a folder");
    }
    add("module.yaml", '0', "x");
    add("./module.yaml", '0', "y");
    is_refused("bad_archive", "module.yaml is there twice");
}

static void more_than_a_module_has_is_refused_by_name(void **state)
{
    char name[32];
    (void)state;
    for (int i = 0; i <= ARCHIVE_MEMBERS; i++) {
        snprintf(name, sizeof name, "f%d", i);
        add(name, '0', "");
    }
    is_refused("archive_large", "f4096 is more than a module has");
    add("module.yaml", '0', "x");
    head("huge", '0', (size_t)1 << 32);
    is_refused("bad_archive", "it ends early"); /* nothing that long is there */
}

static void what_is_no_tar_or_is_cut_off_is_refused(void **state)
{
    archive x;
    refusal why;
    (void)state;
    is_refused("bad_archive", "it holds no module.yaml");
    add("module.yaml", '0', "x");
    tar.p[0] = 'M'; /* its sum is another */
    is_refused("bad_archive", "it is no tar, or damaged");
    add("module.yaml", '0', "x");
    head("cut", '0', 2000);
    assert_int_equal(read_it(&x, &why), CRM_INVALID);
    assert_non_null(strstr(why.text.p, "it ends early"));
    buf_clear(&tar);
    add("module.yaml", '0', "x");
    add("PaxHeaders/1", 'x', "900 path=x\n");
    is_refused("bad_archive", "a header of pax");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_found_below_the_folder_of_module_yaml, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(long_names_come_in_headers_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_would_lie_elsewhere_is_refused_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(links_devices_and_files_twice_are_refused_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_than_a_module_has_is_refused_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_tar_or_is_cut_off_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
