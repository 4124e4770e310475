/*
 * merge_world.h - clients with rules of matching, and orders that refer to them, in the world of
 * data_world.h.
 *
 * test.client  name phone… email… inn kpp note owner department chief (a client)
 * test.order   title client watchers… owner
 *
 * Sellers see and change their own of both; a head's team's, and may merge clients; sellers are shown
 * the owner of foreign ones. A boss may everything but merge.
 */
#ifndef MERGE_WORLD_H
#define MERGE_WORLD_H

#include "data_world.h"

enum {
    CLIENT_NAME = COL_OWN,
    CLIENT_PHONE,
    CLIENT_EMAIL,
    CLIENT_INN,
    CLIENT_KPP,
    CLIENT_NOTE,
    CLIENT_OWNER,
    CLIENT_DEPARTMENT,
    CLIENT_CHIEF,
    CLIENT_CODE
};
enum { ORDER_TITLE = COL_OWN, ORDER_CLIENT, ORDER_WATCHERS, ORDER_OWNER };

extern const entity *client_entity, *order_entity; /* of the world's registry */

void merge_world_open(world *x, world_engine which);

/* Stores one as the system: pairs of a column and a text; "" ends. Gives its id. */
int64_t merge_world_client(world *x, int64_t owner, const char *name, const char *phone,
                           const char *inn);
int64_t merge_world_order(world *x, int64_t owner, int64_t client);
/* A column as stored, also of a deleted row; NULL when there is no row. In static memory. */
const value *merge_world_value(world *x, const entity *e, int64_t id, uint16_t column);

#endif
