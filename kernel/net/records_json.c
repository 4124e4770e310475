/* records_json.c - a record as API.md shows it: only the fields its reader may see. */
#include "data/address.h"
#include "data/search.h"
#include "net/api_private.h"

#define TEXT(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }

static const json_member member_rev = JSON_MEMBER("rev"), member_can = JSON_MEMBER("_can"),
                         member_why = JSON_MEMBER("_why"),
                         member_created_by = JSON_MEMBER("created_by");
static const struct {
    uint32_t column;
    json_member member;
} times[] = {{COL_CREATED_AT, JSON_MEMBER("created_at")},
             {COL_UPDATED_AT, JSON_MEMBER("updated_at")},
             {COL_DELETED_AT, JSON_MEMBER("deleted_at")}};

static bool is_wanted(const uint64_t select[4], uint32_t i)
{
    return !(select[0] | select[1] | select[2] | select[3]) || bits_has(select, i);
}

static void moment(json_writer *w, const json_member *member, value at)
{
    char text[CLOCK_TEXT + 2];
    clock_format(at.i, text + 1);
    text[0] = text[CLOCK_TEXT] = '"';
    jw_member(w, member);
    jw_raw(w, (crm_str){text, CLOCK_TEXT + 1});
}

static void system_fields(json_writer *w, crm_ctx *c, const record_view *v,
                          const uint64_t select[4])
{
    jw_kint(w, "id", v->row[COL_ID].i);
    jw_member(w, &member_rev);
    jw_int(w, v->row[COL_REV].i);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (!value_is_null(v->row[times[i].column]) && is_wanted(select, times[i].column)) {
            moment(w, &times[i].member, v->row[times[i].column]);
        }
    }
    if (!is_wanted(select, COL_CREATED_BY)) {
        return;
    }
    const person *p = people_user(c->people, v->row[COL_CREATED_BY].i);
    jw_member(w, &member_created_by);
    field_to_json(w, &v->entity->fields[COL_CREATED_BY], &v->row[COL_CREATED_BY],
                  p ? p->name : (crm_str){0}, false);
}

/* Marks of fields the reader may see. */
static void marks(json_writer *w, const record_view *v)
{
    json_t *all;
    const char *name;
    json_t *code;
    if (value_is_null(v->row[COL_MARKS]) ||
        json_read(v->row[COL_MARKS].s, 0, &all, NULL) != CRM_OK) {
        return;
    }
    jw_kobject(w, "_marks");
    json_object_foreach(all, name, code)
    {
        const field *f = entity_field(v->entity, str_of(name));
        if (f && bits_has(v->visible, f->index) && json_is_string(code)) {
            jw_kstr(w, name, str_of(json_string_value(code)));
        }
    }
    jw_end_object(w);
    json_decref(all);
}

static void moves(json_writer *w, crm_ctx *c, const record_view *v)
{
    const entity *e = v->entity;
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    const stage *from = p ? pipeline_stage(p, v->row[e->stage_field].s, NULL) : NULL;
    for (uint32_t i = 0; from && i < p->stage_count; i++) {
        if (&p->stages[i] != from && rights_move(c, e, v->row, from, &p->stages[i]) == CRM_OK) {
            jw_str(w, arena_fmt(c->arena, "move:%.*s", STR_FMT(p->stages[i].name)));
        }
    }
}

/* Why it may not go to the other stages, for who may change it: a sentence for each. */
static void refusals(json_writer *w, crm_ctx *c, const record_view *v)
{
    const entity *e = v->entity;
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    const stage *from = p ? pipeline_stage(p, v->row[e->stage_field].s, NULL) : NULL;
    bool is_open = false;
    for (uint32_t i = 0; from && i < p->stage_count; i++) {
        const stage *to = &p->stages[i];
        if (to == from || rights_move(c, e, v->row, from, to) == CRM_OK) {
            continue;
        }
        if (!is_open) {
            jw_member(w, &member_why);
            jw_object(w);
            is_open = true;
        }
        crm_str why = rights_move_reason(c, e, from, to);
        jw_key(w, arena_fmt(c->arena, "move:%.*s", STR_FMT(to->name)));
        jw_str(w, problem_text(c, CRM_S("field.stage_move_denied"), why));
    }
    if (is_open) {
        jw_end_object(w);
    }
}

static void actions(json_writer *w, crm_ctx *c, const record_view *v, bool is_full)
{
    static const struct {
        action a;
        crm_str json;
    } all[] = {{ACTION_UPDATE, TEXT("\"update\"")},
               {ACTION_DELETE, TEXT("\"delete\"")},
               {ACTION_REASSIGN, TEXT("\"reassign\"")},
               {ACTION_MERGE, TEXT("\"merge\"")}};
    jw_member(w, &member_can);
    jw_array(w);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (v->actions >> all[i].a & 1) {
            jw_raw(w, all[i].json);
        }
    }
    bool is_movable = is_full && v->actions >> ACTION_UPDATE & 1;
    if (is_movable) {
        moves(w, c, v);
    }
    jw_end_array(w);
    if (is_movable) {
        refusals(w, c, v);
    }
}

static void own_fields(json_writer *w, const record_view *v)
{
    for (uint32_t i = 0; i < v->field_count; i++) {
        uint16_t at = v->fields[i];
        const field *f = &v->entity->fields[at];
        jw_member(w, &f->member);
        field_to_json(w, f, &v->row[at], v->labels ? v->labels[at] : (crm_str){0},
                      bits_has(v->denied, at));
    }
}

void address_json(json_writer *w, const address *all)
{
    jw_object(w);
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        if (all->part[p].n) {
            jw_key(w, address_part_name((address_part)p));
            jw_str(w, all->part[p]);
        }
    }
    jw_end_object(w);
}

/* What the lines of addresses say, part by part. */
static void address_parts(json_writer *w, crm_ctx *c, const record_view *v)
{
    bool is_open = false;
    for (uint32_t i = 0; i < v->field_count; i++) {
        const field *f = &v->entity->fields[v->fields[i]];
        const value *line = &v->row[v->fields[i]];
        address all;
        if (!f->parts || line->kind != VALUE_TEXT || bits_has(v->denied, f->index) ||
            address_read(c->arena, line->s, &all) != CRM_OK) {
            continue;
        }
        if (!is_open) {
            jw_kobject(w, "_parts");
            is_open = true;
        }
        jw_key(w, f->name);
        address_json(w, &all);
    }
    if (is_open) {
        jw_end_object(w);
    }
}

static void put_record(json_writer *w, crm_ctx *c, const record_view *v, const uint64_t select[4],
                       bool is_full)
{
    jw_object(w);
    system_fields(w, c, v, select);
    own_fields(w, v);
    marks(w, v);
    address_parts(w, c, v);
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
    if (found) {
        search_found_json(w, v, found);
    }
    jw_end_object(w);
}

void api_record_json(json_writer *w, crm_ctx *c, const record_view *v)
{
    static const uint64_t all[4];
    record_json(w, c, v, all, false);
}
