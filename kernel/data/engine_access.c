/* engine_access.c - terms that let a full-text match pass over rows nobody may see. */
#include "data/engine_field.h"

/* ---- of a row -------------------------------------------------------------------------------- */

static void add_id(buf *out, char kind, value id)
{
    if (id.kind == VALUE_INT) {
        buf_add(out, (char[]){'=', kind}, 2);
        buf_int(out, id.i);
        buf_char(out, ' ');
    }
}

/* A stage's name is the ТЗ's to choose, a term is one word: what is no letter or digit becomes '_'.
 */
static void add_stage(buf *out, crm_str name)
{
    buf_z(out, "=s");
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
        buf_char(out, is_plain ? (char)c : '_');
    }
    buf_char(out, ' ');
}

void engine_access_terms(buf *out, const access_row *row)
{
    bool is_owned = false;
    add_id(out, 'u', row->created_by);
    for (int i = 0; i < 3; i++) {
        is_owned = is_owned || row->owners[i].kind == VALUE_INT;
        if (!value_equal(row->owners[i], row->created_by)) {
            add_id(out, 'u', row->owners[i]);
        }
    }
    add_id(out, 'd', row->department);
    if (!is_owned) {
        add_id(out, 'w', row->department);
    }
    if (row->stage.kind == VALUE_TEXT) {
        add_stage(out, row->stage.s);
    }
}

/* ---- of a condition -------------------------------------------------------------------------- */

static bool is_owner(const entity *e, uint16_t f)
{
    return f == COL_CREATED_BY ||
           (f && (f == e->owner_fields[0] || f == e->owner_fields[1] || f == e->owner_fields[2]));
}

static char kind_of(const entity *e, const field *f)
{
    if (f->entity != e) {
        return 0;
    }
    if (is_owner(e, f->index)) {
        return 'u';
    }
    if (e->department_field && f->index == e->department_field) {
        return 'd';
    }
    return e->stage_field && f->index == e->stage_field ? 's' : 0;
}

static bool leaf_needs(const cond *c, const cond_env *env, char kind, buf *out)
{
    if (c->op == COND_ME && kind == 'u') {
        add_id(out, 'u', value_int(env->me));
        return true;
    }
    if (c->op != COND_EQ && c->op != COND_IN) {
        return false;
    }
    for (uint32_t i = 0; i < c->value_count; i++) {
        value v = cond_value(c->path[0], c->values[i], env);
        if (kind == 's' && v.kind == VALUE_TEXT) {
            add_stage(out, v.s);
        } else if (kind != 's') {
            add_id(out, kind, v);
        }
    }
    return c->value_count <= ACCESS_MAX;
}

/* "in department 3, and all owner fields empty" is what nobody owns there. */
static bool says_unowned(const entity *e, const cond *all)
{
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        bool is_empty = false;
        for (const cond *c = all->first; c; c = c->next) {
            is_empty = is_empty || (c->op == COND_NONE && c->path_length == 1 &&
                                    c->path[0]->index == e->owner_fields[i]);
        }
        if (!is_empty) {
            return false;
        }
    }
    return e->owner_fields[0] != 0;
}

static bool and_needs(const entity *e, const cond *all, const cond_env *env, buf *out)
{
    for (const cond *c = all->first; c; c = c->next) {
        bool is_leaf = c->path_length == 1 && c->path[0]->entity == e;
        size_t before = out->n;
        if (is_leaf && kind_of(e, c->path[0]) == 'd' && says_unowned(e, all) &&
            leaf_needs(c, env, 'w', out)) {
            return true;
        }
        out->n = before;
    }
    for (const cond *c = all->first; c; c = c->next) {
        size_t before = out->n;
        if (engine_access_needed(e, c, env, out)) {
            return true;
        }
        out->n = before;
    }
    return false;
}

bool engine_access_needed(const entity *e, const cond *c, const cond_env *env, buf *out)
{
    if (!c) {
        return false;
    }
    if (c->op == COND_AND) {
        return and_needs(e, c, env, out);
    }
    if (c->op == COND_OR) {
        for (const cond *child = c->first; child; child = child->next) {
            if (!engine_access_needed(e, child, env, out)) {
                return false;
            }
        }
        return c->first != NULL;
    }
    char kind = c->path_length == 1 ? kind_of(e, c->path[0]) : 0;
    return kind && leaf_needs(c, env, kind, out);
}

/* ---- vocabulary ------------------------------------------------------------------------------ */

bool engine_is_vocabulary(crm_str term)
{
    size_t letters = 0;
    bool is_latin = term.n && (unsigned char)term.p[0] < 0x80;
    for (size_t i = 0; i < term.n; i++) {
        unsigned char c = (unsigned char)term.p[i];
        if (is_latin ? c < 'a' || c > 'z' : c < 0x80) {
            return false;
        }
        letters += (c & 0xC0) != 0x80;
    }
    return letters >= 4 && letters <= 32;
}
