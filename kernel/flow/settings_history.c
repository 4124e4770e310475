/*
 * settings_history.c - who changed what of a module's settings, off the log of changes, and taking
 * one of those changes back.
 */
#include <stdlib.h>

#include "data/stores.h"
#include "flow/settings.h"
#include "flow/store.h"

typedef struct gathering {
    crm_ctx *c;
    setting_change *at;
    uint32_t count, room, limit;
    int64_t before;
    bool has_more;
} gathering;

/* Settings are nobody's records: whoever may ask for them was judged by who asks. */
static crm_status read_history(crm_ctx *c, const history_query *q, history_entry **rows,
                               uint32_t *count, int64_t *next)
{
    const principal *who = c->who;
    c->who = &principal_system;
    crm_status s = records_history(c, q, rows, count, next);
    c->who = who;
    return s;
}

static bool has_room(gathering *g, uint32_t more)
{
    if (g->count + more <= g->room) {
        return true;
    }
    uint32_t room = (g->count + more) * 2;
    setting_change *at = ARENA_ARRAY(g->c->arena, setting_change, room);
    if (at && g->count) {
        memcpy(at, g->at, g->count * sizeof *at);
    }
    g->at = at ? at : g->at;
    g->room = at ? room : g->room;
    return at != NULL;
}

/* Of an entry that is asked for by its field there is that one change. */
static setting_change change_of(const store_row *row, const history_entry *h)
{
    return (setting_change){.position = h->position,
                            .at = h->at,
                            .by = h->by,
                            .by_name = h->by_name,
                            .via = h->via,
                            .name = store_text(row, SETTING_NAME),
                            .old_json = h->changes[0].old_value.s,
                            .new_json = h->changes[0].new_value.s,
                            .row = row->id};
}

static history_query ask_for(crm_ctx *c, int64_t row, int64_t before, uint32_t limit)
{
    const entity *e = registry_store(c->reg, STORE_SETTING);
    return (history_query){.entity = e,
                           .id = row,
                           .before = before,
                           .field = &e->fields[SETTING_VALUE],
                           .limit = limit};
}

static crm_status gather(gathering *g, const store_row *row)
{
    history_query q = ask_for(g->c, row->id, g->before, g->limit);
    history_entry *rows;
    uint32_t count;
    int64_t next;
    crm_status s = read_history(g->c, &q, &rows, &count, &next);
    if (s == CRM_OK && !has_room(g, count)) {
        s = CRM_NOMEM;
    }
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        if (rows[i].change_count) {
            g->at[g->count++] = change_of(row, &rows[i]);
        }
    }
    g->has_more |= s == CRM_OK && next != 0;
    return s;
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const setting_change *)a)->position, y = ((const setting_change *)b)->position;
    return (x < y) - (x > y);
}

crm_status settings_changes(crm_ctx *c, crm_str owner, int64_t before, uint32_t limit,
                            setting_changes *out)
{
    gathering g = {.c = c, .limit = limit, .before = before};
    store_row *rows;
    uint32_t count = 0;
    *out = (setting_changes){0};
    crm_status s = settings_rows(c, owner, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = gather(&g, &rows[i]);
    }
    if (s != CRM_OK) {
        return s;
    }
    if (g.count) {
        qsort(g.at, g.count, sizeof *g.at, newest_first);
    }
    out->at = g.at;
    out->count = g.count < limit ? g.count : limit;
    bool has_more = out->count && (g.has_more || g.count > limit);
    out->next = has_more ? g.at[out->count - 1].position : 0;
    return CRM_OK;
}

/* ---- taking one back ------------------------------------------------------------------------- */

static crm_status load_change(crm_ctx *c, const store_row *row, int64_t position,
                              setting_change *out)
{
    history_query q = ask_for(c, row->id, position + 1, 1);
    history_entry *rows;
    uint32_t count = 0;
    int64_t next;
    crm_status s = read_history(c, &q, &rows, &count, &next);
    bool is_it = s == CRM_OK && count && rows[0].position == position && rows[0].change_count;
    if (is_it) {
        *out = change_of(row, &rows[0]);
    }
    return s == CRM_OK && !is_it ? CRM_NOT_FOUND : s;
}

crm_status settings_undo(crm_ctx *c, crm_str owner, crm_str name, int64_t position)
{
    setting_change made;
    store_row row;
    json_t *was = NULL;
    int64_t id;
    crm_status s = settings_row_of(c, owner, name, &id);
    s = s == CRM_OK ? store_load(c->tx, c->arena, c->reg, STORE_SETTING, id, &row) : s;
    s = s == CRM_OK ? load_change(c, &row, position, &made) : s;
    if (s != CRM_OK) {
        return s;
    }
    if (!str_eq(store_text(&row, SETTING_VALUE), made.new_json)) {
        return call_fail(c, CRM_CONFLICT, "changed_since");
    }
    if (made.old_json.n) {
        s = json_read(made.old_json, 0, &was, NULL);
    }
    json_t *wanted = s == CRM_OK ? json_object() : NULL;
    crm_str key = arena_dup(c->arena, name);
    if (!wanted || !key.p || json_object_set_new(wanted, key.p, was ? was : json_null()) != 0) {
        s = s == CRM_OK ? CRM_NOMEM : s;
    }
    s = s == CRM_OK ? settings_change(c, owner, wanted, (crm_str){0}) : s;
    json_decref(wanted);
    return s;
}
