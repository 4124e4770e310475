/*
 * choice.c - values that a ТЗ gives to fields which hold one of few: choices and stages. A wrong
 * one has a place only here; later it would be a value that no list and no filter knows. Any
 * thread.
 */
#include "tz/register.h"

static tz_names options_of(registering *g, const field *f)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < f->choice_count; i++) {
        tz_names_add(g->f->a, &known, f->choices[i].value);
    }
    return known;
}

static tz_names stages_of(registering *g, const entity *e)
{
    const pipeline *p = pipeline_of_entity(g->r, e);
    tz_names known = {0};
    for (uint32_t i = 0; p && i < p->stage_count; i++) {
        tz_names_add(g->f->a, &known, p->stages[i].name);
    }
    return known;
}

void choice_check(registering *g, const field *f, const yaml_node *n)
{
    bool is_choice = f->type == FIELD_CHOICE || f->type == FIELD_CHOICES;
    if (!is_choice && f->type != FIELD_STAGE) {
        return;
    }
    tz_names known = is_choice ? options_of(g, f) : stages_of(g, f->entity);
    if (!tz_names_has(&known, n->text)) {
        tz_refuse_word(g->f, n, is_choice ? "not_a_choice" : "unknown_stage", &known);
    }
}

void stage_check(registering *g, const entity *e, const yaml_node *n)
{
    tz_names known = stages_of(g, e);
    if (!pipeline_of_entity(g->r, e)) {
        tz_refuse(g->f, n, "no_pipeline", e->name);
    } else if (!tz_names_has(&known, n->text)) {
        tz_refuse_word(g->f, n, "unknown_stage", &known);
    }
}
