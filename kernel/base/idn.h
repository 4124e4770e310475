/*
 * idn.h - national names of domains (RFC 5890, 5891; Unicode TS #46). One domain has two spellings:
 * letters, as people write it, and Punycode ("xn--…"), as the network knows it. Any thread.
 */
#ifndef BASE_IDN_H
#define BASE_IDN_H

#include "base/arena.h"

/*
 * The one spelling that is stored: letters, in lower case. What is no such name comes back as it was,
 * in lower case. In the arena. NOMEM; INVALID when it is no UTF-8.
 */
CRM_MUST_CHECK crm_status idn_letters(arena *a, crm_str domain, crm_str *out);
/* As the network knows it; what is no such name comes back as it was. NOMEM. */
CRM_MUST_CHECK crm_status idn_ascii(arena *a, crm_str domain, crm_str *out);

#endif
