/*
 * guard.h - which addresses the server may speak to at somebody's wish: an address in a setting must
 * not reach what only this machine and its network can (server-side request forgery, OWASP API7).
 *
 * An address is judged when it is connected to, after the name was looked up, so that a name cannot
 * mean one thing when it is checked and another when it is used. Pure functions, any thread.
 */
#ifndef OUT_GUARD_H
#define OUT_GUARD_H

#include "base/base.h"

struct sockaddr;

/* Every address as 128 bits, those of IPv4 as ::ffff:a.b.c.d. */
typedef struct guard_net {
    uint8_t bytes[16];
    int bits; /* of the prefix, 0..128 */
} guard_net;

#define GUARD_NETS_MAX 64
typedef struct guard_list {
    guard_net at[GUARD_NETS_MAX];
    uint32_t count;
} guard_list;

/* "10.1.0.0/16", "192.168.1.7", "fd00::/8". INVALID. */
CRM_MUST_CHECK crm_status guard_read_net(crm_str text, guard_net *out);
/* One per line; what cannot be read is left out. */
void guard_read_list(crm_str lines, guard_list *out);
/* Whether it belongs to the public network: not loopback, private, link-local, multicast, reserved,
 * nor one of those wrapped into an address of IPv6. */
bool guard_is_public(const struct sockaddr *a);
bool guard_is_listed(const guard_list *l, const struct sockaddr *a);

#endif
