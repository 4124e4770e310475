/* gzip.h - what the end of a gzip file says of its original (RFC 1952 §2.3.1). Any thread. */
#ifndef NET_GZIP_H
#define NET_GZIP_H

#include <crm/crm.h>

/* Whether `gz` says of itself that it holds the bytes of `whole`: by their length and CRC-32.
 * Nothing is unpacked. */
bool gzip_is_of(crm_str gz, crm_str whole);

#endif
