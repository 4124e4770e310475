/*
 * fuzz_cursor.c - any text as the place where a page of a list ended: refused, and a place that the
 * server itself gave is read back as it was, of the same question only.
 */
#include "fuzz_schema.h"

#include "data/positions.h"

static query *question(arena *a, const char *first, bool is_down)
{
    const entity *e = schema_item();
    query *q = query_new(a, e);
    MUST(q);
    q->sorts[0] = (sort){entity_field(e, str_of(first)), is_down};
    q->sorts[1] = (sort){entity_field(e, CRM_S("count")), false};
    q->sort_count = 2;
    query_bind(q);
    return q;
}

/* Texts and numbers out of the input, as the last row of a page. */
static crm_str page_end(arena *a, const query *q, crm_str text, value row[FIELDS_MAX])
{
    int64_t number = 0;
    memcpy(&number, text.p, text.n < sizeof number ? text.n : sizeof number);
    for (uint32_t i = 0; i < FIELDS_MAX; i++) {
        row[i] = value_null();
    }
    row[COL_ID] = value_int((number & INT64_MAX) | 1);
    row[q->sorts[0].field->index] = text.n % 5 ? value_text(text) : value_null();
    row[q->sorts[1].field->index] = number % 3 ? value_int(number) : value_null();
    return cursor_write(a, q, row);
}

static void check_own(arena *a, crm_str text)
{
    value row[FIELDS_MAX];
    query *q = question(a, "name", false);
    crm_str place = page_end(a, q, text, row);
    MUST(place.p && cursor_read(a, q, place) == CRM_OK);
    MUST(q->after.is_set && q->after.id == row[COL_ID].i);
    for (uint32_t i = 0; i < 2; i++) {
        MUST(value_equal(q->after.at[i], row[q->sorts[i].field->index]));
    }
    MUST(cursor_read(a, question(a, "name", true), place) == CRM_INVALID);
    MUST(cursor_read(a, question(a, "about", false), place) == CRM_INVALID);
}

/* What is carried of a list that is gathered is sealed; were it not, it would be read as carefully.
 */
static void check_gathered(arena *a, crm_str bytes)
{
    list_gathering g;
    buf again;
    buf_init(&again, 0);
    if (gathering_read(a, &bytes, &g) == CRM_OK) {
        list_gathering back;
        gathering_write(&again, &g);
        crm_str text = buf_view(&again);
        MUST(gathering_read(a, &text, &back) == CRM_OK && !text.n);
        MUST(back.passed == g.passed && back.count == g.count && back.percent == g.percent);
    }
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_set_up;
    crm_str text = {(const char *)data, size};
    arena *a = arena_new(0);
    if (!is_set_up) {
        MUST(positions_set_up(NULL) == CRM_OK);
        is_set_up = true;
    }
    check_gathered(a, text);
    crm_status s = cursor_read(a, question(a, "name", false), text);
    MUST(s == CRM_OK || s == CRM_INVALID);
    /* No field holds a NUL. */
    if (size && size <= 1000 && text_is_utf8(text) && !memchr(data, 0, size)) {
        check_own(a, text);
    }
    arena_free(a);
    return 0;
}
