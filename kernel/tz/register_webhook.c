/*
 * register_webhook.c - what other systems are told (`webhooks:`) and where the server may speak to
 * besides the public network (`outgoing:`). The subscriptions become rows when the ТЗ is applied.
 */
#include "out/post.h"
#include "tz/register.h"

/* ---- outgoing -------------------------------------------------------------------------------- */

void register_outgoing(registering *g)
{
    const yaml_node *all = node_map(g->t->root, "outgoing");
    guard_net net;
    TZ_EACH_NAME(n, yaml_get(all, "private"))
    {
        if (guard_read_net(n->text, &net) != CRM_OK) {
            tz_refuse(g->f, n, "bad_net", n->text);
        }
        g->r->outgoing_private =
            arena_fmt(g->a, "%.*s%.*s\n", STR_FMT(g->r->outgoing_private), STR_FMT(n->text));
    }
    g->r->outgoing_ca = arena_dup(g->a, yaml_text(all, "ca"));
}

/* ---- webhooks -------------------------------------------------------------------------------- */

static crm_str ops_of(registering *g, const yaml_node *on)
{
    static const char *const words[] = {"created", "updated", "deleted"};
    bool given[3] = {false, false, false};
    tz_names known = {0};
    for (int i = 0; i < 3; i++) {
        tz_names_add(g->f->a, &known, str_of(words[i]));
    }
    TZ_EACH_NAME(n, on)
    {
        bool is_known = false;
        for (int i = 0; i < 3; i++) {
            given[i] |= str_is(n->text, words[i]);
            is_known |= str_is(n->text, words[i]);
        }
        if (!is_known) {
            tz_refuse_word(g->f, n, "unknown_word", &known);
        }
    }
    bool all = !on;
    return arena_fmt(g->a, "%s%s%s", all || given[0] ? "c" : "", all || given[1] ? "u" : "",
                     all || given[2] ? "d" : "");
}

static crm_str fields_of(registering *g, const entity *e, const yaml_node *list)
{
    buf b;
    json_writer w;
    if (!list) {
        return (crm_str){0};
    }
    buf_init(&b, 1u << 16);
    jw_init(&w, &b);
    jw_array(&w);
    TZ_EACH_NAME(n, list)
    {
        (void)field_named(g, e, n, n->text);
        jw_str(&w, n->text);
    }
    jw_end_array(&w);
    crm_str json = arena_dup(g->a, buf_view(&b));
    buf_free(&b);
    return json;
}

/* {secret: NAME}: the text itself never stands in a ТЗ. */
static crm_str secret_of(registering *g, const yaml_node *n)
{
    const yaml_node *name = yaml_get(n, "secret");
    if (!n) {
        return (crm_str){0};
    }
    for (size_t i = 0; name && i < name->text.n; i++) {
        char c = name->text.p[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
        name = is_good ? name : NULL;
    }
    if (!name || !name->text.n || name->text.n > 64) {
        tz_fault fault = tz_fault_value(n, "wrong_type", n->key);
        fault.expected = CRM_S("secret");
        tz_faults_add(g->f, &fault);
        return (crm_str){0};
    }
    return arena_fmt(g->a, "{\"secret\":\"%.*s\"}", STR_FMT(name->text));
}

static void check_login(registering *g, const yaml_node *n, bool is_service, const char *code)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < g->t->people_count; i++) {
        if (g->t->people[i].is_service == is_service) {
            tz_names_add(g->f->a, &known, g->t->people[i].login);
        }
    }
    if (n && n->kind == YAML_SCALAR && !tz_names_has(&known, n->text)) {
        tz_refuse_near(g->f, n, code, n->text, &known);
    }
}

static void check_url(registering *g, const yaml_node *n)
{
    if (n && n->text.n && !post_is_url(n->text, g->r->outgoing_private.n > 0)) {
        tz_refuse(g->f, n, "bad_webhook_url", n->text);
    }
}

static void read_webhook(registering *g, const yaml_node *n, tz_webhook *out)
{
    const yaml_node *of = yaml_get(n, "of");
    const entity *e = of ? entity_named(g, of, of->text) : NULL;
    int64_t parallel = 0;
    check_url(g, yaml_get(n, "url"));
    check_login(g, yaml_get(n, "as"), true, "unknown_service");
    check_login(g, yaml_get(n, "owner"), false, "unknown_person");
    *out = (tz_webhook){.user = yaml_text(n, "as"), .owner = yaml_text(n, "owner"), .at = n};
    out->wish = (webhook_wish){.name = n->key,
                               .title = yaml_text(n, "title"),
                               .url = yaml_text(n, "url"),
                               .ops = ops_of(g, yaml_get(n, "on")),
                               .is_each = str_is(yaml_text(n, "batches"), "each"),
                               .secret = secret_of(g, yaml_get(n, "secret")),
                               .old_secret = secret_of(g, yaml_get(n, "old_secret")),
                               .is_of_tz = true};
    bool is_given = str_to_i64(yaml_text(n, "parallel"), &parallel) == CRM_OK;
    out->wish.parallel = is_given ? (int)parallel : WEBHOOK_PARALLEL;
    if (e) {
        out->wish.entity = e->name;
        out->wish.fields = fields_of(g, e, yaml_get(n, "fields"));
        out->wish.where = where_compile(g, e, yaml_get(n, "where"));
    }
}

void register_webhooks(registering *g)
{
    const yaml_node *all = node_map(g->t->root, "webhooks");
    tz_webhook *rows = all ? ARENA_ARRAY(g->a, tz_webhook, (size_t)all->count + 1) : NULL;
    g->t->webhook_count = 0;
    g->t->webhooks = rows;
    YAML_EACH(n, rows ? all : NULL) {
        if (n->kind == YAML_MAP) {
            read_webhook(g, n, &rows[g->t->webhook_count++]);
        }
    }
}
