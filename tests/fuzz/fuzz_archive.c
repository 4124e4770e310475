/*
 * fuzz_archive.c - any bytes as an archive of a module: what is taken lies below where it is
 * unpacked, each name once, and its bytes within those that were given.
 */
#include "base/str.h"
#include "fuzz.h"
#include "plug/archive.h"

static void check_path(crm_str path)
{
    crm_str part;
    MUST(path.n && path.p[0] != '/');
    while (str_split(&path, '/', &part)) {
        MUST(part.n && !str_is(part, ".") && !str_is(part, ".."));
        MUST(!memchr(part.p, 0, part.n));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new(0);
    crm_str all = {(const char *)data, size};
    archive x = {.name = CRM_S("fuzz")};
    refusal why = {0};
    crm_status s = archive_read(a, all, &x, &why);
    MUST(s == CRM_OK || s == CRM_INVALID || s == CRM_NOMEM);
    MUST(s != CRM_INVALID || (why.code && why.text.n));
    for (uint32_t i = 0; s == CRM_OK && i < x.count; i++) {
        crm_str bytes = x.files[i].bytes;
        check_path(x.files[i].path);
        MUST(bytes.p >= all.p && bytes.p + bytes.n <= all.p + all.n);
        for (uint32_t k = 0; k < i; k++) {
            MUST(!str_eq(x.files[i].path, x.files[k].path));
        }
    }
    arena_free(a);
    return 0;
}
