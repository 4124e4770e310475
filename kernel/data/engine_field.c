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
