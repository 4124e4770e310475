/*
 * api.h - the HTTP API over the records, as API.md describes it. One `api` per loop thread.
 *
 * It turns a request into a call (who acts, on which snapshots), runs it inline, on a pool or on
 * the writer, and writes the answer. Loop thread; work of other threads comes back by mail.
 */
#ifndef NET_API_H
#define NET_API_H

#include "flow/flow.h"
#include "net/server.h"
#include "net/static_set.h"

typedef struct api api;

/* What is asked of the model (API.md). `entity` and `field` are names of the path, `body` is borrowed. */
typedef enum model_act {
    MODEL_ACT_LIST,
    MODEL_ACT_CHANGES, /* who changed what when; `before` */
    MODEL_ACT_ADD_ENTITY,
    MODEL_ACT_ADD_FIELD,
    MODEL_ACT_CHANGE, /* of the field, or without one of the entity; so are the next */
    MODEL_ACT_RETIRE,
    MODEL_ACT_RESTORE,
    MODEL_ACT_PURGE, /* of what is retired, for ever */
} model_act;
typedef struct model_ask {
    model_act act;
    crm_str entity, field;
    const json_t *body;
    int64_t before; /* a position; 0: the newest */
    bool is_check;  /* only to say what would follow */
} model_ask;
/*
 * The layer above builds registries. `ask` runs on a worker with a reading session in c->session, as
 * the caller; it writes the answer's JSON and its HTTP status, or fails with c->error set.
 */
typedef struct model_service {
    crm_status (*ask)(void *arg, crm_ctx *c, const model_ask *what, buf *json, int *status);
    void *arg;
} model_service;

/* What is asked of modules (API.md); `name`, `version` and `typed` may be empty. */
typedef enum module_act {
    MODULE_ACT_LIST,
    MODULE_ACT_UPGRADE, /* to that version, else to the newest */
    MODULE_ACT_ROLLBACK,
    MODULE_ACT_ENABLE,
    MODULE_ACT_DISABLE,
    MODULE_ACT_PURGE, /* of what is left of one that is off, for ever */
} module_act;
typedef struct module_ask {
    module_act act;
    crm_str name, version;
    crm_str only_of; /* ROLLBACK, DISABLE: only while this version is in force, as module_version_word; the kernel's,
                        which also turns off what the ТЗ needs */
    crm_str typed;  /* PURGE: the name once more, by who knows what he does */
    bool is_check;  /* only to say what would follow, or go */
} module_ask;
/* As model_service. */
typedef struct module_service {
    crm_status (*ask)(void *arg, crm_ctx *c, const module_ask *what, buf *json, int *status);
    void *arg;
} module_service;

typedef struct api_options {
    uv_loop_t *loop;
    flow *flow;
    engine *engine;
    static_files *ui;       /* may be NULL: no bundled UI */
    static_set *modules;    /* "/m/<module>/" each, by module_info.ui_dir; may be NULL */
    crm_str ca_cert; /* PEM for /ca.crt, or empty */
    crm_str version;
    model_service model;
    module_service module;
    uint32_t part_ms;       /* after which a long list shows what it has found; 0: 2000 */
} api_options;

/* A record as the API shows it, for what is sent to other systems (flow_options). Any thread. */
void api_record_json(json_writer *w, crm_ctx *c, const record_view *v);
CRM_MUST_CHECK crm_status api_start(const api_options *o, api **out);
/* To be given to http_server_new. */
http_handlers api_handlers(api *a);
/* Lists that took too long where they ran and moved on: from the loop to the fast pool, from there
 * to the slow one; reads on a pool that ended because their caller had left; reads put off to the
 * next turn of the loop. Loop thread. */
typedef struct api_stats {
    uint64_t moved_fast, moved_slow, left, put_off;
    uint64_t rows_kept; /* of lists, given as they were shown before */
} api_stats;
void api_stats_get(const api *a, api_stats *out);
/* Event streams say goodbye; new requests get 503. Call before http_server_stop. */
void api_stopping(api *a);
/* The registry was replaced: open pages are told to read /meta anew. Loop thread. */
void api_meta_changed(api *a);
/* After the server's `done`: no more changes are taken. The flow layer may stop after this. */
void api_quiet(api *a);
/* When the flow layer has stopped and its last mail has arrived. */
void api_free(api *a);

#endif
