/*
 * notes.c - people who are mentioned in a note: each who may read it is told once, and who may not
 * stands in the note, so that its author knows. Writer, in the transaction that writes the note.
 */
#include "data/records.h"
#include "data/timeline.h"
#include "flow/flow_private.h"

typedef struct mention {
    crm_ctx *call;
    const entity *of; /* what the note stands on */
    int64_t record;
    int64_t user;
} mention;

static mention mention_of(crm_ctx *c, const record *note)
{
    const field *on = &note->entity->fields[NOTE_RECORD];
    return (mention){.call = c, .of = on->ref, .record = note->v[NOTE_RECORD].i};
}

/* The next user of a list; false: there is none. */
static bool next_user(crm_str *rest, mention *m)
{
    crm_str part;
    while (str_split(rest, '\n', &part)) {
        if (part.n && str_to_i64(part, &m->user) == CRM_OK) {
            return true;
        }
    }
    return false;
}

static crm_str users_of(const record *note)
{
    value v = note->v[NOTE_MENTIONS];
    return v.kind == VALUE_TEXT ? v.s : (crm_str){0};
}

/* ---- as the one who is mentioned --------------------------------------------------------------
 */

typedef crm_status (*as_user)(mention *m, void *out);

/* Runs `what` as that user; UNAUTHENTICATED: he does not work here. */
static crm_status act_as(mention *m, as_user what, void *out)
{
    crm_ctx *c = m->call;
    principal who;
    const principal *caller = c->who;
    int64_t me = c->env.me;
    crm_status s = people_principal(c->arena, c->people, m->user, &who);
    if (s != CRM_OK) {
        return s;
    }
    c->who = &who;
    c->env.me = m->user;
    s = what(m, out);
    c->who = caller;
    c->env.me = me;
    return s;
}

/* Some right to this very record shows notes: others of his may show them of other records. */
static crm_status reads(mention *m, void *out)
{
    crm_ctx *c = m->call;
    uint32_t matched;
    crm_status s = rights_match_stored(c, m->of, m->record, &matched);
    *(bool *)out =
        s == CRM_OK && rights_kinds_for(rights_of(c, m->of), matched) & KIND_BIT(KIND_NOTE);
    return s;
}

static crm_status title(mention *m, void *out)
{
    return records_labels(m->call, m->of, &m->record, 1, out);
}

/* What is told to nobody is read by nobody: programs, and those who have left. */
static crm_status may_read(mention *m, bool *may)
{
    const person *p = people_user(m->call->people, m->user);
    *may = false;
    if (!p || p->is_disabled || p->is_service) {
        return CRM_OK;
    }
    crm_status s = act_as(m, reads, may);
    return s == CRM_UNAUTHENTICATED ? CRM_OK : s;
}

/* ---- before it is written ---------------------------------------------------------------------
 */

static crm_status find_not_told(crm_ctx *c, record *note)
{
    mention m = mention_of(c, note);
    crm_str rest = users_of(note);
    crm_status s = CRM_OK;
    buf b;
    buf_init(&b, 0);
    while (s == CRM_OK && next_user(&rest, &m)) {
        bool may = true; /* of nobody it is refused when the whole is checked */
        s = people_user(c->people, m.user) ? may_read(&m, &may) : CRM_OK;
        if (s == CRM_OK && !may) {
            buf_fmt(&b, "%s%lld", b.n ? "\n" : "", (long long)m.user);
        }
    }
    if (s == CRM_OK) {
        value v = b.n ? value_text(arena_dup(c->arena, buf_view(&b))) : value_null();
        s = b.failed ? CRM_NOMEM : record_set(note, &note->entity->fields[NOTE_NOT_TOLD], v);
    }
    buf_free(&b);
    return s;
}

static crm_status before(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)fn;
    if (!(now->entity->flags & ENTITY_NOTES)) {
        return CRM_OK;
    }
    bool is_other = was && !value_equal(now->v[NOTE_TEXT], was->v[NOTE_TEXT]);
    crm_status s = CRM_OK;
    if (is_other) {
        s = record_set(now, &now->entity->fields[NOTE_EDITED_AT], value_int(call_now(c)));
    }
    bool names = now->v[NOTE_RECORD].kind == VALUE_INT &&
                 !(was && value_equal(now->v[NOTE_MENTIONS], was->v[NOTE_MENTIONS]));
    return s == CRM_OK && names ? find_not_told(c, now) : s;
}

/* ---- once it is written -----------------------------------------------------------------------
 */

static crm_status put_text(mention *m, crm_str lang, crm_str *out)
{
    crm_ctx *c = m->call;
    const person *by = people_user(c->people, c->who->user);
    crm_str label = {0};
    buf params, text;
    json_writer w;
    crm_status s = act_as(m, title, &label);
    if (s != CRM_OK) {
        return s;
    }
    crm_str one = registry_text(c->reg, lang, m->of->label_one);
    buf_init(&params, 0);
    buf_init(&text, 0);
    jw_init(&w, &params);
    jw_object(&w);
    jw_kstr(&w, "by", by ? by->name : c->who->name);
    jw_kstr(&w, "title", label.n ? label : one);
    jw_end_object(&w);
    registry_text_fill(registry_text(c->reg, lang, CRM_S("notes.mention")), buf_view(&params),
                       &text);
    *out = arena_dup(c->arena, buf_view(&text));
    s = params.failed || text.failed || !out->p ? CRM_NOMEM : CRM_OK;
    buf_free(&params);
    buf_free(&text);
    return s;
}

static crm_status tell(mention *m)
{
    crm_ctx *c = m->call;
    const person *p = people_user(c->people, m->user);
    value *row = ARENA_ARRAY(c->arena, value, m->of->field_count);
    record about = {.entity = m->of, .arena = c->arena, .v = row};
    crm_str text;
    if (!row) {
        return CRM_NOMEM;
    }
    row[COL_ID] = value_int(m->record);
    crm_status s = put_text(m, p && p->lang.n ? p->lang : c->reg->locale, &text);
    s = s == CRM_OK ? notices_send(c, m->user, CRM_S("mention"), &about, text) : s;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status after(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)fn;
    if (!(now->entity->flags & ENTITY_NOTES)) {
        return CRM_OK;
    }
    mention m = mention_of(c, now);
    crm_str rest = users_of(now);
    crm_status s = CRM_OK;
    while (s == CRM_OK && next_user(&rest, &m)) {
        crm_str id = arena_fmt(c->arena, "%lld", (long long)m.user);
        bool is_known = was && value_has_element(was->v[NOTE_MENTIONS], id);
        if (m.user != c->who->user && !is_known && !value_has_element(now->v[NOTE_NOT_TOLD], id)) {
            s = tell(&m);
        }
    }
    return s;
}

crm_status notes_register(registry *r)
{
    const struct {
        hook_when when;
        crm_status (*run)(crm_ctx *c, record *now, const record *was, const void *fn);
    } all[] = {{HOOK_BEFORE_CREATE, before},
               {HOOK_BEFORE_UPDATE, before},
               {HOOK_AFTER_CREATE, after},
               {HOOK_AFTER_UPDATE, after}};
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < sizeof all / sizeof all[0]; i++) {
        hook h = {.entity_name = CRM_S("*"),
                  .when = all[i].when,
                  .module = CRM_S("kernel"),
                  .run = all[i].run};
        s = registry_add_hook(r, &h);
    }
    return s;
}
