/* kit_check_live.c - the module on a server of the kit's own: its start, its records, its ТЗ. */
#include <stdio.h>
#include <unistd.h>

#include "kit_check.h"

#define START_MOST_MS 2000        /* that the module adds to a start */
#define MEMORY_MOST   (64L << 10) /* KiB that it adds */

/* ---- a record -------------------------------------------------------------------------------- */

bool check_is_own(const check *k, const entity *e)
{
    crm_str own = k->m.name;
    return e->name.n > own.n && !memcmp(e->name.p, own.p, own.n) && e->name.p[own.n] == '.';
}

static const char *plain_value(const field *f)
{
    switch (f->type) {
    case FIELD_EMAIL:
        return "\"a@example.ru\"";
    case FIELD_PHONE:
        return "\"+79161234567\"";
    case FIELD_URL:
        return "\"https://example.ru/\"";
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
        return "\"1\"";
    case FIELD_BOOL:
        return "true";
    case FIELD_DATE:
        return "\"2027-01-18\"";
    case FIELD_DATETIME:
        return "\"2027-01-18T10:00:00Z\"";
    case FIELD_DURATION:
        return "60000";
    case FIELD_INN:
        return "\"7707083893\"";
    case FIELD_TAGS:
        return "[\"a\"]";
    case FIELD_JSON:
        return "{}";
    default:
        return NULL;
    }
}

static int64_t target_of(check *k, kit_client *c, const field *f)
{
    return f->ref && f->ref != f->entity && check_is_own(k, f->ref)
               ? check_make(k, c, f->ref, "kit")
               : 0;
}

/* What the field is given, as JSON; false when nothing fits. */
static bool put_value(check *k, kit_client *c, const field *f, const char *marker, buf *b)
{
    const char *plain = plain_value(f);
    int64_t id = 0;
    if (plain) {
        buf_z(b, plain);
    } else if (f->type == FIELD_TEXT || f->type == FIELD_MULTILINE || f->type == FIELD_ADDRESS) {
        buf_json(b, str_of(marker));
    } else if (f->type == FIELD_INT) {
        buf_int(b, value_is_null(f->least) ? 1 : f->least.i);
    } else if (f->type == FIELD_CHOICE && f->choice_count) {
        buf_json(b, f->choices[0].value);
    } else if (f->type == FIELD_CHOICES && f->choice_count) {
        buf_fmt(b, "[\"%.*s\"]", STR_FMT(f->choices[0].value));
    } else if (f->type == FIELD_REF && (id = target_of(k, c, f))) {
        buf_int(b, id);
    } else {
        return false;
    }
    return true;
}

static bool is_given(const entity *e, const field *f)
{
    bool is_required = (f->flags & FIELD_REQUIRED) && value_is_null(f->def) && !f->def_text.n;
    bool is_title = f->index == e->title_field && (f->type == FIELD_TEXT);
    return (is_required || is_title) && !(f->flags & (FIELD_READ_ONLY | FIELD_HIDDEN)) &&
           f->type != FIELD_STAGE && f->type != FIELD_COMPUTED;
}

const char *check_sample(check *k, kit_client *c, const entity *e, const char *marker)
{
    buf b;
    bool ok = true;
    buf_init(&b, 1 << 16);
    buf_char(&b, '{');
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (ok && is_given(e, f)) {
            buf_fmt(&b, "%s\"%.*s\":", b.n > 1 ? "," : "", STR_FMT(f->name));
            ok = put_value(k, c, f, marker, &b);
        }
    }
    buf_char(&b, '}');
    const char *out = ok && !b.failed ? arena_cstr(k->a, buf_view(&b)) : NULL;
    buf_free(&b);
    return out;
}

int64_t check_make(check *k, kit_client *c, const entity *e, const char *marker)
{
    const char *body = check_sample(k, c, e, marker);
    crm_str path = arena_fmt(k->a, "/api/v1/%.*s", STR_FMT(e->name));
    if (!body || kit_ask(c, "POST", path.p, body) != 201) {
        return 0;
    }
    json_t *json = kit_reply(c);
    int64_t id = json_integer_value(json_object_get(json, "id"));
    json_decref(json);
    return id;
}

const entity *check_entity(check *k)
{
    for (uint32_t i = 0; i < k->reg->entity_count; i++) {
        const entity *e = k->reg->entities[i];
        bool is_part = e->parent_field || e->parent_kind_field;
        if (check_is_own(k, e) && !is_part && check_make(k, &k->anna, e, "kit")) {
            return e;
        }
    }
    return NULL;
}

/* ---- the start ------------------------------------------------------------------------------- */

long check_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    long n = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        int64_t v;
        crm_str rest = str_of(line), name, number;
        str_split(&rest, ':', &name);
        rest = str_trim(rest);
        str_split(&rest, ' ', &number);
        if (str_is(name, key) && str_to_i64(number, &v) == CRM_OK) {
            n = (long)v;
        }
    }
    if (f) {
        fclose(f);
    }
    return n;
}

/* The same server without the module, for the difference; false when it does not run either. */
static bool start_bare(check *k, int64_t *ms, long *kib)
{
    static const char bare_tz[] =
        "tz: 1\ntitle: kit\nversion: \"1.0\"\ncompany: {name: kit, timezone: "
        "Europe/Moscow}\nmodules: auto\n";
    crm_str file = arena_fmt(k->a, "%s/bare.yaml", k->temp);
    kit_server s = {.call = k->call, .tz = file.p, .modules = k->server.modules};
    s.data = arena_fmt(k->a, "%s/bare", k->temp).p;
    buf_init(&s.said, 0);
    bool ok = s.data && fs_write(file.p, str_of(bare_tz), 0644) == CRM_OK && kit_server_start(&s);
    *ms = s.start_ms;
    *kib = ok ? check_status(s.pid, "VmRSS") : 0;
    ok = kit_server_stop(&s) && ok;
    if (!ok) {
        buf_str(&k->server.said, buf_view(&s.said));
    }
    buf_free(&s.said);
    return ok;
}

static crm_status lay_out(check *k)
{
    crm_str modules = arena_fmt(k->a, "%s/modules", k->temp);
    k->server.data = arena_fmt(k->a, "%s/data", k->temp).p;
    k->server.modules = modules.p;
    crm_status s = modules.p ? kit_modules_make(&k->m, modules.p) : CRM_NOMEM;
    s = s == CRM_OK ? kit_module_put(&k->m, modules.p, CRM_S("aaaaaaaaaaaa"), &k->ids[0]) : s;
    return s == CRM_OK ? kit_tz_write(&k->m, k->reg, k->temp, &k->server.tz) : s;
}

static bool sign_in(check *k, kit_client *c, const char *login)
{
    buf out;
    const char *args[] = {"user", "invite", login};
    buf_init(&out, 0);
    int code = kit_server_tell(&k->server, &out, 3, args);
    crm_str text = str_trim(buf_view(&out)), word;
    while (str_split(&text, ' ', &word)) {
    }
    const char *invitation = arena_cstr(k->a, word);
    buf_free(&out);
    return code == 0 && kit_client_open(c, k->server.port) == CRM_OK &&
           kit_sign_in(c, login, invitation);
}

bool check_start(check *k)
{
    int64_t bare_ms = 0;
    long bare_kib = 0;
    const char *title = W(k, "Запускается быстро и занимает мало", "Starts fast and takes little");
    const char *did =
        W(k, "сервер запущен без модуля и с ним: не дольше на 2 с, не больше на 64 МиБ",
          "a server was started without it and with it: at most 2 s and 64 MiB more");
    bool runs = lay_out(k) == CRM_OK && start_bare(k, &bare_ms, &bare_kib);
    runs = runs && kit_server_start(&k->server);
    if (!runs) {
        check_add(k, CHECK_BAD, title, did, buf_view(&k->server.said));
        return false;
    }
    long kib = check_status(k->server.pid, "VmRSS") - bare_kib;
    int64_t ms = k->server.start_ms - bare_ms;
    bool ok = ms <= START_MOST_MS && kib <= MEMORY_MOST;
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did,
              FOUND(k, W(k, "запуск %+lld мс, память %+ld КиБ", "start %+lld ms, memory %+ld KiB"),
                    (long long)ms, kib));
    if (sign_in(k, &k->anna, "anna") && sign_in(k, &k->boris, "boris") &&
        sign_in(k, &k->clara, "clara")) {
        return true;
    }
    check_add(k, CHECK_BAD, W(k, "Люди входят", "People sign in"), "anna, boris, clara",
              buf_view(&k->anna.reply));
    return false;
}

/* ---- its own ТЗ ------------------------------------------------------------------------------ */

void check_tz(check *k)
{
    const char *title = W(k, "Применимо его ТЗ", "Its ТЗ can be applied");
    crm_str file = arena_fmt(k->a, "%s/tests/tz.yaml", k->m.source);
    buf out;
    if (!file.p || access(file.p, F_OK) != 0) {
        check_add(k, CHECK_SKIPPED, title, "tests/tz.yaml",
                  str_of(W(k, "такого файла в модуле нет", "the module has no such file")));
        return;
    }
    buf_init(&out, 0);
    const char *const argv[] = {kit_self(k->a),    "tz",    "lint",   file.p,        "--modules",
                                k->server.modules, "--dev", "--lang", k->call->lang, NULL};
    int code = kit_run(argv, &out);
    check_add(k, code == 0 ? CHECK_GOOD : CHECK_BAD, title,
              W(k, "karkas tz lint tests/tz.yaml вместе с модулем",
                "karkas tz lint tests/tz.yaml together with the module"),
              buf_view(&out));
    buf_free(&out);
}
