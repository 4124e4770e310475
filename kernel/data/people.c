/*
 * people.c - the snapshot of users and departments: built on the writer, pinned by every call.
 *
 * A snapshot owns its arena and the rights compiled for it. The current one is a pointer under a
 * mutex that is held for a few instructions only.
 */
#include "data/people_private.h"

#include <pthread.h>
#include <stdlib.h>

#include "data/stores.h"

#define PEOPLE_ARENA_MAX ((size_t)64 * 1024 * 1024)
#define ROWS_MAX         1000000u
#define IDS_A_USER       8 /* entries of the table by id for each user */
#define IDS_MIN          1024

static struct {
    pthread_mutex_t lock;
    people_box *current;
    _Atomic uint64_t epochs;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static people_box *box_of(const people *p)
{
    return (people_box *)p;
}

static void box_free(people_box *box)
{
    if (box) {
        rights_tables_free(box->rights);
        pthread_mutex_destroy(&box->names_lock);
        arena_free(box->arena);
        free(box);
    }
}

/* ---- building -------------------------------------------------------------------------------- */

typedef struct gathering {
    people_box *box;
    person *users;
    department *departments;
    uint32_t users_cap, departments_cap;
} gathering;

static bool grow(arena *a, void **array, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap) {
        return true;
    }
    uint32_t wanted = *cap ? *cap * 2 : 64;
    char *bigger = arena_array(a, wanted, size);
    if (!bigger) {
        return false;
    }
    if (count) {
        memcpy(bigger, *array, count * size);
    }
    *array = bigger;
    *cap = wanted;
    return true;
}

static crm_str *split_roles(arena *a, crm_str many, uint32_t *count)
{
    uint32_t n = many.n ? 1 : 0;
    for (size_t i = 0; i < many.n; i++) {
        n += many.p[i] == '\n';
    }
    crm_str *roles = ARENA_ARRAY(a, crm_str, n ? n : 1);
    crm_str part, rest = many;
    *count = 0;
    while (roles && *count < n && str_split(&rest, '\n', &part)) {
        if (part.n) {
            roles[(*count)++] = part;
        }
    }
    return roles;
}

static bool on_user(void *arg, const value *row, uint32_t matched)
{
    gathering *g = arg;
    people *p = &g->box->pub;
    arena *a = g->box->arena;
    (void)matched;
    if (!grow(a, (void **)&g->users, p->user_count, &g->users_cap, sizeof *g->users)) {
        return false;
    }
    person *u = &g->users[p->user_count++];
    *u = (person){.id = row[COL_ID].i,
                  .login = arena_dup(a, row[USER_LOGIN].s),
                  .name = arena_dup(a, row[USER_NAME].s),
                  .email = arena_dup(a, row[USER_EMAIL].s),
                  .lang = arena_dup(a, row[USER_LANG].s),
                  .department = row[USER_DEPARTMENT].i,
                  .is_disabled = row[USER_IS_DISABLED].i != 0,
                  .is_on_line = row[USER_ON_LINE].i != 0,
                  .is_service = row[USER_IS_SERVICE].i != 0};
    u->roles = split_roles(a, arena_dup(a, row[USER_ROLES].s), &u->role_count);
    return !arena_failed(a);
}

static bool on_department(void *arg, const value *row, uint32_t matched)
{
    gathering *g = arg;
    people *p = &g->box->pub;
    arena *a = g->box->arena;
    (void)matched;
    if (!grow(a, (void **)&g->departments, p->department_count, &g->departments_cap,
              sizeof *g->departments)) {
        return false;
    }
    g->departments[p->department_count++] =
        (department){.id = row[COL_ID].i,
                     .parent = row[DEPARTMENT_PARENT].i,
                     .head = row[DEPARTMENT_HEAD].i,
                     .name = arena_dup(a, row[DEPARTMENT_NAME].s),
                     .title = arena_dup(a, row[DEPARTMENT_TITLE].s)};
    return !arena_failed(a);
}

static int by_login(const void *x, const void *y)
{
    return str_cmp((*(const person *const *)x)->login, (*(const person *const *)y)->login);
}

static bool index_logins(people_box *box)
{
    uint32_t n = box->pub.user_count;
    box->by_login = ARENA_ARRAY(box->arena, const person *, n ? n : 1);
    if (!box->by_login) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        box->by_login[i] = &box->pub.users[i];
    }
    qsort(box->by_login, n, sizeof *box->by_login, by_login);
    return true;
}

/* Ids are given in order, so a table by them has few holes; what lies beyond it is searched for. */
static bool index_ids(people_box *box)
{
    uint32_t n = box->pub.user_count;
    int64_t last = n ? box->pub.users[n - 1].id : 0, most = (int64_t)n * IDS_A_USER + IDS_MIN;
    box->id_end = (last < most ? last : most) + 1;
    box->by_id = ARENA_ARRAY(box->arena, const person *, (size_t)box->id_end);
    for (uint32_t i = 0; box->by_id && i < n && box->pub.users[i].id < box->id_end; i++) {
        box->by_id[box->pub.users[i].id] = &box->pub.users[i];
    }
    return box->by_id != NULL;
}

static crm_status read_both(engine_session *s, const registry *r, gathering *g)
{
    query users = {.entity = registry_store(r, STORE_USER), .limit = ROWS_MAX};
    query departments = {.entity = registry_store(r, STORE_DEPARTMENT), .limit = ROWS_MAX};
    engine_op ops[] = {
        {.kind = ENGINE_LIST, .entity = users.entity, .query = &users, .on_row = on_user, .arg = g},
        {.kind = ENGINE_LIST,
         .entity = departments.entity,
         .query = &departments,
         .on_row = on_department,
         .arg = g},
    };
    engine_batch b = {.ops = ops, .count = 2};
    return engine_read_now(s, &b);
}

crm_status people_build(engine_session *s, const registry *r, people **out)
{
    *out = NULL;
    people_box *box = calloc(1, sizeof *box);
    if (box) {
        pthread_mutex_init(&box->names_lock, NULL);
    }
    if (!box || !(box->arena = arena_new(PEOPLE_ARENA_MAX)) ||
        !(box->rights = rights_tables_new())) {
        box_free(box);
        return CRM_NOMEM;
    }
    gathering g = {.box = box};
    crm_status st = read_both(s, r, &g);
    box->pub.users = g.users;
    box->pub.departments = g.departments;
    if (!st && (arena_failed(box->arena) || !index_logins(box) || !index_ids(box))) {
        st = CRM_NOMEM;
    }
    if (st) {
        box_free(box);
        return st;
    }
    box->pub.epoch = atomic_fetch_add(&state.epochs, 1) + 1;
    atomic_init(&box->refs, 1);
    *out = &box->pub;
    return CRM_OK;
}

/* ---- publishing and pinning ------------------------------------------------------------------ */

void people_publish(people *p)
{
    pthread_mutex_lock(&state.lock);
    people_box *old = state.current;
    state.current = box_of(p);
    pthread_mutex_unlock(&state.lock);
    if (old) {
        people_unpin(&old->pub);
    }
}

void people_discard(people *p)
{
    if (p) {
        box_free(box_of(p));
    }
}

const people *people_pin(void)
{
    pthread_mutex_lock(&state.lock);
    people_box *box = state.current;
    if (box) {
        atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&state.lock);
    return box ? &box->pub : NULL;
}

const people *people_ref(const people *pinned)
{
    if (pinned) {
        atomic_fetch_add_explicit(&box_of(pinned)->refs, 1, memory_order_relaxed);
    }
    return pinned;
}

void people_unpin(const people *p)
{
    if (p && atomic_fetch_sub_explicit(&box_of(p)->refs, 1, memory_order_acq_rel) == 1) {
        box_free(box_of(p));
    }
}

rights_tables *people_rights(const people *p)
{
    return p ? box_of(p)->rights : NULL;
}

/* ---- looking up ------------------------------------------------------------------------------ */

const person *people_user(const people *p, int64_t id)
{
    if (p && id >= 0 && id < box_of(p)->id_end) {
        return box_of(p)->by_id[id];
    }
    uint32_t low = 0, high = p ? p->user_count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->users[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return p && low < p->user_count && p->users[low].id == id ? &p->users[low] : NULL;
}

const person *people_by_login(const people *p, crm_str login)
{
    if (!p || !p->user_count) {
        return NULL;
    }
    person key = {.login = login};
    const person *wanted = &key;
    const person **hit =
        bsearch(&wanted, box_of(p)->by_login, p->user_count, sizeof wanted, by_login);
    return hit ? *hit : NULL;
}

const department *people_department(const people *p, int64_t id)
{
    for (uint32_t i = 0; p && i < p->department_count; i++) {
        if (p->departments[i].id == id) {
            return &p->departments[i];
        }
    }
    return NULL;
}

bool people_is_below(const people *p, int64_t id, int64_t root)
{
    /* Parents that form a ring end the walk by the number of departments. */
    for (uint32_t steps = 0; id && steps <= p->department_count; steps++) {
        if (id == root) {
            return true;
        }
        const department *d = people_department(p, id);
        id = d ? d->parent : 0;
    }
    return false;
}

crm_status people_principal(arena *a, const people *p, int64_t user, principal *out)
{
    const person *u = people_user(p, user);
    if (!u || u->is_disabled) {
        return CRM_UNAUTHENTICATED;
    }
    *out = (principal){.kind = PRINCIPAL_USER,
                       .user = u->id,
                       .department = u->department,
                       .name = arena_dup(a, u->login)};
    crm_str *roles = ARENA_ARRAY(a, crm_str, u->role_count ? u->role_count : 1);
    if (!roles) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < u->role_count; i++) {
        roles[i] = arena_dup(a, u->roles[i]);
    }
    out->roles = roles;
    out->role_count = u->role_count;
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}
