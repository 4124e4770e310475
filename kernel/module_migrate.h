/*
 * module_migrate.h - modules' changes of what their earlier versions have stored, as batches of the kind
 * "migrate": one for each module that has come into force with changes beyond the last that was completed
 * here, slice by slice beside requests, over a kill -9.
 *
 * They run once the version is in force and not before: the schema, the full text and the hooks it writes
 * with come with it, and what is written from then on is written its way, so nothing is left behind the
 * slices. One that fails takes its version out of force again: the former one comes back, which finds its
 * rows as it knows them, since migrations only add. Where there is none that could, the module goes off, or
 * without its code where something needs it. It stays where an administrator has decided anew since.
 */
#ifndef MODULE_MIGRATE_H
#define MODULE_MIGRATE_H

#include "module_change.h"

/* In the log of places (sys.cursor): the number of the last change that was completed. */
#define MIGRATION_MARK "@migration."

/* The number of the last change of data that was completed; 0: none. Any blocking session. */
CRM_MUST_CHECK crm_status migrations_done(engine_session *session, const registry *r, arena *a, crm_str name,
                                          uint32_t *out);
CRM_MUST_CHECK crm_status migrate_register(deployment *d, registry *r);
/*
 * After a registry was published: begins what is to be done, and forgets what a version in force does not
 * know. One that failed for a version is not begun again for it, unless the module is `asked` for (empty:
 * none) or the server has just started. Not on the writer.
 */
void migrations_follow(deployment *d, crm_str asked);
/* About once a second: tries again what could not be written then. Loop thread. */
void migrations_watch(deployment *d);

#endif
