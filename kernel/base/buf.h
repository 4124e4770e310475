/*
 * buf.h - a growable byte buffer and the JSON writer over it.
 *
 * Both have a sticky failure: after running out of memory or past `max` every call is a no-op and
 * `failed` stays true, so code that writes a reply checks once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <crm/crm.h>

#include <assert.h>
#include <string.h>

typedef struct buf {
    char *p; /* not 0-terminated; NULL while empty */
    size_t n, cap, max; /* n <= cap <= max */
    bool failed;
} buf;

void buf_init(buf *b, size_t max); /* max 0: 16 MiB */
void buf_free(buf *b);
void buf_clear(buf *b); /* keeps the memory */
void buf_int(buf *b, int64_t v);
CRM_PRINTF(2, 3) void buf_fmt(buf *b, const char *fmt, ...);
static inline crm_str buf_view(const buf *b) { return (crm_str){b->p, b->n}; }

/* The rare half of buf_room: gets memory or fails. */
char *buf_more(buf *b, size_t n);

/* Room for `n` more bytes at b->p + b->n, or NULL. The caller then adds to b->n itself. */
static inline char *buf_room(buf *b, size_t n)
{
    return n <= b->cap - b->n && b->p && !b->failed ? b->p + b->n : buf_more(b, n);
}

static inline void buf_add(buf *b, const void *p, size_t n)
{
    char *room = n ? buf_room(b, n) : NULL;
    assert(p || !n);
    if (room) {
        memcpy(room, p, n);
        b->n += n;
    }
}

static inline void buf_str(buf *b, crm_str s) { buf_add(b, s.p, s.n); }
static inline void buf_z(buf *b, const char *z) { buf_add(b, z, strlen(z)); }
static inline void buf_char(buf *b, char c) { buf_add(b, &c, 1); }

/* A quoted JSON string (RFC 8259 §7). Invalid UTF-8 becomes U+FFFD, so the text stays valid. */
void buf_json(buf *b, crm_str s);

/* Writes one JSON document; commas and nesting (at most 32 deep) are its business. */
typedef struct json_writer {
    buf *b;
    uint32_t depth;
    uint32_t has_item; /* bit per level */
    bool after_key;
} json_writer;

void jw_init(json_writer *w, buf *b);
void jw_object(json_writer *w);
void jw_array(json_writer *w);
void jw_end_object(json_writer *w);
void jw_end_array(json_writer *w);
void jw_key(json_writer *w, crm_str key);
/* A key in which nothing needs escaping, so that nobody looks: literals, names of a registry. */
void jw_name(json_writer *w, crm_str name);
/* A name that is ready as it stands behind another member: `,"name":`. */
#define JSON_MEMBER_MAX 71
typedef struct json_member {
    char text[JSON_MEMBER_MAX];
    uint8_t n;
} json_member;
#define JSON_MEMBER(name) {",\"" name "\":", sizeof(name) + 3}
/* Not for the first member of an object. */
static inline void jw_member(json_writer *w, const json_member *m)
{
    char *to = buf_room(w->b, JSON_MEMBER_MAX);
    if (to) {
        memcpy(to, m->text, 32); /* a copy of a size that is known costs less, and is mostly enough */
        if (m->n > 32) {
            memcpy(to + 32, m->text + 32, JSON_MEMBER_MAX - 32);
        }
        w->b->n += m->n;
    }
    w->after_key = true;
}
void jw_str(json_writer *w, crm_str s);
void jw_int(json_writer *w, int64_t v);
void jw_bool(json_writer *w, bool v);
void jw_null(json_writer *w);
/* A value that is JSON already. */
void jw_raw(json_writer *w, crm_str json);
/* jw_name + value in one call */
void jw_kstr(json_writer *w, const char *key, crm_str s);
void jw_kint(json_writer *w, const char *key, int64_t v);
void jw_kbool(json_writer *w, const char *key, bool v);
void jw_kobject(json_writer *w, const char *key);
void jw_karray(json_writer *w, const char *key);

#endif
