/*
 * pour.h - an answer that is made piece by piece on a pool and goes out as the peer takes it: a
 * file, an export. A piece is what k->run leaves in k->text; the next is asked for when all of it
 * is on its way.
 *
 * Loop thread, but for k->run.
 */
#ifndef NET_POUR_H
#define NET_POUR_H

#include "net/api_private.h"

typedef struct pour {
    api_call *k;
    flow_pool pool;
    /* Called once, when the answer is over; frees what is the owner's. */
    void (*over)(struct pour *p, bool is_whole);
    bool has_more; /* k->run's: another piece follows */
    bool is_waiting, is_cancelled;
    size_t sent; /* of k->text */
} pour;

/* Begins the answer with what stands in k->text; `length` -1: not known. k->run makes further
 * pieces; a status of it that is not OK cuts the answer off. The call is the pour's from here on.
 */
void pour_start(pour *p, int status, const char *media_type, int64_t length);

#endif
