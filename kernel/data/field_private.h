/* field_private.h - what the files that read values of fields share. */
#ifndef DATA_FIELD_PRIVATE_H
#define DATA_FIELD_PRIVATE_H

#include "data/field.h"

/* INVALID, with the code in `out`. */
crm_status field_refuse(field_result *out, const char *code);
/* One element of the text, which is not a JSON value: cleaned, judged and as it is stored; an empty one is
 * null. Of a list too, whose elements come apart. */
CRM_MUST_CHECK crm_status field_read_element(const field_source *s, const field *f, crm_str text,
                                             field_result *out);

#endif
