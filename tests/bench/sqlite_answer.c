/* sqlite_answer.c - a row of the contacts' table as JSON. */
#include "sqlite_answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLES_MAX 4096 /* ids of people and departments, which are small */
#define DAY_MS     86400000

typedef enum kind { NUMBER, MOMENT, TEXT, MANY, PERSON, DEPARTMENT, COMPANY, MARKS } kind;

/* In the order of the answer, not of the table. */
static const struct {
    const char *name;
    kind kind;
} members[] = {
    {"id", NUMBER},
    {"rev", NUMBER},
    {"created_at", MOMENT},
    {"updated_at", MOMENT},
    {"created_by", PERSON},
    {"name", TEXT},
    {"phone", MANY},
    {"email", MANY},
    {"company", COMPANY},
    {"position", TEXT},
    {"city", TEXT},
    {"source", TEXT},
    {"tags", MANY},
    {"note", TEXT},
    {"owner", PERSON},
    {"participant", PERSON},
    {"department", DEPARTMENT},
    {"first_lead", NUMBER},
    {"_marks", MARKS}, /* the first is empty: they came by no request */
};
#define MEMBERS ((int)(sizeof members / sizeof members[0]))

typedef struct titles {
    char *of[TITLES_MAX]; /* by id: {"id":7,"label":"…"} */
} titles;

struct answer {
    char columns[16 * MEMBERS];
    char keys[MEMBERS][32]; /* `,"name":` */
    size_t key_bytes[MEMBERS];
    titles people, departments;
    sqlite3 *db;
    sqlite3_stmt *company;
};

/* ---- text ------------------------------------------------------------------------------------ */

static char *room(text *t, size_t n)
{
    if (t->n + n > t->cap) {
        t->cap = (t->n + n) * 2;
        t->p = need(realloc(t->p, t->cap));
    }
    return t->p + t->n;
}

void text_add(text *t, const char *p, size_t n)
{
    memcpy(room(t, n), p, n);
    t->n += n;
}

void text_add_z(text *t, const char *z)
{
    text_add(t, z, strlen(z));
}

void text_add_number(text *t, int64_t v)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0) {
        *--at = '-';
    }
    text_add(t, at, (size_t)(digits + sizeof digits - at));
}

/* Whether none of eight bytes is a quote, a backslash or below 0x20; at times too careful. */
static bool are_clean(const unsigned char *p)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t w;
    memcpy(&w, p, 8);
    uint64_t quote = w ^ each * '"', backslash = w ^ each * '\\';
    uint64_t low = (w - each * 0x20) & ~w, q = (quote - each) & ~quote;
    return !((low | q | ((backslash - each) & ~backslash)) & each * 0x80);
}

static char *escape(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef", shorts[] = "n\nt\tr\r\"\"\\\\";
    *out++ = '\\';
    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((unsigned char)shorts[i + 1] == c) {
            *out++ = shorts[i];
            return out;
        }
    }
    memcpy(out, "u00", 3);
    out[3] = hex[c >> 4];
    out[4] = hex[c & 15];
    return out + 5;
}

/* RFC 8259 §7: six bytes at most for each of the text's. */
static void add_string(text *t, const unsigned char *s, size_t n)
{
    char *start = room(t, n * 6 + 2), *out = start;
    *out++ = '"';
    for (size_t i = 0; i < n;) {
        if (n - i >= 8 && are_clean(s + i)) {
            memcpy(out, s + i, 8);
            out += 8;
            i += 8;
        } else if (s[i] >= 32 && s[i] != '"' && s[i] != '\\') {
            *out++ = (char)s[i++];
        } else {
            out = escape(out, s[i++]);
        }
    }
    *out++ = '"';
    t->n += (size_t)(out - start);
}

static char *put(char *at, int64_t v, int width)
{
    for (int i = width - 1; i >= 0; i--, v /= 10) {
        at[i] = (char)('0' + v % 10);
    }
    return at + width;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", for years after 1970. */
static void add_moment(text *t, int64_t ms)
{
    int64_t z = ms / DAY_MS + 719468, rest = ms % DAY_MS, era = z / 146097, doe = z % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    char form[] = "\"0000-00-00T00:00:00.000Z\"";
    put(form + 1, yoe + era * 400 + (month <= 2), 4);
    put(form + 6, month, 2);
    put(form + 9, doy - (153 * mp + 2) / 5 + 1, 2);
    put(form + 12, rest / 3600000, 2);
    put(form + 15, rest / 60000 % 60, 2);
    put(form + 18, rest / 1000 % 60, 2);
    put(form + 21, rest % 1000, 3);
    text_add(t, form, sizeof form - 1);
}

static void add_many(text *t, const char *s)
{
    text_add(t, "[", 1);
    for (const char *end; s && *s; s = *end ? end + 1 : end) {
        end = strchr(s, '\n');
        end = end ? end : s + strlen(s);
        add_string(t, (const unsigned char *)s, (size_t)(end - s));
        if (*end) {
            text_add(t, ",", 1);
        }
    }
    text_add(t, "]", 1);
}

/* ---- titles ---------------------------------------------------------------------------------- */

static void add_reference(text *t, int64_t id, const unsigned char *title, size_t n)
{
    text_add_z(t, "{\"id\":");
    text_add_number(t, id);
    text_add_z(t, ",\"label\":");
    add_string(t, title, n);
    text_add(t, "}", 1);
}

static void read_titles(sqlite3 *db, titles *out, const char *entity, const char *title)
{
    int e = entity_id(db, entity);
    sqlite3_stmt *s =
        prepare(db, "SELECT c%d, c%d FROM e%d", field_id(db, e, "id"), field_id(db, e, title), e);
    while (sqlite3_step(s) == SQLITE_ROW) {
        text t = {0};
        int64_t id = sqlite3_column_int64(s, 0);
        if (id >= TITLES_MAX) {
            fail(db, "more people than this program keeps titles of");
        }
        const unsigned char *of = sqlite3_column_text(s, 1);
        add_reference(&t, id, of, (size_t)sqlite3_column_bytes(s, 1));
        text_add(&t, "", 1);
        out->of[id] = t.p;
    }
    sqlite3_finalize(s);
}

static void add_titled(answer *a, text *t, const titles *from, int64_t id)
{
    if (id <= 0 || id >= TITLES_MAX || !from->of[id]) {
        fail(a->db, "a person without a title");
    }
    text_add_z(t, from->of[id]);
}

static void add_company(answer *a, text *t, int64_t id)
{
    sqlite3_bind_int64(a->company, 1, id);
    if (sqlite3_step(a->company) != SQLITE_ROW) {
        fail(a->db, "a company that is not there");
    }
    const unsigned char *title = sqlite3_column_text(a->company, 0);
    add_reference(t, id, title, (size_t)sqlite3_column_bytes(a->company, 0));
    sqlite3_reset(a->company);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void add_member(answer *a, text *t, kind k, sqlite3_value *v)
{
    bool is_null = sqlite3_value_type(v) == SQLITE_NULL;
    if (k == MANY) {
        add_many(t, (const char *)sqlite3_value_text(v));
    } else if (is_null) {
        text_add(t, "null", 4);
    } else if (k == NUMBER) {
        text_add_number(t, sqlite3_value_int64(v));
    } else if (k == MOMENT) {
        add_moment(t, sqlite3_value_int64(v));
    } else if (k == PERSON) {
        add_titled(a, t, &a->people, sqlite3_value_int64(v));
    } else if (k == DEPARTMENT) {
        add_titled(a, t, &a->departments, sqlite3_value_int64(v));
    } else if (k == COMPANY) {
        add_company(a, t, sqlite3_value_int64(v));
    } else {
        add_string(t, sqlite3_value_text(v), (size_t)sqlite3_value_bytes(v));
    }
}

void answer_row(answer *a, text *t, sqlite3_stmt *row, const char *can)
{
    for (int i = 0; i < MEMBERS - 1; i++) {
        text_add(t, a->keys[i], a->key_bytes[i]);
        add_member(a, t, members[i].kind, sqlite3_column_value(row, i));
    }
    if (sqlite3_column_type(row, MEMBERS - 1) != SQLITE_NULL) {
        fail(a->db, "a marked contact: this program does not write marks");
    }
    text_add_z(t, ",\"_can\":");
    text_add_z(t, can);
    text_add(t, "}", 1);
}

const char *answer_columns(const answer *a)
{
    return a->columns;
}

answer *answer_new(sqlite3 *db, const layout *l)
{
    answer *a = need(calloc(1, sizeof *a));
    int company = entity_id(db, "contacts.company");
    size_t n = 0;
    a->db = db;
    for (int i = 0; i < MEMBERS; i++) {
        n += (size_t)snprintf(a->columns + n, sizeof a->columns - n, "%sc%d", i ? "," : "",
                              field_id(db, l->person, members[i].name));
        a->key_bytes[i] = (size_t)snprintf(a->keys[i], sizeof a->keys[i],
                                           "%s\"%s\":", i ? "," : "{", members[i].name);
    }
    read_titles(db, &a->people, "user", "name");
    read_titles(db, &a->departments, "department", "title");
    a->company = prepare(db, "SELECT c%d FROM e%d WHERE c%d=?1", field_id(db, company, "name"),
                         company, field_id(db, company, "id"));
    return a;
}

void answer_free(answer *a)
{
    for (int i = 0; i < TITLES_MAX; i++) {
        free(a->people.of[i]);
        free(a->departments.of[i]);
    }
    sqlite3_finalize(a->company);
    free(a);
}
