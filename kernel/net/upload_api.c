/*
 * upload_api.c - a file to be imported: its body goes to disk piece by piece, never more of it in
 * memory than one, then a worker looks it over and the import is stored.
 *
 * Loop thread. The handler waits for one thing at a time: a pool, a piece, or a write of libuv.
 */
#include <errno.h>
#include <fcntl.h>

#include "data/stores.h"
#include "net/api_private.h"
#include "table/import.h"

#define NAME_MAX_TEXT 200

typedef struct upload {
    api_call *k;
    crm_str file, path;
    int fd;
    int64_t size;
    char *piece; /* CONN's bytes are gone when a handler returns */
    size_t piece_n, piece_done;
    bool is_last, is_cancelled, is_waiting; /* is_waiting: somebody comes back to us */
    uv_fs_t write;
    store_row row;
} upload;

void upload_early(void *arg, http_request *r)
{
    static const crm_str prefix = {"/api/v1/import/", 15};
    (void)arg;
    crm_str rest = {r->path.p + prefix.n, r->path.n - prefix.n};
    bool is_upload = r->verb == VERB_POST && str_starts(r->path, prefix) && rest.n &&
                     str_find(rest, '/') < 0 && (rest.p[0] < '0' || rest.p[0] > '9');
    if (is_upload) {
        r->is_streamed = true;
        r->body_limit = IMPORT_SIZE_MAX;
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
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
    free(u->piece);
    u->piece = NULL;
    if (req && uv_fs_unlink(u->k->api->o.loop, req, u->path.p, on_removed) != 0)
        free(req);
}

static void fail(upload *u, crm_status s)
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
    if (!u->is_waiting)
        abandon(u);
}

/* ---- the end: looked over, stored, answered ---------------------------------------------------
 */

static void view(api_call *k)
{
    upload *u = k->own;
    jw_init(&k->w, &k->text);
    k->status = import_view(&k->c, &u->row, &k->w);
}

static void viewed(api_call *k)
{
    upload *u = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    http_set(k->http, "Location",
             arena_fmt(k->http->arena, "/api/v1/import/%lld", (long long)u->row.id));
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 201);
}

static crm_status commit(crm_ctx *c, void *arg)
{
    upload *u = ((api_call *)arg)->own;
    u->row.id = 0; /* it may run again */
    return store_save(c->tx, &u->row);
}

static void stored(api_call *k)
{
    if (k->status != CRM_OK)
        fail(k->own, k->status);
    else
        api_pool(k, POOL_FAST, view, viewed);
}

static crm_str file_name(api_call *k)
{
    crm_str name = http_param(k->http, "name"), part, last = {0}, clean;
    while (str_split(&name, '/', &part))
        last = part;
    if (last.n > NAME_MAX_TEXT || text_clean(k->c.arena, last, &clean) != CRM_OK)
        return (crm_str){0};
    return clean;
}

static crm_status make_row(api_call *k, upload *u)
{
    crm_status s = store_new(k->c.arena, k->c.reg, STORE_IMPORT, &u->row);
    if (s != CRM_OK)
        return s;
    store_set(&u->row, IMPORT_USER, value_int(k->who.user));
    store_set(&u->row, IMPORT_ENTITY, value_text(k->entity->name));
    store_set(&u->row, IMPORT_NAME, value_text(file_name(k)));
    store_set(&u->row, IMPORT_SIZE, value_int(u->size));
    store_set(&u->row, IMPORT_FILE, value_text(u->file));
    store_set(&u->row, IMPORT_AT, value_int(clock_now()));
    return CRM_OK;
}

/* Worker: the file is on the disk before a row speaks of it. */
static void look_over(api_call *k)
{
    upload *u = k->own;
    k->status = fsync(u->fd) == 0 ? make_row(k, u) : status_from_errno(errno);
    if (k->status == CRM_OK)
        k->status = import_analyse(&k->c, k->entity, NULL, &u->row);
}

static void looked_over(api_call *k)
{
    upload *u = k->own;
    u->is_waiting = false;
    if (u->is_cancelled) {
        abandon(u);
    } else if (k->status != CRM_OK) {
        fail(u, k->status);
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
        if (!api_pool(u->k, POOL_WORKER, look_over, looked_over))
            discard(u);
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
        if (u->is_cancelled)
            abandon(u);
        else
            fail(u, status_from_errno((int)-n)); /* of libuv: errno, negated */
        return;
    }
    u->piece_done += (size_t)n;
    u->size += n;
    if (u->piece_done < u->piece_n)
        write_on(u);
    else
        go_on(u);
}

static void write_on(upload *u)
{
    uv_buf_t b = uv_buf_init(u->piece + u->piece_done, (unsigned)(u->piece_n - u->piece_done));
    u->write.data = u;
    u->is_waiting = true;
    if (uv_fs_write(u->k->api->o.loop, &u->write, u->fd, &b, 1, u->size, on_written) != 0) {
        u->is_waiting = false;
        fail(u, CRM_UNAVAILABLE);
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
    k->status = import_allow(&k->c, k->entity);
    if (k->status != CRM_OK)
        return;
    u->file = crypto_token(k->http->arena, 18);
    u->path = import_path(k->http->arena, u->file, IMPORT_SOURCE);
    u->fd = u->path.p ? open(u->path.p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    u->piece = malloc(HTTP_PIECE_MAX);
    if (u->fd < 0 || !u->piece)
        k->status = u->piece ? status_from_errno(errno) : CRM_NOMEM;
}

static void begun(api_call *k)
{
    upload *u = k->own;
    http_request *r = k->http;
    if (k->status != CRM_OK) {
        fail(u, k->status);
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

void upload_route(api_call *k)
{
    upload *u = ARENA_NEW(k->http->arena, upload);
    if (!u || is_form(http_content_type(k->http))) {
        api_reply_error(k, u ? CRM_MEDIA : CRM_NOMEM);
        return;
    }
    *u = (upload){.k = k, .fd = -1};
    k->own = u;
    api_pool(k, POOL_FAST, begin, begun);
}
