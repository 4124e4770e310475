/*
 * manifest_ui.c - `ui` of module.yaml: where elements of the module's own script, ui/ui.js, stand
 * in the UI (sdk/UI.md). Read when all modules' entities are known, so that a field that does not
 * exist is a fault here.
 */
#include <unistd.h>

#include "plug/manifest.h"

static ui_part part_of(reader *rd, const yaml_node *n, ui_kind kind, const char *word)
{
    ui_part row = {.kind = kind,
                   .module = rd->m->name,
                   .id = n->key,
                   .icon = yaml_text(n, "icon"),
                   .order = (int32_t)read_number(rd, n, "order", 100)};
    if (kind != UI_FIELD) {
        row.label = arena_fmt(rd->a, "%.*s.%s.%.*s", STR_FMT(row.module), word, STR_FMT(row.id));
    }
    if (!is_snake_case(n->key)) {
        fault_at(rd->f, n, "bad_name", n->key);
    }
    return row;
}

static void add_part(reader *rd, const yaml_node *n, const ui_part *row)
{
    if (registry_add_ui_part(rd->r, row) != CRM_OK) {
        fault_at(rd->f, n, "refused", n->key);
    }
}

/* An element is named after its module, so that two of them never take each other's names. */
static crm_str element_at(reader *rd, const yaml_node *n, const char *key)
{
    const yaml_node *at = yaml_get(n, key);
    crm_str s = at && at->kind == YAML_SCALAR ? at->text : (crm_str){0}, own = rd->m->name;
    bool is_good = s.n > own.n + 1 && s.n <= 80 && str_starts(s, own) && s.p[own.n] == '-';
    for (size_t i = 0; is_good && i < s.n; i++) {
        char c = s.p[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }
    if (at && !is_good) {
        fault_expected(rd->f, at, "unknown_word", s, arena_fmt(rd->a, "%.*s-…", STR_FMT(own)));
    }
    return is_good ? s : (crm_str){0};
}

static crm_str element_needed(reader *rd, const yaml_node *n)
{
    if (!yaml_get(n, "element")) {
        fault_at(rd->f, n, "missing", CRM_S("element"));
        return (crm_str){0};
    }
    return element_at(rd, n, "element");
}

static const field *field_named(reader *rd, const yaml_node *n, const entity *e, crm_str name)
{
    crm_str known[FIELDS_MAX];
    uint32_t count = 0;
    const field *f = entity_field(e, name);
    if (f && !(f->flags & (FIELD_HIDDEN | FIELD_SYSTEM))) {
        return f;
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        known[count++] = e->fields[i].name;
    }
    fault_near(rd->f, n, "unknown_field", name, known, count);
    return NULL;
}

/* ---- screens --------------------------------------------------------------------------------- */

static void read_screen_menu(reader *rd, const yaml_node *n, const ui_part *row)
{
    static const char *const keys[] = {"icon", "group", "order", "phone", NULL};
    const yaml_node *menu = yaml_get(n, "menu");
    if (!menu || !keys_check(rd->f, menu, keys)) {
        return;
    }
    menu_item item = {.id = arena_fmt(rd->a, "%.*s.%.*s", STR_FMT(row->module), STR_FMT(row->id)),
                      .label = row->label,
                      .icon = yaml_text(menu, "icon"),
                      .to =
                          arena_fmt(rd->a, "/x/%.*s/%.*s", STR_FMT(row->module), STR_FMT(row->id)),
                      .group = yaml_text(menu, "group"),
                      .entity_name = row->entity_name,
                      .order = (int32_t)read_number(rd, menu, "order", 100),
                      .on_phone = read_flag(rd, menu, "phone")};
    if (registry_add_menu(rd->r, &item) != CRM_OK) {
        fault_at(rd->f, n, "refused", n->key);
    }
}

static void read_screen(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"element", "of", "menu", NULL};
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    ui_part row = part_of(rd, n, UI_SCREEN, "screen");
    const entity *e = yaml_get(n, "of") ? read_entity_name(rd, n, "of") : NULL;
    row.element = element_needed(rd, n);
    if (yaml_get(n, "of") && !e) {
        return; /* of an entity that is not enabled here, or a fault */
    }
    row.entity_name = e ? e->name : (crm_str){0};
    read_screen_menu(rd, n, &row);
    add_part(rd, n, &row);
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* The fields at the heads of the comparisons; the form itself is what the UI evaluates. */
static bool check_when(reader *rd, const yaml_node *n, const entity *e)
{
    const yaml_node *head = n->kind == YAML_LIST ? n->first : NULL;
    bool is_fine = true;
    if (!head || head->kind != YAML_SCALAR) {
        fault_at(rd->f, n, "wrong_type", CRM_S("when"));
        return false;
    }
    if (!str_is(head->text, "and") && !str_is(head->text, "or") && !str_is(head->text, "not")) {
        return field_named(rd, head, e, head->text) != NULL;
    }
    for (const yaml_node *child = head->next; child; child = child->next) {
        is_fine = check_when(rd, child, e) && is_fine;
    }
    return is_fine;
}

static crm_str when_of(reader *rd, const yaml_node *when, const entity *e)
{
    buf b;
    json_writer w;
    if (!when || !e || !check_when(rd, when, e)) {
        return (crm_str){0};
    }
    buf_init(&b, 1u << 16);
    jw_init(&w, &b);
    node_to_json(&w, when);
    crm_str json = b.failed ? (crm_str){0} : arena_dup(rd->a, buf_view(&b));
    buf_free(&b);
    return json;
}

enum { PLACE_CARD, PLACE_LIST, PLACE_HOME, PLACES };
static const char *const places[] = {"card.side", "list.top", "home"};

static void read_slot(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"at", "of", "element", "order", "when", NULL};
    const yaml_node *at = yaml_get(n, "at"), *when = yaml_get(n, "when");
    int place = 0;
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    ui_part row = part_of(rd, n, UI_SLOT, "slot");
    row.element = element_needed(rd, n);
    row.place = yaml_text(n, "at");
    while (place < PLACES && !str_is(row.place, places[place])) {
        place++;
    }
    if (!at) {
        fault_at(rd->f, n, "missing", CRM_S("at"));
        return;
    }
    if (place == PLACES) {
        fault_expected(rd->f, at, "unknown_word", row.place, CRM_S("card.side, list.top, home"));
        return;
    }
    bool is_home = place == PLACE_HOME;
    if (is_home && (yaml_get(n, "of") || when)) {
        fault_at(rd->f, n, "unknown_key", when ? CRM_S("when") : CRM_S("of"));
        return;
    }
    const entity *e = is_home ? NULL : read_entity_name(rd, n, "of");
    if (!is_home && !e) {
        return;
    }
    if (when && place == PLACE_LIST) {
        fault_at(rd->f, when, "unknown_key", CRM_S("when")); /* a list is of no one record */
        return;
    }
    row.entity_name = e ? e->name : (crm_str){0};
    row.when_json = when_of(rd, when, e);
    add_part(rd, n, &row);
}

/* ---- fields, commands ------------------------------------------------------------------------ */

static void read_ui_field(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"of", "field", "view", "edit", NULL};
    const yaml_node *at = yaml_get(n, "field");
    if (!keys_check(rd->f, n, keys)) {
        return;
    }
    ui_part row = part_of(rd, n, UI_FIELD, "field");
    row.element = element_at(rd, n, "view");
    row.editor = element_at(rd, n, "edit");
    const entity *e = read_entity_name(rd, n, "of");
    if (!at || (!yaml_get(n, "view") && !yaml_get(n, "edit"))) {
        fault_at(rd->f, n, "missing", at ? CRM_S("view") : CRM_S("field"));
        return;
    }
    const field *f = e ? field_named(rd, at, e, at->text) : NULL;
    if (f) {
        row.entity_name = e->name;
        row.field_name = f->name;
        add_part(rd, n, &row);
    }
}

static void read_command(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"icon", "of", "order", NULL};
    if (n->kind == YAML_MAP && !keys_check(rd->f, n, keys)) {
        return;
    }
    ui_part row = part_of(rd, n, UI_COMMAND, "command");
    const entity *e = yaml_get(n, "of") ? read_entity_name(rd, n, "of") : NULL;
    if (yaml_get(n, "of") && !e) {
        return;
    }
    row.entity_name = e ? e->name : (crm_str){0};
    add_part(rd, n, &row);
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool manifest_has_file(reader *rd, const char *name)
{
    crm_str file = str_of(rd->m->file);
    size_t at = file.n;
    while (at > 0 && file.p[at - 1] != '/') {
        at--;
    }
    crm_str path = arena_fmt(rd->a, "%.*s%s", (int)at, file.p, name);
    return path.p && access(path.p, F_OK) == 0;
}

crm_status manifest_register_ui(const manifest *m, const enabled *on, registry *r, faults *f)
{
    static const char *const keys[] = {"screens", "slots", "fields", "commands", NULL};
    reader rd = {.a = registry_arena(r), .r = r, .m = m, .on = on, .f = f};
    const yaml_node *ui = yaml_get(m->root, "ui");
    uint32_t had = f->count;
    if (!ui || !keys_check(f, ui, keys)) {
        return f->count > had ? CRM_INVALID : CRM_OK;
    }
    if (!manifest_has_file(&rd, "ui/ui.js")) {
        fault_at(f, ui, "missing", CRM_S("ui/ui.js"));
    }
    YAML_EACH(n, yaml_get(ui, "screens")) {
        read_screen(&rd, n);
    }
    YAML_EACH(n, yaml_get(ui, "slots")) {
        read_slot(&rd, n);
    }
    YAML_EACH(n, yaml_get(ui, "fields")) {
        read_ui_field(&rd, n);
    }
    YAML_EACH(n, yaml_get(ui, "commands")) {
        read_command(&rd, n);
    }
    return arena_failed(rd.a) ? CRM_NOMEM : f->count > had ? CRM_INVALID : CRM_OK;
}
