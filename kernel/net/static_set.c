/* static_set.c - folders of files, added while others are served. */
#include "net/static_set.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/str.h"

typedef struct folder {
    char *dir;
    static_files *files;
    struct folder *next; /* an earlier one */
} folder;

/* A folder never changes once `first` leads to it, and goes with the set: loops walk without the
 * lock. */
struct static_set {
    pthread_mutex_t loading; /* one folder at a time */
    pthread_mutex_t lock;    /* of `first` */
    folder *first;           /* the newest */
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

static void folder_free(folder *f)
{
    static_free(f->files);
    free(f->dir);
    free(f);
}

void static_set_free(static_set *s)
{
    for (folder *next, *f = s ? s->first : NULL; f; f = next) {
        next = f->next;
        folder_free(f);
    }
    free(s);
}

static const folder *first_of(static_set *s)
{
    pthread_mutex_lock(&s->lock);
    const folder *first = s->first;
    pthread_mutex_unlock(&s->lock);
    return first;
}

static const folder *find(const folder *first, crm_str dir)
{
    for (const folder *f = first; f; f = f->next) {
        if (str_eq(str_of(f->dir), dir)) {
            return f;
        }
    }
    return NULL;
}

static crm_status load(static_set *s, crm_str dir, const char *prefix)
{
    folder *f = calloc(1, sizeof *f);
    if (!f) {
        return CRM_NOMEM;
    }
    f->dir = strndup(dir.p, dir.n);
    crm_status st = f->dir ? static_load(f->dir, prefix, &f->files) : CRM_NOMEM;
    if (st != CRM_OK) {
        folder_free(f);
        return st;
    }
    f->next = s->first;
    pthread_mutex_lock(&s->lock);
    s->first = f;
    pthread_mutex_unlock(&s->lock);
    return CRM_OK;
}

crm_status static_set_add(static_set *s, crm_str dir, const char *prefix)
{
    pthread_mutex_lock(&s->loading);
    crm_status st = find(s->first, dir) ? CRM_OK : load(s, dir, prefix);
    pthread_mutex_unlock(&s->loading);
    return st;
}

bool static_set_serve(static_set *s, http_request *r, crm_str dir)
{
    const folder *first = first_of(s);
    const folder *in_force = dir.n ? find(first, dir) : NULL;
    if (in_force && static_serve(in_force->files, r)) {
        return true;
    }
    for (const folder *f = first; f; f = f->next) {
        if (static_serve(f->files, r)) {
            return true;
        }
    }
    return false;
}
