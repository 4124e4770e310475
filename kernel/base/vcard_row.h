/*
 * vcard_row.h - the row that a card becomes: the columns that every card has, and behind them those of
 * properties beginning with X-, in the order in which the file names them first. A column is bounded as
 * a cell, all of them together as a row. Any thread; a row belongs to one reader.
 */
#ifndef BASE_VCARD_ROW_H
#define BASE_VCARD_ROW_H

#include "base/vcard.h"

#define VCARD_NAME_MAX 80

typedef struct vcard_extra {
    char name[VCARD_NAME_MAX]; /* in upper case */
    buf text;
} vcard_extra;

typedef struct vcard_row {
    buf columns[VCARD_COLUMNS];
    vcard_extra *extras;
    uint32_t count, cap; /* of extras */
    crm_str cells[TABLE_COLUMNS_MAX];
    size_t total; /* of the card's texts, with what stands between them */
    size_t foreign; /* of them what belongs to other programs */
    table_fault fault;
    uint32_t fault_column;
} vcard_row;

void vcard_row_init(vcard_row *r);
void vcard_row_free(vcard_row *r);
/* Empties it for the next card; columns stay. */
void vcard_row_begin(vcard_row *r);
/* The first fault of a card is told. `column` counts from 0. */
void vcard_row_fault(vcard_row *r, table_fault fault, uint32_t column);
/* Another value of a column, behind `glue` when there is one already; without blanks around it. */
void vcard_row_add(vcard_row *r, uint32_t column, crm_str text, const char *glue);
/* Whether a text of `n` bytes that belongs to another program may be added: all of them have a quarter
 * of the row, so that they leave room to what a card is read for. */
bool vcard_row_admit(vcard_row *r, uint32_t column, size_t n);
/* The column of an X- property, made when it is new. False: no name of a column, or one too many. */
bool vcard_row_extra(vcard_row *r, crm_str name, uint32_t *column);
void vcard_row_give(vcard_row *r, int64_t line, table_row *out);

#endif
