/*
 * kit.h - what `karkas module new | lint | dev | test | check` do for authors of modules: on their own machine,
 * in a process of their own.
 */
#ifndef KIT_H
#define KIT_H

#include "server.h"

/* Makes the folder args[2] in the working directory out of a template of the SDK. */
void command_module_new(command_call *c);
/*
 * Says everything that is wrong with the module in folder args[2], with file and line, and which
 * texts are missing; what it needs is looked for in the folder of modules (`--modules`). Maps the
 * module's code into this process, so it refuses to run in a server.
 */
void command_module_lint(command_call *c);
/*
 * Builds the module in folder args[2], runs it and does so again whenever the folder changes, until SIGINT
 * or SIGTERM: on a server of its own, or with --data on the one that runs there. Leaves nothing.
 */
void command_module_dev(command_call *c);
/* Builds the module in folder args[2] and runs its unit tests on the kernel in memory (karkas_mock.h). */
void command_module_test(command_call *c);
/*
 * Tries everything a client could ask proof for of the module in args[2], a folder or an archive, on a
 * server of its own; prints a row each, and writes the page that --report names. Fails when one is bad.
 */
void command_module_check(command_call *c);

#endif
