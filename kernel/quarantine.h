/*
 * quarantine.h - installed modules whose code ended the process again and again run without it.
 *
 * Three lines of the crash file within ten minutes, since an administrator last let the module run,
 * put it into quarantine at the next start: its entities, fields and texts stay, so that the ТЗ holds
 * and the data are there; its routes, hooks, listeners, jobs and services do not run. Jobs and changes wait.
 * Bundled modules are not put there. `--safe` does the same to every installed module for one run. What
 * depends on such a module is put aside with it and waits: rules and integrations of the ТЗ that use
 * its words (plug/away.c), and modules, bundled ones too, that cannot do without an interface of it.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include "build.h"

/* At a start: looks into the crash file. What it decides is in b->choices, and kept when the build without
 * that code has come into force. Lines that cannot be read are told of and put into crash.damaged. */
CRM_MUST_CHECK crm_status quarantine_judge(deployment *d, build *b);
/* module_choice.crashes_from of one that gets another chance now. */
int64_t quarantine_mark(void);

#endif
