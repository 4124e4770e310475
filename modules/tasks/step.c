/* step.c - the rule step that makes a task about a record. */
#include "tasks.h"

#define TITLE_MAX 300 /* characters, as module.yaml has it */
#define TEXT_MAX  100000

/* ---- for whom -------------------------------------------------------------------------------- */

/* The head of the owner's department, or of the nearest one above that has a head. */
static crm_status find_head(crm_ctx *c, int64_t owner, int64_t *out)
{
    crm_rec *r;
    crm_status s = crm_get(c, "user", owner, &r);
    int64_t id = s == CRM_OK ? crm_get_int(r, "department") : 0;
    *out = 0;
    for (int depth = 0; s == CRM_OK && id && !*out && depth < 16; depth++) {
        s = crm_get(c, "department", id, &r);
        *out = s == CRM_OK ? crm_get_int(r, "head") : 0;
        id = s == CRM_OK ? crm_get_int(r, "parent") : 0;
    }
    return s;
}

static bool is_login(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '\\') {
            return false;
        }
    }
    return s.n > 0;
}

static crm_status find_login(crm_ctx *c, crm_str login, int64_t *out)
{
    crm_rows *rows;
    crm_rec *user;
    *out = 0;
    if (!is_login(login)) {
        return CRM_OK;
    }
    crm_str where = crm_fmt(c, "[\"login\",\"eq\",\"%.*s\"]", (int)login.n, login.p);
    if (!where.p) {
        return CRM_NOMEM;
    }
    crm_status s = crm_find(c, "user", where.p, NULL, 1, &rows);
    if (s == CRM_OK && (user = crm_next(rows)) != NULL) {
        *out = crm_id(user);
    }
    return s;
}

/* NOT_FOUND when it is nobody: the rule then goes to its `otherwise`. */
static crm_status find_user(crm_ctx *c, const crm_rec *subject, int64_t *out)
{
    crm_str to = crm_arg_text(c, "to");
    crm_status s = CRM_OK;
    *out = crm_get_int(subject, "owner");
    if (is_word(to, "department.head")) {
        s = *out ? find_head(c, *out, out) : CRM_OK;
    } else if (to.n && !is_word(to, "owner")) {
        s = find_login(c, to, out);
    }
    return s == CRM_OK && !*out ? CRM_NOT_FOUND : s;
}

/* ---- about what ------------------------------------------------------------------------------ */

static const struct {
    const char *entity, *field;
} abouts[] = {
    {"sales.lead", "lead"},
    {"sales.deal", "deal"},
    {"contacts.person", "contact"},
};

static crm_status set_about(crm_ctx *c, crm_rec *task, const crm_rec *subject)
{
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < sizeof abouts / sizeof *abouts; i++) {
        const char *field = abouts[i].field;
        if (!crm_field_type(c, TASK, field).n) {
            continue; /* that module is not enabled */
        }
        if (strcmp(crm_entity(subject), abouts[i].entity) == 0) {
            s = crm_set_int(task, field, crm_id(subject));
        } else if (is_word(crm_field_type(c, crm_entity(subject), field), "ref") &&
                   crm_has(subject, field)) {
            s = crm_set_int(task, field, crm_get_int(subject, field));
        }
    }
    return s;
}

/* ---- the step -------------------------------------------------------------------------------- */

static crm_str title_for(crm_ctx *c, const crm_rec *subject, crm_str kind)
{
    crm_str title = crm_fill(c, crm_arg_text(c, "title"), subject);
    if (title.n) {
        return title;
    }
    crm_str key = crm_fmt(c, "tasks.task.kind.%.*s", (int)kind.n, kind.p);
    crm_str label = key.p ? crm_text(c, key.p) : kind, about = crm_get_text(subject, "title");
    return about.n ? crm_fmt(c, "%.*s: %.*s", (int)label.n, label.p, (int)about.n, about.p) : label;
}

/* A template may be filled with more than a title takes. */
static crm_str in_length(crm_ctx *c, crm_str title)
{
    crm_str begin = crm_cut(title, TITLE_MAX - 1);
    bool fits = crm_cut(title, TITLE_MAX).n == title.n;
    return fits ? title : crm_fmt(c, "%.*s…", (int)begin.n, begin.p);
}

static crm_status set_times(crm_ctx *c, crm_rec *task)
{
    int64_t due = -1, before = -1;
    crm_status s = crm_arg_duration(c, "due", &due);
    s = s == CRM_OK ? crm_arg_duration(c, "remind", &before) : s;
    if (s == CRM_OK && due >= 0) {
        s = crm_set_int(task, "due", crm_now(c) + due);
    }
    return s == CRM_OK && before >= 0 ? crm_set_int(task, "remind", before) : s;
}

crm_status task_step(crm_ctx *c, crm_rec *subject)
{
    crm_str kind = crm_arg_text(c, "kind"), text = crm_fill(c, crm_arg_text(c, "text"), subject);
    int64_t user;
    crm_rec *task;
    crm_status s = find_user(c, subject, &user);
    kind = kind.n ? kind : CRM_S("todo");
    s = s == CRM_OK ? crm_new(c, TASK, &task) : s;
    if (s != CRM_OK) {
        return s;
    }
    s = crm_set_text(task, "title", in_length(c, title_for(c, subject, kind)));
    s = s == CRM_OK ? crm_set_text(task, "kind", kind) : s;
    s = s == CRM_OK ? crm_set_int(task, "owner", user) : s;
    s = s == CRM_OK && text.n ? crm_set_text(task, "text", crm_cut(text, TEXT_MAX)) : s;
    s = s == CRM_OK ? set_times(c, task) : s;
    s = s == CRM_OK ? set_about(c, task, subject) : s;
    return s == CRM_OK ? crm_save(c, task) : s;
}
