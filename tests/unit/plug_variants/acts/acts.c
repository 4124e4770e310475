/* acts.c - a module that does what a module may and may not do, one route per act. */
#include <crm/host.h>
#include <errno.h>
#include <time.h>

#define NOTE "acts.note"

static int stops;

static crm_status with_note(crm_ctx *c, crm_rec **out)
{
    return crm_get(c, NOTE, crm_param_id(c, "id"), out);
}

/* Writes what does not fit, and says all is well. */
static crm_status swallow(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    (void)out;
    if (s != CRM_OK) {
        return s;
    }
    s = crm_set_text(note, "title", CRM_S("kept?"));
    s = s == CRM_OK ? crm_save(c, note) : s;
    if (s == CRM_OK) {
        s = crm_set_text(note, "amount", CRM_S("much")); /* a number is asked */
    }
    return CRM_OK;
}

/* A read that finds nothing is no failure. */
static crm_status look(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = crm_get(c, NOTE, 4711, &note);
    crm_put_bool(out, "found", s == CRM_OK);
    return CRM_OK;
}

static crm_status rename_note(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    s = s == CRM_OK ? crm_set_text(note, "title", CRM_S("renamed")) : s;
    s = s == CRM_OK ? crm_save(c, note) : s;
    crm_put_status(out, 201);
    crm_put_record(out, "note", note);
    crm_put_list(out, "list");
    crm_put_int(out, NULL, 1);
    crm_put_object(out, NULL);
    crm_put_text(out, "a", CRM_S("\"quoted\""));
    return s; /* what is open is closed for it */
}

/* Two phones, of which one is none, and a number with a slip. */
static crm_status spoil(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    (void)out;
    s = s == CRM_OK ? crm_set_text(note, "phone", CRM_S("+79161234567\nafter six")) : s;
    s = s == CRM_OK ? crm_set_text(note, "inn", CRM_S("7707083894")) : s;
    return s == CRM_OK ? crm_save(c, note) : s;
}

static crm_status mend(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    (void)out;
    s = s == CRM_OK ? crm_set_text(note, "phone", CRM_S("8 916 123-45-67\n+74951234567")) : s;
    s = s == CRM_OK ? crm_set_null(note, "inn") : s;
    return s == CRM_OK ? crm_save(c, note) : s;
}

/* Twenty letters fit, one more does not. */
static crm_status fill_up(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    (void)out;
    s = s == CRM_OK ? crm_set_text(note, "title", CRM_S("двадцать букв влезет")) : s;
    return s == CRM_OK ? crm_save(c, note) : s;
}

static crm_status overfill(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    (void)out;
    s = s == CRM_OK ? crm_set_text(note, "title", CRM_S("двадцать одна - никак")) : s;
    return s == CRM_OK ? crm_save(c, note) : s;
}

static crm_status veto(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_str title = crm_get_text(now, "title");
    (void)was;
    if (title.n == 4 && title.p[0] == 'v') {
        return crm_fail(c, CRM_CONFLICT, "title", "no %s here", "veto");
    }
    return CRM_OK;
}

static crm_status slow(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    struct timespec wait = {0, 6000000};
    (void)c;
    (void)was;
    if (crm_get_text(now, "title").n == 1) {
        nanosleep(&wait, NULL);
    }
    return CRM_OK;
}

static crm_status become_system(crm_ctx *c, crm_out *out)
{
    (void)out;
    return crm_as_system(c, "to see");
}

static crm_status ask(crm_ctx *c, crm_out *out)
{
    crm_str wait = {0};
    crm_status s = crm_setting(c, "wait", &wait);
    crm_put_text(out, "wait", wait);
    crm_put_text(out, "type", crm_field_type(c, NOTE, "amount"));
    crm_put_text(out, "none", crm_field_type(c, NOTE, "nothing"));
    crm_put_bool(out, "kept", crm_keep(8) != NULL); /* outside start() */
    return s;
}

/* For the server the thread computes; the core is left to whoever else tests. */
static void spin(int64_t ns)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (end.tv_nsec + ns) / 1000000000;
    end.tv_nsec = (end.tv_nsec + ns) % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR) {
    }
}

/* Writes, computes past its time, and asks the host once more. */
static crm_status overstay(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    s = s == CRM_OK ? crm_set_text(note, "title", CRM_S("late")) : s;
    s = s == CRM_OK ? crm_save(c, note) : s;
    spin(30000000);
    crm_status late = s == CRM_OK ? with_note(c, &note) : s;
    crm_put_bool(out, "was_refused", late == CRM_TIMEOUT);
    return s;
}

/* Never asks again, and says all is well. */
static crm_status compute(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = with_note(c, &note);
    s = s == CRM_OK ? crm_set_text(note, "title", CRM_S("late")) : s;
    s = s == CRM_OK ? crm_save(c, note) : s;
    spin(30000000);
    (void)out;
    return s;
}

/* A read that computes for so many ms and never asks the host again. */
static crm_status spin_read(crm_ctx *c, crm_out *out)
{
    spin(crm_param_id(c, "ms") * 1000000);
    crm_put_bool(out, "done", true);
    return CRM_OK;
}

/* Reads one record after another for so many ms, as long as it is let. */
static crm_status read_on(crm_ctx *c, crm_out *out)
{
    crm_rec *note;
    crm_status s = CRM_OK;
    crm_log(CRM_LOG_INFO, "begins to read");
    for (int64_t left = crm_param_id(c, "ms"); left > 0 && s != CRM_TIMEOUT; left--) {
        spin(1000000);
        s = crm_get(c, NOTE, 4711, &note);
    }
    crm_log(CRM_LOG_INFO, s == CRM_TIMEOUT ? "may not read on" : "read to the end");
    crm_put_bool(out, "done", true);
    return s == CRM_TIMEOUT ? s : CRM_OK;
}

/* A write that holds the writer's thread for so many ms. */
static crm_status hold_writer(crm_ctx *c, crm_out *out)
{
    crm_rec *lead;
    crm_status s = crm_new(c, "sales.lead", &lead);
    s = s == CRM_OK ? crm_set_text(lead, "title", CRM_S("held")) : s;
    s = s == CRM_OK ? crm_save(c, lead) : s;
    spin(crm_param_id(c, "ms") * 1000000);
    (void)out;
    return s;
}

/* A read that would write, and says that all is well. */
static crm_status scribble(crm_ctx *c, crm_out *out)
{
    crm_rec *lead;
    crm_status s = crm_new(c, "sales.lead", &lead);
    s = s == CRM_OK ? crm_set_text(lead, "title", CRM_S("scribbled")) : s;
    crm_put_bool(out, "saved", s == CRM_OK && crm_save(c, lead) == CRM_OK);
    return CRM_OK;
}

static void stop(void)
{
    stops++;
}

#define POST(p, f)                                                               \
    {                                                                            \
        .method = "POST", .path = p, .fn = f, .tx = CRM_TX_WRITE, .perm = "user" \
    }
static const crm_route routes[] = {
    POST("/note/:id/swallow", swallow),
    POST("/note/:id/look", look),
    POST("/note/:id/spoil", spoil),
    POST("/note/:id/mend", mend),
    POST("/note/:id/fill", fill_up),
    POST("/note/:id/overfill", overfill),
    POST("/note/:id/rename", rename_note),
    POST("/note/:id/system", become_system),
    POST("/note/:id/ask", ask),
    POST("/note/:id/overstay", overstay),
    POST("/note/:id/compute", compute),
    {.method = "GET", .path = "/scribble", .fn = scribble, .tx = CRM_TX_READ, .perm = "user"},
    {.method = "GET",
     .path = "/spin/:ms",
     .fn = spin_read,
     .tx = CRM_TX_READ,
     .limit_ms = 700,
     .perm = "user"},
    {.method = "GET",
     .path = "/read/:ms",
     .fn = read_on,
     .tx = CRM_TX_READ,
     .limit_ms = 30000,
     .perm = "user"},
    {.method = "POST",
     .path = "/hold/:ms",
     .fn = hold_writer,
     .tx = CRM_TX_WRITE,
     .limit_ms = 700,
     .perm = "user"},
};
static const crm_hook hooks[] = {
    {.entity = NOTE, .when = CRM_BEFORE_CREATE, .fn = veto},
    {.entity = NOTE, .when = CRM_BEFORE_CREATE, .fn = slow, .order = 1},
};
static const crm_module self = {
    CRM_MODULE_HEAD,
    .name = CRM_MODULE_NAME,
    .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",
    .routes = CRM_TABLE(routes),
    .hooks = CRM_TABLE(hooks),
    .stop = stop,
};
CRM_MODULE_EXPORT(self);
