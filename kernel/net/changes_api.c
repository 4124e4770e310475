/* changes_api.c - what has changed of an entity, for programs that keep a copy of it. */
#include "data/changelog.h"
#include "data/positions.h"
#include "net/api_private.h"

#define DEFAULT_LIMIT 50
/* A moment is found by the clock, which may have been set back by so much meanwhile. */
#define MARGIN_MS 60000

typedef struct asked {
    int64_t after, since;
    bool has_after, has_since;
    int64_t limit;
} asked;

static position_place feed_of(const api_call *k)
{
    return (position_place){.of = POSITION_FEED, .entity = k->entity->id};
}

static crm_status read_after(api_call *k, crm_str text, asked *q)
{
    q->has_after = text.n;
    return q->has_after ? position_take(&k->c, feed_of(k), text, &q->after) : CRM_OK;
}

static crm_status read_query(api_call *k, asked *q)
{
    crm_str since = http_param(k->http, "since"), limit = http_param(k->http, "limit");
    *q = (asked){.limit = DEFAULT_LIMIT, .has_since = since.n};
    crm_status s = read_after(k, http_param(k->http, "after"), q);
    if (s == CRM_OK && since.n && (q->has_after || clock_parse(since, &q->since) != CRM_OK)) {
        s = call_fail_field(&k->c, CRM_S("since"), "type_mismatch", (crm_str){0});
    }
    if (s == CRM_OK && limit.n &&
        (str_to_i64(limit, &q->limit) != CRM_OK || q->limit < 1 || q->limit > LIST_MAX)) {
        s = call_fail_field(&k->c, CRM_S("limit"), "out_of_range", (crm_str){0});
    }
    return s;
}

/* The position to read on from. One that the log has not come to is of this directory before an
 * older copy of it was put back by other means than a backup. */
static crm_status find_start(api_call *k, const asked *q, int64_t *after)
{
    int64_t last;
    crm_status s = changelog_last(k->c.session, k->c.reg, &last);
    if (s == CRM_OK && q->has_after && q->after > last) {
        return call_fail(&k->c, CRM_CONFLICT, "changes_reset");
    }
    *after = q->has_after ? q->after : last;
    if (s == CRM_OK && q->has_since) {
        s = changelog_before(k->c.session, k->c.reg, q->since - MARGIN_MS, after);
    }
    return s;
}

static void put_row(api_call *k, const record_change *row)
{
    json_writer *w = &k->w;
    char at[CLOCK_TEXT];
    const char *op = row->op == 'c'   ? "created"
                     : row->op == 'd' ? "deleted"
                     : row->op == 'g' ? "gone"
                                      : "updated";
    clock_format(row->at, at);
    jw_object(w);
    jw_kint(w, "id", row->record);
    jw_kint(w, "rev", row->rev);
    jw_kstr(w, "op", str_of(op));
    jw_kstr(w, "at", str_of(at));
    jw_karray(w, "fields");
    for (uint32_t i = 0; i < k->entity->field_count; i++) {
        if (bits_has(row->fields, i)) {
            jw_str(w, k->entity->fields[i].name);
        }
    }
    jw_end_array(w);
    jw_end_object(w);
}

static void put_all(api_call *k, const record_changes *found)
{
    json_writer *w = &k->w;
    char next[POSITION_ROOM];
    position_write(feed_of(k), found->next, next);
    jw_init(w, &k->text);
    jw_object(w);
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < found->count; i++) {
        put_row(k, &found->at[i]);
    }
    jw_end_array(w);
    jw_kstr(w, "next", str_of(next));
    jw_kbool(w, "more", found->has_more);
    jw_end_object(w);
}

/* All its time was not enough: who asked for the same again would get no further either. */
static bool is_told_in_part(const api_call *k, const record_changes *found, int64_t after)
{
    return k->status == CRM_TIMEOUT && k->is_slow && found->next > after && !call_is_left(&k->c);
}

static void changes_read(api_call *k)
{
    asked q = {0};
    int64_t after = 0;
    record_changes found = {0};
    bool has_changes = !(k->entity->flags & ENTITY_NO_HISTORY);
    k->status = has_changes && rights_may_some(&k->c, k->entity, ACTION_READ)
                    ? read_query(k, &q)
                    : call_fail(&k->c, CRM_NOT_FOUND, "not_found");
    k->status = k->status ? k->status : find_start(k, &q, &after);
    if (k->status == CRM_OK) {
        k->status = records_changes(&k->c, k->entity, after, (uint32_t)q.limit, &found);
        k->status = is_told_in_part(k, &found, after) ? CRM_OK : k->status;
    }
    if (k->status == CRM_OK) {
        put_all(k, &found);
    }
}

void changes_route(api_call *k)
{
    api_read(k, changes_read);
}
