/*
 * fuzz_form.c - the body of a site's form, which anybody may send: whatever its bytes and its
 * declared type, its fields are clean text, few, and the same each time they are asked for; a body
 * that says something has at least one.
 */
#include "base/str.h"
#include "base/text.h"
#include "data/call.h"
#include "fuzz.h"
#include "plug/module.h"

#define FIELDS_MOST 201 /* of plug/body.c, and the one with what came beyond them */

static const char *const TYPES[] = {
    "",
    "application/json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=windows-1251",
    "Application/X-WWW-Form-Urlencoded;charset=\"UTF-8\"",
    "text/plain; charset=koi8-r",
};

/* A letter or a digit, after the mark a body may begin with. */
static bool says_something(crm_str body)
{
    size_t at = str_starts(body, CRM_S("\xEF\xBB\xBF")) ? 3 : 0;
    for (; at < body.n; at++) {
        char c = body.p[at];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            return true;
        }
    }
    return false;
}

static uint32_t check_fields(crm_ctx *c)
{
    uint32_t n = 0;
    crm_str key, text, again_key, again;
    while (host_body_at(c, n, &key, &text)) {
        MUST(text_is_utf8(key) && text_is_utf8(text));
        MUST(host_body_at(c, n, &again_key, &again));
        MUST(str_eq(key, again_key) && str_eq(text, again));
        MUST(++n <= FIELDS_MOST);
    }
    return n;
}

/* json_at reads on in what a field holds: a list within a form's JSON. */
static void check_members(crm_ctx *c, crm_str json)
{
    crm_str key, text;
    for (uint32_t i = 0; i < FIELDS_MOST && host_json_at(c, json, i, &key, &text); i++) {
        MUST(text_is_utf8(key) && text_is_utf8(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    module m = {.arena = arena_new(0)};
    call_request q = {
        .content_type = str_of(TYPES[data[0] % (sizeof TYPES / sizeof *TYPES)]),
        .body = arena_dup(m.arena, (crm_str){(const char *)data + 1, size - 1}),
    };
    crm_ctx c = {.arena = m.arena, .request = &q};
    running f;
    call_enter(&f, &m, &c, "integration", "fuzz");
    uint32_t n = check_fields(&c);
    bool is_json = str_starts(str_trim(q.body), CRM_S("{")) || str_starts(q.body, CRM_S("["));
    MUST(n || is_json || !says_something(q.body));
    MUST(text_is_utf8(host_body_text(&c, "phone")));
    check_members(&c, q.body);
    MUST(call_leave(&f, CRM_OK) == CRM_OK);
    arena_free(m.arena);
    return 0;
}
