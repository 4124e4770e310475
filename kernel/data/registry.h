/*
 * registry.h - the immutable registry: what exists in this deployment, as plain structs.
 *
 * Invariants
 *  - A sealed registry never changes. Requests, jobs and timers pin the snapshot they started with
 *    and see one world to their end.
 *  - Everything a registry points at lives in its arena, or is const data of a module whose code
 *    stays mapped. Pointers into it are valid while it is pinned.
 *  - Lower layers call upwards only through the function pointers that stand here.
 *  - Names are unique per kind and never change their meaning; ids of entities and fields are
 *    durable (the engine gives them when the schema is made) and survive renames.
 *
 * Building is done by one thread: registry_new, fill by the registry_add_* functions (any order),
 * registry_seal (resolves names to pointers, derives rights tables, reports what does not resolve),
 * then the engine's schema step fills the ids, then registry_publish. After that it is const.
 */
#ifndef DATA_REGISTRY_H
#define DATA_REGISTRY_H

#include "data/cond.h"
#include "data/value.h"

typedef struct registry registry;
typedef struct entity entity;
typedef struct field field;
typedef struct pipeline pipeline;
typedef struct stage stage;
typedef struct record record;

/* ---- entities and fields --------------------------------------------------------------------- */

/* name, storage (I or T), may have many values */
#define FIELD_TYPE_MAP(X)                                                                          \
    X(TEXT, "text", T, 0) X(MULTILINE, "multiline", T, 0) X(EMAIL, "email", T, 1)                  \
    X(PHONE, "phone", T, 1) X(URL, "url", T, 1) X(INT, "int", I, 0)                                \
    X(DECIMAL, "decimal", I, 0) X(MONEY, "money", I, 0) X(PERCENT, "percent", I, 0)                \
    X(BOOL, "bool", I, 0) X(DATE, "date", I, 0) X(DATETIME, "datetime", I, 0)                      \
    X(DURATION, "duration", I, 0) X(CHOICE, "choice", T, 0) X(CHOICES, "choices", T, 1)            \
    X(STAGE, "stage", T, 0) X(REF, "ref", I, 0) X(REFS, "refs", T, 1) X(USER, "user", I, 0)        \
    X(FILE, "file", T, 0) X(FILES, "files", T, 1) X(ADDRESS, "address", T, 0)                      \
    X(INN, "inn", T, 0) X(KPP, "kpp", T, 0) X(OGRN, "ogrn", T, 0) X(BIK, "bik", T, 0)              \
    X(ACCOUNT, "account", T, 0) X(TAGS, "tags", T, 1) X(JSON, "json", T, 0)                        \
    X(COMPUTED, "computed", T, 0)

typedef enum field_type {
#define X(name, text, storage, many) FIELD_##name,
    FIELD_TYPE_MAP(X)
#undef X
    FIELD_TYPE_COUNT
} field_type;

enum { /* field.flags */
    FIELD_REQUIRED = 1u << 0,
    FIELD_UNIQUE = 1u << 1,
    FIELD_INDEXED = 1u << 2,
    FIELD_SEARCH = 1u << 3,   /* its words are full-text terms */
    FIELD_MANY = 1u << 4,     /* several values: email, phone, url as declared; choices, refs, files
                                 and tags always (seal sets it) */
    FIELD_READ_ONLY = 1u << 5,/* set by the kernel, a hook or a rule only */
    FIELD_SYSTEM = 1u << 6,   /* one of the columns below */
    FIELD_HIDDEN = 1u << 7,   /* never leaves the server */
    FIELD_PERSONAL = 1u << 8, /* personal data: exported and erased with its subject */
    FIELD_DEPLOYMENT = 1u << 9, /* declared by the ТЗ or the model: its type may change with the data */
};

/* The columns every entity has, at these positions; its own fields follow. */
enum {
    COL_ID, COL_REV, COL_CREATED_AT, COL_CREATED_BY, COL_UPDATED_AT, COL_UPDATED_BY,
    COL_DELETED_AT, COL_MARKS, COL_OWN
};
#define BIN_KEEP_MS (90LL * 86400 * 1000)
#define FIELDS_MAX 256 /* of one entity, columns above included */

/* A column that held the field's values while it had another type: the change log speaks of it. */
typedef struct field_former {
    uint32_t id;
    crm_str shape; /* field_convert.h */
} field_former;

typedef struct choice {
    crm_str value, label, color; /* color: one of the ten names of the UI's tokens, or empty */
} choice;

struct field {
    crm_str name;          /* "phone" */
    crm_str was;           /* the name before a rename, or empty */
    crm_str label;         /* a key of the strings, or literal text of the ТЗ */
    field_type type;
    field_type result;     /* COMPUTED: the type of what the formula gives */
    uint32_t flags;
    uint32_t id;           /* durable; 0 until the schema step */
    uint16_t index;        /* its position in entity->fields */
    uint8_t scale;         /* digits after the point: decimal, money, percent */
    uint32_t max;          /* characters of a text; 0: the type's own limit */
    value least, most;     /* bounds of a number, date or time in its storage form; NULL: none */
    crm_str ref_name;      /* ref, refs: entity name; stage: pipeline name */
    const entity *ref;     /* resolved by seal; for user: the kernel's user entity */
    const pipeline *pipeline;
    const choice *choices; /* of a text: values that have names, beside which there may be others */
    uint32_t choice_count;
    crm_str titles_of;     /* text: "entity.field", the choice whose options name its values; or empty */
    value def;             /* default of a new record */
    crm_str def_text;      /* as declared; "me", "now" are computed when created */
    crm_str where_text;    /* condition that limits a look-up, JSON prefix form, or empty */
    const cond *where;     /* the same over the records of `ref`, resolved by seal; NULL: none */
    uint16_t currency_field; /* money: 0 means the deployment's currency */
    const field *parts;    /* address: its parts as texts (address.h), made by seal */
    uint8_t part;          /* of such a part its number in address_part and 1; else 0. A part has the
                              index of its address, and the name "<address>.<part>" */
    uint16_t bik_field;    /* account: whose bank its key is computed with, made by seal; 0: none */
    crm_str formula;       /* computed: its text (formula.h) */
    const struct formula *program; /* compiled by seal */
    const entity *entity;
    const field_former *formers; /* given by the schema step */
    uint32_t former_count;
    crm_str source;        /* "tz.yaml:47" or the module's name, for faults */
    json_member member;    /* its name in JSON, made by seal */
};

enum { /* entity.flags */
    ENTITY_SYSTEM = 1u << 0,     /* the kernel's own store: no API, no history, no rights */
    ENTITY_NO_HISTORY = 1u << 1, /* no change log rows */
    ENTITY_NO_API = 1u << 2,
    ENTITY_LOG = 1u << 3,        /* a stage log (stage_log.h): the kernel writes it with the record, nobody else */
    ENTITY_NOTES = 1u << 4,      /* notes on records of another entity (timeline.h) */
    ENTITY_TIMELINE = 1u << 5,   /* its records have a timeline: it gets an entity of notes */
};

/* A computed field of other records reads fields of an entity: `via` is their reference to it. */
typedef struct feed {
    const field *via;
    uint64_t fields[4];
} feed;

/*
 * An index the engine makes over the rows outside the recycle bin: its fields in order, ids last by
 * itself. A many-valued field is indexed by element. Unique: NULLs are distinct. With `empty` it holds
 * only the rows where all these fields are empty: the open ones, the unowned ones. A sparse one of
 * `deleted_at` holds the recycle bin.
 */
typedef struct entity_index {
    uint16_t field[4];
    uint16_t empty[4];
    uint8_t count, empty_count;
    bool is_unique;
    bool is_sparse; /* rows whose first field is empty are not in it */
} entity_index;

/*
 * By what two records may be one (data/match.h). SAME: the first field is filled in both and equal, of
 * many values any, and no other contradicts: it is equal, or empty in one. SIMILAR: field[0] is a name
 * alike by so many per cent.
 */
typedef struct match_rule {
    uint16_t field[4];
    uint8_t count;
    uint8_t from; /* SIMILAR: 50 to 100; 0: SAME */
} match_rule;
#define MATCH_RULES_MAX 8
#define MATCH_FROM      80 /* per cent, where a rule says nothing */

/* How records stand in the timelines of those that they refer to (timeline.h). */
#define TIMELINE_FIELDS_MAX 8
typedef struct timeline_join {
    crm_str kind;               /* "task" */
    uint16_t on[TIMELINE_FIELDS_MAX]; /* the references */
    uint16_t show[TIMELINE_FIELDS_MAX];
    uint8_t on_count, show_count;
    uint16_t at;                /* the moment it stands by */
    uint16_t title;             /* 0: none */
} timeline_join;

struct entity {
    crm_str name;           /* "sales.lead"; kernel entities have no dot */
    crm_str was;            /* the name before a rename, or empty */
    crm_str module;         /* "sales", "kernel", "tz" */
    uint32_t id;            /* durable; 0 until the schema step */
    uint32_t index;         /* position in the registry: rights tables and caches use it */
    uint32_t flags;
    const field *fields;    /* the COL_* first */
    uint32_t field_count;
    crm_str label_one, label_many, label_count, icon;
    uint16_t title_field;   /* shown for a reference; COL_ID when none */
    uint16_t owner_fields[3]; /* what `own` means, first the responsible one; 0: none */
    uint16_t department_field;/* unowned rows belong to it; 0: none */
    uint16_t stage_field;   /* 0: none */
    uint16_t parent_field;  /* part_of: rights come from that record; 0: none */
    uint16_t parent_kind_field; /* the parent's entity is the durable id in this field; 0: fixed */
    const entity_index *indexes;
    uint32_t index_count;
    const match_rule *matches;
    uint32_t match_count;
    uint16_t match_field;   /* made by seal when a rule is SIMILAR: keys of the name, hidden; else 0 */
    const uint16_t *search_fields;
    uint32_t search_count;
    const uint16_t *computed; /* its computed fields, each after those it uses; made by seal */
    uint32_t computed_count;
    const feed *feeds;      /* which computed fields elsewhere follow its own; made by seal */
    uint32_t feed_count;
    crm_str views_json;     /* {"list":[…],"card":{…},"quick":[…]} for the UI, checked by seal */
    crm_str source;         /* "tz.yaml:47" or the module's name, for faults */
    const entity *stage_log; /* the stays of its records in their stages, made by seal; NULL: no pipeline */
    const entity *notes;    /* on its records, made by seal; NULL: they have no timeline */
    const timeline_join *join; /* its records stand in timelines of others; NULL: they do not */
    const uint16_t *name_slots; /* made by seal: hash of a name -> position + 1 */
    uint32_t name_mask;
};

/* ---- pipelines ------------------------------------------------------------------------------- */

typedef enum outcome { OUTCOME_OPEN, OUTCOME_WON, OUTCOME_LOST, OUTCOME_DONE } outcome;

struct stage {
    crm_str name, label, color;
    outcome outcome;
    uint8_t probability;
    const uint16_t *require; /* fields that must be filled to enter */
    uint32_t require_count;
    bool is_start;           /* a record may be created here */
};

typedef struct stage_move {
    uint64_t from, to;   /* bit per stage */
    const crm_str *who;  /* roles; count 0: everyone who may update */
    uint32_t who_count;
} stage_move;

typedef struct stage_lock {
    uint64_t stages;
    const uint16_t *fields;
    uint32_t field_count;
    const crm_str *except; /* roles */
    uint32_t except_count;
} stage_lock;

struct pipeline {
    crm_str name, label, entity_name;
    const entity *entity;
    const stage *stages; /* at most 64 */
    uint32_t stage_count;
    const stage_move *moves; /* count 0: any move by who may update */
    uint32_t move_count;
    const stage_lock *locks;
    uint32_t lock_count;
    crm_str source;
};

/* ---- rights ---------------------------------------------------------------------------------- */

#define ACTION_MAP(X)                                                                              \
    X(READ, "read") X(CREATE, "create") X(UPDATE, "update") X(DELETE, "delete")                    \
    X(REASSIGN, "reassign") X(EXPORT, "export") X(IMPORT, "import") X(MERGE, "merge")              \
    X(SEND, "send") X(AGGREGATE, "aggregate") X(LISTEN, "listen") X(ASSIGN, "assign")
typedef enum action {
#define X(name, text) ACTION_##name,
    ACTION_MAP(X)
#undef X
    ACTION_COUNT
} action;

typedef enum scope {
    SCOPE_NONE, SCOPE_OWN, SCOPE_INVOLVED, SCOPE_TEAM, SCOPE_ALL, SCOPE_LINKED
} scope;

#define ROLE_EVERYONE "*"   /* in a grant: every signed-in user */
#define ROLE_FUNCTION "function:" /* before a function's name: whoever holds it */
#define ROLE_ADMIN "admin"  /* the kernel's own: users and departments, and the function "settings" */

/* role x entity x action with a scope; what is not granted is denied. */
typedef struct grant {
    crm_str role;              /* a declared one, ROLE_EVERYONE, "module:<name>" or
                                  "function:<name>" */
    crm_str entity_name;       /* "sales.lead", "sales.*", "*" as written; seal expands. "*" covers
                                  names with a dot only: kernel entities are granted by name */
    action action;
    scope scope;
    const cond *where;         /* further limit on the row, resolved by seal; NULL: none */
    crm_str where_text;        /* JSON prefix form it is made from */
    const crm_str *linked_to;  /* SCOPE_LINKED: entities that refer to the row */
    uint32_t linked_count;
    /* The granted fields by name. Who applies a ТЗ expands "all" then and keeps the list, so a field
     * that comes later is invisible until granted; count 0 is for module and kernel grants only. */
    const crm_str *fields;
    uint32_t field_count;
    /* ACTION_AGGREGATE: `fields` may be summed, rows counted when `is_counted`, by these keys, in
     * groups of at least so many rows. */
    const crm_str *keys;
    uint32_t key_count, at_least;
    bool is_counted;
    /* ACTION_READ: the kinds of the record's timeline that are shown; without a list all. */
    const crm_str *kinds;
    uint32_t kind_count;
    bool lists_kinds;
    crm_str source;            /* "tz.yaml:47", for `karkas why` */
} grant;

/* What a role sees of a record that it may not read: that it is there, and so much of it. */
enum { FOREIGN_SHOWN = 1u << 0, FOREIGN_NAME = 1u << 1, FOREIGN_OWNER = 1u << 2, FOREIGN_DEPARTMENT = 1u << 3 };

typedef struct role {
    crm_str name, title;
    crm_str source;
    uint8_t foreign; /* FOREIGN_*; 0: it is not there */
} role;

/* A function (settings, export, bulk …) is held by roles and by people (logins). */
typedef struct function_grant {
    crm_str function;
    const crm_str *holders;
    uint32_t holder_count;
} function_grant;

/* A function that a module declares, "tasks.close", for the ТЗ to grant. */
typedef struct permission {
    crm_str name, title, module; /* the title is a key of the strings */
} permission;

/* ---- behaviour: rows whose function pointers stand above this layer -------------------------- */

typedef struct module_info {
    crm_str name, version, title;
    crm_str id;           /* of an installed version, empty of a bundled one */
    crm_str ui_json;      /* {"src","api"} for /meta, or empty */
    crm_str ui_dir;       /* where its static files lie, or empty */
    bool is_bundled;
    bool is_without_code; /* its declarations only: its code is kept from running */
    crm_str lacks;        /* "fleet.drive 1.0": the interface it cannot do without, which is why */
    void *loaded;         /* the plug layer's handle */
} module_info;

/* A route under /api/v1/<module>/… or a raw one under /hook/<…>. */
typedef enum route_tx { ROUTE_NONE, ROUTE_READ, ROUTE_WRITE } route_tx;
typedef struct route {
    crm_str method, pattern;     /* "POST", "/tasks/task/:id/done" */
    crm_str module;
    route_tx tx;
    crm_str permission;          /* "tasks.close" (call_may), "user": anyone signed in, since the
                                    records' rights decide; "public"; without one: not registered */
    uint32_t limit_ms;           /* real time from its first wait for a pool or the writer to the
                                    answer, then TIMEOUT; 0: 5000, at most 60000. A commit part has
                                    250 ms of it */
    crm_status (*prepare)(crm_ctx *c, const void *fn); /* pool, snapshot; may be NULL */
    crm_status (*run)(crm_ctx *c, const void *fn);     /* READ: pool; WRITE: the writer */
    const void *fn;              /* the row of the module's table */
} route;

typedef enum hook_when {
    HOOK_BEFORE_CREATE, HOOK_AFTER_CREATE, HOOK_BEFORE_UPDATE, HOOK_AFTER_UPDATE,
    HOOK_BEFORE_DELETE, HOOK_AFTER_DELETE
} hook_when;
/* In the transaction, on the writer. `was` is NULL at create. BEFORE may change `now` or refuse. */
typedef struct hook {
    crm_str entity_name;         /* "*": every entity with an API */
    hook_when when;
    int32_t order;               /* then module name */
    crm_str module;
    crm_status (*run)(crm_ctx *c, record *now, const record *was, const void *fn);
    const void *fn;
} hook;

/* One change after its commit, as listeners, rules, webhooks and browsers get it. */
typedef struct change {
    const registry *reg;         /* its entity and fields; a batch of changes holds a reference */
    int64_t position;            /* opaque; order is promised per record only */
    const entity *entity;
    int64_t record, rev, at, by;
    char op;                     /* 'c'reated 'u'pdated 'd'eleted 'r'estored */
    int64_t batch;               /* of which batch it is a part; 0: none */
    bool is_quiet;               /* import, demo, undo: no rules, notices or webhooks */
    const uint16_t *fields;      /* indexes of the changed fields */
    const value *was, *now;      /* parallel to `fields` */
    /* The codes that marked those values before (`_marks`), likewise; NULL: none. Of the log alone. */
    const char *const *marks;
    uint32_t field_count;
    /* The whole row before (NULL at create) and after, indexed as entity->fields: what a receiver's
     * rights are judged by ("gone"), and what rules' conditions read. */
    const value *row_was, *row_now;
    /* Of a timeline: the change of another record that made it another, which refers to this one by that
     * field. Told to those alone who may see both. NULL: it stands for itself. */
    const struct change *because;
    uint16_t because_field;
} change;

/* Runs on the writer, bulk lane: its effects and its cursor are one commit. */
typedef struct listener {
    crm_str name;                /* durable: names its cursor */
    crm_str entity_name;
    crm_str module;
    crm_status (*run)(crm_ctx *c, const change *ch, const void *fn);
    const void *fn;
} listener;

/*
 * Named work: run by a due row, by a schedule, or at once. `work` (may be NULL) runs on a worker
 * without a transaction, may talk to the outside and leaves its result in c->prepared; then `run`
 * (may be NULL) runs on the writer, bulk lane, one commit together with the due row.
 */
typedef struct job {
    crm_status (*work)(crm_ctx *c, crm_str arg, const void *fn);
    /* May be NULL: told in the commit that gives the row up, after about three days of failures. */
    crm_status (*give_up)(crm_ctx *c, crm_str arg, const void *fn);
    /* May be NULL: told in the commit that puts a failed row off, unless it waits for a module. */
    crm_status (*failed)(crm_ctx *c, crm_str arg, crm_status why, const void *fn);
    bool never_gives_up;         /* what was accepted from outside is tried for ever */
    crm_str name;                /* "tasks.remind" */
    crm_str module;
    int64_t every_ms;            /* 0: only when scheduled */
    bool at_ready;               /* also at once whenever a registry has come into force */
    bool is_outside;             /* its `work` waits for another system: it has threads of its own */
    uint32_t limit_ms;           /* real time of one `work`, 0: 60000; and of one `run`, at most 5000 on
                                    the writer, 0: 250 of a module and 5000 of the kernel */
    crm_status (*run)(crm_ctx *c, crm_str arg, const void *fn);
    const void *fn;
} job;

/*
 * A supervised long loop (flow/services.h), on a thread of its own. `generation` is whose code it is: what it points
 * to and `def` outlive the registry for as long as they are held. Registries that share one are the same service.
 */
typedef struct service {
    crm_str name;                /* "telephony.ami": unique, in /metrics */
    crm_str title;               /* a key of the strings, or empty */
    crm_str module;
    uint32_t drain_ms;           /* how long it may take to return when it is told to stop */
    void *generation;
    void (*hold)(void *generation);   /* while the registry is held */
    void (*let_go)(void *generation); /* may run code of it: on no loop and without a lock */
    crm_status (*run)(crm_service *s, void *generation, const void *def);
    const void *def;
    const void *fn;              /* the row of the module's table, as of this registry */
} service;

/*
 * A kind of batch ("bulk", "import", "undo": flow/batch.h). Its functions act as the batch's user.
 * `prepare` (may be NULL) runs before the first slice, on a worker without a transaction: it counts,
 * looks a file over, fills b->total, may leave a cursor; it may run again after a crash. `fetch` (may
 * be NULL) runs before every slice, on a worker with a snapshot: reads or parses from b->cursor what
 * the slice will write, into c->prepared and the call's arena, so the writer only writes. `slice` runs
 * on the writer, bulk lane: rows while batch_goes_on, then it sets b->cursor (memory of the call); it
 * may be run again after a rollback, so it changes nothing that fetch left. What was fetched may be
 * old by then: a slice reads each record anew. *is_done ends the batch. A single row's refusal is no
 * failure of the batch: batch_row_end notes it, and the rest goes on. `ended` (may be NULL) runs on a
 * worker after it was done, failed or was stopped, maybe twice, and not when the server ends before.
 */
typedef struct batch_run batch_run;
typedef struct batch_kind {
    crm_str name, module;
    crm_status (*prepare)(crm_ctx *c, batch_run *b, const void *fn);
    crm_status (*fetch)(crm_ctx *c, batch_run *b, const void *fn);
    crm_status (*slice)(crm_ctx *c, batch_run *b, bool *is_done, const void *fn);
    void (*ended)(crm_ctx *c, int64_t batch, const void *fn);
    const void *fn;
} batch_kind;

/*
 * A rule step verb: `do: [{task: {…}}]`. `work` (may be NULL) runs first, on a worker without a
 * transaction, may talk to the outside and leaves its result in c->prepared; it runs again with the
 * same `call` after a crash or a failure. Then `run`, on the writer (bulk lane), its effects and the
 * run's cursor in one commit; the record may be another by then. NOT_FOUND from `run`: the run turns
 * to its `otherwise`.
 */
typedef struct step_call {
    record *subject;             /* the record the rule runs for; fresh */
    crm_str args_json;           /* the step's map, checked against `schema` when the ТЗ was read */
    crm_str rule;                /* "R-1" */
    int64_t run;                 /* id of the run row: outside effects go under it */
    crm_str message;             /* unique in the deployment and the same whenever this step of this
                                    run is tried: the idempotency key of what `work` sends */
} step_call;
typedef struct step {
    crm_str verb;                /* "task" */
    crm_str module;
    crm_str entity_name;         /* for records of this one only; empty: of any */
    crm_str schema_json;         /* {"kind":{"type":"text","required":true},…}: what the linter checks */
    crm_status (*work)(crm_ctx *c, step_call *call, const void *fn);
    crm_status (*run)(crm_ctx *c, step_call *call, const void *fn);
    const void *fn;
    bool is_away;                /* its module runs without its code: what it is asked for waits */
} step;

/* The HTTP service that answers for a module's hooks and steps (flow/remote.h). */
typedef struct remote {
    crm_str module, url;         /* "https://prices.example/karkas" */
    crm_str url_setting;         /* the module's setting that holds the address instead, or empty */
    crm_str secret_json;         /* {"secret":"NAME"} */
} remote;

/* A page of such a service inside the UI: of the menu, or on the cards of an entity. */
typedef struct remote_frame {
    crm_str module, id, label;   /* the label is a key of the strings */
    crm_str path;                /* behind "/frames" of the service's address */
    crm_str entity_name;         /* empty: a page of the menu */
    const crm_str *send, *set;   /* what it gets of the record, and may ask the user to be set */
    uint32_t send_count, set_count;
    uint32_t height;             /* px until it says another */
} remote_frame;

/* Where an element of a module's own script stands in the UI (`ui` of module.yaml). */
typedef enum ui_kind { UI_SCREEN, UI_SLOT, UI_FIELD, UI_COMMAND } ui_kind;
typedef struct ui_part {
    ui_kind kind;
    crm_str module, id, icon;
    crm_str label;               /* a key of the strings; a field has none */
    crm_str element, editor;     /* names of elements; of a field those that show and edit it */
    crm_str place;               /* of a slot: "card.side" */
    crm_str entity_name;         /* only for those who read it; empty: for everybody */
    crm_str field_name;
    crm_str when_json;           /* a condition on the record, or empty */
    int32_t order;
} ui_part;

/* Picks one of the candidate users for a record: `strategy: free`. */
typedef struct strategy {
    crm_str name, module;
    crm_status (*pick)(crm_ctx *c, const record *subject, const int64_t *users, uint32_t count,
                       int64_t *out, const void *fn);
    const void *fn;
    bool is_away;                /* its module runs without its code: what it is asked for waits */
} strategy;

/* A kind of integration (`type: webform`) and its configured instances. */
typedef struct integration_type {
    crm_str name, module;
    crm_str schema_json;         /* settings, as step.schema_json */
    /* Writer, bulk lane: turns one stored raw request of the inbox into records, one commit with the
     * inbox row's state. */
    crm_status (*receive)(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                          const void *fn);
    crm_status (*describe)(crm_ctx *c, crm_str instance, buf *json, const void *fn);
    bool is_signed;              /* unsigned ones have quotas */
    const void *fn;
    bool is_away;                /* its module runs without its code: what it is asked for waits */
} integration_type;
typedef struct integration {
    crm_str name;                /* "site" */
    crm_str type_name;
    const integration_type *type;
    crm_str settings_json;       /* secrets replaced by {"secret":"NAME"} */
    crm_str source;
} integration;

/* `when/where/do/otherwise` of the ТЗ; ladders (`clock until steps`) extend it. */
typedef struct rule_step {
    crm_str verb;
    const step *step;            /* resolved by seal */
    crm_str args_json;
} rule_step;
typedef struct rule {
    crm_str name, text;          /* "R-1" and its sentence */
    crm_str entity_name;
    const entity *entity;
    char on;                     /* 'c'reated, 'u'pdated, 'd'eleted */
    const field *on_field;       /* updated: only when this one changed; NULL: any */
    crm_str on_field_name;
    const cond *where;
    crm_str where_text;
    const rule_step *steps, *otherwise;
    uint32_t step_count, otherwise_count;
    crm_str source;
} rule;

/*
 * What a ТЗ may give to a module, and an administrator change while it runs (setting.h). Values are JSON;
 * what was changed at the server stands in STORE_SETTING and wins (flow/settings.h).
 */
typedef struct setting {
    crm_str module, name;
    field of;                    /* what a value is read and checked by; of a secret a text */
    bool is_secret;              /* its value is {"secret":"NAME"} */
    crm_str label, help;         /* keys of the strings; there need be no text of the help */
    crm_str job;                 /* "tasks.rearm": told when the value becomes another; or empty */
    crm_str default_json;        /* "null": none */
    crm_str tz_json;             /* what the ТЗ gives, or empty */
} setting;

typedef struct menu_item {
    crm_str id, label, icon, to, group, entity_name;
    int32_t order;
    bool on_phone;
} menu_item;

typedef struct text_string {
    crm_str lang, key, text;     /* ICU message */
} text_string;

/* ---- the registry ---------------------------------------------------------------------------- */

#define REGISTRY_TABLES(X)                                                                         \
    X(module_info, module) X(pipeline, pipeline) X(role, role) X(grant, grant)                     \
    X(function_grant, function) X(permission, permission) X(route, route) X(hook, hook) X(listener, listener) X(job, job)    \
    X(service, service) X(batch_kind, batch_kind)                                                  \
    X(step, step) X(remote, remote) X(remote_frame, frame) X(ui_part, ui_part) X(strategy, strategy) X(integration_type, integration_type)                      \
    X(integration, integration) X(rule, rule) X(setting, setting) X(menu_item, menu)               \
    X(text_string, string)

struct registry {
    arena *arena;
    uint64_t serial;             /* not 0, unique in this process: caches know a registry by it */
    const entity *const *entities;
    uint32_t entity_count;
#define X(T, name)                                                                                 \
    const T *name##s;                                                                              \
    uint32_t name##_count;
    REGISTRY_TABLES(X)
#undef X
    crm_str company, timezone, currency, locale;
    crm_str outgoing_private; /* addresses and nets that are not public and may be spoken to, one per line */
    crm_str outgoing_ca;      /* a file with a further certificate authority, or empty */
    int64_t bin_keep_ms;         /* how long the recycle bin keeps a record; 0: BIN_KEEP_MS */
    char rev[17];                /* hex digest of everything the UI can see of it */
};

/* A new, open registry holding the kernel's own entities (stores.h), roles, grants and strings. */
registry *registry_new(void);
/* Rows are copied shallowly; what they point at must outlive the registry (use registry_arena). */
arena *registry_arena(registry *r);
/*
 * `e` has its own fields only: they get the positions COL_OWN, COL_OWN + 1 … and its other members
 * name them so. CONFLICT when the name is taken, LIMIT beyond FIELDS_MAX.
 */
crm_status registry_add_entity(registry *r, const entity *e);
/*
 * Adds fields behind those of an entity that another module or the ТЗ declares, now or later. Their
 * positions are known when registry_entity finds the entity in the open registry.
 */
crm_status registry_extend(registry *r, crm_str entity_name, const field *fields, uint32_t count);
/*
 * A pipeline replaces one of the same name or entity, a role one of the same name; a string added
 * later wins. The order of everything else is kept.
 */
#define X(T, name) crm_status registry_add_##name(registry *r, const T *row);
REGISTRY_TABLES(X)
#undef X

/* What the ТЗ gives to a setting that stands in the open registry. */
void registry_give_setting(registry *r, const setting *s, crm_str json);

/* What does not resolve, one entry per fault. `source` is file:line where known. */
#define FAULT_ROWS 5
typedef struct registry_fault {
    crm_str source, code, subject, nearest; /* "unknown_entity", "sales.led", "sales.lead" */
    crm_str expected;                       /* "text, multiline", or empty */
    int64_t count, rows[FAULT_ROWS];        /* of values that do not fit, and the first records */
    struct registry_fault *next;
} registry_fault;
/*
 * Resolves every name, expands grants with wildcards into one per entity, adds implicit indexes
 * (unique, indexed, what list views sort by behind each field that rights and stages narrow by), sorts
 * the hooks and derives `rev`. INVALID with *faults (at most 200, in `a`) when anything does not resolve.
 */
CRM_MUST_CHECK crm_status registry_seal(registry *r, arena *a, registry_fault **faults);

/* Look-ups; NULL when there is none. By hash once sealed, slower before. */
const entity *registry_entity(const registry *r, crm_str name);
const entity *registry_entity_by_id(const registry *r, uint32_t id);
const field *entity_field(const entity *e, crm_str name);
const field *entity_field_by_id(const entity *e, uint32_t id);
/* An index gives every row outside the recycle bin in the order of this field: a page of a list sorted
 * by it costs nothing by the number of rows. Once sealed. */
bool entity_is_ordered_by(const entity *e, const field *f);
/* Belongs to the record its parent_field names, always of that entity, and takes its rights. */
bool entity_is_part(const entity *e);
const pipeline *registry_pipeline(const registry *r, crm_str name);
const stage *pipeline_stage(const pipeline *p, crm_str name, uint32_t *index);
const integration *registry_integration(const registry *r, crm_str name);
const step *registry_step(const registry *r, crm_str verb);
const remote *registry_remote(const registry *r, crm_str module);
const strategy *registry_strategy(const registry *r, crm_str name);
const job *registry_job(const registry *r, crm_str name);
const service *registry_service(const registry *r, crm_str name);
const setting *registry_setting(const registry *r, crm_str module, crm_str name);
const batch_kind *registry_batch_kind(const registry *r, crm_str name);
/* The text of a key in `lang`, else in the deployment's language, else the key itself. */
crm_str registry_text(const registry *r, crm_str lang, crm_str key);
/* The same of the kernel's own texts, where no registry is: a command without a server. Any thread. */
crm_str registry_kernel_text(crm_str lang, crm_str key);
/* A text with every "{max}" replaced by that member of the parameters, a JSON object or empty. */
void registry_text_fill(crm_str text, crm_str params_json, buf *out);

/* ms UTC of the midnight that began the day of `now` in the deployment's zone. Sealed. */
int64_t registry_day_start(const registry *r, int64_t now);
/* The deployment's zone; lives as long as `r`. Sealed. */
const struct zone *registry_zone(const registry *r);
/* A moment as the deployment's clocks show it (ms as if it were UTC) to ms UTC. NULL: UTC. */
int64_t registry_from_local(const registry *r, int64_t local_ms);

/*
 * Publishing and pinning. A registry that is built has one reference, its builder's, which
 * registry_publish or registry_discard takes over. The current registry is one pointer. registry_pin takes it with a
 * reference, on any thread and safely against a concurrent publish; whoever pins must unpin. When the
 * last pin of a replaced registry goes, on_release is called once on whichever thread that was: it
 * only posts, since stopping modules belongs to the plug layer's thread, which then calls
 * registry_discard (NULL: it is discarded there and then). Publishing NULL takes the current one out
 * of use. Event streams hold no pin between changes.
 */
void registry_publish(registry *r, void (*on_release)(registry *r, void *arg), void *arg);
const registry *registry_pin(void); /* NULL before the first publish */
const registry *registry_ref(const registry *pinned); /* one more reference to one already pinned */
void registry_unpin(const registry *r);
/* Whether nobody holds a registry that was published before the current one. Any thread. */
bool registry_is_alone(void);
/* Frees an unpublished or released registry. */
void registry_discard(registry *r);

#endif
