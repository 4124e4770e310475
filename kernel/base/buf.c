/* buf.c - the growable buffer. The JSON writer over it is in json_writer.c. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define DEFAULT_MAX ((size_t)16 * 1024 * 1024)
#define FIRST_CAP   ((size_t)256)

void buf_init(buf *b, size_t max)
{
    *b = (buf){.max = max ? max : DEFAULT_MAX};
}

void buf_free(buf *b)
{
    free(b->p);
    *b = (buf){.max = b->max};
}

void buf_clear(buf *b)
{
    b->n = 0;
    b->failed = false;
}

static bool grow(buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : b->max < FIRST_CAP ? b->max : FIRST_CAP;
    while (cap < need) {
        cap = cap > b->max / 2 ? b->max : cap * 2; /* need is at most max */
    }
    char *p = realloc(b->p, cap);
    if (!p) {
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_more(buf *b, size_t n)
{
    if (b->failed) {
        return NULL;
    }
    if (n > b->max - b->n || (b->n + n > b->cap && !grow(b, b->n + n)) || !b->p) {
        /* Room for nothing in an empty buffer has no address, which is not a failure. */
        b->failed = n > 0;
        return NULL;
    }
    return b->p + b->n;
}

void buf_int(buf *b, int64_t v)
{
    char digits[STR_I64_MAX];
    crm_str said = str_from_i64(v, digits);
    buf_add(b, said.p, said.n);
}

void buf_fmt(buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    /* One byte more than is kept, for vsnprintf's 0. */
    char *room = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
    if (room) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    } else {
        b->failed = true;
    }
    va_end(again);
}
