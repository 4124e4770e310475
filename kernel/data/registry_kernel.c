/*
 * registry_kernel.c - what every registry begins with: the kernel's own entities (stores.h), the
 * administrator's role and the grants that hold everywhere.
 */
#include "data/registry_internal.h"

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define KERNEL     NAME("kernel")
#define COUNT(row) (sizeof(row) / sizeof((row)[0]))

#define ROW(column, name_, type_, flags_) \
    {.name = NAME(name_), .type = FIELD_##type_, .flags = (flags_), .source = KERNEL},
#define X(store, name, flags) static const field store##_fields[] = {STORE_##store##_FIELDS(ROW)};
STORE_MAP(X)
#undef X

static const entity entities[] = {
#define X(store, name_, flags_)                  \
    [STORE_##store] = {.name = NAME(name_),      \
                       .module = KERNEL,         \
                       .source = KERNEL,         \
                       .flags = (flags_),        \
                       .fields = store##_fields, \
                       .field_count = COUNT(store##_fields)},
    STORE_MAP(X)
#undef X
};

static const entity_index change_indexes[] = {
    {.field = {CHANGE_ENTITY, CHANGE_RECORD}, .count = 2},
    {.field = {CHANGE_BATCH}, .count = 1, .is_sparse = true}};
static const entity_index setting_indexes[] = {
    {.field = {SETTING_MODULE, SETTING_NAME}, .count = 2, .is_unique = true}};
static const entity_index due_indexes[] = {
    {.field = {DUE_JOB, DUE_KEY}, .count = 2, .is_unique = true}};
static const entity_index run_indexes[] = {{.field = {RUN_ENTITY, RUN_RECORD}, .count = 2}};
static const entity_index delivery_indexes[] = {
    {.field = {DELIVERY_WEBHOOK, DELIVERY_STATE}, .count = 2},
    {.field = {DELIVERY_ENTITY, DELIVERY_RECORD}, .count = 2}};
static const entity_index outbox_indexes[] = {
    {.field = {OUTBOX_STATE, OUTBOX_NEXT_AT}, .count = 2}};
static const entity_index stage_log_indexes[] = {
    {.field = {STAGE_LOG_ENTITY, STAGE_LOG_RECORD}, .count = 2}};
static const entity_index file_indexes[] = {
    {.field = {FILE_ENTITY, FILE_RECORD}, .count = 2},
    {.field = {FILE_USER, FILE_AT}, .empty = {FILE_ENTITY}, .count = 2, .empty_count = 1}};
static const entity_index notification_indexes[] = {
    {.field = {NOTIFICATION_USER, NOTIFICATION_READ_AT}, .count = 2}};

static const choice batch_states[] = {
    {.value = NAME(BATCH_STATE_WAITING), .label = NAME("batch.state.waiting")},
    {.value = NAME(BATCH_STATE_RUNNING),
     .label = NAME("batch.state.running"),
     .color = NAME("blue")},
    {.value = NAME(BATCH_STATE_DONE), .label = NAME("batch.state.done"), .color = NAME("green")},
    {.value = NAME(BATCH_STATE_FAILED), .label = NAME("batch.state.failed"), .color = NAME("red")},
    {.value = NAME(BATCH_STATE_CANCELED), .label = NAME("batch.state.canceled")}};

static const choice languages[] = {{.value = NAME("ru"), .label = NAME("user.lang.ru")},
                                   {.value = NAME("en"), .label = NAME("user.lang.en")}};

/* ---- entities -------------------------------------------------------------------------------- */

static entity *own(registry *r, store which)
{
    return (entity *)r->entities[which];
}

static field *own_field(registry *r, store which, uint16_t column)
{
    return (field *)&r->entities[which]->fields[column];
}

/* "user.one", "user.f.login": the label keys of an entity that people see. */
static crm_status set_labels(registry *r, entity *e)
{
    crm_str n = e->name;
    e->label_one = arena_fmt(r->arena, "%.*s.one", STR_FMT(n));
    e->label_many = arena_fmt(r->arena, "%.*s.many", STR_FMT(n));
    e->label_count = arena_fmt(r->arena, "%.*s.count", STR_FMT(n));
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        field *f = (field *)&e->fields[i];
        f->label = arena_fmt(r->arena, "%.*s.f.%.*s", STR_FMT(n), STR_FMT(f->name));
    }
    return arena_failed(r->arena) ? CRM_NOMEM : CRM_OK;
}

#define SET_INDEXES(r, store, rows)               \
    do {                                          \
        own(r, store)->indexes = (rows);          \
        own(r, store)->index_count = COUNT(rows); \
    } while (0)

/* What the table of stores.h does not say. */
static void set_details(registry *r)
{
    SET_INDEXES(r, STORE_CHANGE, change_indexes);
    SET_INDEXES(r, STORE_SETTING, setting_indexes);
    SET_INDEXES(r, STORE_DUE, due_indexes);
    SET_INDEXES(r, STORE_RUN, run_indexes);
    SET_INDEXES(r, STORE_DELIVERY, delivery_indexes);
    SET_INDEXES(r, STORE_OUTBOX, outbox_indexes);
    SET_INDEXES(r, STORE_STAGE_LOG, stage_log_indexes);
    SET_INDEXES(r, STORE_FILE, file_indexes);
    SET_INDEXES(r, STORE_NOTIFICATION, notification_indexes);

    own(r, STORE_USER)->title_field = USER_NAME;
    own(r, STORE_USER)->department_field = USER_DEPARTMENT;
    own(r, STORE_USER)->icon = CRM_S("user");
    own(r, STORE_DEPARTMENT)->title_field = DEPARTMENT_TITLE;
    own(r, STORE_DEPARTMENT)->icon = CRM_S("users");
    own(r, STORE_NOTIFICATION)->owner_fields[0] = NOTIFICATION_USER;
    own(r, STORE_NOTIFICATION)->title_field = NOTIFICATION_TEXT;
    own(r, STORE_NOTIFICATION)->icon = CRM_S("bell");
    own(r, STORE_BATCH)->owner_fields[0] = BATCH_USER;
    own(r, STORE_BATCH)->title_field = BATCH_TITLE;
    own(r, STORE_BATCH)->icon = CRM_S("undo");
    own(r, STORE_VIEW)->title_field = VIEW_NAME;
    own(r, STORE_VIEW)->icon = CRM_S("list");
    own(r, STORE_MODEL)->title_field = MODEL_ENTITY;
    own(r, STORE_MODEL)->icon = CRM_S("settings");
    own(r, STORE_SETTING)->title_field = SETTING_NAME;
    own(r, STORE_SETTING)->icon = CRM_S("settings");

    own_field(r, STORE_USER, USER_LOGIN)->max = 64;
    own_field(r, STORE_USER, USER_NAME)->max = 200;
    own_field(r, STORE_USER, USER_DEPARTMENT)->ref_name = CRM_S("department");
    own_field(r, STORE_USER, USER_EXTENSION)->max = 20;
    own_field(r, STORE_USER, USER_LANG)->choices = languages;
    own_field(r, STORE_USER, USER_LANG)->choice_count = COUNT(languages);
    own_field(r, STORE_BATCH, BATCH_STATE)->choices = batch_states;
    own_field(r, STORE_BATCH, BATCH_STATE)->choice_count = COUNT(batch_states);
    own_field(r, STORE_BATCH, BATCH_UNDO_OF)->ref_name = CRM_S("batch");
    own_field(r, STORE_BATCH, BATCH_UNDONE_BY)->ref_name = CRM_S("batch");
    own_field(r, STORE_VIEW, VIEW_NAME)->max = 60;
    own_field(r, STORE_VIEW, VIEW_ENTITY)->max = 200;
    own_field(r, STORE_VIEW, VIEW_STATE)->max = 8000;
    own_field(r, STORE_DEPARTMENT, DEPARTMENT_NAME)->max = 64;
    own_field(r, STORE_DEPARTMENT, DEPARTMENT_TITLE)->max = 200;
    own_field(r, STORE_DEPARTMENT, DEPARTMENT_PARENT)->ref_name = CRM_S("department");
}

/* ---- rights ---------------------------------------------------------------------------------- */

static const crm_str user_card[] = {NAME("name"), NAME("department"), NAME("on_line"),
                                    NAME("extension"), NAME("is_service")};
static const crm_str department_card[] = {NAME("name"), NAME("title"), NAME("parent"),
                                          NAME("head")};
static const crm_str seen[] = {NAME("read_at")};
static const crm_str view_kept[] = {NAME("name"), NAME("entity"), NAME("state"), NAME("first")};
static const crm_str administrators[] = {NAME(ROLE_ADMIN)};

#define VIEW_IS_SHARED "[\"shared\",\"eq\",true]"
#define GRANT(role_, entity_, action_, scope_)                                     \
    .role = NAME(role_), .entity_name = NAME(entity_), .action = ACTION_##action_, \
    .scope = SCOPE_##scope_, .source = KERNEL
static const grant grants[] = {
    {GRANT(ROLE_EVERYONE, "user", READ, ALL), .fields = user_card, .field_count = COUNT(user_card)},
    {GRANT(ROLE_EVERYONE, "department", READ, ALL), .fields = department_card,
     .field_count = COUNT(department_card)},
    {GRANT(ROLE_EVERYONE, "notification", READ, OWN)},
    {GRANT(ROLE_EVERYONE, "notification", UPDATE, OWN), .fields = seen, .field_count = COUNT(seen)},
    {GRANT(ROLE_EVERYONE, "batch", READ, OWN)},
    {GRANT(ROLE_FUNCTION "settings", "batch", READ, ALL)},
    {GRANT(ROLE_EVERYONE, "view", READ, OWN)},
    {GRANT(ROLE_EVERYONE, "view", READ, ALL), .where_text = NAME(VIEW_IS_SHARED)},
    {GRANT(ROLE_EVERYONE, "view", CREATE, ALL), .fields = view_kept,
     .field_count = COUNT(view_kept)},
    {GRANT(ROLE_EVERYONE, "view", UPDATE, OWN), .fields = view_kept,
     .field_count = COUNT(view_kept)},
    {GRANT(ROLE_EVERYONE, "view", DELETE, OWN)},
    {GRANT(ROLE_FUNCTION "settings", "view", CREATE, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "view", UPDATE, OWN)},
    {GRANT(ROLE_FUNCTION "settings", "view", UPDATE, ALL), .where_text = NAME(VIEW_IS_SHARED)},
    {GRANT(ROLE_FUNCTION "settings", "view", DELETE, ALL), .where_text = NAME(VIEW_IS_SHARED)},
    {GRANT(ROLE_FUNCTION "settings", "model", READ, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "model", CREATE, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "model", UPDATE, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "model", DELETE, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "setting", READ, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "setting", CREATE, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "setting", UPDATE, ALL)},
    {GRANT(ROLE_FUNCTION "settings", "setting", DELETE, ALL)},
    {GRANT(ROLE_ADMIN, "user", READ, ALL)},
    {GRANT(ROLE_ADMIN, "user", CREATE, ALL)},
    {GRANT(ROLE_ADMIN, "user", UPDATE, ALL)},
    {GRANT(ROLE_ADMIN, "department", READ, ALL)},
    {GRANT(ROLE_ADMIN, "department", CREATE, ALL)},
    {GRANT(ROLE_ADMIN, "department", UPDATE, ALL)},
    {GRANT(ROLE_ADMIN, "department", DELETE, ALL)},
};

static crm_status add_rights(registry *r)
{
    static const role admin = {
        .name = NAME(ROLE_ADMIN), .title = NAME("role.admin"), .source = KERNEL};
    static const function_grant settings = {NAME("settings"), administrators,
                                            COUNT(administrators)};
    crm_status st = registry_add_role(r, &admin);
    if (st == CRM_OK) {
        st = registry_add_function(r, &settings);
    }
    for (size_t i = 0; i < COUNT(grants) && st == CRM_OK; i++) {
        st = registry_add_grant(r, &grants[i]);
    }
    return st;
}

crm_status registry_add_kernel(registry *r)
{
    for (size_t i = 0; i < COUNT(entities); i++) {
        crm_status st = registry_add_entity(r, &entities[i]);
        if (st != CRM_OK) {
            return st;
        }
    }
    set_details(r);
    for (size_t i = 0; i < STORE_CHANGE; i++) {
        crm_status st = set_labels(r, own(r, (store)i));
        if (st != CRM_OK) {
            return st;
        }
    }
    return add_rights(r);
}
