/*
 * search.h - searching as people type: what was typed becomes the words of a query, a second reading
 * when nothing was found, and the places where the words stand in what was found.
 *
 * All of it is above the engines and under the caller's rights: nothing here looks at a row or a
 * field that the query did not give to the caller.
 */
#ifndef DATA_SEARCH_H
#define DATA_SEARCH_H

#include "data/records.h"

#define SEARCH_TYPED_MAX 400 /* bytes */

/*
 * What was typed as query.terms. Every word must be there, by itself or by its stem; the last one
 * also as a beginning, and so any number of four digits or more. An address counts whole, by domain
 * or by its parts. Digits that may be a phone, however they are set out, count as a fragment of it; an
 * extension behind a whole number asks for nothing.
 * No word at all: `terms` is empty. INVALID: not UTF-8; TOO_LARGE: beyond SEARCH_TYPED_MAX.
 */
CRM_MUST_CHECK crm_status search_terms(arena *a, crm_str typed, crm_str *terms);
/*
 * Makes `q` ask for these terms of what was typed. What was typed without any word ("-") is in no row:
 * a condition of the query that stands already is given up for the false one.
 */
void search_ask(query *q, crm_str typed, crm_str terms);
/* The same words as they stand, without stems and beginnings. */
CRM_MUST_CHECK crm_status search_exact_terms(arena *a, crm_str typed, crm_str *terms);

/* ---- where the words stand ------------------------------------------------------------------- */

#define SEARCH_MARKS_MAX 48
#define SEARCH_LOOK_MAX  8192 /* bytes of a text that are looked through */

typedef struct search_words search_words; /* terms made ready for looking */

typedef struct search_found search_found;

/* In UTF-16 code units, as JavaScript counts, of one element of a field. */
typedef struct search_mark {
    uint16_t field, element;
    uint32_t from, to;
    uint64_t tokens;
} search_mark;

struct search_found {
    search_mark marks[SEARCH_MARKS_MAX]; /* by field as looked through (title first), element, place */
    uint32_t count;
    uint32_t rank; /* greater is better: the word itself, a form of it, a beginning; then in the title */
};

CRM_MUST_CHECK crm_status search_words_new(arena *a, crm_str terms, search_words **out);
/* Only in the fields that the view shows. */
void search_look(const search_words *w, const record_view *v, search_found *out);
/* "found":{"title":[[0,6]],"phone":[[],[[2,6]]]}: ranges; of a field with many values, per value. */
void search_found_json(json_writer *w, const record_view *v, const search_found *f);
/* The first place outside the title, with some of the text around it: {"field","text","at":[…]}, or
 * null when every word stands in the title. A note has no other title than what it says: its first place. */
void search_excerpt_json(json_writer *w, const record_view *v, const search_found *f);

/* At most `limit` rows with these terms, newest first, with the title, the stage, what they are a part
 * of and the search fields that the caller may see. Pool or writer. */
CRM_MUST_CHECK crm_status search_rows(crm_ctx *c, const entity *e, crm_str terms, uint32_t limit,
                                      record_row_fn on_row, void *arg);

/* ---- other readings -------------------------------------------------------------------------- */

typedef enum search_step {
    SEARCH_AS_TYPED,
    SEARCH_SWAPPED,   /* the other keyboard layout */
    SEARCH_CORRECTED, /* small typing errors */
    SEARCH_OVER,
} search_step;

typedef struct search_try {
    crm_ctx *call;
    const entity *const *entities; /* what is searched */
    uint32_t entity_count;
    crm_str typed;
    search_step step;
    crm_str text;  /* what this reading takes for typed; {NULL,0}: there is none */
    crm_str terms; /* empty: nothing to search for */
} search_try;

/* The first reading: as typed. Never blocks. */
CRM_MUST_CHECK crm_status search_begin(search_try *t);
/*
 * The next reading that makes sense, when the last one found nothing; t->text {NULL,0} and step OVER
 * at the end; after a failure it may be asked for again. Pool or writer: a correction reads. It is a
 * word of a row and field that the caller may see, with one edit for words of four letters or more
 * and two from eight on.
 */
CRM_MUST_CHECK crm_status search_next(search_try *t);
/* "read_as" or "corrected" when the reading is not as typed. */
void search_reading_json(json_writer *w, const search_try *t);

#endif
