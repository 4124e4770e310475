/* engine_sqlite_write.h - what the files behind a write batch share. Under the write lock. */
#ifndef DATA_ENGINE_SQLITE_WRITE_H
#define DATA_ENGINE_SQLITE_WRITE_H

#include "data/engine_sqlite.h"

/* Begins the session's next statement with `text`. */
sql *write_start(sqlite_session *s, const char *text);
/* " WHERE c<id>=?" of the row itself */
void write_where_id(sql *q, const entity *e, int64_t id);
/* "(SELECT c<field> FROM e<entity> WHERE c<id>=?)": what is stored now */
void write_stored(sql *q, const entity *e, uint32_t field_index, int64_t id);
/* Why an UPDATE or DELETE would touch nothing: NOT_FOUND, STALE, or OK when it would. */
crm_status write_why_untouched(sqlite_session *s, const engine_op *op);

/* The elements of many-valued fields, after their row was written, and before it is gone. */
crm_status elements_write(sqlite_session *s, const engine_op *op);
crm_status elements_delete(sqlite_session *s, const engine_op *op);

/* An element as its table holds it, and whether the op leaves its row in the recycle bin. */
void elements_add_value(sql *q, const field *f, crm_str element);
void elements_add_deleted(sql *q, const engine_op *op);

/* The terms of a row that goes (engine_sqlite_text.c). */
crm_status text_delete(sqlite_session *s, const entity *e, int64_t id);

/* That a row was written, for what is being made of all rows (engine_sqlite_noted.c). */
crm_status note_written(sqlite_session *s, const entity *e, int64_t id);

/* The words of a row into the vocabulary; and forgetting that they are there, since their transaction
 * was undone (engine_sqlite_words.c). */
#define KNOWN_WORDS 16384
crm_status words_learn(sqlite_session *s, const engine_op *op);
void words_forget(sqlite_session *s);
/* Whether the vocabulary `of` was given the word lately; it is from now on. */
bool words_is_known(sqlite_session *s, uint32_t of, crm_str word);

/* Unique elements are in tables of their own, so they are checked before the row is written. */
crm_status unique_check_elements(sqlite_session *s, engine_op *op);
/* Which unique index refused the row, after SQLite has said that one did. */
crm_status unique_explain(sqlite_session *s, engine_op *op);

#endif
