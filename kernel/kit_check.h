/*
 * kit_check.h - `karkas module check`: what a client could ask proof for, one row each. One process;
 * blocking. Every text is in the language of the command.
 */
#ifndef KIT_CHECK_H
#define KIT_CHECK_H

#include "kit_http.h"
#include "kit_tools.h"

typedef enum check_state { CHECK_GOOD, CHECK_BAD, CHECK_SKIPPED } check_state;

typedef struct check_row {
    crm_str title, did, found; /* what is promised, how it was tried, what came out */
    check_state state;
    int64_t ms;
} check_row;

#define CHECK_ROWS 32

typedef struct check {
    command_call *call;
    arena *a;
    kit_module m;
    const char *temp;
    const char *object;     /* the .so of the built folder; NULL: it has no code */
    uint32_t level;         /* of the API it asks for; 0: it does not load */
    registry *reg;          /* what is declared; NULL: it cannot be read */
    kit_server server;
    crm_str ids[2];         /* the same version under two ids */
    kit_client anna, boris, clara;
    check_row rows[CHECK_ROWS];
    uint32_t count;
    uint32_t serial;        /* of unique values */
    uint32_t depth;         /* of records made for one that refers to them */
    int64_t since;          /* when the row being worked on began */
} check;

/* The text in the command's language. */
#define W(k, ru, en) ((k)->call->lang[0] == 'r' ? (ru) : (en))
/* Ends the row that has begun with the one before; the texts are copied. */
void check_add(check *k, check_state state, const char *title, const char *did, crm_str found);
#define FOUND(k, ...) arena_fmt((k)->a, __VA_ARGS__)

/* Without running anything of it (kit_check_file.c). */
void check_symbols(check *k);
void check_sizes(check *k);
void check_lint(check *k);
void check_locales(check *k);
void check_probe(check *k);
/* Its own unit tests, on the kernel in memory. */
void check_tests(check *k);

/* On a server (kit_check_live.c, kit_check_rights.c, kit_check_load.c); false: nothing further can be tried. */
bool check_start(check *k);
void check_strangers(check *k);
void check_upgrade(check *k);
void check_leaks(check *k);
void check_kill(check *k);
void check_tz(check *k);
/* The HTTP service behind it, where it has one (kit_check_service.c). */
void check_service(check *k);
/* The whole list on the kernels that --kernel names (kit_check_kernels.c). */
void check_kernels(check *k);

/* ---- records (kit_check_sample.c) ------------------------------------------------------------ */

/* JSON of a new record of the entity with `marker` in its texts; NULL when a field that is asked for cannot
 * be filled by itself. Records that it refers to are made as the client. */
const char *check_sample(check *k, kit_client *c, const entity *e, const char *marker);
/* JSON of a change of one text of it; NULL when it has none. */
const char *check_change(check *k, const entity *e, const char *marker);
/* Gives the unique values in a body of check_sample others, which no other `n` and no check_sample has. */
void check_renumber(char *body, uint32_t n);
/* Makes one; its id, or 0 with the answer in c->reply. */
int64_t check_make(check *k, kit_client *c, const entity *e, const char *marker);
/* An entity on which the module works and that check_make can make, the first; NULL: none. */
const entity *check_entity(check *k);
bool check_is_own(const check *k, const entity *e);

/* What the kit's server itself says of a figure: nobody else may look at what it holds. -1: nothing. */
int64_t check_metric(check *k, const char *name);
/* A number of /proc/<pid>/status, "VmRSS" in KiB; -1 when it cannot be read. */
long check_status(pid_t pid, const char *key);

/* kit_report.c */
void check_print(const check *k);
CRM_MUST_CHECK crm_status check_write_page(const check *k, const char *path);

#endif
