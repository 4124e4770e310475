/* static_set.c - folders of files, added while others are served. */
#include "net/static_set.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/str.h"

typedef struct folder {
    char *dir;
    static_files *files;
} folder;

/* Rows below `count` never change. */
struct static_set {
    pthread_mutex_t loading; /* one folder at a time */
    pthread_mutex_t lock;    /* of `count` */
    uint32_t count;
    folder at[STATIC_SET_MAX];
};

static_set *static_set_new(void)
{
    static_set *s = calloc(1, sizeof *s);
    if (s) {
        pthread_mutex_init(&s->loading, NULL);
        pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}

void static_set_free(static_set *s)
{
    for (uint32_t i = 0; s && i < s->count; i++) {
        static_free(s->at[i].files);
        free(s->at[i].dir);
    }
    free(s);
}

static uint32_t count_of(static_set *s)
{
    pthread_mutex_lock(&s->lock);
    uint32_t n = s->count;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static const folder *find(const static_set *s, uint32_t count, crm_str dir)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(str_of(s->at[i].dir), dir)) {
            return &s->at[i];
        }
    }
    return NULL;
}

static crm_status load(static_set *s, crm_str dir, const char *prefix)
{
    if (s->count == STATIC_SET_MAX) {
        return CRM_TOO_LARGE;
    }
    folder *f = &s->at[s->count];
    f->dir = strndup(dir.p, dir.n);
    crm_status st = f->dir ? static_load(f->dir, prefix, &f->files) : CRM_NOMEM;
    if (st != CRM_OK) {
        free(f->dir);
        *f = (folder){0};
        return st;
    }
    pthread_mutex_lock(&s->lock);
    s->count++;
    pthread_mutex_unlock(&s->lock);
    return CRM_OK;
}

crm_status static_set_add(static_set *s, crm_str dir, const char *prefix)
{
    pthread_mutex_lock(&s->loading);
    crm_status st = find(s, s->count, dir) ? CRM_OK : load(s, dir, prefix);
    pthread_mutex_unlock(&s->loading);
    return st;
}

bool static_set_serve(static_set *s, http_request *r, crm_str dir)
{
    uint32_t count = count_of(s);
    const folder *in_force = dir.n ? find(s, count, dir) : NULL;
    if (in_force && static_serve(in_force->files, r)) {
        return true;
    }
    for (uint32_t i = count; i-- > 0;) {
        if (static_serve(s->at[i].files, r)) {
            return true;
        }
    }
    return false;
}
