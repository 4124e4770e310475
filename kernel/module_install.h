/*
 * module_install.h - `karkas module install`, `uninstall` and `trust`: what root does beside the
 * server, in a process of its own. The server, which may write nothing that it may run, only finds
 * the result.
 */
#ifndef MODULE_INSTALL_H
#define MODULE_INSTALL_H

#include "server.h"

/* A folder, or an archive that tar(1) reads, into the folder of modules. */
void command_module_install(command_call *c);
/* Takes installed versions away, one or all, that nobody has chosen to run. */
void command_module_uninstall(command_call *c);
/* Without an argument the names of the keys; with a file of a public key, adds it under its name. */
void command_module_trust(command_call *c);
/* Unpacks an archive into the folder, which is empty, whoever made it. */
bool module_unpack(arena *a, const char *file, const char *into);
/* The folder that holds module.yaml: `dir`, or the only one in it. In the arena; NULL: no memory. */
const char *module_root_of(arena *a, const char *dir);

#endif
