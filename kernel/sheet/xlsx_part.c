/*
 * xlsx_part.c - one XML part out of the package: unpacked in pieces under a bound that counts what
 * really comes out, parsed without document types and to a bounded depth.
 */
#include <string.h>

#include "sheet/xlsx.h"

#define PIECE     65536
#define RATIO_MIN ((uint64_t)16 << 20)
#define BEAT      ((uint64_t)64 << 20) /* unpacked between two words that it is at work */

typedef struct parsing {
    xlsx *x;
    XML_Parser parser;
    const xlsx_handlers *h;
    int depth;
    bool is_stopped;
} parsing;

static parsing *current; /* one part is parsed at a time */

void xlsx_fail(xlsx *x, const char *code)
{
    x->fault = x->fault ? x->fault : code;
    if (current) {
        XML_StopParser(current->parser, XML_FALSE);
    }
}

void xlsx_stop(void)
{
    current->is_stopped = true;
    XML_StopParser(current->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *xlsx_attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(attributes[0], name) == 0 || strcmp(local_name(attributes[0]), name) == 0) {
            return attributes[1];
        }
    }
    return NULL;
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    parsing *p = arg;
    if (++p->depth > XLSX_DEPTH_MAX) {
        xlsx_fail(p->x, "xlsx_broken");
        return;
    }
    p->h->start(p->h->arg, local_name(name), attributes);
}

static void on_end(void *arg, const XML_Char *name)
{
    parsing *p = arg;
    p->depth--;
    p->h->end(p->h->arg, local_name(name));
}

static void on_text(void *arg, const XML_Char *s, int n)
{
    parsing *p = arg;
    p->h->text(p->h->arg, s, n);
}

/* No document type, so no entities of its own and nothing from elsewhere. */
static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_subset)
{
    parsing *p = arg;
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    xlsx_fail(p->x, "xlsx_doctype");
}

/* What was declared of the part may lie: only what comes out counts. */
static bool is_within_bounds(xlsx *x, uint64_t unpacked, uint64_t packed, zip_int64_t n)
{
    uint64_t before = x->unpacked;
    x->unpacked += (uint64_t)n;
    if (before / BEAT != x->unpacked / BEAT) {
        sheet_beat(x->out);
    }
    bool is_dense = unpacked > RATIO_MIN && unpacked / XLSX_RATIO > packed;
    if (x->unpacked > XLSX_UNPACKED || is_dense) {
        xlsx_fail(x, "xlsx_bomb");
        return false;
    }
    return true;
}

static void feed(parsing *p, zip_file_t *file, uint64_t packed)
{
    uint64_t unpacked = 0;
    zip_int64_t n;
    do {
        void *room = XML_GetBuffer(p->parser, PIECE);
        n = room ? zip_fread(file, room, PIECE) : -1;
        if (n < 0) {
            xlsx_fail(p->x, "xlsx_broken");
            return;
        }
        unpacked += (uint64_t)n;
        if (!is_within_bounds(p->x, unpacked, packed, n)) {
            return;
        }
        if (XML_ParseBuffer(p->parser, (int)n, n == 0) != XML_STATUS_OK) {
            if (!p->is_stopped) {
                xlsx_fail(p->x, "xlsx_broken");
            }
            return;
        }
    } while (n > 0);
}

static zip_file_t *open_part(xlsx *x, const char *path, uint64_t *packed)
{
    zip_stat_t st;
    if (zip_stat(x->zip, path, ZIP_FL_NOCASE, &st) != 0) {
        return NULL;
    }
    *packed = st.valid & ZIP_STAT_COMP_SIZE ? st.comp_size : 0;
    zip_file_t *file = zip_fopen_index(x->zip, st.index, 0);
    if (!file) {
        xlsx_fail(x, "xlsx_broken");
    }
    return file;
}

bool xlsx_parse(xlsx *x, const char *path, const xlsx_handlers *h)
{
    uint64_t packed;
    zip_file_t *file = x->fault ? NULL : open_part(x, path, &packed);
    if (!file) {
        return false;
    }
    parsing p = {.x = x, .parser = XML_ParserCreate(NULL), .h = h};
    if (p.parser) {
        current = &p;
        XML_SetUserData(p.parser, &p);
        XML_SetElementHandler(p.parser, on_start, on_end);
        XML_SetCharacterDataHandler(p.parser, h->text ? on_text : NULL);
        XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
        feed(&p, file, packed);
        current = NULL;
        XML_ParserFree(p.parser);
    } else {
        xlsx_fail(x, "xlsx_broken");
    }
    zip_fclose(file);
    return !x->fault;
}
