/* register_pipeline.c - pipelines of a ТЗ: each replaces the one a module gives its entity. */
#include "tz/register.h"

#define STAGES_MAX 64

typedef struct reading {
    registering *g;
    const entity *e;
    const pipeline *was; /* the module's, whose words and colors stand where the ТЗ says none */
    pipeline p;
} reading;

static const crm_str outcome_words[] = {{"open", 4}, {"won", 3}, {"lost", 4}, {"done", 4}};

/* Colors by turn for stages without one. */
static crm_str default_color(outcome ends, uint32_t at)
{
    static const crm_str open_colors[] = {{"blue", 4},  {"indigo", 6}, {"violet", 6},
                                          {"amber", 5}, {"teal", 4},   {"pink", 4}};
    if (ends != OUTCOME_OPEN) {
        return ends == OUTCOME_LOST ? CRM_S("gray") : CRM_S("green");
    }
    return open_colors[at % (sizeof open_colors / sizeof open_colors[0])];
}

/* Positions of the fields that a list names. */
static const uint16_t *positions(reading *k, const yaml_node *list, uint32_t *count)
{
    uint16_t *at = list ? ARENA_ARRAY(k->g->a, uint16_t, (size_t)list->count + 1) : NULL;
    *count = 0;
    if (!at) {
        return NULL;
    }
    TZ_EACH_NAME(n, list)
    {
        const field *f = field_named(k->g, k->e, n, n->text);
        if (f) {
            at[(*count)++] = f->index;
        }
    }
    return at;
}

static void read_stage(reading *k, const yaml_node *n, uint32_t at, stage *out)
{
    const stage *old = k->was ? pipeline_stage(k->was, n->key, NULL) : NULL;
    crm_str title = yaml_text(n, "title"), color = yaml_text(n, "color");
    crm_str ends = yaml_text(n, "outcome");
    int64_t probability = 0;
    *out = (stage){.name = arena_dup(k->g->a, n->key)};
    for (int i = 0; i < 4; i++) {
        if (str_eq(ends, outcome_words[i])) {
            out->outcome = (outcome)i;
        }
    }
    out->label = title.n ? arena_dup(k->g->a, title) : old ? old->label : out->name;
    out->color = color.n               ? arena_dup(k->g->a, color)
                 : old && old->color.n ? old->color
                                       : default_color(out->outcome, at);
    if (str_to_i64(yaml_text(n, "probability"), &probability) == CRM_OK) {
        out->probability = (uint8_t)probability;
    }
    out->require = positions(k, yaml_get(n, "require"), &out->require_count);
}

/* A bit per stage that the list names; cross_check has refused unknown ones. */
static uint64_t bits_of(const reading *k, const yaml_node *list)
{
    uint64_t bits = 0;
    uint32_t i;
    TZ_EACH_NAME(n, list)
    {
        if (pipeline_stage(&k->p, n->text, &i)) {
            bits |= 1ull << i;
        }
    }
    return bits;
}

static void read_stages(reading *k, const yaml_node *n)
{
    const yaml_node *all = node_map(n, "stages");
    stage *rows = ARENA_ARRAY(k->g->a, stage, (size_t)(all ? all->count : 0) + 1);
    if (!rows || !all || all->count > STAGES_MAX) {
        return;
    }
    YAML_EACH(s, all) {
        read_stage(k, s, k->p.stage_count, &rows[k->p.stage_count]);
        k->p.stage_count++;
    }
    k->p.stages = rows;
    uint64_t start = bits_of(k, yaml_get(n, "start"));
    for (uint32_t i = 0; i < k->p.stage_count; i++) {
        rows[i].is_start = start >> i & 1;
    }
}

static void read_moves(reading *k, const yaml_node *moves)
{
    stage_move *rows = moves ? ARENA_ARRAY(k->g->a, stage_move, (size_t)moves->count + 1) : NULL;
    if (!rows) {
        return;
    }
    YAML_EACH(n, moves) {
        stage_move *row = &rows[k->p.move_count++];
        *row = (stage_move){.from = bits_of(k, yaml_get(n, "from")),
                            .to = bits_of(k, yaml_get(n, "to"))};
        row->who = names_list(k->g, yaml_get(n, "who"), &row->who_count);
    }
    k->p.moves = rows;
}

static void read_locks(reading *k, const yaml_node *locks)
{
    stage_lock *rows = locks ? ARENA_ARRAY(k->g->a, stage_lock, (size_t)locks->count + 1) : NULL;
    if (!rows) {
        return;
    }
    YAML_EACH(n, locks) {
        stage_lock *row = &rows[k->p.lock_count++];
        *row = (stage_lock){.stages = bits_of(k, yaml_get(n, "stage"))};
        row->fields = positions(k, yaml_get(n, "fields"), &row->field_count);
        row->except = names_list(k->g, yaml_get(n, "except"), &row->except_count);
    }
    k->p.locks = rows;
}

static void register_pipeline(registering *g, const yaml_node *n)
{
    const yaml_node *of = yaml_get(n, "of"), *all = node_map(n, "stages");
    reading k = {.g = g, .e = entity_named(g, of, of->text)};
    if (!k.e) {
        return;
    }
    if (!k.e->stage_field) {
        tz_refuse(g->f, of, "no_stage_field", of->text);
        return;
    }
    if (!all || !all->count || all->count > STAGES_MAX) {
        tz_refuse_key(g->f, n, all && all->count ? "too_many_stages" : "no_stages");
        return;
    }
    k.was = pipeline_of_entity(g->r, k.e);
    crm_str title = yaml_text(n, "title");
    k.p = (pipeline){
        .name = arena_dup(g->a, n->key), .entity_name = k.e->name, .source = tz_source(g->a, n)};
    k.p.label = title.n ? arena_dup(g->a, title) : k.was ? k.was->label : k.p.name;
    read_stages(&k, n);
    read_moves(&k, yaml_get(n, "moves"));
    read_locks(&k, yaml_get(n, "locks"));
    if (registry_add_pipeline(g->r, &k.p) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

void register_pipelines(registering *g)
{
    YAML_EACH(n, node_map(g->t->root, "pipelines")) {
        register_pipeline(g, n);
    }
}
