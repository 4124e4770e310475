/*
 * tell_api.c - POST …/<id>/tell: a word to who is responsible for a record, also from somebody who
 * may not read it and sees by its minimal card only whose it is. It opens him nothing: what he
 * learns is whether it was sent. Loop thread; the notice is written on the writer.
 */
#include "data/stores.h"
#include "flow/flow.h"
#include "net/api_private.h"

#define TEXT_MAX 2000 /* characters */
#define SLOTS    256
#define BURST    20    /* of one user at once */
#define EVERY_MS 30000 /* and one more in so many ms */

/* Leaky buckets by user; those who fall on one share it. */
struct tell_quota {
    int64_t full_at[SLOTS]; /* clock_mono ms at which the bucket is full again */
};

typedef struct tell_state {
    crm_str text; /* as it was checked */
} tell_state;

static bool has_credit(api_call *k)
{
    api *a = k->api;
    if (!a->tells) {
        a->tells = calloc(1, sizeof *a->tells);
    }
    int64_t *at = a->tells ? &a->tells->full_at[(uint64_t)k->c.who->user % SLOTS] : NULL;
    int64_t now = clock_mono() / 1000000;
    if (!at || *at - now > (BURST - 1) * (int64_t)EVERY_MS) {
        return false;
    }
    *at = (*at < now ? now : *at) + EVERY_MS;
    return true;
}

/* ---- on the writer --------------------------------------------------------------------------- */

/* He may read it, or its card shows him who is responsible. */
static crm_status check_seen(crm_ctx *c, const entity *e, int64_t id)
{
    record *r;
    uint64_t seen[4];
    crm_status s = records_get(c, e, id, &r);
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    rights_fields(c, e, seen);
    bool is_shown = rights_foreign(c, e) & FOREIGN_OWNER && bits_has(seen, e->owner_fields[0]);
    if (is_shown) {
        c->error = (call_error){0};
    }
    return is_shown ? CRM_OK : s;
}

static crm_status read_as_system(crm_ctx *c, const entity *e, int64_t id, record **out)
{
    const principal *caller = c->who;
    c->who = &principal_system;
    crm_status s = records_get(c, e, id, out);
    c->who = caller;
    return s;
}

static crm_str title_of(crm_ctx *c, const record *r)
{
    value v = r->v[r->entity->title_field];
    return v.kind == VALUE_TEXT && v.s.n ? v.s
                                         : arena_fmt(c->arena, "%lld", (long long)r->v[COL_ID].i);
}

/* "Пётр Петров о вашей записи «ООО Мост»: …", in the deployment's language. */
static crm_str words(crm_ctx *c, const record *r, crm_str text)
{
    buf params, out;
    json_writer w;
    const person *from = people_user(c->people, c->who->user);
    buf_init(&params, 0);
    buf_init(&out, 0);
    jw_init(&w, &params);
    jw_object(&w);
    jw_kstr(&w, "who", from ? from->name : c->who->name);
    jw_kstr(&w, "title", title_of(c, r));
    jw_kstr(&w, "text", text);
    jw_end_object(&w);
    registry_text_fill(registry_text(c->reg, c->reg->locale, CRM_S("record.told")),
                       buf_view(&params), &out);
    bool is_whole = !params.failed && !out.failed;
    crm_str all = is_whole ? arena_dup(c->arena, buf_view(&out)) : (crm_str){0};
    buf_free(&params);
    buf_free(&out);
    return all;
}

static crm_status tell(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    const tell_state *t = k->own;
    record *r;
    crm_status s = check_seen(c, k->entity, k->id);
    s = s ? s : read_as_system(c, k->entity, k->id, &r);
    if (s != CRM_OK) {
        return call_fail(c, s, status_code(s));
    }
    const person *to = people_user(c->people, r->v[k->entity->owner_fields[0]].i);
    if (!to || to->is_disabled || to->is_service) {
        return call_fail(c, CRM_CONFLICT, "nobody_responsible");
    }
    crm_str text = words(c, r, t->text);
    return text.p ? notices_send(c, to->id, CRM_S("tell"), r, text) : CRM_NOMEM;
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static void told(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_reply_empty(k, 204);
    }
}

static size_t characters(crm_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    }
    return n;
}

static crm_status take_text(api_call *k, crm_str *out)
{
    crm_status s = api_read_json(k);
    if (s != CRM_OK) {
        return s;
    }
    s = text_clean(k->http->arena, json_text(k->request.json, "text"), out);
    if (s != CRM_OK) {
        return s;
    }
    *out = str_trim(*out);
    if (!out->n) {
        return call_fail_field(&k->c, CRM_S("text"), "required", (crm_str){0});
    }
    return characters(*out) <= TEXT_MAX
               ? CRM_OK
               : call_fail_field(&k->c, CRM_S("text"), "too_long", CRM_S("{\"max\":2000}"));
}

void tell_route(api_call *k)
{
    tell_state *t = ARENA_NEW(k->http->arena, tell_state);
    crm_status s = t ? take_text(k, &t->text) : CRM_NOMEM;
    if (s == CRM_OK && !has_credit(k)) {
        k->c.error.retry_after_s = EVERY_MS / 1000;
        s = call_fail(&k->c, CRM_LIMIT, "limit");
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    k->own = t;
    api_write(k, tell, told);
}
