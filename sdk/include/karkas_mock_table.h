/* karkas_mock_table.h - what karkas_mock.h calls by its functions, which say what each does. */
#ifndef KARKAS_MOCK_TABLE_H
#define KARKAS_MOCK_TABLE_H

#include <crm/crm.h>
#include <stdarg.h>

typedef struct mock mock;

/* What a person of the test may do with records of modules; functions (`perm` of routes) go with MOCK_ALL. */
#define MOCK_NOTHING 0u
#define MOCK_OWN 1u /* those he owns, by `owner` of the entity */
#define MOCK_ALL 2u

#define MOCK_SYSTEM ((int64_t)0)  /* as rules of a ТЗ act: everything is allowed */
#define MOCK_NOBODY ((int64_t)-1) /* as a caller of a public route */

/* Append only, as the host table. */
struct mock_table {
    uint32_t size;
    mock *(*open)(void);
    void (*close)(mock *m);
    int64_t (*person)(mock *m, const char *login, uint32_t may);
    void (*as)(mock *m, int64_t user);
    int64_t (*make)(mock *m, const char *entity, va_list fields);
    crm_status (*change)(mock *m, const char *entity, int64_t id, va_list fields);
    crm_status (*remove)(mock *m, const char *entity, int64_t id);
    const char *(*get)(mock *m, const char *entity, int64_t id, const char *field);
    uint32_t (*list)(mock *m, const char *entity, int64_t *ids, uint32_t room);
    crm_status (*call)(mock *m, const char *method, const char *path, const char *body);
    const char *(*reply)(mock *m);
    int (*http)(mock *m);
    crm_status (*step)(mock *m, const char *verb, const char *entity, int64_t id, const char *args);
    crm_status (*job)(mock *m, const char *name, const char *arg);
    crm_status (*receive)(mock *m, const char *type, const char *settings, const char *content_type, const char *body);
    crm_status (*setting)(mock *m, const char *name, const char *value);
    int64_t (*now)(mock *m);
    crm_status (*advance)(mock *m, const char *duration);
    crm_status (*status)(mock *m);
    const char *(*error_code)(mock *m);
    const char *(*error_field)(mock *m);
    const char *(*error_text)(mock *m);
    const char *(*log)(mock *m);
    void (*let_fail)(mock *m, const char *function, crm_status s, uint32_t nth);
};

#endif
