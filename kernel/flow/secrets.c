/* secrets.c - see secrets.h. Worker threads and start-up. */
#include <unistd.h>

#include "data/setting.h"
#include "flow/secrets.h"

#define SECRET_MAX 4096

bool secret_is_given(arena *a, crm_str name)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    crm_str path = dir ? arena_fmt(a, "%s/%.*s", dir, STR_FMT(name)) : (crm_str){0};
    crm_str variable = arena_fmt(a, "KARKAS_SECRET_%.*s", STR_FMT(name));
    return (path.p && access(path.p, R_OK) == 0) || (variable.p && getenv(variable.p));
}

crm_status secret_read(arena *a, const json_t *given, crm_str *out)
{
    if (json_is_string(given)) {
        *out = arena_dup(a, str_of(json_string_value(given)));
        return CRM_OK;
    }
    crm_str name = json_text(given, "secret");
    if (!setting_is_secret_name(name)) {
        return CRM_INVALID;
    }
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (dir) {
        crm_str path = arena_fmt(a, "%s/%.*s", dir, STR_FMT(name));
        if (path.p && fs_read(a, path.p, SECRET_MAX, out) == CRM_OK) {
            *out = str_trim(*out);
            return CRM_OK;
        }
    }
    crm_str variable = arena_fmt(a, "KARKAS_SECRET_%.*s", STR_FMT(name));
    const char *held = variable.p ? getenv(variable.p) : NULL;
    if (!held) {
        log_event(LOG_ERROR, "secret.missing", "name=%s", log_quote(name));
        return CRM_NOT_FOUND;
    }
    *out = arena_dup(a, str_of(held));
    return CRM_OK;
}
