/*
 * variant.c - one module, built in many ways: sound ones and every kind of broken one. Which way is
 * a macro of CMakeLists.txt; the test loads them all through real shared objects.
 */
#include <crm/host.h>
#include <stdlib.h>
#include <unistd.h>

/* A descriptor and a row of a later SDK: longer than what this kernel knows. */
typedef struct later_module {
    crm_module v1;
    const char *later;
} later_module;
typedef struct later_job {
    crm_job v1;
    uint64_t later;
} later_job;

static crm_status work(crm_ctx *c, crm_str arg)
{
    (void)c;
    (void)arg;
    return CRM_OK;
}

#ifdef VARIANT_START_FAILS
static crm_status start(const crm_host *host)
{
    (void)host;
    return CRM_UPSTREAM;
}
#else
static const int *counter;
static crm_status start(const crm_host *host)
{
    (void)host;
    counter = crm_keep(sizeof *counter);
    return counter ? CRM_OK : CRM_NOMEM;
}
#endif

#ifdef VARIANT_CRASHES
__attribute__((constructor)) static void crash(void)
{
    abort();
}
#endif
#ifdef VARIANT_HANGS
__attribute__((constructor)) static void hang(void)
{
    for (;;) {
        pause();
    }
}
#endif
#ifdef VARIANT_EXITS
__attribute__((constructor)) static void leave(void)
{
    _exit(0);
}
#endif

static const crm_job jobs[] = {
    {.name = "first", .fn = work},
#ifdef VARIANT_TWICE
    {.name = "first", .fn = work, .every_s = 60},
#else
    {.name = "second", .fn = work, .every_s = 60},
#endif
};
static const later_job later_jobs[] = {
    {.v1 = {.name = "first", .fn = work}},
    {.v1 = {.name = "second", .fn = work},
#ifdef VARIANT_LYING_ROW
     .later = 1
#endif
    },
};

#ifdef VARIANT_LATER_ROWS
#define JOBS                                    \
    {                                           \
        &later_jobs[0].v1, 2, sizeof(later_job) \
    }
#elif defined(VARIANT_BAD_STRIDE)
#define JOBS       \
    {              \
        jobs, 2, 4 \
    }
#elif defined(VARIANT_MANY_ROWS)
#define JOBS                           \
    {                                  \
        jobs, 1000000, sizeof(crm_job) \
    }
#else
#define JOBS CRM_TABLE(jobs)
#endif

#ifdef VARIANT_NEW_TX
static crm_status answer(crm_ctx *c, crm_out *out)
{
    (void)c;
    (void)out;
    return CRM_OK;
}
static const crm_route routes[] = {
    {.method = "GET", .path = "/x", .fn = answer, .tx = 9, .perm = "user"},
};
#endif

#ifdef VARIANT_SERVICES
#ifndef SERVICE_FLAGS
#define SERVICE_FLAGS 0
#endif
static crm_status serve(crm_service *s, void *state)
{
    (void)s;
    (void)state;
    return CRM_OK;
}
static const crm_service_def services[] = {
    {.name = SERVICE_NAME, .run = serve, .flags = SERVICE_FLAGS},
};
#endif

#ifdef VARIANT_UNORDERED
static crm_status migrate(crm_ctx *c, int64_t *cursor)
{
    (void)c;
    *cursor = -1;
    return CRM_OK;
}
static const crm_migration migrations[] = {
    {.version = 2, .fn = migrate},
    {.version = 2, .fn = migrate},
};
#endif

#ifndef MAGIC
#define MAGIC CRM_MODULE_MAGIC
#endif
#ifndef SIZE
#define SIZE sizeof(crm_module)
#endif
#ifndef LEVEL
#define LEVEL 1
#endif

static const later_module self = {
    .v1 =
        {
            .magic = MAGIC,
            .size = SIZE,
            .level = LEVEL,
            .host_slot = &crm__host,
            .manifest = crm__manifest,
            .name = CRM_MODULE_NAME,
            .version = CRM_MODULE_VERSION,
            .license = "Apache-2.0",
            .jobs = JOBS,
#ifdef VARIANT_NEW_TX
            .routes = CRM_TABLE(routes),
#endif
#ifdef VARIANT_SERVICES
            .services = CRM_TABLE(services),
#endif
#ifdef VARIANT_UNORDERED
            .migrations = CRM_TABLE(migrations),
#endif
            .start = start,
        },
#ifdef VARIANT_LYING_TAIL
    .later = "of a later level",
#endif
};

const crm_host *crm__host;
#ifndef VARIANT_NO_SYMBOL
extern CRM_EXPORT const crm_module *const crm_module_v1;
CRM_EXPORT const crm_module *const crm_module_v1 = &self.v1;
#else
extern CRM_EXPORT const void *const something_else;
CRM_EXPORT const void *const something_else = &self;
#endif
/* Used in some variants only. */
extern CRM_HIDDEN const void *const unused[];
const void *const unused[] = {jobs, later_jobs};
