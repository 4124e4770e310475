/*
 * webhook_rev.c - the revision of a subscription: a hash of what people decide about it, so that it
 * does not change when it fails, pauses or is sent. Any thread.
 */
#include "net/webhook_private.h"

#include "data/stores.h"

#define REV_BYTES 8

/* Each part with its length before it, so that two never read as one. */
static void put_part(buf *b, value v)
{
    crm_str text = v.kind == VALUE_TEXT ? v.s : (crm_str){0};
    buf_fmt(b, "%d %zu ", (int)v.kind, text.n);
    buf_str(b, text);
    buf_char(b, ' ');
    if (v.kind == VALUE_INT) {
        buf_fmt(b, "%lld ", (long long)v.i);
    }
}

crm_str webhook_rev(arena *a, const value *row)
{
    static const uint16_t decided[] = {WEBHOOK_NAME,    WEBHOOK_TITLE,      WEBHOOK_URL,
                                       WEBHOOK_USER,    WEBHOOK_OWNER,      WEBHOOK_ENTITY,
                                       WEBHOOK_OPS,     WEBHOOK_FIELDS,     WEBHOOK_WHERE,
                                       WEBHOOK_IS_EACH, WEBHOOK_PARALLEL_OF};
    uint8_t digest[SHA256_SIZE];
    buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
        put_part(&b, row[decided[i]]);
    }
    crypto_sha256(buf_view(&b), digest);
    buf_free(&b);
    return crypto_hex(a, digest, REV_BYTES);
}
