/* manifest.c - the head of module.yaml, its menu and grants, and what faults look like. */
#include "plug/manifest.h"

#include <stdlib.h>

/* ---- faults ---------------------------------------------------------------------------------- */

void faults_init(faults *f, arena *a, registry_fault **list)
{
    while (*list) {
        list = &(*list)->next;
    }
    *f = (faults){.a = a, .end = list};
}

static void add(faults *f, const registry_fault *row)
{
    registry_fault *fault = ARENA_NEW(f->a, registry_fault);
    f->count++;
    if (!fault) {
        return; /* the count alone refuses the module */
    }
    *fault = *row;
    fault->subject = arena_dup(f->a, row->subject);
    fault->nearest = arena_dup(f->a, row->nearest);
    fault->expected = arena_dup(f->a, row->expected);
    *f->end = fault;
    f->end = &fault->next;
}

void faults_add(faults *f, crm_str source, const char *code, crm_str subject, crm_str nearest)
{
    add(f, &(registry_fault){
               .source = source, .code = str_of(code), .subject = subject, .nearest = nearest});
}

crm_str node_source(arena *a, const yaml_node *n)
{
    return arena_fmt(a, "%s:%d", n->file, n->key_line ? n->key_line : n->line);
}

void fault_at(faults *f, const yaml_node *n, const char *code, crm_str subject)
{
    faults_add(f, node_source(f->a, n), code, subject, (crm_str){0});
}

void fault_near(faults *f, const yaml_node *n, const char *code, crm_str subject,
                const crm_str *known, size_t count)
{
    faults_add(f, node_source(f->a, n), code, subject, text_nearest(subject, known, count));
}

void fault_expected(faults *f, const yaml_node *n, const char *code, crm_str subject,
                    crm_str expected)
{
    add(f, &(registry_fault){.source = node_source(f->a, n),
                             .code = str_of(code),
                             .subject = subject,
                             .expected = expected});
}

#define KEYS_MAX 32
bool keys_check(faults *f, const yaml_node *n, const char *const *known)
{
    crm_str words[KEYS_MAX];
    size_t count = 0;
    if (!n) {
        return true;
    }
    if (n->kind != YAML_MAP) {
        fault_at(f, n, "wrong_type", n->key);
        return false;
    }
    for (; known[count] && count < KEYS_MAX; count++) {
        words[count] = str_of(known[count]);
    }
    YAML_EACH(child, n) {
        size_t i = 0;
        while (i < count && !str_eq(child->key, words[i])) {
            i++;
        }
        if (i == count) {
            fault_near(f, child, "unknown_key", child->key, words, count);
        }
    }
    return true;
}

bool read_flag(reader *rd, const yaml_node *map, const char *key)
{
    const yaml_node *n = yaml_get(map, key);
    bool got = false;
    if (n && (n->kind != YAML_SCALAR || yaml_bool(n, &got) != CRM_OK)) {
        fault_at(rd->f, n, "wrong_type", n->key);
    }
    return got;
}

int64_t read_number(reader *rd, const yaml_node *map, const char *key, int64_t otherwise)
{
    const yaml_node *n = yaml_get(map, key);
    int64_t got = otherwise;
    if (n && (n->kind != YAML_SCALAR || str_to_i64(n->text, &got) != CRM_OK)) {
        fault_at(rd->f, n, "wrong_type", n->key);
        return otherwise;
    }
    return got;
}

bool is_enabled(const enabled *on, crm_str entity_name)
{
    if (str_find(entity_name, '.') < 0) {
        return true; /* the kernel's own entities always are */
    }
    for (uint32_t i = 0; i < on->count; i++) {
        if (str_eq(on->entities[i], entity_name)) {
            return true;
        }
    }
    return false;
}

/* ---- the head -------------------------------------------------------------------------------- */

bool is_snake_case(crm_str s)
{
    if (s.n == 0 || s.n > 40 || s.p[0] < 'a' || s.p[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return true;
}

static void read_needs(arena *a, faults *f, manifest *m)
{
    const yaml_node *needs = yaml_get(m->root, "needs");
    crm_str *names = needs ? ARENA_ARRAY(a, crm_str, (size_t)needs->count) : NULL;
    if (!names) {
        return;
    }
    if (needs->kind != YAML_LIST) {
        fault_at(f, needs, "wrong_type", needs->key);
        return;
    }
    YAML_EACH(n, needs) {
        names[m->need_count++] = n->text;
    }
    m->needs = names;
}

#define OFFERS_MAX 64
static void read_offers(arena *a, faults *f, manifest *m)
{
    static const char *const kinds[] = {"steps", "integrations", "strategies", NULL};
    static const char *const prefixes[] = {"step", "integration", "strategy"};
    const yaml_node *offers = yaml_get(m->root, "offers"), *steps = yaml_get(m->root, "steps");
    crm_str *words = offers || steps ? ARENA_ARRAY(a, crm_str, OFFERS_MAX) : NULL;
    if (!words || !keys_check(f, offers, kinds)) {
        return;
    }
    YAML_EACH(n, steps) {
        if (m->offer_count == OFFERS_MAX) {
            fault_at(f, n, "too_many", n->key);
            return;
        }
        words[m->offer_count++] = arena_fmt(a, "step:%.*s", STR_FMT(n->key));
    }
    for (int k = 0; kinds[k]; k++) {
        YAML_EACH(n, yaml_get(offers, kinds[k])) {
            if (m->offer_count == OFFERS_MAX) {
                fault_at(f, n, "too_many", n->text);
                return;
            }
            words[m->offer_count++] = arena_fmt(a, "%s:%.*s", prefixes[k], STR_FMT(n->text));
        }
    }
    m->offers = words;
}

static void read_entity_names(arena *a, faults *f, manifest *m)
{
    const yaml_node *entities = yaml_get(m->root, "entities");
    crm_str *names = entities ? ARENA_ARRAY(a, crm_str, (size_t)entities->count) : NULL;
    if (!names) {
        return;
    }
    if (entities->kind != YAML_MAP) {
        fault_at(f, entities, "wrong_type", entities->key);
        return;
    }
    YAML_EACH(n, entities) {
        if (!is_snake_case(n->key)) {
            fault_at(f, n, "bad_name", n->key);
        }
        names[m->entity_count++] = arena_fmt(a, "%.*s.%.*s", STR_FMT(m->name), STR_FMT(n->key));
    }
    m->entities = names;
}

static void read_head(arena *a, faults *f, manifest *m)
{
    const yaml_node *level = yaml_get(m->root, "level");
    int64_t number = 1;
    m->name = yaml_text(m->root, "module");
    m->version = yaml_text(m->root, "version");
    if (!is_snake_case(m->name)) {
        fault_at(f, m->root, "bad_name", m->name.n ? m->name : CRM_S("module"));
    }
    if (!m->version.n) {
        fault_at(f, m->root, "missing", CRM_S("version"));
    }
    if (level && (str_to_i64(level->text, &number) != CRM_OK || number < 1 || number > 9999)) {
        fault_at(f, level, "wrong_type", level->key);
        number = 1;
    }
    m->level = (uint32_t)number;
    read_needs(a, f, m);
    read_offers(a, f, m);
    read_entity_names(a, f, m);
}

crm_status manifest_read(arena *a, const char *file, crm_str text, manifest *out,
                         registry_fault **list)
{
    static const char *const keys[] = {"module",   "version", "level",     "needs", "offers",
                                       "entities", "extends", "pipelines", "menu",  "settings",
                                       "grants",   "remote",  "hooks",     "steps", "frames",
                                       "ui",       NULL};
    faults f;
    yaml_error err = {0};
    yaml_node *root;
    faults_init(&f, a, list);
    crm_status s = yaml_parse(a, file, text, &root, &err);
    if (s != CRM_OK) {
        if (s == CRM_INVALID) {
            faults_add(&f, arena_fmt(a, "%s:%d", file, err.line), "bad_yaml", err.text,
                       (crm_str){0});
        }
        return s;
    }
    *out = (manifest){.file = file, .root = root};
    if (keys_check(&f, root, keys)) {
        read_head(a, &f, out);
    }
    return arena_failed(a) ? CRM_NOMEM : f.count ? CRM_INVALID : CRM_OK;
}

/* ---- menu, grants ---------------------------------------------------------------------------- */

static void read_menu_item(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"id",    "entity", "icon",  "to",
                                       "group", "order",  "phone", NULL};
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    crm_str id = yaml_text(n, "id"), entity_name = yaml_text(n, "entity");
    menu_item row = {.id = id,
                     .icon = yaml_text(n, "icon"),
                     .to = yaml_text(n, "to"),
                     .group = yaml_text(n, "group"),
                     .order = (int32_t)read_number(rd, n, "order", 100),
                     .on_phone = read_flag(rd, n, "phone")};
    if (!id.n) {
        fault_at(rd->f, n, "missing", CRM_S("id"));
        return;
    }
    row.label = arena_fmt(rd->a, "%.*s.menu.%.*s", STR_FMT(rd->m->name), STR_FMT(id));
    if (entity_name.n) {
        row.entity_name = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(rd->m->name), STR_FMT(entity_name));
        row.to = row.to.n ? row.to : arena_fmt(rd->a, "/e/%.*s", STR_FMT(row.entity_name));
        if (!is_enabled(rd->on, row.entity_name)) {
            fault_near(rd->f, n, "unknown_entity", row.entity_name, rd->m->entities,
                       rd->m->entity_count);
        }
    }
    if (registry_add_menu(rd->r, &row) != CRM_OK) {
        fault_at(rd->f, n, "refused", id);
    }
}

static int action_of(crm_str word)
{
#define X(name, text)         \
    if (str_is(word, text)) { \
        return ACTION_##name; \
    }
    ACTION_MAP(X)
#undef X
    return -1;
}

/* What module:<name> may do in its own jobs and listeners. */
static void read_grant(reader *rd, const yaml_node *entity_node)
{
    static const crm_str actions[] = {
#define X(name, text) {text, sizeof(text) - 1},
        ACTION_MAP(X)
#undef X
    };
    if (!is_enabled(rd->on, entity_node->key)) {
        return;
    }
    YAML_EACH(n, entity_node) {
        int what = action_of(n->key);
        if (what < 0) {
            fault_near(rd->f, n, "unknown_key", n->key, actions, ACTION_COUNT);
            continue;
        }
        if (!str_is(n->text, "all")) {
            fault_at(rd->f, n, "wrong_type", n->text);
            continue;
        }
        grant row = {.role = arena_fmt(rd->a, "module:%.*s", STR_FMT(rd->m->name)),
                     .entity_name = entity_node->key,
                     .action = (action)what,
                     .scope = SCOPE_ALL,
                     .source = node_source(rd->a, n)};
        if (registry_add_grant(rd->r, &row) != CRM_OK) {
            fault_at(rd->f, n, "refused", n->key);
        }
    }
}

static void read_grants(reader *rd, const yaml_node *grants)
{
    role row = {.name = arena_fmt(rd->a, "module:%.*s", STR_FMT(rd->m->name)),
                .title = arena_fmt(rd->a, "%.*s.title", STR_FMT(rd->m->name))};
    if (!grants) {
        return;
    }
    row.source = node_source(rd->a, grants);
    if (registry_add_role(rd->r, &row) != CRM_OK) {
        fault_at(rd->f, grants, "refused", row.name);
    }
    YAML_EACH(n, grants) {
        read_grant(rd, n);
    }
}

crm_status manifest_register(const manifest *m, const enabled *on, registry *r, faults *f)
{
    reader rd = {.a = registry_arena(r), .r = r, .m = m, .on = on, .f = f};
    uint32_t before = f->count;
    YAML_EACH(n, yaml_get(m->root, "entities")) {
        read_entity(&rd, n);
    }
    YAML_EACH(n, yaml_get(m->root, "extends")) {
        read_extension(&rd, n);
    }
    YAML_EACH(n, yaml_get(m->root, "pipelines")) {
        read_pipeline(&rd, n);
    }
    YAML_EACH(n, yaml_get(m->root, "menu")) {
        read_menu_item(&rd, n);
    }
    read_settings(&rd, yaml_get(m->root, "settings"));
    read_grants(&rd, yaml_get(m->root, "grants"));
    return arena_failed(rd.a) ? CRM_NOMEM : f->count > before ? CRM_INVALID : CRM_OK;
}
