/*
 * peers.h - how many connections each address has. Loop thread. Internal to the net layer.
 *
 * IPv6 is counted by /64, which is what one subscriber gets.
 */
#ifndef NET_PEERS_H
#define NET_PEERS_H

#include <crm/crm.h>
#include <sys/socket.h>

typedef struct peers peers;
typedef struct peer peer;

peers *peers_new(void); /* NULL when memory is out */
void peers_free(peers *t);
/* One more connection of this address; NULL when it has `max` already or memory is out. */
peer *peers_enter(peers *t, const struct sockaddr_storage *address, uint32_t max);
void peers_leave(peers *t, peer *p);

#endif
