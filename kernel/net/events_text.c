/* events_text.c - what committed changes say to one user, as server-sent events. Loop thread. */
#include "data/stores.h"
#include "data/timeline.h"
#include "net/events_private.h"

#define MANY       20 /* changes of one batch in one commit: then one line says so */
#define MANY_KINDS 8  /* entities told so at once; what is beyond is told row by row */

int event_id(int64_t position, char out[EVENT_ID_ROOM])
{
    char text[POSITION_ROOM];
    position_write((position_place){.of = POSITION_STREAM}, position, text);
    return snprintf(out, EVENT_ID_ROOM, "id: %s\n", text);
}

/* What is not kept has no position to resume from. */
static void put_id(buf *b, const change *ch)
{
    char id[EVENT_ID_ROOM];
    if (ch->position) {
        buf_str(b, (crm_str){id, (size_t)event_id(ch->position, id)});
    }
}

static void notice_text(buf *b, const change *ch)
{
    json_writer w;
    const value *row = ch->row_now;
    char at[CLOCK_TEXT];
    jw_init(&w, b);
    put_id(b, ch);
    buf_z(b, "event: notice\ndata: ");
    jw_object(&w);
    jw_kint(&w, "id", ch->record);
    jw_kstr(&w, "kind", row[NOTIFICATION_KIND].s);
    jw_kstr(&w, "text", row[NOTIFICATION_TEXT].s);
    jw_kstr(&w, "entity", row[NOTIFICATION_ENTITY].s);
    jw_kint(&w, "record", row[NOTIFICATION_RECORD].i);
    clock_format(ch->at, at);
    jw_kstr(&w, "at", str_of(at));
    jw_end_object(&w);
    buf_z(b, "\n\n");
}

static const char *op_name(char op)
{
    return op == 'c' ? "created" : op == 'd' ? "deleted" : "updated";
}

static void record_text(buf *b, const change *ch, const char *op, const uint64_t fields[4])
{
    json_writer w;
    jw_init(&w, b);
    put_id(b, ch);
    buf_z(b, "event: record\ndata: ");
    jw_object(&w);
    jw_kstr(&w, "entity", ch->entity->name);
    jw_kint(&w, "id", ch->record);
    jw_kint(&w, "rev", ch->rev);
    jw_kstr(&w, "op", str_of(op));
    jw_karray(&w, "fields");
    for (uint32_t i = 0; fields && i < ch->field_count; i++) {
        if (bits_has(fields, ch->fields[i])) {
            jw_str(&w, ch->entity->fields[ch->fields[i]].name);
        }
    }
    jw_end_array(&w);
    jw_end_object(&w);
    buf_z(b, "\n\n");
}

static uint32_t readable(crm_ctx *c, const branches *b, const value *row)
{
    return row ? rights_match(b, row, &c->env) & rights_for(b, ACTION_READ) : 0;
}

/* Settings have no records of their own in the API, but pages that show them. */
static bool is_kept_back(const change *ch)
{
    bool is_setting = ch->entity == registry_store(ch->reg, STORE_SETTING);
    return ch->entity->flags & ENTITY_SYSTEM || (ch->entity->flags & ENTITY_NO_API && !is_setting);
}

/* A note is read by who reads its record through a right that shows notes; what refers to the
 * record by who may read that as well, and the field that refers. `seen` are the rights that match
 * the record. */
static bool may_see_because(crm_ctx *c, const change *ch, uint32_t seen)
{
    const change *why = ch->because;
    const branches *of = rights_of(c, ch->entity), *all = rights_of(c, why->entity);
    bool is_note = why->entity->flags & ENTITY_NOTES;
    int kind = is_note ? KIND_NOTE : timeline_kind_find(c->reg, why->entity->join->kind);
    uint64_t shown = rights_kinds_for(of, seen), fields[4] = {0};
    if (kind < 0 || !(shown & KIND_BIT(kind)) || is_note) {
        return is_note && shown & KIND_BIT(KIND_NOTE);
    }
    uint32_t read = readable(c, all, why->row_now) | readable(c, all, why->row_was);
    rights_fields_for(all, read, ACTION_READ, fields);
    return read && bits_has(fields, ch->because_field);
}

static void change_text(buf *b, crm_ctx *c, const change *ch)
{
    uint64_t fields[4] = {0};
    const branches *all = rights_of(c, ch->entity);
    uint32_t now = readable(c, all, ch->row_now), was = readable(c, all, ch->row_was);
    if (is_kept_back(ch) || (!now && !was) || (ch->because && !may_see_because(c, ch, now | was))) {
        return;
    }
    bool is_notice = ch->entity == registry_store(ch->reg, STORE_NOTIFICATION) && ch->op == 'c';
    if (is_notice && ch->row_now[NOTIFICATION_USER].i == c->env.me) {
        notice_text(b, ch);
    }
    if (!now) {
        record_text(b, ch, "gone", NULL);
        return;
    }
    rights_fields_for(all, now, ACTION_READ, fields);
    record_text(b, ch, !was && ch->op == 'u' ? "created" : op_name(ch->op), fields);
}

/* ---- many rows of one batch ------------------------------------------------------------------ */

typedef struct many {
    const entity *entity;
    int64_t batch;
    uint32_t count;
    bool is_told;
} many;

static many *many_of(many all[MANY_KINDS], const change *ch)
{
    for (int i = 0; ch->batch && i < MANY_KINDS; i++) {
        if (!all[i].count) {
            all[i] = (many){.entity = ch->entity, .batch = ch->batch};
        }
        if (all[i].entity == ch->entity && all[i].batch == ch->batch) {
            return &all[i];
        }
    }
    return NULL;
}

static void count_many(many all[MANY_KINDS], int64_t after, const change *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_new = !at[i].position || at[i].position > after;
        many *m = is_new ? many_of(all, &at[i]) : NULL;
        if (m) {
            m->count++;
        }
    }
}

/* True: the change is told by the line for many, which comes with the first that he may read. */
static bool is_one_of_many(buf *b, crm_ctx *c, many all[MANY_KINDS], const change *ch)
{
    json_writer w;
    many *m = many_of(all, ch);
    if (!m || m->count <= MANY) {
        return false;
    }
    const branches *rights = rights_of(c, ch->entity);
    if (m->is_told || !(readable(c, rights, ch->row_now) | readable(c, rights, ch->row_was))) {
        return true;
    }
    m->is_told = true;
    jw_init(&w, b);
    buf_z(b, "event: many\ndata: ");
    jw_object(&w);
    jw_kstr(&w, "entity", ch->entity->name);
    jw_kint(&w, "batch", ch->batch);
    jw_end_object(&w);
    buf_z(b, "\n\n");
    return true;
}

bool events_text(buf *b, crm_ctx *c, int64_t after, const change *at, uint32_t count)
{
    many all[MANY_KINDS] = {{0}};
    count_many(all, after, at, count);
    for (uint32_t i = 0; i < count; i++) {
        if (at[i].position && at[i].position <= after) {
            continue;
        }
        if (at[i].reg != c->reg) {
            return false;
        }
        if (!is_one_of_many(b, c, all, &at[i])) {
            change_text(b, c, &at[i]);
        }
    }
    return true;
}
