/* people_private.h - what people.c, people_names.c and rights.c share: a snapshot holds what is
 * computed for it.
 */
#ifndef DATA_PEOPLE_PRIVATE_H
#define DATA_PEOPLE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "data/people.h"

typedef struct rights_tables rights_tables;
typedef struct people_names people_names;

typedef struct people_box {
    people pub; /* first: a people pointer is a box pointer */
    _Atomic uint32_t refs;
    arena *arena;
    const person **by_login;
    const person **by_id; /* ids below `id_end`; NULL where nobody has it */
    int64_t id_end;
    rights_tables *rights;
    pthread_mutex_t names_lock;
    people_names *names; /* people_names.c; NULL: nobody has asked yet */
} people_box;

/* The compiled rights that live as long as this snapshot; NULL for NULL. */
rights_tables *people_rights(const people *p);
rights_tables *rights_tables_new(void);
void rights_tables_free(rights_tables *t);

#endif
