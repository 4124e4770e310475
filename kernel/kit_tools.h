/*
 * kit_tools.h - what the commands for authors of modules share: a folder that goes with the command,
 * programs that are run, an author's module made ready, and a server of the kit's own.
 *
 * Everything here blocks and runs in a process of its own, with one thread, never in a server.
 */
#ifndef KIT_TOOLS_H
#define KIT_TOOLS_H

#include <sys/types.h>

#include "kit.h"

/* ---- files and programs (kit_files.c) -------------------------------------------------------- */

/* A new folder below $TMPDIR (/tmp), mode 0700, by an absolute path without links. */
CRM_MUST_CHECK crm_status kit_temp(arena *a, const char **out);
/* The folder with all that is in it; one that is not there is fine. */
void kit_remove(const char *dir);
/* Regular files and folders but hidden ones, links and a `build` folder. `to` may be there. */
CRM_MUST_CHECK crm_status kit_copy(arena *a, const char *from, const char *to);
/* SHA-256 of all files with their paths, as 64 hex digits. {NULL,0} when it cannot be read. */
crm_str kit_hash(arena *a, const char *dir);
/* Bytes of all files. */
uint64_t kit_size(arena *a, const char *dir);
/* Runs the program to its end, what it prints on both streams in `out`. Its exit code, 128 and the signal
 * that ended it, or -1 when it could not be started. */
int kit_run(const char *const *argv, buf *out);
/* This very program. */
const char *kit_self(arena *a);

/* ---- a shared object (kit_symbols.c) --------------------------------------------------------- */

/* Whether a module's object calls and shows only what it may, else why, in that language. *names: it has so many. */
bool kit_symbols(arena *a, const char *path, const char *lang, size_t *names, buf *said);

/* ---- a module (kit_module.c) ----------------------------------------------------------------- */

typedef struct kit_module {
    command_call *call;
    const char *source; /* the author's folder */
    const char *temp;   /* of the command */
    const char *built;  /* <temp>/built/<name>: as a server would read it */
    crm_str name, version;
    bool is_compiled;   /* its folder holds sources, not a .so */
    bool has_tests;     /* unit tests, by karkas_module_tests of the build helper */
    bool is_configured;
} kit_module;

/* Reads its name and version. NOT_FOUND: no module.yaml. INVALID: it has no name or version. */
CRM_MUST_CHECK crm_status kit_module_read(kit_module *m);
/* Puts it into m->built, compiling what has to be; false with what is wrong in `said`. */
bool kit_module_build(kit_module *m, buf *said);
/* Compiles its unit tests; their object, or NULL with what is wrong in `said`. */
const char *kit_module_tests(kit_module *m, buf *said);
/* Compiles and runs them against m->built, which is there, in a process of their own; what is said by them or is
 * wrong in `said`. */
bool kit_test_run(kit_module *m, buf *said);
/*
 * A folder of modules: the deployment's own (links), without this one. kit_module_put then adds the
 * built one as the version <version>-<mark>, of 12 hex digits, and gives that id.
 */
CRM_MUST_CHECK crm_status kit_modules_make(kit_module *m, const char *into);
CRM_MUST_CHECK crm_status kit_module_put(kit_module *m, const char *modules, crm_str mark, crm_str *id);
/* A module and all it needs, itself first. Maps their code after a child process has looked at it. What is
 * wrong is said in c->out. */
#define KIT_MODULES 64
typedef struct kit_set {
    module *at[KIT_MODULES];
    uint32_t count;
} kit_set;
CRM_MUST_CHECK crm_status kit_load(command_call *c, const char *folder, kit_set *out);
/* What they declare, and what `more` (may be NULL) adds, sealed; registry_discard frees it, also after a
 * failure. */
CRM_MUST_CHECK crm_status kit_compose(command_call *c, const kit_set *set, crm_status (*more)(registry *r),
                                      registry **out);
/* The two at once; nothing is to be freed after a failure. */
CRM_MUST_CHECK crm_status kit_declared(command_call *c, const char *folder, registry **out);
/* Whether the name is "<module>.…". */
bool kit_is_own(const kit_module *m, crm_str name);
/* Whether the module works on records of the entity: its own, or one that its hooks are asked about. */
bool kit_concerns(const kit_module *m, const registry *r, const entity *e);
/* Whether no record of the entity can be made without a value in the field. */
bool kit_is_asked(const entity *e, const field *f);
/*
 * Writes <dir>/tz.yaml and people.csv: two departments, left and right, with anna, boris and clara; the
 * role "author" (anna left, boris right) sees its department's records of the module, of what its hooks are
 * asked about and of what those need, "outsider" (clara left) none; "admin" may everything. Its HTTP service may
 * be on this machine. *file_out is tz.yaml.
 */
CRM_MUST_CHECK crm_status kit_tz_write(const kit_module *m, const registry *r, const char *dir,
                                     const char **file_out);

/* ---- a server (kit_server.c) ----------------------------------------------------------------- */

typedef struct kit_server {
    command_call *call;
    const char *data, *tz, *modules;
    pid_t pid; /* 0: does not run */
    int port;
    int output;       /* the reading end of what it prints */
    int64_t start_ms; /* from its beginning to listening */
    char login[64];   /* the one-time code of admin, of the first start */
    buf said;         /* what it printed until it listened, or why it did not */
} kit_server;

/* On a free port of 127.0.0.1, without TLS; it ends with this process. False with s->said. */
bool kit_server_start(kit_server *s);
/* As a service manager: true when it ended by itself with 0. */
bool kit_server_stop(kit_server *s);
void kit_server_kill(kit_server *s);
/* Takes what it has printed since into s->said: its pipe must not fill. */
void kit_server_hear(kit_server *s);
/* `karkas …` to the server on s->data, with what it answers in `out`; -1 when none listens. */
int kit_server_tell(const kit_server *s, buf *out, int count, const char *const *args);

#endif
