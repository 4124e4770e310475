/* formula_parse.c - a formula's text to a typed tree. Sealing only. */
#include "data/field.h"
#include "data/formula_private.h"
#include "data/query.h"

typedef struct parser {
    const formula_scope *scope;
    const field *of; /* whose formula it is */
    formula *out;
    crm_str rest;
    formula_error *err;
    uint32_t nodes, depth;
    crm_status status;
} parser;

static fnode *fail(parser *p, const char *code, crm_str subject)
{
    if (p->status == CRM_OK) {
        p->status = CRM_INVALID;
        *p->err = (formula_error){.code = code, .subject = arena_dup(p->scope->a, subject)};
    }
    return NULL;
}

static fnode *syntax(parser *p)
{
    crm_str near =
        p->rest.n ? (crm_str){p->rest.p, p->rest.n < 30 ? p->rest.n : 30} : p->of->formula;
    while (near.n && near.n < p->rest.n && ((unsigned char)p->rest.p[near.n] & 0xC0) == 0x80) {
        near.n--; /* not inside a letter */
    }
    return fail(p, "formula_syntax", near);
}

static fnode *node(parser *p, formula_op op, formula_type type)
{
    if (p->nodes++ == FORMULA_NODES_MAX) {
        return fail(p, "too_complex", p->of->name);
    }
    fnode *n = ARENA_NEW(p->scope->a, fnode);
    if (!n) {
        p->status = CRM_NOMEM;
        return NULL;
    }
    n->op = op;
    n->type = type;
    return n;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void skip_blanks(parser *p)
{
    while (p->rest.n && strchr(" \t\r\n", *p->rest.p)) {
        p->rest = (crm_str){p->rest.p + 1, p->rest.n - 1};
    }
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static crm_str peek_word(parser *p)
{
    size_t n = 0;
    skip_blanks(p);
    while (n < p->rest.n && is_word_char(p->rest.p[n])) {
        n++;
    }
    return (crm_str){p->rest.p, n};
}

static void skip(parser *p, size_t n)
{
    p->rest = (crm_str){p->rest.p + n, p->rest.n - n};
}

static bool take_word(parser *p, const char *word)
{
    bool is = str_is(peek_word(p), word);
    if (is) {
        skip(p, strlen(word));
    }
    return is;
}

static bool take(parser *p, const char *sign)
{
    skip_blanks(p);
    bool is = str_starts(p->rest, str_of(sign));
    if (is) {
        skip(p, strlen(sign));
    }
    return is;
}

/* ---- operators ------------------------------------------------------------------------------- */

static fnode *binary(parser *p, formula_op op, const char *sign, const fnode *x, const fnode *y)
{
    if (!x || !y) {
        return NULL;
    }
    formula_type type = formula_binary_type(op, x->type, y->type);
    if (type == FORMULA_LIST) {
        return fail(p, "formula_type", str_of(sign));
    }
    fnode *n = node(p, op, type);
    if (n) {
        n->kid[0] = x;
        n->kid[1] = y;
        n->kids = 2;
        bool are_days = x->type == FORMULA_DATE && y->type == FORMULA_DATE;
        n->is_whole = are_days || (op != FOP_DIV && x->is_whole && y->is_whole);
        n->scale = op == FOP_DIV ? 2 : x->scale > y->scale ? x->scale : y->scale;
    }
    return n;
}

/* ---- operands -------------------------------------------------------------------------------- */

static fnode *expression(parser *p);

static fnode *number(parser *p)
{
    size_t n = 0, dot = 0;
    while (n < p->rest.n && (is_word_char(p->rest.p[n]) || (p->rest.p[n] == '.' && !dot++))) {
        n++;
    }
    int64_t v = 0;
    crm_str text = {p->rest.p, n};
    wide unit = 1;
    crm_status st = field_parse_decimal(text, FORMULA_DIGITS, &v);
    if (st == CRM_LIMIT) { /* of a great number no fraction is kept */
        st = field_parse_decimal(text, 0, &v);
        unit = FORMULA_UNIT;
    }
    fnode *out = st == CRM_OK ? node(p, FOP_CONST, FORMULA_NUMBER) : syntax(p);
    if (out) {
        out->number = v * unit;
        out->is_whole = out->number % FORMULA_UNIT == 0;
        for (int64_t part = (int64_t)(out->number % FORMULA_UNIT); part;
             part = part * 10 % FORMULA_UNIT) {
            out->scale++;
        }
        skip(p, n);
    }
    return out;
}

static fnode *quoted(parser *p)
{
    char quote = *p->rest.p;
    skip(p, 1);
    ptrdiff_t end = str_find(p->rest, quote);
    fnode *n = end < 0 ? syntax(p) : node(p, FOP_CONST, FORMULA_TEXT);
    if (n) {
        n->text = arena_dup(p->scope->a, (crm_str){p->rest.p, (size_t)end});
        skip(p, (size_t)end + 1);
    }
    return n;
}

static bool note_read(parser *p, const field *via, const field *f)
{
    uint32_t i = 0;
    while (i < p->out->read_count && p->out->reads[i].via != via) {
        i++;
    }
    if (i == FORMULA_VIAS_MAX) {
        return fail(p, "too_complex", p->of->name) != NULL;
    }
    if (i == p->out->read_count) {
        p->out->reads[p->out->read_count++].via = via;
    }
    bits_add(p->out->reads[i].fields, f->index);
    return true;
}

static const field *find_field(parser *p, const entity *e, crm_str name, crm_str whole)
{
    crm_str names[FIELDS_MAX];
    const field *f = entity_field(e, name);
    if (f && !(f->flags & FIELD_HIDDEN)) {
        return f;
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        names[i] = e->fields[i].name;
    }
    fail(p, "unknown_field", whole);
    p->err->nearest = text_nearest(name, names, e->field_count);
    return NULL;
}

static fnode *field_node(parser *p, crm_str name)
{
    crm_str whole = name;
    const field *via = NULL, *f = find_field(p, p->of->entity, name, name);
    if (f && take(p, ".")) {
        crm_str next = peek_word(p);
        skip(p, next.n);
        whole = (crm_str){name.p, (size_t)(next.p + next.n - name.p)};
        via = f;
        f = via->ref && !(via->flags & FIELD_MANY) ? find_field(p, via->ref, next, whole) : NULL;
        if (!f) {
            return fail(p, "formula_type", whole);
        }
    }
    if (!f) {
        return NULL;
    }
    if (f->type == FIELD_COMPUTED && !p->scope->need(p->scope->arg, f)) {
        return fail(p, "formula_cycle", whole);
    }
    fnode *n = node(p, FOP_FIELD, formula_type_of(f));
    if (!n || (via && !note_read(p, via, f))) {
        return NULL;
    }
    n->via = via;
    n->field = f;
    n->scale = f->scale;
    n->is_whole = field_stored_type(f) == FIELD_INT;
    return n;
}

/* ---- functions ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    formula_op op;
    uint32_t least, most;
} functions[] = {{"if", FOP_IF, 3, 3},
                 {"coalesce", FOP_COALESCE, 2, FORMULA_KIDS_MAX},
                 {"round", FOP_ROUND, 1, 2},
                 {"min", FOP_MIN, 2, FORMULA_KIDS_MAX},
                 {"max", FOP_MAX, 2, FORMULA_KIDS_MAX},
                 {"abs", FOP_ABS, 1, 1},
                 {"concat", FOP_CONCAT, 1, FORMULA_KIDS_MAX},
                 {"empty", FOP_EMPTY, 1, 1}};
#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

static fnode *call(parser *p, crm_str name)
{
    crm_str names[FUNCTION_COUNT];
    size_t i = 0;
    for (; i < FUNCTION_COUNT && !str_is(name, functions[i].name); i++) {
        names[i] = str_of(functions[i].name);
    }
    if (i == FUNCTION_COUNT) {
        fail(p, "unknown_function", name);
        p->err->nearest = text_nearest(name, names, FUNCTION_COUNT);
        return NULL;
    }
    fnode *n = node(p, functions[i].op, FORMULA_NULL);
    bool is_first = true;
    while (n && p->status == CRM_OK && (is_first || take(p, ","))) {
        if (n->kids == functions[i].most) {
            return fail(p, "formula_type", name);
        }
        n->kid[n->kids++] = expression(p);
        is_first = false;
    }
    if (p->status != CRM_OK || !take(p, ")")) {
        return syntax(p);
    }
    n->type = n->kids < functions[i].least ? FORMULA_LIST : formula_call_type(n);
    if (n->type == FORMULA_LIST) {
        return fail(p, "formula_type", name);
    }
    formula_set_precision(n);
    return n;
}

/* ---- the grammar ----------------------------------------------------------------------------- */

static fnode *word(parser *p)
{
    crm_str name = peek_word(p);
    if (!name.n) {
        return syntax(p);
    }
    skip(p, name.n);
    if (str_is(name, "true") || str_is(name, "false")) {
        fnode *n = node(p, FOP_CONST, FORMULA_BOOL);
        if (n) {
            n->number = str_is(name, "true");
        }
        return n;
    }
    if (str_is(name, "null")) {
        return node(p, FOP_CONST, FORMULA_NULL);
    }
    return take(p, "(") ? call(p, name) : field_node(p, name);
}

static fnode *primary(parser *p)
{
    skip_blanks(p);
    char c = p->rest.n ? *p->rest.p : 0;
    if (c >= '0' && c <= '9') {
        return number(p);
    }
    if (c == '\'' || c == '"') {
        return quoted(p);
    }
    if (!take(p, "(")) {
        return word(p);
    }
    fnode *inner = expression(p);
    return inner && !take(p, ")") ? syntax(p) : inner;
}

static fnode *unary(parser *p)
{
    if (!take(p, "-")) {
        return primary(p);
    }
    fnode *x = primary(p), *n = x ? node(p, FOP_NEG, x->type) : NULL;
    if (!n) {
        return NULL;
    }
    n->kid[0] = x;
    n->kids = 1;
    n->is_whole = x->is_whole;
    n->scale = x->scale;
    bool is_signed = x->type == FORMULA_NUMBER || x->type == FORMULA_DURATION;
    return is_signed ? n : fail(p, "formula_type", CRM_S("-"));
}

static fnode *product(parser *p)
{
    fnode *x = unary(p);
    while (x) {
        bool is_mul = take(p, "*");
        if (!is_mul && !take(p, "/")) {
            break;
        }
        x = binary(p, is_mul ? FOP_MUL : FOP_DIV, is_mul ? "*" : "/", x, unary(p));
    }
    return x;
}

static fnode *sum(parser *p)
{
    fnode *x = product(p);
    while (x) {
        bool is_add = take(p, "+");
        if (!is_add && !take(p, "-")) {
            break;
        }
        x = binary(p, is_add ? FOP_ADD : FOP_SUB, is_add ? "+" : "-", x, product(p));
    }
    return x;
}

static fnode *comparison(parser *p)
{
    static const struct {
        const char *sign;
        formula_op op;
    } signs[] = {{"!=", FOP_NE}, {"<=", FOP_LTE}, {">=", FOP_GTE},
                 {"=", FOP_EQ},  {"<", FOP_LT},   {">", FOP_GT}};
    fnode *x = sum(p);
    for (size_t i = 0; x && i < sizeof signs / sizeof signs[0]; i++) {
        if (take(p, signs[i].sign)) {
            return binary(p, signs[i].op, signs[i].sign, x, sum(p));
        }
    }
    return x;
}

static fnode *negation(parser *p)
{
    if (!take_word(p, "not")) {
        return comparison(p);
    }
    fnode *x = comparison(p), *n = x ? node(p, FOP_NOT, FORMULA_BOOL) : NULL;
    if (!n) {
        return NULL;
    }
    n->kid[0] = x;
    n->kids = 1;
    return x->type == FORMULA_BOOL ? n : fail(p, "formula_type", CRM_S("not"));
}

static fnode *conjunction(parser *p)
{
    fnode *x = negation(p);
    while (x && take_word(p, "and")) {
        x = binary(p, FOP_AND, "and", x, negation(p));
    }
    return x;
}

static fnode *expression(parser *p)
{
    if (p->depth++ == FORMULA_DEPTH_MAX) {
        return fail(p, "too_complex", p->of->name);
    }
    fnode *x = conjunction(p);
    while (x && take_word(p, "or")) {
        x = binary(p, FOP_OR, "or", x, conjunction(p));
    }
    p->depth--;
    return x;
}

crm_status formula_compile(const formula_scope *s, const field *f, const formula **out,
                           formula_error *err)
{
    formula *x = ARENA_NEW(s->a, formula);
    parser p = {.scope = s, .of = f, .out = x, .rest = f->formula, .err = err};
    *out = x;
    *err = (formula_error){0};
    if (!x) {
        return CRM_NOMEM;
    }
    const fnode *root = expression(&p);
    skip_blanks(&p);
    if (p.status == CRM_OK && p.rest.n) {
        syntax(&p);
    }
    bool has_type = root && root->type != FORMULA_NULL && root->type != FORMULA_LIST &&
                    root->type != FORMULA_ID;
    if (p.status == CRM_OK && !has_type) {
        fail(&p, "formula_type", f->name);
    }
    x->root = root;
    return p.status;
}
