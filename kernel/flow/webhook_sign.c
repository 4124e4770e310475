/*
 * webhook_sign.c - secrets and signatures of webhooks (Standard Webhooks, symmetric v1).
 *
 * A secret that the server makes is HMAC(server's key, salt): the salt stands in the database, the
 * key in a file beside it or in the service's credentials, so that a copy of the database signs
 * nothing.
 */
#include <pthread.h>
#include <stdio.h>

#include "data/backup.h"
#include "flow/secrets.h"
#include "flow/webhook_private.h"

#define KEY_NAME  "WEBHOOK_KEY"
#define KEY_BYTES 32
#define PREFIX    CRM_S("whsec_")

/* ---- base64 ---------------------------------------------------------------------------------- */

static crm_str to_base64(arena *a, const void *p, size_t n)
{
    crm_str url = crypto_base64url(a, p, n);
    size_t whole = (url.n + 3) / 4 * 4;
    char *out = arena_alloc(a, whole + 1);
    for (size_t i = 0; out && i < whole; i++) {
        char ch = i < url.n ? url.p[i] : '=';
        out[i] = ch == '-' ? '+' : ch == '_' ? '/' : ch;
    }
    return (crm_str){out, out ? whole : 0};
}

static crm_status from_base64(arena *a, crm_str text, crm_str *out)
{
    while (text.n && text.p[text.n - 1] == '=') {
        text.n--;
    }
    char *url = arena_alloc(a, text.n + 1);
    for (size_t i = 0; url && i < text.n; i++) {
        url[i] = text.p[i] == '+' ? '-' : text.p[i] == '/' ? '_' : text.p[i];
    }
    return url ? crypto_unbase64url(a, (crm_str){url, text.n}, out) : CRM_NOMEM;
}

/* ---- the server's key ------------------------------------------------------------------------ */

static pthread_mutex_t key_lock = PTHREAD_MUTEX_INITIALIZER;

/* The key file, made when it is first needed. Lock held. */
static crm_status read_file(arena *a, crm_str *out)
{
    const char *dir = flow_running()->o.data_dir;
    crm_str path = dir ? arena_fmt(a, "%s/%s", dir, BACKUP_KEY_FILE) : (crm_str){0};
    if (!path.p) {
        return CRM_UNAVAILABLE;
    }
    crm_status s = fs_read(a, path.p, BACKUP_KEY_MAX, out);
    if (s == CRM_NOT_FOUND) {
        *out = crypto_token(a, KEY_BYTES);
        s = out->n ? fs_write(path.p, *out, 0600) : CRM_NOMEM;
    }
    *out = str_trim(*out);
    return s == CRM_OK && out->n < KEY_BYTES ? CRM_INVALID : s;
}

static crm_status server_key(arena *a, crm_str *out)
{
    if (secret_is_given(a, CRM_S(KEY_NAME))) {
        json_t *name = json_pack("{s:s}", "secret", KEY_NAME);
        crm_status s = name ? secret_read(a, name, out) : CRM_NOMEM;
        json_decref(name);
        return s;
    }
    pthread_mutex_lock(&key_lock);
    crm_status s = read_file(a, out);
    pthread_mutex_unlock(&key_lock);
    return s;
}

/* ---- a subscription's ------------------------------------------------------------------------ */

static crm_status derived(arena *a, crm_str salt, crm_str *out)
{
    crm_str key;
    uint8_t *mac = arena_alloc(a, SHA256_SIZE);
    crm_status s = mac ? server_key(a, &key) : CRM_NOMEM;
    crm_str text = arena_fmt(a, "webhook %.*s", STR_FMT(salt));
    if (s != CRM_OK || !text.n) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    crypto_hmac_sha256(key, text, mac);
    *out = (crm_str){(const char *)mac, SHA256_SIZE};
    return CRM_OK;
}

crm_status webhook_key(arena *a, crm_str secret, crm_str *out)
{
    json_t *json;
    crm_str text;
    crm_status s = json_read(secret, 0, &json, NULL);
    if (s != CRM_OK) {
        return s;
    }
    crm_str salt = json_text(json, "salt");
    if (salt.n) {
        s = derived(a, salt, out);
    } else {
        s = secret_read(a, json, &text);
        if (s == CRM_OK && str_starts(text, PREFIX)) {
            s = from_base64(a, (crm_str){text.p + PREFIX.n, text.n - PREFIX.n}, out);
        } else if (s == CRM_OK) {
            *out = text;
        }
    }
    json_decref(json);
    return s;
}

crm_str webhook_key_text(arena *a, crm_str key)
{
    crm_str text = to_base64(a, key.p, key.n);
    return arena_fmt(a, "whsec_%.*s", STR_FMT(text));
}

crm_str webhook_signature(arena *a, crm_str key, crm_str id, int64_t seconds, crm_str body)
{
    uint8_t mac[SHA256_SIZE];
    crm_str head = arena_fmt(a, "%.*s.%lld.", STR_FMT(id), (long long)seconds);
    char *all = arena_alloc(a, head.n + body.n + 1);
    if (!all || !head.n) {
        return (crm_str){0};
    }
    memcpy(all, head.p, head.n);
    memcpy(all + head.n, body.p, body.n);
    crypto_hmac_sha256(key, (crm_str){all, head.n + body.n}, mac);
    crm_str text = to_base64(a, mac, sizeof mac);
    return arena_fmt(a, "v1,%.*s", STR_FMT(text));
}

crm_str webhook_new_salt(arena *a)
{
    crm_str random = crypto_token(a, 16);
    return arena_fmt(a, "{\"salt\":\"%.*s\"}", STR_FMT(random));
}
