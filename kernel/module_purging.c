/*
 * module_purging.c - which modules are being purged: what has to be asked before one of them comes
 * into force. Workers, the start, and the offline process.
 */
#include "flow/store.h"
#include "module_change.h"
#include "tz/tz.h"

crm_status module_purgings(engine_session *session, const registry *r, arena *a, crm_str name,
                           module_purging *out)
{
    const entity *e = registry_store(r, STORE_BATCH);
    const field *f = e->fields;
    const cond *is_waiting =
        cond_compare(a, COND_EQ, &f[BATCH_STATE], value_text(CRM_S(BATCH_STATE_WAITING)));
    const cond *is_running =
        cond_compare(a, COND_EQ, &f[BATCH_STATE], value_text(CRM_S(BATCH_STATE_RUNNING)));
    const cond *is_kind = cond_compare(a, COND_EQ, &f[BATCH_KIND], value_text(CRM_S("purge")));
    const cond *is_it = cond_compare(a, COND_EQ, &f[BATCH_TITLE], value_text(name));
    store_row row;
    *out = (module_purging){0};
    crm_status s = store_first(
        session, a, r, STORE_BATCH,
        cond_and(a, cond_and(a, is_it, is_kind), cond_or(a, is_waiting, is_running)), &row);
    if (s == CRM_OK) {
        *out = (module_purging){row.id, store_int(&row, BATCH_DONE), store_int(&row, BATCH_TOTAL)};
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status module_purging_now(const deployment *d, arena *a, crm_str name, module_purging *out)
{
    const registry *current = registry_pin();
    registry *own = NULL;
    engine_session *session = NULL;
    *out = (module_purging){0};
    crm_status s = current ? CRM_OK : tz_kernel_registry(d->engine, a, &own);
    if (s == CRM_OK) {
        s = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &session);
    }
    if (s == CRM_OK) {
        s = module_purgings(session, current ? current : own, a, name, out);
        engine_session_close(session);
    }
    registry_unpin(current);
    registry_discard(own);
    return s;
}
