/*
 * kit_check_rights.c - a walk over the module's records by people who may not see them: boris, who
 * has anna's role in another department, and clara, whose role is granted nothing of the module.
 */
#include <stdio.h>

#include "kit_check.h"

#define MARKER "kitmarkerqzx" /* a word that nothing else holds */

/* What the kernel makes beside an entity has that entity's rights, and no address or no writer. */
#define NOT_WALKED (ENTITY_SYSTEM | ENTITY_NO_API | ENTITY_LOG | ENTITY_NOTES)

#define COUNT_ALL "{\"measures\":{\"n\":\"count\"}}"

typedef struct walking {
    check *k;
    const entity *e;
    int64_t id;
    kit_client *who;
    const char *login;
    buf found;
    uint32_t asked;
} walking;

static void leak(walking *w, const char *how, int status)
{
    buf_fmt(&w->found, W(w->k, "%s видит %.*s: %s → %d. ", "%s sees %.*s: %s → %d. "), w->login,
            STR_FMT(w->e->name), how, status);
}

static bool holds(const buf *b, const char *text)
{
    return b->n && memmem(b->p, b->n, text, strlen(text));
}

/* The answer must not speak of the record. */
static void ask_for_nothing(walking *w, const char *method, const char *path, const char *body)
{
    int status = kit_ask(w->who, method, path, body);
    w->asked++;
    if (status == 0 || holds(&w->who->reply, MARKER)) {
        leak(w, path, status);
    }
}

/* It must not be there. */
static void ask_in_vain(walking *w, const char *method, const char *path, const char *body)
{
    int status = kit_ask(w->who, method, path, body);
    w->asked++;
    if (status != 404 && status != 403) {
        leak(w, path, status);
    }
}

static const char *path_of(walking *w, const char *tail)
{
    return arena_fmt(w->k->a, "/api/v1/%.*s%s", STR_FMT(w->e->name), tail).p;
}

static const char *record_path(walking *w, const char *tail)
{
    return arena_fmt(w->k->a, "/api/v1/%.*s/%lld%s", STR_FMT(w->e->name), (long long)w->id, tail).p;
}

static void ask_for_count(walking *w)
{
    int status = kit_ask(w->who, "POST", path_of(w, "/aggregate"), COUNT_ALL);
    w->asked++;
    if (status == 200 && !holds(&w->who->reply, "\"n\":0") && holds(&w->who->reply, "\"n\":")) {
        leak(w, "aggregate", status);
    }
}

/* Where the walker's stream stands, "" when it tells nothing. */
static const char *stream_position(walking *w)
{
    crm_str rest, line, id = {0};
    kit_listen(w->who, NULL, "\n\n", 5000);
    rest = buf_view(&w->who->reply);
    while (!id.p && str_split(&rest, '\n', &line)) {
        id = str_starts(line, CRM_S("id: ")) ? (crm_str){line.p + 4, line.n - 4} : id;
    }
    return id.p ? arena_cstr(w->k->a, id) : "";
}

/* Anna changes the record, and the walker's stream goes on from before that. */
static bool is_streamed(walking *w, const char *body, long ms)
{
    const char *from = stream_position(w);
    crm_str needle =
        arena_fmt(w->k->a, "\"%.*s\",\"id\":%lld", STR_FMT(w->e->name), (long long)w->id);
    if (!*from || kit_ask(&w->k->anna, "PATCH", record_path(w, ""), body) != 200) {
        return false;
    }
    kit_listen(w->who, from, needle.p, ms);
    w->asked++;
    return holds(&w->who->reply, needle.p);
}

/* NULL: its changes are not told by themselves. Of a part none is: who may read it is known by its
 * parent's row. */
static const char *streamed_change(walking *w, const char *text)
{
    return w->e->parent_field ? NULL : check_change(w->k, w->e, text);
}

static void ask_stream(walking *w)
{
    const char *body = streamed_change(w, MARKER " again");
    if (body && is_streamed(w, body, 300)) {
        leak(w, "/api/v1/events", 200);
    }
}

/* The module's own routes, for a reader, with the record wherever they take one. */
static void ask_routes(walking *w)
{
    const registry *r = w->k->reg;
    for (uint32_t i = 0; i < r->route_count; i++) {
        const route *t = &r->routes[i];
        crm_str rest = t->pattern, piece;
        buf path;
        if (!str_is(t->method, "GET") ||
            !str_starts(t->pattern, arena_fmt(w->k->a, "/%.*s/", STR_FMT(w->k->m.name)))) {
            continue;
        }
        buf_init(&path, 1024);
        buf_z(&path, "/api/v1");
        while (str_split(&rest, '/', &piece)) {
            if (piece.n && piece.p[0] == ':') {
                buf_fmt(&path, "/%lld", (long long)w->id);
            } else if (piece.n) {
                buf_fmt(&path, "/%.*s", STR_FMT(piece));
            }
        }
        ask_for_nothing(w, "GET", arena_cstr(w->k->a, buf_view(&path)), NULL);
        buf_free(&path);
    }
}

/* What is asked of a stranger shows the record to its owner, or it would prove nothing. */
static void control(walking *w, const char *what, bool is_shown)
{
    if (!is_shown) {
        buf_fmt(&w->found,
                W(w->k, "%.*s: и сама anna не видит, %s → ?. ",
                  "%.*s: anna herself sees nothing, %s → ?. "),
                STR_FMT(w->e->name), what);
    }
}

static void walk_owner(walking *w)
{
    kit_client *anna = &w->k->anna;
    w->who = anna;
    bool has_text =
        kit_ask(anna, "GET", record_path(w, ""), NULL) == 200 && holds(&anna->reply, MARKER);
    kit_ask(anna, "GET", path_of(w, ""), NULL);
    control(w, "list", !has_text || holds(&anna->reply, MARKER));
    kit_ask(anna, "GET", path_of(w, "/export?format=csv"), NULL);
    control(w, "export", !has_text || holds(&anna->reply, MARKER));
    control(w, "aggregate", kit_ask(anna, "POST", path_of(w, "/aggregate"), COUNT_ALL) == 200);
    control(w, "history", kit_ask(anna, "GET", record_path(w, "/history"), NULL) == 200);
    const char *body = streamed_change(w, MARKER " once");
    control(w, "events", !body || is_streamed(w, body, 5000));
}

static void walk(walking *w, kit_client *who, const char *login)
{
    w->who = who;
    w->login = login;
    ask_in_vain(w, "GET", record_path(w, ""), NULL);
    ask_in_vain(w, "GET", record_path(w, "/history"), NULL);
    ask_in_vain(w, "PATCH", record_path(w, ""), "{}");
    ask_in_vain(w, "DELETE", record_path(w, ""), NULL);
    ask_for_nothing(w, "GET", path_of(w, ""), NULL);
    ask_for_nothing(w, "GET", path_of(w, "?q=" MARKER), NULL);
    ask_for_nothing(w, "GET", path_of(w, "/export?format=csv"), NULL);
    ask_for_nothing(w, "GET", path_of(w, "/export?format=json"), NULL);
    int status = kit_ask(who, "GET", "/api/v1/search?q=" MARKER, NULL);
    w->asked++;
    if (status != 200 || holds(&who->reply, "\"id\":")) {
        leak(w, "/api/v1/search", status);
    }
    ask_for_count(w);
    ask_routes(w);
    ask_stream(w);
}

/* false: no record of it can be made. */
static bool walk_entity(walking *w, const entity *e)
{
    const entity *top = e;
    w->e = e;
    w->id = check_make(w->k, &w->k->anna, e, MARKER);
    if (!w->id) {
        buf_fmt(&w->found,
                W(w->k, "%.*s: запись сама не заводится. ", "%.*s: no record of it can be made. "),
                STR_FMT(e->name));
        return false;
    }
    walk_owner(w);
    while (top->parent_field && top->fields[top->parent_field].ref) {
        top = top->fields[top->parent_field].ref; /* whose rights a part has */
    }
    if (top->owner_fields[0] || top->department_field) {
        walk(w, &w->k->boris, "boris");
    }
    walk(w, &w->k->clara, "clara");
    return true;
}

void check_strangers(check *k)
{
    walking w = {.k = k};
    uint32_t walked = 0, skipped = 0;
    buf_init(&w.found, 1 << 16);
    for (uint32_t i = 0; i < k->reg->entity_count; i++) {
        const entity *e = k->reg->entities[i];
        if (check_is_own(k, e) && !e->parent_kind_field && !(e->flags & NOT_WALKED)) {
            bool is_made = walk_entity(&w, e);
            walked += is_made;
            skipped += !is_made;
        }
    }
    bool is_tight = !holds(&w.found, "→");
    check_state state = !is_tight ? CHECK_BAD : skipped || !walked ? CHECK_SKIPPED : CHECK_GOOD;
    buf_fmt(&w.found, W(k, "сущностей: %u, запросов: %u", "entities: %u, requests: %u"), walked,
            w.asked);
    check_add(k, state, W(k, "Чужой ничего не видит", "A stranger sees nothing"),
              W(k,
                "записи заведены одним человеком; другой отдел и роль без прав искали их чтением, "
                "списком, поиском, выгрузкой, итогами, историей, потоком событий и путями модуля",
                "one person made records; another department and a role without rights looked for "
                "them by reading, lists, search, export, totals, history, the event stream and the "
                "module's routes"),
              buf_view(&w.found));
    buf_free(&w.found);
}
