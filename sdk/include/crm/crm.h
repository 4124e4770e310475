/*
 * crm.h - base types shared by the kernel and every module: status codes, strings, tables.
 *
 * No type of a third-party library crosses this header. Integers in structs have fixed widths;
 * zero always means "the old behaviour", so structs may grow at their end.
 *
 * Major 1 of the ABI is a candidate: it is frozen once the bundled modules have used all that it offers.
 * A break before that would stand in sdk/abi/ACCEPTED.md with its reason; there is none.
 */
#ifndef CRM_CRM_H
#define CRM_CRM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRM_ABI_MAJOR        1 /* stands in the exported symbol's name: a break is a new symbol */
#define CRM_ABI_LEVEL_LATEST 2 /* the newest API level this SDK knows */
#ifndef CRM_API_LEVEL
#define CRM_API_LEVEL 1 /* the author picks the oldest kernel to run on */
#endif
#if CRM_API_LEVEL > CRM_ABI_LEVEL_LATEST
#error "CRM_API_LEVEL is newer than this SDK"
#endif

#define CRM_EXPORT __attribute__((visibility("default")))
#define CRM_HIDDEN __attribute__((visibility("hidden")))
#define CRM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define CRM_MUST_CHECK __attribute__((warn_unused_result))

/*
 * Every status: name, number, HTTP code, stable string for the API (problem+json `code`).
 * Append only; a number never changes its meaning.
 */
#define CRM_STATUS_MAP(X)                                                                          \
    X(OK, 0, 200, "ok")                                                                            \
    X(INVALID, 1, 422, "invalid")                 /* a field is wrong: see the per-field errors */ \
    X(NOT_FOUND, 2, 404, "not_found")             /* absent, or outside the caller's rights */     \
    X(DENIED, 3, 403, "denied")                   /* the caller may see it but not do this */      \
    X(CONFLICT, 4, 409, "conflict")               /* the record's state forbids it */              \
    X(LIMIT, 5, 429, "limit")                     /* too many: Retry-After says when */            \
    X(TIMEOUT, 6, 504, "timeout")                 /* it took longer than its limit */              \
    X(UPSTREAM, 7, 502, "upstream")               /* an outside system failed */                   \
    X(MISUSE, 8, 500, "misuse")                   /* a module broke the contract */                \
    X(NOMEM, 9, 503, "no_memory")                                                                  \
    X(INTERNAL, 10, 500, "internal")                                                               \
    X(BAD_REQUEST, 11, 400, "bad_request")        /* the request cannot be read at all */          \
    X(UNAUTHENTICATED, 12, 401, "unauthenticated")                                                 \
    X(STALE, 13, 412, "stale")                    /* If-Match named an older revision */           \
    X(TOO_LARGE, 14, 413, "too_large")                                                             \
    X(UNAVAILABLE, 15, 503, "unavailable")        /* queue full, starting, stopping: try again */  \
    X(NO_SPACE, 16, 507, "no_space")              /* the disk is full: nothing was written */      \
    X(METHOD, 17, 405, "method_not_allowed")                                                       \
    X(MEDIA, 18, 415, "unsupported_media_type")

typedef enum crm_status {
#define X(name, num, http, text) CRM_##name = num,
    CRM_STATUS_MAP(X)
#undef X
    CRM_STATUS_FORCE_INT = 0x7fffffff
} crm_status;

/* Borrowed bytes. When the kernel gives one, p[n] is 0. Never freed by a module. */
typedef struct crm_str {
    const char *p;
    size_t n;
} crm_str;
#define CRM_S(lit) ((crm_str){(lit), sizeof(lit) - 1})

/* A table carries its own element size, so rows may grow at their end without a new symbol. */
#define CRM_TABLE_OF(T)                                                                            \
    struct {                                                                                       \
        const T *at;                                                                               \
        uint32_t count;                                                                            \
        uint32_t stride;                                                                           \
    }
#define CRM_TABLE(a) {(a), (uint32_t)(sizeof(a) / sizeof((a)[0])), (uint32_t)sizeof((a)[0])}

typedef struct crm_ctx crm_ctx;   /* one call: arena, acting principal, transaction */
typedef struct crm_rec crm_rec;   /* one record of an entity, opaque                */
typedef struct crm_rows crm_rows; /* the result of a query, valid for the call      */
typedef struct crm_out crm_out;   /* the writer of a reply                          */
typedef struct crm_service crm_service; /* one run of a service, from its begin to its return */

#ifdef __cplusplus
}
#endif
#endif
