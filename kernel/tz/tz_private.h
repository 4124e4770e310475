/* tz_private.h - what the files of this layer share; nobody else includes it. */
#ifndef TZ_TZ_PRIVATE_H
#define TZ_TZ_PRIVATE_H

#include "flow/webhook.h"
#include "tz/tz.h"

#define TZ_FILE_MAX  ((size_t)1 << 20) /* bytes of one file */
#define TZ_FILES_MAX 32
#define TZ_FAULT_MAX 200

/* Names to look among, and the nearest of them for what is none of them. */
typedef struct tz_names {
    crm_str *at;
    uint32_t count, cap;
} tz_names;

/* One person of the file or of the inline map. */
typedef struct tz_person {
    crm_str login, name, email, phone, department, extension;
    const crm_str *roles;
    uint32_t role_count;
    bool is_service;
    const yaml_node *at; /* where it stands, for faults */
} tz_person;

/* One subscription of `webhooks:`; the people are still logins. */
typedef struct tz_webhook {
    webhook_wish wish;
    crm_str user, owner;
    const yaml_node *at;
} tz_webhook;

struct tz {
    arena *a;
    yaml_node *root; /* the sections of all files as one map */
    yaml_node *model; /* what was made in the UI, as tz_take_model got it; NULL: nothing */
    crm_str text;    /* all files as one text; people's table is not part of it */
    tz_file *files, **files_end; /* as they were read */
    bool was_in_force; /* tz_reread */
    const char *dir; /* real path of the folder of the root file */
    const tz_person *people;
    uint32_t people_count;
    const tz_webhook *webhooks; /* made by tz_register */
    uint32_t webhook_count;
    tz_names offers; /* "integration:webform": the words of all modules there are, by tz_modules */
    crm_str kept;   /* what tz_keep was given: the JSON of sys.tz.grants, or empty */
    crm_str fields; /* made by tz_register: {"sales.lead":[…]}, what grants without a list show */
};

/* apply.c: keeps a text with `t`, unless it does: a text in force is registered again with every change of the
 * modules or the model, and must not grow by it. */
void tz_remember(tz *t, crm_str *what, crm_str text);

/* ---- faults (faults.c) ----------------------------------------------------------------------- */

/* Collects faults in the order they were met; nothing beyond TZ_FAULT_MAX is kept. */
typedef struct tz_faults {
    arena *a;
    tz_fault **end;
    uint32_t count, errors;
    bool advises; /* whatever is added is a warning */
} tz_faults;
void tz_faults_init(tz_faults *f, arena *a, tz_fault **list);
void tz_faults_add(tz_faults *f, const tz_fault *fault);
/* INVALID when there were errors, NOMEM when the arena failed, else OK. */
crm_status tz_faults_status(const tz_faults *f);
/* At the node's key; the subject is the key. */
tz_fault tz_fault_key(const yaml_node *n, const char *code);
/* At the node's value. */
tz_fault tz_fault_value(const yaml_node *n, const char *code, crm_str subject);
void tz_refuse_key(tz_faults *f, const yaml_node *n, const char *code);
void tz_refuse(tz_faults *f, const yaml_node *n, const char *code, crm_str subject);
void tz_warn(tz_faults *f, const yaml_node *n, const char *code, crm_str subject);

void tz_names_add(arena *a, tz_names *names, crm_str name); /* a failed arena drops it */
bool tz_names_has(const tz_names *names, crm_str name);
/* The keys of a map. */
tz_names tz_names_of(arena *a, const yaml_node *map);
void tz_refuse_near(tz_faults *f, const yaml_node *n, const char *code, crm_str subject,
                    const tz_names *known);
/* The same for the node's own text, where the known ones are few: all of them when none is near. */
void tz_refuse_word(tz_faults *f, const yaml_node *n, const char *code, const tz_names *known);

/* ---- nodes (node.c) -------------------------------------------------------------------------- */

/* `key:` with nothing after it. */
bool node_is_nothing(const yaml_node *n);
/* yaml_get, but NULL for what is no map: a wrong type was told before. */
yaml_node *node_map(const yaml_node *map, const char *key);
/* The same by a name; `map` may be NULL. */
yaml_node *node_map_named(const yaml_node *map, crm_str key);
void node_append(yaml_node *parent, yaml_node *child);
/* "tz.yaml:47": what registry rows carry as their source. */
crm_str tz_source(arena *a, const yaml_node *n);

/* ---- the schema (schema.c: the table; shape.c: how it is walked) ----------------------------- */

typedef enum shape_kind {
    SHAPE_TEXT,
    SHAPE_INT,
    SHAPE_BOOL,
    SHAPE_DURATION,
    SHAPE_NAME,  /* snake_case, may hold dots */
    SHAPE_WORD,  /* one of `words` */
    SHAPE_NAMES, /* one scalar or a list of scalars */
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_WHERE,     /* a condition: compiled by where.c once its entity is known */
    SHAPE_STEPS,     /* [{verb: {…}}]: checked against the verbs' own schemas */
    SHAPE_ANY,       /* known only later, or never looked into */
    SHAPE_NOT_SERVED /* a form of the format that this version does not carry out */
} shape_kind;

enum { KEY_REQUIRED = 1, KEY_NOT_SERVED = 2 };

typedef struct shape shape;
typedef struct shape_key {
    const char *key;
    const shape *shape;
    int flags;
} shape_key;

struct shape {
    shape_kind kind;
    const shape_key *keys; /* MAP: ends in an empty row; may be NULL */
    const shape *of;       /* LIST: every item; MAP: every key that is not in `keys`, NULL: none */
    const char *const *words;
    int64_t least, most;
    const shape *other; /* tried when the node is of another kind */
    bool names_keys;    /* MAP with `of`: its keys are names */
    bool dotted_keys;   /* MAP with `of`: only keys with a dot, "<module>.<name>" */
};

extern const shape tz_schema;
extern const shape tz_model_schema; /* `entities` and `fields` alone: what the UI's model holds */
void shape_check(tz_faults *f, yaml_node *n, const shape *s);
/* Tells of the misspelt keys of a map whose right ones are plain, and writes these into the tree: what
 * is below them and what refers to it is then judged as it was meant. Part of shape_check. */
void shape_mend(tz_faults *f, yaml_node *map, const shape *s);
/* `for` over the scalars of a SHAPE_NAMES node: one, or the items of a list. */
#define TZ_EACH_NAME(x, n)                                                                         \
    for (const yaml_node *x = (n) && (n)->kind == YAML_LIST ? (n)->first : (n); x;                 \
         x = (n)->kind == YAML_LIST ? x->next : NULL)

/* ---- the parts ------------------------------------------------------------------------------- */

/* people.c: the table of people behind the people of the ТЗ itself, before the schema is checked. */
void people_load(tz *t, tz_faults *f);
/* people.c: fills t->people, the services among them. */
void people_list(tz *t);
/* read.c: the file that `n` names, beside the file where it stands. NULL text with a fault when it
 * cannot be read or lies outside the root file's folder; *name is then as good for faults. */
crm_str tz_read_beside(tz *t, tz_faults *f, const yaml_node *n, const char **name);
/* read.c: a text as a tree; NULL with a fault when it is none, or no map. */
yaml_node *tz_parse(arena *a, tz_faults *f, const char *file, crm_str text);
/* text.c: texts of views that a ТЗ makes. */
void tz_add_strings(registry *r);
/* cross.c: what the sections say of each other. */
void cross_check(const tz *t, tz_faults *f);

#endif
