/*
 * banned.h - calls that have safer forms. The build includes this file into every kernel and module
 * source after the system's headers have been seen, so their use is a compile error.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atoll localtime gmtime asctime ctime

#endif
