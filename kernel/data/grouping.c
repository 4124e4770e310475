/* grouping.c - what keys and measures may be, what they give, and buckets of time. Any thread. */
#include "data/grouping.h"

#include "base/zone.h"
#include "data/field.h"

#define HOUR_MS 3600000LL
#define DAY_MS  86400000LL

/* ---- which fields ---------------------------------------------------------------------------- */

bool group_takes_key(const field *f)
{
    switch (field_stored_type(f)) {
    case FIELD_MULTILINE:
    case FIELD_JSON:
    case FIELD_FILE:
        return false;
    default:
        return !(f->flags & FIELD_MANY);
    }
}

bool group_takes_bucket(const field *f, bucket b)
{
    field_type type = field_stored_type(f);
    bool is_moment = type == FIELD_DATETIME;
    bool needs_moment = b == BUCKET_HOUR || b == BUCKET_HOUR_OF_DAY;
    return is_moment || (type == FIELD_DATE && !needs_moment);
}

bool group_takes_sum(const field *f)
{
    switch (field_stored_type(f)) {
    case FIELD_INT:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
    case FIELD_DURATION:
        return true;
    default:
        return false;
    }
}

bool group_takes_order(const field *f)
{
    field_type type = field_stored_type(f);
    return group_takes_sum(f) || type == FIELD_DATE || type == FIELD_DATETIME;
}

/* ---- buckets --------------------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* 1970-01-01 was a Thursday: days since the Monday before it, by sevens. */
static int64_t weekday(int64_t days)
{
    return days + 3 - floor_div(days + 3, 7) * 7;
}

static int64_t day_bucket(bucket b, int64_t days)
{
    switch (b) {
    case BUCKET_WEEK:
        return days - weekday(days);
    case BUCKET_MONTH:
        return clock_first_day(days, 1);
    case BUCKET_QUARTER:
        return clock_first_day(days, 3);
    case BUCKET_YEAR:
        return clock_first_day(days, 12);
    case BUCKET_WEEKDAY:
        return weekday(days) + 1;
    default:
        return days;
    }
}

value group_bucket(bucket b, const field *f, value v, const zone *z)
{
    if (b == BUCKET_NONE || v.kind != VALUE_INT) {
        return v;
    }
    if (field_stored_type(f) == FIELD_DATE) {
        return value_int(day_bucket(b, v.i));
    }
    int64_t offset = z ? zone_offset(z, v.i) : 0, local = v.i + offset;
    int64_t hour = floor_div(local, HOUR_MS), days = floor_div(local, DAY_MS);
    if (b == BUCKET_HOUR) {
        return value_int(hour * HOUR_MS - offset);
    }
    return value_int(b == BUCKET_HOUR_OF_DAY ? hour - days * 24 : day_bucket(b, days));
}

/* ---- types of results ------------------------------------------------------------------------ */

static result_type type_of_field(const field *f)
{
    return (result_type){.type = field_stored_type(f), .scale = f->scale, .field = f};
}

result_type group_key_type(const group_key *k)
{
    static const field_type types[] = {
#define X(name, text, type) FIELD_##type,
        BUCKET_MAP(X)
#undef X
    };
    if (k->bucket == BUCKET_NONE) {
        return type_of_field(field_path_end(&k->path));
    }
    return (result_type){.type = types[k->bucket]};
}

static result_type average_type(const field *f)
{
    result_type t = type_of_field(f);
    if (t.type != FIELD_DURATION) {
        t.scale += 2;
    }
    if (t.type == FIELD_INT) {
        t.type = FIELD_DECIMAL;
    }
    return t;
}

result_type measure_type(const grouping *g, uint32_t at)
{
    const measure *m = &g->measures[at];
    switch (m->kind) {
    case MEASURE_COUNT:
    case MEASURE_FILLED:
    case MEASURE_DISTINCT:
        return (result_type){.type = FIELD_INT};
    case MEASURE_SHARE:
        return (result_type){.type = FIELD_PERCENT, .scale = 2};
    case MEASURE_AVG:
        return average_type(field_path_end(&m->path));
    default:
        return type_of_field(field_path_end(&m->path));
    }
}

field result_field(result_type t)
{
    field f = t.field ? *t.field : (field){.def = value_null()};
    f.type = t.type;
    f.scale = t.scale;
    f.flags = f.max = 0;
    f.least = f.most = value_null();
    return f;
}
