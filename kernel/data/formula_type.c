/* formula_type.c - the types in a formula: of fields, of operators and functions, of the whole. */
#include "data/field.h"
#include "data/formula_private.h"

/* ---- types ----------------------------------------------------------------------------------- */

formula_type formula_type_of(const field *f)
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

formula_type formula_binary_type(formula_op op, formula_type x, formula_type y)
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

/* ---- functions ------------------------------------------------------------------------------- */

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

formula_type formula_call_type(const fnode *n)
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

void formula_set_precision(fnode *n)
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
    return formula_type_of(&f) == x->root->type;
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
