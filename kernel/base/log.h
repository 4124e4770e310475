/*
 * log.h - one line per event, key=value, UTC, to standard error.
 *
 * An error is logged once, where it is handled. Values are escaped (control characters, quotes), so
 * a line cannot be forged. Passwords, tokens, cookies and bodies never go here; phones and e-mail
 * addresses go through log_mask. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <crm/crm.h>

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } log_level;

void log_set_level(log_level least);
/* Usage: log_event(LOG_WARN, "mail.retry", "id=%lld wait_s=%d", id, wait). `event` is the field's
 * word. The format may be "". */
CRM_PRINTF(3, 4) void log_event(log_level level, const char *event, const char *fmt, ...);
/* A quoted, escaped value for use with %s, valid until the thread's eighth next call. */
const char *log_quote(crm_str s);
/* The same with the middle of a phone or an address hidden: "+7916***4567". */
const char *log_mask(crm_str s);
/* Tests: lines go to `sink` instead. NULL restores standard error. */
void log_capture(void (*sink)(const char *line, void *arg), void *arg);

#endif
