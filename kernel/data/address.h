/*
 * address.h - the parts of a postal address as people in Russia write it in one line.
 *
 * What is stored is the line, as it was typed; its parts are read out of it whenever somebody asks, so
 * that every line that ever was stored has them. Both orders of a word and its kind are read ("ул
 * Весенняя", "Весенняя ул"), with or without dots and commas. Any thread; results live in the arena.
 */
#ifndef DATA_ADDRESS_H
#define DATA_ADDRESS_H

#include <jansson.h>

#include "data/registry.h"

#define ADDRESS_PART_MAX 1200 /* bytes of a part that is given by itself */

/* In the order of the line. */
#define ADDRESS_PART_MAP(X)                                                                        \
    X(INDEX, "index") X(COUNTRY, "country") X(REGION, "region") X(CITY, "city")                    \
    X(STREET, "street") X(HOUSE, "house") X(FLAT, "flat")
typedef enum address_part {
#define X(name, text) ADDRESS_##name,
    ADDRESS_PART_MAP(X)
#undef X
    ADDRESS_PARTS
} address_part;

typedef struct address {
    crm_str part[ADDRESS_PARTS]; /* empty: the line does not say */
} address;

/* "index", "city" … */
crm_str address_part_name(address_part p);
/*
 * The region without abbreviations ("Кемеровская область"), the city without "г", the house without
 * "д", the flat without "кв"; other kinds stay ("пос Красный", "офис 4"). Moscow, St. Petersburg and
 * Sevastopol are regions, too, and their districts follow ("Москва, район Арбат"). NOMEM only.
 */
CRM_MUST_CHECK crm_status address_read(arena *a, crm_str line, address *out);
/*
 * "650000, Кемеровская область, г Кемерово, ул Весенняя, д 5, кв 12": address_read gives them back, a
 * street that names no kind with "ул". Blanks stand for "," and ";" that would divide a part in two;
 * what a part says of another by a kind ("ул Мира д 5", without a house "ул Мира 5") is read as that.
 */
CRM_MUST_CHECK crm_status address_write(arena *a, const address *in, crm_str *line);
/* Parts that are to stand in place of those of a line. */
typedef struct address_patch {
    address given;
    uint32_t emptied; /* bits of address_part: the line loses them, if none is given */
} address_patch;
/* {"city":"Тверь","flat":null}: null and "" empty a part. False: another member, or no text. The texts
 * stay those of `json`. */
bool address_patch_json(const json_t *json, address_patch *out);
/* The stored line with them, all others as they were; `stored` itself where that changes no part. */
CRM_MUST_CHECK crm_status address_change(arena *a, const address_patch *patch, crm_str stored,
                                         crm_str *line);
/* Whether the index may be one of its country's: six digits in Russia. An empty one is. */
bool address_is_index_sound(const address *in);

/* ---- parts as fields --------------------------------------------------------------------------- */

/* A part of an address field by its name, which conditions, sorts and groups take for a text; or NULL. */
const field *address_field(const field *f, crm_str part);
/* "address.city" of the entity, or any field of it; NULL: there is none. */
const field *address_find(const entity *e, crm_str name);
/* The value of a field, or of such a part, in a row indexed as entity->fields. */
value address_value(arena *a, const field *f, const value *row);
/* The same of the stored value of its field. */
value address_value_of(arena *a, const field *f, value stored);

#endif
