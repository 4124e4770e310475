/*
 * registry_rev.c - `rev`: a digest of everything the UI can see of a registry. Equal declarations
 * give equal digests in every process, so /meta and /i18n may be cached by it.
 */
#include "data/registry_internal.h"

#define REV_BYTES_MAX ((size_t)128 * 1024 * 1024)

/* Length first, so that "ab","c" and "a","bc" differ. */
static void put(buf *b, crm_str s)
{
    buf_int(b, (int64_t)s.n);
    buf_char(b, ':');
    buf_str(b, s);
}

static void put_int(buf *b, int64_t v)
{
    buf_int(b, v);
    buf_char(b, ';');
}

static void put_field(buf *b, const field *f)
{
    put(b, f->name);
    put(b, f->label);
    put(b, f->ref_name);
    put(b, f->where_text);
    put(b, f->def_text);
    put_int(b, f->type);
    put_int(b, f->flags);
    put_int(b, f->scale);
    put_int(b, f->max);
    put_int(b, value_is_null(f->least) ? INT64_MIN : f->least.i);
    put_int(b, value_is_null(f->most) ? INT64_MAX : f->most.i);
    for (uint32_t i = 0; i < f->choice_count; i++) {
        put(b, f->choices[i].value);
        put(b, f->choices[i].label);
        put(b, f->choices[i].color);
    }
}

static void put_join(buf *b, const timeline_join *j)
{
    put(b, j->kind);
    put_int(b, j->at);
    put_int(b, j->title);
    for (uint8_t i = 0; i < j->on_count; i++) {
        put_int(b, j->on[i]);
    }
    for (uint8_t i = 0; i < j->show_count; i++) {
        put_int(b, j->show[i]);
    }
}

static void put_entity(buf *b, const entity *e)
{
    put(b, e->name);
    put(b, e->module);
    put(b, e->label_one);
    put(b, e->label_many);
    put(b, e->label_count);
    put(b, e->icon);
    put(b, e->views_json);
    put_int(b, e->flags);
    put_int(b, e->title_field);
    put_int(b, e->owner_fields[0]);
    put_int(b, e->match_count);
    if (e->join) {
        put_join(b, e->join);
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        put_field(b, &e->fields[i]);
    }
}

static void put_pipeline(buf *b, const pipeline *p)
{
    put(b, p->name);
    put(b, p->label);
    put(b, p->entity_name);
    for (uint32_t i = 0; i < p->stage_count; i++) {
        const stage *st = &p->stages[i];
        put(b, st->name);
        put(b, st->label);
        put(b, st->color);
        put_int(b, st->outcome);
        put_int(b, st->is_start);
        for (uint32_t j = 0; j < st->require_count; j++) {
            put_int(b, st->require[j]);
        }
    }
    for (uint32_t i = 0; i < p->move_count; i++) {
        put_int(b, (int64_t)p->moves[i].from);
        put_int(b, (int64_t)p->moves[i].to);
        for (uint32_t j = 0; j < p->moves[i].who_count; j++) {
            put(b, p->moves[i].who[j]);
        }
    }
}

static void put_rights(buf *b, const registry *r)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        put(b, g->role);
        put(b, g->entity_name);
        put(b, g->where_text);
        put_int(b, g->action);
        put_int(b, g->scope);
        for (uint32_t j = 0; j < g->field_count; j++) {
            put(b, g->fields[j]);
        }
        put_int(b, g->lists_kinds);
        for (uint32_t j = 0; j < g->kind_count; j++) {
            put(b, g->kinds[j]);
        }
    }
    for (uint32_t i = 0; i < r->role_count; i++) {
        put(b, r->roles[i].name);
        put_int(b, r->roles[i].foreign);
    }
    for (uint32_t i = 0; i < r->function_count; i++) {
        put(b, r->functions[i].function);
        for (uint32_t j = 0; j < r->functions[i].holder_count; j++) {
            put(b, r->functions[i].holders[j]);
        }
    }
}

static void put_part(buf *b, const ui_part *p)
{
    put_int(b, p->kind);
    put(b, p->module);
    put(b, p->id);
    put(b, p->icon);
    put(b, p->label);
    put(b, p->element);
    put(b, p->editor);
    put(b, p->place);
    put(b, p->entity_name);
    put(b, p->field_name);
    put(b, p->when_json);
    put_int(b, p->order);
}

static void put_shell(buf *b, const registry *r)
{
    put(b, r->company);
    put(b, r->timezone);
    put(b, r->currency);
    put(b, r->locale);
    for (uint32_t i = 0; i < r->module_count; i++) {
        put(b, r->modules[i].name);
        put(b, r->modules[i].version);
        put(b, r->modules[i].ui_json);
    }
    for (uint32_t i = 0; i < r->menu_count; i++) {
        const menu_item *m = &r->menus[i];
        put(b, m->id);
        put(b, m->label);
        put(b, m->icon);
        put(b, m->to);
        put(b, m->group);
        put_int(b, m->order);
        put_int(b, m->on_phone);
    }
    for (uint32_t i = 0; i < r->frame_count; i++) {
        const remote_frame *f = &r->frames[i];
        put(b, f->module);
        put(b, f->id);
        put(b, f->entity_name);
        put_int(b, f->height);
        put_int(b, f->send_count);
        put_int(b, f->set_count);
    }
    for (uint32_t i = 0; i < r->ui_part_count; i++) {
        put_part(b, &r->ui_parts[i]);
    }
    for (uint32_t i = 0; i < r->string_count; i++) {
        put(b, r->strings[i].lang);
        put(b, r->strings[i].key);
        put(b, r->strings[i].text);
    }
}

void seal_rev(seal *s)
{
    static const char hex[] = "0123456789abcdef";
    buf b;
    buf_init(&b, REV_BYTES_MAX);
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        put_entity(&b, s->r->entities[i]);
    }
    for (uint32_t i = 0; i < s->r->pipeline_count; i++) {
        put_pipeline(&b, &s->r->pipelines[i]);
    }
    put_rights(&b, s->r);
    put_shell(&b, s->r);
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(buf_view(&b), digest);
    for (size_t i = 0; i < sizeof s->r->rev - 1; i++) {
        s->r->rev[i] = hex[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    }
    s->no_memory = s->no_memory || b.failed;
    buf_free(&b);
}
