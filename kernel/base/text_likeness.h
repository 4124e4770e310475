/*
 * text_likeness.h - names of people and companies that may be one: how alike two are, and keys by
 * which an index finds those that are.
 *
 * A name is its words, whatever their order, marks, case, ё and legal form: «ООО "Ромашка"» is
 * "Ромашка, ООО", «Иванов Иван» is "Иван Иванов". A patronymic that only one of two has does not
 * part them. Words count alike whatever their length, so that a long surname does not outweigh
 * another first name, and two known first names are never typing errors of each other. Any thread.
 */
#ifndef BASE_TEXT_LIKENESS_H
#define BASE_TEXT_LIKENESS_H

#include "base/text.h"

#define NAME_WORDS_MAX 6
#define NAME_KEYS_MAX  (2 * NAME_WORDS_MAX) /* stored with a row */
#define NAME_ASKED_MAX (3 * NAME_KEYS_MAX)

typedef struct name_word {
    crm_str text; /* folded */
    uint32_t letters;
    uint16_t given; /* name_given of it */
} name_word;

/* The words in order of their bytes, longest kept when there are more; none of an empty name. */
typedef struct name_form {
    name_word at[NAME_WORDS_MAX];
    uint32_t count;
    name_word patronymic; /* apart from the others; text.n 0: none */
} name_form;

/* Which first name a folded word is, the same for forms of one («наталья», «наталия»); 0: none
 * known. */
uint16_t name_given(crm_str word);
CRM_MUST_CHECK crm_status name_form_read(arena *a, crm_str name, name_form *out);
/* How alike, in per cent: 100 when nothing but order, marks and forms differs. */
int name_likeness(const name_form *x, const name_form *y);

/*
 * Keys to be stored with a row, separated by '\n', and those to look for: two names whose words
 * differ by one edit in one of them (a letter added, left out, changed, two neighbours swapped)
 * have a key of one among the asked of the other. They are hashes: a key in common is a reason to
 * compare.
 */
CRM_MUST_CHECK crm_status name_keys(arena *a, const name_form *n, crm_str *keys);
uint32_t name_asked_keys(arena *a, const name_form *n, crm_str keys[NAME_ASKED_MAX]);

#endif
