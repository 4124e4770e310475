/* cert.c - X.509 by mbedTLS 2.28 or 3.6; what it does not write well comes from cert_der. Blocking.
 */
#include "net/cert.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/str.h"
#include "net/cert_der.h"

#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#define PEM_MAX     16384
#define SERIAL_SIZE 16
#define DAY_SECONDS 86400

/* ---- The random generator of one call -------------------------------------------------------- */

typedef struct dice {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
} dice;

static void dice_fini(dice *d)
{
    mbedtls_ctr_drbg_free(&d->drbg);
    mbedtls_entropy_free(&d->entropy);
}

static int dice_init(dice *d)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    if (psa_crypto_init() != PSA_SUCCESS) {
        return -1;
    }
#endif
    mbedtls_entropy_init(&d->entropy);
    mbedtls_ctr_drbg_init(&d->drbg);
    int r = mbedtls_ctr_drbg_seed(&d->drbg, mbedtls_entropy_func, &d->entropy, NULL, 0);
    if (r != 0) {
        dice_fini(d);
    }
    return r;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int accept_extension(void *arg, const mbedtls_x509_crt *crt, const mbedtls_x509_buf *oid,
                            int critical, const unsigned char *p, const unsigned char *end)
{
    (void)arg, (void)crt, (void)oid, (void)critical, (void)p, (void)end;
    return 0; /* name constraints are for clients; here only the names and dates are read */
}

/* mbedTLS wants PEM with its 0 and refuses certificates with critical name constraints, our own
 * authority's among them, so the PEM is opened here. `crt` is initialised. */
static int read_cert(mbedtls_x509_crt *crt, crm_str pem)
{
    char *z = malloc(pem.n + 1);
    if (!z) {
        return -1;
    }
    memcpy(z, pem.p, pem.n);
    z[pem.n] = 0;
    size_t used;
    mbedtls_pem_context p;
    mbedtls_pem_init(&p);
    int r = mbedtls_pem_read_buffer(&p, "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----",
                                    (const unsigned char *)z, NULL, 0, &used);
#if MBEDTLS_VERSION_MAJOR >= 3
    size_t n = 0;
    const unsigned char *der = r ? NULL : mbedtls_pem_get_buffer(&p, &n);
#else
    size_t n = p.buflen;
    const unsigned char *der = p.buf;
#endif
    r = r ? r : mbedtls_x509_crt_parse_der_with_ext_cb(crt, der, n, 1, accept_extension, NULL);
    mbedtls_pem_free(&p);
    free(z);
    return r;
}

static int read_key(mbedtls_pk_context *key, crm_str pem, dice *d)
{
    unsigned char *z = malloc(pem.n + 1);
    if (!z) {
        return -1;
    }
    memcpy(z, pem.p, pem.n);
    z[pem.n] = 0;
#if MBEDTLS_VERSION_MAJOR >= 3
    int r = mbedtls_pk_parse_key(key, z, pem.n + 1, NULL, 0, mbedtls_ctr_drbg_random, &d->drbg);
#else
    (void)d;
    int r = mbedtls_pk_parse_key(key, z, pem.n + 1, NULL, 0);
#endif
    crypto_zero(z, pem.n);
    free(z);
    return r;
}

static int check_pair(mbedtls_pk_context *pub, mbedtls_pk_context *key, dice *d)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_check_pair(pub, key, mbedtls_ctr_drbg_random, &d->drbg);
#else
    (void)d;
    return mbedtls_pk_check_pair(pub, key);
#endif
}

crm_status cert_expires(crm_str pem, int64_t *ms)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int r = read_cert(&crt, pem);
    if (r == 0) {
        struct tm tm = {.tm_year = crt.valid_to.year - 1900,
                        .tm_mon = crt.valid_to.mon - 1,
                        .tm_mday = crt.valid_to.day,
                        .tm_hour = crt.valid_to.hour,
                        .tm_min = crt.valid_to.min,
                        .tm_sec = crt.valid_to.sec};
        *ms = (int64_t)timegm(&tm) * 1000;
    }
    mbedtls_x509_crt_free(&crt);
    return r == 0 ? CRM_OK : CRM_INVALID;
}

bool cert_has_names(crm_str pem, const cert_names *names)
{
    buf wanted;
    mbedtls_x509_crt crt;
    buf_init(&wanted, 65536);
    mbedtls_x509_crt_init(&crt);
    der_names(&wanted, names);
    bool has = read_cert(&crt, pem) == 0 && !wanted.failed &&
               memmem(crt.raw.p, crt.raw.len, wanted.p, wanted.n) != NULL;
    mbedtls_x509_crt_free(&crt);
    buf_free(&wanted);
    return has;
}

bool cert_matches_key(crm_str pem, crm_str key)
{
    dice d;
    mbedtls_x509_crt crt;
    mbedtls_pk_context pk;
    if (dice_init(&d) != 0) {
        return false;
    }
    mbedtls_x509_crt_init(&crt);
    mbedtls_pk_init(&pk);
    bool matches = read_cert(&crt, pem) == 0 && read_key(&pk, key, &d) == 0 &&
                   check_pair(&crt.pk, &pk, &d) == 0;
    mbedtls_pk_free(&pk);
    mbedtls_x509_crt_free(&crt);
    dice_fini(&d);
    return matches;
}

/* ---- Writing --------------------------------------------------------------------------------- */

crm_status cert_make_key(arena *a, crm_str *pem)
{
    dice d;
    mbedtls_pk_context key;
    unsigned char text[PEM_MAX] = {0};
    if (dice_init(&d) != 0) {
        return CRM_INTERNAL;
    }
    mbedtls_pk_init(&key);
    int r = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    r = r ? r
          : mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key),
                                mbedtls_ctr_drbg_random, &d.drbg);
    r = r ? r : mbedtls_pk_write_key_pem(&key, text, sizeof text);
    if (r == 0) {
        *pem = arena_dup(a, str_of((const char *)text));
    }
    crypto_zero(text, sizeof text);
    mbedtls_pk_free(&key);
    dice_fini(&d);
    return r != 0 ? CRM_INTERNAL : pem->p ? CRM_OK : CRM_NOMEM;
}

static void stamp(time_t t, char out[16])
{
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 16, "%Y%m%d%H%M%S", &tm);
}

/* Random and positive, as RFC 5280 §4.1.2.2 wants it. */
static int set_serial(mbedtls_x509write_cert *w)
{
    uint8_t serial[SERIAL_SIZE];
    crypto_random(serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_x509write_crt_set_serial_raw(w, serial, sizeof serial);
#else
    mbedtls_mpi n;
    mbedtls_mpi_init(&n);
    int r = mbedtls_mpi_read_binary(&n, serial, sizeof serial);
    r = r ? r : mbedtls_x509write_crt_set_serial(w, &n);
    mbedtls_mpi_free(&n);
    return r;
#endif
}

/* Valid since yesterday, because clients' clocks differ. */
static int set_dates(mbedtls_x509write_cert *w, int days)
{
    char from[16], to[16];
    time_t now = time(NULL);
    stamp(now - DAY_SECONDS, from);
    stamp(now + (time_t)(days - 1) * DAY_SECONDS, to);
    return mbedtls_x509write_crt_set_validity(w, from, to);
}

static int set_common(mbedtls_x509write_cert *w, bool is_ca, int days)
{
    mbedtls_x509write_crt_set_version(w, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(w, MBEDTLS_MD_SHA256);
    int r = set_serial(w);
    r = r ? r : set_dates(w, days);
    r = r ? r : mbedtls_x509write_crt_set_basic_constraints(w, is_ca, is_ca ? 0 : -1);
    r = r ? r : mbedtls_x509write_crt_set_subject_key_identifier(w);
    r = r ? r : mbedtls_x509write_crt_set_authority_key_identifier(w);
    return r ? r
             : mbedtls_x509write_crt_set_key_usage(w, is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN |
                                                                  MBEDTLS_X509_KU_CRL_SIGN
                                                            : MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
}

#define OID(text) text, sizeof(text) - 1

static int add_extension(mbedtls_x509write_cert *w, const char *oid, size_t n, const buf *value)
{
    if (value->failed) {
        return -1;
    }
    /* Of ours only the authority's name constraints are critical. */
    int critical = memcmp(oid, MBEDTLS_OID_NAME_CONSTRAINTS, n) == 0;
    return mbedtls_x509write_crt_set_extension(w, oid, n, critical, (const unsigned char *)value->p,
                                               value->n);
}

static crm_status write_pem(arena *a, mbedtls_x509write_cert *w, mbedtls_pk_context *issuer,
                            dice *d, crm_str *pem)
{
    unsigned char der[PEM_MAX], text[PEM_MAX] = {0};
    size_t used = 0;
    buf b;
    buf_init(&b, PEM_MAX);
    /* It is written at the end of the buffer. */
    int n = mbedtls_x509write_crt_der(w, der, sizeof der, mbedtls_ctr_drbg_random, &d->drbg);
    int r = n < 0 ? n
                  : der_resign(&b, (crm_str){(const char *)der + sizeof der - n, (size_t)n}, issuer,
                               &d->drbg);
    r = r ? r
          : mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                     (const unsigned char *)b.p, b.n, text, sizeof text, &used);
    buf_free(&b);
    if (r != 0) {
        return CRM_INTERNAL;
    }
    *pem = arena_dup(a, str_of((const char *)text));
    return pem->p ? CRM_OK : CRM_NOMEM;
}

/* A name of its own per authority, so that one that was replaced is not taken for it. */
static int name_authority(mbedtls_x509write_cert *w)
{
    uint32_t mark;
    char name[64];
    crypto_random(&mark, sizeof mark);
    snprintf(name, sizeof name, "O=Karkas,CN=Karkas local CA %08X", (unsigned)mark);
    int r = mbedtls_x509write_crt_set_subject_name(w, name);
    return r ? r : mbedtls_x509write_crt_set_issuer_name(w, name);
}

crm_status cert_make_authority(arena *a, crm_str key, const cert_names *extra, int days,
                               crm_str *pem)
{
    dice d;
    mbedtls_pk_context pk;
    mbedtls_x509write_cert w;
    buf limits;
    if (dice_init(&d) != 0) {
        return CRM_INTERNAL;
    }
    buf_init(&limits, 65536);
    mbedtls_pk_init(&pk);
    mbedtls_x509write_crt_init(&w);
    der_constraints(&limits, extra);
    int r = read_key(&pk, key, &d);
    mbedtls_x509write_crt_set_subject_key(&w, &pk);
    mbedtls_x509write_crt_set_issuer_key(&w, &pk);
    r = r ? r : name_authority(&w);
    r = r ? r : set_common(&w, true, days);
    r = r ? r : add_extension(&w, OID(MBEDTLS_OID_NAME_CONSTRAINTS), &limits);
    crm_status s = r ? CRM_INTERNAL : write_pem(a, &w, &pk, &d, pem);
    mbedtls_x509write_crt_free(&w);
    mbedtls_pk_free(&pk);
    buf_free(&limits);
    dice_fini(&d);
    return s;
}

static int add_server_extensions(mbedtls_x509write_cert *w, const cert_names *names)
{
    buf alt, usage;
    buf_init(&alt, 65536);
    buf_init(&usage, 1024);
    der_names(&alt, names);
    der_add(&usage, DER_OID, CRM_S(MBEDTLS_OID_SERVER_AUTH));
    der_wrap(&usage, DER_SEQUENCE);
    int r = add_extension(w, OID(MBEDTLS_OID_SUBJECT_ALT_NAME), &alt);
    r = r ? r : add_extension(w, OID(MBEDTLS_OID_EXTENDED_KEY_USAGE), &usage);
    buf_free(&alt);
    buf_free(&usage);
    return r;
}

/* The authority's subject in text, as the writer wants the issuer. */
static int set_issuer(mbedtls_x509write_cert *w, const mbedtls_x509_crt *ca)
{
    char name[256];
    int r = mbedtls_x509_dn_gets(name, sizeof name, &ca->subject);
    return r < 0 ? r : mbedtls_x509write_crt_set_issuer_name(w, name);
}

crm_status cert_make_server(arena *a, cert_pair authority, crm_str key, const cert_names *names,
                            int days, crm_str *pem)
{
    dice d;
    mbedtls_x509_crt ca;
    mbedtls_pk_context issuer, own;
    mbedtls_x509write_cert w;
    if (dice_init(&d) != 0) {
        return CRM_INTERNAL;
    }
    mbedtls_x509_crt_init(&ca);
    mbedtls_pk_init(&issuer);
    mbedtls_pk_init(&own);
    mbedtls_x509write_crt_init(&w);
    int r = read_cert(&ca, authority.cert);
    r = r ? r : read_key(&issuer, authority.key, &d);
    r = r ? r : check_pair(&ca.pk, &issuer, &d);
    bool is_mismatch = r != 0;
    r = r ? r : read_key(&own, key, &d);
    mbedtls_x509write_crt_set_subject_key(&w, &own);
    mbedtls_x509write_crt_set_issuer_key(&w, &issuer);
    r = r ? r : set_issuer(&w, &ca);
    r = r ? r : mbedtls_x509write_crt_set_subject_name(&w, "O=Karkas,CN=Karkas server");
    r = r ? r : set_common(&w, false, days);
    r = r ? r : add_server_extensions(&w, names);
    crm_status s = is_mismatch ? CRM_INVALID
                   : r         ? CRM_INTERNAL
                               : write_pem(a, &w, &issuer, &d, pem);
    mbedtls_x509write_crt_free(&w);
    mbedtls_pk_free(&own);
    mbedtls_pk_free(&issuer);
    mbedtls_x509_crt_free(&ca);
    dice_fini(&d);
    return s;
}
