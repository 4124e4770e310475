/*
 * tls.c - TLS by mbedTLS 2.28 or 3.6, from memory to memory. Loop thread of its context.
 *
 * A certificate with its configuration is a generation: sessions keep the one they began with.
 */
#include "net/tls.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/log.h"

#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#define TICKET_SECONDS 86400

typedef struct generation {
    uint32_t refs;
    mbedtls_ssl_config config;
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
} generation;

struct tls_context {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_ticket_context tickets;
    generation *now;
};

struct tls_session {
    mbedtls_ssl_context ssl;
    generation *g;
    const char *in; /* borrowed from tls_feed */
    size_t in_n;
    buf out;
    bool is_ready, is_dead;
};

/* AEAD with ECDHE only. Without special instructions ChaCha20 is the fastest here. */
static const int suites[] = {
#if MBEDTLS_VERSION_MAJOR >= 3
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};

/* The cheap ones: left alone, some clients take secp521r1, which costs twice as much. */
#if MBEDTLS_VERSION_MAJOR >= 3
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};
#else
static const mbedtls_ecp_group_id groups[] = {
    MBEDTLS_ECP_DP_CURVE25519,
    MBEDTLS_ECP_DP_SECP256R1,
    MBEDTLS_ECP_DP_NONE,
};
#endif

/* ---- Certificates ---------------------------------------------------------------------------- */

static void drop_generation(generation *g)
{
    if (!g || --g->refs > 0) {
        return;
    }
    mbedtls_ssl_config_free(&g->config);
    mbedtls_x509_crt_free(&g->cert);
    mbedtls_pk_free(&g->key);
    free(g);
}

/* mbedTLS wants PEM with its 0, and to be told a length that counts it. */
static unsigned char *with_zero(crm_str s)
{
    unsigned char *p = malloc(s.n + 1);
    if (p) {
        memcpy(p, s.p, s.n);
        p[s.n] = 0;
    }
    return p;
}

static int parse_key(tls_context *t, generation *g, crm_str key)
{
    unsigned char *pem = with_zero(key);
    if (!pem) {
        return -1;
    }
#if MBEDTLS_VERSION_MAJOR >= 3
    int r =
        mbedtls_pk_parse_key(&g->key, pem, key.n + 1, NULL, 0, mbedtls_ctr_drbg_random, &t->random);
    r = r ? r : mbedtls_pk_check_pair(&g->cert.pk, &g->key, mbedtls_ctr_drbg_random, &t->random);
#else
    (void)t;
    int r = mbedtls_pk_parse_key(&g->key, pem, key.n + 1, NULL, 0);
    r = r ? r : mbedtls_pk_check_pair(&g->cert.pk, &g->key);
#endif
    crypto_zero(pem, key.n);
    free(pem);
    return r;
}

static int parse_cert(generation *g, crm_str cert)
{
    unsigned char *pem = with_zero(cert);
    int r = pem ? mbedtls_x509_crt_parse(&g->cert, pem, cert.n + 1) : -1;
    free(pem);
    return r;
}

static void set_versions(mbedtls_ssl_config *c)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    mbedtls_ssl_conf_min_tls_version(c, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(c, groups);
#else
    mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(c, groups);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(c, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
}

static int configure(tls_context *t, generation *g)
{
    static const char *protocols[] = {"http/1.1", NULL};
    mbedtls_ssl_config *c = &g->config;
    int r = mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                        MBEDTLS_SSL_PRESET_DEFAULT);
    if (r != 0) {
        return r;
    }
    mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &t->random);
    set_versions(c);
    mbedtls_ssl_conf_ciphersuites(c, suites);
    mbedtls_ssl_conf_session_tickets_cb(c, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &t->tickets);
    r = mbedtls_ssl_conf_alpn_protocols(c, protocols);
    return r ? r : mbedtls_ssl_conf_own_cert(c, &g->cert, &g->key);
}

static crm_status make_generation(tls_context *t, crm_str cert, crm_str key, generation **out)
{
    generation *g = calloc(1, sizeof *g);
    if (!g) {
        return CRM_NOMEM;
    }
    g->refs = 1;
    mbedtls_ssl_config_init(&g->config);
    mbedtls_x509_crt_init(&g->cert);
    mbedtls_pk_init(&g->key);
    int r = parse_cert(g, cert);
    r = r ? r : parse_key(t, g, key);
    r = r ? r : configure(t, g);
    if (r != 0) {
        log_event(LOG_ERROR, "tls.certificate", "error=%d", r);
        drop_generation(g);
        return CRM_INVALID;
    }
    *out = g;
    return CRM_OK;
}

/* ---- Contexts -------------------------------------------------------------------------------- */

static crm_status seed(tls_context *t)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    if (psa_crypto_init() != PSA_SUCCESS) {
        return CRM_INTERNAL;
    }
#endif
    int r = mbedtls_ctr_drbg_seed(&t->random, mbedtls_entropy_func, &t->entropy, NULL, 0);
    r = r ? r
          : mbedtls_ssl_ticket_setup(&t->tickets, mbedtls_ctr_drbg_random, &t->random,
                                     MBEDTLS_CIPHER_AES_256_GCM, TICKET_SECONDS);
    return r ? CRM_INTERNAL : CRM_OK;
}

crm_status tls_context_new(crm_str cert, crm_str key, tls_context **out)
{
    tls_context *t = calloc(1, sizeof *t);
    if (!t) {
        return CRM_NOMEM;
    }
    mbedtls_entropy_init(&t->entropy);
    mbedtls_ctr_drbg_init(&t->random);
    mbedtls_ssl_ticket_init(&t->tickets);
    crm_status s = seed(t);
    if (s == CRM_OK) {
        s = make_generation(t, cert, key, &t->now);
    }
    if (s != CRM_OK) {
        tls_context_free(t);
        return s;
    }
    *out = t;
    return CRM_OK;
}

crm_status tls_context_reload(tls_context *t, crm_str cert, crm_str key)
{
    generation *g;
    crm_status s = make_generation(t, cert, key, &g);
    if (s == CRM_OK) {
        drop_generation(t->now);
        t->now = g;
    }
    return s;
}

void tls_context_free(tls_context *t)
{
    if (t) {
        drop_generation(t->now);
        mbedtls_ssl_ticket_free(&t->tickets);
        mbedtls_ctr_drbg_free(&t->random);
        mbedtls_entropy_free(&t->entropy);
        free(t);
    }
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static int on_send(void *arg, const unsigned char *p, size_t n)
{
    tls_session *s = arg;
    buf_add(&s->out, p, n);
    return s->out.failed ? MBEDTLS_ERR_SSL_ALLOC_FAILED : (int)n;
}

static int on_receive(void *arg, unsigned char *p, size_t n)
{
    tls_session *s = arg;
    if (s->in_n == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    n = n < s->in_n ? n : s->in_n;
    memcpy(p, s->in, n);
    s->in += n;
    s->in_n -= n;
    return (int)n;
}

tls_session *tls_session_new(tls_context *t)
{
    tls_session *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    mbedtls_ssl_init(&s->ssl);
    buf_init(&s->out, SIZE_MAX / 2);
    s->g = t->now;
    s->g->refs++;
    if (mbedtls_ssl_setup(&s->ssl, &s->g->config) != 0) {
        tls_session_free(s);
        return NULL;
    }
    mbedtls_ssl_set_bio(&s->ssl, s, on_send, on_receive, NULL);
    return s;
}

void tls_session_free(tls_session *s)
{
    if (s) {
        mbedtls_ssl_free(&s->ssl);
        drop_generation(s->g);
        buf_free(&s->out);
        free(s);
    }
}

void tls_feed(tls_session *s, const char *p, size_t n)
{
    s->in = p;
    s->in_n = n;
}

static tls_result result_of(tls_session *s, int r)
{
    if (r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return TLS_WANT;
    }
    if (r == 0 || r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return TLS_CLOSED;
    }
    s->is_dead = true;
    return TLS_FAILED;
}

tls_result tls_read(tls_session *s, char *out, size_t size, size_t *n)
{
    *n = 0;
    if (s->is_dead) {
        return TLS_FAILED;
    }
    if (!s->is_ready) {
        int r = mbedtls_ssl_handshake(&s->ssl);
        if (r != 0) {
            return result_of(s, r);
        }
        s->is_ready = true;
    }
    int r = mbedtls_ssl_read(&s->ssl, (unsigned char *)out, size);
    if (r > 0) {
        *n = (size_t)r;
        return TLS_OK;
    }
    return result_of(s, r);
}

tls_result tls_write(tls_session *s, const char *p, size_t n)
{
    while (n > 0 && !s->is_dead) {
        int r = mbedtls_ssl_write(&s->ssl, (const unsigned char *)p, n);
        if (r <= 0) {
            s->is_dead = true;
            break;
        }
        p += r;
        n -= (size_t)r;
    }
    return s->is_dead ? TLS_FAILED : TLS_OK;
}

void tls_shutdown(tls_session *s)
{
    if (s->is_ready && !s->is_dead) {
        mbedtls_ssl_close_notify(&s->ssl);
    }
}

buf *tls_output(tls_session *s)
{
    return &s->out;
}

bool tls_is_ready(const tls_session *s)
{
    return s->is_ready;
}

const char *tls_version(void)
{
    return "mbedTLS " MBEDTLS_VERSION_STRING;
}
