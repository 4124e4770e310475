/*
 * cross.c - what the sections of a ТЗ say of each other: names that must stand elsewhere in it, and
 * advice about what is probably not meant. What needs the modules is register*.c's. Any thread.
 */
#include "data/field.h"
#include "tz/tz_private.h"

typedef struct checker {
    const tz *t;
    tz_faults *f;
    tz_names roles, departments, logins, integrations;
} checker;

static void check_known(checker *k, const yaml_node *n, const char *code, const tz_names *known)
{
    if (n && n->kind == YAML_SCALAR && n->text.n && !tz_names_has(known, n->text)) {
        tz_refuse_near(k->f, n, code, n->text, known);
    }
}

static void check_all_known(checker *k, const yaml_node *list, const char *code,
                            const tz_names *known)
{
    TZ_EACH_NAME(n, list)
    {
        check_known(k, n, code, known);
    }
}

/* ---- the company ----------------------------------------------------------------------------- */

/* Nothing is done with it, so it is advice. */
static void check_inn(checker *k)
{
    const yaml_node *n = yaml_get(node_map(k->t->root, "company"), "inn");
    bool is_sound = true;
    if (n && !(field_is_requisite(FIELD_INN, n->text, &is_sound) && is_sound)) {
        tz_warn(k->f, n, "bad_inn", n->text);
    }
}

/* ---- people, departments, functions ---------------------------------------------------------- */

static void check_departments(checker *k)
{
    const yaml_node *company = node_map(k->t->root, "company");
    YAML_EACH(n, node_map(company, "departments")) {
        check_known(k, yaml_get(n, "head"), "unknown_person", &k->logins);
        check_known(k, yaml_get(n, "parent"), "unknown_department", &k->departments);
        if (str_eq(yaml_text(n, "parent"), n->key)) {
            tz_refuse(k->f, yaml_get(n, "parent"), "own_parent", n->key);
        }
    }
}

static void check_reach(checker *k, const yaml_node *n)
{
    const yaml_node *phone = yaml_get(n, "phone"), *email = yaml_get(n, "email");
    crm_str unused;
    if (phone && phone->text.n && phone_normalise(k->f->a, phone->text, &unused) == CRM_INVALID) {
        tz_refuse(k->f, phone, "bad_phone", phone->text);
    }
    if (email && email->text.n && !field_is_email(email->text)) {
        tz_refuse(k->f, email, "bad_email", email->text);
    }
}

static void check_people(checker *k)
{
    for (uint32_t i = 0; i < k->t->people_count; i++) {
        const yaml_node *n = k->t->people[i].at;
        check_known(k, yaml_get(n, "department"), "unknown_department", &k->departments);
        check_all_known(k, yaml_get(n, "roles"), "unknown_role", &k->roles);
        check_reach(k, n);
    }
}

/* A login is a person's or a program's. */
static void check_services(checker *k)
{
    YAML_EACH(n, node_map(k->t->root, "services")) {
        for (uint32_t i = 0; i < k->t->people_count; i++) {
            const tz_person *p = &k->t->people[i];
            if (p->is_service || !str_eq(p->login, n->key)) {
                continue;
            }
            tz_fault fault = tz_fault_key(n, "duplicate");
            fault.expected = arena_fmt(k->f->a, "%s:%d", p->at->file, p->at->key_line);
            tz_faults_add(k->f, &fault);
        }
    }
}

static bool is_held(const checker *k, crm_str name)
{
    for (uint32_t i = 0; i < k->t->people_count; i++) {
        for (uint32_t j = 0; j < k->t->people[i].role_count; j++) {
            if (str_eq(k->t->people[i].roles[j], name)) {
                return true;
            }
        }
    }
    return false;
}

static void check_roles(checker *k)
{
    YAML_EACH(n, node_map(k->t->root, "roles")) {
        /* The administrator is an account of the server, not one of the people. */
        if (!is_held(k, n->key) && !str_is(n->key, ROLE_ADMIN)) {
            tz_warn(k->f, n, "role_unheld", n->key);
        }
    }
}

static void check_functions(checker *k)
{
    tz_names holders = {0};
    for (uint32_t i = 0; i < k->roles.count; i++) {
        tz_names_add(k->f->a, &holders, k->roles.at[i]);
    }
    for (uint32_t i = 0; i < k->logins.count; i++) {
        tz_names_add(k->f->a, &holders, k->logins.at[i]);
    }
    YAML_EACH(n, node_map(k->t->root, "functions")) {
        check_all_known(k, n, "unknown_holder", &holders);
    }
}

static bool names_it(const yaml_node *list, crm_str name)
{
    TZ_EACH_NAME(n, list)
    {
        if (str_eq(n->text, name)) {
            return true;
        }
    }
    return false;
}

/* ---- functions that need a right besides ----------------------------------------------------- */

/* Some right of the role names the action, or an own entity is given to it whole. */
static bool is_granted_some(const checker *k, crm_str whose, const char *what)
{
    const yaml_node *of = node_map_named(node_map(k->t->root, "roles"), whose);
    YAML_EACH(right, node_map(of, "rights")) {
        if (yaml_get(right, what)) {
            return true;
        }
    }
    YAML_EACH(own, node_map(k->t->root, "entities")) {
        if (names_it(yaml_get(own, "roles"), whose)) {
            return true;
        }
    }
    return false;
}

static bool may_some(const checker *k, crm_str holder, const char *what)
{
    for (uint32_t i = 0; i < k->t->people_count; i++) {
        const tz_person *p = &k->t->people[i];
        for (uint32_t j = 0; str_eq(p->login, holder) && j < p->role_count; j++) {
            if (is_granted_some(k, p->roles[j], what)) {
                return true;
            }
        }
    }
    return is_granted_some(k, holder, what);
}

/* The function says who, the right says which records: with the one alone nothing can be done. */
static void advise_function(checker *k, const char *what, const char *code)
{
    TZ_EACH_NAME(n, yaml_get(node_map(k->t->root, "functions"), what))
    {
        bool is_known = tz_names_has(&k->roles, n->text) || tz_names_has(&k->logins, n->text);
        if (is_known && !may_some(k, n->text, what)) {
            tz_warn(k->f, n, code, n->text);
        }
    }
}

/* ---- pipelines ------------------------------------------------------------------------------- */

static bool is_in_some_move(const yaml_node *moves, const char *side, crm_str name)
{
    YAML_EACH(n, moves) {
        if (names_it(yaml_get(n, side), name)) {
            return true;
        }
    }
    return false;
}

/* With moves given, a stage may be one that nobody gets into or out of. */
static void advise_stages(checker *k, const yaml_node *p)
{
    const yaml_node *moves = yaml_get(p, "moves"), *start = yaml_get(p, "start");
    if (!moves || !moves->count) {
        return;
    }
    YAML_EACH(n, node_map(p, "stages")) {
        crm_str ends = yaml_text(n, "outcome");
        bool is_open = !ends.n || str_is(ends, "open");
        if (!names_it(start, n->key) && !is_in_some_move(moves, "to", n->key)) {
            tz_warn(k->f, n, "stage_no_entry", n->key);
        }
        if (is_open && !is_in_some_move(moves, "from", n->key)) {
            tz_warn(k->f, n, "stage_no_exit", n->key);
        }
    }
}

static void check_pipeline(checker *k, const yaml_node *p)
{
    tz_names stages = tz_names_of(k->f->a, node_map(p, "stages"));
    const yaml_node *start = yaml_get(p, "start");
    if (start && start->kind == YAML_LIST && !start->count) {
        tz_refuse_key(k->f, start, "no_start_stage");
    }
    check_all_known(k, start, "unknown_stage", &stages);
    YAML_EACH(n, yaml_get(p, "moves")) {
        check_all_known(k, yaml_get(n, "from"), "unknown_stage", &stages);
        check_all_known(k, yaml_get(n, "to"), "unknown_stage", &stages);
        check_all_known(k, yaml_get(n, "who"), "unknown_role", &k->roles);
    }
    YAML_EACH(n, yaml_get(p, "locks")) {
        check_all_known(k, yaml_get(n, "stage"), "unknown_stage", &stages);
        check_all_known(k, yaml_get(n, "except"), "unknown_role", &k->roles);
    }
    advise_stages(k, p);
}

/* One pipeline per entity so far: a second one would quietly replace the first. */
static void check_pipelines(checker *k)
{
    tz_names taken = {0};
    YAML_EACH(p, node_map(k->t->root, "pipelines")) {
        const yaml_node *of = yaml_get(p, "of");
        if (of && tz_names_has(&taken, of->text)) {
            tz_refuse_key(k->f, of, "second_pipeline");
        }
        if (of) {
            tz_names_add(k->f->a, &taken, of->text);
        }
        check_pipeline(k, p);
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* The map of the verb in a list of steps, or NULL. */
static const yaml_node *step_of(const yaml_node *steps, const char *verb)
{
    YAML_EACH(n, steps) {
        const yaml_node *args = yaml_get(n, verb);
        if (args) {
            return args;
        }
    }
    return NULL;
}

static bool has_head(const checker *k, crm_str name)
{
    const yaml_node *all = node_map(node_map(k->t->root, "company"), "departments");
    for (uint32_t depth = 0; name.n && depth < k->departments.count; depth++) {
        const yaml_node *n = yaml_get(all, arena_cstr(k->f->a, name));
        if (!n || yaml_text(n, "head").n) {
            return n != NULL;
        }
        name = yaml_text(n, "parent");
    }
    return false;
}

/* Who is told when a department has nobody at its head? */
static void advise_heads(checker *k, const yaml_node *at, const yaml_node *steps)
{
    const yaml_node *notify = step_of(steps, "notify");
    crm_str of = yaml_text(step_of(yaml_get(at, "do"), "assign"), "department");
    if (!notify || !str_is(yaml_text(notify, "to"), "department.head")) {
        return;
    }
    YAML_EACH(n, node_map(node_map(k->t->root, "company"), "departments")) {
        bool is_meant = !of.n || str_eq(of, n->key);
        if (is_meant && !has_head(k, n->key)) {
            tz_warn(k->f, n, "no_head", n->key);
        }
    }
}

static void check_told(checker *k, const yaml_node *to)
{
    tz_names known = k->logins;
    if (!to) {
        return;
    }
    tz_names_add(k->f->a, &known, CRM_S("owner"));
    tz_names_add(k->f->a, &known, CRM_S("department.head"));
    check_known(k, to, "unknown_person", &known);
}

static bool is_before(const yaml_node *steps, const yaml_node *at, const char *verb)
{
    YAML_EACH(n, steps) {
        if (n == at) {
            return false;
        }
        if (yaml_get(n, verb)) {
            return true;
        }
    }
    return false;
}

/* {prefer: contact.owner} above the step `contact`, which is named after the field it fills: whom
 * it means is not known yet. */
static void advise_preferred(checker *k, const yaml_node *steps, const yaml_node *at)
{
    TZ_EACH_NAME(n, yaml_get(yaml_get(at, "assign"), "prefer"))
    {
        crm_str rest = n->text, name = {0};
        str_split(&rest, '.', &name);
        const char *verb = arena_cstr(k->f->a, name);
        if (rest.n && step_of(steps, verb) && !is_before(steps, at, verb)) {
            tz_warn(k->f, n, "preferred_too_early", name);
        }
    }
}

/* Steps that name roles and departments, wherever they stand. */
static void check_steps(checker *k, const yaml_node *steps)
{
    YAML_EACH(n, steps) {
        const yaml_node *assign = yaml_get(n, "assign");
        check_known(k, yaml_get(assign, "role"), "unknown_role", &k->roles);
        check_known(k, yaml_get(assign, "department"), "unknown_department", &k->departments);
        advise_preferred(k, steps, n);
        check_told(k, yaml_get(yaml_get(n, "notify"), "to"));
    }
}

/* The forms that acceptance checks fill in. */
static void check_submitted(checker *k, const yaml_node *check)
{
    YAML_EACH(n, check) {
        const yaml_node *form = yaml_get(yaml_get(n, "submit"), "form");
        if (form && form->text.n && !tz_names_has(&k->integrations, form->text)) {
            tz_refuse_word(k->f, form, "unknown_form", &k->integrations);
        }
    }
}

static void check_rule(checker *k, const yaml_node *n)
{
    const yaml_node *when = yaml_get(n, "when"), *steps = yaml_get(n, "do");
    int triggers =
        !!yaml_get(when, "created") + !!yaml_get(when, "updated") + !!yaml_get(when, "deleted");
    bool is_later = yaml_get(n, "steps") || (when && when->count && !triggers);
    if (when && triggers != 1 && !is_later) {
        tz_refuse_key(k->f, when, "one_trigger");
    }
    if (!steps && !is_later) {
        tz_fault fault = tz_fault_key(n, "missing");
        fault.expected = fault.subject;
        fault.subject = CRM_S("do");
        tz_faults_add(k->f, &fault);
    }
    if (steps && !yaml_get(n, "otherwise")) {
        tz_warn(k->f, n, "rule_no_otherwise", n->key);
    }
    check_steps(k, steps);
    check_steps(k, yaml_get(n, "otherwise"));
    advise_heads(k, n, steps);
    advise_heads(k, n, yaml_get(n, "otherwise"));
}

/* ---- requirements ---------------------------------------------------------------------------- */

/* Whether the tree has a node at "pipelines.main.stages.new"; keys may hold dots themselves. */
static bool has_path(const yaml_node *at, crm_str path)
{
    YAML_EACH(n, at) {
        crm_str rest = {path.p + n->key.n, path.n - n->key.n};
        if (!n->key.n || !str_starts(path, n->key)) {
            continue;
        }
        if (!rest.n || (*rest.p == '.' && has_path(n, (crm_str){rest.p + 1, rest.n - 1}))) {
            return true;
        }
    }
    return false;
}

static bool is_part(const checker *k, crm_str path)
{
    static const crm_str section = {"people.", 7};
    bool is_person = str_starts(path, section) &&
                     tz_names_has(&k->logins, (crm_str){path.p + section.n, path.n - section.n});
    return is_person || has_path(k->t->root, path);
}

/* "pipelines.main", "roles.manager" and so on. */
static tz_names parts_of(const checker *k)
{
    tz_names parts = {0};
    YAML_EACH(section, k->t->root) {
        YAML_EACH(n, section->kind == YAML_MAP ? section : NULL) {
            tz_names_add(k->f->a, &parts,
                         arena_fmt(k->f->a, "%.*s.%.*s", STR_FMT(section->key), STR_FMT(n->key)));
        }
    }
    return parts;
}

static void check_requirement(checker *k, const yaml_node *n)
{
    TZ_EACH_NAME(by, yaml_get(n, "served_by"))
    {
        if (by->kind == YAML_SCALAR && by->text.n && !is_part(k, by->text)) {
            tz_names parts = parts_of(k);
            tz_refuse_near(k->f, by, "unknown_part", by->text, &parts);
        }
    }
    check_submitted(k, yaml_get(n, "check"));
}

/* What the text says of itself. */
static void check_acceptance(checker *k)
{
    k->f->advises = k->t->was_in_force;
    YAML_EACH(n, node_map(k->t->root, "rules")) {
        check_submitted(k, yaml_get(n, "check"));
    }
    YAML_EACH(n, node_map(k->t->root, "requirements")) {
        check_requirement(k, n);
    }
    k->f->advises = false;
}

void cross_check(const tz *t, tz_faults *f)
{
    checker k = {.t = t, .f = f};
    k.roles = tz_names_of(f->a, node_map(t->root, "roles"));
    tz_names_add(f->a, &k.roles, CRM_S(ROLE_ADMIN));
    k.departments = tz_names_of(f->a, node_map(node_map(t->root, "company"), "departments"));
    for (uint32_t i = 0; i < t->people_count; i++) {
        tz_names_add(f->a, &k.logins, t->people[i].login);
    }
    k.integrations = tz_names_of(f->a, node_map(t->root, "integrations"));
    check_inn(&k);
    check_departments(&k);
    check_people(&k);
    check_services(&k);
    check_roles(&k);
    check_functions(&k);
    advise_function(&k, "export", "nothing_to_export");
    advise_function(&k, "import", "nothing_to_import");
    check_pipelines(&k);
    YAML_EACH(n, node_map(t->root, "rules")) {
        check_rule(&k, n);
    }
    check_acceptance(&k);
}
