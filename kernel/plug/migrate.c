/*
 * migrate.c - a module's changes of what its earlier versions have stored: which there are, and a
 * slice of one. When they run is the main layer's business.
 */
#include "plug/module.h"

uint32_t plug_migration_next(const module *m, uint32_t done)
{
    for (uint32_t i = 0; i < m->d.migrations_count; i++) {
        if (m->d.migrations[i].version > done) {
            return m->d.migrations[i].version;
        }
    }
    return 0;
}

uint32_t plug_migration_last(const module *m)
{
    return m->d.migrations_count ? m->d.migrations[m->d.migrations_count - 1].version : 0;
}

static const crm_migration *find(const module *m, uint32_t number)
{
    for (uint32_t i = 0; i < m->d.migrations_count; i++) {
        if (m->d.migrations[i].version == number) {
            return &m->d.migrations[i];
        }
    }
    return NULL;
}

crm_status plug_migrate(crm_ctx *c, module *m, uint32_t number, int64_t *at)
{
    const crm_migration *row = find(m, number);
    const principal *before = c->who;
    principal who = {.kind = PRINCIPAL_MODULE, .name = m->mf.name};
    running f;
    char what[16];
    if (!row) {
        return CRM_MISUSE;
    }
    snprintf(what, sizeof what, "%u", number);
    c->who = &who;
    call_enter(&f, m, c, "migration", what);
    crm_status s = call_leave(&f, row->fn(c, at));
    c->who = before;
    return s;
}
