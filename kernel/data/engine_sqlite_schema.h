/* engine_sqlite_schema.h - what the files of the schema step share. Under the write lock. */
#ifndef DATA_ENGINE_SQLITE_SCHEMA_H
#define DATA_ENGINE_SQLITE_SCHEMA_H

#include "data/engine_sqlite.h"

#define SCHEMA_FEW_ROWS 500 /* the step indexes so many in a millisecond or two */

/* One schema step. The first failure that is not a fault stops it. */
typedef struct schema_step {
    sqlite_session *s;
    arena *arena;
    registry_fault **faults; /* the end of the list */
    crm_status status;
    const registry *reg;
    bool is_alone; /* no call of an older registry is left */
    bool has_layout; /* out of a slice ahead: the layout has changed */
    bool has_faults; /* schema_fault was called */
} schema_step;

/* What the catalogue says of a field now. */
typedef struct stored_field {
    int64_t id;
    bool is_new, is_text, is_folded;
    uint8_t flags;
    crm_str shape; /* empty: not known */
    int64_t filled;
} stored_field;

crm_status layout_create_catalogue(sqlite_session *s);
crm_status layout_load(sqlite_session *s, uint64_t version, layout **out);
void layout_publish(sqlite_engine *e, layout *l);

registry_fault *schema_fault(schema_step *x, crm_str source, const char *code, crm_str subject);
/* By its name or the one before; 0: it is not stored yet. */
uint32_t schema_entity_id(schema_step *x, const entity *e);
/* Runs one formatted statement; CONFLICT is given back, other failures also stop the step. */
CRM_PRINTF(2, 3) crm_status schema_run(schema_step *x, const char *fmt, ...);
/* One integer of a formatted SELECT; `otherwise` when there is no row. */
CRM_PRINTF(3, 4) int64_t schema_int(schema_step *x, int64_t otherwise, const char *fmt, ...);

/* Before the end of a transaction that may have begun or ended what is made ahead: the file's format. */
void schema_mark(schema_step *x);
/* A change of the catalogue apart from any step: in a transaction of its own, with the layout that
 * follows. `x` has no registry, and its arena goes with it. */
crm_status schema_alone(sqlite_engine *e, void (*act)(schema_step *x, const entity *of),
                        const entity *of);
/* Whether an index of the entity names the field: it then has a sort key or a side table. */
bool schema_is_indexed(const entity *e, const field *f);
void schema_fields(schema_step *x, entity *e);
/* The catalogue's row of that name; id 0 when there is none. */
void schema_find_field(schema_step *x, const entity *e, crm_str name, stored_field *out);
void schema_rename_field(schema_step *x, int64_t id, crm_str name);
void schema_add_field(schema_step *x, const entity *e, const field *f, crm_str name,
                      stored_field *out);
void schema_keep_shape(schema_step *x, const field *f, int64_t id);
/* Sets f->formers: the columns that were set aside under its name. */
void schema_formers(schema_step *x, const entity *e, field *f);
/* The same columns follow a rename. */
void schema_rename_formers(schema_step *x, const entity *e, crm_str from, crm_str to);
/* The column's values follow the field's new shape, or faults say why not; `at` is then the column
 * that holds them. */
void schema_retype(schema_step *x, const entity *e, const field *f, stored_field *at);
/* k<id>, if it is not there. */
void schema_key_column(schema_step *x, const entity *e, const field *f);
/* Whether all were made ahead, but of rows that are noted. */
bool schema_has_keys_ahead(schema_step *x, const entity *e, const field *f);
/* Of the rows with ids of this SELECT; empty: of all. */
void schema_make_keys(schema_step *x, const entity *e, const field *f, crm_str ids);
void schema_keys(schema_step *x, const entity *e, const field *f, stored_field was);
void schema_side(schema_step *x, const entity *e, const field *f, stored_field was);
/* The elements of the rows of which `which` is true into the side table; empty: of all. CONFLICT, which
 * does not stop the step: two rows have one, and an index keeps them unique. */
crm_status schema_fill_side(schema_step *x, const entity *e, const field *f, crm_str which);
void schema_indexes(schema_step *x, const entity *e);
/* The name behind `after` of an index that is no longer declared and may go; {NULL,0}: there is none. */
crm_str schema_next_stale(schema_step *x, const entity *e, crm_str after);
/* "l5_k7_c9", " k7,c9" and "c6 IS NULL AND …" of an index; whether its rows are elements. */
crm_str index_name_of(schema_step *x, const entity *e, const entity_index *i);
crm_str index_columns(schema_step *x, const entity *e, const entity_index *i);
crm_str index_conditions(schema_step *x, const entity *e, const entity_index *i);
bool index_has_many(const entity *e, const entity_index *i);
/* The index that keeps elements of the field unique; NULL: none is declared. */
const entity_index *index_of_side(const entity *e, const field *f);
/* The fault "duplicates": rows that it would have to hold are equal. */
void index_tell_duplicates(schema_step *x, const entity *e, const entity_index *i);
/* Drops every index over the column. */
void schema_drop_indexes_of(schema_step *x, const entity *e, uint32_t field_id);
void schema_search(schema_step *x, const entity *e);
/* After the step: full text that is to be made anew, in transactions of its own, one of which is open
 * before and after it. It takes some 20 s of a million rows, so the log tells how far it is. */
void schema_search_fill(schema_step *x, const entity *e);
/* The fields with columns in full text: the search fields, and behind them the keys of names. */
uint32_t text_column_count(const entity *e);
const field *text_column(const entity *e, uint32_t i);
/* "s5,s7,", "karkas_terms(e.c5),karkas_phones(e.c7)," and "karkas_access(c4,…)" of the row's columns. */
crm_str text_columns(schema_step *x, const entity *e);
crm_str text_terms_of_columns(schema_step *x, const entity *e);
crm_str text_access_of_columns(arena *a, const entity *e);
/* What it is made of, as meta_entity.search holds it; empty: the entity has none. */
crm_str text_description(schema_step *x, const entity *e);
crm_str text_stored_description(schema_step *x, const entity *e);
void text_store_description(schema_step *x, const entity *e, crm_str description);
void text_create(schema_step *x, const entity *e, char table, char words);

/*
 * Full text that is to follow the one in use (engine_sqlite_coming.c). A slice of it; `is_done` of out
 * goes when it is not all there, and `left` grows by the rows that are.
 */
void coming_fill(schema_step *x, const entity *e, engine_ahead *out);
bool coming_is_begun(schema_step *x, const entity *e);
/* What is coming is made whole and takes the place of what is in use. */
void coming_take(schema_step *x, const entity *e, crm_str description);
/* Nobody waits for it any more, or it cannot be used. */
void coming_give_up(schema_step *x, const entity *e);
void coming_drop(schema_step *x, const entity *e);
/* The text in use gets out of the way, to be emptied when the writer is idle. */
void coming_set_aside(schema_step *x, const entity *e);
/* The column "<field>>" that the step will take over: its values are stored another way from then on. */
void schema_find_shadow(schema_step *x, const entity *e, const field *f, stored_field *out);
/* The column of a field that is not declared yet, made for full text to be made of it ahead; the step
 * takes it over if the field is then declared the same. */
void schema_find_early(schema_step *x, const entity *e, const field *f, stored_field *out);
/* A slice of writing a column's values another way. */
void schema_retype_ahead(schema_step *x, const entity *e, const field *f, engine_ahead *out);
/* The same of the noted rows alone. */
void schema_retype_noted(schema_step *x, const entity *e, const field *f, crm_str noted,
                         engine_ahead *out);
/* The field's column as the step will have it; `may_make`: one that is not there is made early. */
void ahead_find_id(schema_step *x, const entity *e, field *f, bool may_make);

/* Rows written since something is made of all of them (engine_sqlite_noted.c). The SELECTs of their ids:
 * all, or some, which noted_forget_some then forgets; it gives how many are left. */
bool noted_is_begun(schema_step *x, const entity *e);
bool noted_begin(schema_step *x, const entity *e); /* true: only now */
void noted_drop(schema_step *x, const entity *e);
crm_str noted_all(schema_step *x, const entity *e);
crm_str noted_some(schema_step *x, const entity *e);
int64_t noted_forget_some(schema_step *x, const entity *e);

/* Names in sqlite_master itself (engine_sqlite_edit.c), between these two: of a table, or of a full text
 * with those that are its own. */
void schema_edit_begin(schema_step *x);
void schema_edit_name(schema_step *x, const char *from, const char *to);
void schema_edit_end(schema_step *x);

/* meta_ahead: up to which row is what is made of an entity's rows under this name; or one of these. */
#define AHEAD_NOT_BEGUN (-1)
#define AHEAD_REFUSED   (-2) /* there are equal values; never outlives its transaction */
#define AHEAD_WHOLE     INT64_MAX
int64_t ahead_filled(schema_step *x, crm_str name);
void ahead_begin(schema_step *x, const entity *e, crm_str name);
void ahead_set_filled(schema_step *x, crm_str name, int64_t at);
void ahead_end(schema_step *x, crm_str name);

/* Elements of many-valued fields ahead of the step (engine_sqlite_sides.c): whether their table is still
 * to be made; a slice of it; of noted rows once more; whether the step has it now. */
bool sides_lack(const schema_step *x, const entity *e, const field *f);
void sides_create(schema_step *x, const field *f);
void sides_fill(schema_step *x, const entity *e, const field *f, int64_t last, engine_ahead *out);
void sides_fill_noted(schema_step *x, const entity *e, const field *f, crm_str noted);
bool sides_take(schema_step *x, const entity *e, const field *f);

/*
 * Whoever writes waits for a slice and for its commit, which takes the longer the more the slice wrote and
 * the busier the disk is. So of the time that it may take in all the work has a share, of AHEAD_SHARES: the
 * next one's after a slice, which is smaller at once and larger by and by; when the work is to stop.
 */
#define AHEAD_SHARES 256
uint32_t ahead_share(uint32_t before, int64_t worked, int64_t committed);
int64_t ahead_work_until(uint32_t share, int64_t now, int64_t until);

/* Indexes made ahead of the step (engine_sqlite_indexing.c): a slice; the noted rows once more; those that
 * are whole become the entity's; those that are begun are given up. */
void indexing_fill(schema_step *x, const registry *r, engine_ahead *out);
void indexing_fill_noted(schema_step *x, const entity *e, crm_str noted);
void indexing_take(schema_step *x, const entity *e);
void indexing_drop(schema_step *x, const entity *e);
/* A piece of the rows gathered for them that are of no use any more; false: there are none. */
bool indexing_clear_aside(schema_step *x);

/* Nobody works with the file yet: no writing session was taken. */
bool schema_is_opening(const schema_step *x);

#endif
