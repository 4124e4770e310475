/* first_login.h - the file with the one-time code that the first start makes. */
#ifndef FLOW_FIRST_LOGIN_H
#define FLOW_FIRST_LOGIN_H

#include "flow/flow.h"

#define FIRST_LOGIN_FILE "first-login.txt" /* in the data directory, 0600 */

/* Somebody has a password of his own: the file goes, soon. Any thread. */
void first_login_used(flow *f);

#endif
