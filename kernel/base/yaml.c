/* yaml.c - libyaml's events made into a tree with positions; what the dialect leaves out is
 * refused. */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/str.h"
#include "base/text.h"

typedef struct reader {
    arena *a;
    const char *file;
    crm_str text;
    yaml_parser_t parser;
    yaml_error *err;
    yaml_node *root;
    yaml_node *parent;               /* the open list or map, NULL outside */
    yaml_node *last[YAML_DEPTH_MAX]; /* the newest child of each open one */
    crm_str key;                     /* waiting for its value */
    int key_line, key_column;        /* line 0: the map waits for a key */
    crm_str err_key;                 /* the one that stands twice */
    int depth, nodes;
    bool is_done;
} reader;

static crm_status refuse(reader *r, yaml_mark_t at, crm_str text)
{
    *r->err = (yaml_error){
        .file = r->file,
        .line = (int)at.line + 1,
        .column = (int)at.column + 1,
        .text = text,
        .key = r->err_key,
    };
    return arena_failed(r->a) ? CRM_NOMEM : CRM_INVALID;
}

/* libyaml reads ahead of its marks, so the place of a bad byte is counted out. */
static yaml_mark_t place_of_byte(crm_str text, size_t offset)
{
    yaml_mark_t at = {.index = offset};
    for (size_t i = 0; i < offset && i < text.n; i++) {
        at.column = text.p[i] == '\n' ? 0 : at.column + 1;
        at.line += text.p[i] == '\n';
    }
    return at;
}

static crm_status refuse_syntax(reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";
    yaml_mark_t at = p->problem_mark;
    if (p->error == YAML_MEMORY_ERROR) {
        return CRM_NOMEM;
    }
    if (p->error == YAML_READER_ERROR) {
        at = place_of_byte(r->text, p->problem_offset);
        problem = "not valid UTF-8, or a control character";
    }
    crm_str text = p->context ? arena_fmt(r->a, "%s, %s", p->context, problem)
                              : arena_fmt(r->a, "%s", problem);
    return refuse(r, at, text);
}

/* ---- building -------------------------------------------------------------------------------- */

static yaml_node *add_node(reader *r, yaml_kind kind, yaml_mark_t at)
{
    yaml_node *n = ARENA_NEW(r->a, yaml_node);
    if (!n) {
        return NULL;
    }
    n->kind = kind;
    n->line = (int)at.line + 1;
    n->column = (int)at.column + 1;
    n->file = r->file;
    n->parent = r->parent;
    n->key = r->key;
    n->key_line = r->key_line;
    n->key_column = r->key_column;
    if (!r->parent) {
        r->root = n;
        return n;
    }
    yaml_node **last = &r->last[r->depth - 1];
    if (*last) {
        (*last)->next = n;
    } else {
        r->parent->first = n;
    }
    *last = n;
    r->parent->count++;
    r->key = (crm_str){0};
    r->key_line = r->key_column = 0;
    return n;
}

static bool is_key_next(const reader *r)
{
    return r->parent && r->parent->kind == YAML_MAP && r->key_line == 0;
}

/* Counted for keys too: both cost memory. */
static crm_status check_count(reader *r, yaml_mark_t at)
{
    return ++r->nodes > YAML_NODES_MAX ? refuse(r, at, CRM_S("too many values in one file"))
                                       : CRM_OK;
}

static crm_status on_key(reader *r, const yaml_event_t *e, crm_str text)
{
    if (str_is(text, "<<")) {
        return refuse(r, e->start_mark,
                      CRM_S("merge keys are not used here: write the values out"));
    }
    r->key = arena_dup(r->a, text);
    r->key_line = (int)e->start_mark.line + 1;
    r->key_column = (int)e->start_mark.column + 1;
    return r->key.p ? CRM_OK : CRM_NOMEM;
}

static crm_status on_scalar(reader *r, const yaml_event_t *e)
{
    crm_str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
    if (e->data.scalar.anchor || e->data.scalar.tag) {
        return refuse(r, e->start_mark, CRM_S("anchors and tags are not used here"));
    }
    if (str_find(text, 0) >= 0) {
        return refuse(r, e->start_mark, CRM_S("holds a NUL character"));
    }
    if (is_key_next(r)) {
        return on_key(r, e, text);
    }
    yaml_node *n = add_node(r, YAML_SCALAR, e->start_mark);
    if (!n) {
        return CRM_NOMEM;
    }
    n->text = arena_dup(r->a, text);
    n->is_quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return n->text.p ? CRM_OK : CRM_NOMEM;
}

static crm_status on_open(reader *r, const yaml_event_t *e, yaml_kind kind)
{
    bool is_map = kind == YAML_MAP;
    const yaml_char_t *anchor =
        is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
    const yaml_char_t *tag = is_map ? e->data.mapping_start.tag : e->data.sequence_start.tag;
    if (anchor || tag) {
        return refuse(r, e->start_mark, CRM_S("anchors and tags are not used here"));
    }
    if (is_key_next(r)) {
        return refuse(r, e->start_mark, CRM_S("a key must be a plain word"));
    }
    if (r->depth == YAML_DEPTH_MAX) {
        return refuse(r, e->start_mark, CRM_S("nested too deeply"));
    }
    yaml_node *n = add_node(r, kind, e->start_mark);
    if (!n) {
        return CRM_NOMEM;
    }
    r->parent = n;
    r->last[r->depth++] = NULL;
    return CRM_OK;
}

/* ---- unique keys ----------------------------------------------------------------------------- */

static int by_key_then_place(const void *x, const void *y)
{
    const yaml_node *a = *(yaml_node *const *)x, *b = *(yaml_node *const *)y;
    int c = str_cmp(a->key, b->key);
    if (c == 0) {
        c = (a->key_line > b->key_line) - (a->key_line < b->key_line);
    }
    return c ? c : (a->column > b->column) - (a->column < b->column);
}

/* Sorted rather than compared each with each: a map may hold YAML_NODES_MAX / 2 keys. */
static crm_status check_unique(reader *r, const yaml_node *map)
{
    size_t count = (size_t)map->count, i = 0;
    if (count < 2) {
        return CRM_OK;
    }
    yaml_node **all = malloc(count * sizeof *all);
    if (!all) {
        return CRM_NOMEM;
    }
    YAML_EACH(n, map) {
        all[i++] = n;
    }
    qsort(all, count, sizeof *all, by_key_then_place);
    const yaml_node *first = NULL, *again = NULL;
    for (i = 1; i < count; i++) {
        if (str_eq(all[i - 1]->key, all[i]->key) && (!again || all[i]->line < again->line)) {
            first = all[i - 1];
            again = all[i];
        }
    }
    free(all);
    if (!again) {
        return CRM_OK;
    }
    yaml_mark_t at = {.line = (size_t)again->key_line - 1, .column = (size_t)again->key_column - 1};
    r->err_key = again->key;
    return refuse(r, at,
                  arena_fmt(r->a, "the key \"%.*s\" stands here again, first on line %d",
                            STR_FMT(again->key), first->key_line));
}

static crm_status on_close(reader *r)
{
    yaml_node *closed = r->parent;
    r->depth--;
    r->parent = closed->parent;
    return closed->kind == YAML_MAP ? check_unique(r, closed) : CRM_OK;
}

/* ---- events ---------------------------------------------------------------------------------- */

static crm_status on_document(reader *r, const yaml_event_t *e)
{
    if (r->root) {
        return refuse(r, e->start_mark, CRM_S("a second document in one file"));
    }
    if (e->data.document_start.version_directive ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end) {
        return refuse(r, e->start_mark, CRM_S("directives are not used here"));
    }
    return CRM_OK;
}

static crm_status on_value(reader *r, const yaml_event_t *e)
{
    crm_status s = check_count(r, e->start_mark);
    if (s != CRM_OK) {
        return s;
    }
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, e, YAML_LIST);
    default:
        return on_open(r, e, YAML_MAP);
    }
}

static crm_status on_event(reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return on_value(r, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(r);
    case YAML_ALIAS_EVENT:
        return refuse(r, e->start_mark, CRM_S("aliases are not used here: write the value out"));
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, e);
    case YAML_STREAM_END_EVENT:
        r->is_done = true;
        return CRM_OK;
    default:
        return CRM_OK;
    }
}

static crm_status read_events(reader *r)
{
    crm_status s = CRM_OK;
    while (s == CRM_OK && !r->is_done) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->parser, &e)) {
            return refuse_syntax(r);
        }
        s = on_event(r, &e);
        yaml_event_delete(&e);
    }
    return s;
}

/* "" and a file of comments are an empty map, and so is "---" with nothing after it. */
static bool is_nothing(const yaml_node *root)
{
    return !root || (root->kind == YAML_SCALAR && !root->is_quoted && root->text.n == 0);
}

crm_status yaml_parse(arena *a, const char *file, crm_str text, yaml_node **root, yaml_error *err)
{
    reader r = {.a = a, .file = file, .text = text, .err = err};
    *err = (yaml_error){.file = file};
    if (!yaml_parser_initialize(&r.parser)) {
        return CRM_NOMEM;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
    crm_status s = read_events(&r);
    yaml_parser_delete(&r.parser);
    if (s == CRM_OK && is_nothing(r.root)) {
        r.root = NULL;
        s = add_node(&r, YAML_MAP, (yaml_mark_t){0}) ? CRM_OK : CRM_NOMEM;
    }
    if (s == CRM_OK) {
        *root = r.root;
    }
    return s;
}

/* ---- looking up ------------------------------------------------------------------------------ */

yaml_node *yaml_get(const yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP) {
        return NULL;
    }
    YAML_EACH(n, map) {
        if (str_is(n->key, key)) {
            return n;
        }
    }
    return NULL;
}

crm_str yaml_text(const yaml_node *map, const char *key)
{
    const yaml_node *n = yaml_get(map, key);
    return n && n->kind == YAML_SCALAR ? n->text : (crm_str){0};
}

crm_status yaml_bool(const yaml_node *scalar, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"true", true},   {"yes", true}, {"да", true},
        {"false", false}, {"no", false}, {"нет", false},
    };
    if (!scalar || scalar->kind != YAML_SCALAR || scalar->is_quoted) {
        return CRM_INVALID;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_is(scalar->text, words[i].word)) {
            *out = words[i].value;
            return CRM_OK;
        }
    }
    return CRM_INVALID;
}
