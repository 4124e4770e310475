/*
 * kit_check_sample.c - records that the kit fills in by itself: a value for each field that is
 * asked for, and the records that it refers to.
 */
#include "kit_check.h"

#define DEPTH_MAX   4 /* of records that refer to each other */
#define SERIAL_MARK "kitn"
#define SERIAL_SIZE 8 /* digits behind the mark */

bool check_is_own(const check *k, const entity *e)
{
    return kit_is_own(&k->m, e->name);
}

/* ---- values ---------------------------------------------------------------------------------- */

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

static bool is_text(const field *f)
{
    return f->type == FIELD_TEXT || f->type == FIELD_MULTILINE || f->type == FIELD_ADDRESS;
}

/* No second record may have the same value. */
static bool is_unique(const field *f)
{
    bool is = f->flags & FIELD_UNIQUE;
    for (uint32_t i = 0; !is && i < f->entity->index_count; i++) {
        const entity_index *x = &f->entity->indexes[i];
        is = x->is_unique && x->field[0] == f->index;
    }
    return is;
}

/* Another one at each call; check_renumber makes a body whose values differ of one that was made.
 */
static bool put_unique(check *k, const field *f, const char *marker, buf *b)
{
    uint32_t n = ++k->serial;
    if (is_text(f) && (f->max == 0 || f->max >= strlen(marker) + SERIAL_SIZE + 5)) {
        buf_fmt(b, "\"%s " SERIAL_MARK "%08u\"", marker, n);
        return true;
    }
    if (f->type == FIELD_EMAIL) {
        buf_fmt(b, "\"" SERIAL_MARK "%08u@example.ru\"", n);
        return true;
    }
    return false;
}

void check_renumber(char *body, uint32_t n)
{
    for (char *at = strstr(body, SERIAL_MARK); at; at = strstr(at + 1, SERIAL_MARK)) {
        if (strspn(at + sizeof SERIAL_MARK - 1, "0123456789") < SERIAL_SIZE) {
            continue;
        }
        char *last = at + sizeof SERIAL_MARK - 1 + SERIAL_SIZE - 1;
        for (uint32_t i = 0, left = n; i < SERIAL_SIZE - 1; i++, left /= 10) {
            *(last - i) = (char)('0' + left % 10);
        }
        at[sizeof SERIAL_MARK - 1] = '9'; /* those that were made singly begin with 0 */
    }
}

static int64_t target_of(check *k, kit_client *c, const field *f)
{
    int64_t id = 0;
    if (f->ref && f->ref != f->entity && k->depth < DEPTH_MAX) {
        k->depth++;
        id = check_make(k, c, f->ref, "kit");
        k->depth--;
    }
    return id;
}

/* What the field is given, as JSON; false when nothing fits. */
static bool put_value(check *k, kit_client *c, const field *f, const char *marker, buf *b)
{
    const char *plain = plain_value(f);
    int64_t id = 0;
    if (is_unique(f) && f->type != FIELD_REF) {
        return put_unique(k, f, marker, b);
    }
    if (plain) {
        buf_z(b, plain);
    } else if (is_text(f)) {
        buf_json(b, str_of(marker));
    } else if (f->type == FIELD_INT) {
        buf_int(b, value_is_null(f->least) ? 1 : f->least.i);
    } else if (f->type == FIELD_CHOICE && f->choice_count) {
        buf_json(b, f->choices[0].value);
    } else if (f->type == FIELD_CHOICES && f->choice_count) {
        buf_fmt(b, "[\"%.*s\"]", STR_FMT(f->choices[0].value));
    } else if (f->type == FIELD_USER && c && c->user) {
        buf_int(b, c->user);
    } else if (f->type == FIELD_REF && (id = target_of(k, c, f))) {
        buf_int(b, id);
    } else {
        return false;
    }
    return true;
}

/* ---- records --------------------------------------------------------------------------------- */

static bool is_given(const entity *e, const field *f)
{
    bool is_title = f->index == e->title_field && (f->type == FIELD_TEXT);
    return (kit_is_asked(e, f) || is_title) && !(f->flags & (FIELD_READ_ONLY | FIELD_HIDDEN)) &&
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

const char *check_change(check *k, const entity *e, const char *marker)
{
    buf b;
    buf_init(&b, 1 << 16);
    for (uint32_t i = COL_OWN; i < e->field_count && !b.n; i++) {
        const field *f = &e->fields[i];
        if (is_given(e, f) && is_text(f)) {
            buf_fmt(&b, "{\"%.*s\":", STR_FMT(f->name));
            if (!put_value(k, NULL, f, marker, &b)) {
                buf_clear(&b);
                continue;
            }
            buf_char(&b, '}');
        }
    }
    const char *out = b.n && !b.failed ? arena_cstr(k->a, buf_view(&b)) : NULL;
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

/* The first that can be made: of the module's own, else of those its hooks are asked about. */
const entity *check_entity(check *k)
{
    for (int is_own = 1; is_own >= 0; is_own--) {
        for (uint32_t i = 0; i < k->reg->entity_count; i++) {
            const entity *e = k->reg->entities[i];
            bool is_meant = is_own ? check_is_own(k, e) : kit_concerns(&k->m, k->reg, e);
            if (is_meant && !e->parent_field && !e->parent_kind_field &&
                check_make(k, &k->anna, e, "kit")) {
                return e;
            }
        }
    }
    return NULL;
}
