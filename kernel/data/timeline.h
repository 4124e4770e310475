/*
 * timeline.h - what stands in the timeline of a record besides its own changes: notes, and records of
 * other entities that refer to it.
 *
 * Every entity with ENTITY_TIMELINE has an entity of notes beside it that seal makes: "sales.deal" has
 * "sales.deal_notes". A note is a part of its record, so it takes that record's rights: it is read through
 * every right to read the record that shows the kind "note", and not while the record is in the recycle bin.
 * Whoever reads the record may write one; what becomes of it afterwards is its author's. Its words are in the
 * search, under these same rights.
 *
 * A kind is a bit of branch.kinds (rights_kinds_for): the record's own first, then those of entities that
 * join, in the order of the registry.
 */
#ifndef DATA_TIMELINE_H
#define DATA_TIMELINE_H

#include "data/call.h"

#define NOTES_SUFFIX "_notes"
#define NOTE_EDIT_MS (24LL * 3600 * 1000) /* for so long its author changes what it says */
#define NOTE_MAX     10000                /* characters */

enum {
    NOTE_RECORD = COL_OWN,
    NOTE_TEXT,
    NOTE_MENTIONS,
    NOTE_NOT_TOLD, /* those of them who may not read it */
    NOTE_FILES,
    NOTE_PINNED,
    NOTE_EDITED_AT, /* when its author last changed it */
    NOTE_COLUMNS
};

typedef enum timeline_kind {
    KIND_NOTE,
    KIND_STAGE,
    KIND_FILE,
    KIND_CHANGE,
    KIND_JOINED, /* the first of those that join */
} timeline_kind;
#define TIMELINE_JOINS_MAX 32
#define KIND_BIT(k) (1ull << (k))
/* What a list of fields shows without a list of kinds: what is told of fields. */
#define KINDS_OF_FIELDS (KIND_BIT(KIND_STAGE) | KIND_BIT(KIND_FILE) | KIND_BIT(KIND_CHANGE))

/* The entity of a kind that joins; NULL: there is none. */
const entity *timeline_joined(const registry *r, uint32_t kind);
/* "note", "task"; empty when there is no such kind. */
crm_str timeline_kind_name(const registry *r, uint32_t kind);
/* -1: no such kind. */
int timeline_kind_find(const registry *r, crm_str name);

#endif
