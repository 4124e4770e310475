/* fuzz_clock.c - any bytes as a moment, a day, a duration or a number; what is read is read again.
 */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "fuzz.h"

static void check_moment(crm_str s)
{
    int64_t ms, again;
    char text[CLOCK_TEXT];
    if (clock_parse(s, &ms) != CRM_OK) {
        return;
    }
    clock_format(ms, text);
    MUST(clock_parse(str_of(text), &again) == CRM_OK);
    /* An offset may lead out of the four-digit years, which have no text form. */
    MUST(again == ms || ms < -62167219200000 || ms > 253402300799999);
}

static void check_day(crm_str s)
{
    int32_t day;
    char text[11];
    if (clock_parse_date(s, &day) == CRM_OK) {
        clock_format_date(day, text);
        MUST(str_is(s, text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crm_str s = {(const char *)data, size}, raw;
    int64_t v;
    uint64_t u;
    check_moment(s);
    check_day(s);
    MUST(clock_parse_duration(s, &v) != CRM_OK || v >= 0);
    MUST(str_to_i64(s, &v) != CRM_OK || s.n > 0);
    MUST(str_to_u64(s, &u) != CRM_OK || s.n > 0);
    arena *a = arena_new(0);
    if (crypto_unbase64url(a, s, &raw) == CRM_OK) {
        MUST(str_eq(crypto_base64url(a, raw.p, raw.n), s));
    }
    arena_free(a);
    return 0;
}
