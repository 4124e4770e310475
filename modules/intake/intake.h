/* intake.h - what the files of the module share. */
#ifndef INTAKE_H
#define INTAKE_H

#include <crm/host.h>
#include <string.h>

static inline bool is_word(crm_str s, const char *word)
{
    return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

/* The setting of a form instance, or {NULL,0}. */
crm_str form_setting(crm_ctx *c, crm_str instance, const char *key);
/* Under which of our fields a form sends something: by the instance's `fields`, else by the names
 * forms use. {NULL,0}: nothing of ours. */
crm_str target_of(crm_ctx *c, crm_str fields, crm_str key);
/* Whether the instance's `fields` name it. */
bool is_declared(crm_ctx *c, crm_str fields, crm_str key);
/* GET /hook/<form>: what the form looks like (API, forms). */
crm_status describe_form(crm_ctx *c, crm_out *out);

#endif
