/*
 * tls.h - TLS for the listeners, the small interface behind which mbedTLS stands.
 *
 * Memory in, memory out: no sockets here. TLS 1.2 (and 1.3 with mbedTLS 3.6), AEAD with ECDHE only,
 * x25519 before P-256, session tickets. A context belongs to one loop thread, with its own random
 * generator; tls_context_reload may come from that thread only.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <crm/crm.h>

#include "base/buf.h"

typedef struct tls_context tls_context;
typedef struct tls_session tls_session;

/* PEM texts: the certificate with its chain, and its key. INVALID when they cannot be read or do
 * not belong together. */
CRM_MUST_CHECK crm_status tls_context_new(crm_str cert, crm_str key, tls_context **out);
/* New handshakes use the new certificate; open sessions go on. Tickets stay valid. */
CRM_MUST_CHECK crm_status tls_context_reload(tls_context *t, crm_str cert, crm_str key);
/* After the last session. t may be NULL. */
void tls_context_free(tls_context *t);

/* NULL when memory is out. */
tls_session *tls_session_new(tls_context *t);
void tls_session_free(tls_session *s);

typedef enum tls_result {
    TLS_OK,     /* *n plain bytes were read, or all was written */
    TLS_WANT,   /* more bytes from the peer are needed */
    TLS_CLOSED, /* the peer said close_notify */
    TLS_FAILED  /* the session is dead; an alert may stand in the output */
} tls_result;

/* Bytes from the wire. The session reads them in place by the tls_read calls that follow at once.
 */
void tls_feed(tls_session *s, const char *p, size_t n);
/* Handshakes as needed, then decrypts. Called until it says TLS_WANT, which means that all bytes
 * given to tls_feed were taken. */
tls_result tls_read(tls_session *s, char *out, size_t size, size_t *n);
/* Encrypts all of it into the output. */
tls_result tls_write(tls_session *s, const char *p, size_t n);
/* close_notify into the output. */
void tls_shutdown(tls_session *s);
/* What is to be sent on the wire; the caller takes it away with buf_clear. */
buf *tls_output(tls_session *s);
bool tls_is_ready(const tls_session *s); /* the handshake is over */
const char *tls_version(void);           /* "mbedTLS 2.28.3" */

#endif
