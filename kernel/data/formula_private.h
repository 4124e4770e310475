/* formula_private.h - the tree of a compiled formula. */
#ifndef DATA_FORMULA_PRIVATE_H
#define DATA_FORMULA_PRIVATE_H

#include "data/formula.h"

__extension__ typedef __int128 wide;
#define FORMULA_UNIT      1000000000LL /* 10^9: one */
#define FORMULA_DIGITS    9
#define FORMULA_NODES_MAX 256
#define FORMULA_DEPTH_MAX 32
#define FORMULA_KIDS_MAX  16
#define FORMULA_VIAS_MAX  8

typedef enum formula_op {
    FOP_CONST, FOP_FIELD, FOP_NEG, FOP_NOT, FOP_ADD, FOP_SUB, FOP_MUL, FOP_DIV,
    FOP_EQ, FOP_NE, FOP_LT, FOP_LTE, FOP_GT, FOP_GTE, FOP_AND, FOP_OR,
    FOP_IF, FOP_COALESCE, FOP_ROUND, FOP_MIN, FOP_MAX, FOP_ABS, FOP_CONCAT, FOP_EMPTY
} formula_op;

typedef struct fnode {
    formula_op op;
    formula_type type;
    bool is_whole;           /* a number that never has a fraction */
    uint8_t scale;           /* digits after the point that a number comes with */
    wide number;             /* CONST: of a number in units, else as stored */
    crm_str text;            /* CONST */
    const field *via, *field;/* FIELD; via NULL: of the record itself */
    const struct fnode *kid[FORMULA_KIDS_MAX];
    uint32_t kids;
} fnode;

struct formula {
    const fnode *root;
    struct {
        const field *via;
        uint64_t fields[4];
    } reads[FORMULA_VIAS_MAX];
    uint32_t read_count;
};

/* ---- types (formula_type.c); LIST: there is none ---------------------------------------------- */

formula_type formula_type_of(const field *f);
/* `null` beside an operator takes the other's type: the whole is nothing, but must have one. */
formula_type formula_binary_type(formula_op op, formula_type x, formula_type y);
/* Of a function whose arguments are read. */
formula_type formula_call_type(const fnode *n);
/* What a call says of the fraction of a number it gives. */
void formula_set_precision(fnode *n);

#endif
