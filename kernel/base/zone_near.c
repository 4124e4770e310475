/* zone_near.c - which time zone is meant by a name that is none. Any thread that may block. */
#include "base/fs.h"
#include "base/str.h"
#include "base/text.h"
#include "base/zone.h"

#define TABLE     "/usr/share/zoneinfo/zone.tab"
#define TABLE_MAX ((size_t)256 * 1024)
#define ZONE_MAX  1024 /* places of the table; there are some 420 */

static crm_str folded(arena *a, crm_str s)
{
    crm_str out;
    return text_lower(a, s, &out) == CRM_OK ? out : (crm_str){0};
}

/* "Moscow" of "Europe/Moscow". */
static crm_str place_of(crm_str s)
{
    size_t n = s.n;
    while (n && s.p[n - 1] != '/') {
        n--;
    }
    return (crm_str){s.p + n, s.n - n};
}

/* The third of a line's columns, "RU\t+554521+0373704\tEurope/Moscow\t…"; empty for a comment. */
static crm_str name_in(crm_str line)
{
    for (int i = 0; i < 2 && line.n && line.p[0] != '#'; i++) {
        ptrdiff_t tab = str_find(line, '\t');
        size_t skip = tab < 0 ? line.n : (size_t)tab + 1;
        line = (crm_str){line.p + skip, line.n - skip};
    }
    ptrdiff_t end = str_find(line, '\t');
    bool is_comment = line.n && line.p[0] == '#';
    return is_comment ? (crm_str){0} : (crm_str){line.p, end < 0 ? line.n : (size_t)end};
}

static size_t read_names(arena *a, crm_str *names)
{
    crm_str table;
    size_t count = 0;
    names[count++] = CRM_S("UTC");
    if (fs_read(a, TABLE, TABLE_MAX, &table) != CRM_OK) {
        return count;
    }
    while (table.n && count < ZONE_MAX) {
        ptrdiff_t end = str_find(table, '\n');
        crm_str line = {table.p, end < 0 ? table.n : (size_t)end};
        crm_str name = name_in(line);
        if (name.n) {
            names[count++] = name;
        }
        size_t skip = line.n + (end >= 0);
        table = (crm_str){table.p + skip, table.n - skip};
    }
    return count;
}

/* The first whose place is that of `wanted`, whatever part of the world it was put into. */
static crm_str of_place(crm_str wanted, const crm_str *names, const crm_str *keys, size_t count)
{
    crm_str place = place_of(wanted);
    for (size_t i = 0; place.n && i < count; i++) {
        if (str_eq(place_of(keys[i]), place)) {
            return names[i];
        }
    }
    return (crm_str){0};
}

static crm_str near(crm_str wanted, const crm_str *names, const crm_str *keys, size_t count)
{
    crm_str key = text_nearest(wanted, keys, count);
    for (size_t i = 0; key.n && i < count; i++) {
        if (keys[i].p == key.p) {
            return names[i];
        }
    }
    return (crm_str){0};
}

crm_str zone_nearest(arena *a, crm_str name)
{
    crm_str *names = ARENA_ARRAY(a, crm_str, ZONE_MAX), *keys = ARENA_ARRAY(a, crm_str, ZONE_MAX);
    crm_str wanted = folded(a, name);
    if (!names || !keys || !wanted.n) {
        return (crm_str){0};
    }
    size_t count = read_names(a, names);
    for (size_t i = 0; i < count; i++) {
        keys[i] = folded(a, names[i]);
    }
    crm_str found = of_place(wanted, names, keys, count);
    found = found.n ? found : near(wanted, names, keys, count);
    for (size_t i = 0; !found.n && i < count; i++) {
        keys[i] = place_of(keys[i]);
    }
    return found.n ? found : near(place_of(wanted), names, keys, count);
}
