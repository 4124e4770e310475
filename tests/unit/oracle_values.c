/* oracle_values.c - chance, and values and fields chosen by it. */
#include "data/address.h"
#include "data/field.h"
#include "oracle.h"

/* ---- chance ---------------------------------------------------------------------------------- */

uint32_t roll(dice *d, uint32_t sides)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return (uint32_t)(d->state >> 11) % sides;
}

dice dice_of(uint64_t n)
{
    dice d = {n * 0x9E3779B97F4A7C15u | 1};
    (void)roll(&d, 2);
    return d;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *const words[] = {"Ёлка",    "ёлка",  "елка",        "Ель", "ель  зелёная",
                                    "жук",     "Жук 2", "e",           "É",   "Straße",
                                    "STRASSE", "а",     "ёлка зелёные"};
static const char *const stages[] = {"new", "New", "won"};
static const char *const marks[] = {"vip", "VIP", "склад", "Ёж", "еж"};
static const char *const phones[] = {"+791", "+7916",        "+7917",      "8 916",
                                     "+7",   "+7916;ext=12", "+791;ext=1", "+7916;ext=3"};
static const char *const regions[] = {"spb", "msk"};
static const char *const targets[] = {"1", "2", "3", "4", "5", "6", "7"};
static const char *const numbers[] = {"7736", "773601001", "7736 01001", "044525225", "44525225"};
static const char *const lines[] = {"170000, г Тверь, ул Мира, д 5, кв 12",
                                    "тверь, МИРА, 5",
                                    "г Москва, ул Мира 5",
                                    "170000",
                                    "Россия, Тверская обл, пос Ёлкино",
                                    "Тверская область, пос Елкино, Ёлочная ул, дом 1",
                                    "где-то"};
static const char *const places[] = {"Тверь", "тверь",      "Мира",   "ул Мира",
                                     "5",     "пос Елкино", "170000", "Тверская область"};
/* As a row holds them: name, id, size, type. */
static const char *const files[] = {"Жук.pdf\tq3ZkAAAAAAAAAAAAAAAAAAAA\t10\tapplication/pdf",
                                    "жук 2.txt\tBq3kAAAAAAAAAAAAAAAAAAAA\t9\ttext/plain",
                                    "Ёлка.png\tCq3kAAAAAAAAAAAAAAAAAAAA\t8\timage/png"};
static const char *const documents[] = {"{\"a\":1}",  "{\"A\":1}", "[\"ёлка\"]",
                                        "[\"елка\"]", "7",         "true"};

/* Around both changes of Berlin's clocks in 2027, a new year, and before 1970. */
static const int64_t moments[] = {
    1806195599999, 1806195600000, 1824944400000, 1824948000000, 1824951600000, 1830294000000, -1,
    1500};

static int64_t some_duration(dice *d)
{
    return roll(d, 60) ? (int64_t)roll(d, 4) * 1000 : INT64_MAX;
}

value some_element(dice *d, const field *f)
{
    if (f->part) {
        return value_text(str_of(PICK(d, places)));
    }
    switch (field_stored_type(f)) {
    case FIELD_STAGE:
        return value_text(str_of(PICK(d, stages)));
    case FIELD_CHOICE:
    case FIELD_CHOICES:
        return value_text(str_of(PICK(d, regions)));
    case FIELD_PHONE:
        return value_text(str_of(PICK(d, phones)));
    case FIELD_TAGS:
    case FIELD_EMAIL:
    case FIELD_URL:
        return value_text(str_of(PICK(d, marks)));
    case FIELD_REF:
    case FIELD_USER:
        return value_int(1 + roll(d, 7)); /* some lead nowhere */
    case FIELD_REFS:
        return value_text(str_of(PICK(d, targets)));
    case FIELD_KPP:
    case FIELD_OGRN:
    case FIELD_BIK:
    case FIELD_ACCOUNT:
        return value_text(str_of(PICK(d, numbers)));
    case FIELD_ADDRESS:
        return value_text(str_of(PICK(d, lines)));
    case FIELD_FILE:
    case FIELD_FILES:
        return value_text(str_of(PICK(d, files)));
    case FIELD_JSON:
        return value_text(str_of(PICK(d, documents)));
    case FIELD_BOOL:
        return value_int(roll(d, 2));
    case FIELD_DATETIME:
        return value_int(PICK(d, moments));
    case FIELD_DURATION:
        return value_int(some_duration(d));
    default:
        return field_is_text(f) ? value_text(str_of(PICK(d, words)))
                                : value_int((int64_t)roll(d, 6) - 2);
    }
}

/* Of a field that no two rows may share: so many that not every row is refused. */
static value some_single(arena *a, dice *d, const field *f, value v)
{
    bool is_many = f->flags & FIELD_MANY;
    return field_is_text(f) ? value_text(arena_fmt(a, is_many ? "%.*s%u" : "%.*s %u", STR_FMT(v.s),
                                                   roll(d, is_many ? 60 : 12)))
                            : value_int(roll(d, 60));
}

value some_value(arena *a, dice *d, const field *f)
{
    if (roll(d, 4) == 0) {
        return value_null();
    }
    value v = some_element(d, f);
    while ((f->flags & FIELD_MANY) && roll(d, 2)) {
        crm_str more = some_element(d, f).s;
        v = value_text(arena_fmt(a, "%.*s\n%.*s", STR_FMT(v.s), STR_FMT(more)));
    }
    return f->flags & FIELD_UNIQUE ? some_single(a, d, f, v) : v;
}

/* A value as a condition may hold it: sometimes of the wrong kind, sometimes relative. */
value some_operand(dice *d, const field *f)
{
    if (roll(d, 15) == 0) {
        return field_is_text(f) ? value_int(1) : value_text(CRM_S("1"));
    }
    field_type type = field_stored_type(f);
    if ((type == FIELD_DATE || type == FIELD_DATETIME) && roll(d, 2)) {
        return (value){.kind = roll(d, 2) ? VALUE_NOW : VALUE_TODAY, .i = (int64_t)roll(d, 5) - 2};
    }
    return some_element(d, f);
}

/* ---- fields ---------------------------------------------------------------------------------- */

const entity *some_entity(maker *m)
{
    return roll(&m->d, 3) ? m->w->main : m->w->entities[roll(&m->d, m->w->reg.entity_count)];
}

const field *some_part(dice *d, const field *f)
{
    return f->parts && roll(d, 3) ? &f->parts[roll(d, ADDRESS_PARTS)] : f;
}

const field *some_own(dice *d, const entity *e)
{
    return some_part(d, &e->fields[COL_OWN + roll(d, e->field_count - COL_OWN)]);
}

const field *some_such(dice *d, const entity *e, bool (*is)(const field *f))
{
    const field *fit[FIELDS_MAX];
    uint32_t count = 0;
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (is(&e->fields[i])) {
            fit[count++] = &e->fields[i];
        }
    }
    return count ? fit[roll(d, count)] : NULL;
}

bool is_link(const field *f)
{
    return (f->type == FIELD_REF || f->type == FIELD_USER) && f->ref;
}

bool is_reference(const field *f)
{
    return is_link(f) || (f->type == FIELD_REFS && f->ref);
}

bool is_single(const field *f)
{
    return !(f->flags & FIELD_MANY);
}

bool is_words(const field *f)
{
    return f->type == FIELD_TEXT || f->type == FIELD_MULTILINE;
}

const field *owner_of(const entity *e)
{
    return &e->fields[e->owner_fields[0] ? e->owner_fields[0] : COL_CREATED_BY];
}

const field *place_of(const entity *e)
{
    return e->department_field ? &e->fields[e->department_field] : owner_of(e);
}

const field *stage_of(const entity *e)
{
    return &e->fields[e->stage_field ? e->stage_field : COL_CREATED_BY];
}
