/* test_base_yaml.c - the YAML dialect of ТЗ and module files: its tree, positions and refusals. */
#include "unit.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/yaml.h"

static arena *a;
static yaml_error err;

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static yaml_node *read(const char *text)
{
    yaml_node *root = NULL;
    if (yaml_parse(a, "tz.yaml", str_of(text), &root, &err) != CRM_OK) {
        fail_msg("%d:%d %.*s", err.line, err.column, STR_FMT(err.text));
    }
    return root;
}

/* Refused on this line, with this in the message. */
static void assert_refused(crm_str text, int line, const char *why)
{
    yaml_node *root = NULL;
    assert_int_equal(yaml_parse(a, "tz.yaml", text, &root, &err), CRM_INVALID);
    assert_null(root);
    assert_int_equal(err.line, line);
    assert_string_equal(err.file, "tz.yaml");
    assert_non_null(strstr(arena_cstr(a, err.text), why));
}

static void a_file_becomes_a_tree_with_places(void **state)
{
    (void)state;
    yaml_node *root =
        read("компания:\n  имя: ООО «Тополь»\nstages:\n  - new\n  - {id: won, done: да}\n");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 2);
    assert_text(yaml_text(yaml_get(root, "компания"), "имя"), "ООО «Тополь»");
    yaml_node *stages = yaml_get(root, "stages");
    assert_int_equal(stages->kind, YAML_LIST);
    assert_int_equal(stages->key_line, 3);
    assert_int_equal(stages->key_column, 1);
    assert_int_equal(stages->count, 2);
    yaml_node *won = stages->first->next;
    assert_int_equal(won->line, 5);
    assert_int_equal(won->column, 5);
    assert_ptr_equal(won->parent, stages);
    assert_int_equal(yaml_get(won, "done")->key_column, 15);
    assert_string_equal(won->file, "tz.yaml");
    bool done = false;
    assert_ok(yaml_bool(yaml_get(won, "done"), &done));
    assert_true(done);
}

static void children_keep_the_order_of_the_file(void **state)
{
    (void)state;
    const char *expected[] = {"z", "a", "m"};
    int i = 0;
    yaml_node *root = read("z: 1\na: 2\nm: 3\n");
    YAML_EACH(n, root) {
        assert_text(n->key, expected[i++]);
    }
    assert_int_equal(i, 3);
}

static void an_empty_file_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "# только комментарий\n", "---\n", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        yaml_node *root = read(empty[i]);
        assert_int_equal(root->kind, YAML_MAP);
        assert_int_equal(root->count, 0);
    }
}

static void quotes_make_text_of_a_yes(void **state)
{
    (void)state;
    bool b;
    yaml_node *root = read("a: yes\nb: 'yes'\nc: maybe\nd: нет\ne:\nf: |\n  yes\n");
    assert_ok(yaml_bool(yaml_get(root, "a"), &b));
    assert_int_equal(yaml_bool(yaml_get(root, "b"), &b), CRM_INVALID);
    assert_int_equal(yaml_bool(yaml_get(root, "c"), &b), CRM_INVALID);
    assert_ok(yaml_bool(yaml_get(root, "d"), &b));
    assert_false(b);
    assert_text(yaml_text(root, "e"), "");
    assert_false(yaml_get(root, "e")->is_quoted);
    assert_true(yaml_get(root, "f")->is_quoted);
    assert_int_equal(yaml_bool(NULL, &b), CRM_INVALID);
}

static void looking_up_in_nothing_finds_nothing(void **state)
{
    (void)state;
    assert_null(yaml_get(NULL, "a"));
    assert_null(yaml_text(read("a: [1]"), "a").p);
    assert_null(yaml_get(read("[a, b]"), "a"));
}

static void what_the_dialect_leaves_out_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused(CRM_S("a: &x 1\nb: 2\n"), 1, "anchors and tags");
    assert_refused(CRM_S("a: 1\nb: *x\n"), 2, "aliases");
    assert_refused(CRM_S("a: 1\nb: !!int 2\n"), 2, "anchors and tags");
    assert_refused(CRM_S("a: 1\nb: &x {c: 2}\n"), 2, "anchors and tags");
    assert_refused(CRM_S("a: 1\n<<: {b: 2}\n"), 2, "merge keys");
    assert_refused(CRM_S("a: 1\n? [x]\n: 2\n"), 2, "a key must be");
    assert_refused(CRM_S("a: 1\n---\nb: 2\n"), 2, "second document");
    assert_refused(CRM_S("%YAML 1.1\n---\na: 1\n"), 1, "directives");
    assert_refused(CRM_S("a: 1\nb: \"x\\0y\"\n"), 2, "NUL");
}

static void a_key_that_stands_twice_is_refused_at_its_second_place(void **state)
{
    (void)state;
    assert_refused(CRM_S("имя: 1\nb: 2\nc:\n  d: 1\nимя: 3\nb: 4\n"), 5, "first on line 1");
    assert_refused(CRM_S("a:\n  b: 1\n  c: {x: 1, x: 2}\n"), 3, "\"x\"");
}

static void broken_text_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused(CRM_S("a: 1\n b: 2\n"), 2, "mapping values are not allowed");
    assert_refused(CRM_S("a: 1\nb: [1, 2\n"), 3, "did not find");
    assert_refused(CRM_S("a: 1\nb: \xD0\n"), 2, "UTF-8");
    assert_refused(BYTES("a: 1\nb: x\0y\n"), 2, "UTF-8");
    assert_refused(CRM_S("a:\n\t- b\n"), 2, "cannot start any token");
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    char deep[YAML_DEPTH_MAX + 2];
    memset(deep, '[', sizeof deep);
    assert_refused((crm_str){deep, sizeof deep}, 1, "too deeply");
    buf b;
    buf_init(&b, 0);
    for (int i = 0; i <= YAML_NODES_MAX / 2; i++) {
        buf_fmt(&b, "k%d: 1\n", i);
    }
    assert_refused(buf_view(&b), YAML_NODES_MAX / 2, "too many values");
    buf_free(&b);
}

static void a_small_arena_is_out_of_memory_and_not_a_wrong_file(void **state)
{
    (void)state;
    arena *small = arena_new(256);
    yaml_node *root;
    assert_int_equal(yaml_parse(small, "x", CRM_S("a: 1\nb: 2\nc: 3\n"), &root, &err), CRM_NOMEM);
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_tree_with_places),
        cmocka_unit_test(children_keep_the_order_of_the_file),
        cmocka_unit_test(an_empty_file_is_an_empty_map),
        cmocka_unit_test(quotes_make_text_of_a_yes),
        cmocka_unit_test(looking_up_in_nothing_finds_nothing),
        cmocka_unit_test(what_the_dialect_leaves_out_is_refused_with_its_line),
        cmocka_unit_test(a_key_that_stands_twice_is_refused_at_its_second_place),
        cmocka_unit_test(broken_text_is_refused_with_its_line),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(a_small_arena_is_out_of_memory_and_not_a_wrong_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
