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

/* ---- types ----------------------------------------------------------------------------------- */

static formula_type type_of(const field *f)
{
    if (f->flags & FIELD_MANY) {
        return FORMULA_LIST;
    }
    switch (field_stored_type(f)) {
    case FIELD_INT:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
        return FORMULA_NUMBER;
    case FIELD_BOOL:
        return FORMULA_BOOL;
    case FIELD_DATE:
        return FORMULA_DATE;
    case FIELD_DATETIME:
        return FORMULA_MOMENT;
    case FIELD_DURATION:
        return FORMULA_DURATION;
    case FIELD_REF:
    case FIELD_USER:
        return FORMULA_ID;
    case FIELD_FILE:
    case FIELD_JSON:
        return FORMULA_LIST;
    default:
        return FORMULA_TEXT;
    }
}

static bool is_ordered(formula_type t)
{
    return t == FORMULA_NUMBER || t == FORMULA_DATE || t == FORMULA_MOMENT ||
           t == FORMULA_DURATION || t == FORMULA_TEXT;
}

/* What both may be; LIST when there is no such type. */
static formula_type common(formula_type x, formula_type y)
{
    return x == FORMULA_NULL ? y : y == FORMULA_NULL || x == y ? x : FORMULA_LIST;
}

static formula_type sum_type(formula_op op, formula_type x, formula_type y)
{
    bool is_add = op == FOP_ADD;
    if (x == FORMULA_NUMBER || x == FORMULA_DURATION) {
        bool moves = is_add && ((x == FORMULA_NUMBER && y == FORMULA_DATE) ||
                                (x == FORMULA_DURATION && y == FORMULA_MOMENT));
        return moves ? y : x == y ? x : FORMULA_LIST;
    }
    if (x == y && !is_add) {
        return x == FORMULA_DATE     ? FORMULA_NUMBER
               : x == FORMULA_MOMENT ? FORMULA_DURATION
                                     : FORMULA_LIST;
    }
    bool moves = (x == FORMULA_DATE && y == FORMULA_NUMBER) ||
                 (x == FORMULA_MOMENT && y == FORMULA_DURATION);
    return moves ? x : FORMULA_LIST;
}

static formula_type product_type(formula_op op, formula_type x, formula_type y)
{
    if (x == FORMULA_NUMBER && y == FORMULA_NUMBER) {
        return FORMULA_NUMBER;
    }
    if (x == FORMULA_DURATION && y == FORMULA_NUMBER) {
        return FORMULA_DURATION;
    }
    if (op == FOP_DIV) {
        return x == FORMULA_DURATION && y == FORMULA_DURATION ? FORMULA_NUMBER : FORMULA_LIST;
    }
    return x == FORMULA_NUMBER && y == FORMULA_DURATION ? FORMULA_DURATION : FORMULA_LIST;
}

/* `null` beside an operator takes the other's type: the whole is nothing, but must have one. */
static formula_type binary_type(formula_op op, formula_type x, formula_type y)
{
    formula_type both = common(x, y);
    x = x == FORMULA_NULL ? y : x;
    y = y == FORMULA_NULL ? x : y;
    switch (op) {
    case FOP_ADD:
    case FOP_SUB:
        return sum_type(op, x, y);
    case FOP_MUL:
    case FOP_DIV:
        return product_type(op, x, y);
    case FOP_AND:
    case FOP_OR:
        return both == FORMULA_BOOL ? FORMULA_BOOL : FORMULA_LIST;
    case FOP_EQ:
    case FOP_NE:
        return both != FORMULA_LIST ? FORMULA_BOOL : FORMULA_LIST;
    default:
        return is_ordered(both) ? FORMULA_BOOL : FORMULA_LIST;
    }
}

static fnode *binary(parser *p, formula_op op, const char *sign, const fnode *x, const fnode *y)
{
    if (!x || !y) {
        return NULL;
    }
    formula_type type = binary_type(op, x->type, y->type);
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
    fnode *n = node(p, FOP_FIELD, type_of(f));
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

/* The one type of the arguments from `from` on; LIST when they have none. */
static formula_type arguments_type(const fnode *n, uint32_t from)
{
    formula_type type = FORMULA_NULL;
    for (uint32_t i = from; i < n->kids; i++) {
        type = common(type, n->kid[i]->type);
    }
    return type;
}

static bool is_digits(const fnode *n)
{
    return n->op == FOP_CONST && n->type == FORMULA_NUMBER && n->is_whole && n->number >= 0 &&
           n->number <= (wide)FORMULA_DIGITS * FORMULA_UNIT;
}

static formula_type call_type(const fnode *n)
{
    formula_type all = arguments_type(n, 0);
    switch (n->op) {
    case FOP_IF:
        return n->kid[0]->type == FORMULA_BOOL ? arguments_type(n, 1) : FORMULA_LIST;
    case FOP_COALESCE:
        return all;
    case FOP_MIN:
    case FOP_MAX:
        return is_ordered(all) ? all : FORMULA_LIST;
    case FOP_ROUND:
        return n->kid[0]->type == FORMULA_NUMBER && (n->kids == 1 || is_digits(n->kid[1]))
                   ? FORMULA_NUMBER
                   : FORMULA_LIST;
    case FOP_ABS:
        return all == FORMULA_NUMBER || all == FORMULA_DURATION ? all : FORMULA_LIST;
    case FOP_EMPTY:
        return FORMULA_BOOL;
    default:
        for (uint32_t i = 0; i < n->kids; i++) {
            if (n->kid[i]->type == FORMULA_LIST || n->kid[i]->type == FORMULA_ID) {
                return FORMULA_LIST;
            }
        }
        return FORMULA_TEXT;
    }
}

static void set_precision(fnode *n)
{
    uint32_t from = n->op == FOP_IF;
    n->is_whole = n->op != FOP_ROUND || n->kids == 1 || n->kid[1]->number == 0;
    for (uint32_t i = from; i < n->kids && n->op != FOP_ROUND; i++) {
        n->is_whole = n->is_whole && (n->kid[i]->is_whole || n->kid[i]->type == FORMULA_NULL);
        n->scale = n->kid[i]->scale > n->scale ? n->kid[i]->scale : n->scale;
    }
    if (n->op == FOP_ROUND) {
        n->scale = n->kids == 2 ? (uint8_t)(n->kid[1]->number / FORMULA_UNIT) : 0;
    }
}

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
    n->type = n->kids < functions[i].least ? FORMULA_LIST : call_type(n);
    if (n->type == FORMULA_LIST) {
        return fail(p, "formula_type", name);
    }
    set_precision(n);
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

/* ---- what it gives --------------------------------------------------------------------------- */

#define SCALE_MAX 6

field_type formula_result(const formula *x, uint8_t *scale)
{
    static const field_type types[] = {
        [FORMULA_TEXT] = FIELD_TEXT,         [FORMULA_BOOL] = FIELD_BOOL,
        [FORMULA_DATE] = FIELD_DATE,         [FORMULA_MOMENT] = FIELD_DATETIME,
        [FORMULA_DURATION] = FIELD_DURATION, [FORMULA_ID] = FIELD_INT};
    if (x->root->type != FORMULA_NUMBER) {
        return types[x->root->type];
    }
    if (x->root->is_whole && !*scale) {
        return FIELD_INT;
    }
    uint8_t own = x->root->scale < SCALE_MAX ? x->root->scale : SCALE_MAX;
    *scale = *scale ? *scale : own ? own : 2;
    return FIELD_DECIMAL;
}

bool formula_fits(const formula *x, field_type t)
{
    field f = {.type = t};
    return type_of(&f) == x->root->type;
}

bool formula_reads(const formula *x, uint32_t i, const field **via, uint64_t fields[4])
{
    if (i >= x->read_count) {
        return false;
    }
    *via = x->reads[i].via;
    memcpy(fields, x->reads[i].fields, sizeof x->reads[i].fields);
    return true;
}
