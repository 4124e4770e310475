/* log.c - one escaped line per event to standard error, or to a test's sink. Any thread. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

#define LINE_MAX_BYTES 4096
#define QUOTE_MAX      512
#define QUOTES         8

static _Atomic int least_level = LOG_INFO;

/* Guards the sink and keeps lines whole. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink_fn)(const char *line, void *arg);
static void *sink_arg;

void log_set_level(log_level least)
{
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

void log_capture(void (*sink)(const char *line, void *arg), void *arg)
{
    pthread_mutex_lock(&lock);
    sink_fn = sink;
    sink_arg = arg;
    pthread_mutex_unlock(&lock);
}

static void write_stderr(const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno != EINTR) {
            return; /* there is nowhere left to say so */
        }
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
}

/* Only log_quote's values may come from outside; this is for those that forgot it. */
static void flatten(char *line)
{
    for (char *p = line; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F) {
            *p = '?';
        }
    }
}

static void emit(char *line)
{
    int saved = errno;
    flatten(line);
    pthread_mutex_lock(&lock);
    if (sink_fn) {
        sink_fn(line, sink_arg);
    } else {
        size_t n = strlen(line);
        line[n] = '\n';
        write_stderr(line, n + 1);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
}

void log_event(log_level level, const char *event, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed)) {
        return;
    }
    char line[LINE_MAX_BYTES + 1]; /* one more for the line's end */
    char now[CLOCK_TEXT];
    clock_format(clock_now(), now);
    int n = snprintf(line, LINE_MAX_BYTES, "ts=%s level=%s event=%s", now, names[level & 3], event);
    if (n < 0 || n >= LINE_MAX_BYTES - 1) {
        return;
    }
    size_t head = (size_t)n;
    if (fmt[0]) {
        va_list args;
        va_start(args, fmt);
        line[head] = ' ';
        /* What is too long is cut: a log line is not the place to keep data. */
        vsnprintf(line + head + 1, LINE_MAX_BYTES - head - 1, fmt, args);
        va_end(args);
    }
    emit(line);
}

/* ---- values ---------------------------------------------------------------------------------- */

static _Thread_local char quotes[QUOTES][QUOTE_MAX];
static _Thread_local unsigned next_quote;

/* How the front of `s` is shown: its bytes, or an escape. Sets *taken; gives the length in `to`. */
static size_t show(crm_str s, char to[8], size_t *taken)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t len = text_sequence(s);
    bool is_control = len && (c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)s.p[1] < 0xA0));
    *taken = len ? len : 1;
    if (c == '"' || c == '\\') {
        return (size_t)snprintf(to, 8, "\\%c", c);
    }
    if (c == '\n') {
        return (size_t)snprintf(to, 8, "\\n");
    }
    if (!len || is_control) {
        *taken = 1; /* byte by byte, so that nothing is lost */
        return (size_t)snprintf(to, 8, "\\x%02x", c);
    }
    memcpy(to, s.p, len);
    return len;
}

const char *log_quote(crm_str s)
{
    char *out = quotes[next_quote++ % QUOTES];
    size_t n = 0;
    out[n++] = '"';
    while (s.n) {
        char piece[8];
        size_t taken, len = show(s, piece, &taken);
        if (n + len > QUOTE_MAX - 5) {
            memcpy(out + n, "...", 3);
            n += 3;
            break;
        }
        memcpy(out + n, piece, len);
        n += len;
        s.p += taken;
        s.n -= taken;
    }
    out[n++] = '"';
    out[n] = 0;
    return out;
}

/* Back from `n` to where a character begins, so that no half of one is shown. */
static size_t boundary(crm_str s, size_t n)
{
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return n;
}

const char *log_mask(crm_str s)
{
    char masked[QUOTE_MAX];
    ptrdiff_t domain = str_find(s, '@');
    size_t head = 0, tail = 0;
    if (domain >= 0) {
        head = boundary(s, domain < 4 ? 1 : 2);
        tail = s.n - (size_t)domain;
    } else if (s.n >= 8) {
        head = boundary(s, s.n * 5 / 12 < 5 ? s.n * 5 / 12 : 5);
        size_t from = s.n - (s.n / 3 < 4 ? s.n / 3 : 4);
        tail = s.n - boundary(s, from);
    }
    if (domain == 0) {
        head = 0;
    }
    tail = tail > 200 ? 200 : tail;
    int n = snprintf(masked, sizeof masked, "%.*s***%.*s", (int)head, s.n ? s.p : "", (int)tail,
                     s.n ? s.p + (s.n - tail) : "");
    return log_quote((crm_str){masked, n > 0 ? (size_t)n : 0});
}
