/* import_api.c - /api/v1/import: how a file is read, what its columns mean, check, run and report.
 */
#include "data/stores.h"
#include "net/api_private.h"
#include "table/import.h"

typedef struct import_state {
    store_row row;
    int status; /* of the answer */
    bool is_check, is_of_run;
    crm_str file; /* of one that was forgotten */
} import_state;

/* ---- the answer: the import as it is now ------------------------------------------------------
 */

static void view(api_call *k)
{
    import_state *x = k->own;
    buf_clear(&k->text);
    jw_init(&k->w, &k->text);
    k->status = import_load(&k->c, k->id, &x->row);
    if (k->status == CRM_OK) {
        k->status = import_view(&k->c, &x->row, &k->w);
    }
}

static void viewed(api_call *k)
{
    import_state *x = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, x->status);
}

static void answer(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_pool(k, POOL_FAST, view, viewed);
    }
}

/* ---- reading it anew ------------------------------------------------------------------------- */

static void read_again(api_call *k)
{
    import_state *x = k->own;
    bool is_busy = false;
    k->status = import_load(&k->c, k->id, &x->row);
    if (k->status == CRM_OK) {
        k->status = import_check_right(&k->c, &x->row);
    }
    if (k->status == CRM_OK) {
        k->status = import_is_busy(&k->c, &x->row, &is_busy);
    }
    if (k->status == CRM_OK && is_busy) {
        k->status = call_fail(&k->c, CRM_CONFLICT, "import_running");
    }
    if (k->status == CRM_OK) {
        const entity *e = registry_entity(k->c.reg, store_text(&x->row, IMPORT_ENTITY));
        k->status = import_analyse(&k->c, e, k->request.json, &x->row);
    }
}

static crm_status save(crm_ctx *c, void *arg)
{
    import_state *x = ((api_call *)arg)->own;
    bool is_busy;
    crm_status s = import_is_busy(c, &x->row, &is_busy);
    if (s == CRM_OK && is_busy) {
        return call_fail(c, CRM_CONFLICT, "import_running");
    }
    return s == CRM_OK ? store_save(c->tx, &x->row) : s;
}

static void was_read_again(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_write(k, save, answer);
    }
}

/* ---- check and run --------------------------------------------------------------------------- */

static crm_status start(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    import_state *x = k->own;
    return import_start(c, k->id, k->request.json, x->is_check);
}

static void with_body(api_call *k)
{
    crm_status s = api_read_json(k);
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else if (((import_state *)k->own)->status == 202) {
        api_write(k, start, answer);
    } else {
        api_pool(k, POOL_LOOK, read_again, was_read_again);
    }
}

/* ---- the report ------------------------------------------------------------------------------ */

static void write_errors(api_call *k)
{
    import_state *x = k->own;
    buf_clear(&k->text);
    k->text.max = (size_t)64 << 20;
    k->status = import_load(&k->c, k->id, &x->row);
    if (k->status == CRM_OK) {
        k->status = import_errors(&k->c, &x->row, x->is_of_run, &k->text);
    }
}

static void errors_written(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    http_set(k->http, "Content-Disposition", CRM_S("attachment; filename=\"errors.csv\""));
    http_reply(api_let_go(k), 200, "text/csv; charset=utf-8; header=present");
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static crm_status forget(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    import_state *x = k->own;
    crm_str file;
    crm_status s = import_forget(c, k->id, &file);
    x->file = s == CRM_OK ? arena_dup(k->http->arena, file) : (crm_str){0};
    return s;
}

static void remove_file(api_call *k)
{
    import_unlink(((import_state *)k->own)->file);
}

static void removed(api_call *k)
{
    api_reply_empty(k, 204);
}

static void forgotten(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_pool(k, POOL_FAST, remove_file, removed);
    }
}

/* ---- routing --------------------------------------------------------------------------------- */

static void one_import(api_call *k, crm_str what)
{
    import_state *x = k->own;
    http_verb v = k->http->verb;
    bool is_read = v == VERB_GET || v == VERB_HEAD;
    x->status = 200;
    if (!what.n && is_read) {
        api_pool(k, POOL_FAST, view, viewed);
    } else if (!what.n && v == VERB_DELETE) {
        api_write(k, forget, forgotten);
    } else if (str_is(what, "reading") && v == VERB_POST) {
        with_body(k);
    } else if ((str_is(what, "check") || str_is(what, "run")) && v == VERB_POST) {
        x->status = 202;
        x->is_check = str_is(what, "check");
        if (once_take_key(k)) {
            with_body(k);
        }
    } else if (str_is(what, "errors.csv") && is_read) {
        x->is_of_run = !str_is(http_param(k->http, "of"), "check");
        api_pool(k, POOL_SLOW, write_errors, errors_written);
    } else {
        api_reply_error(k, what.n ? CRM_NOT_FOUND : CRM_METHOD);
    }
}

/* NULL also of one that he may do nothing with: not even that it is there is told. */
static const entity *entity_for(crm_ctx *c, crm_str name)
{
    const entity *e = registry_entity(c->reg, name);
    bool may = e && (rights_may_some(c, e, ACTION_READ) || rights_may_some(c, e, ACTION_CREATE) ||
                     rights_may_some(c, e, ACTION_UPDATE));
    return may ? e : NULL;
}

void import_route(api_call *k)
{
    crm_str path = k->rest, name = {0};
    str_split(&path, '/', &name);
    k->own = ARENA_NEW(k->http->arena, import_state);
    if (!k->own) {
        api_reply_error(k, CRM_NOMEM);
    } else if (str_to_i64(name, &k->id) == CRM_OK && k->id > 0) {
        one_import(k, path);
    } else {
        k->entity = path.n ? NULL : entity_for(&k->c, name);
        if (!k->entity || k->http->verb != VERB_POST) {
            api_reply_error(k, k->entity ? CRM_METHOD : CRM_NOT_FOUND);
        } else {
            upload_route(k);
        }
    }
}
