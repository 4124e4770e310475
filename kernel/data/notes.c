/* notes.c - what becomes of a note is its author's (timeline.h). Writer. */
#include "data/records_private.h"
#include "data/timeline.h"

static bool is_bound(const saving *s)
{
    return s->entity->flags & ENTITY_NOTES && s->call->who->kind != PRINCIPAL_SYSTEM;
}

static bool is_author(const saving *s)
{
    int64_t user = s->call->who->user;
    return user && s->was.v[COL_CREATED_BY].i == user;
}

/* Whether he may change the record that the note stands on. */
static crm_status may_change_record(const saving *s, bool *may)
{
    crm_ctx *c = s->call;
    const entity *of = s->entity->fields[NOTE_RECORD].ref;
    uint32_t matched;
    crm_status st = rights_match_stored(c, of, s->was.v[NOTE_RECORD].i, &matched);
    *may = !st && matched & rights_for(rights_of(c, of), ACTION_UPDATE);
    return st;
}

static crm_status check_words(const saving *s)
{
    if (!is_author(s)) {
        return call_fail(s->call, CRM_DENIED, "note_of_another");
    }
    bool is_late = call_now(s->call) - s->was.v[COL_CREATED_AT].i > NOTE_EDIT_MS;
    return is_late ? call_fail(s->call, CRM_DENIED, "note_closed") : CRM_OK;
}

crm_status notes_check_change(const saving *s)
{
    if (!is_bound(s) || s->given->is_new) {
        return CRM_OK;
    }
    if (bits_has(s->user_set, NOTE_RECORD)) {
        return call_fail_field(s->call, s->entity->fields[NOTE_RECORD].name, "read_only",
                               (crm_str){0});
    }
    if (bits_has(s->user_set, NOTE_TEXT) || bits_has(s->user_set, NOTE_MENTIONS) ||
        bits_has(s->user_set, NOTE_FILES)) {
        crm_status st = check_words(s);
        if (st) {
            return st;
        }
    }
    if (!bits_has(s->user_set, NOTE_PINNED) || is_author(s)) {
        return CRM_OK;
    }
    bool may;
    crm_status st = may_change_record(s, &may);
    return st || may ? st : call_fail(s->call, CRM_DENIED, "denied");
}

crm_status notes_check_removal(const saving *s)
{
    if (!is_bound(s) || is_author(s) || call_may(s->call, CRM_S("settings"))) {
        return CRM_OK;
    }
    return call_fail(s->call, CRM_DENIED, "note_of_another");
}
