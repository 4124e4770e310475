/* vcard_write.c - cards of version 4.0 (RFC 6350). */
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "base/vcard.h"

#define FOLD 75 /* octets of a line */

void vcard_begin(buf *out)
{
    buf_z(out, "BEGIN:VCARD\r\nVERSION:4.0\r\n");
}

void vcard_end(buf *out)
{
    buf_z(out, "END:VCARD\r\n");
}

/* A line break is an escape of its own; CR has no place in a text. */
static void escape(buf *line, crm_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\n') {
            buf_z(line, "\\n");
        } else if (c != '\r') {
            if (c == '\\' || c == ',' || c == ';') {
                buf_char(line, '\\');
            }
            buf_char(line, c);
        }
    }
}

/* A fold never stands inside a character. */
static void fold(buf *out, crm_str line)
{
    size_t room = FOLD;
    while (line.n) {
        size_t n = line.n < room ? line.n : room;
        while (n < line.n && n > 1 && ((unsigned char)line.p[n] & 0xC0) == 0x80) {
            n--;
        }
        buf_add(out, line.p, n);
        buf_z(out, n < line.n ? "\r\n " : "\r\n");
        line = (crm_str){line.p + n, line.n - n};
        room = FOLD - 1;
    }
}

void vcard_put(buf *out, const char *name, const char *params, crm_str text)
{
    buf line;
    if (!text.n) {
        return;
    }
    buf_init(&line, 0);
    buf_fmt(&line, "%s%s:", name, params);
    escape(&line, text);
    fold(out, buf_view(&line));
    buf_free(&line);
}

void vcard_put_uri(buf *out, const char *name, crm_str uri)
{
    buf line;
    buf_init(&line, 0);
    buf_fmt(&line, "%s;VALUE=uri:%.*s", name, STR_FMT(uri));
    fold(out, buf_view(&line));
    buf_free(&line);
}

void vcard_put_parts(buf *out, const char *name, const crm_str *parts, size_t count)
{
    buf line;
    buf_init(&line, 0);
    buf_fmt(&line, "%s:", name);
    for (size_t i = 0; i < count; i++) {
        buf_z(&line, i ? ";" : "");
        escape(&line, parts[i]);
    }
    fold(out, buf_view(&line));
    buf_free(&line);
}
