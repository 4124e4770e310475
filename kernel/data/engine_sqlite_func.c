/*
 * engine_sqlite_func.c - SQL functions of the engine, for what has no column of its own.
 *
 * karkas_key(text): its sort key. karkas_number(text): the number of a phone.
 * karkas_same(text, text): whether both have the same sort key.
 * karkas_any(text, key, operator, operand): whether an element of a many-valued text compares
 * so; `key` is a field_key. karkas_elements(text, key): the elements of such a text, or their keys,
 * as JSON of their bytes in hexadecimal. karkas_ids(text): a list of references as JSON numbers.
 * karkas_attached(text, attached_asked): whether one of the attachments is as asked.
 * karkas_terms(text): its full-text terms;
 * karkas_phones(text): those of phones. karkas_access(created by, department, stage, owner, owner,
 * owner): the access terms of a row. karkas_part(text, part): a part of an address (address.h), its
 * number and 1. karkas_keys(text): the keys of its name, as terms. karkas_is_word(term): whether
 * the vocabulary has it. They are for the engine's own statements only, so a schema cannot call
 * them.
 */
#include "data/address.h"
#include "data/engine_sqlite.h"
#include "data/field.h"

static crm_str text_of(sqlite3_value *v)
{
    const char *p = (const char *)sqlite3_value_text(v);
    return p ? (crm_str){p, (size_t)sqlite3_value_bytes(v)} : (crm_str){0};
}

typedef crm_status (*convert_fn)(arena *a, crm_str in, crm_str *out);

/* Each function has an arena of its own on each connection, emptied after every value. */
static bool convert(sqlite3_context *c, crm_str in, convert_fn fn, crm_str *out)
{
    arena *a = sqlite3_user_data(c);
    crm_status st = fn(a, in, out);
    if (st == CRM_NOMEM) {
        sqlite3_result_error_nomem(c);
    } else if (st != CRM_OK) {
        sqlite3_result_error(c, "not a text", -1);
    }
    return st == CRM_OK;
}

static void key_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) {
        return;
    }
    arena *a = sqlite3_user_data(c);
    crm_str key;
    if (convert(c, text_of(v[0]), text_sort_key, &key)) {
        sqlite3_result_blob64(c, key.p, key.n, SQLITE_TRANSIENT);
    }
    arena_reset(a);
}

static void number_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    crm_str number = phone_number(text_of(v[0]));
    if (number.p) {
        sqlite3_result_text64(c, number.p, number.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
}

static void part_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    arena *a = sqlite3_user_data(c);
    address all;
    int part = sqlite3_value_int(v[1]) - 1;
    bool is_text = sqlite3_value_type(v[0]) == SQLITE_TEXT && part >= 0 && part < ADDRESS_PARTS;
    if (is_text && address_read(a, text_of(v[0]), &all) != CRM_OK) {
        sqlite3_result_error_nomem(c);
    } else if (is_text && all.part[part].n) {
        crm_str s = all.part[part];
        sqlite3_result_text64(c, s.p, s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    arena_reset(a);
}

static void same_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    crm_str x = text_of(v[0]), y = text_of(v[1]);
    if (x.p && y.p) {
        sqlite3_result_int(c, text_same(x, y));
    }
}

static void terms_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) {
        return;
    }
    arena *a = sqlite3_user_data(c);
    crm_str terms;
    if (convert(c, text_of(v[0]), text_terms, &terms)) {
        sqlite3_result_text64(c, terms.p, terms.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    arena_reset(a);
}

static void phone_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) {
        return;
    }
    arena *a = sqlite3_user_data(c);
    crm_str terms;
    if (convert(c, text_of(v[0]), phone_terms, &terms)) {
        sqlite3_result_text64(c, terms.p, terms.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    arena_reset(a);
}

static value value_of(sqlite3_value *v)
{
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_value_int64(v));
    case SQLITE_TEXT:
        return value_text(text_of(v));
    default:
        return value_null();
    }
}

static void give_signs(sqlite3_context *c, crm_str terms, char joint, bool is_lost)
{
    buf out;
    buf_init(&out, 0);
    signs_add(&out, terms, joint);
    if (out.failed || is_lost) {
        sqlite3_result_error_nomem(c);
    } else {
        sqlite3_result_text64(c, out.n ? out.p : "", out.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    buf_free(&out);
}

static void access_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    access_row row = {.created_by = value_of(v[0]),
                      .department = value_of(v[1]),
                      .stage = value_of(v[2]),
                      .owners = {value_of(v[3]), value_of(v[4]), value_of(v[5])}};
    buf out;
    buf_init(&out, 0);
    engine_access_terms(&out, &row);
    give_signs(c, buf_view(&out), ' ', out.failed);
    buf_free(&out);
}

static void keys_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    if (sqlite3_value_type(v[0]) != SQLITE_NULL) {
        give_signs(c, text_of(v[0]), '\n', false);
    }
}

static void word_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    sqlite3_result_int(c, engine_is_vocabulary(text_of(v[0])));
}

static bool is_satisfied(cond_op op, crm_str element, crm_str operand)
{
    int order = str_cmp(element, operand);
    switch (op) {
    case COND_GT:
        return order > 0;
    case COND_GTE:
        return order >= 0;
    case COND_LT:
        return order < 0;
    case COND_LTE:
        return order <= 0;
    case COND_STARTS:
        return str_starts(element, operand);
    default:
        return order == 0;
    }
}

/* What the element compares by; false: the error was given. */
static bool key_element(sqlite3_context *c, sqlite3_value *by, crm_str *element)
{
    switch (sqlite3_value_int(by)) {
    case FIELD_KEY_FOLDED:
        return convert(c, *element, text_sort_key, element);
    case FIELD_KEY_NUMBER:
        *element = phone_number(*element);
        return true;
    default:
        return true;
    }
}

static void any_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    arena *a = sqlite3_user_data(c);
    bool found = false;
    cond_op op = (cond_op)sqlite3_value_int(v[2]);
    const char *p = sqlite3_value_blob(v[3]);
    crm_str rest = text_of(v[0]), element;
    crm_str operand = {p ? p : "", (size_t)sqlite3_value_bytes(v[3])};
    while (!found && rest.p && str_split(&rest, '\n', &element)) {
        if (!key_element(c, v[1], &element)) {
            break;
        }
        found = is_satisfied(op, element, operand);
        arena_reset(a);
    }
    sqlite3_result_int(c, found);
}

static void add_hex(buf *out, crm_str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        buf_char(out, digits[(unsigned char)s.p[i] >> 4]);
        buf_char(out, digits[(unsigned char)s.p[i] & 15]);
    }
}

/* As hex() would have them, so that a set of values is looked up whatever they hold. */
static void elements_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    arena *a = sqlite3_user_data(c);
    crm_str rest = text_of(v[0]), element;
    bool is_good = true;
    buf out;
    buf_init(&out, 0);
    buf_char(&out, '[');
    while (is_good && rest.p && str_split(&rest, '\n', &element)) {
        buf_z(&out, out.n > 1 ? ",\"" : "\"");
        is_good = key_element(c, v[1], &element);
        add_hex(&out, is_good ? element : (crm_str){0});
        buf_char(&out, '"');
        arena_reset(a);
    }
    buf_char(&out, ']');
    if (out.failed) {
        sqlite3_result_error_nomem(c);
    } else if (is_good) {
        sqlite3_result_text64(c, out.p, out.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    buf_free(&out);
}

static void ids_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    crm_str rest = text_of(v[0]), element;
    int64_t id;
    buf out;
    buf_init(&out, 0);
    buf_char(&out, '[');
    while (rest.p && str_split(&rest, '\n', &element)) {
        if (str_to_i64(element, &id) == CRM_OK) {
            buf_z(&out, out.n > 1 ? "," : "");
            buf_int(&out, id);
        }
    }
    buf_char(&out, ']');
    if (out.failed) {
        sqlite3_result_error_nomem(c);
    } else {
        sqlite3_result_text64(c, out.p, out.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    buf_free(&out);
}

static void attached_function(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    crm_str text = text_of(v[0]);
    const attached_asked *asked = sqlite3_value_pointer(v[1], ATTACHED_POINTER);
    bool is = asked && text.p && cond_attached(asked->where, value_text(text), asked->env);
    sqlite3_result_int(c, is);
}

static void free_arena(void *a)
{
    arena_free(a);
}

crm_status functions_register(sqlite3 *db)
{
    static const struct {
        const char *name;
        int args;
        void (*fn)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"karkas_key", 1, key_function},           {"karkas_terms", 1, terms_function},
        {"karkas_phones", 1, phone_function},      {"karkas_access", 6, access_function},
        {"karkas_is_word", 1, word_function},      {"karkas_any", 4, any_function},
        {"karkas_elements", 2, elements_function}, {"karkas_keys", 1, keys_function},
        {"karkas_same", 2, same_function},         {"karkas_part", 2, part_function},
        {"karkas_number", 1, number_function},     {"karkas_ids", 1, ids_function},
        {"karkas_attached", 2, attached_function},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        arena *a = arena_new(0);
        if (!a) {
            return CRM_NOMEM;
        }
        int rc = sqlite3_create_function_v2(db, functions[i].name, functions[i].args,
                                            SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                            a, functions[i].fn, NULL, NULL, free_arena);
        if (rc != SQLITE_OK) {
            return status_of(db, rc, "function");
        }
    }
    return CRM_OK;
}
