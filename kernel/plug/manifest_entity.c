/* manifest_entity.c - entities, extensions of others' entities, and pipelines. */
#include "plug/manifest.h"

/* ---- entities -------------------------------------------------------------------------------- */

static uint16_t named_field(reader *rd, const yaml_node *n, const char *key, const field_list *l)
{
    const yaml_node *at = yaml_get(n, key);
    return at ? field_at(rd, l, at, at->text) : 0;
}

static void read_owners(reader *rd, const yaml_node *n, const field_list *l, entity *e)
{
    const yaml_node *owner = yaml_get(n, "owner");
    uint32_t count = 0;
    if (owner && owner->kind == YAML_SCALAR) {
        e->owner_fields[0] = field_at(rd, l, owner, owner->text);
        return;
    }
    YAML_EACH(o, owner) {
        if (count == 3) {
            fault_at(rd->f, owner, "too_many", owner->key);
            return;
        }
        e->owner_fields[count++] = field_at(rd, l, o, o->text);
    }
}

/* One index: a list of fields, or {unique: [...]}. One that names a dropped field is dropped. */
static bool read_index(reader *rd, const yaml_node *n, const field_list *l, entity_index *out)
{
    const yaml_node *unique = n->kind == YAML_MAP ? yaml_get(n, "unique") : NULL;
    const yaml_node *list = unique ? unique : n;
    out->is_unique = unique != NULL;
    if (list->kind != YAML_LIST || list->count == 0 || list->count > 4) {
        fault_at(rd->f, n, "wrong_type", CRM_S("indexes"));
        return false;
    }
    YAML_EACH(item, list) {
        uint16_t at = field_at(rd, l, item, item->text);
        if (!at) {
            return false;
        }
        out->field[out->count++] = at;
    }
    return true;
}

static void read_indexes(reader *rd, const yaml_node *indexes, const field_list *l, entity *e)
{
    entity_index *rows = indexes ? ARENA_ARRAY(rd->a, entity_index, (size_t)indexes->count) : NULL;
    if (!rows) {
        return;
    }
    YAML_EACH(n, indexes) {
        entity_index row = {0};
        if (read_index(rd, n, l, &row)) {
            rows[e->index_count++] = row;
        }
    }
    e->indexes = rows;
}

/* {same: phone}, {same: [inn, kpp]} or {similar: name, from: 85}; with a dropped field it is
 * dropped. */
static bool read_match_rule(reader *rd, const yaml_node *n, const field_list *l, match_rule *out)
{
    static const char *const keys[] = {"same", "similar", "from", NULL};
    const yaml_node *same = yaml_get(n, "same"), *similar = yaml_get(n, "similar");
    if (!keys_check(rd->f, n, keys)) {
        return false;
    }
    if (!same == !similar || (same && yaml_get(n, "from"))) {
        fault_at(rd->f, n, "wrong_type", CRM_S("match"));
        return false;
    }
    int64_t from = similar ? read_number(rd, n, "from", MATCH_FROM) : 0;
    out->from =
        (uint8_t)(from < 0 || from > 255 ? 1 : from); /* seal refuses what is out of range */
    const yaml_node *first = same ? same : similar;
    const yaml_node *item = first->kind == YAML_LIST ? first->first : first;
    for (; item; item = first->kind == YAML_LIST ? item->next : NULL) {
        uint16_t at = out->count < 4 ? field_at(rd, l, item, item->text) : 0;
        if (!at) {
            return false;
        }
        out->field[out->count++] = at;
    }
    return out->count > 0;
}

static void read_matches(reader *rd, const yaml_node *matches, const field_list *l, entity *e)
{
    match_rule *rows = matches ? ARENA_ARRAY(rd->a, match_rule, (size_t)matches->count) : NULL;
    if (!rows) {
        return;
    }
    YAML_EACH(n, matches) {
        match_rule row = {0};
        if (read_match_rule(rd, n, l, &row)) {
            rows[e->match_count++] = row;
        }
    }
    e->matches = rows;
}

/* ---- timelines ------------------------------------------------------------------------------- */

/* Fields by name, one or a list; those of what is not enabled are left out. */
static uint8_t timeline_fields(reader *rd, const yaml_node *n, const field_list *l,
                               uint16_t out[TIMELINE_FIELDS_MAX])
{
    uint8_t count = 0;
    const yaml_node *item = n && n->kind == YAML_LIST ? n->first : n;
    for (; item; item = n->kind == YAML_LIST ? item->next : NULL) {
        uint16_t at = field_at(rd, l, item, item->text);
        if (at && count == TIMELINE_FIELDS_MAX) {
            fault_at(rd->f, n, "too_many", n->key);
            return count;
        }
        if (at) {
            out[count++] = at;
        }
    }
    return count;
}

/* {own: true, on: [lead, deal], at: created_at, title: title, show: [kind], kind: task}. Where
 * nothing of `on` is enabled there is nothing to join. */
static void read_join(reader *rd, const yaml_node *n, const field_list *l, entity *e)
{
    static const char *const keys[] = {"own", "on", "at", "title", "show", "kind", NULL};
    timeline_join *j = ARENA_NEW(rd->a, timeline_join);
    if (!j || !keys_check(rd->f, n, keys)) {
        return;
    }
    e->flags |= read_flag(rd, n, "own") ? ENTITY_TIMELINE : 0;
    crm_str own = {e->name.p + rd->m->name.n + 1, e->name.n - rd->m->name.n - 1};
    *j = (timeline_join){.kind = yaml_get(n, "kind") ? yaml_text(n, "kind") : own,
                         .at = yaml_get(n, "at") ? named_field(rd, n, "at", l) : COL_CREATED_AT,
                         .title = yaml_get(n, "title") ? named_field(rd, n, "title", l)
                                                       : e->title_field};
    j->on_count = timeline_fields(rd, yaml_get(n, "on"), l, j->on);
    j->show_count = timeline_fields(rd, yaml_get(n, "show"), l, j->show);
    if (!is_snake_case(j->kind)) {
        fault_at(rd->f, n, "wrong_type", CRM_S("kind"));
    } else if (j->on_count) {
        e->join = j;
    }
}

static void read_timeline(reader *rd, const yaml_node *n, const field_list *l, entity *e)
{
    const yaml_node *at = yaml_get(n, "timeline");
    if (at && at->kind == YAML_MAP) {
        read_join(rd, at, l, e);
    } else if (read_flag(rd, n, "timeline")) {
        e->flags |= ENTITY_TIMELINE;
    }
}

static void list_search_fields(reader *rd, const field_list *l, entity *e)
{
    uint16_t *rows = ARENA_ARRAY(rd->a, uint16_t, l->count + 1);
    if (!rows) {
        return;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->at[i].flags & FIELD_SEARCH) {
            rows[e->search_count++] = (uint16_t)(COL_OWN + i);
        }
    }
    e->search_fields = rows;
}

/* The pipeline of this module that belongs to the entity, or an empty name: the ТЗ brings one. */
static crm_str pipeline_of(reader *rd, crm_str entity_name)
{
    YAML_EACH(n, yaml_get(rd->m->root, "pipelines")) {
        if (str_eq(yaml_text(n, "of"), entity_name)) {
            return arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(rd->m->name), STR_FMT(n->key));
        }
    }
    return (crm_str){0};
}

static void label_entity(reader *rd, const yaml_node *n, entity *e)
{
    e->label_one = arena_fmt(rd->a, "%.*s.one", STR_FMT(e->name));
    e->label_many = arena_fmt(rd->a, "%.*s.many", STR_FMT(e->name));
    e->label_count = arena_fmt(rd->a, "%.*s.count", STR_FMT(e->name));
    e->icon = yaml_text(n, "icon");
}

void read_entity(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"icon",    "title", "owner",    "department",
                                       "part_of", "stage", "fields",   "indexes",
                                       "match",   "views", "timeline", NULL};
    entity *e = ARENA_NEW(rd->a, entity);
    field_list l = {0};
    if (!e || !keys_check(rd->f, n, keys)) {
        return;
    }
    e->name = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(rd->m->name), STR_FMT(n->key));
    e->module = rd->m->name;
    e->source = node_source(rd->a, n);
    label_entity(rd, n, e);
    l.label_prefix = e->name;
    read_fields(rd, yaml_get(n, "fields"), &l);
    e->fields = l.at;
    e->field_count = l.count;
    e->title_field = named_field(rd, n, "title", &l);
    e->department_field = named_field(rd, n, "department", &l);
    e->stage_field = named_field(rd, n, "stage", &l);
    e->parent_field = named_field(rd, n, "part_of", &l);
    if (e->stage_field >= COL_OWN) {
        l.at[e->stage_field - COL_OWN].ref_name = pipeline_of(rd, e->name);
    }
    read_owners(rd, n, &l, e);
    read_indexes(rd, yaml_get(n, "indexes"), &l, e);
    read_matches(rd, yaml_get(n, "match"), &l, e);
    read_timeline(rd, n, &l, e);
    list_search_fields(rd, &l, e);
    e->views_json = read_views(rd, yaml_get(n, "views"), &l, e->name);
    if (registry_add_entity(rd->r, e) != CRM_OK) {
        fault_at(rd->f, n, "duplicate", e->name);
    }
}

/* Fields on another module's entity; dropped with it. */
void read_extension(reader *rd, const yaml_node *n)
{
    field_list l = {.label_prefix = n->key};
    if (!is_enabled(rd->on, n->key)) {
        return;
    }
    read_fields(rd, n, &l);
    if (l.count && registry_extend(rd->r, n->key, l.at, l.count) != CRM_OK) {
        fault_at(rd->f, n, "refused", n->key);
    }
}

/* ---- pipelines ------------------------------------------------------------------------------- */

/* The fields of an own entity by position, as read_fields will have placed them. */
static bool own_fields(reader *rd, crm_str entity_name, field_list *out)
{
    YAML_EACH(e, yaml_get(rd->m->root, "entities")) {
        crm_str name = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(rd->m->name), STR_FMT(e->key));
        if (str_eq(name, entity_name)) {
            faults quiet = *rd->f; /* its faults were told when the entity was read */
            registry_fault *ignored = NULL;
            reader again = *rd;
            faults_init(&quiet, rd->a, &ignored);
            again.f = &quiet;
            out->label_prefix = name;
            read_fields(&again, yaml_get(e, "fields"), out);
            return true;
        }
    }
    return false;
}

static outcome read_outcome(reader *rd, const yaml_node *n)
{
    static const crm_str words[] = {{"open", 4}, {"won", 3}, {"lost", 4}, {"done", 4}};
    const yaml_node *at = yaml_get(n, "outcome");
    for (int i = 0; at && i < 4; i++) {
        if (str_eq(at->text, words[i])) {
            return (outcome)i;
        }
    }
    if (at) {
        fault_near(rd->f, at, "not_a_choice", at->text, words, 4);
    }
    return OUTCOME_OPEN;
}

static void read_stage(reader *rd, const yaml_node *n, const field_list *l, crm_str prefix,
                       stage *out)
{
    static const char *const keys[] = {"color", "probability", "outcome", "require", NULL};
    const yaml_node *require = yaml_get(n, "require");
    uint16_t *fields = require ? ARENA_ARRAY(rd->a, uint16_t, (size_t)require->count) : NULL;
    out->name = n->key;
    out->label = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(prefix), STR_FMT(n->key));
    if (n->kind == YAML_SCALAR && !n->text.n) {
        return; /* `new:` alone */
    }
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    out->color = yaml_text(n, "color");
    out->outcome = read_outcome(rd, n);
    out->probability = (uint8_t)read_number(rd, n, "probability", 0);
    out->require = fields;
    for (const yaml_node *f = fields ? require->first : NULL; f; f = f->next) {
        uint16_t at = field_at(rd, l, f, f->text);
        if (at) {
            fields[out->require_count++] = at;
        }
    }
}

static uint64_t stage_bits(reader *rd, const yaml_node *n, const pipeline *p)
{
    uint64_t bits = 0;
    const yaml_node *item = n && n->kind == YAML_LIST ? n->first : n;
    for (; item; item = n->kind == YAML_LIST ? item->next : NULL) {
        uint32_t i = 0;
        while (i < p->stage_count && !str_eq(p->stages[i].name, item->text)) {
            i++;
        }
        if (i == p->stage_count) {
            fault_at(rd->f, item, "unknown_stage", item->text);
        } else {
            bits |= 1ull << i;
        }
    }
    return bits;
}

static void read_moves(reader *rd, const yaml_node *moves, pipeline *p)
{
    static const char *const keys[] = {"from", "to", NULL};
    stage_move *rows = moves ? ARENA_ARRAY(rd->a, stage_move, (size_t)moves->count) : NULL;
    if (!rows) {
        return;
    }
    YAML_EACH(n, moves) {
        if (keys_check(rd->f, n, keys)) {
            stage_move *row = &rows[p->move_count++];
            row->from = stage_bits(rd, yaml_get(n, "from"), p);
            row->to = stage_bits(rd, yaml_get(n, "to"), p);
        }
    }
    p->moves = rows;
}

void read_pipeline(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"of", "stages", "start", "moves", NULL};
    const yaml_node *stages = yaml_get(n, "stages");
    field_list l = {0};
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    crm_str name = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(rd->m->name), STR_FMT(n->key));
    pipeline p = {.name = name,
                  .label = name,
                  .entity_name = yaml_text(n, "of"),
                  .source = node_source(rd->a, n)};
    if (!own_fields(rd, p.entity_name, &l)) {
        fault_near(rd->f, n, "unknown_entity", p.entity_name, rd->m->entities, rd->m->entity_count);
        return;
    }
    if (!stages || stages->kind != YAML_MAP || stages->count == 0 || stages->count > 64) {
        fault_at(rd->f, n, stages ? "too_many" : "missing", CRM_S("stages"));
        return;
    }
    stage *rows = ARENA_ARRAY(rd->a, stage, (size_t)stages->count);
    if (!rows) {
        return;
    }
    YAML_EACH(s, stages) {
        read_stage(rd, s, &l, name, &rows[p.stage_count++]);
    }
    p.stages = rows;
    uint64_t start = stage_bits(rd, yaml_get(n, "start"), &p);
    for (uint32_t i = 0; i < p.stage_count; i++) {
        rows[i].is_start = start ? start >> i & 1 : i == 0;
    }
    read_moves(rd, yaml_get(n, "moves"), &p);
    if (registry_add_pipeline(rd->r, &p) != CRM_OK) {
        fault_at(rd->f, n, "duplicate", name);
    }
}
