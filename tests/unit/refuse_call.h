/* refuse_call.h - what the system refuses a test: a call, room on the disk. */
#ifndef REFUSE_CALL_H
#define REFUSE_CALL_H

#include <sys/resource.h>

/* The calls of that number, SYS_linkat, give the error, EPERM, until the process ends: a child's. */
void refuse_call(int number, int error);
/* What `run` gives in a child of this process, 0 to 255. */
int in_child(int (*run)(void *arg), void *arg);
/* No file may grow beyond that; RLIM_INFINITY gives the room back. */
void set_room(rlim_t bytes);

#endif
