/* accounts_private.h - what the files of accounts share. */
#ifndef DATA_ACCOUNTS_PRIVATE_H
#define DATA_ACCOUNTS_PRIVATE_H

#include "data/accounts.h"

/* Whether many people have this password, or it is such a one with a few digits behind. `folded` is
 * in lower case. */
bool password_is_common(crm_str folded);

#endif
