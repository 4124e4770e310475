/*
 * sqlite_answer.h - contacts as the server answers them, byte for byte, by the shortest way one would
 * write by hand: one row of the table, titles of people and departments from memory, JSON appended to
 * a buffer. No rights, no checks: what the reader may do with a row is a text that is given.
 *
 * One thread. What SQLite refuses ends the program with its words.
 */
#ifndef BENCH_SQLITE_ANSWER_H
#define BENCH_SQLITE_ANSWER_H

#include "sqlite_rows.h"

typedef struct text {
    char *p;
    size_t n, cap;
} text;

void text_add(text *t, const char *p, size_t n);
void text_add_z(text *t, const char *z);
void text_add_number(text *t, int64_t v);

typedef struct answer answer;

answer *answer_new(sqlite3 *db, const layout *l);
void answer_free(answer *a);
/* "c1,c2,…": the columns a statement selects, the id first and the creation third. */
const char *answer_columns(const answer *a);
#define ANSWER_ID      0
#define ANSWER_CREATED 2
/* Appends the row the statement stands on. `can` is the JSON of `_can`. */
void answer_row(answer *a, text *t, sqlite3_stmt *row, const char *can);

#endif
