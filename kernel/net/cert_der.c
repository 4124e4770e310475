/* cert_der.c - parts of certificates in DER. Any thread. */
#include "net/cert_der.h"

#include <mbedtls/asn1.h>
#include <mbedtls/version.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"

#define SIGNED_MAX   16384
#define TAG_DNS      0x82 /* GeneralName (RFC 5280 §4.2.1.6) */
#define TAG_ADDRESS  0x87
#define TAG_SUBTREES 0xa0 /* permittedSubtrees */

void der_add(buf *b, int tag, crm_str value)
{
    buf_char(b, (char)tag);
    if (value.n >= 256) {
        buf_char(b, (char)0x82);
        buf_char(b, (char)(value.n >> 8));
    } else if (value.n >= 128) {
        buf_char(b, (char)0x81);
    }
    buf_char(b, (char)(value.n & 0xff));
    buf_str(b, value);
}

void der_wrap(buf *b, int tag)
{
    buf whole;
    buf_init(&whole, 65536);
    der_add(&whole, tag, buf_view(b));
    buf_free(b);
    *b = whole;
}

static crm_str address_of(const cert_name *n)
{
    return (crm_str){(const char *)n->address, n->address_n};
}

void der_names(buf *b, const cert_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const cert_name *n = &names->at[i];
        der_add(b, n->address_n ? TAG_ADDRESS : TAG_DNS, n->address_n ? address_of(n) : n->text);
    }
    der_wrap(b, DER_SEQUENCE);
}

/* A subtree is the address followed by its mask, or the domain. */
static void add_subtree(buf *b, int tag, crm_str base)
{
    buf tree;
    buf_init(&tree, 1024);
    der_add(&tree, tag, base);
    der_wrap(&tree, DER_SEQUENCE);
    buf_str(b, buf_view(&tree));
    buf_free(&tree);
}

static void add_network(buf *b, const uint8_t *address, size_t n, int bits)
{
    uint8_t both[32] = {0};
    memcpy(both, address, n);
    for (int i = 0; i < bits; i++) {
        both[n + (size_t)i / 8] |= (uint8_t)(0x80 >> i % 8);
    }
    add_subtree(b, TAG_ADDRESS, (crm_str){(const char *)both, 2 * n});
}

void der_constraints(buf *b, const cert_names *extra)
{
    for (size_t i = 0; i < CERT_LOCAL_DOMAINS; i++) {
        add_subtree(b, TAG_DNS, str_of(cert_local_domains[i]));
    }
    for (size_t i = 0; i < CERT_LOCAL_NETWORKS; i++) {
        const cert_network *net = &cert_local_networks[i];
        add_network(b, net->address, net->n, net->bits);
    }
    for (size_t i = 0; i < extra->count; i++) {
        const cert_name *n = &extra->at[i];
        if (n->address_n) {
            add_network(b, n->address, n->address_n, n->address_n * 8);
        } else {
            add_subtree(b, TAG_DNS, n->text);
        }
    }
    der_wrap(b, TAG_SUBTREES);
    der_wrap(b, DER_SEQUENCE);
}

/* ecdsa-with-SHA256 as RFC 5758 §3.2 wants it, and as mbedTLS 2.28 writes it: with a NULL, which
 * browsers refuse. */
#define ALGORITHM      "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define ALGORITHM_NULL "\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00"

static int add_signature(buf *b, crm_str tbs, mbedtls_pk_context *key,
                         mbedtls_ctr_drbg_context *random)
{
    uint8_t hash[SHA256_SIZE];
    unsigned char text[1 + MBEDTLS_PK_SIGNATURE_MAX_SIZE] = {0}; /* no unused bits */
    size_t n = 0;
    crypto_sha256(tbs, hash);
#if MBEDTLS_VERSION_MAJOR >= 3
    int r = mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, hash, sizeof hash, text + 1, sizeof text - 1,
                            &n, mbedtls_ctr_drbg_random, random);
#else
    int r = mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, hash, sizeof hash, text + 1, &n,
                            mbedtls_ctr_drbg_random, random);
#endif
    der_add(b, 0x03, (crm_str){(const char *)text, n + 1});
    return r;
}

int der_resign(buf *b, crm_str der, mbedtls_pk_context *key, mbedtls_ctr_drbg_context *random)
{
    unsigned char *p = (unsigned char *)der.p, *end = p + der.n;
    size_t length;
    buf tbs;
    if (mbedtls_asn1_get_tag(&p, end, &length, DER_SEQUENCE) != 0 ||
        mbedtls_asn1_get_tag(&p, end, &length, DER_SEQUENCE) != 0) {
        return -1;
    }
    crm_str whole = {(const char *)p, length};
    const char *at = memmem(whole.p, whole.n, ALGORITHM_NULL, sizeof ALGORITHM_NULL - 1);
    buf_init(&tbs, SIGNED_MAX);
    if (at) {
        const char *rest = at + sizeof ALGORITHM_NULL - 1;
        buf_add(&tbs, whole.p, (size_t)(at - whole.p));
        buf_add(&tbs, ALGORITHM, sizeof ALGORITHM - 1);
        buf_add(&tbs, rest, whole.n - (size_t)(rest - whole.p));
    } else {
        buf_str(&tbs, whole);
    }
    der_wrap(&tbs, DER_SEQUENCE);
    buf_str(b, buf_view(&tbs));
    buf_add(b, ALGORITHM, sizeof ALGORITHM - 1);
    int r = add_signature(b, buf_view(&tbs), key, random);
    der_wrap(b, DER_SEQUENCE);
    r = tbs.failed || b->failed ? -1 : r;
    buf_free(&tbs);
    return r;
}
