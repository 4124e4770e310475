/* gathering.c - see gathering.h. Any thread. */
#include "data/gathering.h"

#include "data/query.h"

#define ROWS_MAX     (LIST_MAX + 1) /* of a page, and the one that tells there is more */
#define PERCENT_MOST 99

/* Seven bits a byte, the lowest first; the last byte is below 128. */
static void put_number(buf *b, uint64_t v)
{
    while (v > 127) {
        buf_char(b, (char)(v | 128));
        v >>= 7;
    }
    buf_char(b, (char)v);
}

static bool take_number(crm_str *from, uint64_t most, uint64_t *out)
{
    uint64_t v = 0;
    for (uint32_t shift = 0; from->n && shift < 63; shift += 7) {
        uint8_t byte = (uint8_t)*from->p;
        from->p++;
        from->n--;
        v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *out = v;
            return v <= most;
        }
    }
    return false;
}

void gathering_write(buf *b, const list_gathering *g)
{
    put_number(b, g->percent);
    put_number(b, (uint64_t)g->passed);
    put_number(b, g->count);
    for (uint32_t i = 0; i < g->count; i++) {
        put_number(b, (uint64_t)g->ids[i]);
    }
}

static bool take_ids(crm_str *from, int64_t *out, uint64_t count)
{
    uint64_t id;
    for (uint64_t i = 0; i < count; i++) {
        if (!take_number(from, INT64_MAX, &id)) {
            return false;
        }
        out[i] = (int64_t)id;
    }
    return true;
}

crm_status gathering_read(arena *a, crm_str *text, list_gathering *out)
{
    uint64_t percent, passed, count;
    bool fits = take_number(text, PERCENT_MOST, &percent) &&
                take_number(text, INT64_MAX, &passed) && take_number(text, ROWS_MAX, &count);
    if (!fits) {
        return CRM_INVALID;
    }
    int64_t *ids = ARENA_ARRAY(a, int64_t, count + 1);
    if (!ids) {
        return CRM_NOMEM;
    }
    *out = (list_gathering){.passed = (int64_t)passed,
                            .ids = ids,
                            .count = (uint32_t)count,
                            .percent = (uint8_t)percent};
    return take_ids(text, ids, count) ? CRM_OK : CRM_INVALID;
}
