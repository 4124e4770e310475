/* formula_eval.c - the value of a compiled formula for one record. Any thread. */
#include "data/field.h"
#include "data/formula_private.h"

#define SAFE_INTEGER 9007199254740991LL /* what JSON can carry */
#define TEXT_MAX     1000               /* characters of a computed text */

/* A number in units of 10^-9, another integer as it is stored, or a text. */
typedef struct result {
    bool is_null;
    wide n;
    crm_str s;
} result;

typedef struct evaluation {
    arena *a;
    const formula_rows *rows;
} evaluation;

static const result nothing = {.is_null = true};

static result eval(const evaluation *e, const fnode *n);

static result integer(wide n)
{
    return (result){.n = n};
}

static wide power(int digits)
{
    wide unit = 1;
    while (digits-- > 0) {
        unit *= 10;
    }
    return unit;
}

/* Halves away from zero. */
static wide divide(wide x, wide by)
{
    wide half = (by < 0 ? -by : by) / 2, rest = x % by, quotient = x / by;
    wide away = (x < 0) == (by < 0) ? 1 : -1;
    rest = rest < 0 ? -rest : rest;
    return rest > half || (rest == half && by % 2 == 0 && rest) ? quotient + away : quotient;
}

/* ---- operands -------------------------------------------------------------------------------- */

static result of_field(const evaluation *e, const fnode *n)
{
    const value *row = n->via ? e->rows->other(e->rows->arg, n->via) : e->rows->own;
    value v = row ? row[n->field->index] : value_null();
    if (value_is_null(v)) {
        return nothing;
    }
    if (v.kind == VALUE_TEXT) {
        return (result){.s = v.s};
    }
    bool is_number = n->type == FORMULA_NUMBER;
    return integer(is_number ? (wide)v.i * power(FORMULA_DIGITS - n->field->scale) : (wide)v.i);
}

static result of_const(const fnode *n)
{
    return n->type == FORMULA_NULL   ? nothing
           : n->type == FORMULA_TEXT ? (result){.s = n->text}
                                     : integer(n->number);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

/* A date counts days, so a number beside it does too. */
static wide as_days(const fnode *n, wide v)
{
    return n->type == FORMULA_NUMBER ? divide(v, FORMULA_UNIT) : v;
}

static result add(const fnode *n, wide x, wide y)
{
    bool has_date = n->kid[0]->type == FORMULA_DATE || n->kid[1]->type == FORMULA_DATE;
    wide out;
    if (has_date) {
        x = as_days(n->kid[0], x);
        y = as_days(n->kid[1], y);
    }
    bool is_over =
        n->op == FOP_ADD ? __builtin_add_overflow(x, y, &out) : __builtin_sub_overflow(x, y, &out);
    if (!is_over && has_date && n->type == FORMULA_NUMBER) {
        is_over = __builtin_mul_overflow(out, (wide)FORMULA_UNIT, &out);
    }
    return is_over ? nothing : integer(out);
}

static result multiply(const fnode *n, wide x, wide y)
{
    wide out;
    bool has_unit = n->kid[0]->type == FORMULA_NUMBER || n->kid[1]->type == FORMULA_NUMBER;
    if (__builtin_mul_overflow(x, y, &out)) {
        return nothing;
    }
    return integer(has_unit ? divide(out, FORMULA_UNIT) : out);
}

static result quotient(wide x, wide y)
{
    wide scaled;
    if (!y || __builtin_mul_overflow(x, (wide)FORMULA_UNIT, &scaled)) {
        return nothing;
    }
    return integer(divide(scaled, y));
}

static result arithmetic(const evaluation *e, const fnode *n)
{
    result x = eval(e, n->kid[0]), y = eval(e, n->kid[1]);
    if (x.is_null || y.is_null) {
        return nothing;
    }
    switch (n->op) {
    case FOP_MUL:
        return multiply(n, x.n, y.n);
    case FOP_DIV:
        return quotient(x.n, y.n);
    default:
        return add(n, x.n, y.n);
    }
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Texts as lists compare them: case and ё folded. */
static int compare_texts(const evaluation *e, crm_str x, crm_str y)
{
    crm_str kx, ky;
    if (str_eq(x, y)) {
        return 0;
    }
    bool has_keys = text_sort_key(e->a, x, &kx) == CRM_OK && text_sort_key(e->a, y, &ky) == CRM_OK;
    return has_keys ? str_cmp(kx, ky) : str_cmp(x, y);
}

static int order_of(const evaluation *e, const fnode *n, const result *x, const result *y)
{
    return n->type == FORMULA_TEXT ? compare_texts(e, x->s, y->s) : (x->n > y->n) - (x->n < y->n);
}

static result comparison(const evaluation *e, const fnode *n)
{
    result x = eval(e, n->kid[0]), y = eval(e, n->kid[1]);
    if (x.is_null || y.is_null) {
        return integer(n->op == FOP_NE && x.is_null != y.is_null);
    }
    int order = order_of(e, n->kid[0], &x, &y);
    switch (n->op) {
    case FOP_EQ:
        return integer(order == 0);
    case FOP_NE:
        return integer(order != 0);
    case FOP_LT:
        return integer(order < 0);
    case FOP_LTE:
        return integer(order <= 0);
    case FOP_GT:
        return integer(order > 0);
    default:
        return integer(order >= 0);
    }
}

static bool holds(const evaluation *e, const fnode *n)
{
    result x = eval(e, n);
    return !x.is_null && x.n;
}

/* ---- functions ------------------------------------------------------------------------------- */

static result extreme(const evaluation *e, const fnode *n)
{
    result best = eval(e, n->kid[0]);
    for (uint32_t i = 1; i < n->kids && !best.is_null; i++) {
        result x = eval(e, n->kid[i]);
        if (x.is_null) {
            return nothing;
        }
        int order = order_of(e, n, &x, &best);
        best = n->op == FOP_MIN ? (order < 0 ? x : best) : (order > 0 ? x : best);
    }
    return best;
}

static result coalesce(const evaluation *e, const fnode *n)
{
    result x = nothing;
    for (uint32_t i = 0; i < n->kids && x.is_null; i++) {
        x = eval(e, n->kid[i]);
    }
    return x;
}

static result rounded(const evaluation *e, const fnode *n)
{
    result x = eval(e, n->kid[0]);
    int digits = n->kids == 2 ? (int)(n->kid[1]->number / FORMULA_UNIT) : 0;
    wide unit = power(FORMULA_DIGITS - digits);
    x.n = x.is_null ? 0 : divide(x.n, unit) * unit;
    return x;
}

/* Without zeros at the end: "12.5". */
static void put_number(buf *b, wide n)
{
    char text[FIELD_DECIMAL_TEXT];
    bool has_room = n <= INT64_MAX && n >= INT64_MIN;
    crm_str s = field_format_decimal(has_room ? (int64_t)n : 0, FORMULA_DIGITS, text);
    while (s.n && s.p[s.n - 1] == '0') {
        s.n--;
    }
    s.n -= s.n && s.p[s.n - 1] == '.';
    buf_str(b, has_room ? s : CRM_S("?"));
}

static void put(buf *b, const fnode *n, const result *x)
{
    char text[CLOCK_TEXT];
    switch (n->type) {
    case FORMULA_TEXT:
        buf_str(b, x->s);
        break;
    case FORMULA_NUMBER:
        put_number(b, x->n);
        break;
    case FORMULA_BOOL:
        buf_z(b, x->n ? "true" : "false");
        break;
    case FORMULA_DATE:
        clock_format_date((int32_t)x->n, text);
        buf_z(b, text);
        break;
    case FORMULA_MOMENT:
        clock_format((int64_t)x->n, text);
        buf_z(b, text);
        break;
    default:
        buf_int(b, (int64_t)x->n);
    }
}

static result concat(const evaluation *e, const fnode *n)
{
    buf b;
    buf_init(&b, 65536);
    for (uint32_t i = 0; i < n->kids; i++) {
        result x = eval(e, n->kid[i]);
        if (!x.is_null) {
            put(&b, n->kid[i], &x);
        }
    }
    crm_str text = b.failed ? (crm_str){0} : arena_dup(e->a, buf_view(&b));
    buf_free(&b);
    return text.n ? (result){.s = text} : nothing;
}

static result absolute(result x)
{
    x.n = x.n < 0 ? -x.n : x.n;
    return x;
}

static result eval(const evaluation *e, const fnode *n)
{
    switch (n->op) {
    case FOP_CONST:
        return of_const(n);
    case FOP_FIELD:
        return of_field(e, n);
    case FOP_NEG: {
        result x = eval(e, n->kid[0]);
        x.n = -x.n;
        return x;
    }
    case FOP_NOT:
        return integer(!holds(e, n->kid[0]));
    case FOP_AND:
        return integer(holds(e, n->kid[0]) && holds(e, n->kid[1]));
    case FOP_OR:
        return integer(holds(e, n->kid[0]) || holds(e, n->kid[1]));
    case FOP_IF:
        return eval(e, n->kid[holds(e, n->kid[0]) ? 1 : 2]);
    case FOP_COALESCE:
        return coalesce(e, n);
    case FOP_ROUND:
        return rounded(e, n);
    case FOP_MIN:
    case FOP_MAX:
        return extreme(e, n);
    case FOP_ABS:
        return absolute(eval(e, n->kid[0]));
    case FOP_CONCAT:
        return concat(e, n);
    case FOP_EMPTY:
        return integer(eval(e, n->kid[0]).is_null);
    case FOP_ADD:
    case FOP_SUB:
    case FOP_MUL:
    case FOP_DIV:
        return arithmetic(e, n);
    default:
        return comparison(e, n);
    }
}

/* ---- the stored form ------------------------------------------------------------------------- */

static crm_str clipped(crm_str s)
{
    size_t n = 0;
    for (size_t chars = 0; n < s.n; n++) {
        chars += ((unsigned char)s.p[n] & 0xC0) != 0x80;
        if (chars > TEXT_MAX) {
            break;
        }
    }
    return (crm_str){s.p, n};
}

static bool has_room(const field *f, wide n)
{
    switch (field_stored_type(f)) {
    case FIELD_DATE:
        return n >= -719162 && n <= 2932896; /* years 1 to 9999 */
    case FIELD_DATETIME:
        return n >= -719162LL * 86400000 && n < 2932897LL * 86400000;
    case FIELD_INT:
    case FIELD_DURATION:
        return n >= -SAFE_INTEGER && n <= SAFE_INTEGER;
    default:
        return n >= INT64_MIN && n <= INT64_MAX;
    }
}

value formula_eval(const formula *x, arena *a, const field *f, const formula_rows *rows)
{
    evaluation e = {a, rows};
    result r = eval(&e, x->root);
    if (r.is_null) {
        return value_null();
    }
    if (x->root->type == FORMULA_TEXT) {
        return value_text(str_trim(clipped(r.s)));
    }
    wide n = r.n;
    if (x->root->type == FORMULA_NUMBER) {
        n = divide(n, power(FORMULA_DIGITS - f->scale));
    }
    return has_room(f, n) ? value_int((int64_t)n) : value_null();
}
