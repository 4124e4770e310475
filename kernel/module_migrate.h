/*
 * module_migrate.h - modules' changes of what their earlier versions have stored, as batches of the kind
 * "migrate": one for each module that has come into force with changes beyond the last that was completed
 * here, slice by slice beside requests, over a kill -9.
 *
 * They run once the version is in force and not before: the schema, the full text and the hooks it writes
 * with come with it, and what is written from then on is written its way, so nothing is left behind the
 * slices. One that fails takes its version out of force again: the former one comes back, which finds its
 * rows as it knows them, since migrations only add. It stays where an administrator has decided anew since,
 * and where the former one's batch failed, too.
 */
#ifndef MODULE_MIGRATE_H
#define MODULE_MIGRATE_H

#include "module_change.h"

/* In the log of places (sys.cursor): the number of the last change that was completed. */
#define MIGRATION_MARK "@migration."

CRM_MUST_CHECK crm_status migrate_register(deployment *d, registry *r);
/*
 * After a registry was published: begins what is to be done, and forgets what a version in force does not
 * know. One that failed for a version is not begun again for it, unless the module is `asked` for (empty:
 * none) or the server has just started. Not on the writer.
 */
void migrations_follow(deployment *d, crm_str asked);

#endif
