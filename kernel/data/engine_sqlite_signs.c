/*
 * engine_sqlite_signs.c - terms that are no words: access terms and keys of names.
 *
 * They are asked for whole, so lists of beginnings of them would only cost. FTS5 makes no list for
 * terms that are shorter than the beginning, and takes for one character a byte from 0xC0 up with
 * all bytes 0x80 to 0xBF that follow. So such a term is stored as 0xFF and its bytes as bytes of
 * that kind; nothing but FTS5 ever reads it.
 */
#include "data/engine_sqlite.h"

enum { LETTER_BASE = 10, MARK_EQUAL = 36, MARK_LINE, ESCAPE = 60 }; /* of six bits */

static void add_bits(buf *out, unsigned bits)
{
    buf_char(out, (char)(0x80 | bits));
}

static void add_byte(buf *out, unsigned char c)
{
    if (c >= '0' && c <= '9') {
        add_bits(out, c - '0');
    } else if (c >= 'a' && c <= 'z') {
        add_bits(out, LETTER_BASE + c - 'a');
    } else if (c == '=' || c == '_') {
        add_bits(out, c == '=' ? MARK_EQUAL : MARK_LINE);
    } else {
        add_bits(out, ESCAPE | c >> 6);
        add_bits(out, c & 0x3F);
    }
}

void sign_add(buf *out, crm_str term)
{
    buf_char(out, (char)0xFF);
    for (size_t i = 0; i < term.n; i++) {
        add_byte(out, (unsigned char)term.p[i]);
    }
}

void signs_add(buf *out, crm_str terms, char joint)
{
    crm_str term;
    while (terms_next(&terms, joint, &term)) {
        sign_add(out, term);
        buf_char(out, ' ');
    }
}
