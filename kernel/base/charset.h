/*
 * charset.h - text in the encodings people's files have, to UTF-8 and back, piece by piece.
 *
 * The tables of the one-byte encodings come from the system's iconv; they are read once per decoder,
 * so a system without them is noticed when it is opened. Any thread; an object belongs to one.
 */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include <crm/crm.h>

#include "base/buf.h"

typedef enum charset {
    CHARSET_UTF8, CHARSET_CP1251, CHARSET_CP866, CHARSET_KOI8R, CHARSET_UTF16LE, CHARSET_UTF16BE,
    CHARSET_COUNT
} charset;

/* "utf-8", "windows-1251", "cp866", "koi8-r", "utf-16le", "utf-16be". */
crm_str charset_name(charset c);
/* By any usual name, in any case. False: none of these. */
bool charset_find(crm_str name, charset *out);

/*
 * The encoding of a text by its beginning: a byte order mark, zeros where UTF-16 has them, UTF-8 when
 * nearly all of it is, else the one of the three Russian ones whose letters are the likeliest. *mark
 * is the length of the byte order mark. The last character of the sample may be cut.
 */
charset charset_guess(crm_str sample, size_t *mark);

typedef struct charset_decoder {
    charset from;
    char high[128][4];   /* one-byte encodings: UTF-8 of the bytes from 0x80, ended by 0 */
    uint16_t codes[128]; /* the same as code points */
    char kept[4];        /* a character that is not complete yet */
    uint8_t kept_n;
    uint64_t bad; /* sequences that mean nothing so far, each became U+FFFD */
} charset_decoder;

/* UNAVAILABLE: the system's iconv does not know it. Nothing to close. */
CRM_MUST_CHECK crm_status charset_open(charset_decoder *d, charset from);
/* Appends `bytes` as valid UTF-8. `is_last`: a cut character will not be completed. */
void charset_decode(charset_decoder *d, crm_str bytes, bool is_last, buf *out);
/* Valid UTF-8 into a one-byte encoding; what it lacks becomes '?' and is counted in *lost. */
void charset_encode(const charset_decoder *d, crm_str text, buf *out, uint64_t *lost);

#endif
