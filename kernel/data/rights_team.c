/* rights_team.c - who is of a principal's team: his departments, and everyone of them. */
#include "data/rights_private.h"

value *rights_team_departments(const rights_inputs *in, uint32_t *count)
{
    const people *p = in->people;
    uint32_t n = p ? p->department_count : 0;
    value *all = ARENA_ARRAY(in->arena, value, n + 1);
    bool is_head = false;
    *count = 0;
    for (uint32_t i = 0; i < n; i++) {
        is_head |= p->departments[i].head == in->who->user;
    }
    for (uint32_t i = 0; all && i < n; i++) {
        bool hit = !is_head && people_is_below(p, p->departments[i].id, in->who->department);
        for (uint32_t j = 0; is_head && !hit && j < n; j++) {
            hit = p->departments[j].head == in->who->user &&
                  people_is_below(p, p->departments[i].id, p->departments[j].id);
        }
        if (hit) {
            all[(*count)++] = value_int(p->departments[i].id);
        }
    }
    return all;
}

static bool holds(const value *ids, uint32_t count, int64_t id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i].i == id) {
            return true;
        }
    }
    return false;
}

/* Himself and everyone of these departments, those who left included: their rows are the team's. */
static bool is_of_team(const rights_inputs *in, const person *u, const value *departments,
                       uint32_t n)
{
    return u->id == in->who->user || holds(departments, n, u->department);
}

value *rights_team_users(const rights_inputs *in, const value *departments, uint32_t n,
                         uint32_t *count)
{
    const people *p = in->people;
    uint32_t all = p ? p->user_count : 0, size = 1;
    for (uint32_t i = 0; i < all; i++) {
        size += is_of_team(in, &p->users[i], departments, n);
    }
    value *ids = ARENA_ARRAY(in->arena, value, size);
    *count = 0;
    for (uint32_t i = 0; ids && i < all; i++) {
        if (is_of_team(in, &p->users[i], departments, n)) {
            ids[(*count)++] = value_int(p->users[i].id);
        }
    }
    return ids;
}
