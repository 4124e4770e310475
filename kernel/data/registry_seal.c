/*
 * registry_seal.c - closes a registry: entities, fields and names. The other parts of sealing are
 * in registry_seal_*.c. One thread, the builder's.
 */
#include "data/address.h"
#include "data/registry_internal.h"

#define FAULTS_MAX 200

/* ---- faults and memory ----------------------------------------------------------------------- */

void *seal_alloc(seal *s, size_t count, size_t size)
{
    void *p = arena_array(s->r->arena, count ? count : 1, size);
    s->no_memory = s->no_memory || !p;
    return p;
}

static void add_fault(seal *s, registry_fault f)
{
    if (s->fault_count == FAULTS_MAX) {
        return;
    }
    registry_fault *row = ARENA_NEW(s->a, registry_fault);
    if (!row) {
        s->no_memory = true;
        return;
    }
    *row = f;
    *s->faults_end = row;
    s->faults_end = &row->next;
    s->fault_count++;
}

void seal_fault(seal *s, crm_str source, const char *code, crm_str subject)
{
    add_fault(s, (registry_fault){.source = source, .code = str_of(code), .subject = subject});
}

void seal_fault_near(seal *s, crm_str source, const char *code, crm_str subject,
                     const crm_str *candidates, size_t count)
{
    add_fault(s, (registry_fault){.source = source,
                                  .code = str_of(code),
                                  .subject = subject,
                                  .nearest = text_nearest(subject, candidates, count)});
}

void seal_unknown_entity(seal *s, crm_str source, crm_str name)
{
    crm_str *names = ARENA_ARRAY(s->a, crm_str, s->r->entity_count);
    uint32_t n = 0;
    for (uint32_t i = 0; names && i < s->r->entity_count; i++) {
        if (!(s->r->entities[i]->flags & ENTITY_SYSTEM)) {
            names[n++] = s->r->entities[i]->name;
        }
    }
    seal_fault_near(s, source, "unknown_entity", name, names, n);
}

void seal_unknown_field(seal *s, crm_str source, const entity *e, crm_str name)
{
    crm_str names[FIELDS_MAX];
    for (uint32_t i = 0; i < e->field_count; i++) {
        names[i] = e->fields[i].name;
    }
    crm_str subject = arena_fmt(s->a, "%.*s.%.*s", STR_FMT(e->name), STR_FMT(name));
    crm_str nearest = text_nearest(name, names, e->field_count);
    add_fault(s, (registry_fault){.source = source,
                                  .code = CRM_S("unknown_field"),
                                  .subject = subject,
                                  .nearest = nearest});
}

const cond *seal_cond(seal *s, crm_str source, const entity *e, crm_str text)
{
    const cond *out = NULL;
    json_t *json = NULL;
    if (!text.n) {
        return NULL;
    }
    if (json_read(text, JSON_ITEMS_MAX, &json, NULL) != CRM_OK) {
        seal_fault(s, source, "bad_condition", text);
        return NULL;
    }
    cond_scope on = {.reg = s->r, .entity = e};
    cond_error err = {0};
    crm_status st = cond_read(s->r->arena, &on, json, &out, &err);
    if (st == CRM_INVALID) {
        bool is_form =
            strcmp(err.code, "bad_request") == 0 || strcmp(err.code, "unknown_operator") == 0;
        const char *code = is_form ? "bad_condition" : err.code;
        crm_str subject = arena_dup(s->a, err.field.n ? err.field : text);
        add_fault(s, (registry_fault){.source = source,
                                      .code = str_of(code),
                                      .subject = subject,
                                      .nearest = err.nearest});
    }
    s->no_memory = s->no_memory || (st != CRM_OK && st != CRM_INVALID);
    json_decref(json);
    return out;
}

/* ---- names ----------------------------------------------------------------------------------- */

#define NAME_MAX_BYTES 64

/* snake_case, and for an entity at most one dot between two such names. */
static bool is_name(crm_str s, bool with_dot)
{
    bool at_start = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = c >= 'a' && c <= 'z', is_rest = (c >= '0' && c <= '9') || c == '_';
        if (c == '.' && with_dot && !at_start) {
            with_dot = false;
            at_start = true;
            continue;
        }
        if (!is_letter && (!is_rest || at_start)) {
            return false;
        }
        at_start = false;
    }
    return !at_start && s.n <= NAME_MAX_BYTES;
}

static uint32_t table_size(uint32_t count)
{
    uint32_t size = 16;
    while (size < count * 2) {
        size *= 2;
    }
    return size;
}

static void index_fields(seal *s, entity *e)
{
    uint32_t size = table_size(e->field_count);
    uint16_t *slots = seal_alloc(s, size, sizeof(uint16_t));
    for (uint32_t i = 0; slots && i < e->field_count; i++) {
        const field *f = &e->fields[i];
        uint64_t at = str_hash(f->name);
        while (slots[at & (size - 1)] &&
               !str_eq(e->fields[slots[at & (size - 1)] - 1].name, f->name)) {
            at++;
        }
        if (slots[at & (size - 1)]) {
            seal_fault(s, f->source, "duplicate_field", f->name);
            continue;
        }
        slots[at & (size - 1)] = (uint16_t)(i + 1);
    }
    e->name_slots = slots;
    e->name_mask = slots ? size - 1 : 0;
}

static void index_entities(seal *s)
{
    uint32_t size = table_size(s->r->entity_count);
    uint16_t *slots = seal_alloc(s, size, sizeof(uint16_t));
    for (uint32_t i = 0; slots && i < s->r->entity_count; i++) {
        uint64_t at = str_hash(s->r->entities[i]->name);
        while (slots[at & (size - 1)]) {
            at++;
        }
        slots[at & (size - 1)] = (uint16_t)(i + 1);
    }
    s->h->entity_slots = slots;
    s->h->entity_mask = slots ? size - 1 : 0;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static const bool always_many[FIELD_TYPE_COUNT] = {
    [FIELD_CHOICES] = true, [FIELD_REFS] = true, [FIELD_FILES] = true, [FIELD_TAGS] = true};
static const bool may_be_many[FIELD_TYPE_COUNT] = {
#define X(name, text, storage, many) [FIELD_##name] = (many),
    FIELD_TYPE_MAP(X)
#undef X
};

static void resolve_ref(seal *s, field *f)
{
    if (f->type == FIELD_USER) {
        f->ref = registry_store(s->r, STORE_USER);
    }
    if (f->type != FIELD_REF && f->type != FIELD_REFS) {
        return;
    }
    f->ref = registry_entity(s->r, f->ref_name);
    if (!f->ref) {
        seal_unknown_entity(s, f->source, f->ref_name);
    }
}

/* A name that is too long for it has its fault. */
static void name_member(field *f)
{
    char text[JSON_MEMBER_MAX + 1];
    int n = snprintf(text, sizeof text, ",\"%.*s\":", STR_FMT(f->name));
    bool fits = n > 0 && n <= JSON_MEMBER_MAX;
    f->member.n = fits ? (uint8_t)n : 0;
    memcpy(f->member.text, text, sizeof f->member.text);
}

/* A part is a text of its address: as visible as that, and in no index. */
static void make_parts(seal *s, field *f)
{
    field *parts = seal_alloc(s, ADDRESS_PARTS, sizeof *parts);
    for (uint8_t i = 0; parts && i < ADDRESS_PARTS; i++) {
        crm_str part = address_part_name((address_part)i);
        parts[i] =
            (field){.name = arena_fmt(s->r->arena, "%.*s.%.*s", STR_FMT(f->name), STR_FMT(part)),
                    .label = f->label,
                    .type = FIELD_TEXT,
                    .flags = f->flags & (FIELD_HIDDEN | FIELD_PERSONAL),
                    .index = f->index,
                    .part = (uint8_t)(i + 1),
                    .entity = f->entity,
                    .source = f->source};
    }
    f->parts = parts;
}

static void check_field(seal *s, field *f)
{
    if (!(f->flags & FIELD_SYSTEM) && !is_name(f->name, false)) {
        seal_fault(s, f->source, "bad_name", f->name);
    }
    if (always_many[f->type]) {
        f->flags |= FIELD_MANY;
    }
    if ((f->flags & FIELD_MANY) && !may_be_many[f->type]) {
        seal_fault(s, f->source, "not_many", f->name);
    }
    if (f->type == FIELD_COMPUTED) {
        f->flags |= FIELD_READ_ONLY;
    }
    bool has_choices = f->type == FIELD_CHOICE || f->type == FIELD_CHOICES;
    if (has_choices && !f->choice_count) {
        seal_fault(s, f->source, "no_choices", f->name);
    }
    if (f->type == FIELD_ADDRESS) {
        make_parts(s, f);
    }
    resolve_ref(s, f);
    name_member(f);
}

/* The names of a text's values are those of the choice it names, the ТЗ's own among them. Its
 * entity may be missing with its module, and then the values stand as they are. */
static void borrow_titles(seal *s, field *f)
{
    crm_str of = f->titles_of;
    size_t dot = of.n;
    while (dot > 0 && of.p[dot - 1] != '.') {
        dot--;
    }
    const entity *e = dot ? registry_entity(s->r, (crm_str){of.p, dot - 1}) : NULL;
    const field *from = e ? entity_field(e, (crm_str){of.p + dot, of.n - dot}) : NULL;
    if (from && from->type == FIELD_CHOICE) {
        f->choices = from->choices;
        f->choice_count = from->choice_count;
    } else if (e || !dot) {
        seal_fault(s, f->source, "no_choices", of);
    }
}

static void borrow_all_titles(seal *s)
{
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        const entity *e = s->r->entities[i];
        for (uint32_t j = 0; j < e->field_count; j++) {
            if (e->fields[j].titles_of.n) {
                borrow_titles(s, (field *)&e->fields[j]);
            }
        }
    }
}

/* What was meant for entities that nobody declared. */
static void report_orphans(seal *s)
{
    for (extension *x = s->h->extensions; x; x = x->next) {
        crm_str source = x->count ? x->fields[0].source : (crm_str){0};
        seal_unknown_entity(s, source, x->entity_name);
    }
}

void seal_entities(seal *s)
{
    report_orphans(s);
    index_entities(s);
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        entity *e = (entity *)s->r->entities[i];
        if (!is_name(e->name, true)) {
            seal_fault(s, e->source, "bad_name", e->name);
        }
        index_fields(s, e);
        for (uint32_t j = 0; j < e->field_count; j++) {
            check_field(s, (field *)&e->fields[j]);
        }
    }
    borrow_all_titles(s);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void load_zone(seal *s)
{
    crm_status st = zone_load(s->r->arena, s->r->timezone, &s->h->zone);
    if (st == CRM_NOT_FOUND) {
        seal_fault(s, CRM_S("company.timezone"), "unknown_timezone", s->r->timezone);
    }
    s->no_memory = s->no_memory || st == CRM_NOMEM;
}

crm_status registry_seal(registry *r, arena *a, registry_fault **faults)
{
    static void (*const parts[])(seal *) = {
        load_zone,      seal_stage_logs, seal_notes,   seal_matches, seal_entities,
        seal_pipelines, seal_formulas,   seal_links,   seal_joins,   seal_views,
        seal_grants,    seal_behaviour,  seal_indexes, seal_strings, seal_rev};
    *faults = NULL;
    seal s = {.h = holder_of(r), .r = r, .a = a, .faults_end = faults};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !s.no_memory; i++) {
        parts[i](&s);
    }
    if (s.no_memory) {
        return CRM_NOMEM;
    }
    return s.fault_count ? CRM_INVALID : CRM_OK;
}
