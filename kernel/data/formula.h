/*
 * formula.h - computed fields: an expression over a record's own fields and those of the records it
 * refers to, compiled once when the registry is sealed, evaluated whenever the record is written.
 *
 *   price * count * (100 - coalesce(contact.discount, 0)) / 100
 *   if(paid >= total and not empty(total), 'оплачено', concat('ждём ', total - paid))
 *
 * Numbers are fixed point with 9 digits after the point in 128 bits; nothing is ever a float. Nothing
 * (null) makes an operation nothing; so does a division by 0 or a result that has no room. Any thread.
 */
#ifndef DATA_FORMULA_H
#define DATA_FORMULA_H

#include "data/registry.h"

/* What an expression gives. LIST is what only empty() takes: many values, json, files. */
typedef enum formula_type {
    FORMULA_NULL, FORMULA_NUMBER, FORMULA_TEXT, FORMULA_BOOL, FORMULA_DATE, FORMULA_MOMENT,
    FORMULA_DURATION, FORMULA_ID, FORMULA_LIST
} formula_type;

typedef struct formula formula;

typedef struct formula_error {
    const char *code; /* formula_syntax unknown_field unknown_function formula_type formula_cycle
                         too_complex */
    crm_str subject, nearest;
} formula_error;

/*
 * Compiles f->formula over f->entity into `a`. A computed field that it names must have its `result`
 * already: `need` is asked first, and refuses (false) what stands in a circle. INVALID with *err.
 */
typedef struct formula_scope {
    arena *a;
    bool (*need)(void *arg, const field *f);
    void *arg;
} formula_scope;
CRM_MUST_CHECK crm_status formula_compile(const formula_scope *s, const field *f,
                                          const formula **out, formula_error *err);

/* The type a field of this formula has when its declaration names none; *scale too, where it is 0. */
field_type formula_result(const formula *x, uint8_t *scale);
/* Whether a field of type `t` can hold what it gives. */
bool formula_fits(const formula *x, field_type t);

/* The fields it reads of other records: for each reference field of its entity that it passes, those
 * of the record there. False at the end of the list. */
bool formula_reads(const formula *x, uint32_t i, const field **via, uint64_t fields[4]);

/* The row that this reference field of the record leads to, or NULL. */
typedef struct formula_rows {
    const value *own;
    const value *(*other)(void *arg, const field *via);
    void *arg;
} formula_rows;
/* The value in the storage form of `f`, which has the formula; texts live in `a`. */
value formula_eval(const formula *x, arena *a, const field *f, const formula_rows *rows);

#endif
