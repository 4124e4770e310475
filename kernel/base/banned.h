/*
 * banned.h - calls that have safer forms. The build includes this file into every kernel and module
 * source before anything else, so their use is a compile error. The headers that declare them come
 * first, because a poisoned word may not even be declared afterwards.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* clang with _FORTIFY_SOURCE has these as macros, and warns when a macro is poisoned. */
#undef sprintf
#undef vsprintf

/* Unbounded or silently cutting copies: buf.h, arena_fmt, snprintf, memcpy. The headers of a library
 * may name one inside a macro: a source file that includes them is built with BANNED_SPARES_COPIES. */
#ifndef BANNED_SPARES_COPIES
#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#endif
/* Numbers without errors: str_to_i64, str_to_u64. Splitting with hidden state: str_split. */
#pragma GCC poison atoi atol atoll atof strtok
/* Time zones of the process and shared buffers: clock.h. */
#pragma GCC poison localtime localtime_r gmtime asctime asctime_r ctime ctime_r gettimeofday
/* Guessable numbers and names: crypto_random. */
#pragma GCC poison rand srand rand_r drand48 tmpnam tempnam mktemp
/* Not safe beside threads. */
#pragma GCC poison gethostbyname gethostbyaddr inet_ntoa

#endif
