/* store.h - reading and writing rows of the kernel's hidden stores (ENTITY_SYSTEM) by field name. */
#ifndef FLOW_STORE_H
#define FLOW_STORE_H

#include "data/data.h"

typedef struct store_row {
    const entity *e;
    arena *arena;
    int64_t id; /* 0: not stored yet */
    value *v;   /* indexed as e->fields */
    uint64_t set[4];
} store_row;

/* A new, empty row. NOMEM, or MISUSE when the store does not exist. */
CRM_MUST_CHECK crm_status store_new(arena *a, const registry *r, crm_str store, store_row *out);
void store_set(store_row *row, const char *field, value v);
value store_get(const store_row *row, const char *field);
static inline crm_str store_text(const store_row *r, const char *f) { return store_get(r, f).s; }
static inline int64_t store_int(const store_row *r, const char *f) { return store_get(r, f).i; }
/* Inserts or updates what was set. Writer, inside the open request. */
CRM_MUST_CHECK crm_status store_save(tx *t, store_row *row);
CRM_MUST_CHECK crm_status store_load(tx *t, arena *a, const registry *r, crm_str store, int64_t id,
                                     store_row *out);
/* The first row that satisfies `where`; NOT_FOUND when none does. Any blocking session. */
CRM_MUST_CHECK crm_status store_find(engine_session *s, arena *a, const registry *r, crm_str store,
                                     const cond *where, store_row *out);
/* At most `limit` rows in the order of `sort` (NULL: by id). */
CRM_MUST_CHECK crm_status store_list(engine_session *s, arena *a, const query *q, store_row **out,
                                     uint32_t *count);

#endif
