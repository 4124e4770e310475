/*
 * host_out.c - the reply of a module's handler: one JSON object. Failures are sticky in the buffer
 * and found when the reply is closed; a misplaced put is dropped and makes the reply fail.
 */
#include "plug/module.h"

#define DEPTH_MAX 16

static running *frame_of(crm_out *o)
{
    return (running *)o;
}

crm_out *out_begin(running *f, buf *b)
{
    if (!b) {
        return NULL;
    }
    jw_init(&f->out, b);
    jw_object(&f->out);
    return (crm_out *)f;
}

crm_status out_end(running *f)
{
    if (!f->out.b) {
        return CRM_OK;
    }
    while (f->out.depth > 1) {
        host_put_end((crm_out *)f);
    }
    jw_end_object(&f->out);
    return f->out.b->failed ? CRM_NOMEM : CRM_OK;
}

static bool in_array(const running *f)
{
    return f->out_arrays >> f->out.depth & 1;
}

/* A member of an object needs its key, an item of a list has none. */
static json_writer *place(crm_out *o, const char *key)
{
    running *f = frame_of(o);
    if (!f || !f->out.b || f->out.depth > DEPTH_MAX) {
        return NULL;
    }
    if (!in_array(f)) {
        jw_key(&f->out, str_of(key ? key : ""));
    }
    return &f->out;
}

void host_put_text(crm_out *o, const char *key, crm_str v)
{
    json_writer *w = place(o, key);
    if (w && v.p) {
        jw_str(w, v);
    } else if (w) {
        jw_null(w);
    }
}

void host_put_int(crm_out *o, const char *key, int64_t v)
{
    json_writer *w = place(o, key);
    if (w) {
        jw_int(w, v);
    }
}

void host_put_bool(crm_out *o, const char *key, bool v)
{
    json_writer *w = place(o, key);
    if (w) {
        jw_bool(w, v);
    }
}

void host_put_list(crm_out *o, const char *key)
{
    json_writer *w = place(o, key);
    if (w) {
        jw_array(w);
        frame_of(o)->out_arrays |= 1u << w->depth;
    }
}

void host_put_object(crm_out *o, const char *key)
{
    json_writer *w = place(o, key);
    if (w) {
        jw_object(w);
        frame_of(o)->out_arrays &= ~(1u << w->depth);
    }
}

void host_put_end(crm_out *o)
{
    running *f = frame_of(o);
    if (!f || f->out.depth < 2) {
        return;
    }
    if (in_array(f)) {
        jw_end_array(&f->out);
    } else {
        jw_end_object(&f->out);
    }
}

void host_put_status(crm_out *o, int http)
{
    if (o && http >= 200 && http < 600) {
        frame_of(o)->http = http;
    }
}

/* ---- a record -------------------------------------------------------------------------------- */

/* The title of a reference's record; `denied` when it may not be read. */
static crm_str label_of(crm_ctx *c, const field *f, value v, bool *denied)
{
    crm_str label = {0};
    bool is_reference = f->type == FIELD_REF || f->type == FIELD_USER;
    if (is_reference && f->ref && v.kind == VALUE_INT) {
        *denied = records_labels(c, f->ref, &v.i, 1, &label) != CRM_OK || !label.p;
    }
    return label;
}

void host_put_record(crm_out *o, const char *key, const crm_rec *r)
{
    const record *at = rec_of(r);
    json_writer *w = at ? place(o, key) : NULL;
    if (!w) {
        return;
    }
    jw_object(w);
    for (uint32_t i = 0; i < at->entity->field_count; i++) {
        const field *f = &at->entity->fields[i];
        bool is_inner = i == COL_MARKS || i == COL_DELETED_AT || f->flags & FIELD_HIDDEN;
        bool denied = false;
        if (is_inner || (i >= COL_OWN && !bits_has(at->visible, i))) {
            continue;
        }
        crm_str label = label_of(frame_of(o)->c, f, at->v[i], &denied);
        jw_key(w, f->name);
        field_to_json(w, f, &at->v[i], label, denied);
    }
    jw_end_object(w);
}
