/*
 * fuzz_multipart.c - any bytes as a form in parts, with any boundary: the parts lie within the
 * body, one behind the other, and are few; what cannot be read is refused, and the same each time.
 */
#include "base/multipart.h"
#include "base/str.h"
#include "fuzz.h"

static void check_parts(crm_str body, const multipart_part *parts, uint32_t count)
{
    const char *at = body.p;
    MUST(count <= MULTIPART_PARTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const multipart_part *p = &parts[i];
        MUST(p->name.n && p->name.n <= MULTIPART_HEAD_MAX);
        MUST(p->file_name.n <= MULTIPART_HEAD_MAX && (p->is_file || !p->file_name.n));
        MUST(p->content.p > at && p->content.p + p->content.n < body.p + body.n);
        at = p->content.p + p->content.n;
    }
}

/* The first line is the declared type, the rest the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    multipart_part *parts, *again;
    uint32_t count, same;
    arena *a = arena_new(0);
    crm_str all = {(const char *)data, size}, type = {0};
    if (size && str_split(&all, '\n', &type) && all.p) {
        crm_status s = multipart_read(a, type, all, &parts, &count);
        MUST(s == CRM_OK || s == CRM_INVALID);
        MUST(s == CRM_INVALID || multipart_is(type));
        MUST(multipart_read(a, type, all, &again, &same) == s && count == same);
        if (s == CRM_OK) {
            check_parts(all, parts, count);
        }
    }
    arena_free(a);
    return 0;
}
