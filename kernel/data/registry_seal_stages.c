/* registry_seal_stages.c - sealing: every entity with a pipeline gets its stage log (stage_log.h).
 */
#include "data/registry_internal.h"
#include "data/stage_log.h"

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define KERNEL NAME("kernel")
#define ROW(name_, type_)                                                                \
    {                                                                                    \
        .name = NAME(name_), .label = NAME("stage_log.f." name_), .type = FIELD_##type_, \
        .flags = FIELD_READ_ONLY, .source = KERNEL                                       \
    }

static const field fields[STAY_COLUMNS - COL_OWN] = {
    [STAY_RECORD - COL_OWN] = ROW("record", REF),
    [STAY_STAGE - COL_OWN] = ROW("stage", CHOICE),
    [STAY_FROM - COL_OWN] = ROW("from", CHOICE),
    [STAY_TO - COL_OWN] = ROW("to", CHOICE),
    [STAY_ENTERED_AT - COL_OWN] = ROW("entered_at", DATETIME),
    [STAY_ENTERED_BY - COL_OWN] = ROW("entered_by", USER),
    [STAY_LEFT_AT - COL_OWN] = ROW("left_at", DATETIME),
    [STAY_LEFT_BY - COL_OWN] = ROW("left_by", USER),
    [STAY_MS - COL_OWN] = ROW("ms", DURATION),
};

/* Creating a record costs one index; what is asked for a time is asked by when stays have ended. */
static const entity_index indexes[] = {{.field = {STAY_RECORD}, .count = 1},
                                       {.field = {STAY_LEFT_AT}, .count = 1, .is_sparse = true}};

static const pipeline *pipeline_of(const registry *r, const entity *e)
{
    for (uint32_t i = 0; e->stage_field && i < r->pipeline_count; i++) {
        if (str_eq(r->pipelines[i].entity_name, e->name) && r->pipelines[i].stage_count) {
            return &r->pipelines[i];
        }
    }
    return NULL;
}

static const choice *stages_of(seal *s, const pipeline *p)
{
    choice *out = seal_alloc(s, p->stage_count, sizeof *out);
    for (uint32_t i = 0; out && i < p->stage_count; i++) {
        const stage *st = &p->stages[i];
        out[i] = (choice){.value = st->name, .label = st->label, .color = st->color};
    }
    return out;
}

static void set_fields(seal *s, entity *log, const entity *e, const pipeline *p)
{
    const choice *stages = stages_of(s, p);
    for (uint32_t i = COL_OWN; i < log->field_count; i++) {
        field *f = (field *)&log->fields[i];
        if (f->type == FIELD_CHOICE) {
            f->choices = stages;
            f->choice_count = p->stage_count;
        } else if (f->type == FIELD_REF) {
            f->ref_name = e->name;
            f->label = e->label_one.n ? e->label_one : f->label;
        }
    }
}

static void add_log(seal *s, entity *e, const pipeline *p)
{
    entity own = {.flags = ENTITY_NO_HISTORY | ENTITY_LOG,
                  .fields = fields,
                  .field_count = STAY_COLUMNS - COL_OWN,
                  .icon = e->icon,
                  .title_field = STAY_STAGE,
                  .parent_field = STAY_RECORD,
                  .indexes = indexes,
                  .index_count = sizeof indexes / sizeof indexes[0]};
    entity *log = seal_companion(s, e, &own, STAGE_LOG_SUFFIX, "stage_log");
    if (log) {
        set_fields(s, log, e, p);
        e->stage_log = log;
    }
}

void seal_stage_logs(seal *s)
{
    uint32_t count = s->r->entity_count;
    for (uint32_t i = 0; i < count && !s->no_memory; i++) {
        entity *e = (entity *)s->r->entities[i];
        const pipeline *p = pipeline_of(s->r, e);
        if (p) {
            add_log(s, e, p);
        }
    }
}
