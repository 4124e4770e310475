/* Files from memory: types, tags, compressed forms, caching, and nothing outside the folder. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "net/static_set.h"
#include "net_fixture.h"

static net_fixture server;
static static_files *files;
static static_set *modules;
static char in_force[256]; /* the folder that is asked first; empty: none */
static char folder[] = "/tmp/karkas-static-XXXXXX";
static char out[1 << 16];

/* gzip -9 of "export {}"; the last eight bytes are the CRC-32 and the length of that. */
#define GZ                                                             \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xad\x28\xc8\x2f\x2a" \
    "\x51\xa8\xae\x05\x00\xfc\x58\xff\x27\x09\x00\x00\x00"

static void put_bytes(const char *name, const char *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static void put_gz(const char *name)
{
    put_bytes(name, GZ, sizeof GZ - 1);
}

static void make_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static bool serve(http_request *r)
{
    return static_set_serve(modules, r, str_of(in_force)) || static_serve(files, r) ||
           (static_is_page_path(r->path) && static_serve_as(files, r, CRM_S("/index.html")));
}

static int start(void **state)
{
    (void)state;
    char link[256];
    assert_non_null(mkdtemp(folder));
    make_folder("ui");
    make_folder("ui/sdk");
    put("index.html", "<!doctype html>page");
    put("ui/app-1A2B3C4D.js", "export {}");
    put("ui/app-1A2B3C4D.js.br", "[br]");
    put_gz("ui/app-1A2B3C4D.js.gz");
    put("ui/stale.js", "export {};"); /* upgraded, beside the forms of what it was */
    put("ui/stale.js.br", "[old br]");
    put_gz("ui/stale.js.gz");
    put("ui/same-size.js", "export []");
    put("ui/same-size.js.br", "[old br]");
    put_gz("ui/same-size.js.gz");
    put("ui/br-only.js", "export {}");
    put("ui/br-only.js.br", "[br]");
    put("ui/cut.js", "export {}");
    put("ui/cut.js.gz", "\x1f\x8b");
    put("ui/sdk/1.js", "sdk");
    put("ui/long-settings.css", "a{}");
    put("ui/empty.txt", "");
    put("ui/alone.gz", "gz");
    put(".secret", "no");
    snprintf(link, sizeof link, "%s/ui/passwd", folder);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_ok(static_load(folder, "/", &files));
    modules = static_set_new();
    assert_non_null(modules);
    net_serve = serve;
    net_start(&server, NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    char command[128];
    net_stop(&server);
    static_free(files);
    static_set_free(modules);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static int get(const char *path, const char *headers)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers);
    return raw_ask(&server, request, out, sizeof out);
}

static const char *body(void)
{
    return strstr(out, "\r\n\r\n") + 4;
}

#define assert_has(text)    assert_non_null(strstr(out, text))
#define assert_has_no(text) assert_null(strstr(out, text))

static void test_file_has_its_type_and_is_revalidated(void **state)
{
    (void)state;
    assert_int_equal(get("/ui/sdk/1.js", ""), 200);
    assert_has("Content-Type: text/javascript; charset=utf-8\r\n");
    assert_has("Cache-Control: no-cache\r\n");
    assert_has("ETag: \"");
    assert_has_no("Vary");
    assert_string_equal(body(), "sdk");
    assert_int_equal(get("/ui/empty.txt", ""), 200);
    assert_has("Content-Length: 0\r\n");
}

static void test_hashed_names_are_immutable(void **state)
{
    (void)state;
    assert_int_equal(get("/ui/app-1A2B3C4D.js", ""), 200);
    assert_has("Cache-Control: public, max-age=31536000, immutable\r\n");
    assert_int_equal(get("/ui/long-settings.css", ""), 200);
    assert_has("Cache-Control: no-cache\r\n");
}

static void test_best_accepted_form_is_sent(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"Accept-Encoding: gzip, deflate, br\r\n", "[br]", "Content-Encoding: br\r\n"},
        {"Accept-Encoding: gzip\r\n", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n"},
        {"Accept-Encoding: br;q=0, gzip;q=0.5\r\n", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n"},
        {"Accept-Encoding: identity\r\n", "export {}", "Content-Length: 9\r\n"},
        {"", "export {}", "Content-Length: 9\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(get("/ui/app-1A2B3C4D.js", cases[i][0]), 200);
        assert_string_equal(body(), cases[i][1]);
        assert_has(cases[i][2]);
        assert_has("Vary: Accept-Encoding\r\n");
        assert_has("Content-Type: text/javascript");
    }
}

static void test_forms_of_other_bytes_are_not_sent(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"/ui/stale.js", "export {};"},
                                           {"/ui/same-size.js", "export []"},
                                           {"/ui/br-only.js", "export {}"},
                                           {"/ui/cut.js", "export {}"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(get(cases[i][0], "Accept-Encoding: gzip, br\r\n"), 200);
        assert_string_equal(body(), cases[i][1]);
        assert_has_no("Content-Encoding");
        assert_has_no("Vary");
    }
}

static void test_known_tag_gets_304_for_its_form_only(void **state)
{
    (void)state;
    char tag[64], header[128];
    assert_int_equal(get("/ui/app-1A2B3C4D.js", "Accept-Encoding: br\r\n"), 200);
    assert_int_equal(sscanf(strstr(out, "ETag: "), "ETag: %63s", tag), 1);
    snprintf(header, sizeof header, "Accept-Encoding: br\r\nIf-None-Match: \"x\", %s\r\n", tag);
    assert_int_equal(get("/ui/app-1A2B3C4D.js", header), 304);
    assert_has_no("Content-Length");
    assert_has("ETag: \"");
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", tag);
    assert_int_equal(get("/ui/app-1A2B3C4D.js", header), 200);
}

static void test_page_stands_for_paths_without_extension_only(void **state)
{
    (void)state;
    assert_int_equal(get("/e/sales.lead/12", ""), 200);
    assert_has("Content-Security-Policy: default-src 'none'");
    assert_string_equal(body(), "<!doctype html>page");
    assert_true(static_is_page_path(CRM_S("/e/sales.lead")));
    assert_true(static_is_page_path(CRM_S("/settings/users")));
    assert_false(static_is_page_path(CRM_S("/favicon.ico")));
    assert_int_equal(get("/ui/missing-1A2B3C4D.js", ""), 200);
    assert_string_equal(body(), "GET /ui/missing-1A2B3C4D.js? "); /* fell through to the echo */
}

static void test_only_regular_visible_files_are_there(void **state)
{
    (void)state;
    static const char *const absent[] = {"/.secret", "/ui/passwd", "/ui/sdk/1.js.br",
                                         "/ui/app-1A2B3C4D.js.br", "/ui/sdk/1.js/"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_int_equal(get(absent[i], ""), 200);
        assert_null(strstr(body(), "root:"));
        assert_null(strstr(body(), "no\n"));
        assert_true(strncmp(body(), "GET /", 5) == 0 || strstr(body(), "page"));
    }
    assert_int_equal(get("/ui/alone.gz", "Accept-Encoding: gzip\r\n"), 200);
    assert_has("Content-Type: application/octet-stream\r\n");
    assert_has_no("Content-Encoding");
}

static void test_other_methods_are_not_allowed(void **state)
{
    (void)state;
    assert_int_equal(
        raw_ask(&server, "POST /ui/sdk/1.js HTTP/1.1\r\nHost: a\r\n\r\n", out, sizeof out), 405);
    assert_has("Allow: GET, HEAD\r\n");
}

static void test_missing_folder_is_said(void **state)
{
    (void)state;
    static_files *f = NULL;
    assert_int_equal(static_load("/nonexistent/web", "/", &f), CRM_NOT_FOUND);
    assert_null(f);
}

/* As many versions as a server meets that is not restarted for long. */
static void test_set_of_folders_has_no_end(void **state)
{
    (void)state;
    enum { FOLDERS = 600 };
    char path[256], dir[256], text[16];
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "v%d", i);
        make_folder(path);
        snprintf(dir, sizeof dir, "%s/v%d", folder, i);
        snprintf(path, sizeof path, "v%d/part.js", i);
        snprintf(text, sizeof text, "part %d", i);
        put(path, text);
        if (i == 0) {
            put("v0/first.js", "first");
        }
        assert_ok(static_set_add(modules, str_of(dir), "/m/fleet/"));
        assert_ok(static_set_add(modules, str_of(dir), "/m/fleet/"));
    }
    assert_int_equal(get("/m/fleet/part.js", ""), 200);
    assert_string_equal(body(), "part 599");
    assert_int_equal(get("/m/fleet/first.js", ""), 200);
    assert_string_equal(body(), "first");
    snprintf(in_force, sizeof in_force, "%s/v3", folder);
    assert_int_equal(get("/m/fleet/part.js", ""), 200);
    assert_string_equal(body(), "part 3");
    in_force[0] = 0;
    assert_int_equal(static_set_add(modules, CRM_S("/nonexistent/web"), "/m/fleet/"),
                     CRM_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_has_its_type_and_is_revalidated),
        cmocka_unit_test(test_hashed_names_are_immutable),
        cmocka_unit_test(test_best_accepted_form_is_sent),
        cmocka_unit_test(test_forms_of_other_bytes_are_not_sent),
        cmocka_unit_test(test_known_tag_gets_304_for_its_form_only),
        cmocka_unit_test(test_page_stands_for_paths_without_extension_only),
        cmocka_unit_test(test_only_regular_visible_files_are_there),
        cmocka_unit_test(test_other_methods_are_not_allowed),
        cmocka_unit_test(test_missing_folder_is_said),
        cmocka_unit_test(test_set_of_folders_has_no_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
