/* status.c - the status table of the SDK as lookups. Any thread. */
#include "base/status.h"

#include <errno.h>

typedef struct row {
    crm_status status;
    int http;
    const char *code;
} row;

static const row rows[] = {
#define X(name, num, http, text) {CRM_##name, http, text},
    CRM_STATUS_MAP(X)
#undef X
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const row *find(crm_status s)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].status == s) {
            return &rows[i];
        }
    }
    return find(CRM_INTERNAL);
}

int status_http(crm_status s)
{
    return find(s)->http;
}

const char *status_code(crm_status s)
{
    return find(s)->code;
}

crm_status status_from_http(int http)
{
    if (http >= 200 && http < 300) {
        return CRM_OK;
    }
    if (http == 500) {
        return CRM_INTERNAL; /* not MISUSE, which shares the number but blames a module */
    }
    if (http == 503) {
        return CRM_UNAVAILABLE;
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].http == http) {
            return rows[i].status;
        }
    }
    return http >= 400 && http < 500 ? CRM_BAD_REQUEST : CRM_INTERNAL;
}

crm_status status_from_errno(int err)
{
    switch (err) {
    case 0:
        return CRM_OK;
    case ENOENT:
    case ENOTDIR:
        return CRM_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return CRM_NO_SPACE;
    case ENOMEM:
        return CRM_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return CRM_DENIED;
    case EEXIST:
    case EBUSY:
        return CRM_CONFLICT;
    case EFBIG:
    case ENAMETOOLONG:
        return CRM_TOO_LARGE;
    case ETIMEDOUT:
        return CRM_TIMEOUT;
    case EAGAIN:
    case EMFILE:
    case ENFILE:
        return CRM_UNAVAILABLE;
    default:
        return CRM_INTERNAL;
    }
}
