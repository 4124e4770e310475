/* upload_api.c - a file to be imported: uploaded, looked over by a worker, stored as an import. */
#include "data/stores.h"
#include "net/upload.h"
#include "table/import.h"

typedef struct import_upload {
    upload base;
    crm_str file;
    store_row row;
} import_upload;

static crm_status begin(upload *u)
{
    import_upload *x = (import_upload *)u;
    crm_status s = import_allow(&u->k->c, u->k->entity);
    if (s != CRM_OK) {
        return s;
    }
    x->file = crypto_token(u->k->http->arena, 18);
    u->path = import_path(u->k->http->arena, x->file, IMPORT_SOURCE);
    return u->path.p ? CRM_OK : CRM_NOMEM;
}

static crm_status make_row(import_upload *x)
{
    api_call *k = x->base.k;
    crm_status s = store_new(k->c.arena, k->c.reg, STORE_IMPORT, &x->row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&x->row, IMPORT_USER, value_int(k->who.user));
    store_set(&x->row, IMPORT_ENTITY, value_text(k->entity->name));
    store_set(&x->row, IMPORT_NAME, value_text(upload_name(k)));
    store_set(&x->row, IMPORT_SIZE, value_int(x->base.size));
    store_set(&x->row, IMPORT_FILE, value_text(x->file));
    store_set(&x->row, IMPORT_AT, value_int(clock_now()));
    return CRM_OK;
}

static crm_status look_over(upload *u)
{
    import_upload *x = (import_upload *)u;
    crm_status s = make_row(x);
    return s == CRM_OK ? import_analyse(&u->k->c, u->k->entity, NULL, &x->row) : s;
}

static crm_status commit(crm_ctx *c, upload *u)
{
    import_upload *x = (import_upload *)u;
    x->row.id = 0; /* it may run again */
    return store_save(c->tx, &x->row);
}

static void view(api_call *k)
{
    import_upload *x = k->own;
    jw_init(&k->w, &k->text);
    k->status = import_view(&k->c, &x->row, &k->w);
}

static void viewed(api_call *k)
{
    import_upload *x = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    http_set(k->http, "Location",
             arena_fmt(k->http->arena, "/api/v1/import/%lld", (long long)x->row.id));
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 201);
}

static void answer(upload *u)
{
    api_pool(u->k, POOL_FAST, view, viewed);
}

void upload_route(api_call *k)
{
    static const upload_kind kind = {begin, look_over, commit, answer, POOL_LOOK};
    import_upload *x = ARENA_NEW(k->http->arena, import_upload);
    upload_start(k, x ? &x->base : NULL, &kind);
}
