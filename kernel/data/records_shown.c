/* records_shown.c - what a reader sees of rows that match the same branches, made once for them. */
#include "data/records_private.h"
#include "data/stores.h"

crm_status record_shown_init(record_shown *s, arena *a, const entity *e)
{
    *s = (record_shown){.entity = e,
                        .fields = ARENA_ARRAY(a, uint16_t, e->field_count),
                        .refs = ARENA_ARRAY(a, shown_ref, e->field_count)};
    return s->fields && s->refs ? CRM_OK : CRM_NOMEM;
}

static void judge(record_shown *s, const branches *rights, const uint64_t wanted[4])
{
    memcpy(s->visible, wanted, sizeof s->visible);
    memset(s->writable, 0xff, sizeof s->writable);
    s->actions = ~0u;
    if (rights) {
        uint64_t fields[4];
        rights_fields_for(rights, s->matched, ACTION_READ, fields);
        for (int i = 0; i < 4; i++) {
            s->visible[i] &= fields[i];
        }
        rights_fields_for(rights, s->matched, ACTION_UPDATE, s->writable);
        s->actions = rights_actions(rights, s->matched);
    }
}

static title_source source_of(const registry *r, const field *f)
{
    if (!label_is_of_people(r, f)) {
        return TITLE_OF_RECORD;
    }
    return f->ref == registry_store(r, STORE_DEPARTMENT) ? TITLE_OF_DEPARTMENT : TITLE_OF_USER;
}

static void list_fields(record_shown *s, const registry *r)
{
    s->field_count = s->ref_count = 0;
    for (uint32_t i = 0; i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        if (!bits_has(s->visible, i) || f->flags & FIELD_HIDDEN) {
            continue;
        }
        if (i >= COL_OWN) {
            s->fields[s->field_count++] = (uint16_t)i;
        }
        if ((f->type == FIELD_USER || f->type == FIELD_REF || f->type == FIELD_REFS) && f->ref) {
            s->refs[s->ref_count++] = (shown_ref){(uint16_t)i, source_of(r, f)};
        }
    }
}

void record_shown_to(record_shown *s, const registry *r, const branches *rights,
                     const uint64_t wanted[4], uint32_t matched)
{
    if (s->is_made && s->matched == matched) {
        return;
    }
    s->is_made = true;
    s->matched = matched;
    judge(s, rights, wanted);
    list_fields(s, r);
}
