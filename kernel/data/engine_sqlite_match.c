/*
 * engine_sqlite_match.c - the terms of a search as an FTS5 expression, and the queries that have
 * some.
 *
 * Such a query is driven by the full-text table, whose rows come in the order of ids, newest first:
 * a page of a common word stops after its rows. The rights are part of the match as far as access
 * terms tell (engine_field.h), and are judged on each row besides, since these are necessary only.
 */
#include "data/engine_sqlite_plan.h"

/* Branches that show the same search fields: their words count in the same columns. */
typedef struct match_group {
    uint32_t bits;     /* of the branches; 0 without rights */
    uint64_t shown[4]; /* the search fields */
    crm_str text;
} match_group;

typedef struct match {
    match_group groups[BRANCHES_MAX];
    uint32_t count;
} match;

/* ---- the expression -------------------------------------------------------------------------- */

static void add_token(buf *out, crm_str part)
{
    bool is_prefix, is_stem;
    crm_str token = terms_token(part, &is_prefix, &is_stem);
    buf_char(out, '"');
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] != '"' && token.p[i] != 0) {
            buf_char(out, token.p[i]);
        }
    }
    buf_z(out, is_prefix ? "\"*" : "\"");
}

static void add_alternative(buf *out, crm_str alternative)
{
    crm_str part;
    for (uint32_t n = 0; terms_next(&alternative, '&', &part); n++) {
        buf_z(out, n ? " AND " : "");
        add_token(out, part);
    }
}

static void add_terms(buf *out, crm_str terms)
{
    crm_str group, alternative;
    for (uint32_t n = 0; terms_next(&terms, ' ', &group); n++) {
        buf_z(out, n ? " AND (" : "(");
        for (uint32_t k = 0; terms_next(&group, '|', &alternative); k++) {
            buf_z(out, k ? " OR (" : "(");
            add_alternative(out, alternative);
            buf_z(out, ")");
        }
        buf_z(out, ")");
    }
}

static bool add_columns(buf *out, const layout *l, const entity *e, const uint64_t shown[4])
{
    bool is_any = false;
    const layout_table *t = &l->tables[e->id];
    for (uint32_t i = 0; i < e->search_count; i++) {
        const field *f = &e->fields[e->search_fields[i]];
        bool is_there = false;
        for (uint32_t k = 0; k < t->search_count; k++) {
            is_there = is_there || t->search[k] == f->id;
        }
        if (is_there && (!shown || bits_has(shown, f->index))) {
            buf_fmt(out, is_any ? " s%u" : "{s%u", f->id);
            is_any = true;
        }
    }
    return is_any;
}

/* " AND access : (…)" of branches that all ask for somebody's rows; nothing when some do not. */
static void add_access(buf *out, const sql *q, const query *in, uint32_t bits)
{
    buf needed;
    crm_str rest, term;
    uint32_t count = 0;
    bool is_known = bits != 0 && text_access_agrees(q->layout, in->entity);
    buf_init(&needed, 0);
    for (uint32_t i = 0; is_known && i < in->rights->count; i++) {
        const branch *b = &in->rights->at[i];
        if (bits >> i & 1) {
            is_known = !b->via_count && engine_access_needed(in->entity, b->where, q->env, &needed);
        }
    }
    for (rest = buf_view(&needed); terms_next(&rest, ' ', &term);) {
        count++;
    }
    if (is_known && !needed.failed && count && count <= ACCESS_MAX) {
        buf_z(out, " AND access : (");
        rest = buf_view(&needed);
        for (uint32_t n = 0; terms_next(&rest, ' ', &term); n++) {
            buf_z(out, n ? " OR \"" : "\"");
            sign_add(out, term);
            buf_char(out, '"');
        }
        buf_z(out, ")");
    }
    buf_free(&needed);
}

/* Empty: no column shows. */
static crm_str match_text(sql *q, const query *in, const uint64_t shown[4], uint32_t bits)
{
    buf out;
    crm_str text = {0};
    buf_init(&out, 0);
    if (in->entity->id < q->layout->table_end && add_columns(&out, q->layout, in->entity, shown)) {
        buf_z(&out, "} : (");
        add_terms(&out, in->terms);
        buf_z(&out, ")");
        add_access(&out, q, in, bits);
        text = arena_dup(q->arena, buf_view(&out));
        q->status = text.p ? q->status : CRM_NOMEM;
    }
    buf_free(&out);
    return text;
}

/* ---- groups of branches ---------------------------------------------------------------------- */

/* The search fields a branch shows, as a bit set that can be compared with another's. */
static void shown_by(const query *in, const branch *b, uint64_t out[4])
{
    out[0] = out[1] = out[2] = out[3] = 0;
    for (uint32_t i = 0; i < in->entity->search_count; i++) {
        uint16_t f = in->entity->search_fields[i];
        if (bits_has(b->fields, f)) {
            bits_add(out, f);
        }
    }
}

/* The branches in `left` that show the same search fields as branch `like`. */
static uint32_t same_shown(const query *in, uint32_t left, uint32_t like, uint64_t shown[4])
{
    uint32_t same = 0;
    shown_by(in, &in->rights->at[like], shown);
    for (uint32_t i = 0; i < in->rights->count; i++) {
        uint64_t other[4];
        shown_by(in, &in->rights->at[i], other);
        if ((left >> i & 1) && memcmp(other, shown, sizeof other) == 0) {
            same |= 1u << i;
        }
    }
    return same;
}

static void add_match(sql *q, const query *in, const uint64_t *shown, uint32_t bits, match *m)
{
    match_group g = {.bits = bits, .text = match_text(q, in, shown, bits)};
    memset(g.shown, 0xFF, sizeof g.shown);
    if (shown) {
        memcpy(g.shown, shown, sizeof g.shown);
    }
    if (g.text.n) {
        m->groups[m->count++] = g;
    }
}

static void make_match(sql *q, const query *in, match *m)
{
    m->count = 0;
    if (!in->rights) {
        add_match(q, in, NULL, 0, m);
        return;
    }
    uint32_t left = in->need & ((1u << in->rights->count) - 1);
    for (uint32_t i = 0; i < in->rights->count; i++) {
        uint64_t shown[4];
        if (left >> i & 1) {
            uint32_t same = same_shown(in, left, i, shown);
            left &= ~same;
            add_match(q, in, shown, same, m);
        }
    }
}

/* ---- the statement --------------------------------------------------------------------------- */

static crm_str whole_text(sql *q, const match *m)
{
    buf out;
    buf_init(&out, 0);
    for (uint32_t i = 0; i < m->count; i++) {
        buf_z(&out, i ? " OR (" : "(");
        buf_str(&out, m->groups[i].text);
        buf_z(&out, ")");
    }
    crm_str text = arena_dup(q->arena, buf_view(&out));
    buf_free(&out);
    q->status = text.p ? q->status : CRM_NOMEM;
    return text;
}

static void add_granted(sql *q, const query *in, uint32_t bits)
{
    if (!bits || plan_is_all(in->rights, bits)) {
        sql_z(q, "1");
    } else {
        sql_branches(q, in->entity, 0, in->rights, bits);
    }
}

/* With several groups a row tells by itself which of them it matches. */
static void add_groups(sql *q, const query *in, const match *m)
{
    sql_z(q, "(");
    for (uint32_t i = 0; i < m->count; i++) {
        sql_z(q, i ? " OR (EXISTS(SELECT 1 FROM " : "(EXISTS(SELECT 1 FROM ");
        sql_name(q, 'f', in->entity->id);
        sql_z(q, " m WHERE m.");
        sql_name(q, 'f', in->entity->id);
        sql_z(q, " MATCH ");
        sql_param(q, (param){.kind = PARAM_TEXT, .s = m->groups[i].text});
        sql_z(q, " AND m.rowid=");
        sql_column(q, 0, &in->entity->fields[COL_ID]);
        sql_z(q, ") AND ");
        add_granted(q, in, m->groups[i].bits);
        sql_z(q, ")");
    }
    sql_z(q, ")");
}

/* " FROM f5 CROSS JOIN e5 t0 WHERE … AND ": the order of the join is what drives it. */
static void add_join(sql *q, const query *in, const match *m)
{
    const entity *e = in->entity;
    sql_z(q, " FROM ");
    sql_name(q, 'f', e->id);
    sql_z(q, " CROSS JOIN ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 WHERE ");
    sql_name(q, 'f', e->id);
    sql_z(q, " MATCH ");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = whole_text(q, m)});
    sql_z(q, " AND ");
    sql_column(q, 0, &e->fields[COL_ID]);
    sql_z(q, "=");
    sql_name(q, 'f', e->id);
    sql_z(q, ".rowid AND ");
}

/* Of the rows that the join gives, those that the rights grant. */
static void add_rights(sql *q, const query *in, const match *m)
{
    if (m->count == 1) {
        add_granted(q, in, m->groups[0].bits);
    } else {
        add_groups(q, in, m);
    }
}

static void add_from(sql *q, const query *in, const match *m)
{
    if (!m->count) {
        plan_from(q, in->entity);
        sql_z(q, SQL_NEVER);
        return;
    }
    add_join(q, in, m);
    plan_bin(q, in);
    sql_z(q, " AND ");
    add_rights(q, in, m);
    if (in->where) {
        sql_z(q, " AND ");
        sql_cond(q, in->entity, 0, in->where);
    }
}

void match_way(sql *q, const query *in, const char *beyond, int64_t number)
{
    match m;
    make_match(q, in, &m);
    if (!m.count) {
        plan_from(q, in->entity);
        sql_z(q, SQL_NEVER " AND ");
        sql_column(q, 0, &in->entity->fields[COL_ID]);
        sql_z(q, beyond);
        sql_int(q, number);
        return;
    }
    add_join(q, in, &m);
    sql_name(q, 'f', in->entity->id);
    sql_z(q, ".rowid");
    sql_z(q, beyond);
    sql_int(q, number);
    sql_z(q, " ORDER BY ");
    sql_name(q, 'f', in->entity->id);
    sql_z(q, beyond[0] == '<' ? ".rowid DESC" : ".rowid");
}

void match_granted(sql *q, const query *in)
{
    match m;
    make_match(q, in, &m);
    if (m.count) {
        add_rights(q, in, &m);
    } else {
        sql_z(q, SQL_NEVER);
    }
}

/* In the order that the full-text table itself can give. */
static void add_order_by_id(sql *q, const query *in, uint32_t limit)
{
    bool descends = in->sort_count && in->sorts[0].descending;
    if (in->after.is_set) {
        sql_z(q, " AND ");
        sql_name(q, 'f', in->entity->id);
        sql_z(q, descends ? ".rowid<" : ".rowid>");
        sql_int(q, in->after.id);
    }
    sql_z(q, " ORDER BY ");
    sql_name(q, 'f', in->entity->id);
    sql_z(q, descends ? ".rowid DESC LIMIT " : ".rowid LIMIT ");
    sql_int(q, limit);
}

void match_list(sqlite_session *s, const query *in, const uint64_t selected[4], page_part part,
                uint32_t limit)
{
    sql *q = &s->sql;
    match m;
    query spelled;
    crm_status st = prefix_spell(s, in, &spelled);
    sql_start(q, s->layout, &in->env);
    q->status = st;
    make_match(q, &spelled, &m);
    plan_select(q, in->entity, selected, in->rights);
    add_from(q, in, &m);
    if (query_is_by_id_alone(in) && m.count) {
        add_order_by_id(q, in, limit);
    } else {
        plan_after(q, in, part);
        plan_order(q, in);
        sql_z(q, " LIMIT ");
        sql_int(q, limit);
    }
}

/* Whether every row with the terms counts: full text has none of the recycle bin. */
static bool counts_all(const query *in, const match *m)
{
    uint32_t bits = m->groups[0].bits;
    return m->count == 1 && !in->where && !in->only_deleted &&
           (!bits || plan_is_all(in->rights, bits));
}

static void add_matches(sql *q, const query *in, const match *m)
{
    sql_z(q, " FROM ");
    sql_name(q, 'f', in->entity->id);
    sql_z(q, " WHERE ");
    sql_name(q, 'f', in->entity->id);
    sql_z(q, " MATCH ");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = m->groups[0].text});
}

void match_count(sqlite_session *s, const query *in, int64_t limit)
{
    sql *q = &s->sql;
    match m;
    sql_start(q, s->layout, &in->env);
    make_match(q, in, &m);
    sql_z(q, "SELECT count(*) FROM (SELECT 1");
    if (counts_all(in, &m)) {
        add_matches(q, in, &m);
    } else {
        add_from(q, in, &m);
    }
    sql_z(q, " LIMIT ");
    sql_int(q, limit);
    sql_z(q, ")");
}

static void add_found(sql *q, const query *in, const match_group *g)
{
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, " IN (SELECT rowid FROM ");
    sql_name(q, 'f', in->entity->id);
    sql_z(q, " WHERE ");
    sql_name(q, 'f', in->entity->id);
    sql_z(q, " MATCH ");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = g->text});
    sql_z(q, ")");
}

/* As a condition of a statement that something else drives. */
void sql_match(sql *q, const query *in)
{
    match m;
    make_match(q, in, &m);
    sql_z(q, "(" SQL_NEVER);
    for (uint32_t i = 0; i < m.count; i++) {
        sql_z(q, " OR (");
        if (in->only_deleted) {
            bin_words(q, in, m.groups[i].shown);
        } else {
            add_found(q, in, &m.groups[i]);
        }
        sql_z(q, " AND ");
        add_granted(q, in, m.groups[i].bits);
        sql_z(q, ")");
    }
    sql_z(q, ")");
}

/* ---- keys of names --------------------------------------------------------------------------- */

static bool has_column(const layout *l, const field *f)
{
    const layout_table *t = f->entity->id < l->table_end ? &l->tables[f->entity->id] : NULL;
    for (uint32_t i = 0; t && i < t->search_count; i++) {
        if (t->search[i] == f->id) {
            return true;
        }
    }
    return false;
}

/* "s9 : ("…" OR "…")"; empty: no key was asked for. */
static crm_str keys_text(sql *q, const field *f, const cond *c)
{
    buf out;
    uint32_t count = 0;
    buf_init(&out, 0);
    buf_fmt(&out, "s%u : (", f->id);
    for (uint32_t i = 0; i < c->value_count; i++) {
        value v = cond_value(f, c->values[i], q->env);
        if (v.kind == VALUE_TEXT) {
            buf_z(&out, count++ ? " OR \"" : "\"");
            sign_add(&out, v.s);
            buf_char(&out, '"');
        }
    }
    buf_char(&out, ')');
    crm_str text = count ? arena_dup(q->arena, buf_view(&out)) : (crm_str){"", 0};
    buf_free(&out);
    q->status = text.p ? q->status : CRM_NOMEM;
    return text;
}

bool sql_match_keys(sql *q, uint32_t alias, const field *f, const cond *c)
{
    const entity *e = f->entity;
    bool is_equality = c->op == COND_EQ || c->op == COND_IN || c->op == COND_HAS;
    if (!e->match_field || f->index != e->match_field || !is_equality ||
        !has_column(q->layout, f)) {
        return false;
    }
    crm_str text = keys_text(q, f, c);
    if (!text.n) {
        sql_z(q, SQL_NEVER);
        return true;
    }
    sql_column(q, alias, &e->fields[COL_ID]);
    sql_z(q, " IN (SELECT rowid FROM ");
    sql_name(q, 'f', e->id);
    sql_z(q, " WHERE ");
    sql_name(q, 'f', e->id);
    sql_z(q, " MATCH ");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = text});
    sql_z(q, ")");
    return true;
}
