/*
 * field_convert.h - what a stored field may become, and how its values follow.
 *
 * A field's shape is what its stored values mean: type, scale, whether it holds many, the greatest
 * length, the choices, where a reference leads. An engine keeps it as text beside the column, so the
 * schema step sees what has changed. Any thread.
 */
#ifndef DATA_FIELD_CONVERT_H
#define DATA_FIELD_CONVERT_H

#include "data/field.h"

typedef enum retype {
    RETYPE_NONE,    /* the values mean what they meant */
    RETYPE_FREE,    /* they mean something else, and every one fits */
    RETYPE_CHECK,   /* those that fit stay as they are stored */
    RETYPE_REWRITE, /* they are stored another way: a new column */
    RETYPE_NEVER
} retype;

/* JSON; equal for fields whose values mean the same. Empty when memory is out. */
crm_str field_shape(arena *a, const field *f);
/* A field that has what the shape says, and no name. INVALID: it is no shape, or of a newer program. */
CRM_MUST_CHECK crm_status field_of_shape(arena *a, crm_str shape, field *out);
retype field_retype(const field *from, const field *to);
/* Whether values are stored in one way by both: of one type, with other choices or another length at
 * most. A value that only one of them takes is kept as it is by the other. */
bool field_is_stored_alike(const field *from, const field *to);
/* Whether what is stored as `from` means the same to `to`, a declaration that is not the deployment's. */
bool field_means_the_same(const field *from, const field *to);
/* Bit per field_type: what `from` may become. */
uint32_t field_retypes(const field *from);
/* The value as `to` stores it. INVALID: it does not fit. `s->reg` may be NULL (UTC). */
CRM_MUST_CHECK crm_status field_convert(const field_source *s, const field *from, const field *to,
                                        value v, value *out);
crm_str field_type_name(field_type t);
/* FIELD_TYPE_COUNT: there is no such type. */
field_type field_type_named(crm_str name);

#endif
