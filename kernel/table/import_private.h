/* import_private.h - what the files of imports share. */
#ifndef TABLE_IMPORT_PRIVATE_H
#define TABLE_IMPORT_PRIVATE_H

#include "base/vcard.h"
#include "data/address.h"
#include "data/records.h"
#include "table/import.h"
#include "table/source.h"

/* ---- what was chosen (import_options.c) ------------------------------------------------------ */

#define MATCHES_MAX 8

typedef enum import_mode { IMPORT_CREATE, IMPORT_SKIP, IMPORT_UPDATE, IMPORT_BOTH } import_mode;
/* A reference that names no record: its row is refused; stands without it, with a warning; the
 * record is made, and left out where that is not possible. USUAL: cards make, tables refuse. */
typedef enum import_missing {
    MISSING_USUAL,
    MISSING_REFUSE,
    MISSING_LEAVE,
    MISSING_CREATE
} import_missing;

/* What a column of the file goes to. */
typedef struct import_column {
    const field *field; /* NULL: nowhere */
    const field *by;    /* a reference's own key; NULL: whichever the text is */
    uint8_t part;       /* of an address, as field.part has it; 0: the whole line */
} import_column;

typedef struct import_options {
    const entity *entity;
    import_column columns[TABLE_COLUMNS_MAX];
    uint32_t count;
    const field *matches[MATCHES_MAX];
    uint32_t match_count;
    import_mode mode;
    import_missing missing;
    bool clears, adds;        /* empty=clear; several=add */
    bool is_loud, is_lenient; /* rules, lenient */
    bool is_csv;              /* a spreadsheet's marks of a CSV cell are to be taken off */
    bool is_vcard;            /* every value of a cell stands on a line of its own */
    const json_t *defaults;
} import_options;
/* INVALID with an error per fault. Any thread. */
CRM_MUST_CHECK crm_status import_options_read(crm_ctx *c, const entity *e, const json_t *json,
                                              uint32_t columns, import_options *out);
/* Whether an import gives it values at all. */
bool import_is_written(const field *f);
/* Whether the caller may give this field a value from a file, in some record. */
bool import_may_set(crm_ctx *c, const field *f);

/* ---- how a file is read ---------------------------------------------------------------------- */

/* import_analyse, with so long for a workbook's first rows. */
CRM_MUST_CHECK crm_status import_analyse_within(crm_ctx *c, const entity *e, const json_t *reading,
                                                store_row *row, int64_t ms);
CRM_MUST_CHECK crm_status reading_from_json(const json_t *json, source_reading *out);
crm_str reading_to_json(arena *a, const source_reading *r);
/* The frames of the file as it is read now: another reading makes others. */
crm_str import_frames_path(arena *a, const store_row *row);
/* A field of the entity for every column, and the options that go with them, as JSON. */
json_t *import_suggest(crm_ctx *c, const entity *e, const table_row *rows, uint32_t count,
                       const crm_str *titles, uint32_t columns);
/* The field that each property of a card goes to, of those in `able`; NULL: none. NOMEM only. */
CRM_MUST_CHECK crm_status import_suggest_card(crm_ctx *c, const entity *e, const uint64_t able[4],
                                              const field *out[VCARD_COLUMNS]);

/* ---- cells to values (import_value.c, import_find.c) ------------------------------------------
 */

#define FOUND_MAX 256

/* What was looked up in this slice. */
typedef struct found_text {
    const field *field, *by;
    crm_str text;
    int64_t id;
    const char *code; /* of a refusal */
} found_text;
typedef struct finder {
    crm_ctx *call;
    found_text at[FOUND_MAX];
    uint32_t count;
} finder;

/* The record a reference or user field means by this text. INVALID with a field error; *id. */
CRM_MUST_CHECK crm_status find_reference(finder *f, const import_column *col, crm_str text,
                                         int64_t *id);
/* The same without an error in the call: *code is NULL, "no_such_record" or "ambiguous". */
CRM_MUST_CHECK crm_status find_reference_code(finder *f, const import_column *col, crm_str text,
                                              int64_t *id, const char **code);
/* The one record of `e` whose field holds this value, as far as the caller reads; *id 0: none.
 * CONFLICT: several. */
CRM_MUST_CHECK crm_status find_record(crm_ctx *c, const entity *e, const field *f, value v,
                                      int64_t *id);
/* A cell's text as the field's value. INVALID with a field error. */
struct import_row;
/* `row` notes what stands in the cell of a field of several references and names no record. */
CRM_MUST_CHECK crm_status import_value(finder *f, const import_options *o, const import_column *col,
                                       crm_str text, struct import_row *row, value *out,
                                       bool *is_marked);
/* What a field that holds many holds and what is added to it. INVALID with a field error: too many.
 */
CRM_MUST_CHECK crm_status import_unite(crm_ctx *c, const field *f, value held, value added,
                                       value *out);
/* One cell of a field that holds many: its elements stand on lines of their own where they were
 * separated by ';', of addresses of pages by blanks, of tags by ',' too. In a cell of several lines
 * each is an element, whatever it holds; a phone keeps its extension. In the arena. */
crm_str import_lines(arena *a, const import_options *o, const field *to, crm_str text);
/* A date or moment as people write it to what field_from_text reads, in the arena; as it is when it
 * is none of those. */
crm_str import_date(arena *a, crm_str text, bool has_time);

/* ---- rows (import_row.c) ----------------------------------------------------------------------
 */

/* The parts of an address that stand in columns of their own: of a record that is there already
 * only these change, but where the row has the whole line as well. */
typedef struct import_parts {
    const field *field;
    address_patch change;
    crm_str line; /* of those given */
    bool has_whole;
    const struct import_parts *next;
} import_parts;

/* A value that a record is matched by, as the engine compares it (import_keys.c). */
typedef struct import_key {
    const field *field;
    crm_str text;   /* field_key_make of one element; empty: `number` */
    int64_t number; /* of what is stored as no text */
    uint64_t hash;  /* of all three; never 0 */
} import_key;

/* A reference that names no record, or several; a date that is none. */
typedef struct import_lack {
    const import_column *column;
    crm_str text;
    const char *code; /* as of find_reference_code, "type_mismatch" of a date */
    struct import_lack *next;
} import_lack;

/* One row, understood: what to set, and on which record. */
typedef struct import_row {
    int64_t line;
    value values[FIELDS_MAX];
    uint64_t given[4], marked[4]; /* fields with a value; kept though not valid */
    uint64_t empty[4];            /* fields whose cells are all empty */
    const import_parts *parts;    /* of addresses; their lines are among `values`, too */
    import_lack *lacks;           /* that do not refuse the row (import_lack.c) */
    int64_t record;               /* what it was matched with; 0: none */
    const import_key *keys;       /* of the match fields, of every element */
    uint32_t key_count;
    int32_t twin;     /* the earlier row of this slice whose record it means; -1: none */
    bool is_seen;     /* a check: an earlier slice would have given a record one of its keys */
    call_error error; /* of a row that cannot be taken */
} import_row;
CRM_MUST_CHECK crm_status import_row_read(finder *f, const import_options *o, const table_row *from,
                                          import_row *out);

/* The keys of a row whose cells were read: NOMEM, or they are in the arena. */
CRM_MUST_CHECK crm_status import_keys_make(arena *a, const import_options *o, import_row *row);
/* Whether one row's record would be found by the other's keys. */
bool import_keys_meet(const import_row *x, const import_row *y);

#define LACKS_MAX                                                                   \
    128 /* of a row that records are made for: a whole field of references and more \
         */
/* Whether the row stands without what this text says (trimmed, not empty), which is then noted: a
 * cell, of a field of several references one of them. */
CRM_MUST_CHECK crm_status import_lack_take(finder *f, const import_options *o,
                                           const import_column *col, crm_str text, import_row *out,
                                           bool *is_lacking);
/* Writer, first thing of a row: makes what the row's references name, as far as the options and the
 * caller's rights let it; ids are 0 of what is left out. What it wrote goes with the row. */
CRM_MUST_CHECK crm_status import_lacks_make(crm_ctx *c, const import_options *o,
                                            const import_row *row, int64_t ids[LACKS_MAX]);
/* A single reference is what was made. Of a field of several it stands beside what the row gives
 * it, and beside what the record holds where the options add. */
CRM_MUST_CHECK crm_status import_lacks_set(crm_ctx *c, const import_options *o,
                                           const import_row *row, const int64_t ids[LACKS_MAX],
                                           record *r);
/* Sets the call's error to what was left out. False: nothing was. */
bool import_lacks_tell(crm_ctx *c, const import_row *row, const int64_t ids[LACKS_MAX]);

/* Keys of what a check would have made (import_seen.c), all of them since its beginning. The set is
 * of the thread that works on the batch: a worker, and the writer for a slice. */
#define TRIED_KEPT 500000u /* keys in memory, and those that a slice adds: 16 MB */
typedef struct tried_set tried_set;
/* An empty one in the place of whatever was. NULL: no memory. */
tried_set *tried_begin(int64_t batch);
/* NULL: there is none, or not any more. */
tried_set *tried_find(int64_t batch);
/* Puts away what is too much for memory. Other than OK: the set is gone. Worker. */
CRM_MUST_CHECK crm_status tried_settle(arena *a, tried_set *s);
CRM_MUST_CHECK crm_status tried_add(tried_set *s, const import_row *row);
/* Whether a row before this one added one of its keys. Worker. */
CRM_MUST_CHECK crm_status tried_before(const tried_set *s, const import_row *row, bool *is_seen);
void tried_forget(int64_t batch);
/* Slice after slice takes the notes of a check back, the last one its figures, counts and cursor. */
CRM_MUST_CHECK crm_status import_begin_anew(crm_ctx *c, batch_run *b, int64_t import);

/* What became of rows. */
typedef enum import_count {
    COUNT_CREATED,
    COUNT_UPDATED,
    COUNT_UNCHANGED,
    COUNT_SKIPPED,
    COUNT_FAILED,
    COUNT_WARNED, /* of the created, updated and unchanged those with a warning */
    COUNTS
} import_count;
CRM_MUST_CHECK crm_status import_counts_add(crm_ctx *c, int64_t id, bool is_check,
                                            const int64_t counts[COUNTS]);

crm_status import_clear_register(registry *r);

#endif
