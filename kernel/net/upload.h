/*
 * upload.h - a request whose body becomes a file: the steps of one kind of upload, and what it shares
 * with the streaming in upload.c. Loop thread but where a step says otherwise.
 */
#ifndef NET_UPLOAD_H
#define NET_UPLOAD_H

#include "net/api_private.h"

typedef struct upload upload;

typedef struct upload_kind {
    /* Pool. Whether he may, and u->path, a file that is not there yet; its arena is the request's. */
    crm_status (*begin)(upload *u);
    /* On `pool`. The body is on the disk at u->path, u->size bytes of it. */
    crm_status (*look_over)(upload *u);
    /* Writer. May run again. */
    crm_status (*commit)(crm_ctx *c, upload *u);
    /* Loop. Ends the request, by upload_fail if it must. */
    void (*answer)(upload *u);
    flow_pool pool; /* of look_over */
} upload_kind;

/* The first member of a kind's own state, which lives in the request's arena. */
struct upload {
    api_call *k;
    const upload_kind *kind;
    crm_str path; /* removed when the upload fails; empty: nothing is */
    int fd;
    int64_t size;
    char *piece; /* CONN's bytes are gone when a handler returns */
    size_t piece_n, piece_done;
    bool is_last, is_cancelled, is_waiting; /* is_waiting: somebody comes back to us */
    uv_fs_t write;
};

/* Answers the request. `u` may be NULL: memory is out. */
void upload_start(api_call *k, upload *u, const upload_kind *kind);
/* Removes the file and answers with the error. */
void upload_fail(upload *u, crm_status s);
/* The file is no longer the upload's to remove. */
void upload_keep(upload *u);
/* The last part of the parameter `name`, clean, on one line; empty when it is none. */
crm_str upload_name(api_call *k);

#endif
