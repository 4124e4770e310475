/* records_json.c - a record as API.md shows it: only the fields its reader may see. */
#include "data/search.h"
#include "net/api_private.h"

static bool is_wanted(const uint64_t select[4], uint32_t i)
{
    return !(select[0] | select[1] | select[2] | select[3]) || bits_has(select, i);
}

static void system_fields(json_writer *w, crm_ctx *c, const record_view *v,
                          const uint64_t select[4])
{
    static const struct {
        int column;
        const char *name;
    } times[] = {{COL_CREATED_AT, "created_at"},
                 {COL_UPDATED_AT, "updated_at"},
                 {COL_DELETED_AT, "deleted_at"}};
    char text[CLOCK_TEXT];
    jw_kint(w, "id", v->row[COL_ID].i);
    jw_kint(w, "rev", v->row[COL_REV].i);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        value at = v->row[times[i].column];
        if (value_is_null(at) || !is_wanted(select, (uint32_t)times[i].column))
            continue;
        clock_format(at.i, text);
        jw_kstr(w, times[i].name, str_of(text));
    }
    if (!is_wanted(select, COL_CREATED_BY))
        return;
    const person *p = people_user(c->people, v->row[COL_CREATED_BY].i);
    jw_key(w, CRM_S("created_by"));
    field_to_json(w, &v->entity->fields[COL_CREATED_BY], v->row[COL_CREATED_BY],
                  p ? p->name : (crm_str){0}, false);
}

/* Marks of fields the reader may see. */
static void marks(json_writer *w, const record_view *v)
{
    json_t *all;
    const char *name;
    json_t *code;
    if (value_is_null(v->row[COL_MARKS]) || json_read(v->row[COL_MARKS].s, 0, &all, NULL) != CRM_OK)
        return;
    jw_kobject(w, "_marks");
    json_object_foreach(all, name, code)
    {
        const field *f = entity_field(v->entity, str_of(name));
        if (f && bits_has(v->visible, f->index) && json_is_string(code))
            jw_kstr(w, name, str_of(json_string_value(code)));
    }
    jw_end_object(w);
    json_decref(all);
}

static void moves(json_writer *w, crm_ctx *c, const record_view *v)
{
    const entity *e = v->entity;
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    const stage *from = p ? pipeline_stage(p, v->row[e->stage_field].s, NULL) : NULL;
    for (uint32_t i = 0; from && i < p->stage_count; i++)
        if (&p->stages[i] != from && rights_move(c, e, v->row, from, &p->stages[i]) == CRM_OK)
            jw_str(w, arena_fmt(c->arena, "move:%.*s", STR_FMT(p->stages[i].name)));
}

static void actions(json_writer *w, crm_ctx *c, const record_view *v, bool is_full)
{
    static const struct {
        action a;
        const char *name;
    } all[] = {{ACTION_UPDATE, "update"},
               {ACTION_DELETE, "delete"},
               {ACTION_REASSIGN, "reassign"},
               {ACTION_MERGE, "merge"}};
    jw_karray(w, "_can");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (v->actions >> all[i].a & 1)
            jw_str(w, str_of(all[i].name));
    if (is_full && v->actions >> ACTION_UPDATE & 1)
        moves(w, c, v);
    jw_end_array(w);
}

static void put_record(json_writer *w, crm_ctx *c, const record_view *v, const uint64_t select[4],
                       bool is_full)
{
    jw_object(w);
    system_fields(w, c, v, select);
    for (uint32_t i = COL_OWN; i < v->entity->field_count; i++) {
        const field *f = &v->entity->fields[i];
        if (f->flags & FIELD_HIDDEN || !bits_has(v->visible, i) || !is_wanted(select, i))
            continue;
        jw_name(w, f->name);
        field_to_json(w, f, v->row[i], v->labels ? v->labels[i] : (crm_str){0},
                      bits_has(v->denied, i));
    }
    marks(w, v);
    actions(w, c, v, is_full);
}

void record_json(json_writer *w, crm_ctx *c, const record_view *v, const uint64_t select[4],
                 bool is_full)
{
    put_record(w, c, v, select, is_full);
    jw_end_object(w);
}

void record_json_found(json_writer *w, crm_ctx *c, const record_view *v, const uint64_t select[4],
                       const search_found *found)
{
    put_record(w, c, v, select, false);
    if (found)
        search_found_json(w, v, found);
    jw_end_object(w);
}

void api_record_json(json_writer *w, crm_ctx *c, const record_view *v)
{
    static const uint64_t all[4];
    record_json(w, c, v, all, false);
}
