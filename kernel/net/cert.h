/*
 * cert.h - making certificates: keys, names, the extensions that the local authority needs.
 *
 * Internal to the net layer. Blocking (key generation takes milliseconds); any thread, one at a
 * time.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include <crm/crm.h>

#include "base/arena.h"

#define CERT_NAMES_MAX 64

/* A DNS name in lower case, or an address of 4 or 16 bytes. */
typedef struct cert_name {
    crm_str text;
    uint8_t address[16];
    uint8_t address_n; /* 0: a DNS name */
} cert_name;

typedef struct cert_names {
    cert_name at[CERT_NAMES_MAX]; /* sorted, without doubles */
    size_t count;
} cert_names;

typedef struct cert_network {
    uint8_t address[16];
    uint8_t n, bits;
} cert_network;

/* Private networks, loopback, link-local, and the domains that never exist in public: what a local
 * authority may always vouch for. */
#define CERT_LOCAL_NETWORKS 8
#define CERT_LOCAL_DOMAINS  5
extern const cert_network cert_local_networks[CERT_LOCAL_NETWORKS];
extern const char *const cert_local_domains[CERT_LOCAL_DOMAINS];

/* Adds a name or numeric address; what is neither, or one too many, is left out: false. */
bool cert_names_add(arena *a, cert_names *names, crm_str text);
bool cert_name_is_local(const cert_name *name);
/* `name` is this one, or a host below it. */
bool cert_name_covers(const cert_name *wide, const cert_name *name);

/* A new P-256 key as PEM. */
CRM_MUST_CHECK crm_status cert_make_key(arena *a, crm_str *pem);
/* An authority for servers of local names and of `extra` only (RFC 5280 §4.2.1.10). */
CRM_MUST_CHECK crm_status cert_make_authority(arena *a, crm_str key, const cert_names *extra,
                                              int days, crm_str *pem);
typedef struct cert_pair {
    crm_str cert, key; /* PEM */
} cert_pair;

/* A server's certificate for `key` with these names, signed by the authority. INVALID when the
 * authority's key and certificate do not belong together. */
CRM_MUST_CHECK crm_status cert_make_server(arena *a, cert_pair authority, crm_str key,
                                           const cert_names *names, int days, crm_str *pem);

/* When it ends, ms since 1970. */
CRM_MUST_CHECK crm_status cert_expires(crm_str pem, int64_t *ms);
/* Whether a server's certificate holds exactly these names. */
bool cert_has_names(crm_str pem, const cert_names *names);
bool cert_matches_key(crm_str pem, crm_str key);

#endif
