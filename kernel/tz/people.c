/*
 * people.c - who works here: the table of people becomes the same map that may stand in the ТЗ
 * itself, `login: {name, email, …}`, so that both are checked by one schema. Any thread.
 */
#include "tz/csv.h"
#include "tz/tz_private.h"

/* ---- the table ------------------------------------------------------------------------------- */

/* A column's key and what people call it, in any case. */
static const struct {
    const char *key, *title;
} columns[] = {
    {"login", "логин"},          {"name", "ФИО"},         {"name", "имя"},   {"email", "почта"},
    {"phone", "телефон"},        {"department", "отдел"}, {"roles", "роли"}, {"roles", "роль"},
    {"extension", "добавочный"}, {"deputy", "замещает"},
};
#define COLUMN_COUNT (sizeof columns / sizeof columns[0])

static bool same_word(arena *a, crm_str x, const char *z)
{
    crm_str kx, kz;
    return text_sort_key(a, x, &kx) == CRM_OK && text_sort_key(a, str_of(z), &kz) == CRM_OK &&
           str_eq(kx, kz);
}

/* The key of a column, or NULL with a fault. */
static const char *column_key(tz_faults *f, const yaml_node *header)
{
    tz_names known = {0};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (same_word(f->a, header->text, columns[i].key) ||
            same_word(f->a, header->text, columns[i].title)) {
            return columns[i].key;
        }
        tz_names_add(f->a, &known, str_of(columns[i].key));
        tz_names_add(f->a, &known, str_of(columns[i].title));
    }
    tz_refuse_near(f, header, "unknown_column", header->text, &known);
    return NULL;
}

/* "manager, head" in one cell becomes a list. */
static void split_roles(tz_faults *f, yaml_node *cell)
{
    crm_str rest = cell->text, part;
    cell->kind = YAML_LIST;
    cell->text = (crm_str){0};
    while (rest.n) {
        size_t n = 0;
        while (n < rest.n && !strchr(" ,;|", rest.p[n])) {
            n++;
        }
        part = (crm_str){rest.p, n};
        rest = (crm_str){rest.p + n + (n < rest.n), rest.n - n - (n < rest.n)};
        yaml_node *item = part.n ? ARENA_NEW(f->a, yaml_node) : NULL;
        if (item) {
            *item = (yaml_node){.kind = YAML_SCALAR,
                                .line = cell->line,
                                .column = cell->column,
                                .file = cell->file,
                                .text = arena_dup(f->a, part)};
            node_append(cell, item);
        }
    }
}

/* A row as `login: {…}`: empty cells are left out. */
static void take_row(tz_faults *f, yaml_node *all, yaml_node *row, const char *const *keys)
{
    yaml_node *login = NULL, *cells = row->first;
    int at = 0;
    row->first = NULL;
    row->count = 0;
    for (yaml_node *n = cells, *next; n; n = next, at++) {
        next = n->next;
        if (!keys[at] || !n->text.n) {
            continue;
        }
        n->key = str_of(keys[at]);
        if (str_is(n->key, "login")) {
            login = n;
            continue;
        }
        if (str_is(n->key, "roles")) {
            split_roles(f, n);
        }
        node_append(row, n);
    }
    if (!login) {
        if (row->count) {
            tz_refuse(f, row, "missing", CRM_S("login"));
        }
        return;
    }
    row->key = login->text;
    row->key_line = login->line;
    row->key_column = login->column;
    const yaml_node *first = yaml_get(all, arena_cstr(f->a, row->key));
    if (first) {
        tz_fault fault = tz_fault_key(row, "duplicate");
        fault.expected = arena_fmt(f->a, "%s:%d", first->file, first->key_line);
        tz_faults_add(f, &fault);
        return;
    }
    node_append(all, row);
}

static void take_table(tz_faults *f, yaml_node *all, yaml_node *rows)
{
    const char *keys[64] = {0};
    int at = 0;
    YAML_EACH(n, rows->first) {
        keys[at++] = column_key(f, n);
    }
    for (yaml_node *row = rows->first ? rows->first->next : NULL, *next; row; row = next) {
        next = row->next;
        take_row(f, all, row, keys);
    }
}

void people_load(tz *t, tz_faults *f)
{
    yaml_node *all = node_map(t->root, "people"), *rows = NULL;
    const yaml_node *file = yaml_get(all, "file");
    const char *name;
    csv_error err;
    if (!file || file->kind != YAML_SCALAR || !file->text.n) {
        return;
    }
    crm_str text = tz_read_beside(t, f, file, &name);
    crm_status s = text.p ? csv_parse(t->a, name, text, &rows, &err) : CRM_OK;
    if (s == CRM_INVALID) {
        tz_fault fault = {.file = name,
                          .line = err.line,
                          .column = err.column,
                          .code = str_of(err.code),
                          .subject = file->text};
        tz_faults_add(f, &fault);
    } else if (rows) {
        take_table(f, all, rows);
    }
}

/* ---- the list -------------------------------------------------------------------------------- */

static void take_roles(tz *t, const yaml_node *roles, tz_person *out)
{
    crm_str *names = roles ? ARENA_ARRAY(t->a, crm_str, (size_t)roles->count + 1) : NULL;
    if (!names) {
        return;
    }
    TZ_EACH_NAME(n, roles)
    {
        names[out->role_count++] = n->text;
    }
    out->roles = names;
}

static void take_services(tz *t, const yaml_node *all, tz_person *rows)
{
    YAML_EACH(n, all) {
        if (n->kind != YAML_MAP) {
            continue;
        }
        tz_person *p = &rows[t->people_count++];
        *p = (tz_person){.login = n->key,
                         .name = yaml_text(n, "title"),
                         .department = yaml_text(n, "department"),
                         .is_service = true,
                         .at = n};
        take_roles(t, yaml_get(n, "roles"), p);
    }
}

void people_list(tz *t)
{
    const yaml_node *all = node_map(t->root, "people"), *services = node_map(t->root, "services");
    size_t most = (size_t)(all ? all->count : 0) + (size_t)(services ? services->count : 0);
    tz_person *rows = ARENA_ARRAY(t->a, tz_person, most + 1);
    if (!rows) {
        return;
    }
    take_services(t, services, rows);
    YAML_EACH(n, all) {
        if (n->kind != YAML_MAP) {
            continue;
        }
        tz_person *p = &rows[t->people_count++];
        *p = (tz_person){.login = n->key,
                         .name = yaml_text(n, "name"),
                         .email = yaml_text(n, "email"),
                         .phone = yaml_text(n, "phone"),
                         .department = yaml_text(n, "department"),
                         .extension = yaml_text(n, "extension"),
                         .at = n};
        take_roles(t, yaml_get(n, "roles"), p);
    }
    t->people = rows;
}
