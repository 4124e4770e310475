/*
 * plug.h - modules: finding, probing, loading, and turning them into rows of a registry.
 *
 * A module is a folder with module.yaml, optional ui/ and locales/, optional <name>.so whose embedded
 * manifest is then used. <modules>/<name>/ is the bundled one; <modules>/<name>/<version>-<12 hex
 * digits>/ are versions that were installed, any number of them, and never written again.
 *
 * What plug_load gives is one *generation*: the code and notes of one such folder, which stay to the
 * end of the process. Any number of generations of a module run beside each other, one for each
 * registry that somebody still holds; a generation runs from the first plug_start to the plug_stop
 * that answers the last of them, and may run again later. So a server that goes to and fro between
 * two versions holds two generations, however often it does.
 *
 * A refusal names the module and exactly what this kernel does not know. Loading runs on a worker or
 * at start, one thread at a time, never on a loop thread.
 */
#ifndef PLUG_PLUG_H
#define PLUG_PLUG_H

#include "data/data.h"

typedef struct module module;

#define PLUG_ID_HEX 12 /* digits of an id behind its version, out of the hash of its list of files */
#define PLUG_ID_MAX 64
#define PLUG_TRUST  "/etc/karkas/trust"

typedef struct module_refusal {
    crm_str module, code,
        text; /* "newer_level", "too_new_fields", "bad_magic", "no_symbol", "bad_manifest"… */
    struct module_refusal *next;
} module_refusal;

/* What the code means, for people, in "ru" or "en"; `text` then says the numbers, in English. */
const char *plug_refusal_title(crm_str code, const char *lang);

typedef struct module_found {
    crm_str name, version, title; /* the title is a key of the module's strings */
    crm_str id;                   /* "1.2.0-0123456789ab" of an installed version; else empty */
    crm_str path;                 /* of the .so, empty when it has none */
    crm_str dir;                  /* the folder: locales/ and ui/ lie here */
    crm_str manifest;
    uint32_t level;       /* API level it asks for */
    const crm_str *needs; /* modules that must be enabled with it */
    uint32_t need_count;
    const crm_str *offers; /* "step:task", "integration:webform": words of a ТЗ it answers for */
    uint32_t offer_count;
    bool is_without_code; /* who loads it sets that: its declarations only */
    crm_str lacks;        /* likewise: as module_info.lacks */
    bool is_bundled; /* lies in <modules>/<name>/ itself */
} module_found;

/* Every version of every module below `dir`: by name, the bundled one first, then by version, the
 * oldest first. Broken ones become refusals. */
CRM_MUST_CHECK crm_status plug_scan(arena *a, const char *dir, module_found **out, uint32_t *count,
                                    module_refusal **refused);
/* Only lets a child process look at it: whether plug_load would take the file. INVALID with a
 * refusal. */
CRM_MUST_CHECK crm_status plug_check(arena *a, const module_found *f, module_refusal **refused);
/* Loads what has code: probe in a child process, dlopen, validate. An installed version must be what
 * was signed (package.h), to the bytes of the file that is mapped. NULL `*out` with a refusal;
 * INVALID then. The module outlives `a`. */
CRM_MUST_CHECK crm_status plug_load(arena *a, const module_found *f, module **out,
                                    module_refusal **refused);
/*
 * Copies the version in folder `from` to its own below `modules`, when it is what was signed and a
 * child process has looked at it; by renaming, so that it is there whole or not at all. CONFLICT: it
 * is there already; *out (name, version, id, dir) is set then, too. INVALID with a refusal. The
 * installing process, with the right to write there.
 */
CRM_MUST_CHECK crm_status plug_install(arena *a, const char *from, const char *modules,
                                       module_found *out, module_refusal **refused);
/*
 * Takes an installed version away: at once under its name, then file by file; what runs of it goes on.
 * DENIED: this process may not write there.
 */
CRM_MUST_CHECK crm_status plug_remove(arena *a, const module_found *f, const char *modules);
/* The files of versions whose removal was broken off, as far as this process may write there. */
void plug_drop_removed(const char *modules);
/* "fleet.drive 1.0": the first interface that modules[at] cannot do without and none of them gives. */
crm_str plug_lacks(arena *a, module *const *modules, uint32_t count, uint32_t at);
/*
 * Adds entities, fields, strings, routes, hooks, jobs, steps … of all enabled modules to an open
 * registry. All at once, because an optional reference and an extension depend on what else is
 * enabled. INVALID with faults when a manifest names what does not exist or a needed module is not
 * among them.
 */
CRM_MUST_CHECK crm_status plug_register(module *const *modules, uint32_t count, registry *r,
                                        arena *a, registry_fault **faults);
/*
 * Counted: the first plug_start calls start(), the plug_stop that answers the last one calls stop().
 * Whoever builds a registry holds its modules so while it does, and the registry from its publishing
 * to its release. A start() that failed holds nothing. Not on a loop thread; plug_start waits for a
 * stop() under way.
 */
CRM_MUST_CHECK crm_status plug_start(module *m);
void plug_stop(module *m);
/* The number of its first change of data beyond `done`, or of its last one; 0: there is none. */
uint32_t plug_migration_next(const module *m, uint32_t done);
uint32_t plug_migration_last(const module *m);
/*
 * A slice of the change of that number, as the module: its part of the open transaction. What it leaves in
 * *at is where the next begins, negative: none does. Writer; `m` runs.
 */
CRM_MUST_CHECK crm_status plug_migrate(crm_ctx *c, module *m, uint32_t number, int64_t *at);
crm_str plug_name(const module *m);
/* Where it was loaded from: what tells generations apart. */
crm_str plug_dir(const module *m);
/* Every generation there is, the newest first: NULL ends it. Any thread. */
module *plug_generations(void);
module *plug_next(const module *m);
/* How many times it is held; 0: it does not run. Any thread. */
uint32_t plug_holds(module *m);
const module_info *plug_info(const module *m);
/* Whether an HTTP service answers for hooks or steps of it (flow/remote.h). */
bool plug_has_remote(const module *m);
/* Before the first plug_load: the program probed with (NULL: /proc/self/exe), and whether files of
 * any owner and mode may be loaded (`--dev`). */
typedef struct plug_options {
    const char *probe_program;
    int probe_limit_ms; /* 0: 20000, since a good module must not be refused by a busy machine */
    bool is_dev;
    const char *trust;  /* folder of the public keys that may sign; NULL: PLUG_TRUST */
} plug_options;
void plug_set_options(const plug_options *o);
const plug_options *plug_options_now(void);
/* From now on plug_load and plug_check probe a file once: what was good stands in this list, by its
 * bytes, its module and this kernel's version. At start; without it they always probe. */
void plug_probed_file(const char *path);
/* The name of the module whose code this thread runs, or NULL; safe in a signal handler. */
const char *plug_running(void);
/* From now on a fatal signal adds a line to this file that names the module whose code ran. At
 * start, and when another file stands there now. */
CRM_MUST_CHECK crm_status plug_crash_file(const char *path);
/* What the code of all generations of a module took; `slow` counts calls over 5 ms in a transaction
 * and over 250 ms elsewhere, `timeouts` those that had no time left. Any thread. */
typedef struct plug_usage {
    uint64_t calls, nanoseconds, slow, timeouts;
} plug_usage;
void plug_usage_of(crm_str name, plug_usage *out);
/*
 * Names in the log, once each, the modules whose code is still running although its time is up: it
 * cannot be interrupted, and everyone who waits for its thread waits. Gives how many there are.
 * `now` is clock_mono. One thread at a time, about once a second.
 */
uint32_t plug_watch(int64_t now);
/* `karkas --probe FILE`: prints the descriptor as JSON and exits; runs in the helper process. */
int plug_probe_main(const char *path);
/* The host table every module gets. */
extern const struct crm_host plug_host;

#endif
