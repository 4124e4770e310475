/* fuzz_text.c - any bytes as human text: cleaning settles, keys are stable, terms are words. */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "fuzz.h"

static void check_clean(arena *a, crm_str s)
{
    crm_str once, twice;
    MUST(text_clean(a, s, &once) == CRM_OK && text_is_utf8(once));
    MUST(text_clean(a, once, &twice) == CRM_OK);
    MUST(str_eq(once, twice));
}

static void check_folded(arena *a, crm_str s)
{
    crm_str key, terms, word;
    MUST(text_sort_key(a, s, &key) == CRM_OK);
    MUST(text_terms(a, s, &terms) == CRM_OK && text_is_utf8(terms));
    while (terms.n && str_split(&terms, ' ', &word)) {
        MUST(word.n > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new(0);
    crm_str s = {(const char *)data, size}, out;
    crm_str names[] = {CRM_S("pipeline"), CRM_S("роли"), s};
    buf b;
    buf_init(&b, 0);
    if (text_is_utf8(s)) {
        check_clean(a, s);
        check_folded(a, s);
    } else {
        MUST(text_clean(a, s, &out) == CRM_INVALID);
        MUST(text_sort_key(a, s, &out) == CRM_INVALID);
        MUST(text_terms(a, s, &out) == CRM_INVALID);
    }
    text_nearest(s, names, 3);
    buf_json(&b, s);
    MUST(text_is_utf8(buf_view(&b)));
    MUST(text_is_utf8(str_of(log_quote(s))) && strlen(log_mask(s)) >= 5);
    buf_free(&b);
    arena_free(a);
    return 0;
}
