/* import_errors.c - the refused rows of an import as a table to be mended and imported again. */
#include <fcntl.h>

#include "base/csv.h"
#include "data/stores.h"
#include "flow/batch.h"
#include "table/import_private.h"

#define OUTPUT_MOST ((size_t)48 << 20)
#define PIECE       256

/* A note of a batch: the line it is about and what it says. */
typedef struct note {
    int64_t line;
    crm_str reason;
} note;

typedef struct noting {
    crm_ctx *call;
    const entity *entity;
    note *at;
    uint32_t count, cap;
} noting;

/* The catalogue's text with what it speaks of. */
static crm_str fill(crm_ctx *c, crm_str text, crm_str params)
{
    buf b;
    buf_init(&b, 8192);
    registry_text_fill(text, params, &b);
    crm_str out = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return out;
}

static crm_str reason_of(noting *n, const value *row)
{
    crm_ctx *c = n->call;
    crm_str name = row[BATCH_ROW_FIELD].s, text = row[BATCH_ROW_TEXT].s;
    const field *f = name.n ? entity_field(n->entity, name) : NULL;
    crm_str key =
        arena_fmt(c->arena, "%s%.*s", name.n ? "field." : "error.", STR_FMT(row[BATCH_ROW_CODE].s));
    crm_str said = text.n ? arena_dup(c->arena, text)
                          : fill(c, registry_text(c->reg, c->lang, key), row[BATCH_ROW_PARAMS].s);
    if (!f) {
        return said;
    }
    crm_str label = registry_text(c->reg, c->lang, f->label);
    return arena_fmt(c->arena, "%.*s: %.*s", STR_FMT(label), STR_FMT(said));
}

/* Several notes of one line become one reason. */
static bool on_note(void *arg, const value *row, uint32_t matched)
{
    noting *n = arg;
    (void)matched;
    crm_str reason = reason_of(n, row);
    int64_t line = row[BATCH_ROW_ROW].i;
    if (n->count && n->at[n->count - 1].line == line) {
        crm_str before = n->at[n->count - 1].reason;
        n->at[n->count - 1].reason =
            arena_fmt(n->call->arena, "%.*s; %.*s", STR_FMT(before), STR_FMT(reason));
        return true;
    }
    if (n->count < n->cap) {
        n->at[n->count++] = (note){line, reason};
    }
    return n->count < n->cap;
}

static crm_status read_notes(crm_ctx *c, int64_t batch, noting *n)
{
    const entity *e = registry_store(c->reg, STORE_BATCH_ROW);
    query *q = query_new(c->arena, e);
    n->cap = BATCH_NOTES_MAX;
    n->at = ARENA_ARRAY(c->arena, note, n->cap);
    if (!q || !n->at) {
        return CRM_NOMEM;
    }
    q->where = cond_and(
        c->arena, cond_compare(c->arena, COND_EQ, &e->fields[BATCH_ROW_BATCH], value_int(batch)),
        cond_compare(c->arena, COND_NE, &e->fields[BATCH_ROW_IS_WARNING], value_int(1)));
    q->sorts[0] = (sort){&e->fields[COL_ID], false};
    q->sort_count = 1;
    q->limit = BATCH_NOTES_MAX * 4;
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = q, .on_row = on_note, .arg = n};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status s = call_limit_read(c, &b);
    return s == CRM_OK ? engine_read_now(c->session, &b) : s;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void put_header(crm_ctx *c, const store_row *row, buf *out)
{
    json_t *analysis, *item;
    size_t i;
    buf_z(out, "\xEF\xBB\xBF");
    csv_put_cell(out, registry_text(c->reg, c->lang, CRM_S("import.line")), ';');
    buf_char(out, ';');
    csv_put_cell(out, registry_text(c->reg, c->lang, CRM_S("import.reason")), ';');
    if (json_read(store_text(row, IMPORT_ANALYSIS), 0, &analysis, NULL) == CRM_OK) {
        json_array_foreach(json_object_get(analysis, "columns"), i, item)
        {
            buf_char(out, ';');
            csv_put_cell(out, json_text(item, "title"), ';');
        }
        json_decref(analysis);
    }
    buf_z(out, "\r\n");
}

static void put_row(const table_row *row, crm_str reason, buf *out)
{
    buf_int(out, row->line);
    buf_char(out, ';');
    csv_put_cell(out, reason, ';');
    for (uint32_t i = 0; i < row->count; i++) {
        buf_char(out, ';');
        csv_put_cell(out, row->cells[i], ';');
    }
    buf_z(out, "\r\n");
}

/* Notes stand in the order of the file, as the slices wrote them. */
static crm_status put_rows(crm_ctx *c, const noting *n, const char *path, buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t offset = FRAMES_BEGIN;
    arena_mark mark = arena_mark_get(c->arena);
    frames read = {.count = 1};
    uint32_t at = 0;
    crm_status s = fd < 0 ? call_fail(c, CRM_NOT_FOUND, "import_gone") : CRM_OK;
    while (s == CRM_OK && read.count && at < n->count && out->n < OUTPUT_MOST) {
        arena_rewind(c->arena, mark);
        s = frames_read(c->arena, fd, &offset, PIECE, &read);
        for (uint32_t i = 0; s == CRM_OK && i < read.count && at < n->count; i++) {
            if (read.rows[i].line == n->at[at].line) {
                put_row(&read.rows[i], n->at[at++].reason, out);
            }
        }
        s = s == CRM_OK && c->until && clock_mono() > c->until ? CRM_TIMEOUT : s;
    }
    if (fd >= 0) {
        close(fd);
    }
    return s;
}

crm_status import_errors(crm_ctx *c, const store_row *row, bool is_of_run, buf *out)
{
    int64_t batch = store_int(row, is_of_run ? IMPORT_RUN : IMPORT_CHECK);
    noting n = {.call = c, .entity = registry_entity(c->reg, store_text(row, IMPORT_ENTITY))};
    if (!batch || !n.entity) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    crm_status s = read_notes(c, batch, &n);
    put_header(c, row, out);
    crm_str path = import_frames_path(c->arena, row);
    if (s == CRM_OK) {
        s = path.p ? put_rows(c, &n, path.p, out) : CRM_NOMEM;
    }
    return s == CRM_OK && out->failed ? CRM_TOO_LARGE : s;
}
