/*
 * fuzz_tz.c - any bytes as a ТЗ and, behind a line of "%%%%", as its table of people: refused with
 * faults that have words, or a tree that registers and seals without harm.
 */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "tz/tz.h"

#define MARK "\n%%%%\n"

static char dir[] = "/tmp/fuzz-tz-XXXXXX";
static char tz_path[64], people_path[64];

static void remove_files(void)
{
    unlink(tz_path);
    unlink(people_path);
    rmdir(dir);
}

static void write_file(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    MUST(f && (n == 0 || fwrite(p, 1, n, f) == n) && fclose(f) == 0);
}

static void write_input(const char *p, size_t n)
{
    const char *mark = n ? memmem(p, n, MARK, sizeof MARK - 1) : NULL;
    size_t head = mark ? (size_t)(mark - p) : n, cut = mark ? head + sizeof MARK - 1 : n;
    if (!tz_path[0]) {
        MUST(mkdtemp(dir));
        snprintf(tz_path, sizeof tz_path, "%s/tz.yaml", dir);
        snprintf(people_path, sizeof people_path, "%s/people.csv", dir);
        atexit(remove_files);
    }
    write_file(tz_path, p, head);
    write_file(people_path, p + cut, n - cut);
}

/* Whether there are errors among them. */
static bool check_faults(const tz_fault *f)
{
    bool is_error = false;
    for (int n = 0; f; f = f->next, n++) {
        static const char *const languages[] = {"ru", "en"};
        for (int i = 0; i < 2 && n < 3; i++) { /* words of a few: each reads the catalogue */
            buf b;
            buf_init(&b, 0);
            tz_fault_text(f, languages[i], &b);
            MUST(!b.failed && b.n > 0 && text_is_utf8(buf_view(&b)));
            buf_free(&b);
        }
        is_error = is_error || !f->is_warning;
    }
    return is_error;
}

static void use(tz *t, arena *a)
{
    registry *r = registry_new();
    tz_fault *faults;
    registry_fault *seal_faults;
    MUST(r && flow_register(r) == CRM_OK);
    crm_status s = tz_register(t, r, a, &faults);
    MUST(check_faults(faults) == (s == CRM_INVALID));
    if (s == CRM_OK) {
        s = registry_seal(r, a, &seal_faults);
        check_faults(tz_fault_of_seal(a, seal_faults));
        MUST(s == CRM_OK || s == CRM_INVALID);
    }
    registry_discard(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new(0);
    tz_fault *faults;
    crm_str *names;
    uint32_t count;
    tz *t;
    write_input((const char *)data, size);
    crm_status s = tz_read(a, tz_path, &t, &faults);
    MUST(check_faults(faults) == (s == CRM_INVALID) && (t != NULL) == (s == CRM_OK));
    if (t) {
        s = tz_modules(t, a, NULL, 0, &names, &count, &faults);
        MUST(check_faults(faults) == (s == CRM_INVALID));
        use(t, a);
    }
    arena_free(a);
    return 0;
}
