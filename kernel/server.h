/*
 * server.h - the main layer: one running server, put together from the layers below.
 *
 * A deployment is a data directory, a folder of modules and a ТЗ. The server turns them into one
 * registry snapshot, opens the listeners and answers commands on the Unix socket of the directory.
 */
#ifndef SERVER_H
#define SERVER_H

#include "base/loop_meter.h"
#include "flow/flow.h"
#include "net/api.h"
#include "plug/plug.h"
#include "table/import.h"
#include "tz/tz.h"

#define PATH_MAX_TEXT 512
#define KERNELS_MAX   8

typedef struct server_options {
    const char *data, *tz, *modules, *web, *listen; /* listen: "127.0.0.1:8443", "[::]:8443" */
    const char *names;      /* further host names for the certificate, comma separated */
    const char *sandbox;    /* the virtual clock's start, RFC 3339; NULL: real time */
    const char *trust;      /* folder of public keys; NULL: /etc/karkas/trust */
    const char *lang;       /* of what is printed: "ru", "en" */
    const char *sdk;        /* of `module new`: where the SDK lies; NULL: where it is installed */
    bool is_native;         /* of `module new`: with C */
    bool is_data_given;     /* --data, and no default */
    const char *report;     /* of `module check`: the page it writes; NULL: none */
    const char *kernels[KERNELS_MAX]; /* of `module check`: programs of other versions to try it on */
    uint32_t kernel_count;
    bool is_plain;          /* no TLS: loopback only, behind a proxy that speaks it */
    bool is_dev;
    bool is_safe;           /* installed modules run without their code */
    uint32_t group_max;     /* 0: usual; 1: one request per commit, to measure grouping */
    uint32_t report_mb;     /* that one aggregate may take; 0: usual */
    uint32_t part_ms;       /* after which a long list shows what it has; 0: usual */
} server_options;

/* Everything a deployment is made of, before and beside the running server. */
typedef struct deployment {
    const server_options *o;
    int lock_fd;
    engine *engine;
    flow *flow;             /* NULL until started */
    bool has_registry;
    bool begins_late;       /* due work waits for the caller's flow_ready_later */
    uv_mutex_t apply_lock;  /* one ТЗ is applied at a time */
    static_set *files;      /* of the modules; NULL where nobody serves them */
    void (*on_published)(void *arg); /* a running server wants to know; any thread */
    void *published_arg;
    module **modules;       /* loaded so far; they stay mapped */
    uint32_t module_count;
    struct build *in_force; /* what was applied last: its text is what a change of the model stands beside */
    struct model_work *work; /* a change of the model that converts values */
    int64_t model_ns[3];    /* what a row took the writer, by model_cost; 0: not measured yet. Likewise */
    char *refused;          /* why a start did not take its ТЗ; NULL: it did */
    atomic_uint owed;       /* seconds until migrations_follow, which has failed, is tried again; 0: nothing is owed */
    uint64_t generation;    /* counts what was published; under apply_lock, as the two above */
} deployment;

/*
 * Locks the data directory, which is there, and completes what a restore was cut off in. Prints what
 * is wrong in the reader's language and returns a status: CONFLICT when another server holds it.
 */
CRM_MUST_CHECK crm_status deployment_lock(deployment *d, const server_options *o);
/* The same with a directory that is made where it is not there. */
CRM_MUST_CHECK crm_status deployment_hold(deployment *d, const server_options *o);
/* Opens the database of a directory that is held. */
CRM_MUST_CHECK crm_status deployment_open(deployment *d, const server_options *o);
void deployment_close(deployment *d);
/* Ends the threads of the flow layer; ends the process when code that cannot be interrupted holds one. */
void deployment_stop_flow(deployment *d);
/*
 * Reads the ТЗ, loads what it needs, builds and publishes the registry and applies people and
 * departments. Faults and refusals are written to `say`; on any error nothing has changed. Not on a
 * loop thread.
 */
CRM_MUST_CHECK crm_status deployment_apply(deployment *d, const char *tz_path, buf *say);
/*
 * The same at a start, of `given` (NULL: no --tz) or of what was applied since by a command (in_force.h).
 * A text with faults does not stop a start where another was in force: that one stays, and d->refused is set.
 */
CRM_MUST_CHECK crm_status deployment_start(deployment *d, const char *given, buf *say);
/* Lints only; what is said is in `lang`. */
CRM_MUST_CHECK crm_status deployment_lint(deployment *d, const char *tz_path, const char *lang, buf *say);
/* A notice of d->refused to those who look after the system; nothing where it is NULL. */
CRM_MUST_CHECK crm_status deployment_tell_refused(deployment *d);
/* Makes the administrator with a one-time code when nobody can log in yet, and leaves it in
 * <data>/first-login.txt. */
CRM_MUST_CHECK crm_status deployment_first_login(deployment *d, buf *say);

#define SANDBOX_MARK "sandbox" /* a file in a data directory that has such a clock */
/* What --sandbox says, before anything is made; INVALID with what is wrong. `at` is 0 where it says nothing. */
CRM_MUST_CHECK crm_status sandbox_moment(const server_options *o, int64_t *at);
/*
 * Sets the virtual clock of a sandbox, or refuses with what is wrong; nothing where none is wanted. Once the
 * directory is ours and before its database is made: it tells new from real.
 */
CRM_MUST_CHECK crm_status sandbox_begin(const server_options *o);
/* Does what falls due until then; CONFLICT where the clock is the real one. */
CRM_MUST_CHECK crm_status sandbox_advance(deployment *d, int64_t to);

/* What the code of all generations of this module takes stands in /metrics from now on. */
void module_figures(module *m);
/* Likewise how the services of the registry in force are. Under apply_lock. */
void service_figures(void);

/* `karkas serve`: runs until SIGTERM or SIGINT. The process's exit code. */
int server_run(const server_options *o);

/* Tells a service manager "READY=1" or the like; without one ($NOTIFY_SOCKET) nobody wants to know. */
void notify_manager(const char *state);

/* What /metrics tells of the parts; there is one. NULL when memory is out. `http` comes last, before
 * the first request. Loop thread. */
typedef struct figures figures;
figures *figures_new(deployment *d, api *a, loop_meter *m);
void figures_of_http(figures *f, http_server *http);
void figures_free(figures *f); /* after the loop */

/* ---- commands -------------------------------------------------------------------------------- */

typedef struct command_call {
    deployment *d;
    const char *const *args; /* without "karkas" and options; args[0] is the command */
    int count;
    const char *lang;
    arena *arena;
    buf *out;
    int exit_code;
    atomic_bool is_unwanted; /* who asked has hung up, or the server stops: a long command ends and says so */
} command_call;

/*
 * command_signals.c: in a process that runs a long command, or asks a server for it on `fd` (-1: no more), the
 * first SIGTERM, SIGINT or SIGHUP only makes it unwanted. A second one ends the process.
 */
void command_heed_signals(void);
void command_asks_on(int fd);
bool command_is_unwanted(command_call *c);

/* Runs one command against an open deployment; worker thread or the offline process. */
void command_run(command_call *c);
/* Says it in the asker's language and makes the command fail. */
void command_fail(command_call *c, const char *ru, const char *en);
void command_fail_status(command_call *c, crm_status s);
/* token_commands.c */
void command_user_service(command_call *c);
void command_token_make(command_call *c);
void command_token_list(command_call *c);
void command_token_revoke(command_call *c);
/* backup_commands.c */
void command_backup(command_call *c);
void command_restore(command_call *c);
void command_tz_pull(command_call *c);
/* demo_commands.c */
void command_demo_load(command_call *c);
void command_demo_remove(command_call *c);
/* Whether these words name a command and give it all it needs. */
bool command_is_whole(int count, const char *const *args);
/* The first word that is one too many for the command; NULL: none. */
const char *command_surplus(int count, const char *const *args);
/* help.c: the lines of the help page on these words of a command, the whole page when none is. */
void help_print(FILE *to, const char *lang, int count, const char *const *args);
/* A one-time code as people type it, "k7fq-2m9d-xw4p", in the arena. */
crm_str deployment_code(arena *a);

/* The admin socket <data>/karkas.sock: one request per connection, on the loop, run on a worker. */
typedef struct admin admin;
CRM_MUST_CHECK crm_status admin_start(uv_loop_t *loop, mailbox *mail, deployment *d, admin **out);
void admin_stop(admin *a);
void admin_free(admin *a); /* after the loop */
/* The client side: sends the command to a running server. NOT_FOUND: no server listens there. */
CRM_MUST_CHECK crm_status admin_ask(const char *data, int count, const char *const *args, const char *lang,
                                    int *exit_code);
/* The same with the text added to `out` and nothing printed. */
CRM_MUST_CHECK crm_status admin_ask_into(const char *data, int count, const char *const *args,
                                         const char *lang, buf *out, int *exit_code);

#endif
