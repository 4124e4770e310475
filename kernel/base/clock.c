/*
 * clock.c - wall, virtual and monotonic time, and its text forms (RFC 3339, ISO 8601 dates).
 *
 * The virtual moment is one atomic word, so reading the clock is a load and, when real, a vDSO
 * call.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define DAY_MS ((int64_t)86400000)
/* The range of four-digit years, 0000-01-01 to 9999-12-31. */
#define FIRST_DAY (-719528)
#define LAST_DAY  2932896

static atomic_bool is_virtual;
static _Atomic int64_t virtual_ms;

int64_t clock_now(void)
{
    if (atomic_load_explicit(&is_virtual, memory_order_acquire)) {
        return atomic_load_explicit(&virtual_ms, memory_order_relaxed);
    }
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

thread_use clock_thread(void)
{
    struct timespec ts;
    struct rusage used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    getrusage(RUSAGE_THREAD, &used);
    return (thread_use){(int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec, used.ru_nvcsw};
}

bool clock_is_virtual(void)
{
    return atomic_load_explicit(&is_virtual, memory_order_acquire);
}

void clock_virtual(int64_t ms)
{
    atomic_store_explicit(&virtual_ms, ms, memory_order_relaxed);
    atomic_store_explicit(&is_virtual, true, memory_order_release);
}

void clock_set(int64_t ms)
{
    if (ms > atomic_load_explicit(&virtual_ms, memory_order_relaxed)) {
        atomic_store_explicit(&virtual_ms, ms, memory_order_relaxed);
    }
}

/* ---- the calendar ---------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a proleptic Gregorian date. Years start in March, so the leap day is the
 * last of its year; an era is 400 years (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

typedef struct date {
    int64_t year;
    int month, day;
} date;

static date date_of(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (date){
        .year = yoe + era * 400 + (month <= 2),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
    };
}

int64_t clock_first_day(int64_t days, int months)
{
    date d = date_of(days);
    return days_of(d.year, (d.month - 1) / months * months + 1, 1);
}

static int month_length(int64_t y, int m)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : lengths[m - 1];
}

/* ---- writing --------------------------------------------------------------------------------- */

static inline char *put(char *at, int64_t v, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return at + width;
}

/* Years beyond four digits have no RFC 3339 form: they are shown as the nearest day that has. */
static int64_t clamp_days(int64_t days)
{
    return days < FIRST_DAY ? FIRST_DAY : days > LAST_DAY ? LAST_DAY : days;
}

static void write_date(char *at, int64_t days)
{
    date d = date_of(clamp_days(days));
    at = put(at, d.year, 4);
    *at++ = '-';
    at = put(at, d.month, 2);
    *at++ = '-';
    put(at, d.day, 2);
}

/* The rows of a list are often of one day. */
static char *put_date(char *at, int64_t days)
{
    static _Thread_local struct {
        int64_t days;
        char text[10];
    } last = {.days = 0, .text = "1970-01-01"};
    if (days != last.days) {
        write_date(last.text, days);
        last.days = days;
    }
    memcpy(at, last.text, sizeof last.text);
    return at + sizeof last.text;
}

void clock_format(int64_t ms, char out[CLOCK_TEXT])
{
    bool is_before = ms % DAY_MS < 0; /* the days of the farthest moments times DAY_MS overflow */
    int64_t days = ms / DAY_MS - is_before;
    uint32_t rest = (uint32_t)(ms % DAY_MS + (is_before ? DAY_MS : 0));
    char *at = put_date(out, days);
    *at++ = 'T';
    at = put(at, rest / 3600000, 2);
    *at++ = ':';
    at = put(at, rest / 60000 % 60, 2);
    *at++ = ':';
    at = put(at, rest / 1000 % 60, 2);
    *at++ = '.';
    at = put(at, rest % 1000, 3);
    *at++ = 'Z';
    *at = 0;
}

void clock_format_date(int32_t days, char out[11])
{
    *put_date(out, days) = 0;
}

/* ---- reading: each function takes what it understood off the front of *s --------------------- */

static bool take_char(crm_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    s->p++;
    s->n--;
    return true;
}

static bool take_number(crm_str *s, size_t width, int *out)
{
    if (s->n < width) {
        return false;
    }
    int v = 0;
    for (size_t i = 0; i < width; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') {
            return false;
        }
        v = v * 10 + (s->p[i] - '0');
    }
    s->p += width;
    s->n -= width;
    *out = v;
    return true;
}

static bool take_date(crm_str *s, int64_t *days)
{
    int y, m, d;
    if (!take_number(s, 4, &y) || !take_char(s, '-') || !take_number(s, 2, &m) ||
        !take_char(s, '-') || !take_number(s, 2, &d)) {
        return false;
    }
    if (m < 1 || m > 12 || d < 1 || d > month_length(y, m)) {
        return false;
    }
    *days = days_of(y, m, d);
    return true;
}

/* Digits after the point; more than three are cut, because the product keeps milliseconds. */
static bool take_fraction(crm_str *s, int *ms)
{
    int digits = 0, digit = 0, unit = 100;
    *ms = 0;
    if (!take_char(s, '.')) {
        return true;
    }
    while (take_number(s, 1, &digit)) {
        *ms += digit * unit;
        unit /= 10;
        digits++;
    }
    return digits > 0;
}

/* "hh:mm[:ss[.fff]]". A leap second (60) is the last millisecond of its minute. */
static bool take_time(crm_str *s, int64_t *out)
{
    int hour, minute, second = 0, ms = 0;
    if (!take_number(s, 2, &hour) || !take_char(s, ':') || !take_number(s, 2, &minute) ||
        hour > 23 || minute > 59) {
        return false;
    }
    if (take_char(s, ':') &&
        (!take_number(s, 2, &second) || !take_fraction(s, &ms) || second > 60)) {
        return false;
    }
    if (second == 60) {
        second = 59;
        ms = 999;
    }
    *out = ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000 + ms;
    return true;
}

static bool take_offset(crm_str *s, int64_t *out)
{
    if (take_char(s, 'Z') || take_char(s, 'z')) {
        *out = 0;
        return true;
    }
    bool minus = take_char(s, '-');
    int hour, minute;
    if ((!minus && !take_char(s, '+')) || !take_number(s, 2, &hour) || !take_char(s, ':') ||
        !take_number(s, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *out = ((int64_t)hour * 60 + minute) * (minus ? -60000 : 60000);
    return true;
}

crm_status clock_parse(crm_str s, int64_t *ms)
{
    int64_t days, time, offset;
    if (!take_date(&s, &days) ||
        !(take_char(&s, 'T') || take_char(&s, 't') || take_char(&s, ' ')) ||
        !take_time(&s, &time) || !take_offset(&s, &offset) || s.n != 0) {
        return CRM_INVALID;
    }
    *ms = days * DAY_MS + time - offset;
    return CRM_OK;
}

crm_status clock_parse_date(crm_str s, int32_t *days)
{
    int64_t d;
    if (!take_date(&s, &d) || s.n != 0) {
        return CRM_INVALID;
    }
    *days = (int32_t)d;
    return CRM_OK;
}

static int64_t unit_ms(char c)
{
    switch (c) {
    case 's':
        return 1000;
    case 'm':
        return 60000;
    case 'h':
        return 3600000;
    case 'd':
        return DAY_MS;
    case 'w':
        return 7 * DAY_MS;
    default:
        return 0;
    }
}

/* "12h" off the front of *s, which has at least one character. */
static bool take_part(crm_str *s, int64_t *out)
{
    int64_t v = 0;
    int digit = 0, digits = 0;
    while (take_number(s, 1, &digit)) {
        if (++digits > 9) {
            return false;
        }
        v = v * 10 + digit;
    }
    int64_t unit = digits && s->n ? unit_ms(s->p[0]) : 0;
    if (!unit) {
        return false;
    }
    s->p++;
    s->n--;
    *out = v * unit; /* below 10^9 weeks: far inside 63 bits */
    return true;
}

crm_status clock_parse_duration(crm_str s, int64_t *ms)
{
    int64_t total = 0, part = 0;
    do {
        if (!take_part(&s, &part) || __builtin_add_overflow(total, part, &total)) {
            return CRM_INVALID;
        }
        while (s.n > 1 && s.p[0] == ' ') {
            take_char(&s, ' ');
        }
    } while (s.n);
    *ms = total;
    return CRM_OK;
}
