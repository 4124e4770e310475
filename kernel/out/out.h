/*
 * out.h - speaking to the outside: SMTP now, HTTP and IMAP later (libcurl). Worker threads only.
 *
 * Never called inside a transaction. Addresses are resolved, checked and then connected to; bodies
 * and times are bounded; host names are verified.
 */
#ifndef OUT_OUT_H
#define OUT_OUT_H

#include "base/base.h"

typedef struct mail_server {
    crm_str url;             /* "smtps://mail.example:465", "smtp://…:587" (STARTTLS required unless loopback) */
    crm_str user, password;  /* may be empty */
    crm_str from;
    const char *ca_file;     /* NULL: the system's */
    long limit_ms;           /* of the whole transfer; 0: 60000 */
} mail_server;

typedef struct mail_message {
    crm_str to, subject, text; /* UTF-8; text/plain */
    crm_str message_id;      /* stable over retries, so a repeated mail is recognised */
    int64_t date;            /* ms UTC */
} mail_message;

typedef struct mail_result {
    int smtp_code;           /* 0: not reached */
    bool is_permanent;       /* 5xx: do not try again */
    crm_str error;           /* in the arena */
} mail_result;

/*
 * The process is going down. Transfers end within a second and later ones at once; but a message that
 * was handed over whole waits up to three seconds for its receipt, so that it is not sent twice. Any
 * thread.
 */
void out_cancel(void);
bool out_is_cancelled(void);
/* RFC 5322 text of the message: encoded subject, quoted-printable or base64 body, no header injection. */
CRM_MUST_CHECK crm_status mail_format(arena *a, const mail_server *s, const mail_message *m, crm_str *out);
CRM_MUST_CHECK crm_status mail_send(arena *a, const mail_server *s, const mail_message *m, mail_result *r);

#endif
