/*
 * text_plain.h - what most of what is written in Russia needs of Unicode: ASCII and the letters а to я
 * and ё, without tables. For the files that fold texts; what is not plain they ask utf8proc about.
 */
#ifndef BASE_TEXT_PLAIN_H
#define BASE_TEXT_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define TEXT_IE       0x435 /* е */
#define TEXT_IO       0x451 /* ё */
#define TEXT_IO_UPPER 0x401
#define TEXT_A_UPPER  0x410 /* А */
#define TEXT_A_LOWER  0x430 /* а */
#define TEXT_YA_LOWER 0x44F /* я */

/* The character at `at`, which is not the end, and its bytes in *len, of ASCII and of U+0400 to U+045F,
 * which are letters; 0: any other, or no valid UTF-8. */
static inline int32_t text_plain(crm_str s, size_t at, size_t *len)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    *len = 1;
    if (p[0] < 0x80) {
        return p[0];
    }
    bool is_cyrillic = (p[0] == 0xD0 || p[0] == 0xD1) && at + 1 < s.n && (p[1] & 0xC0) == 0x80 &&
                       (p[0] == 0xD0 || p[1] < 0xA0);
    *len = is_cyrillic ? 2 : 1;
    return is_cyrillic ? (p[0] & 0x1F) << 6 | (p[1] & 0x3F) : 0;
}

/* Lower case, ё as it is; 0 when it takes the tables. A mark behind it may make another letter of it. */
static inline int32_t text_plain_lower(int32_t c)
{
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
    }
    if (c == TEXT_IO || c == TEXT_IO_UPPER) {
        return TEXT_IO;
    }
    if (c >= TEXT_A_UPPER && c <= TEXT_YA_LOWER) {
        return c < TEXT_A_LOWER ? c + (TEXT_A_LOWER - TEXT_A_UPPER) : c;
    }
    return 0;
}

/* Writes a character below U+0800; its bytes. */
static inline size_t text_plain_put(char *at, int32_t c)
{
    if (c < 0x80) {
        at[0] = (char)c;
        return 1;
    }
    at[0] = (char)(0xC0 | c >> 6);
    at[1] = (char)(0x80 | (c & 0x3F));
    return 2;
}

#endif
