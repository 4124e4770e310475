/* access.c - see access.h. A list under a mutex; nothing is ever removed from it. */
#include "data/access.h"

#include <pthread.h>

#define DISTINCT_MAX 4096
#define TEXT_MAX     16384

typedef struct interned {
    access_scope scope;
    uint64_t hash;
    crm_str text;
    struct interned *next;
} interned;

static struct {
    pthread_mutex_t lock;
    arena *arena;
    interned *first;
    uint32_t count;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- reading --------------------------------------------------------------------------------- */

static crm_status read_names(const json_t *list, const crm_str **out, uint32_t *count)
{
    size_t i;
    json_t *item;
    crm_str *names = ARENA_ARRAY(all.arena, crm_str, json_array_size(list) + 1);
    *count = 0;
    *out = names;
    if (!names || json_array_size(list) > ACCESS_NAMES_MAX) {
        return names ? CRM_INVALID : CRM_NOMEM;
    }
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item)) {
            return CRM_INVALID;
        }
        names[(*count)++] = arena_dup(all.arena, str_of(json_string_value(item)));
    }
    return arena_failed(all.arena) ? CRM_NOMEM : CRM_OK;
}

static crm_status read_scope(crm_str text, access_scope *out)
{
    json_t *json;
    crm_status st = json_read(text, ACCESS_NAMES_MAX, &json, NULL);
    if (st) {
        return st == CRM_NOMEM ? st : CRM_INVALID;
    }
    crm_str access = json_text(json, "access");
    const json_t *entities = json_object_get(json, "entities");
    bool is_whole = str_is(access, "read") || str_is(access, "write");
    out->is_read_only = !str_is(access, "write");
    out->is_listed = entities && !json_is_null(entities);
    st = is_whole ? read_names(entities, &out->entities, &out->entity_count) : CRM_INVALID;
    if (!st) {
        st = read_names(json_object_get(json, "functions"), &out->functions, &out->function_count);
    }
    json_decref(json);
    return st;
}

/* Lock held. */
static crm_status make(crm_str text, uint64_t hash, const access_scope **out)
{
    if (all.count >= DISTINCT_MAX || text.n > TEXT_MAX) {
        return CRM_LIMIT;
    }
    all.arena = all.arena ? all.arena : arena_new((size_t)DISTINCT_MAX * TEXT_MAX);
    interned *row = all.arena ? ARENA_NEW(all.arena, interned) : NULL;
    if (!row) {
        return CRM_NOMEM;
    }
    *row = (interned){.hash = hash, .text = arena_dup(all.arena, text)};
    crm_status st = read_scope(text, &row->scope);
    if (st) {
        return st;
    }
    row->scope.text = row->text;
    row->next = all.first;
    all.first = row;
    all.count++;
    *out = &row->scope;
    return CRM_OK;
}

crm_status access_intern(crm_str json, const access_scope **out)
{
    uint64_t hash = str_hash(json);
    crm_status st = CRM_OK;
    *out = NULL;
    pthread_mutex_lock(&all.lock);
    for (const interned *i = all.first; i && !*out; i = i->next) {
        if (i->hash == hash && str_eq(i->text, json)) {
            *out = &i->scope;
        }
    }
    if (!*out) {
        st = make(json, hash, out);
    }
    pthread_mutex_unlock(&all.lock);
    return st;
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool access_has_entity(const access_scope *s, crm_str entity_name)
{
    if (!s || !s->is_listed) {
        return true;
    }
    for (uint32_t i = 0; i < s->entity_count; i++) {
        crm_str name = s->entities[i];
        bool is_wild = str_ends(name, CRM_S(".*"));
        if (is_wild ? str_starts(entity_name, (crm_str){name.p, name.n - 1})
                    : str_eq(entity_name, name)) {
            return true;
        }
    }
    return false;
}

bool access_has_function(const access_scope *s, crm_str function)
{
    for (uint32_t i = 0; s && i < s->function_count; i++) {
        if (str_eq(s->functions[i], function)) {
            return true;
        }
    }
    return !s;
}

uint32_t access_actions(const access_scope *s, uint32_t actions)
{
    const uint32_t reading =
        1u << ACTION_READ | 1u << ACTION_EXPORT | 1u << ACTION_AGGREGATE | 1u << ACTION_LISTEN;
    return s && s->is_read_only ? actions & reading : actions;
}
