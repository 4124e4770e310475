/* engine_field.c - which fields a query reads, which branches count. */
#include "data/engine_field.h"

static void select_asked(const entity *e, const query *q, uint64_t out[4])
{
    bool is_any = false;
    for (int i = 0; q && i < 4; i++) {
        out[i] = q->select[i];
        is_any = is_any || out[i];
    }
    for (uint32_t i = 0; !is_any && i < e->field_count; i++) {
        bits_add(out, i);
    }
}

void engine_selected(const entity *e, const query *q, uint64_t out[4])
{
    out[0] = out[1] = out[2] = out[3] = 0;
    select_asked(e, q, out);
    bits_add(out, COL_ID);
    if (!q) {
        return;
    }
    for (uint32_t i = 0; i < q->sort_count; i++) {
        bits_add(out, q->sorts[i].field->index);
    }
    for (uint32_t i = 0; q->rights && i < q->rights->count; i++) {
        const branch *b = &q->rights->at[i];
        if (b->where && engine_branch_is_local(b)) {
            cond_fields(b->where, out);
        }
    }
}

uint32_t engine_hop_branches(const branches *hop, const uint64_t used[4])
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < hop->count; i++) {
        const branch *b = &hop->at[i];
        bool shows = true;
        for (int w = 0; w < 4; w++) {
            shows = shows && !(used[w] & ~b->fields[w]);
        }
        if (shows && (b->actions >> ACTION_READ & 1)) {
            bits |= 1u << i;
        }
    }
    return bits;
}

/* ---- terms of a search ----------------------------------------------------------------------- */

bool engine_has_word(crm_str terms, crm_str token, bool is_prefix)
{
    crm_str own;
    while (terms_next(&terms, ' ', &own)) {
        if (str_eq(own, token) || (is_prefix && str_starts(own, token))) {
            return true;
        }
    }
    return false;
}

static bool stands_in(const crm_str *texts, uint32_t count, crm_str part)
{
    bool is_prefix, is_stem;
    crm_str token = terms_token(part, &is_prefix, &is_stem);
    for (uint32_t i = 0; i < count; i++) {
        if (engine_has_word(texts[i], token, is_prefix)) {
            return true;
        }
    }
    return false;
}

static bool has_alternative(const crm_str *texts, uint32_t count, crm_str group)
{
    crm_str alternative, part;
    while (terms_next(&group, '|', &alternative)) {
        bool has_all = true;
        while (has_all && terms_next(&alternative, '&', &part)) {
            has_all = stands_in(texts, count, part);
        }
        if (has_all) {
            return true;
        }
    }
    return false;
}

bool engine_has_words(const crm_str *texts, uint32_t count, crm_str terms)
{
    crm_str group;
    while (terms_next(&terms, ' ', &group)) {
        if (!has_alternative(texts, count, group)) {
            return false;
        }
    }
    return true;
}
