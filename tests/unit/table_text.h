/* table_text.h - a table source over a text, given out in pieces of a chosen size. */
#ifndef TABLE_TEXT_H
#define TABLE_TEXT_H

#include "base/str.h"
#include "base/table.h"

typedef struct table_text {
    crm_str rest;
    size_t piece; /* 0: as much as is asked for */
} table_text;

static inline ssize_t table_text_read(void *arg, char *to, size_t n)
{
    table_text *t = arg;
    size_t most = t->piece && t->piece < n ? t->piece : n;
    size_t take = t->rest.n < most ? t->rest.n : most;
    memcpy(to, t->rest.p, take);
    t->rest = (crm_str){t->rest.p + take, t->rest.n - take};
    return (ssize_t)take;
}

static inline table_source table_text_source(table_text *t)
{
    return (table_source){table_text_read, t};
}

#endif
