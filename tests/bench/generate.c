/*
 * generate.c - a data directory full of rows that a server can start on, made through the write
 * path of the kernel: records_save on the writer with history, full text, hooks of modules and
 * durable commits, a chunk of rows per transaction, quietly as an import. The indexes of contacts
 * are made near the end; the last rows are written with them, since in a file that lives no page is
 * full. It ends as a server that has nothing to do leaves it: with its full text merged.
 *
 *   bench_generate --data DIR --tz FILE --modules DIR --rows N [--companies N] [--leads N]
 *                  [--deals N] [--tasks N] [--clients N] [--seed N] [--bodies FILE]
 *
 * Rows are owned by the ТЗ's people with the role "manager", most of them by those of the
 * department "sales", and are spread over the five years up to this midnight. `--bodies` writes
 * contacts of the sales department as bodies of POST requests, one a line.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "data/match.h"
#include "data/people.h"
#include "late_indexes.h"
#include "sample.h"
#include "server.h"

#define CHUNK_ROWS  1000
#define TRIES       20  /* of a chunk, which has 5 s: a busy machine may give it little of them */
#define LAST_PART   32  /* of the rows, one part is written with all indexes, */
#define LAST_ROWS   200 /* so many in a chunk: they take longer */
#define ROWS_MAX    10000000
#define OWNERS_MAX  1000
#define BODIES      5000
#define DAY_MS      ((int64_t)86400000)
#define PERIOD_DAYS (5 * 365)

typedef struct kind {
    const char *entity;
    json_t *(*make)(sampler *s);
    sample_pool *made; /* in the sampler, for rows that refer to them */
    int64_t asked, done;
} kind;

typedef struct generator {
    sampler sampler;
    kind kinds[6];
    int64_t asked, done, started;
    int64_t owners[OWNERS_MAX];
    deployment d;
    engine_stats stats; /* at the end */
    late_indexes *indexes;
    bool has_indexes; /* made */
} generator;

/* ---- one chunk ------------------------------------------------------------------------------- */

typedef struct chunk {
    generator *g;
    kind *kind;
    uint32_t count;
    sampler sampler; /* as the chunk leaves it */
    int64_t last_id;
} chunk;

static int64_t moment_of(const generator *g, int64_t row)
{
    int64_t period = PERIOD_DAYS * DAY_MS;
    return g->sampler.until - period + (int64_t)((double)period * (double)row / (double)g->asked);
}

static crm_status write_row(crm_ctx *c, chunk *k, const entity *e)
{
    record *r;
    json_t *row = k->kind->make(&k->sampler);
    crm_status s = row ? records_new(c, e, &r) : CRM_NOMEM;
    if (s == CRM_OK) {
        s = record_from_json(c, r, row);
    }
    if (s == CRM_OK) {
        s = records_save(c, r, 0);
    }
    if (s == CRM_OK) {
        k->last_id = record_value(r, &e->fields[COL_ID]).i;
    }
    json_decref(row);
    return s;
}

/* May be run again: it starts from the sampler as the chunk before left it. */
static crm_status write_chunk(crm_ctx *c, void *arg)
{
    chunk *k = arg;
    crm_status s = CRM_OK;
    const entity *e = registry_entity(c->reg, str_of(k->kind->entity));
    k->sampler = k->g->sampler;
    for (uint32_t i = 0; e && s == CRM_OK && i < k->count; i++) {
        k->sampler.now = moment_of(k->g, k->g->done + i);
        clock_set(k->sampler.now);
        s = write_row(c, k, e);
    }
    return e ? s : CRM_NOT_FOUND;
}

static void say_errors(const kind *k, const crm_ctx *c, crm_status s)
{
    fprintf(stderr, "bench_generate: %s: %s\n", k->entity, status_code(s));
    for (const field_error *f = c->error.fields; f; f = f->next) {
        fprintf(stderr, "  %.*s: %.*s\n", STR_FMT(f->field), STR_FMT(f->code));
    }
}

static crm_status add_chunk(generator *g, kind *which)
{
    crm_ctx c;
    int64_t left = which->asked - which->done;
    int64_t most = g->has_indexes ? LAST_ROWS : CHUNK_ROWS;
    chunk k = {.g = g, .kind = which, .count = (uint32_t)(left < most ? left : most)};
    crm_status s = call_begin(&c, &principal_system, CRM_S("generate"));
    if (s != CRM_OK) {
        return s;
    }
    c.is_quiet = true;
    s = CRM_TIMEOUT;
    for (int i = 0; i < TRIES && s == CRM_TIMEOUT; i++) {
        s = writer_run(g->d.flow, &c, write_chunk, &k);
    }
    if (s != CRM_OK) {
        say_errors(which, &c, s);
    }
    call_end(&c);
    g->sampler.state = k.sampler.state;
    which->done += k.count;
    which->made->count += k.count;
    which->made->first = k.last_id - which->made->count + 1;
    g->done += k.count;
    return s;
}

/* The kind that is furthest behind, so that all of them grow side by side. */
static kind *furthest_behind(generator *g)
{
    kind *least = NULL;
    for (size_t i = 0; i < sizeof g->kinds / sizeof *g->kinds; i++) {
        kind *k = &g->kinds[i];
        if (k->done < k->asked && (!least || k->done * least->asked < least->done * k->asked)) {
            least = k;
        }
    }
    return least;
}

/* ---- who owns the rows ----------------------------------------------------------------------- */

static bool is_manager(const person *p)
{
    for (uint32_t i = 0; i < p->role_count; i++) {
        if (str_is(p->roles[i], "manager")) {
            return !p->is_disabled;
        }
    }
    return false;
}

static bool is_of_sales(const people *all, const person *p)
{
    const department *d = people_department(all, p->department);
    return d && str_is(d->name, "sales");
}

/* Those of the sales department first: they own the most. */
static void take_owners(generator *g)
{
    sampler *s = &g->sampler;
    const people *all = people_pin();
    for (int is_hot = 1; all && is_hot >= 0; is_hot--) {
        for (uint32_t i = 0; i < all->user_count && s->owner_count < OWNERS_MAX; i++) {
            const person *p = &all->users[i];
            if (is_manager(p) && is_of_sales(all, p) == is_hot) {
                g->owners[s->owner_count++] = p->id;
            }
        }
        if (is_hot) {
            s->hot_owners = s->owner_count;
        }
    }
    s->owners = g->owners;
    if (all) {
        people_unpin(all);
    }
}

/* ---- bodies of requests ---------------------------------------------------------------------- */

static bool write_bodies(const generator *g, const char *path)
{
    FILE *out = fopen(path, "w");
    sampler s = g->sampler;
    bool is_good = out != NULL;
    s.owner_count = s.hot_owners;
    for (int i = 0; is_good && i < BODIES; i++) {
        json_t *row = sample_person(&s);
        is_good = row && json_dumpf(row, out, JSON_COMPACT) == 0 && fputc('\n', out) == '\n';
        json_decref(row);
    }
    is_good = out && fclose(out) == 0 && is_good;
    if (!is_good) {
        perror(path);
    }
    return is_good;
}

/* ---- the run --------------------------------------------------------------------------------- */

static double megabytes(int64_t bytes)
{
    return (double)bytes / 1048576;
}

static void print_summary(const generator *g)
{
    const engine_stats *e = &g->stats;
    struct rusage use;
    double seconds = (double)(clock_mono() - g->started) / 1e9;
    getrusage(RUSAGE_SELF, &use);
    printf("generated %lld rows in %.1f s: %.0f rows/s, %.1f WAL frames a row, file %.0f MB, "
           "memory %.0f MB\n",
           (long long)g->done, seconds, (double)g->done / seconds,
           (double)e->wal_written / (double)g->done, megabytes(e->file_bytes),
           megabytes(use.ru_maxrss * 1024));
}

static crm_status note_keys(crm_ctx *c, void *arg)
{
    bool is_done;
    int64_t left;
    (void)arg;
    return match_fill_keys(c, 1, &is_done, &left);
}

/* While there are no rows, so that no server takes those to come for older than their keys of names
 * and writes them all again. */
static crm_status begin_keys(generator *g)
{
    crm_ctx c;
    crm_status s = call_begin(&c, &principal_system, CRM_S("generate"));
    if (s == CRM_OK) {
        s = writer_run(g->d.flow, &c, note_keys, NULL);
        call_end(&c);
    }
    return s;
}

static crm_status add_until(generator *g, int64_t rows)
{
    crm_status s = CRM_OK;
    for (kind *k; s == CRM_OK && g->done < rows && (k = furthest_behind(g)) != NULL;) {
        s = add_chunk(g, k);
    }
    return s;
}

static crm_status make_indexes(void *arg)
{
    generator *g = arg;
    g->has_indexes = late_indexes_make(g->indexes);
    return g->has_indexes ? CRM_OK : CRM_INTERNAL;
}

static crm_status generate(generator *g, const char *data_dir)
{
    crm_status s = begin_keys(g);
    take_owners(g);
    if (!g->sampler.hot_owners) {
        fputs("bench_generate: the ТЗ has no manager in the department sales\n", stderr);
        return CRM_INVALID;
    }
    g->started = clock_mono();
    g->indexes = late_indexes_drop(data_dir, "contacts.person");
    s = s ? s : g->indexes ? CRM_OK : CRM_INTERNAL;
    s = s ? s : add_until(g, g->asked - g->asked / LAST_PART);
    s = s ? s : writer_exclusive(g->d.flow, make_indexes, g);
    s = s ? s : add_until(g, g->asked);
    engine_stats_get(g->d.engine, &g->stats);
    return s ? s : writer_rest(g->d.flow);
}

static crm_status run(generator *g, const server_options *o, const char *bodies)
{
    buf say;
    buf_init(&say, 0);
    crm_status s = deployment_hold(&g->d, o);
    s = s == CRM_OK ? deployment_open(&g->d, o) : s;
    if (s == CRM_OK) {
        s = deployment_apply(&g->d, o->tz, &say);
    }
    if (say.n) {
        fwrite(say.p, 1, say.n, stderr);
    }
    buf_free(&say);
    if (s == CRM_OK) {
        s = generate(g, o->data);
    }
    if (s == CRM_OK && bodies && !write_bodies(g, bodies)) {
        s = CRM_INTERNAL;
    }
    deployment_close(&g->d);
    late_indexes_free(g->indexes);
    if (s == CRM_OK) {
        print_summary(g);
    }
    return s;
}

/* ---- the command line ------------------------------------------------------------------------ */

enum { OPT_DATA = 'A', OPT_TZ, OPT_MODULES, OPT_SEED, OPT_BODIES, OPT_PROBE };

/* Options below 'A' are the index of a kind and how many rows of it are wanted. */
static const struct option options[] = {{"companies", 1, NULL, 0},
                                        {"rows", 1, NULL, 1},
                                        {"leads", 1, NULL, 2},
                                        {"deals", 1, NULL, 3},
                                        {"tasks", 1, NULL, 4},
                                        {"clients", 1, NULL, 5},
                                        {"data", 1, NULL, OPT_DATA},
                                        {"tz", 1, NULL, OPT_TZ},
                                        {"modules", 1, NULL, OPT_MODULES},
                                        {"seed", 1, NULL, OPT_SEED},
                                        {"bodies", 1, NULL, OPT_BODIES},
                                        {"probe", 1, NULL, OPT_PROBE},
                                        {0}};

static bool read_count(const char *text, int64_t *out)
{
    return str_to_i64(str_of(text), out) == CRM_OK && *out >= 0 && *out <= ROWS_MAX;
}

static bool set_option(generator *g, server_options *o, int which, const char **bodies)
{
    int64_t seed;
    switch (which) {
    case OPT_DATA:
        o->data = optarg;
        return true;
    case OPT_TZ:
        o->tz = optarg;
        return true;
    case OPT_MODULES:
        o->modules = optarg;
        return true;
    case OPT_BODIES:
        *bodies = optarg;
        return true;
    case OPT_SEED:
        if (str_to_i64(str_of(optarg), &seed) != CRM_OK) {
            return false;
        }
        g->sampler.state = (uint64_t)seed;
        return true;
    default:
        return which >= 0 && which < 6 && read_count(optarg, &g->kinds[which].asked);
    }
}

/* Says what is wrong with what was asked; NULL: nothing. */
static const char *fault_of(const generator *g, const server_options *o)
{
    if (!o->data || !o->tz || !o->modules || !g->asked) {
        return "expected --data DIR --tz FILE --modules DIR --rows N [--companies N] [--leads N] "
               "[--deals N] [--tasks N] [--clients N] [--seed N] [--bodies FILE]";
    }
    if (g->kinds[3].asked && !g->kinds[0].asked) {
        return "deals need --companies";
    }
    arena *a = arena_new(0);
    crm_str file = arena_fmt(a, "%s/karkas.db", o->data);
    bool is_taken = !file.p || access(file.p, F_OK) == 0;
    arena_free(a);
    return is_taken ? "the data directory holds a database already" : NULL;
}

static void prepare(generator *g)
{
    sampler *s = &g->sampler;
    const kind kinds[] = {{"contacts.company", sample_company, &s->companies, 0, 0},
                          {"contacts.person", sample_person, &s->people, 0, 0},
                          {"sales.lead", sample_lead, &s->leads, 0, 0},
                          {"sales.deal", sample_deal, &s->deals, 0, 0},
                          {"tasks.task", sample_task, &s->tasks, 0, 0},
                          {"bench.client", sample_client, &s->clients, 0, 0}};
    memcpy(g->kinds, kinds, sizeof kinds);
    s->state = 1;
    s->until = clock_now() / DAY_MS * DAY_MS;
}

int main(int argc, char **argv)
{
    static generator g;
    server_options o = {.lang = "en", .is_dev = true};
    const char *bodies = NULL, *fault = NULL;
    prepare(&g);
    for (int which; !fault && (which = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (which == OPT_PROBE) {
            return plug_probe_main(optarg); /* the loader looks at modules in a child process */
        }
        if (!set_option(&g, &o, which, &bodies)) {
            fault = "a number between 0 and 10000000, or an option it does not know";
        }
    }
    for (size_t i = 0; i < sizeof g.kinds / sizeof *g.kinds; i++) {
        g.asked += g.kinds[i].asked;
    }
    fault = fault ? fault : fault_of(&g, &o);
    if (fault) {
        fprintf(stderr, "bench_generate: %s\n", fault);
        return 2;
    }
    plug_set_options(&(plug_options){.is_dev = true});
    log_set_level(LOG_ERROR); /* a chunk is longer than what the writer calls slow */
    clock_virtual(g.sampler.until - PERIOD_DAYS * DAY_MS);
    return run(&g, &o, bodies) == CRM_OK ? 0 : 1;
}
