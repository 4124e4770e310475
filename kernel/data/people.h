/*
 * people.h - who works here: users, departments, roles and duty, as an immutable snapshot.
 *
 * Kernel entities: `user` (login, name, email, phone, department, roles, lang, extension, on_line,
 * is_disabled, is_service), `department` (name, title, parent, head, staff). The snapshot is rebuilt on the
 * writer after a commit that touched either, under a new epoch; rights are compiled once per epoch.
 *
 * login, roles, department, head, is_disabled and is_service change only under the function "settings", whatever
 * the grants say.
 */
#ifndef DATA_PEOPLE_H
#define DATA_PEOPLE_H

#include "data/call.h"

typedef struct person {
    int64_t id;
    crm_str login, name, email, lang;
    int64_t department;
    const crm_str *roles;
    uint32_t role_count;
    bool is_disabled, is_on_line;
    bool is_service; /* a program: signs in by token only, is told nothing and given no work */
} person;

typedef struct department {
    int64_t id, parent, head;
    crm_str name, title;
} department;

typedef struct people {
    uint64_t epoch;
    const person *users; /* by id */
    uint32_t user_count;
    const department *departments;
    uint32_t department_count;
} people;

/* Reads both entities in `s` (the writing session before COMMIT, so it sees what is about to be). */
CRM_MUST_CHECK crm_status people_build(engine_session *s, const registry *r, people **out);
/* After the COMMIT and before any reply of its group is released. Cannot fail. */
void people_publish(people *p);
void people_discard(people *p);
const people *people_pin(void); /* any thread; unpin it */
const people *people_ref(const people *pinned);
/* The acting principal of a user, in the arena. UNAUTHENTICATED when unknown or disabled. */
CRM_MUST_CHECK crm_status people_principal(arena *a, const people *p, int64_t user, principal *out);
void people_unpin(const people *p);
const person *people_user(const people *p, int64_t id);
const person *people_by_login(const people *p, crm_str login);
/*
 * Who has this name or e-mail, as texts compare; *count: how many, *id: the last of them. What they
 * are called by is computed once per snapshot. Any thread; `a` is for the moment.
 */
CRM_MUST_CHECK crm_status people_named(arena *a, const people *p, crm_str text, int64_t *id,
                                       uint32_t *count);
const department *people_department(const people *p, int64_t id);
/* Whether `id` is `root` or stands below it. */
bool people_is_below(const people *p, int64_t id, int64_t root);

#endif
