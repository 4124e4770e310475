/* text_layout.c - what was typed with the wrong keyboard layout, Russian (ЙЦУКЕН) or US (QWERTY).
 */
#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

#include "base/str.h"

/* Key by key: what one layout gives and what the other does. The signs that stand in an address or
 * among letters are enough; the rest stay as they are. */
static const char us[] = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./"
                         "~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?@";
static const char *const ru[] = {
    "ё", "й", "ц", "у", "к", "е", "н", "г", "ш", "щ", "з", "х", "ъ", "ф", "ы", "в", "а", "п",
    "р", "о", "л", "д", "ж", "э", "я", "ч", "с", "м", "и", "т", "ь", "б", "ю", ".", "Ё", "Й",
    "Ц", "У", "К", "Е", "Н", "Г", "Ш", "Щ", "З", "Х", "Ъ", "Ф", "Ы", "В", "А", "П", "Р", "О",
    "Л", "Д", "Ж", "Э", "Я", "Ч", "С", "М", "И", "Т", "Ь", "Б", "Ю", ",", "\""};

_Static_assert(sizeof us - 1 == sizeof ru / sizeof ru[0], "each key has both signs");

static bool is_latin(int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_cyrillic(int32_t c)
{
    return c >= 0x400 && c < 0x460;
}

static size_t sequence(crm_str s, int32_t *c)
{
    utf8proc_int32_t found = 0;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &found);
    *c = n > 0 ? found : 0xFFFD;
    return n > 0 ? (size_t)n : 1;
}

static crm_str to_russian(crm_str sign)
{
    const char *key = sign.n == 1 ? strchr(us, sign.p[0]) : NULL;
    return key && *key ? str_of(ru[key - us]) : sign;
}

static crm_str to_english(crm_str sign)
{
    for (size_t i = 0; i < sizeof ru / sizeof ru[0]; i++) {
        if (str_is(sign, ru[i])) {
            return (crm_str){us + i, 1};
        }
    }
    return sign;
}

crm_status text_swap_layout(arena *a, crm_str s, crm_str *out)
{
    bool has_latin = false, has_cyrillic = false;
    int32_t c;
    size_t len;
    *out = (crm_str){0};
    for (crm_str rest = s; rest.n; rest = (crm_str){rest.p + len, rest.n - len}) {
        len = sequence(rest, &c);
        has_latin = has_latin || is_latin(c);
        has_cyrillic = has_cyrillic || is_cyrillic(c);
    }
    if (has_latin == has_cyrillic) {
        return CRM_OK;
    }
    buf made;
    buf_init(&made, 0);
    for (crm_str rest = s; rest.n; rest = (crm_str){rest.p + len, rest.n - len}) {
        len = sequence(rest, &c);
        crm_str sign = {rest.p, len};
        buf_str(&made, has_latin ? to_russian(sign) : to_english(sign));
    }
    *out = made.failed ? (crm_str){0} : arena_dup(a, buf_view(&made));
    buf_free(&made);
    return out->p ? CRM_OK : CRM_NOMEM;
}
