/* store.h - reading and writing rows of the kernel's hidden stores (ENTITY_SYSTEM) by column. */
#ifndef FLOW_STORE_H
#define FLOW_STORE_H

#include "data/data.h"
#include "data/stores.h"

typedef struct store_row {
    const entity *e;
    arena *arena;
    int64_t id; /* 0: not stored yet */
    value *v;   /* indexed as e->fields */
    uint64_t set[4];
} store_row;

/* A new, empty row. NOMEM when memory is out. */
CRM_MUST_CHECK crm_status store_new(arena *a, const registry *r, store which, store_row *out);
static inline void store_set(store_row *row, uint32_t column, value v)
{
    row->v[column] = v;
    bits_add(row->set, column);
}
static inline crm_str store_text(const store_row *r, uint32_t column) { return r->v[column].s; }
static inline int64_t store_int(const store_row *r, uint32_t column) { return r->v[column].i; }
/* Inserts or updates what was set. Writer, inside the open request. */
CRM_MUST_CHECK crm_status store_save(tx *t, store_row *row);
CRM_MUST_CHECK crm_status store_load(tx *t, arena *a, const registry *r, store which, int64_t id,
                                     store_row *out);
/* The first row that satisfies `where`; NOT_FOUND when none does. Any blocking session. */
CRM_MUST_CHECK crm_status store_first(engine_session *s, arena *a, const registry *r, store which,
                                     const cond *where, store_row *out);
/* At most `limit` rows in the order of `sort` (NULL: by id). */
CRM_MUST_CHECK crm_status store_list(engine_session *s, arena *a, const query *q, store_row **out,
                                     uint32_t *count);

#endif
