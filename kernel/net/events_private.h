/*
 * events_private.h - a browser's stream of events, shared by the files of its folder that serve it:
 * events_api.c opens, keeps and ends streams, events_fan.c takes changes and words to all,
 * events_resume.c lets one catch up, events_text.c says what a user may know. Loop thread.
 */
#ifndef NET_EVENTS_PRIVATE_H
#define NET_EVENTS_PRIVATE_H

#include "data/positions.h"
#include "net/api_private.h"

typedef struct stream {
    http_request *http;
    stream_list *list;
    session_info session;
    crm_str token;    /* to ask again whether the session stands */
    uint64_t epoch;   /* of sessions, when the session was last found */
    int64_t position; /* the last one sent */
    bool is_catching_up, missed, closed;
    bool is_asking, is_reading; /* a session look-up, a pool task refers to it */
    bool is_held;               /* a function below on the stack does */
    uint32_t resumed;
    /* a catch-up read */
    arena *arena;
    change_page page;
    crm_status status;
    const registry *reg;
    pool_task task;
    /* a session look-up */
    arena *ask_arena;
    const registry *ask_reg;
    session_info asked;
    uint64_t asked_epoch;
    struct stream *next, **at; /* in the list; what points to it */
} stream;

/* What the windows of one person were told last, for the next of them in the same turn: the same bytes.
 * It outlives no turn, so nobody is told by rights that he had a while ago. */
typedef struct told_last {
    const change *at; /* of a batch; NULL: nothing yet */
    int64_t user;
    http_chunk *chunk; /* NULL: he may know nothing of it */
} told_last;

/* A committed batch, or a word to everybody, on its way through the streams, a slice per turn. */
typedef struct fan {
    changes_batch *batch; /* or */
    http_chunk *word;
    stream *at; /* the next that is served; one opened since is not */
    struct fan *next;
} fan;

struct stream_list {
    api *api;
    stream *first;
    flow_subscriber *subscriber;
    fan *fans, **last_fan;
    uv_idle_t idle;
    uv_timer_t ping;
    int64_t last_position; /* of the newest batch that came */
    bool is_idle_on;
};

/* ---- events_api.c ---------------------------------------------------------------------------- */

/* Frees a stream that is over, as soon as nothing refers to it. */
void stream_leave(stream *s);
void stream_send(stream *s, crm_str text);
void stream_send_chunk(stream *s, http_chunk *c);
/* The stream is over for the client. Without `is_held` the struct may be gone afterwards. */
void stream_finish(stream *s, const char *reason);
/* All that came so far is told by "read everything anew". */
void stream_reset(stream *s);
/* "id: …", a line: where a stream is after the change at that position. No two are equal. */
#define EVENT_ID_ROOM (POSITION_ROOM + 8)
int event_id(int64_t position, char out[EVENT_ID_ROOM]);

/* ---- events_text.c --------------------------------------------------------------------------- */

/*
 * What the call's user may know of the changes behind position `after`, as events. Rights are those of
 * the newest registry, and an entity of an older one means nothing to them: what changed before a new
 * ТЗ was applied is then told as "read everything anew". False: that.
 */
bool events_text(buf *b, crm_ctx *c, int64_t after, const change *at, uint32_t count);

/* ---- events_resume.c ------------------------------------------------------------------------- */

/* Sends changes to a stream that is held, as what its user may know now. `last`: of this turn, or
 * NULL. False: they are of another registry than the one in force, and nothing was told; the log has
 * them by that one, behind the stream's position. */
bool stream_send_changes(stream *s, const change *at, uint32_t count, told_last *last);
/* Asks whether the session still stands; the answer may come at once and end the stream. */
void stream_ask_session(stream *s);
/* The stream is held. False: not now, or it is over. */
bool stream_may_be_told(stream *s);
/* Reads the change log from where the stream stands, on a pool, until nothing is missed. */
void stream_catch_up(stream *s);

/* ---- events_fan.c ---------------------------------------------------------------------------- */

/* A committed batch, to every stream (flow_subscribe's). */
void fan_committed(void *arg, changes_batch *b);
/* An event to every stream, which is also asked whether its session still stands. */
void fan_word(stream_list *l, crm_str text);
/* Hands on what waits, a slice per turn; from the list's idle handle. */
void fan_slice(uv_idle_t *idle);
void fan_drop_all(stream_list *l);

#endif
