/*
 * sandbox.c - a data directory whose clock is a virtual one. It is that from its birth or never:
 * real data never see such a clock. Its mark, the file `sandbox`, holds the moment the clock has
 * reached: a later start goes on from there, since a clock that went back would leave sessions and
 * due work in the future. Start-up thread and commands.
 */
#include <stdio.h>
#include <unistd.h>

#include "data/backup.h"
#include "server.h"

static crm_str mark_of(arena *a, const server_options *o)
{
    return arena_fmt(a, "%s/" SANDBOX_MARK, o->data);
}

static crm_status keep(const char *mark, int64_t at)
{
    char text[CLOCK_TEXT];
    clock_format(at, text);
    return fs_write(mark, str_of(text), 0600);
}

/* The later of what is asked for and what was reached. */
static crm_status begin_clock(arena *a, const char *mark, int64_t at)
{
    crm_str text;
    int64_t reached;
    crm_status s = fs_read(a, mark, 64, &text);
    if (s == CRM_OK && clock_parse(str_trim(text), &reached) == CRM_OK && reached > at) {
        char said[CLOCK_TEXT];
        at = reached;
        clock_format(at, said);
        log_event(LOG_INFO, "sandbox.goes_on", "at=%s", said);
    }
    clock_virtual(at);
    return s == CRM_OK || s == CRM_NOT_FOUND ? keep(mark, at) : s;
}

crm_status sandbox_moment(const server_options *o, int64_t *at)
{
    *at = 0;
    if (o->sandbox && clock_parse(str_of(o->sandbox), at) != CRM_OK) {
        fprintf(stderr, "karkas: --sandbox %s: expected a time as in RFC 3339\n", o->sandbox);
        return CRM_INVALID;
    }
    return CRM_OK;
}

/* A restore that was cut off is completed by now, so that its data are seen here. */
crm_status sandbox_begin(const server_options *o)
{
    int64_t at;
    crm_status s = sandbox_moment(o, &at);
    arena *a = arena_new(0);
    crm_str mark = mark_of(a, o), db = arena_fmt(a, "%s/karkas.db", o->data);
    if (s != CRM_OK || !mark.p || !db.p) {
        arena_free(a);
        return s != CRM_OK ? s : CRM_NOMEM;
    }
    bool is_sandbox = access(mark.p, F_OK) == 0;
    bool has_data = access(db.p, F_OK) == 0 || backup_is_cut_off(o->data);
    bool is_other = o->sandbox ? has_data && !is_sandbox : is_sandbox;
    s = is_other ? CRM_CONFLICT : o->sandbox ? begin_clock(a, mark.p, at) : CRM_OK;
    if (s != CRM_OK) {
        fprintf(stderr, "karkas: %s: %s\n", o->data,
                !is_other    ? "cannot be written"
                : o->sandbox ? "holds real data: a sandbox needs a new directory"
                             : "is a sandbox: start it with --sandbox");
    }
    arena_free(a);
    return s;
}

crm_status sandbox_advance(deployment *d, int64_t to)
{
    arena *a = arena_new(0);
    crm_str mark = mark_of(a, d->o);
    /* Before the work that falls due: whoever kills the server meanwhile finds no clock behind it.
     */
    crm_status s = !clock_is_virtual() ? CRM_CONFLICT : !mark.p ? CRM_NOMEM : keep(mark.p, to);
    arena_free(a);
    return s == CRM_OK ? flow_advance(d->flow, to) : s;
}
