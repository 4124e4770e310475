/* listen.h - the address of --listen. */
#ifndef LISTEN_H
#define LISTEN_H

#include "server.h"

/* "127.0.0.1:8443", "[::]:8443" as host and port. False: it is neither. */
bool listen_split(const char *listen, char *host, size_t size, int *port);
/* Says why nobody can be listened to there, on stderr. */
void listen_say(const server_options *o, crm_status s);
/* Before anything is made: a wrong address must not leave data, keys and a first login behind. Says it. */
CRM_MUST_CHECK crm_status listen_check(const server_options *o);

#endif
