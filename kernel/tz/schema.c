/*
 * schema.c - the format of a ТЗ as one table: what may stand where, of which type, and what this
 * version knows but does not carry out yet. A new section is a new row here and the code that
 * serves it. Texts of steps, integrations and modules' settings are checked against the schemas
 * that come with them.
 */
#include "tz/tz_private.h"

#define KEYS(...)  ((const shape_key[]){__VA_ARGS__, {NULL, NULL, 0}})
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MUST       KEY_REQUIRED
#define LATER      KEY_NOT_SERVED

static const shape a_text = {.kind = SHAPE_TEXT};
static const shape a_number = {.kind = SHAPE_INT};
static const shape a_flag = {.kind = SHAPE_BOOL};
static const shape a_name = {.kind = SHAPE_NAME};
static const shape a_names = {.kind = SHAPE_NAMES};
static const shape a_any = {.kind = SHAPE_ANY};
static const shape a_where = {.kind = SHAPE_WHERE};
static const shape a_steps = {.kind = SHAPE_STEPS};
static const shape a_not_served = {.kind = SHAPE_NOT_SERVED};
static const shape a_color = {.kind = SHAPE_WORD,
                              .words = WORDS("gray", "blue", "indigo", "violet", "pink", "red",
                                             "amber", "green", "teal", "brown")};

/* ---- company and people ---------------------------------------------------------------------- */

static const shape a_language = {.kind = SHAPE_WORD, .words = WORDS("ru", "en")};
static const shape a_staff = {.kind = SHAPE_INT, .least = 0, .most = 100000};
static const shape a_department = {.kind = SHAPE_MAP,
                                   .keys = KEYS({"title", &a_text, MUST}, {"staff", &a_staff, 0},
                                                {"head", &a_name, 0}, {"parent", &a_name, 0})};
static const shape a_departments = {.kind = SHAPE_MAP, .of = &a_department, .names_keys = true};
static const shape a_hours = {.kind = SHAPE_MAP, .of = &a_text};
static const shape a_keep = {.kind = SHAPE_DURATION};
static const shape a_retention = {.kind = SHAPE_MAP, .keys = KEYS({"bin", &a_keep, 0})};
static const shape a_company = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"name", &a_text, MUST}, {"inn", &a_text, 0}, {"activity", &a_text, 0},
                 {"timezone", &a_text, 0}, {"calendar", &a_text, 0}, {"hours", &a_hours, 0},
                 {"currency", &a_text, 0}, {"language", &a_language, 0},
                 {"retention", &a_retention, 0}, {"departments", &a_departments, 0})};

static const shape a_person = {.kind = SHAPE_MAP,
                               .keys = KEYS({"name", &a_text, MUST}, {"email", &a_text, 0},
                                            {"phone", &a_text, 0}, {"department", &a_name, 0},
                                            {"roles", &a_names, 0}, {"extension", &a_text, 0},
                                            {"deputy", &a_text, LATER})};
static const shape a_people = {
    .kind = SHAPE_MAP, .keys = KEYS({"file", &a_text, 0}), .of = &a_person, .names_keys = true};
static const shape a_service = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"title", &a_text, MUST}, {"roles", &a_names, 0}, {"department", &a_name, 0})};
static const shape a_services = {.kind = SHAPE_MAP, .of = &a_service, .names_keys = true};

/* ---- roles ----------------------------------------------------------------------------------- */

static const shape a_scope = {.kind = SHAPE_WORD, .words = WORDS("own", "involved", "team", "all")};
static const shape a_limited = {.kind = SHAPE_MAP,
                                .keys =
                                    KEYS({"scope", &a_scope, 0}, {"where", &a_where, 0},
                                         {"linked_to", &a_names, 0}, {"unless", &a_where, LATER})};
static const shape a_right = {
    .kind = SHAPE_WORD, .words = WORDS("own", "involved", "team", "all"), .other = &a_limited};
/* To whom one may give work: by scope; a list of whom is for later. */
static const shape a_assign = {
    .kind = SHAPE_WORD, .words = WORDS("own", "involved", "team", "all"), .other = &a_not_served};
static const shape a_least = {.kind = SHAPE_INT, .least = 1, .most = 10000};
static const shape a_summary = {.kind = SHAPE_MAP,
                                .keys = KEYS({"of", &a_names, MUST}, {"by", &a_names, 0},
                                             {"at_least", &a_least, 0}, {"scope", &a_scope, 0},
                                             {"where", &a_where, 0})};
static const shape a_rights_of = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"read", &a_right, 0}, {"create", &a_right, 0}, {"update", &a_right, 0},
                 {"delete", &a_right, 0}, {"reassign", &a_right, 0}, {"export", &a_right, 0},
                 {"import", &a_right, 0}, {"merge", &a_right, 0}, {"send", &a_right, 0},
                 {"listen", &a_right, 0}, {"assign", &a_assign, 0}, {"aggregate", &a_summary, 0},
                 {"fields", &a_names, 0}, {"hide", &a_names, 0}, {"timeline", &a_names, 0},
                 {"where", &a_where, 0}, {"unless", &a_where, LATER})};
static const shape a_rights = {.kind = SHAPE_MAP, .of = &a_rights_of};
static const shape a_shown_word = {.kind = SHAPE_WORD,
                                   .words = WORDS("name", "owner", "department")};
static const shape a_shown = {.kind = SHAPE_LIST, .of = &a_shown_word};
static const shape a_foreign = {.kind = SHAPE_MAP,
                                .keys = KEYS({"show", &a_shown, MUST}, {"offer", &a_any, LATER})};
static const shape a_role = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"title", &a_text, MUST}, {"rights", &a_rights, 0}, {"foreign", &a_foreign, 0})};
static const shape a_roles = {.kind = SHAPE_MAP, .of = &a_role, .names_keys = true};
static const shape a_functions = {.kind = SHAPE_MAP,
                                  .keys = KEYS({"settings", &a_names, 0}, {"delete", &a_names, 0},
                                               {"export", &a_names, 0}, {"import", &a_names, 0},
                                               {"merge", &a_names, 0}, {"bulk", &a_names, 0},
                                               {"tokens", &a_names, 0}, {"requests", &a_names, 0}),
                                  .of = &a_names, /* what modules declare */
                                  .names_keys = true,
                                  .dotted_keys = true};

/* ---- pipelines ------------------------------------------------------------------------------- */

static const shape a_percent = {.kind = SHAPE_INT, .least = 0, .most = 100};
static const shape a_outcome_word = {.kind = SHAPE_WORD,
                                     .words = WORDS("open", "won", "lost", "done")};
static const shape a_stage = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"title", &a_text, 0}, {"color", &a_color, 0}, {"probability", &a_percent, 0},
                 {"outcome", &a_outcome_word, 0}, {"require", &a_names, 0})};
static const shape a_stages = {.kind = SHAPE_MAP, .of = &a_stage, .names_keys = true};
static const shape a_move = {.kind = SHAPE_MAP,
                             .keys = KEYS({"from", &a_names, MUST}, {"to", &a_names, MUST},
                                          {"who", &a_names, 0}, {"ask", &a_names, LATER})};
static const shape a_moves = {.kind = SHAPE_LIST, .of = &a_move};
static const shape a_lock = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"stage", &a_names, MUST}, {"fields", &a_names, MUST}, {"except", &a_names, 0})};
static const shape a_locks = {.kind = SHAPE_LIST, .of = &a_lock};
static const shape a_pipeline = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"title", &a_text, 0}, {"of", &a_name, MUST}, {"stages", &a_stages, MUST},
                 {"start", &a_names, MUST}, {"moves", &a_moves, 0}, {"locks", &a_locks, 0})};
static const shape a_pipelines = {.kind = SHAPE_MAP, .of = &a_pipeline, .names_keys = true};

/* ---- entities and fields --------------------------------------------------------------------- */

#define X(id, word, storage, many) word,
static const shape a_field_type_word = {.kind = SHAPE_WORD, .words = WORDS(FIELD_TYPE_MAP(X) NULL)};
#undef X
static const shape a_scale = {.kind = SHAPE_INT, .least = 0, .most = 6};
static const shape a_option_map = {.kind = SHAPE_MAP,
                                   .keys = KEYS({"title", &a_text, MUST}, {"color", &a_color, 0})};
static const shape a_option = {.kind = SHAPE_TEXT, .other = &a_option_map};
static const shape a_option_list = {.kind = SHAPE_LIST, .of = &a_text};
static const shape a_options = {
    .kind = SHAPE_MAP, .of = &a_option, .names_keys = true, .other = &a_option_list};
static const shape a_field = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"type", &a_field_type_word, MUST}, {"title", &a_text, MUST},
                 {"required", &a_flag, 0}, {"unique", &a_flag, 0}, {"index", &a_flag, 0},
                 {"search", &a_flag, 0}, {"many", &a_flag, 0}, {"read_only", &a_flag, 0},
                 {"personal", &a_flag, 0}, {"min", &a_text, 0}, {"max", &a_text, 0},
                 {"scale", &a_scale, 0}, {"currency", &a_name, 0}, {"options", &a_options, 0},
                 {"default", &a_text, 0}, {"to", &a_name, 0}, {"where", &a_where, 0},
                 {"formula", &a_text, 0}, {"result", &a_field_type_word, 0}, {"was", &a_name, 0},
                 {"retired", &a_flag, 0}, {"roles", &a_names, 0})};
static const shape a_field_map = {.kind = SHAPE_MAP, .of = &a_field, .names_keys = true};
static const shape a_text_list = {.kind = SHAPE_LIST, .of = &a_text};
static const shape a_plural = {.kind = SHAPE_TEXT, .other = &a_text_list};
static const shape a_likeness = {.kind = SHAPE_INT, .least = 50, .most = 100};
static const shape a_match_rule = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"same", &a_names, 0}, {"similar", &a_name, 0}, {"from", &a_likeness, 0})};
static const shape a_match_rules = {.kind = SHAPE_LIST, .of = &a_match_rule};
static const shape a_match = {.kind = SHAPE_MAP, .of = &a_match_rules};

static const shape a_entity = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"title", &a_plural, MUST}, {"icon", &a_name, 0}, {"shown", &a_name, 0},
                 {"owner", &a_names, 0}, {"department", &a_name, 0}, {"was", &a_name, 0},
                 {"retired", &a_flag, 0}, {"roles", &a_names, 0}, {"match", &a_match_rules, 0},
                 {"timeline", &a_flag, 0}, {"fields", &a_field_map, MUST})};
static const shape a_entities = {.kind = SHAPE_MAP, .of = &a_entity, .names_keys = true};
static const shape a_fields = {.kind = SHAPE_MAP, .of = &a_field_map, .names_keys = true};

const shape tz_model_schema = {
    .kind = SHAPE_MAP, .keys = KEYS({"entities", &a_entities, 0}, {"fields", &a_fields, 0})};

/* ---- integrations and rules ------------------------------------------------------------------ */

static const shape a_integration = {
    .kind = SHAPE_MAP, .keys = KEYS({"type", &a_name, MUST}), .of = &a_any};
static const shape a_integrations = {.kind = SHAPE_MAP, .of = &a_integration, .names_keys = true};

static const shape a_priority = {.kind = SHAPE_WORD, .words = WORDS("must", "should", "could")};
static const shape a_when = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"created", &a_name, 0}, {"updated", &a_name, 0}, {"deleted", &a_name, 0},
                 {"field", &a_name, 0}, {"where", &a_where, 0}, {"sent", &a_any, LATER},
                 {"silent", &a_any, LATER}, {"for", &a_any, LATER}, {"broken_by", &a_any, LATER},
                 {"left", &a_any, LATER}, {"due", &a_any, LATER}, {"every", &a_any, LATER})};
/* Read by `tz test`: kept, and so far only its form as YAML is looked at. */
static const shape a_check = {.kind = SHAPE_ANY};
static const shape a_rule = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"text", &a_text, MUST}, {"priority", &a_priority, 0}, {"when", &a_when, MUST},
                 {"do", &a_steps, 0}, {"otherwise", &a_steps, 0}, {"check", &a_check, 0},
                 {"clock", &a_any, LATER}, {"until", &a_any, LATER}, {"steps", &a_any, LATER},
                 {"per", &a_any, LATER}, {"once", &a_any, LATER}, {"restart", &a_any, LATER})};
static const shape a_rules = {.kind = SHAPE_MAP, .of = &a_rule};

/* ---- documents: texts for the paper, without behaviour --------------------------------------- */

static const shape a_now = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"tools", &a_names, 0}, {"paper", &a_names, 0}, {"process", &a_text, 0})};
static const shape a_approval = {.kind = SHAPE_MAP,
                                 .keys = KEYS({"party", &a_text, MUST}, {"person", &a_text, 0},
                                              {"version", &a_text, 0}, {"date", &a_text, 0})};
static const shape a_approvals = {.kind = SHAPE_LIST, .of = &a_approval};
static const shape a_risk = {.kind = SHAPE_MAP,
                             .keys = KEYS({"risk", &a_text, MUST}, {"measure", &a_text, 0},
                                          {"owner", &a_text, 0}, {"check", &a_text, 0})};
static const shape a_risks = {.kind = SHAPE_LIST, .of = &a_risk};
static const shape a_requirement = {.kind = SHAPE_MAP,
                                    .keys =
                                        KEYS({"text", &a_text, MUST}, {"priority", &a_priority, 0},
                                             {"served_by", &a_names, 0}, {"check", &a_check, 0})};
static const shape a_requirements = {.kind = SHAPE_MAP, .of = &a_requirement};
static const shape a_exclusion = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"text", &a_text, MUST}, {"stays_in", &a_text, 0}, {"modules_off", &a_names, 0})};
static const shape a_excluded = {.kind = SHAPE_LIST, .of = &a_exclusion};
static const shape a_budget = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"total", &a_number, 0}, {"currency", &a_text, 0}, {"seen_by", &a_names, 0})};
static const shape a_plan_stage = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"from", &a_text, 0}, {"until", &a_text, 0}, {"after", &a_text, 0},
                 {"takes", &a_text, 0}, {"result", &a_text, 0}, {"does", &a_text, 0},
                 {"accepts", &a_text, 0}, {"cost", &a_number, 0}, {"closes", &a_names, 0},
                 {"gate", &a_any, 0}, {"then", &a_text, 0})};
static const shape a_plan_stages = {.kind = SHAPE_MAP, .of = &a_plan_stage};
static const shape a_plan = {.kind = SHAPE_MAP,
                             .keys = KEYS({"budget", &a_budget, 0}, {"stages", &a_plan_stages, 0})};
static const shape a_warranty = {.kind = SHAPE_MAP,
                                 .keys = KEYS({"months", &a_number, 0}, {"reaction", &a_text, 0})};

/* ---- other systems --------------------------------------------------------------------------- */

static const shape a_batches = {.kind = SHAPE_WORD, .words = WORDS("many", "each")};
static const shape a_parallel = {.kind = SHAPE_INT, .least = 1, .most = WEBHOOK_PARALLEL_MAX};
static const shape a_webhook = {
    .kind = SHAPE_MAP,
    .keys = KEYS({"title", &a_text, MUST}, {"url", &a_text, MUST}, {"as", &a_name, MUST},
                 {"of", &a_name, MUST}, {"on", &a_names, 0}, {"fields", &a_names, 0},
                 {"where", &a_where, 0}, {"batches", &a_batches, 0}, {"parallel", &a_parallel, 0},
                 {"secret", &a_any, 0}, {"old_secret", &a_any, 0}, {"owner", &a_name, 0})};
static const shape a_webhooks = {.kind = SHAPE_MAP, .of = &a_webhook, .names_keys = true};
static const shape a_outgoing = {.kind = SHAPE_MAP,
                                 .keys = KEYS({"private", &a_names, 0}, {"ca", &a_text, 0})};

/* ---- the whole ------------------------------------------------------------------------------- */

static const shape a_status = {.kind = SHAPE_WORD,
                               .words = WORDS("draft", "approved", "frozen", "accepted")};
static const shape a_name_list = {.kind = SHAPE_LIST, .of = &a_name};
static const shape a_modules = {.kind = SHAPE_WORD, .words = WORDS("auto"), .other = &a_name_list};

static const shape a_module_settings = {.kind = SHAPE_MAP, .of = &a_any, .names_keys = true};
static const shape a_settings = {.kind = SHAPE_MAP, .of = &a_module_settings, .names_keys = true};

const shape tz_schema = {
    .kind = SHAPE_MAP,
    .keys =
        KEYS({"tz", &a_number, MUST}, {"title", &a_text, MUST}, {"version", &a_text, 0},
             {"status", &a_status, 0}, {"include", &a_names, 0}, {"company", &a_company, MUST},
             {"people", &a_people, 0}, {"services", &a_services, 0}, {"modules", &a_modules, 0},
             {"settings", &a_settings, 0}, {"roles", &a_roles, 0}, {"functions", &a_functions, 0},
             {"pipelines", &a_pipelines, 0}, {"entities", &a_entities, 0}, {"fields", &a_fields, 0},
             {"match", &a_match, 0}, {"integrations", &a_integrations, 0},
             {"webhooks", &a_webhooks, 0}, {"outgoing", &a_outgoing, 0}, {"rules", &a_rules, 0},
             {"now", &a_now, 0}, {"approvals", &a_approvals, 0}, {"risks", &a_risks, 0},
             {"requirements", &a_requirements, 0}, {"excluded", &a_excluded, 0},
             {"plan", &a_plan, 0}, {"warranty", &a_warranty, 0}, {"extends", &a_any, LATER},
             {"routes", &a_any, LATER}, {"kpi", &a_any, LATER}, {"reports", &a_any, LATER},
             {"mobile", &a_any, LATER}, {"environments", &a_any, LATER})};
