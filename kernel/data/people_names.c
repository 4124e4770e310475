/*
 * people_names.c - finding people by how they are called: the keys of a snapshot's names and
 * addresses, computed when somebody first asks. Any thread.
 */
#include <stdlib.h>

#include "base/text.h"
#include "data/people_private.h"

typedef struct name_key {
    crm_str key;
    int64_t id;
} name_key;

struct people_names {
    name_key *at; /* by key, then id */
    uint32_t count;
};

static int by_key(const void *x, const void *y)
{
    const name_key *a = x, *b = y;
    int order = str_cmp(a->key, b->key);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

static bool add(arena *a, people_names *n, crm_str text, int64_t id)
{
    crm_str key;
    if (!text.n) {
        return true;
    }
    if (text_sort_key(a, text, &key) != CRM_OK) {
        return false;
    }
    n->at[n->count++] = (name_key){key, id};
    return true;
}

/* In the snapshot's arena, which nobody else uses by now. Its lock is held. */
static people_names *build(people_box *box)
{
    const people *p = &box->pub;
    people_names *n = ARENA_NEW(box->arena, people_names);
    bool is_whole = n && (n->at = ARENA_ARRAY(box->arena, name_key, 2 * (size_t)p->user_count + 1));
    for (uint32_t i = 0; is_whole && i < p->user_count; i++) {
        const person *u = &p->users[i];
        is_whole = add(box->arena, n, u->name, u->id) && add(box->arena, n, u->email, u->id);
    }
    if (!is_whole) {
        return NULL;
    }
    qsort(n->at, n->count, sizeof *n->at, by_key);
    return n;
}

static const people_names *names_of(const people *p)
{
    people_box *box = (people_box *)p;
    pthread_mutex_lock(&box->names_lock);
    if (!box->names) {
        box->names = build(box);
    }
    const people_names *n = box->names;
    pthread_mutex_unlock(&box->names_lock);
    return n;
}

static uint32_t first_of(const people_names *n, crm_str key)
{
    uint32_t low = 0, high = n->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (str_cmp(n->at[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

crm_status people_named(arena *a, const people *p, crm_str text, int64_t *id, uint32_t *count)
{
    crm_str key;
    *id = 0;
    *count = 0;
    if (!p || !text.n) {
        return CRM_OK;
    }
    const people_names *n = names_of(p);
    if (!n || text_sort_key(a, text, &key) != CRM_OK) {
        return CRM_NOMEM;
    }
    for (uint32_t i = first_of(n, key); i < n->count && str_eq(n->at[i].key, key); i++) {
        *count += n->at[i].id != *id; /* one whose name is his address counts once */
        *id = n->at[i].id;
    }
    return CRM_OK;
}
