/* zone.c - reads TZif files: the version 2 block, whose times are 64-bit. */
#include "base/zone.h"

#include "base/fs.h"
#include "base/str.h"

#define ZONE_DIR      "/usr/share/zoneinfo/"
#define ZONE_FILE_MAX ((size_t)256 * 1024)
#define HEADER_SIZE   44
#define DAY_MS        86400000LL

struct zone {
    uint32_t count;        /* of transitions */
    const int64_t *at;     /* seconds UTC, ascending */
    const int32_t *offset; /* seconds, from at[i] on */
    int32_t before;        /* the offset before the first transition */
};

/* The six counts of a TZif header. */
typedef struct counts {
    uint32_t utc, standard, leap, times, types, chars;
} counts;

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool read_header(crm_str s, counts *c)
{
    if (s.n < HEADER_SIZE || memcmp(s.p, "TZif", 4) != 0 || s.p[4] < '2') {
        return false;
    }
    *c = (counts){be32(s.p + 20), be32(s.p + 24), be32(s.p + 28),
                  be32(s.p + 32), be32(s.p + 36), be32(s.p + 40)};
    uint32_t limit = ZONE_FILE_MAX;
    return c->utc < limit && c->standard < limit && c->leap < limit && c->times < limit &&
           c->types > 0 && c->types <= 256 && c->chars < limit;
}

static size_t block_size(const counts *c, size_t time_size)
{
    return c->times * (time_size + 1) + (size_t)c->types * 6 + c->chars +
           c->leap * (time_size + 4) + c->standard + c->utc;
}

static crm_status read_block(arena *a, const char *p, const counts *c, zone *z)
{
    int64_t *at = ARENA_ARRAY(a, int64_t, c->times + 1);
    int32_t *offset = ARENA_ARRAY(a, int32_t, c->times + 1);
    if (!at || !offset) {
        return CRM_NOMEM;
    }
    const char *index = p + (size_t)c->times * 8, *types = index + c->times;
    for (uint32_t i = 0; i < c->times; i++) {
        unsigned char type = (unsigned char)index[i];
        if (type >= c->types) {
            return CRM_INVALID;
        }
        at[i] = be64(p + (size_t)i * 8);
        offset[i] = (int32_t)be32(types + (size_t)type * 6);
    }
    *z = (zone){c->times, at, offset, (int32_t)be32(types)};
    return CRM_OK;
}

static crm_status parse(arena *a, crm_str s, zone *z)
{
    counts c;
    if (!read_header(s, &c)) {
        return CRM_INVALID;
    }
    size_t skip = HEADER_SIZE + block_size(&c, 4);
    if (s.n < skip) {
        return CRM_INVALID;
    }
    s.p += skip;
    s.n -= skip;
    if (!read_header(s, &c) || s.n < HEADER_SIZE + block_size(&c, 8)) {
        return CRM_INVALID;
    }
    return read_block(a, s.p + HEADER_SIZE, &c, z);
}

/* Names are letters, digits and "_-+/" only, so none leaves the database's folder. */
static bool is_name(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
        if (!is_letter && !is_other) {
            return false;
        }
    }
    return s.n < 64 && s.p[0] != '/';
}

crm_status zone_load(arena *a, crm_str name, const zone **out)
{
    zone *z = ARENA_NEW(a, zone);
    if (!z) {
        return CRM_NOMEM;
    }
    *out = z;
    if (!name.n) {
        return CRM_OK;
    }
    if (!is_name(name)) {
        return CRM_NOT_FOUND;
    }
    crm_str path = arena_fmt(a, ZONE_DIR "%.*s", STR_FMT(name)), data;
    if (!path.p) {
        return CRM_NOMEM;
    }
    crm_status st = fs_read(a, path.p, ZONE_FILE_MAX, &data);
    if (st == CRM_OK) {
        st = parse(a, data, z);
    }
    return st == CRM_OK || st == CRM_NOMEM ? st : CRM_NOT_FOUND;
}

int64_t zone_offset(const zone *z, int64_t ms)
{
    int64_t s = ms >= 0 ? ms / 1000 : -((999 - ms) / 1000);
    uint32_t low = 0, high = z->count; /* the first transition after `s` is in [low, high] */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (z->at[middle] <= s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int64_t)(low ? z->offset[low - 1] : z->before) * 1000;
}

int64_t zone_from_local(const zone *z, int64_t local_ms)
{
    /* No offset passes a day, so the two may differ by one change of the clocks only. */
    int64_t before = zone_offset(z, local_ms - DAY_MS), after = zone_offset(z, local_ms + DAY_MS);
    int64_t early = local_ms - before;
    return zone_offset(z, early) == before             ? early
           : zone_offset(z, local_ms - after) == after ? local_ms - after
                                                       : early;
}

int64_t zone_day_start(const zone *z, int64_t ms)
{
    int64_t local = ms + zone_offset(z, ms);
    int64_t into = local % DAY_MS;
    return zone_from_local(z, local - (into < 0 ? into + DAY_MS : into));
}
