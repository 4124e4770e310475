/*
 * file_api.c - attachments over HTTP: uploaded on their own, given out to whoever may read the
 * record and field that hold them. Loop thread; the disk is read on a pool.
 */
#include <errno.h>
#include <fcntl.h>

#include "data/files.h"
#include "net/pour.h"
#include "net/upload.h"

#define AT_ONCE  ((size_t)262144) /* read from the disk in one go */
#define NO_RIGHT "default-src 'none'; sandbox"

/* ---- upload ---------------------------------------------------------------------------------- */

typedef struct file_upload {
    upload base;
    file_row row;
} file_upload;

static crm_status begin(upload *u)
{
    file_upload *x = (file_upload *)u;
    arena *a = u->k->http->arena;
    crm_status s = file_may_upload(&u->k->c);
    if (s == CRM_OK && !files_have_room(u->k->http->content_length)) {
        s = CRM_NO_SPACE;
    }
    if (s != CRM_OK) {
        return s;
    }
    x->row = (file_row){.token = crypto_token(a, FILE_ID_BYTES), .user = u->k->who.user};
    u->path = files_new_path(a, x->row.token);
    return u->path.p && x->row.token.p ? CRM_OK : CRM_NOMEM;
}

static crm_status look_over(upload *u)
{
    file_upload *x = (file_upload *)u;
    char head[FILE_HEAD];
    ssize_t n = pread(u->fd, head, sizeof head, 0);
    if (n < 0) {
        return status_from_errno(errno);
    }
    x->row.name = upload_name(u->k);
    x->row.type = file_media_type((crm_str){head, (size_t)n}, x->row.name);
    x->row.size = u->size;
    crm_status s = files_take(u->k->http->arena, u->path.p, &x->row.hash);
    if (s == CRM_OK) {
        upload_keep(u); /* a content without a row is swept */
    }
    return s;
}

static crm_status commit(crm_ctx *c, upload *u)
{
    return file_add(c, &((file_upload *)u)->row);
}

static void answer(upload *u)
{
    const file_row *row = &((file_upload *)u)->row;
    api_call *k = u->k;
    jw_init(&k->w, http_body(k->http));
    jw_object(&k->w);
    jw_kstr(&k->w, "id", row->token);
    jw_kstr(&k->w, "name", row->name);
    jw_kint(&k->w, "size", row->size);
    jw_kstr(&k->w, "type", row->type);
    jw_end_object(&k->w);
    http_set(k->http, "Location",
             arena_fmt(k->http->arena, "/api/v1/file/%.*s", STR_FMT(row->token)));
    api_reply(k, 201);
}

/* ---- download -------------------------------------------------------------------------------- */

typedef struct sending {
    pour pour;
    api_call *k;
    file_row row;
    int fd;
    int64_t at, end; /* bytes not read yet */
    bool is_part;
} sending;

static void over(pour *p, bool is_whole)
{
    (void)is_whole;
    close(((sending *)p)->fd);
}

static void read_on(api_call *k)
{
    sending *x = k->own;
    size_t want = x->end - x->at < (int64_t)AT_ONCE ? (size_t)(x->end - x->at) : AT_ONCE;
    buf_clear(&k->text);
    char *room = buf_room(&k->text, want ? want : 1);
    ssize_t n = room && want ? pread(x->fd, room, want, x->at) : 0;
    k->status = n > 0 || !want ? CRM_OK : CRM_INTERNAL;
    k->text.n = n > 0 ? (size_t)n : 0;
    x->at += n > 0 ? n : 0;
    x->pour.has_more = x->at < x->end;
}

/* ---- its head -------------------------------------------------------------------------------- */

/* RFC 6266: the name percent-encoded, which every browser reads. */
static crm_str disposition(arena *a, const file_row *row, bool is_inline)
{
    static const char hex[] = "0123456789ABCDEF";
    buf b;
    buf_init(&b, 4096);
    buf_z(&b, is_inline ? "inline; filename*=UTF-8''" : "attachment; filename*=UTF-8''");
    for (size_t i = 0; i < row->name.n; i++) {
        unsigned char c = (unsigned char)row->name.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (is_plain) {
            buf_char(&b, (char)c);
        } else {
            buf_char(&b, '%');
            buf_char(&b, hex[c >> 4]);
            buf_char(&b, hex[c & 15]);
        }
    }
    buf_z(&b, row->name.n ? "" : "file");
    crm_str text = arena_dup(a, buf_view(&b));
    buf_free(&b);
    return text;
}

/* "bytes=500-", "bytes=0-99", "bytes=-100". False: none that is served, the whole is sent. */
static bool read_range(crm_str s, int64_t size, int64_t *from, int64_t *end)
{
    static const crm_str unit = {"bytes=", 6};
    crm_str rest = {s.p + unit.n, s.n - unit.n}, first;
    int64_t a = 0, b = size - 1;
    if (!str_starts(s, unit) || str_find(rest, ',') >= 0 || !str_split(&rest, '-', &first)) {
        return false;
    }
    if ((first.n && str_to_i64(first, &a) != CRM_OK) ||
        (rest.n && str_to_i64(rest, &b) != CRM_OK)) {
        return false;
    }
    if (!first.n) {
        a = b < size ? size - b : 0;
        b = size - 1;
    }
    *from = a;
    *end = b < size ? b + 1 : size;
    return a >= 0 && *from < *end;
}

static void choose_part(sending *x)
{
    http_request *r = x->k->http;
    x->end = x->row.size;
    x->is_part = read_range(http_header(r, "range"), x->row.size, &x->at, &x->end);
    if (!x->is_part) {
        x->at = 0;
        x->end = x->row.size;
        return;
    }
    http_set(r, "Content-Range",
             arena_fmt(r->arena, "bytes %lld-%lld/%lld", (long long)x->at, (long long)x->end - 1,
                       (long long)x->row.size));
}

static void set_head(sending *x)
{
    http_request *r = x->k->http;
    bool is_inline = file_is_image(x->row.type) && str_is(http_param(r, "inline"), "1");
    http_set(r, "Content-Disposition", disposition(r->arena, &x->row, is_inline));
    http_csp(r, NO_RIGHT);
    http_set(r, "Accept-Ranges", CRM_S("bytes"));
    choose_part(x);
}

/* What a browser must never run or show as a page goes out as what it is; text as plain text. */
static const char *media_type(const file_row *row, arena *a)
{
    return str_starts(row->type, CRM_S("text/")) ? "text/plain; charset=utf-8"
                                                 : arena_cstr(a, row->type);
}

static void found(api_call *k)
{
    sending *x = k->own;
    http_request *r = k->http;
    if (k->status != CRM_OK || r->is_cancelled) {
        if (x->fd >= 0) {
            close(x->fd);
        }
        api_reply_error(k, k->status != CRM_OK ? k->status : CRM_UNAVAILABLE);
        return;
    }
    crm_str etag = arena_fmt(r->arena, "\"%.*s\"", STR_FMT(x->row.token));
    http_set(r, "ETag", etag);
    http_cache(r, CACHE_PRIVATE);
    if (http_etag_matches(r, etag)) {
        close(x->fd);
        api_reply_empty(k, 304);
        return;
    }
    set_head(x);
    if (r->verb == VERB_HEAD) {
        close(x->fd);
        http_reply(api_let_go(k), 200, media_type(&x->row, r->arena));
        return;
    }
    k->run = read_on;
    x->pour = (pour){.k = k, .pool = POOL_FAST, .over = over, .has_more = x->at < x->end};
    pour_start(&x->pour, x->is_part ? 206 : 200, media_type(&x->row, r->arena), x->end - x->at);
}

static void find(api_call *k)
{
    sending *x = k->own;
    k->status = file_find(&k->c, k->rest, &x->row);
    if (k->status == CRM_OK) {
        k->status = file_may_read(&k->c, &x->row);
    }
    crm_str path = k->status == CRM_OK ? files_path(k->http->arena, x->row.hash) : (crm_str){0};
    if (k->status != CRM_OK) {
        return;
    }
    x->fd = path.p ? open(path.p, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (x->fd < 0) {
        log_event(LOG_ERROR, "file.missing", "hash=%.*s", STR_FMT(x->row.hash));
        k->status = CRM_NOT_FOUND;
    }
}

void file_route(api_call *k)
{
    static const upload_kind kind = {begin, look_over, commit, answer, POOL_WORKER};
    http_verb v = k->http->verb;
    if (v == VERB_POST && !k->rest.n) {
        file_upload *u = ARENA_NEW(k->http->arena, file_upload);
        upload_start(k, u ? &u->base : NULL, &kind);
        return;
    }
    sending *x = ARENA_NEW(k->http->arena, sending);
    if (!x || !file_is_id(k->rest)) {
        api_reply_error(k, x ? CRM_NOT_FOUND : CRM_NOMEM);
        return;
    }
    if (v != VERB_GET && v != VERB_HEAD) {
        api_reply_method(k, "GET, HEAD");
        return;
    }
    *x = (sending){.k = k, .fd = -1};
    k->own = x;
    api_pool(k, POOL_FAST, find, found);
}
