/*
 * shape.c - walks a tree beside the schema: unknown keys, missing ones, values of another type, and
 * what the format knows but this version does not carry out. A misspelt key is one fault: the tree
 * is then judged as though it stood there right. Any thread.
 */
#include "tz/tz_private.h"

/* What a fault says was expected; the catalogue holds the words as type.<name>. */
static const char *const kind_names[] = {
    [SHAPE_TEXT] = "text",      [SHAPE_INT] = "int",     [SHAPE_BOOL] = "bool",
    [SHAPE_NAME] = "name",      [SHAPE_WORD] = "word",   [SHAPE_DURATION] = "duration",
    [SHAPE_NAMES] = "names",    [SHAPE_LIST] = "list",   [SHAPE_MAP] = "map",
    [SHAPE_WHERE] = "where",    [SHAPE_STEPS] = "steps", [SHAPE_ANY] = "any",
    [SHAPE_NOT_SERVED] = "any",
};

static void wrong_type(tz_faults *f, const yaml_node *n, crm_str expected)
{
    crm_str around = n->parent ? n->parent->key : (crm_str){0};
    crm_str own = n->key.n ? n->key : n->text;
    tz_fault fault = tz_fault_value(n, "wrong_type", own.n ? own : around);
    fault.expected = expected;
    tz_faults_add(f, &fault);
}

static bool accepts(const shape *s, const yaml_node *n)
{
    switch (s->kind) {
    case SHAPE_LIST:
    case SHAPE_STEPS:
        return n->kind == YAML_LIST;
    case SHAPE_MAP:
    case SHAPE_WHERE:
        return n->kind == YAML_MAP || node_is_nothing(n);
    case SHAPE_NAMES:
        return n->kind == YAML_LIST || (n->kind == YAML_SCALAR && n->text.n);
    case SHAPE_ANY:
    case SHAPE_NOT_SERVED:
        return true;
    default:
        return n->kind == YAML_SCALAR && (n->text.n || n->is_quoted);
    }
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* Latin small letters, digits and underscores, in parts joined by dots; a login may hold '-'. */
static bool is_name(crm_str s)
{
    bool at_start = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_rest = (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_letter && !(!at_start && (is_rest || c == '.'))) {
            return false;
        }
        at_start = c == '.';
    }
    return !at_start && s.n <= 64;
}

static void check_word(tz_faults *f, const yaml_node *n, const shape *s)
{
    tz_names words = {0};
    for (int i = 0; s->words[i]; i++) {
        tz_names_add(f->a, &words, str_of(s->words[i]));
    }
    if (!tz_names_has(&words, n->text)) {
        tz_refuse_word(f, n, "unknown_word", &words);
    }
}

static void check_int(tz_faults *f, const yaml_node *n, const shape *s)
{
    int64_t got;
    bool is_bounded = s->least < s->most;
    if (str_to_i64(n->text, &got) != CRM_OK) {
        wrong_type(f, n, CRM_S("int"));
    } else if (is_bounded && (got < s->least || got > s->most)) {
        tz_fault fault = tz_fault_value(n, "out_of_range", n->text);
        fault.expected = arena_fmt(f->a, "%lld..%lld", (long long)s->least, (long long)s->most);
        tz_faults_add(f, &fault);
    }
}

static void check_scalar(tz_faults *f, const yaml_node *n, const shape *s)
{
    bool flag;
    int64_t ms;
    switch (s->kind) {
    case SHAPE_INT:
        check_int(f, n, s);
        return;
    case SHAPE_WORD:
        check_word(f, n, s);
        return;
    case SHAPE_BOOL:
        if (yaml_bool(n, &flag) != CRM_OK) {
            wrong_type(f, n, CRM_S("bool"));
        }
        return;
    case SHAPE_DURATION:
        if (clock_parse_duration(n->text, &ms) != CRM_OK) {
            wrong_type(f, n, CRM_S("duration"));
        }
        return;
    case SHAPE_NAME:
        if (!is_name(n->text)) {
            tz_refuse(f, n, "bad_name", n->text);
        }
        return;
    default:
        return;
    }
}

/* ---- lists and maps -------------------------------------------------------------------------- */

static void check_names(tz_faults *f, const yaml_node *n)
{
    YAML_EACH(item, n) {
        if (item->kind != YAML_SCALAR || !item->text.n) {
            wrong_type(f, item, CRM_S("text"));
        }
    }
}

/* [{notify: {…}}, …]: one verb per item, so that their order is plain. */
static void check_steps(tz_faults *f, const yaml_node *n)
{
    YAML_EACH(item, n) {
        if (item->kind != YAML_MAP || item->count != 1) {
            wrong_type(f, item, CRM_S("step"));
        }
    }
}

/* `$name` stands for a value of the run or of the record being edited. */
static void check_where(tz_faults *f, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR && n->text.n && n->text.p[0] == '$') {
        tz_refuse(f, n, "not_served", n->text);
    }
    YAML_EACH(child, n) {
        check_where(f, child);
    }
}

static const shape_key *key_of(const shape *s, crm_str name)
{
    for (const shape_key *k = s->keys; k && k->key; k++) {
        if (str_is(name, k->key)) {
            return k;
        }
    }
    return NULL;
}

/* Whether the node may stand there under a key that is not in the format's list. */
static bool is_free_key(const yaml_node *n, const shape *s)
{
    return s->of && (!s->dotted_keys || str_find(n->key, '.') >= 0);
}

static crm_str nearest_key(tz_faults *f, const yaml_node *n, const shape *s)
{
    tz_names known = {0};
    for (const shape_key *k = s->keys; k && k->key; k++) {
        tz_names_add(f->a, &known, str_of(k->key));
    }
    return text_nearest(n->key, known.at, known.count);
}

static void unknown_key(tz_faults *f, const yaml_node *n, const shape *s)
{
    tz_fault fault = tz_fault_key(n, "unknown_key");
    fault.nearest = nearest_key(f, n, s);
    tz_faults_add(f, &fault);
}

static bool accepts_any(const shape *s, const yaml_node *n)
{
    while (s && !accepts(s, n)) {
        s = s->other;
    }
    return s != NULL;
}

/* The key that is meant by one nobody knows: its place is free, and the value fits there. */
static const shape_key *key_meant(tz_faults *f, const yaml_node *n, const shape *s)
{
    if (key_of(s, n->key) || (is_free_key(n, s) && accepts_any(s->of, n))) {
        return NULL;
    }
    crm_str nearest = nearest_key(f, n, s);
    const shape_key *k = nearest.n ? key_of(s, nearest) : NULL;
    bool is_taken = k && yaml_get(n->parent, k->key);
    return k && !(k->flags & KEY_NOT_SERVED) && !is_taken && accepts_any(k->shape, n) ? k : NULL;
}

void shape_mend(tz_faults *f, yaml_node *map, const shape *s)
{
    YAML_EACH(n, map) {
        const shape_key *k = key_meant(f, n, s);
        if (k) {
            unknown_key(f, n, s);
            n->key = str_of(k->key);
        }
    }
}

static void check_key(tz_faults *f, yaml_node *n, const shape *s)
{
    const shape_key *k = key_of(s, n->key);
    if (k && (k->flags & KEY_NOT_SERVED)) {
        tz_refuse_key(f, n, "not_served");
    } else if (k) {
        shape_check(f, n, k->shape);
    } else if (!is_free_key(n, s)) {
        unknown_key(f, n, s);
    } else if (s->names_keys && !is_name(n->key)) {
        tz_refuse_key(f, n, "bad_name");
    } else {
        shape_check(f, n, s->of);
    }
}

static void check_map(tz_faults *f, yaml_node *n, const shape *s)
{
    shape_mend(f, n, s);
    YAML_EACH(child, n) {
        check_key(f, child, s);
    }
    for (const shape_key *k = s->keys; k && k->key; k++) {
        if ((k->flags & KEY_REQUIRED) && !yaml_get(n, k->key)) {
            tz_fault fault = tz_fault_key(n, "missing");
            fault.expected = fault.subject;
            fault.subject = str_of(k->key);
            tz_faults_add(f, &fault);
        }
    }
}

void shape_check(tz_faults *f, yaml_node *n, const shape *wanted)
{
    const shape *s = wanted;
    while (!accepts(s, n)) {
        s = s->other;
        if (!s) {
            wrong_type(f, n, str_of(kind_names[wanted->kind]));
            return;
        }
    }
    switch (s->kind) {
    case SHAPE_MAP:
        check_map(f, n, s);
        return;
    case SHAPE_LIST:
        YAML_EACH(item, n) {
            shape_check(f, item, s->of);
        }
        return;
    case SHAPE_NAMES:
        check_names(f, n);
        return;
    case SHAPE_STEPS:
        check_steps(f, n);
        return;
    case SHAPE_WHERE:
        check_where(f, n);
        return;
    case SHAPE_NOT_SERVED:
        tz_refuse_key(f, n, "not_served");
        return;
    default:
        check_scalar(f, n, s);
    }
}
