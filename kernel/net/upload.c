/*
 * upload.c - a body of any size to a file: it goes to disk piece by piece, never more of it in
 * memory than one. What becomes of the file, its kind of upload says (net/upload.h).
 *
 * Loop thread. The handler waits for one thing at a time: a pool, a piece, or a write of libuv.
 */
#include "net/upload.h"

#include <errno.h>
#include <fcntl.h>

#include "base/multipart.h"
#include "data/files.h"
#include "table/import.h"

#define NAME_MAX_TEXT 200

static bool is_import(crm_str path)
{
    static const crm_str prefix = {"/api/v1/import/", 15};
    crm_str rest = {path.p + prefix.n, path.n - prefix.n};
    return str_starts(path, prefix) && rest.n && str_find(rest, '/') < 0 &&
           (rest.p[0] < '0' || rest.p[0] > '9');
}

void upload_early(void *arg, http_request *r)
{
    (void)arg;
    bool is_file = str_is(r->path, "/api/v1/file");
    if (r->verb == VERB_POST && (is_file || is_import(r->path))) {
        r->is_streamed = true;
        r->body_limit = is_file ? FILE_SIZE_MAX : IMPORT_SIZE_MAX;
    } else if (str_starts(r->path, CRM_S("/hook/"))) {
        bool has_parts = multipart_is(http_header(r, "content-type"));
        r->body_limit = has_parts ? HOOK_PARTS_MAX : HOOK_BODY_MAX;
    }
}

/* ---- giving up ------------------------------------------------------------------------------- */

static void on_removed(uv_fs_t *req)
{
    uv_fs_req_cleanup(req);
    free(req);
}

/* The file goes without the loop waiting; one that stays is cleared up later. */
static void discard(upload *u)
{
    uv_fs_t *req = u->path.p ? malloc(sizeof *req) : NULL;
    if (u->fd >= 0) {
        close(u->fd);
    }
    u->fd = -1;
    free(u->piece);
    u->piece = NULL;
    if (req && uv_fs_unlink(u->k->api->o.loop, req, u->path.p, on_removed) != 0) {
        free(req);
    }
}

void upload_fail(upload *u, crm_status s)
{
    discard(u);
    api_reply_error(u->k, s);
}

static void abandon(upload *u)
{
    discard(u);
    http_refuse(api_let_go(u->k), 400, "bad_request"); /* nobody hears it */
}

static void on_cancel(http_request *r, void *arg)
{
    upload *u = arg;
    (void)r;
    u->is_cancelled = true;
    if (!u->is_waiting) {
        abandon(u);
    }
}

crm_str upload_name(api_call *k)
{
    crm_str name = http_param(k->http, "name"), part, last = {0}, clean;
    while (str_split(&name, '/', &part)) {
        last = part;
    }
    if (last.n > NAME_MAX_TEXT * 4 || text_clean(k->c.arena, last, &clean) != CRM_OK ||
        text_length(clean) > NAME_MAX_TEXT) {
        return (crm_str){0};
    }
    for (size_t i = 0; i < clean.n; i++) {
        if (clean.p[i] == '\t' || clean.p[i] == '\n') {
            ((char *)clean.p)[i] = ' '; /* our own copy */
        }
    }
    return str_trim(clean);
}

void upload_keep(upload *u)
{
    u->path = (crm_str){0};
}

/* ---- the end: looked over, stored, answered ---------------------------------------------------
 */

static crm_status commit(crm_ctx *c, void *arg)
{
    upload *u = ((api_call *)arg)->own;
    return u->kind->commit(c, u);
}

static void stored(api_call *k)
{
    upload *u = k->own;
    if (k->status != CRM_OK) {
        upload_fail(u, k->status);
    } else {
        u->kind->answer(u);
    }
}

/* Worker: the file is on the disk before a row speaks of it. */
static void look_over(api_call *k)
{
    upload *u = k->own;
    k->status = fsync(u->fd) == 0 ? u->kind->look_over(u) : status_from_errno(errno);
}

static void looked_over(api_call *k)
{
    upload *u = k->own;
    u->is_waiting = false;
    if (u->is_cancelled) {
        abandon(u);
    } else if (k->status != CRM_OK) {
        upload_fail(u, k->status);
    } else {
        close(u->fd);
        u->fd = -1;
        free(u->piece);
        u->piece = NULL;
        k->http->on_cancel = NULL;
        api_write(k, commit, stored);
    }
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void on_piece(http_request *r, http_piece what, crm_str bytes);

static void write_on(upload *u);

static void go_on(upload *u)
{
    if (u->is_cancelled) {
        abandon(u);
    } else if (u->is_last) {
        u->is_waiting = true;
        if (!api_pool(u->k, u->kind->pool, look_over, looked_over)) {
            discard(u);
        }
    } else {
        http_next_piece(u->k->http, on_piece);
    }
}

static void on_written(uv_fs_t *req)
{
    upload *u = req->data;
    ssize_t n = req->result;
    uv_fs_req_cleanup(req);
    u->is_waiting = false;
    if (n < 0) {
        if (u->is_cancelled) {
            abandon(u);
        } else {
            upload_fail(u, status_from_errno((int)-n)); /* of libuv: errno, negated */
        }
        return;
    }
    u->piece_done += (size_t)n;
    u->size += n;
    if (u->piece_done < u->piece_n) {
        write_on(u);
    } else {
        go_on(u);
    }
}

static void write_on(upload *u)
{
    uv_buf_t b = uv_buf_init(u->piece + u->piece_done, (unsigned)(u->piece_n - u->piece_done));
    u->write.data = u;
    u->is_waiting = true;
    if (uv_fs_write(u->k->api->o.loop, &u->write, u->fd, &b, 1, u->size, on_written) != 0) {
        u->is_waiting = false;
        upload_fail(u, CRM_UNAVAILABLE);
    }
}

static void on_piece(http_request *r, http_piece what, crm_str bytes)
{
    upload *u = r->arg;
    if (what == PIECE_BROKEN) {
        discard(u);
        http_refuse_body(api_let_go(u->k));
        return;
    }
    u->is_last = what == PIECE_LAST;
    u->piece_n = bytes.n;
    u->piece_done = 0;
    if (bytes.n) {
        memcpy(u->piece, bytes.p, bytes.n);
        write_on(u);
    } else {
        go_on(u);
    }
}

/* ---- the beginning --------------------------------------------------------------------------- */

static void begin(api_call *k)
{
    upload *u = k->own;
    k->status = u->kind->begin(u);
    if (k->status != CRM_OK) {
        return;
    }
    u->fd = open(u->path.p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    u->piece = malloc(HTTP_PIECE_MAX);
    if (u->fd < 0 || !u->piece) {
        k->status = u->piece ? status_from_errno(errno) : CRM_NOMEM;
    }
}

static void begun(api_call *k)
{
    upload *u = k->own;
    http_request *r = k->http;
    if (k->status != CRM_OK) {
        upload_fail(u, k->status);
        return;
    }
    if (r->is_cancelled) {
        abandon(u);
        return;
    }
    r->on_cancel = on_cancel;
    r->arg = u;
    http_next_piece(r, on_piece);
}

static bool is_form(crm_str type)
{
    return str_is(type, "application/x-www-form-urlencoded") || str_is(type, "multipart/form-data");
}

void upload_start(api_call *k, upload *u, const upload_kind *kind)
{
    if (!u || is_form(http_content_type(k->http))) {
        api_reply_error(k, u ? CRM_MEDIA : CRM_NOMEM);
        return;
    }
    u->k = k;
    u->kind = kind;
    u->fd = -1;
    k->own = u;
    api_pool(k, POOL_FAST, begin, begun);
}
