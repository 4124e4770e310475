/*
 * secrets.h - values that never stand in the ТЗ: `{"secret": "NAME"}` in a setting.
 *
 * NAME is a file of the service's credentials directory (systemd LoadCredential), or an environment
 * variable KARKAS_SECRET_<NAME>. Letters, digits, '_' and '-' only.
 */
#ifndef FLOW_SECRETS_H
#define FLOW_SECRETS_H

#include "base/base.h"

/* A secret reference or a plain string (then the text itself). NOT_FOUND names the secret in the log. */
CRM_MUST_CHECK crm_status secret_read(arena *a, const json_t *setting, crm_str *out);

/* Whether the service was given a secret of this name. */
bool secret_is_given(arena *a, crm_str name);

#endif
