/* demo_private.h - a demo file as demo_read.c leaves it for demo_write.c; nobody else includes it. */
#ifndef TZ_DEMO_PRIVATE_H
#define TZ_DEMO_PRIVATE_H

#include "tz/demo.h"
#include "tz/tz_private.h"

/* One field as the file gives it. What refers to records of the file gets its value when they have ids. */
typedef struct demo_value {
    const field *field;
    value v;
    const uint32_t *targets; /* places in demo.records */
    uint32_t target_count;
} demo_value;

/* A record is made, or changed later. */
typedef struct demo_event {
    uint32_t record; /* its place in demo.records */
    uint32_t order;  /* in the file */
    bool is_new;
    int64_t at;      /* ms UTC */
    int64_t by;      /* a user; 0: the system */
    demo_value *values;
    uint32_t value_count;
    const yaml_node *node;
} demo_event;

typedef struct demo_record {
    const entity *entity;
    const yaml_node *node;
    int64_t made_at; /* ms UTC: what refers to it is no older */
} demo_record;

struct demo {
    crm_str title, file;    /* the name alone */
    crm_str digest;         /* of the text: which demo this is */
    const entity **entities; /* in the order of the file */
    uint32_t entity_count;
    demo_record *records; /* in the order of the file, so each stands behind what it refers to */
    uint32_t record_count;
    demo_event *events; /* in the order of time; of the same moment in that of the file */
    uint32_t event_count;
};

/* ---- reading (demo_read.c, demo_value.c) ------------------------------------------------------- */

/* Ms after midnight; `to` is 0 where the file names none. */
typedef struct demo_hours {
    int64_t from, to;
} demo_hours;

typedef struct demo_reading {
    crm_ctx *c;
    tz_faults f;
    demo *d;
    demo_hours hours;
    int64_t now; /* nothing has happened later */
} demo_reading;

/*
 * The value of `n` for the field it names, of a record at place `own`: false with a fault. `known_at`
 * becomes no earlier than the moments of the records that it refers to.
 */
bool demo_read_value(demo_reading *x, const entity *e, uint32_t own, const yaml_node *n, demo_value *out,
                     int64_t *known_at);
/* "16:30" as ms after midnight; false when it is none. */
bool demo_read_clock(crm_str s, int64_t *ms);
/* The moment that `n`, an `at`, names; false with a fault. */
bool demo_read_moment(demo_reading *x, const yaml_node *n, int64_t *ms);
/* The user whose login `n` is; false with a fault. */
bool demo_read_login(demo_reading *x, const yaml_node *n, int64_t *user);
/* A fault at `n` in the words that the API has for a field's code. */
tz_fault demo_fault(const crm_ctx *c, const yaml_node *n, const field_error *e);

/* ---- working hours (demo_hours.c): where the file names none, everything stays where it is ----- */

/* "09:00-18:00" as the file's hours; false with a fault. */
bool demo_read_hours(demo_reading *x, const yaml_node *n);
/* The working moment `ms` from now: counted from the last one that is over, or from the next one. */
int64_t demo_work_moment(const demo_reading *x, int64_t ms);
/* A day since 1970-01-01 that is no weekend: this one, or the next one in the direction of `way` (-1, 1). */
int64_t demo_workday(const demo_reading *x, int64_t day, int way);
/* Days from today to the working day there. */
int64_t demo_today(const demo_reading *x, int64_t days, int way);

#endif
