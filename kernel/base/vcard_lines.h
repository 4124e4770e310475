/*
 * vcard_lines.h - the lines of address cards as properties: folded lines are joined (RFC 6350 §3.2), and
 * those that a quoted-printable text of 2.1 breaks. Names and parameters are told apart whatever their
 * case. Any thread; a reader belongs to one.
 */
#ifndef BASE_VCARD_LINES_H
#define BASE_VCARD_LINES_H

#include "base/buf.h"
#include "base/table.h"

typedef struct vcard_property {
    crm_str name;   /* without its group */
    crm_str params; /* ";TYPE=work;CHARSET=…" or empty */
    crm_str value;  /* as it stands; of one that is not wanted nothing to be read */
    int64_t line;   /* of the file, from 1, where it begins */
    bool is_long;   /* it does not fit TABLE_ROW_MAX, so that its value was not kept either */
} vcard_property;

/* Whether a property's value is to be kept. The value of any other is never held, however long. */
typedef bool vcard_wants(crm_str name, crm_str params);

#define VCARD_PIECE 65536
typedef struct vcard_lines {
    table_source source;
    vcard_wants *wants;
    char raw[VCARD_PIECE];
    size_t at, end;
    bool is_ended, has_failed; /* failed: the source could not be read */
    int64_t line; /* lines that were read so far */
    buf logical;
    size_t looked, head; /* looked through for the colon; up to and with it, 0: not found yet */
    bool is_in_quotes, is_dropped, is_long;
} vcard_lines;

void vcard_lines_init(vcard_lines *l, table_source from, vcard_wants *wants);
void vcard_lines_free(vcard_lines *l);
/* The next line as a property, valid until the next call; of a line without a colon it is empty. False:
 * there is none. */
bool vcard_lines_next(vcard_lines *l, vcard_property *out);

/* A parameter's value without its quotes; of 2.1 also a bare word that is its own name. */
bool vcard_param(crm_str params, crm_str name, crm_str *value);
bool vcard_is_quoted_printable(crm_str params);

#endif
