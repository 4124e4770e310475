/*
 * kit.h - what `karkas module new` and `karkas module lint` do for authors of modules: on their own
 * machine, without a server and a data directory.
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

#endif
