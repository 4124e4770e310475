/* kit_check_load.c - the module while it works: upgraded, reloaded, killed. */
#include <stdatomic.h>
#include <uv.h>

#include "kit_check.h"

#define UPGRADES 6
#define RELOADS  20
#define WARM_UP  4 /* reloads before the counting starts */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_MOST (64L << 10) /* the tool keeps for itself what was freed */
#else
#define GROWTH_MOST (4L << 10) /* KiB over the reloads that count */
#endif
#define DRAIN_LIMIT_MS 10000
#define KEPT_MOST      4096
#define BEFORE_KILL    40      /* acknowledged writes */
#define SERIALS        1000000 /* unique values of one work: more than it can write */

/* ---- people at work -------------------------------------------------------------------------- */

typedef struct working {
    check *k;
    kit_client *who;
    const char *path;
    char *body; /* NULL: reads */
    uint32_t serial;
    atomic_bool is_over;
    atomic_uint done, failed;
    int first_bad;
    int64_t *kept; /* ids that were acknowledged */
    uint32_t kept_room;
} working;

static void work_once(working *w)
{
    if (w->body) {
        check_renumber(w->body, ++w->serial);
    }
    int status = kit_ask(w->who, w->body ? "POST" : "GET", w->path, w->body);
    unsigned n = atomic_load(&w->done);
    if (status < 200 || status > 299) {
        w->first_bad = atomic_fetch_add(&w->failed, 1) ? w->first_bad : status;
        return;
    }
    if (w->kept && n < w->kept_room) {
        json_t *json = kit_reply(w->who);
        w->kept[n] = json_integer_value(json_object_get(json, "id"));
        json_decref(json);
    }
    atomic_store(&w->done, n + 1);
}

static void work(void *arg)
{
    working *w = arg;
    while (!atomic_load(&w->is_over)) {
        work_once(w);
    }
}

/* A body and a path for anna's writes; false when no entity of the module can be written. */
static bool find_work(check *k, working *w)
{
    const entity *e = check_entity(k);
    *w = (working){.k = k, .who = &k->anna};
    if (!e) {
        return false;
    }
    w->path = arena_fmt(k->a, "/api/v1/%.*s", STR_FMT(e->name)).p;
    const char *body = check_sample(k, &k->anna, e, "kit");
    w->body = (char *)(uintptr_t)body; /* a copy of its own in the arena */
    w->serial = k->serial += SERIALS;
    return w->path && w->body;
}

static int change_to(check *k, crm_str id, buf *out)
{
    const char *args[] = {"module", "upgrade", arena_cstr(k->a, k->m.name), id.p};
    buf_clear(out);
    kit_server_hear(&k->server);
    return kit_server_tell(&k->server, out, 4, args);
}

/* ---- upgrade --------------------------------------------------------------------------------- */

static int to_and_fro(check *k, uint32_t times, buf *out)
{
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < times; i++) {
        code = change_to(k, k->ids[(i + 1) % 2], out);
    }
    return code;
}

void check_upgrade(check *k)
{
    working writer, reader;
    uv_thread_t threads[2];
    buf out;
    const char *title =
        W(k, "Меняется на ходу без отказов", "Is upgraded under load without a failure");
    const char *did = W(
        k, "та же версия под другим именем, туда и обратно 6 раз, пока один пишет, а другой читает",
        "the same version under another id, to and fro 6 times, while one writes and another "
        "reads");
    bool has_work = find_work(k, &writer);
    crm_status s = kit_module_put(&k->m, k->server.modules, CRM_S("bbbbbbbbbbbb"), &k->ids[1]);
    if (!has_work || s != CRM_OK) {
        check_add(k, has_work ? CHECK_BAD : CHECK_SKIPPED, title, did,
                  str_of(W(k, "ни одну запись модуля не завести",
                           "no record of the module can be made")));
        return;
    }
    buf_init(&out, 0);
    reader = (working){.k = k, .who = &k->boris, .path = writer.path};
    uv_thread_create(&threads[0], work, &writer);
    uv_thread_create(&threads[1], work, &reader);
    int code = to_and_fro(k, UPGRADES, &out);
    atomic_store(&writer.is_over, true);
    atomic_store(&reader.is_over, true);
    uv_thread_join(&threads[0]);
    uv_thread_join(&threads[1]);
    unsigned failed = writer.failed + reader.failed;
    bool ok = code == 0 && !failed;
    crm_str found = code != 0 ? buf_view(&out)
                              : FOUND(k,
                                      W(k, "записей %u, чтений %u, отказов %u (статус %d)",
                                        "%u writes, %u reads, %u failures (status %d)"),
                                      writer.done, reader.done, failed,
                                      writer.failed ? writer.first_bad : reader.first_bad);
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did, found);
    buf_free(&out);
}

/* ---- leaks ----------------------------------------------------------------------------------- */

typedef struct usage {
    long kib, files, threads;
} usage;

static usage usage_of(check *k)
{
    pid_t pid = k->server.pid;
    return (usage){check_status(pid, "VmRSS"), (long)check_metric(k, "karkas_open_files"),
                   check_status(pid, "Threads")};
}

static bool is_known(const usage *u)
{
    return u->kib > 0 && u->files > 0 && u->threads > 0;
}

/* Until the version before has ended, so that the next change starts it again; false: it does not.
 */
static bool is_drained(check *k, buf *out)
{
    const char *args[] = {"module", "list"};
    for (int64_t end = clock_mono() + DRAIN_LIMIT_MS * 1000000LL; clock_mono() < end; uv_sleep(2)) {
        buf_clear(out);
        if (kit_server_tell(&k->server, out, 2, args) != 0) {
            return false;
        }
        if (!memmem(out->p, out->n, W(k, "дорабатывают", "still work"),
                    strlen(W(k, "дорабатывают", "still work")))) {
            return true;
        }
    }
    return false;
}

static int reload(check *k, uint32_t times, buf *out)
{
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < times; i++) {
        code = change_to(k, k->ids[(i + 1) % 2], out);
        code = code == 0 && !is_drained(k, out) ? 1 : code;
    }
    return code;
}

void check_leaks(check *k)
{
    buf out;
    const char *title =
        W(k, "Ничего не теряет при смене версий", "Loses nothing when it is reloaded");
    const char *did = W(k, "20 смен подряд: память, открытые файлы и потоки сервера те же",
                        "20 reloads in a row: the server's memory, open files and threads stay");
    if (!k->ids[1].n) {
        check_add(k, CHECK_SKIPPED, title, did, CRM_S(""));
        return;
    }
    buf_init(&out, 0);
    int code = reload(k, WARM_UP, &out);
    usage from = usage_of(k);
    code = code == 0 ? reload(k, RELOADS, &out) : code;
    usage to = usage_of(k);
    bool ok = code == 0 && is_known(&from) && is_known(&to) && to.kib - from.kib <= GROWTH_MOST &&
              to.files <= from.files && to.threads <= from.threads;
    crm_str found =
        code != 0 ? buf_view(&out)
                  : FOUND(k,
                          W(k, "память %+ld КиБ, файлов %+ld, потоков %+ld",
                            "memory %+ld KiB, files %+ld, threads %+ld"),
                          to.kib - from.kib, to.files - from.files, to.threads - from.threads);
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did, found);
    buf_free(&out);
}

/* ---- kill -9 --------------------------------------------------------------------------------- */

/* Writes until enough was acknowledged, and a second thread ends the server in the middle of it. */
static void write_and_kill(check *k, working *w)
{
    uv_thread_t thread;
    uv_thread_create(&thread, work, w);
    for (int64_t end = clock_mono() + 20000000000LL;
         atomic_load(&w->done) < BEFORE_KILL && clock_mono() < end;) {
        uv_sleep(1);
    }
    kit_server_kill(&k->server);
    atomic_store(&w->is_over, true);
    uv_thread_join(&thread);
}

static uint32_t lost_of(check *k, const working *w)
{
    uint32_t lost = 0, kept = w->done < w->kept_room ? w->done : w->kept_room;
    for (uint32_t i = 0; i < kept; i++) {
        crm_str path = arena_fmt(k->a, "%s/%lld", w->path, (long long)w->kept[i]);
        lost += kit_ask(&k->anna, "GET", path.p, NULL) != 200;
    }
    return lost;
}

void check_kill(check *k)
{
    working w;
    const char *title = W(k, "Переживает kill -9", "Survives kill -9");
    const char *did =
        W(k, "сервер убит посреди записи и запущен снова; каждая подтверждённая запись прочитана",
          "the server was killed in the middle of writing and started again; every acknowledged "
          "record was read");
    if (!find_work(k, &w)) {
        check_add(k, CHECK_SKIPPED, title, did,
                  str_of(W(k, "ни одну запись модуля не завести",
                           "no record of the module can be made")));
        return;
    }
    w.kept_room = KEPT_MOST;
    w.kept = ARENA_ARRAY(k->a, int64_t, KEPT_MOST);
    write_and_kill(k, &w);
    bool runs = kit_server_start(&k->server);
    k->anna.port = k->server.port; /* the session outlives the server */
    uint32_t lost = runs ? lost_of(k, &w) : 0;
    bool ok = runs && !lost && w.done > 0;
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did,
              runs ? FOUND(k,
                           W(k, "подтверждено %u, потеряно %u, запуск %lld мс",
                             "%u acknowledged, %u lost, start %lld ms"),
                           w.done, lost, (long long)k->server.start_ms)
                   : buf_view(&k->server.said));
}
