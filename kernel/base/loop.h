/*
 * loop.h - posting work to a loop thread, and saying which thread one is on.
 *
 * Data passes between threads by mailbox or by immutable snapshot; nothing else of libuv may be
 * called from a foreign thread than uv_async_send, which stands here and nowhere else.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <assert.h>
#include <crm/crm.h>
#include <uv.h>

typedef void (*mail_fn)(void *arg);

/* A bounded-by-its-users, many-to-one mailbox of a uv loop. */
typedef struct mailbox mailbox;

/* On the loop's thread. NULL when memory is out. */
mailbox *mailbox_new(uv_loop_t *loop);
/* Any thread. Runs fn(arg) on the loop's thread, in the order of posting per poster. Never fails
 * silently: aborts when memory is out, since a lost completion would hang a client. */
void mailbox_post(mailbox *m, mail_fn fn, void *arg);
/* On the loop's thread, when no poster is left; mail not yet run is run first; memory goes in the
 * close callback. */
void mailbox_close(mailbox *m);
/* The loop turn's counter, for reads that keep one snapshot per turn. */
uint64_t mailbox_turn(const mailbox *m);

typedef enum thread_role {
    THREAD_NONE,
    THREAD_LOOP,
    THREAD_WRITER,
    THREAD_POOL,
    THREAD_CRYPTO,
    THREAD_WORKER,
    THREAD_SERVICE
} thread_role;
/* `name` is what ps shows; NULL leaves it: the main thread's name is the process's. */
void thread_set_role(thread_role role, const char *name);
thread_role thread_get_role(void);
/* Debug builds only: "this function runs on one thread". */
#ifndef NDEBUG
#define ASSERT_THREAD(role) assert(thread_get_role() == (role))
#else
#define ASSERT_THREAD(role) ((void)0)
#endif

#endif
