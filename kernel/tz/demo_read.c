/*
 * demo_read.c - a demo file as records and what happened to them, in the order of time. Nothing is
 * changed by reading. Blocking; any thread but a loop.
 */
#include <stdlib.h>

#include "tz/demo_private.h"

/* ---- the format ------------------------------------------------------------------------------ */

#define KEYS(...) ((const shape_key[]){__VA_ARGS__, {NULL, NULL, 0}})

static const shape a_text = {.kind = SHAPE_TEXT};
static const shape a_number = {.kind = SHAPE_INT};
static const shape a_name = {.kind = SHAPE_NAME};
static const shape a_value = {.kind = SHAPE_ANY};
static const shape a_change = {.kind = SHAPE_MAP,
                               .keys = KEYS({"at", &a_text, KEY_REQUIRED}, {"by", &a_name, 0}),
                               .of = &a_value};
static const shape some_changes = {.kind = SHAPE_LIST, .of = &a_change};
static const shape a_record = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"at", &a_text, 0}, {"by", &a_name, 0}, {"then", &some_changes, 0}),
    .of = &a_value};
static const shape of_an_entity = {.kind = SHAPE_MAP, .of = &a_record, .names_keys = true};
static const shape all_records = {.kind = SHAPE_MAP, .of = &of_an_entity};
static const shape a_file = {.kind = SHAPE_MAP,
                             .keys = KEYS({"demo", &a_number, KEY_REQUIRED},
                                          {"title", &a_text, KEY_REQUIRED}, {"hours", &a_text, 0},
                                          {"records", &all_records, KEY_REQUIRED})};

static bool is_word(crm_str key)
{
    return str_is(key, "at") || str_is(key, "by") || str_is(key, "then");
}

static void check_version(demo_reading *x, const yaml_node *root)
{
    const yaml_node *n = yaml_get(root, "demo");
    if (n && n->kind == YAML_SCALAR && !str_is(n->text, "1")) {
        tz_refuse(&x->f, n, "wrong_version", n->text);
    }
}

/* ---- what there is --------------------------------------------------------------------------- */

/* What people work with; who works here is the ТЗ's. */
static bool is_offered(const entity *e)
{
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) && str_find(e->name, '.') >= 0;
}

static const entity *find_entity(demo_reading *x, const yaml_node *n)
{
    const registry *r = x->c->reg;
    const entity *e = registry_entity(r, n->key);
    tz_names known = {0};
    if (e && is_offered(e)) {
        return e;
    }
    for (uint32_t i = 0; i < r->entity_count; i++) {
        if (is_offered(r->entities[i])) {
            tz_names_add(x->f.a, &known, r->entities[i]->name);
        }
    }
    tz_fault fault = tz_fault_key(n, "unknown_entity");
    fault.nearest = text_nearest(n->key, known.at, known.count);
    tz_faults_add(&x->f, &fault);
    return NULL;
}

static uint32_t changes_of(const yaml_node *n)
{
    const yaml_node *then = yaml_get(n, "then");
    return then && then->kind == YAML_LIST ? (uint32_t)then->count : 0;
}

/* Makes room for everything. False with a fault when it is too much. */
static bool make_room(demo_reading *x, const yaml_node *records)
{
    demo *d = x->d;
    arena *a = x->c->arena;
    size_t count = 0, events = 0, entities = records ? (size_t)records->count : 0;
    YAML_EACH(of, records) {
        YAML_EACH(n, of) {
            count++;
            events += 1 + changes_of(n);
        }
    }
    if (events > DEMO_RECORDS_MAX) {
        tz_refuse_key(&x->f, records, "too_many");
        return false;
    }
    d->entities = ARENA_ARRAY(a, const entity *, entities + 1);
    d->records = ARENA_ARRAY(a, demo_record, count + 1);
    d->events = ARENA_ARRAY(a, demo_event, events + 1);
    return d->entities && d->records && d->events;
}

/* Every key is known before the first reference is looked up. */
static void take_keys(demo_reading *x, const yaml_node *records)
{
    demo *d = x->d;
    YAML_EACH(of, records) {
        const entity *e = find_entity(x, of);
        if (!e) {
            continue;
        }
        d->entities[d->entity_count++] = e;
        YAML_EACH(n, of) {
            d->records[d->record_count++] = (demo_record){.entity = e, .node = n};
        }
    }
}

/* ---- what happened --------------------------------------------------------------------------- */

static void take_values(demo_reading *x, demo_event *ev, int64_t *known_at)
{
    const entity *e = x->d->records[ev->record].entity;
    ev->values = ARENA_ARRAY(x->c->arena, demo_value, (size_t)ev->node->count + 1);
    YAML_EACH(n, ev->node) {
        if (ev->values && !is_word(n->key) &&
            demo_read_value(x, e, ev->record, n, &ev->values[ev->value_count], known_at)) {
            ev->value_count++;
        }
    }
}

static void take_moment(demo_reading *x, demo_event *ev, int64_t least)
{
    const yaml_node *n = yaml_get(ev->node, "at");
    ev->at = x->now;
    if (n && n->kind == YAML_SCALAR && n->text.n && demo_read_moment(x, n, &ev->at)) {
        ev->at = ev->at < least ? least : ev->at;
        ev->at = ev->at > x->now ? x->now : ev->at;
    }
}

/* The first owner that the event names, or 0. */
static int64_t owner_of(const demo_event *ev, const entity *e)
{
    uint16_t owner = e->owner_fields[0];
    for (uint32_t i = 0; owner && i < ev->value_count; i++) {
        if (ev->values[i].field->index == owner) {
            return ev->values[i].v.i;
        }
    }
    return 0;
}

static demo_event *take_event(demo_reading *x, uint32_t place, const yaml_node *n,
                              const demo_event *before)
{
    demo *d = x->d;
    demo_event *ev = &d->events[d->event_count];
    const yaml_node *by = yaml_get(n, "by");
    int64_t least = before ? before->at : 0;
    *ev = (demo_event){.record = place, .order = d->event_count++, .is_new = !before, .node = n};
    take_values(x, ev, &least);
    take_moment(x, ev, least);
    ev->by = before ? before->by : owner_of(ev, d->records[place].entity);
    if (by && by->kind == YAML_SCALAR && by->text.n) {
        (void)demo_read_login(x, by, &ev->by);
    }
    return ev;
}

static void take_record(demo_reading *x, uint32_t place)
{
    demo_record *r = &x->d->records[place];
    const demo_event *last = take_event(x, place, r->node, NULL);
    r->made_at = last->at;
    if (changes_of(r->node)) {
        YAML_EACH(n, yaml_get(r->node, "then")) {
            last = take_event(x, place, n, last);
        }
    }
}

static int by_time(const void *x, const void *y)
{
    const demo_event *a = x, *b = y;
    return a->at != b->at ? (a->at < b->at ? -1 : 1) : a->order < b->order ? -1 : 1;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static crm_str name_of(const char *path)
{
    const char *last = strrchr(path, '/');
    return str_of(last ? last + 1 : path);
}

static void take_file(demo_reading *x, crm_str text)
{
    demo *d = x->d;
    uint8_t digest[SHA256_SIZE];
    yaml_node *root = tz_parse(x->c->arena, &x->f, d->file.p, text);
    if (!root) {
        return;
    }
    shape_check(&x->f, root, &a_file);
    check_version(x, root);
    d->title = yaml_text(root, "title");
    crypto_sha256(text, digest);
    d->digest = crypto_hex(x->c->arena, digest, sizeof digest);
    const yaml_node *records = node_map(root, "records"), *hours = yaml_get(root, "hours");
    if (hours && hours->kind == YAML_SCALAR && demo_read_hours(x, hours)) {
        x->now = demo_work_moment(x, 0);
    }
    if (x->f.errors || !make_room(x, records)) {
        return; /* what stands in the wrong place is not looked into */
    }
    take_keys(x, records);
    for (uint32_t i = 0; i < d->record_count; i++) {
        take_record(x, i);
    }
    qsort(d->events, d->event_count, sizeof *d->events, by_time);
}

crm_status demo_read(crm_ctx *c, const char *path, demo **out, tz_fault **faults)
{
    crm_str text;
    demo *d = ARENA_NEW(c->arena, demo);
    demo_reading x = {.c = c, .d = d, .now = c->env.now};
    *out = NULL;
    *faults = NULL;
    if (!d) {
        return CRM_NOMEM;
    }
    tz_faults_init(&x.f, c->arena, faults);
    d->file = arena_dup(c->arena, name_of(path));
    crm_status s = fs_read(c->arena, path, TZ_FILE_MAX, &text);
    if (s == CRM_OK) {
        take_file(&x, text);
    } else {
        tz_fault fault = {.file = d->file.p,
                          .code = str_of(s == CRM_TOO_LARGE ? "file_too_large" : "file_missing"),
                          .subject = str_of(path)};
        tz_faults_add(&x.f, &fault);
    }
    s = tz_faults_status(&x.f);
    *out = s == CRM_OK ? d : NULL;
    return s;
}
