/*
 * demo_value.c - what stands behind a field's name in a demo file: a value as people write it, a
 * moment, a login, or the key of another record. Any thread.
 */
#include "data/field.h"
#include "data/stores.h"
#include "tz/demo_private.h"

/* ---- faults ---------------------------------------------------------------------------------- */

tz_fault demo_fault(const crm_ctx *c, const yaml_node *n, const field_error *e)
{
    buf b;
    tz_fault fault = tz_fault_value(n, "not_written", e->field);
    crm_str key = arena_fmt(c->arena, "field.%.*s", STR_FMT(e->code));
    buf_init(&b, 0);
    registry_text_fill(e->text.n ? e->text : registry_text(c->reg, c->lang, key), e->params_json,
                       &b);
    fault.expected = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return fault;
}

static bool refuse(demo_reading *x, const yaml_node *n, const char *code, crm_str params)
{
    field_error e = {.field = n->key, .code = str_of(code), .params_json = params};
    tz_fault fault = demo_fault(x->c, n, &e);
    tz_faults_add(&x->f, &fault);
    return false;
}

static bool refuse_near(demo_reading *x, const yaml_node *n, const char *code,
                        const tz_names *known)
{
    tz_refuse_near(&x->f, n, code, n->text, known);
    return false;
}

/* ---- moments --------------------------------------------------------------------------------- */

bool demo_read_clock(crm_str s, int64_t *ms)
{
    int64_t hours, minutes;
    if (s.n != 5 || s.p[2] != ':' || str_to_i64((crm_str){s.p, 2}, &hours) != CRM_OK ||
        str_to_i64((crm_str){s.p + 3, 2}, &minutes) != CRM_OK) {
        return false;
    }
    *ms = (hours * 60 + minutes) * 60000;
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

/* That much after midnight as the deployment's clocks show it. */
static int64_t on_clock(const crm_ctx *c, int64_t midnight, int64_t ms)
{
    const struct zone *z = c->env.zone;
    return z ? zone_from_local(z, midnight + zone_offset(z, midnight) + ms) : midnight + ms;
}

/*
 * "now-40m", "today+1d", "today-3d 16:30"; false when it is none of them. A day that is no working
 * day gives way to the one before it where the moment has `passed`, else to the next.
 */
static bool read_relative(const demo_reading *x, const field *f, crm_str text, bool passed,
                          value *out)
{
    const crm_ctx *c = x->c;
    value moment;
    int64_t ms = 0;
    crm_str word, clock = text;
    if (!str_split(&clock, ' ', &word) || !cond_read_moment(word, &moment)) {
        return false;
    }
    bool takes_clock = moment.kind == VALUE_TODAY && f->type == FIELD_DATETIME;
    if (clock.n && (!takes_clock || !demo_read_clock(clock, &ms))) {
        return false;
    }
    int way = passed || moment.i < 0 ? -1 : 1;
    if (moment.kind == VALUE_NOW && f->type == FIELD_DATETIME) {
        *out = value_int(demo_work_moment(x, moment.i));
        return true;
    }
    if (moment.kind == VALUE_TODAY) {
        moment.i = demo_today(x, moment.i, way);
    }
    *out = cond_value(f, moment, &c->env);
    if (clock.n) {
        out->i = on_clock(c, out->i, ms);
    } else if (f->type == FIELD_DATE) {
        out->i = demo_workday(x, out->i, way);
    }
    return true;
}

bool demo_read_moment(demo_reading *x, const yaml_node *n, int64_t *ms)
{
    static const field moment = {.type = FIELD_DATETIME};
    value v;
    if (read_relative(x, &moment, n->text, true, &v)) {
        *ms = v.i;
        return true;
    }
    return field_parse_datetime(x->c->reg, n->text, ms) == CRM_OK ||
           refuse(x, n, "date_invalid", (crm_str){0});
}

/* ---- people ---------------------------------------------------------------------------------- */

bool demo_read_login(demo_reading *x, const yaml_node *n, int64_t *user)
{
    const people *p = x->c->people;
    const person *who = people_by_login(p, n->text);
    tz_names known = {0};
    if (who) {
        *user = who->id;
        return true;
    }
    for (uint32_t i = 0; i < p->user_count; i++) {
        tz_names_add(x->f.a, &known, p->users[i].login);
    }
    return refuse_near(x, n, "unknown_person", &known);
}

static bool read_department(demo_reading *x, const yaml_node *n, value *out)
{
    const people *p = x->c->people;
    tz_names known = {0};
    for (uint32_t i = 0; i < p->department_count; i++) {
        if (str_eq(p->departments[i].name, n->text)) {
            *out = value_int(p->departments[i].id);
            return true;
        }
        tz_names_add(x->f.a, &known, p->departments[i].name);
    }
    return refuse_near(x, n, "unknown_department", &known);
}

/* ---- records of the file --------------------------------------------------------------------- */

static bool find_record(demo_reading *x, const entity *e, uint32_t own, const yaml_node *n,
                        uint32_t *place)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < x->d->record_count; i++) {
        const demo_record *r = &x->d->records[i];
        if (r->entity != e) {
            continue;
        }
        bool is_it = str_eq(r->node->key, n->text);
        if (is_it && i < own) {
            *place = i;
            return true;
        }
        if (is_it) {
            tz_refuse(&x->f, n, "demo_below", n->text);
            return false;
        }
        tz_names_add(x->f.a, &known, r->node->key);
    }
    return refuse_near(x, n, "demo_no_record", &known);
}

static bool read_targets(demo_reading *x, uint32_t own, const yaml_node *n, demo_value *out,
                         int64_t *known_at)
{
    bool is_sound = true;
    const field *f = out->field;
    uint32_t *targets = ARENA_ARRAY(x->c->arena, uint32_t, (size_t)n->count + 1);
    TZ_EACH_NAME(one, n)
    {
        uint32_t place;
        if (!targets || !find_record(x, f->ref, own, one, &place)) {
            is_sound = false;
            continue;
        }
        int64_t at = x->d->records[place].made_at;
        targets[out->target_count++] = place;
        *known_at = at > *known_at ? at : *known_at;
    }
    out->targets = targets;
    return is_sound;
}

/* ---- plain values ---------------------------------------------------------------------------- */

static bool is_among(demo_reading *x, const field *f, const yaml_node *n)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < f->choice_count; i++) {
        tz_names_add(x->f.a, &known, f->choices[i].value);
    }
    for (uint32_t i = 0; f->pipeline && i < f->pipeline->stage_count; i++) {
        tz_names_add(x->f.a, &known, f->pipeline->stages[i].name);
    }
    return tz_names_has(&known, n->text) ||
           refuse_near(x, n, f->pipeline ? "unknown_stage" : "not_a_choice", &known);
}

/* A list as the lines that a field with many values is written by. */
static crm_str lines_of(arena *a, const yaml_node *n)
{
    crm_str all = n->text;
    YAML_EACH(item, n) {
        all = item == n->first ? item->text
                               : arena_fmt(a, "%.*s\n%.*s", STR_FMT(all), STR_FMT(item->text));
    }
    return all;
}

static bool read_plain(demo_reading *x, const field *f, const yaml_node *n, value *out)
{
    field_result got;
    field_source s = {.arena = x->c->arena, .reg = x->c->reg};
    if ((f->type == FIELD_CHOICE || f->type == FIELD_STAGE) && n->text.n && !is_among(x, f, n)) {
        return false;
    }
    crm_status st = field_read_text(&s, f, lines_of(x->c->arena, n), &got);
    *out = got.v;
    if (st == CRM_OK && got.is_marked) {
        return refuse(x, n, field_mark_code(f), (crm_str){0}); /* an example is to be sound */
    }
    return st == CRM_OK || refuse(x, n, got.code ? got.code : status_code(st), got.params_json);
}

/* ---- the field ------------------------------------------------------------------------------- */

static bool is_written(const field *f)
{
    return f->index >= COL_OWN && !(f->flags & FIELD_HIDDEN);
}

static const field *find_field(demo_reading *x, const entity *e, const yaml_node *n)
{
    const field *f = entity_field(e, n->key);
    tz_names known = {0};
    if (f && is_written(f)) {
        return f;
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (is_written(&e->fields[i])) {
            tz_names_add(x->f.a, &known, e->fields[i].name);
        }
    }
    tz_fault fault = tz_fault_key(n, "unknown_field");
    fault.nearest = text_nearest(n->key, known.at, known.count);
    tz_faults_add(&x->f, &fault);
    return NULL;
}

/* A map is no value, and a list is one only where there may be many. */
static bool has_shape(demo_reading *x, const field *f, const yaml_node *n)
{
    bool is_flat = n->kind != YAML_MAP;
    YAML_EACH(item, n) {
        is_flat = is_flat && item->kind == YAML_SCALAR;
    }
    bool fits = n->kind == YAML_SCALAR || f->flags & FIELD_MANY || f->type == FIELD_REFS ||
                f->type == FIELD_CHOICES || f->type == FIELD_TAGS;
    return (is_flat && fits) || refuse(x, n, "type_mismatch", (crm_str){0});
}

bool demo_read_value(demo_reading *x, const entity *e, uint32_t own, const yaml_node *n,
                     demo_value *out, int64_t *known_at)
{
    const field *f = find_field(x, e, n);
    *out = (demo_value){.field = f};
    if (!f || !has_shape(x, f, n)) {
        return false;
    }
    if (f->flags & FIELD_READ_ONLY || f->type == FIELD_COMPUTED) {
        return refuse(x, n, "read_only", (crm_str){0});
    }
    if (node_is_nothing(n)) {
        return true;
    }
    if (f->type == FIELD_USER) {
        out->v = value_int(0);
        return demo_read_login(x, n, &out->v.i);
    }
    if (f->ref && f->ref == registry_store(x->c->reg, STORE_DEPARTMENT)) {
        return read_department(x, n, &out->v);
    }
    if (f->type == FIELD_REF || f->type == FIELD_REFS) {
        return read_targets(x, own, n, out, known_at);
    }
    bool is_time = f->type == FIELD_DATE || f->type == FIELD_DATETIME;
    return (is_time && read_relative(x, f, n->text, false, &out->v)) ||
           read_plain(x, f, n, &out->v);
}
