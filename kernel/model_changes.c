/*
 * model_changes.c - who changed the model when: what the change log holds of the declarations, told
 * as people think of it. The two rows that a change leaves, its intent and its end, are one entry.
 */
#include "model.h"

#include "data/changelog_body.h"
#include "data/positions.h"
#include "flow/store.h"

#define PAGE 200 /* rows of the log */

typedef struct telling {
    model_change *x;
    json_writer w;
    store_row *declared; /* the recycle bin included */
    uint32_t count;
} telling;

static const value *of_column(const change *ch, uint16_t column, const value *from)
{
    for (uint32_t i = 0; i < ch->field_count; i++) {
        if (ch->fields[i] == column) {
            return &from[i];
        }
    }
    return NULL;
}

static crm_str text_of(const value *v)
{
    return v && v->kind == VALUE_TEXT ? v->s : (crm_str){0};
}

static const store_row *declaration_of(const telling *t, int64_t id)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->declared[i].id == id) {
            return &t->declared[i];
        }
    }
    return NULL;
}

/* ---- what was done --------------------------------------------------------------------------- */

static bool says_retired(const json_t *body)
{
    return json_is_true(json_object_get(body, "retired"));
}

static const char *name_of_change(const change *ch, const json_t *was, const json_t *now)
{
    if (!was) {
        return "added";
    }
    if (says_retired(was) != says_retired(now)) {
        return says_retired(now) ? "retired" : "restored";
    }
    bool is_renamed = of_column(ch, MODEL_FIELD, ch->now) || of_column(ch, MODEL_ENTITY, ch->now);
    return is_renamed ? "renamed" : "changed";
}

/* The words of the declaration that are other ones now. */
static void put_keys(json_writer *w, json_t *was, json_t *now)
{
    const char *key;
    json_t *v;
    jw_karray(w, "keys");
    json_object_foreach(now, key, v)
    {
        if (!json_equal(v, json_object_get(was, key))) {
            jw_str(w, str_of(key));
        }
    }
    json_object_foreach(was, key, v)
    {
        if (!json_object_get(now, key)) {
            jw_str(w, str_of(key));
        }
    }
    jw_end_array(w);
}

static void put_former(json_writer *w, const change *ch)
{
    crm_str was = text_of(of_column(ch, MODEL_FIELD, ch->was));
    was = was.n ? was : text_of(of_column(ch, MODEL_ENTITY, ch->was));
    jw_key(w, CRM_S("was"));
    if (was.n) {
        jw_str(w, was);
    } else {
        jw_null(w);
    }
}

/* ---- an entry -------------------------------------------------------------------------------- */

static const position_place place = {.of = POSITION_MODEL};

static void begin_entry(telling *t, const store_row *row, const store_row *of)
{
    char at[CLOCK_TEXT], position[POSITION_ROOM];
    json_writer *w = &t->w;
    crm_ctx *c = t->x->c;
    const person *p = people_user(c->people, store_int(row, CHANGE_BY));
    clock_format(store_int(row, CHANGE_AT), at);
    position_write(place, row->id, position);
    jw_object(w);
    jw_kstr(w, "position", str_of(position));
    jw_kstr(w, "at", str_of(at));
    jw_kobject(w, "by");
    jw_kint(w, "id", store_int(row, CHANGE_BY));
    jw_kstr(w, "label", p ? p->name : store_text(row, CHANGE_BY_NAME));
    jw_end_object(w);
    jw_kstr(w, "via", store_text(row, CHANGE_VIA));
    jw_kint(w, "declaration", of->id);
    jw_kstr(w, "entity", store_text(of, MODEL_ENTITY));
    jw_kstr(w, "field", store_text(of, MODEL_FIELD));
}

/* What goes for ever was purged; any other left for the text that declares it now. */
static void put_end(telling *t, const store_row *row, const store_row *of)
{
    bool is_purged = str_is(store_text(row, CHANGE_VIA), "batch:purge");
    if (!store_text(of, MODEL_BODY).n) {
        return; /* it never came */
    }
    begin_entry(t, row, of);
    jw_kstr(&t->w, "did", str_of(is_purged ? "purged" : "handed_over"));
    put_keys(&t->w, NULL, NULL);
    jw_key(&t->w, CRM_S("was"));
    jw_null(&t->w);
    jw_end_object(&t->w);
}

static void put_change(telling *t, const store_row *row, const store_row *of, const change *ch)
{
    json_t *was = NULL, *now = NULL;
    crm_str before = text_of(of_column(ch, MODEL_BODY, ch->was));
    crm_str after = text_of(of_column(ch, MODEL_BODY, ch->now));
    bool is_read = after.n && json_read(after, 0, &now, NULL) == CRM_OK;
    if (is_read && (!before.n || json_read(before, 0, &was, NULL) == CRM_OK)) {
        begin_entry(t, row, of);
        jw_kstr(&t->w, "did", str_of(name_of_change(ch, was, now)));
        put_keys(&t->w, was, now);
        put_former(&t->w, ch);
        jw_end_object(&t->w);
    }
    json_decref(was);
    json_decref(now);
}

static crm_status put_row(telling *t, const store_row *row)
{
    const crm_ctx *c = t->x->c;
    const store_row *of = declaration_of(t, store_int(row, CHANGE_RECORD));
    crm_str op = store_text(row, CHANGE_OP);
    change ch = {.reg = c->reg,
                 .entity = registry_store(c->reg, STORE_MODEL),
                 .record = store_int(row, CHANGE_RECORD),
                 .op = op.n ? op.p[0] : 'u'};
    if (of && ch.op == 'd') {
        put_end(t, row, of);
        return CRM_OK;
    }
    crm_status s = of ? changelog_read_body(c->arena, store_text(row, CHANGE_BODY), &ch) : CRM_OK;
    if (s == CRM_OK && of) {
        put_change(t, row, of, &ch);
    }
    return s;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static crm_status read_declared(telling *t)
{
    crm_ctx *c = t->x->c;
    query *q = query_new(c->arena, registry_store(c->reg, STORE_MODEL));
    if (!q) {
        return CRM_NOMEM;
    }
    q->limit = MODEL_ROWS_MAX;
    q->with_deleted = true;
    return store_list(c->session, c->arena, q, &t->declared, &t->count);
}

static crm_status read_log(telling *t, store_row **rows, uint32_t *count)
{
    crm_ctx *c = t->x->c;
    const entity *log = registry_store(c->reg, STORE_CHANGE);
    int64_t before = t->x->ask->before ? t->x->ask->before : INT64_MAX;
    uint32_t id = registry_store(c->reg, STORE_MODEL)->id;
    query *q = query_new(c->arena, log);
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_and(c->arena,
                        cond_compare(c->arena, COND_EQ, &log->fields[CHANGE_ENTITY], value_int(id)),
                        cond_compare(c->arena, COND_LT, &log->fields[COL_ID], value_int(before)));
    q->sorts[0] = (sort){&log->fields[COL_ID], true};
    q->sort_count = 1;
    q->limit = PAGE;
    return store_list(c->session, c->arena, q, rows, count);
}

crm_status model_changes(model_change *x, buf *json)
{
    telling t = {.x = x};
    store_row *rows = NULL;
    uint32_t count = 0;
    engine_turn_end(x->c->session);
    crm_status s = read_declared(&t);
    s = s == CRM_OK ? read_log(&t, &rows, &count) : s;
    jw_init(&t.w, json);
    jw_object(&t.w);
    jw_karray(&t.w, "rows");
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = put_row(&t, &rows[i]);
    }
    jw_end_array(&t.w);
    jw_key(&t.w, CRM_S("next"));
    if (count == PAGE) {
        char next[POSITION_ROOM];
        position_write(place, rows[count - 1].id, next);
        jw_str(&t.w, str_of(next));
    } else {
        jw_null(&t.w);
    }
    jw_end_object(&t.w);
    return s == CRM_OK && json->failed ? CRM_NOMEM : s;
}
