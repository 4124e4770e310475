/* intake.h - what the files of the module share. */
#ifndef INTAKE_H
#define INTAKE_H

#include <crm/host.h>
#include <string.h>

static inline bool is_word(crm_str s, const char *word)
{
    return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

/* A field people do not see, which programs fill; no form of a site's own has one of that name. */
#define TRAP "karkas_website"
/* How long the form was shown before it was sent, ms: a script that draws it counts. */
#define TOOK "karkas_ms"

/* The setting of a form instance, or {NULL,0}. */
crm_str form_setting(crm_ctx *c, crm_str instance, const char *key);
/* Under which of our fields a form sends something: by the instance's `fields`, else by the names
 * forms use. {NULL,0}: nothing of ours. */
crm_str target_of(crm_ctx *c, crm_str fields, crm_str key);
/* Whether the instance's `fields` name it. */
bool is_declared(crm_ctx *c, crm_str fields, crm_str key);
/* guard.c: DENIED with the field that tells a robot, unless somebody has let the request go on. */
crm_status refuse_robot(crm_ctx *c, crm_str instance, crm_str fields);
/* consent.c: by what its wordings are told apart. */
crm_str consent_version(crm_ctx *c, crm_str text);
/* Whether the field is about the consent, not one of the record's. */
bool is_of_consent(crm_ctx *c, crm_str fields, crm_str key);
/* What the record keeps of it: whether it was given, the text as it was shown, its version; empty:
 * the form asks for none. {NULL,0} too when memory is out. */
crm_str consent_told(crm_ctx *c, crm_str instance, crm_str fields, bool *is_given);
/* tilda.c: gives to `take` the marks of the advertisement that stand in a cookie and not in the form. */
crm_status take_marks(crm_ctx *c, crm_status (*take)(void *arg, crm_str key, crm_str text),
                      void *arg);
/* GET /hook/<form>: what the form looks like (API, forms). */
crm_status describe_form(crm_ctx *c, crm_out *out);

#endif
