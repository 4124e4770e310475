/*
 * positions.h - places in the change log as they are told outside: sealed, so that nobody learns from two of
 * them how much was changed between, by whomever.
 *
 * Positions of the log are numbers that every change moves on, also one of a record that the reader may not
 * see. So none of them leaves the server: what does is a text of POSITION_ROOM - 1 letters, digits, '-' and
 * '_' that means something in the place it was given for and nowhere else.
 *  - Of a feed and of the stream no two texts are equal, even of one position: whether anything was changed at
 *    all is not told either.
 *  - Of a record's history, of the model's and of a webhook's message the same change has the same text: they
 *    name a change that the reader sees.
 * The key lies in the data directory (POSITION_KEY_FILE, mode 0600) and in no backup: what was told of a
 * database that was put back is known for what it is, and not taken for another place of the log.
 */
#ifndef DATA_POSITIONS_H
#define DATA_POSITIONS_H

#include "data/call.h"

#define POSITION_KEY_FILE "position.key"
#define POSITION_ROOM     49 /* of a text with its 0 */

typedef enum position_of {
    POSITION_FEED = 1, /* of an entity's changes: `entity` */
    POSITION_STREAM,   /* of events */
    POSITION_HISTORY,  /* of one record: `entity`, `record` */
    POSITION_MODEL,    /* of what was done to own entities and fields */
    POSITION_MESSAGE,  /* to a webhook: `record` is its row, `entity` 1 of one that speaks of many records */
    POSITION_TIMELINE, /* of one record: `entity`, `record`; a pair */
} position_of;
/* Where a text is given and taken. The values stand in texts that are kept outside: they never change. */
typedef struct position_place {
    position_of of;
    uint32_t entity; /* the durable id */
    int64_t record;
} position_place;

/*
 * Before any of the others, once, before there are threads: reads the key of the data directory and makes it
 * where there is none. `dir` NULL, of a database in memory: a key that ends with the process. INVALID: the file
 * holds no key (logged).
 */
CRM_MUST_CHECK crm_status positions_set_up(const char *dir);

/* Any thread. */
void position_write(position_place p, int64_t position, char out[POSITION_ROOM]);
/* Two numbers, of places that give the same text for the same position. */
void position_write_pair(position_place p, const int64_t at[2], char out[POSITION_ROOM]);
/* As position_take. */
CRM_MUST_CHECK crm_status position_take_pair(crm_ctx *c, position_place p, crm_str text, int64_t at[2]);
/* INVALID: no such text, or of another place; STALE: of another key, so of a database that was put back, or a
 * bare number, as older versions gave. Any thread. */
CRM_MUST_CHECK crm_status position_read(position_place p, crm_str text, int64_t *position);
/* The same as the call's error: `bad_cursor`, `changes_reset`. */
CRM_MUST_CHECK crm_status position_take(crm_ctx *c, position_place p, crm_str text, int64_t *position);

/*
 * Anything else that is told outside and comes back, under the same key: base64url. Equal texts look
 * equal. Empty: no memory. What was sealed `about` one thing does not open about another: INVALID;
 * STALE as above. Any thread.
 */
crm_str position_seal(arena *a, crm_str about, crm_str text);
CRM_MUST_CHECK crm_status position_open(arena *a, crm_str about, crm_str sealed, crm_str *text);

#endif
