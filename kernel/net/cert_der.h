/*
 * cert_der.h - the parts of certificates in DER that mbedTLS does not write, or not as browsers
 * want.
 *
 * Pure but for der_resign. Internal to the net layer.
 */
#ifndef NET_CERT_DER_H
#define NET_CERT_DER_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>

#include "base/buf.h"
#include "net/cert.h"

#define DER_SEQUENCE 0x30
#define DER_OID      0x06

void der_add(buf *b, int tag, crm_str value);
/* Wraps what stands in *b, which is at most 64 KiB. */
void der_wrap(buf *b, int tag);
/* subjectAltName. */
void der_names(buf *b, const cert_names *names);
/* nameConstraints: the local networks and domains, and `extra`. */
void der_constraints(buf *b, const cert_names *extra);
/* Takes the part to be signed out of a certificate, mends its algorithm and signs it anew into *b.
 * 0, or mbedTLS's error. */
int der_resign(buf *b, crm_str der, mbedtls_pk_context *key, mbedtls_ctr_drbg_context *random);

#endif
