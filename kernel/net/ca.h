/*
 * ca.h - the local certificate authority: HTTPS on a LAN address without a public name.
 *
 * Files in the data directory, mode 0600: ca.key, ca.crt (P-256, ten years, may sign servers only),
 * server.key, server.crt (397 days). Staff trust ca.crt once; the server's certificate is renewed
 * thirty days before its end, or when the names changed, without anyone noticing. Blocking:
 * start-up or a worker thread.
 */
#ifndef NET_CA_H
#define NET_CA_H

#include <crm/crm.h>

#include "base/arena.h"

#define CA_LEAF_DAYS  397
#define CA_RENEW_DAYS 30

typedef struct ca_files {
    crm_str ca_cert; /* PEM, for /ca.crt */
    crm_str cert;    /* PEM: the server's certificate */
    crm_str key;     /* PEM */
    int64_t expires; /* ms since 1970, of the server's certificate */
    bool is_renewed; /* a new server certificate was made by this call */
} ca_files;

/*
 * Makes what is missing or near its end and reads the rest into the arena. The certificate names
 * the host name, localhost, 127.0.0.1, ::1, the machine's addresses and `names` (host names or
 * addresses). Time is the system's wall clock, since clients check with theirs.
 */
CRM_MUST_CHECK crm_status ca_ensure(arena *a, const char *dir, const crm_str *names, size_t count,
                                    ca_files *out);

#endif
