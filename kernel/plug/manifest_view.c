/* manifest_view.c - views: checked against the fields and written as the UI gets them (API.md,
 * meta). */
#include "plug/manifest.h"

/* ---- plain values ---------------------------------------------------------------------------- */

static void scalar_to_json(json_writer *w, const yaml_node *n)
{
    int64_t number;
    if (!n->is_quoted && str_to_i64(n->text, &number) == CRM_OK) {
        jw_int(w, number);
    } else if (!n->is_quoted && (str_is(n->text, "true") || str_is(n->text, "false"))) {
        jw_bool(w, n->text.p[0] == 't');
    } else {
        jw_str(w, n->text);
    }
}

/* Depth is bounded by YAML_DEPTH_MAX. */
void node_to_json(json_writer *w, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) {
        scalar_to_json(w, n);
        return;
    }
    bool is_map = n->kind == YAML_MAP;
    if (is_map) {
        jw_object(w);
    } else {
        jw_array(w);
    }
    YAML_EACH(child, n) {
        if (is_map) {
            jw_key(w, child->key);
        }
        node_to_json(w, child);
    }
    if (is_map) {
        jw_end_object(w);
    } else {
        jw_end_array(w);
    }
}

/* ---- names of fields ------------------------------------------------------------------------- */

typedef struct view_writer {
    reader *rd;
    const field_list *l;
    crm_str prefix; /* "tasks.task" */
    json_writer w;
} view_writer;

/* False: unknown (a fault) or dropped (silently left out). `-` before a name is a descending sort.
 */
static bool may_name(view_writer *v, const yaml_node *n, crm_str name)
{
    if (name.n && name.p[0] == '-') {
        name = (crm_str){name.p + 1, name.n - 1};
    }
    if (field_is_known(v->l, name)) {
        return true;
    }
    field_at(v->rd, v->l, n, name);
    return false;
}

static void write_names(view_writer *v, const char *key, const yaml_node *list)
{
    if (!list) {
        return;
    }
    if (list->kind != YAML_LIST) {
        fault_at(v->rd->f, list, "wrong_type", str_of(key));
        return;
    }
    jw_karray(&v->w, key);
    YAML_EACH(n, list) {
        if (may_name(v, n, n->text)) {
            jw_str(&v->w, n->text);
        }
    }
    jw_end_array(&v->w);
}

/* Every field a condition names at the head of its comparisons; paths are the seal's business. */
static bool check_condition(view_writer *v, const yaml_node *n)
{
    const yaml_node *head = n->kind == YAML_LIST ? n->first : NULL;
    bool is_fine = true;
    if (!head || head->kind != YAML_SCALAR) {
        fault_at(v->rd->f, n, "wrong_type", CRM_S("filter"));
        return false;
    }
    if (str_is(head->text, "exists")) {
        return true; /* of another entity's fields, which the seal knows */
    }
    if (!str_is(head->text, "and") && !str_is(head->text, "or") && !str_is(head->text, "not")) {
        return str_find(head->text, '.') >= 0 || may_name(v, head, head->text);
    }
    for (const yaml_node *child = head->next; child; child = child->next) {
        is_fine = check_condition(v, child) && is_fine;
    }
    return is_fine;
}

/* Whether it asks for records of an entity that is not part of this deployment. */
static bool asks_absent(const view_writer *v, const yaml_node *n)
{
    const yaml_node *head = n->kind == YAML_LIST ? n->first : NULL;
    if (head && head->kind == YAML_SCALAR && str_is(head->text, "exists")) {
        const yaml_node *of = head->next;
        return of && of->kind == YAML_SCALAR && str_find(of->text, '.') >= 0 &&
               !is_enabled(v->rd->on, of->text);
    }
    for (const yaml_node *child = head; child; child = child->next) {
        if (asks_absent(v, child)) {
            return true;
        }
    }
    return false;
}

static void write_label(view_writer *v, const char *kind, crm_str name)
{
    jw_kstr(&v->w, "label",
            arena_fmt(v->rd->a, "%.*s.%s.%.*s", STR_FMT(v->prefix), kind, STR_FMT(name)));
}

static void write_flag(view_writer *v, const yaml_node *n, const char *key)
{
    if (read_flag(v->rd, n, key)) {
        jw_kbool(&v->w, key, true);
    }
}

/* ---- the kinds of views ---------------------------------------------------------------------- */

static void write_list_view(view_writer *v, const yaml_node *n)
{
    static const char *const keys[] = {"id",   "columns", "sort", "filter", "phone",
                                       "live", "home",    "due",  NULL};
    const yaml_node *filter = yaml_get(n, "filter"), *due = yaml_get(n, "due");
    crm_str id = yaml_text(n, "id");
    if (!keys_check(v->rd->f, n, keys)) {
        return;
    }
    if (!id.n || !yaml_get(n, "columns")) {
        fault_at(v->rd->f, n, "missing", id.n ? CRM_S("columns") : CRM_S("id"));
        return;
    }
    if (filter && asks_absent(v, filter)) {
        return; /* another module's absence: without its condition the list would show other records
                 */
    }
    jw_object(&v->w);
    jw_kstr(&v->w, "id", id);
    write_label(v, "v", id);
    write_names(v, "columns", yaml_get(n, "columns"));
    write_names(v, "sort", yaml_get(n, "sort"));
    write_names(v, "phone", yaml_get(n, "phone"));
    if (filter && filter->count && check_condition(v, filter)) {
        jw_key(&v->w, CRM_S("filter"));
        node_to_json(&v->w, filter);
    }
    if (due && may_name(v, due, due->text)) {
        jw_kstr(&v->w, "due", due->text);
    }
    write_flag(v, n, "live");
    write_flag(v, n, "home");
    jw_end_object(&v->w);
}

static void write_section(view_writer *v, const yaml_node *n)
{
    static const char *const keys[] = {"label", "fields", NULL};
    if (!keys_check(v->rd->f, n, keys)) {
        return;
    }
    jw_object(&v->w);
    write_label(v, "s", yaml_text(n, "label"));
    write_names(v, "fields", yaml_get(n, "fields"));
    jw_end_object(&v->w);
}

/* The other entity's records that refer to this one; left out with that entity. */
static void write_related(view_writer *v, const yaml_node *n)
{
    static const char *const keys[] = {"entity", "by", NULL};
    crm_str entity_name = yaml_text(n, "entity"), by = yaml_text(n, "by");
    if (!keys_check(v->rd->f, n, keys)) {
        return;
    }
    if (!entity_name.n || !by.n) {
        fault_at(v->rd->f, n, "missing", entity_name.n ? CRM_S("by") : CRM_S("entity"));
        return;
    }
    if (!is_enabled(v->rd->on, entity_name)) {
        return;
    }
    jw_object(&v->w);
    jw_kstr(&v->w, "entity", entity_name);
    jw_kstr(&v->w, "by", by);
    jw_kstr(&v->w, "label", arena_fmt(v->rd->a, "%.*s.many", STR_FMT(entity_name)));
    jw_end_object(&v->w);
}

static void write_each(view_writer *v, const char *key, const yaml_node *list,
                       void (*write)(view_writer *, const yaml_node *))
{
    jw_karray(&v->w, key);
    YAML_EACH(n, list) {
        write(v, n);
    }
    jw_end_array(&v->w);
}

static void write_card(view_writer *v, const yaml_node *card)
{
    static const char *const keys[] = {"header", "sections", "related", NULL};
    if (!card || !keys_check(v->rd->f, card, keys)) {
        return;
    }
    jw_kobject(&v->w, "card");
    write_names(v, "header", yaml_get(card, "header"));
    write_each(v, "sections", yaml_get(card, "sections"), write_section);
    write_each(v, "related", yaml_get(card, "related"), write_related);
    jw_end_object(&v->w);
}

/* Names that are not of this entity: the seal knows whose. */
static void write_list(view_writer *v, const char *key, const yaml_node *list)
{
    if (list) {
        jw_key(&v->w, str_of(key));
        node_to_json(&v->w, list);
    }
}

/* {into: good, by: [barcodes, article], count: quantity}: a code that is scanned is looked for in
 * fields of what `into` refers to, which the seal knows. */
static void write_scan(view_writer *v, const yaml_node *scan)
{
    static const char *const keys[] = {"into", "by", "count", NULL};
    const yaml_node *into = yaml_get(scan, "into"), *by = yaml_get(scan, "by");
    const yaml_node *count = yaml_get(scan, "count");
    if (!scan || !keys_check(v->rd->f, scan, keys)) {
        return;
    }
    if (!into || !by || by->kind != YAML_LIST || !count) {
        bool has_by = by && by->kind == YAML_LIST;
        crm_str lacks = !into ? CRM_S("into") : !has_by ? CRM_S("by") : CRM_S("count");
        fault_at(v->rd->f, scan, "missing", lacks);
        return;
    }
    if (!may_name(v, into, into->text) || !may_name(v, count, count->text)) {
        return;
    }
    jw_kobject(&v->w, "scan");
    jw_kstr(&v->w, "into", into->text);
    write_list(v, "by", by);
    jw_kstr(&v->w, "count", count->text);
    jw_end_object(&v->w);
}

/* Of parts: their rows on the card of what they are parts of. */
static void write_table(view_writer *v, const yaml_node *table)
{
    static const char *const keys[] = {"columns", "totals",  "whole", "scan",
                                       "acts",    "preview", NULL};
    if (!table || !keys_check(v->rd->f, table, keys)) {
        return;
    }
    if (!yaml_get(table, "columns")) {
        fault_at(v->rd->f, table, "missing", CRM_S("columns"));
        return;
    }
    jw_kobject(&v->w, "table");
    write_names(v, "columns", yaml_get(table, "columns"));
    write_names(v, "totals", yaml_get(table, "totals"));
    write_scan(v, yaml_get(table, "scan"));
    write_list(v, "whole", yaml_get(table, "whole"));
    write_list(v, "acts", yaml_get(table, "acts"));
    write_flag(v, table, "preview");
    jw_end_object(&v->w);
}

crm_str read_views(reader *rd, const yaml_node *views, const field_list *l, crm_str prefix)
{
    static const char *const keys[] = {"list", "card", "table", "quick", NULL};
    view_writer v = {.rd = rd, .l = l, .prefix = prefix};
    buf b;
    if (!keys_check(rd->f, views, keys)) {
        return (crm_str){0};
    }
    buf_init(&b, 1u << 20);
    jw_init(&v.w, &b);
    jw_object(&v.w);
    write_each(&v, "list", yaml_get(views, "list"), write_list_view);
    write_card(&v, yaml_get(views, "card"));
    write_table(&v, yaml_get(views, "table"));
    write_names(&v, "quick", yaml_get(views, "quick"));
    jw_end_object(&v.w);
    crm_str json = b.failed ? (crm_str){0} : arena_dup(rd->a, buf_view(&b));
    buf_free(&b);
    return json;
}
