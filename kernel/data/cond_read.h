/* cond_read.h - what the files that read conditions share: cond_read.c (the tree, fields) and
 * cond_read_value.c (operators, values). Nothing else includes it. */
#ifndef DATA_COND_READ_H
#define DATA_COND_READ_H

#include "data/cond.h"
#include "data/registry.h"

typedef struct cond_reader {
    arena *a;
    const cond_scope *in;
    cond_error *err;
    uint32_t nodes, depth;
    uint32_t behind; /* names of a path that stand before those being read */
} cond_reader;

/* INVALID, with this in r->err; the second says how much there may be. */
crm_status cond_fail(cond_reader *r, const char *code, crm_str field_name);
crm_status cond_fail_max(cond_reader *r, const char *code, crm_str field_name, int max);

/* One value of the field, a part of its text, or a list of values, which `c` takes. */
CRM_MUST_CHECK crm_status cond_value_read(cond_reader *r, const field *f, const json_t *json, value *out);
CRM_MUST_CHECK crm_status cond_part_read(cond_reader *r, const field *f, const json_t *json, value *out);
CRM_MUST_CHECK crm_status cond_list_read(cond_reader *r, const field *f, const json_t *json, cond *c);

bool cond_find_operator(crm_str name, cond_op *op);
crm_status cond_unknown_operator(cond_reader *r, crm_str name, crm_str path);

#endif
