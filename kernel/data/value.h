/*
 * value.h - one stored value. Every field type is an integer or a text inside (never a float):
 *
 *   INT   int, decimal and money (scaled by the field's `scale`), percent (scaled), bool (0/1),
 *         date (days since 1970-01-01), datetime (ms UTC), duration (ms), ref, user (id)
 *   TEXT  text, multiline, email, phone, url, choice, stage, tags, choices, refs, files, address,
 *         inn, kpp, ogrn, bik, account, json, file (data/files.h)
 *   NULL  empty; an empty text is stored as NULL, so there is one kind of emptiness
 *
 * A field with many values is a TEXT of its elements separated by '\n' (elements never hold one).
 * A phone is E.164, with an extension or without (phone.h), when it begins with '+'; anything else is
 * what a person wrote, kept and marked.
 */
#ifndef DATA_VALUE_H
#define DATA_VALUE_H

#include "base/base.h"

typedef enum value_kind {
    VALUE_NULL = 0, VALUE_INT, VALUE_TEXT,
    VALUE_NOW,   /* in conditions only: the moment of evaluation + i ms */
    VALUE_TODAY, /* in conditions only: today's midnight in the deployment's zone + i days */
} value_kind;

typedef struct value {
    uint8_t kind; /* value_kind */
    int64_t i;
    crm_str s; /* borrowed; who made it says how long it lives */
} value;

static inline value value_null(void) { return (value){0}; }
static inline value value_int(int64_t i) { return (value){.kind = VALUE_INT, .i = i}; }
static inline value value_text(crm_str s)
{
    return s.n ? (value){.kind = VALUE_TEXT, .s = s} : (value){0};
}
static inline bool value_is_null(value v) { return v.kind == VALUE_NULL; }
bool value_equal(value a, value b);
value value_dup(arena *a, value v);
/* Whether a many-valued text holds this element. */
bool value_has_element(value many, crm_str element);

#endif
