/*
 * mail_format.c - a message as text: RFC 5322 headers, RFC 2047 encoded words, base64 body (RFC
 * 2045). Nothing from outside can add a header: addresses with control characters are refused,
 * texts are encoded whole.
 */
#include <time.h>

#include "out/out.h"

#define WORD_BYTES                                                                               \
    42                /* of text in one encoded word: 56 base64 characters, below the 75 allowed \
                       */
#define LINE_BYTES 57 /* of body in one base64 line of 76 characters */

static bool is_address(crm_str s)
{
    ptrdiff_t at = str_find(s, '@');
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127 || s.p[i] == '<' || s.p[i] == '>') {
            return false;
        }
    }
    return at > 0 && (size_t)at + 1 < s.n && s.n <= 254;
}

static void base64(buf *b, crm_str s)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t left = (uint32_t)(s.n - i), v = (uint32_t)(uint8_t)s.p[i] << 16;
        v |= left > 1 ? (uint32_t)(uint8_t)s.p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)(uint8_t)s.p[i + 2] : 0;
        buf_char(b, set[v >> 18]);
        buf_char(b, set[v >> 12 & 63]);
        buf_char(b, left > 1 ? set[v >> 6 & 63] : '=');
        buf_char(b, left > 2 ? set[v & 63] : '=');
    }
}

/* Cuts at most `most` bytes off without splitting a character. */
static crm_str cut(crm_str *s, size_t most)
{
    size_t n = s->n < most ? s->n : most;
    while (n < s->n && n > 0 && ((unsigned char)s->p[n] & 0xC0) == 0x80) {
        n--;
    }
    crm_str head = {s->p, n};
    *s = (crm_str){s->p + n, s->n - n};
    return head;
}

static void encoded_header(buf *b, const char *name, crm_str text)
{
    buf_fmt(b, "%s:", name);
    do {
        buf_z(b, " =?UTF-8?B?");
        base64(b, cut(&text, WORD_BYTES));
        buf_z(b, "?=\r\n");
    } while (text.n);
}

static void date_header(buf *b, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    buf_fmt(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
            months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void body(buf *b, crm_str text)
{
    while (text.n) {
        crm_str line = {text.p, text.n < LINE_BYTES ? text.n : LINE_BYTES};
        base64(b, line);
        buf_z(b, "\r\n");
        text = (crm_str){text.p + line.n, text.n - line.n};
    }
}

static crm_str domain_of(crm_str address)
{
    ptrdiff_t at = str_find(address, '@');
    return (crm_str){address.p + at + 1, address.n - (size_t)at - 1};
}

static bool is_token(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] > 126 ||
            strchr("<>@()\"\\,;:", s.p[i])) {
            return false;
        }
    }
    return s.n > 0 && s.n < 200;
}

crm_status mail_format(arena *a, const mail_server *s, const mail_message *m, crm_str *out)
{
    buf b;
    if (!is_address(m->to) || !is_address(s->from) || !is_token(m->message_id)) {
        return CRM_INVALID;
    }
    buf_init(&b, 4 * 1024 * 1024);
    date_header(&b, m->date);
    buf_fmt(&b, "From: <%.*s>\r\nTo: <%.*s>\r\n", STR_FMT(s->from), STR_FMT(m->to));
    buf_fmt(&b, "Message-ID: <%.*s@%.*s>\r\n", STR_FMT(m->message_id), STR_FMT(domain_of(s->from)));
    encoded_header(&b, "Subject", m->subject);
    buf_z(&b, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    body(&b, m->text);
    *out = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return out->p ? CRM_OK : CRM_NOMEM;
}
