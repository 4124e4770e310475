/*
 * field.h - values of fields as people and programs write them, without a call: what records.h's
 * field_from_json and the rest are made of, and what conditions and defaults are read by.
 *
 * Any thread; what comes out lives in the source's arena (or is static).
 */
#ifndef DATA_FIELD_H
#define DATA_FIELD_H

#include "data/phone.h"
#include "data/registry.h"

typedef struct field_source {
    arena *arena;
    const registry *reg; /* its zone says what "18.01.2027 10:00" is in UTC; NULL: UTC */
    bool is_lenient;     /* keep what is not valid but may be meant, and mark it */
    bool is_by_lines;    /* of many: each stands on a line of its own, and may hold a comma */
} field_source;

typedef struct field_result {
    value v;
    bool is_marked;      /* kept though it is not valid; field_mark_code says why */
    const char *code;    /* of a refusal: a field code of API.md */
    crm_str params_json; /* {"max":300}, or empty */
} field_result;

/* The type that decides the storage: of a formula its result. */
static inline field_type field_stored_type(const field *f)
{
    return f->type == FIELD_COMPUTED ? f->result : f->type;
}
bool field_is_text(const field *f);   /* stored as TEXT */
bool field_is_folded(const field *f); /* compared and sorted by its sort key */
/*
 * What texts of a field are compared, sorted, grouped and kept unique by. Stages and choices: their
 * bytes; phones: the number without its extension; every other text: its sort key.
 */
typedef enum field_key { FIELD_KEY_BYTES, FIELD_KEY_FOLDED, FIELD_KEY_NUMBER } field_key;
field_key field_key_of(const field *f);
/* Whether that is something else than the text itself. */
static inline bool field_is_keyed(const field *f)
{
    return field_key_of(f) != FIELD_KEY_BYTES;
}
/* In the arena, or a part of `text`. */
CRM_MUST_CHECK crm_status field_key_make(arena *a, const field *f, crm_str text, crm_str *key);

/* INVALID with a code, or NOMEM. An empty text and a JSON null give NULL. */
CRM_MUST_CHECK crm_status field_read_text(const field_source *s, const field *f, crm_str text,
                                          field_result *out);
CRM_MUST_CHECK crm_status field_read_json(const field_source *s, const field *f, const json_t *json,
                                          field_result *out);
/* One value of a field that may have many, as conditions compare it. */
CRM_MUST_CHECK crm_status field_read_one(const field_source *s, const field *f, const json_t *json,
                                         field_result *out);
/*
 * Of a field that holds many: the elements of both, those of `x` first, none twice (field_unite.c).
 * In the arena, or one of them; arena_failed tells of no memory. And how many elements a value has.
 */
#define FIELD_ELEMENTS_MAX 100
value field_unite(arena *a, const field *f, value x, value y);
uint32_t field_elements(value v);
/* Characters of a value, or of one of many; 0: as many as there are. */
uint32_t field_length_max(const field *f);
/* Whether values of this type may be marked for their form. */
bool field_may_be_marked(const field *f);
/* Why a value of this type is marked: "phone_invalid", "email_invalid", "check_digits" … */
const char *field_mark_code(const field *f);

/* ---- one element of a type from text, field_*.c ------------------------------------------------- */

/* "1 500,00" and "1500.00" to an integer scaled by 10^scale. INVALID, or LIMIT when out of range. */
CRM_MUST_CHECK crm_status field_parse_decimal(crm_str text, uint8_t scale, int64_t *out);
/* Bytes of the white space `s` begins with: what people put between digits; or 0. */
size_t field_filler(crm_str s);
/* The shortest writing with exactly `scale` digits after the point, in `out`. */
#define FIELD_DECIMAL_TEXT 48
crm_str field_format_decimal(int64_t v, uint8_t scale, char out[FIELD_DECIMAL_TEXT]);
/* "2027-01-18" or "18.01.2027" to days. */
CRM_MUST_CHECK crm_status field_parse_date(crm_str s, int64_t *days);
/* RFC 3339, or a date with or without a time in the zone of `reg` (NULL: UTC), to ms UTC. */
CRM_MUST_CHECK crm_status field_parse_datetime(const registry *reg, crm_str s, int64_t *ms);
/* Whether an address is one mail may be sent to: local part, one '@', a domain with a dot. */
bool field_is_email(crm_str s);
/* Shape of inn, kpp, ogrn, bik, account; *is_sound: its check digits (where it has such) agree. */
bool field_is_requisite(field_type type, crm_str s, bool *is_sound);
#define FIELD_ACCOUNT_DIGITS 20
/* Whether the key of an account agrees with its bank's BIK; what has another shape has no key. */
bool field_is_account_sound(crm_str account, crm_str bik);

#endif
