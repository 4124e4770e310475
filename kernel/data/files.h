/*
 * files.h - attachments: their bytes on the disk, their rows in sys.file, their form in a record.
 *
 * Invariants
 *  - Bytes lie once per content in <data>/files/<2 hex>/<sha256>, are never changed, and are on the
 *    disk, folder included, before any row speaks of them.
 *  - A row of sys.file is one attachment under a random outward id. It knows its place: the record and
 *    field that hold it, or held it last (`gone_at` says since when not). Rights are those of the place.
 *  - A record holds an attachment as the text "name\tid\tsize\ttype", so lists, history and exports
 *    tell of it without looking anything up. What a caller gives is the bare id.
 *
 * Disk functions block: no loop thread.
 */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include "data/call.h"

#define FILE_SIZE_MAX  ((uint64_t)100 << 20)
#define FILE_LOOSE_MAX 50                    /* uploads of one user that no record holds */
#define FILE_LOOSE_MS  (24 * 3600000LL)      /* and how long they are kept */
#define FILE_ID_BYTES  18
#define FILE_ID_CHARS  24
#define FILE_NAME_MAX  200                   /* characters */

/* ---- an attachment as the text that a record holds (file_value.c) ---------------------------- */

typedef struct file_value {
    crm_str name, id, type; /* parts of the text they are read from */
    int64_t size;
} file_value;
/* Of the stored form or a bare id, whose other parts are empty. False: it is neither. */
bool file_value_read(crm_str text, file_value *out);
crm_str file_value_text(arena *a, const file_value *v);
/* The element of a many- or single-valued text that is this attachment; {NULL,0}: none. */
crm_str file_value_find(crm_str all, crm_str id);
/* The next id in a text that people wrote or an export did: "договор.pdf #q3Zk…, b.png #…". */
bool file_value_next(crm_str *rest, crm_str *id);
bool file_is_id(crm_str s);
static inline bool field_is_file(const field *f)
{
    return f->type == FIELD_FILE || f->type == FIELD_FILES;
}

/* ---- bytes (files.c) ------------------------------------------------------------------------- */

/* Where bytes lie; <data>/files is made. At start-up. */
CRM_MUST_CHECK crm_status files_set_up(const char *data);
/* Where the content of this hash lies, and where an upload under way is written. */
crm_str files_path(arena *a, crm_str hash);
crm_str files_new_path(arena *a, crm_str name);
/* Whether an upload of so many bytes (as declared; less than 0: not known) leaves the database its
 * room. */
bool files_have_room(int64_t bytes);
/* Makes a written upload durable and puts it in its place; gives its hash in hex. NO_SPACE. */
CRM_MUST_CHECK crm_status files_take(arena *a, const char *path, crm_str *hash);
/*
 * Calls `is_known` for every content that is older than an hour, removes those it does not know, and
 * uploads that were cut short. Nothing happens while a backup holds the files.
 */
CRM_MUST_CHECK crm_status files_sweep(arena *a, crm_status (*is_known)(void *arg, crm_str hash, bool *known),
                                      void *arg);
/* While held nothing is removed. */
void files_hold(void);
void files_release(void);
/* All contents of a folder (NULL: of the data directory) linked, or copied where that is impossible, to
 * another, which is made when there are any; what is there already is kept. `is_over` (NULL: never) is asked
 * before each: true ends it with UNAVAILABLE. */
CRM_MUST_CHECK crm_status files_copy_all(const char *from, const char *to, bool (*is_over)(void *arg),
                                         void *arg, int64_t *count);
/* Whether every content of the folder is what its name says; *count: how many there are. INVALID. */
CRM_MUST_CHECK crm_status files_verify(const char *folder, int64_t *count);

/* The media type by the content, else by the ending of the name; static. */
crm_str file_media_type(crm_str head, crm_str name);
#define FILE_HEAD 512 /* bytes that file_media_type wants to see */
/* Whether a page may show it: an image that browsers decode without running anything. */
bool file_is_image(crm_str media_type);

/* ---- rows (file_rows.c) ---------------------------------------------------------------------- */

typedef struct file_row {
    int64_t id;             /* of the row; 0: not stored */
    crm_str token;          /* the outward id */
    crm_str hash, name, type;
    int64_t size, user, record;
    uint32_t entity, field; /* durable ids of the place; 0: no record holds it yet */
    bool is_gone;           /* detached: the place is where it was */
} file_row;

/* Any blocking session. NOT_FOUND. */
CRM_MUST_CHECK crm_status file_find(crm_ctx *c, crm_str token, file_row *out);
/* OK when the caller may read the place, or it has none and is his; else NOT_FOUND. */
CRM_MUST_CHECK crm_status file_may_read(crm_ctx *c, const file_row *row);
/* LIMIT when the caller has FILE_LOOSE_MAX uploads that no record holds. */
CRM_MUST_CHECK crm_status file_may_upload(crm_ctx *c);
/* Whether any attachment has this content. */
CRM_MUST_CHECK crm_status file_is_known(crm_ctx *c, crm_str hash, bool *known);
/* Writer. Stores a new row. */
CRM_MUST_CHECK crm_status file_add(crm_ctx *c, file_row *row);
/* Writer. Removes at most `limit` rows whose time is over; *is_more: there are others. */
CRM_MUST_CHECK crm_status file_expire(crm_ctx *c, uint32_t limit, bool *is_more);
/* Writer. Removes the rows of a record that is removed for ever. */
CRM_MUST_CHECK crm_status file_purge(crm_ctx *c, const entity *e, int64_t id);
/* Writer. The place of a row: attached there (`is_gone` false), or detached from it. */
CRM_MUST_CHECK crm_status file_place(crm_ctx *c, const file_row *row);

#endif
