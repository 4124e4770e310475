/* engine_sqlite_reader.h - rows of statements as values, between the files that read them. */
#ifndef DATA_ENGINE_SQLITE_READER_H
#define DATA_ENGINE_SQLITE_READER_H

#include "data/engine_sqlite_plan.h"

#define JUDGED_MAX 8

/* What the branches judged in C said of the row before: who has a list open sees many rows of the
 * same people, and what is the same is not judged again. */
typedef struct judgement {
    uint8_t fields[JUDGED_MAX]; /* all that these branches look at: whole numbers */
    value of[JUDGED_MAX];
    uint32_t count, bits;
    bool is_kept, is_made;
} judgement;

typedef struct reader {
    sqlite_session *s;
    sqlite3_stmt *stmt;
    const query *query;         /* may be NULL */
    uint8_t fields[FIELDS_MAX]; /* the field of each column */
    uint32_t count;
    uint32_t local; /* branches that are judged on the row in C */
    judgement last;
} reader;

/* For rows with these columns, and behind them one for each branch that other rows decide. */
void reader_init(reader *r, const entity *e, const uint64_t selected[4]);
/* For many rows, after reader_init: what branches say of equal rows is not judged again. */
void reader_keep_judgements(reader *r, const entity *e);
/* Takes the row that r->stmt stands on into s->row and gives the branches it matches. */
uint32_t reader_take(reader *r);
/* Gives the rows of r->stmt to the op's sink and resets it; false when that has had enough. */
bool reader_give(reader *r, engine_op *op);
/* The statement of one row by its id, with its id bound. */
bool reader_by_id(reader *r, engine_op *op, const entity *e, int64_t id);
/* Gives the rows with these ids, which are there, in this order; false when the sink has had enough, or
 * on failure. */
bool reader_list_ids(reader *r, engine_op *op, const int64_t *ids, uint32_t count);
/* The statement of these rows, in this order. */
bool reader_by_ids(reader *r, engine_op *op, const int64_t *ids, uint32_t count);
/* The id and the sort values of the query of a row that is there, into s->row and the cursor; false: it
 * failed. */
bool reader_place(reader *r, engine_op *op, int64_t id, cursor *out);

/* The part of a list that is gathered which comes after r->query->gathered, or its page. */
void query_gather(reader *r, engine_op *op, uint32_t limit);
/* Tells that the list is gathered from now on: along `p` nothing was met that could be a place. */
void query_gather_begin(reader *r, engine_op *op, plan *p);
/* The rows of a page by their ids first, so that those which the caller kept are not read. */
void query_list_kept(reader *r, engine_op *op, plan *p, uint32_t limit);

#endif
