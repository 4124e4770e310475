/*
 * export_api.c - all rows of a list as a file. Pages are read on the slow pool, each in a snapshot
 * of its own, and go out as the peer takes them; a spreadsheet is first written to a file, by a
 * process of its own, because its parts come in no other order.
 */
#include <errno.h>
#include <fcntl.h>

#include "net/export_private.h"
#include "table/import.h"

#define READ_BYTES 262144 /* of a finished spreadsheet at once */
#define SHEET_ROWS 1048575
#define WORDS_MAX  1800 /* of a program that puts a book together: about an hour */

/* ---- ending ---------------------------------------------------------------------------------- */

static void clear_up(exporting *x)
{
    if (x->child.pid) {
        child_end(&x->child);
    }
    x->child.pid = 0;
    if (x->file >= 0) {
        close(x->file);
    }
    x->file = -1;
    buf_free(&x->next);
}

/* Who took how much away: the rows themselves are never in the log. */
static void tell(const exporting *x, const char *how)
{
    const api_call *k = x->k;
    log_event(LOG_INFO, "export", "user=%lld entity=%s format=%s rows=%lld of=%lld end=%s",
              (long long)k->who.user, log_quote(k->entity->name), export_extension(&x->plan),
              (long long)x->rows, (long long)x->total, how);
}

static void fail(exporting *x, crm_status s)
{
    clear_up(x);
    api_reply_error(x->k, s);
}

static void over(pour *p, bool is_whole)
{
    exporting *x = p->k->own;
    tell(x, is_whole ? "whole" : "cut");
    clear_up(x);
}

/* ---- a page, on the pool --------------------------------------------------------------------- */

static bool on_row(void *arg, const record_view *v)
{
    exporting *x = arg;
    api_call *k = x->k;
    static const uint64_t everything[4];
    if (x->plan.format != EXPORT_JSON) {
        k->status = export_row(&k->c, &x->plan, v, &k->text);
    } else {
        buf_z(&k->text, x->rows ? ",\n" : "\n");
        jw_init(&k->w, &k->text);
        record_json(&k->w, &k->c, v, everything, false);
    }
    x->rows++;
    return k->status == CRM_OK && !k->text.failed;
}

/* Into the one-byte encoding; what it lacks is counted. */
static crm_status encode(exporting *x)
{
    buf coded;
    api_call *k = x->k;
    buf_init(&coded, k->text.max);
    charset_encode(&x->plan.encoder, buf_view(&k->text), &coded, &x->lost);
    buf_free(&k->text);
    k->text = coded;
    return coded.failed ? CRM_NOMEM : CRM_OK;
}

static crm_status open_page(exporting *x)
{
    crm_ctx *c = &x->k->c;
    arena_rewind(c->arena, x->mark);
    x->read = (record_read){.call = c,
                            .query = x->query,
                            .want_labels = true,
                            .on_row = on_row,
                            .arg = x,
                            .limit_us = EXPORT_PAGE_US};
    x->query->after = (cursor){.is_set = false};
    return x->next.n ? cursor_read(c->arena, x->query, buf_view(&x->next)) : CRM_OK;
}

static void keep_place(exporting *x)
{
    x->pour.has_more = x->read.has_more;
    buf_clear(&x->next);
    buf_str(&x->next, x->read.next);
}

static void page(api_call *k)
{
    exporting *x = k->own;
    buf_clear(&k->text);
    k->text.max = (size_t)256 << 20;
    bool is_first = !x->next.n && !x->rows;
    if (is_first) {
        export_begin(&k->c, &x->plan, &k->text);
    }
    crm_status s = open_page(x);
    k->status = CRM_OK;
    s = s == CRM_OK ? records_read_now(&x->read) : s;
    k->status = k->status != CRM_OK ? k->status : s;
    if (k->status == CRM_OK) {
        keep_place(x);
    }
    if (k->status == CRM_OK && !x->pour.has_more) {
        export_end(&x->plan, &k->text);
    }
    if (k->status == CRM_OK && x->plan.is_cp1251) {
        k->status = encode(x);
    }
    if (k->text.failed || x->next.failed) {
        k->status = CRM_NOMEM;
    }
}

/* ---- streaming pages ------------------------------------------------------------------------- */

static void name_file(exporting *x)
{
    http_request *r = x->k->http;
    http_set(r, "Content-Disposition",
             arena_fmt(r->arena, "attachment; filename=\"%.*s.%s\"", STR_FMT(x->k->entity->name),
                       export_extension(&x->plan)));
}

static void start_stream(exporting *x, int64_t length)
{
    name_file(x);
    x->pour.k = x->k;
    x->pour.pool = POOL_SLOW;
    x->pour.over = over;
    pour_start(&x->pour, 200, export_media_type(&x->plan), length);
}

/* The first page came while the answer could still be an error. */
static void first_paged(api_call *k)
{
    exporting *x = k->own;
    if (k->status != CRM_OK) {
        fail(x, k->status);
    } else {
        start_stream(x, -1);
    }
}

/* ---- spreadsheets: to a file first ------------------------------------------------------------
 */

static crm_status begin_sheet(exporting *x)
{
    arena *a = x->k->http->arena;
    crm_str dir = import_path(a, CRM_S(""), "");
    const char *const args[] = {"karkas-sheet", "write", dir.p, NULL};
    x->file = dir.p ? open(dir.p, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (x->file < 0) {
        return status_from_errno(errno);
    }
    return child_start(args, x->file, &x->child);
}

/* The program's last word: "ok", or what went wrong. */
static crm_status take_word(exporting *x, const table_row *row)
{
    if (row->fault != TABLE_SOUND && str_is(row->cells[0], "no_space")) {
        return CRM_NO_SPACE;
    }
    if (row->fault != TABLE_SOUND) {
        return str_is(row->cells[0], "xlsx_cell") ? call_fail(&x->k->c, CRM_INVALID, "xlsx_cell")
                                                  : CRM_INTERNAL;
    }
    x->file_size = lseek(x->file, 0, SEEK_END);
    return x->file_size > 0 ? CRM_OK : CRM_INTERNAL;
}

/* Waits for one word of the program. NOT_FOUND: it is at work. */
static crm_status hear(exporting *x)
{
    crm_str cells[TABLE_COLUMNS_MAX];
    table_row row;
    ssize_t n = child_read(&x->child, x->said + x->said_n, sizeof x->said - x->said_n);
    x->said_n += n > 0 ? (size_t)n : 0;
    crm_str rest = {x->said, x->said_n};
    crm_status s = n <= 0 ? CRM_INTERNAL : x->words++ < WORDS_MAX ? CRM_NOT_FOUND : CRM_TIMEOUT;
    while (s == CRM_NOT_FOUND && rest.n && table_take(&rest, cells, &row) == CRM_OK) {
        s = row.count ? take_word(x, &row) : CRM_NOT_FOUND;
    }
    memmove(x->said, rest.p, rest.n);
    x->said_n = rest.n;
    return s;
}

/* One that takes no more rows has said why. */
static crm_status last_word(exporting *x)
{
    crm_status s;
    while ((s = hear(x)) == CRM_NOT_FOUND) {
    }
    return s == CRM_OK ? CRM_INTERNAL : s;
}

static void sheet_page(api_call *k)
{
    exporting *x = k->own;
    crm_status s = x->child.pid ? CRM_OK : begin_sheet(x);
    k->status = s;
    if (s == CRM_OK) {
        page(k);
    }
    if (k->status == CRM_OK && x->rows > SHEET_ROWS) {
        k->status = call_fail(&k->c, CRM_INVALID, "too_many_rows");
    }
    if (k->status == CRM_OK) {
        s = child_write(&x->child, buf_view(&k->text));
        k->status = s == CRM_UNAVAILABLE ? last_word(x) : s;
    }
}

/* The program puts the book together: a word at a time, so that who goes away is noticed. */
static void sheet_close(api_call *k)
{
    exporting *x = k->own;
    crm_status s = hear(x);
    k->status = s == CRM_NOT_FOUND ? CRM_OK : s;
}

static void read_file(api_call *k)
{
    exporting *x = k->own;
    buf_clear(&k->text);
    char *room = buf_room(&k->text, READ_BYTES);
    ssize_t n = room ? pread(x->file, room, READ_BYTES, x->file_at) : -1;
    k->status = n > 0 ? CRM_OK : CRM_INTERNAL;
    k->text.n = n > 0 ? (size_t)n : 0;
    x->file_at += n > 0 ? n : 0;
    x->pour.has_more = x->file_at < x->file_size;
}

static void sheet_written(api_call *k)
{
    exporting *x = k->own;
    if (k->status != CRM_OK || k->http->is_cancelled) {
        fail(x, k->status);
        return;
    }
    if (x->pour.has_more || !x->file_size) {
        if (!api_pool(k, POOL_SLOW, x->pour.has_more ? sheet_page : sheet_close, sheet_written)) {
            clear_up(x);
        }
        return;
    }
    buf_clear(&k->text);
    x->pour.has_more = true;
    k->run = read_file;
    start_stream(x, x->file_size);
}

/* ---- how many -------------------------------------------------------------------------------- */

static void answer_head(exporting *x)
{
    api_call *k = x->k;
    if (x->plan.is_cp1251) {
        http_set(k->http, "X-Lost-Characters",
                 arena_fmt(k->http->arena, "%llu", (unsigned long long)x->lost));
    }
    name_file(x);
    clear_up(x);
    http_reply(api_let_go(k), 200, export_media_type(&x->plan));
}

/* HEAD with an encoding: the whole is made and thrown away, to count what would be lost. */
static void lost_counted(api_call *k)
{
    exporting *x = k->own;
    if (k->status != CRM_OK) {
        fail(x, k->status);
    } else if (x->pour.has_more && !k->http->is_cancelled) {
        api_pool(k, POOL_SLOW, page, lost_counted);
    } else {
        answer_head(x);
    }
}

static void counted(api_call *k)
{
    exporting *x = k->own;
    bool is_head = k->http->verb == VERB_HEAD;
    if (k->status == CRM_OK && x->plan.format == EXPORT_XLSX && x->total > SHEET_ROWS) {
        k->status = call_fail(&k->c, CRM_INVALID, "too_many_rows");
    }
    if (k->status != CRM_OK) {
        fail(x, k->status);
        return;
    }
    if (x->total >= 0) {
        http_set(k->http, "X-Total-Count", arena_fmt(k->http->arena, "%lld", (long long)x->total));
    }
    if (is_head && !x->plan.is_cp1251) {
        answer_head(x);
        return;
    }
    bool is_sheet = x->plan.format == EXPORT_XLSX;
    api_pool(k, POOL_SLOW, is_sheet && !is_head ? sheet_page : page,
             is_head    ? lost_counted
             : is_sheet ? sheet_written
                        : first_paged);
}

static void count(api_call *k)
{
    exporting *x = k->own;
    k->status = export_count(x);
    x->mark = arena_mark_get(k->c.arena);
}

void export_route(api_call *k)
{
    exporting *x = ARENA_NEW(k->http->arena, exporting);
    if (!x) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    *x = (exporting){.k = k, .file = -1};
    buf_init(&x->next, 0);
    k->own = x;
    crm_status s = export_prepare(x);
    if (s != CRM_OK) {
        fail(x, s);
    } else {
        api_pool(k, POOL_SLOW, count, counted);
    }
}
