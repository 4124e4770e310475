/* backup_commands.c - `karkas backup`, `restore` and `tz pull`. Worker threads; blocking. */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/backup.h"
#include "in_force.h"
#include "module_choice.h"
#include "server.h"

/* What a server is besides database and attachments, and cannot make again. */
static const char *const kept[] = {
    "ca.key",     "ca.crt",      "ca.names",      BACKUP_KEY_FILE,
    MODULES_FILE, IN_FORCE_FILE, IN_FORCE_COPIES, NULL,
};

/* Whether a file can be made there: the folder stands and takes one from this process's user. */
static bool can_hold(command_call *c, const char *path)
{
    struct stat at;
    bool is_ru = c->lang[0] == 'r';
    const char *end = strrchr(path, '/');
    crm_str folder = end ? (crm_str){path, end > path ? (size_t)(end - path) : 1} : CRM_S(".");
    const char *dir = arena_cstr(c->arena, folder);
    if (dir && (stat(dir, &at) != 0 || !S_ISDIR(at.st_mode))) {
        buf_fmt(c->out, is_ru ? "%s: нет каталога %s\n" : "%s: there is no directory %s\n", path,
                dir);
    } else if (dir && access(dir, W_OK | X_OK) != 0) {
        buf_fmt(c->out,
                is_ru ? "%s: у пользователя %u нет права писать в каталог %s\n"
                      : "%s: the user %u may not write into the directory %s\n",
                path, (unsigned)geteuid(), dir);
    } else {
        return true;
    }
    c->exit_code = 1;
    return false;
}

/* The copy under way: a second would read the same disk and hold another worker. */
static struct {
    bool is_running;
    int percent;
    char path[BACKUP_NAME_ROOM];
} copying;
static pthread_mutex_t copying_lock = PTHREAD_MUTEX_INITIALIZER;

static bool begin_copy(command_call *c)
{
    backup_fault other = {.key = "backup.runs"};
    pthread_mutex_lock(&copying_lock);
    bool is_free = !copying.is_running;
    if (is_free) {
        copying.is_running = true;
        copying.percent = 0;
        snprintf(copying.path, sizeof copying.path, "%s", c->args[1]);
    } else {
        other.found = copying.percent;
        snprintf(other.name, sizeof other.name, "%s", copying.path);
    }
    pthread_mutex_unlock(&copying_lock);
    if (!is_free) {
        backup_say(&other, c->lang, c->out);
        c->exit_code = 1;
    }
    return is_free;
}

static void end_copy(void)
{
    pthread_mutex_lock(&copying_lock);
    copying.is_running = false;
    pthread_mutex_unlock(&copying_lock);
}

static void copied(void *arg, int64_t done, int64_t all)
{
    (void)arg;
    pthread_mutex_lock(&copying_lock);
    copying.percent = all > 0 ? (int)(done * 100 / all) : 0;
    pthread_mutex_unlock(&copying_lock);
}

typedef struct copy_call {
    command_call *c;
    uv_mutex_t *lock; /* NULL: let go */
} copy_call;

static bool is_unwanted(void *arg)
{
    const copy_call *x = arg;
    return command_is_unwanted(x->c);
}

/* Rows, keys and ТЗ are of one moment from now on, whatever is applied while they are written. */
static crm_status let_apply(void *arg)
{
    copy_call *x = arg;
    uv_mutex_unlock(x->lock);
    x->lock = NULL;
    return CRM_OK;
}

static crm_status make_copy(command_call *c, backup_report *report)
{
    const backup_of of = {.engine = c->d->engine, .dir = c->d->o->data, .kept = kept};
    copy_call x = {.c = c, .lock = &c->d->apply_lock};
    engine_backup_progress p = {
        .begun = let_apply, .step = copied, .is_over = is_unwanted, .arg = &x};
    uv_mutex_lock(x.lock);
    crm_status s = backup_make(&of, c->args[1], p, report);
    if (x.lock) {
        uv_mutex_unlock(x.lock);
    }
    return s;
}

static void say_copied(command_call *c, const backup_report *r)
{
    bool is_ru = c->lang[0] == 'r';
    buf_fmt(c->out,
            is_ru ? "%s: строк %lld, байт %lld, файлов %lld\n"
                  : "%s: %lld rows, %lld bytes, %lld files\n",
            c->args[1], (long long)r->rows, (long long)r->bytes, (long long)r->files);
    buf_fmt(c->out,
            is_ru ? "%s.data: ключи и ТЗ, копию храните целиком и как тайну\n"
                  : "%s.data: keys and the ТЗ, keep all of the copy, and secret\n",
            c->args[1]);
}

void command_backup(command_call *c)
{
    backup_report report = {0};
    if (!can_hold(c, c->args[1]) || !begin_copy(c)) {
        return;
    }
    crm_status s = make_copy(c, &report);
    end_copy();
    if (s == CRM_OK) {
        say_copied(c, &report);
        return;
    }
    c->exit_code = 1;
    backup_say(&report.fault, c->lang, c->out);
    if (!report.fault.key) {
        command_fail_status(c, s);
    }
}

/* What root made would be closed to the server, so root acts as the owner of the directory. */
static bool act_as_owner(command_call *c)
{
    struct stat dir;
    const char *path = c->d->o->data;
    bool is_ru = c->lang[0] == 'r';
    if (geteuid() != 0 || c->d->flow) {
        return true; /* a server at work keeps its rights: the lock refuses what is asked of it */
    }
    c->exit_code = 1;
    if (stat(path, &dir) != 0 || dir.st_uid == 0) {
        buf_fmt(c->out,
                is_ru ? "%s: от root копия восстанавливается в каталог пользователя, от которого "
                        "работает сервер:\n  install -d -o karkas -g karkas -m 0700 %s\n"
                      : "%s: root restores into a directory of the user the server runs "
                        "as:\n  install -d -o karkas -g karkas -m 0700 %s\n",
                path, path);
        return false;
    }
    if (setgroups(0, NULL) != 0 || setresgid(dir.st_gid, dir.st_gid, dir.st_gid) != 0 ||
        setresuid(dir.st_uid, dir.st_uid, dir.st_uid) != 0) {
        command_fail_status(c, status_from_errno(errno));
        return false;
    }
    if (access(c->args[1], R_OK) != 0) {
        buf_fmt(c->out,
                is_ru ? "%s: владелец каталога %s (uid %u) не может прочитать копию\n"
                      : "%s: the owner of %s (uid %u) cannot read the copy\n",
                c->args[1], path, (unsigned)dir.st_uid);
        return false;
    }
    c->exit_code = 0;
    return true;
}

static void say(command_call *c, const char *key, const backup_report *r)
{
    backup_fault line = {.key = key, .found = r->rows, .told = r->files};
    backup_say(&line, c->lang, c->out);
}

static void say_restored(command_call *c, crm_status s, const backup_report *r)
{
    backup_say(&r->fault, c->lang, c->out);
    if (s == CRM_OK) {
        say(c, r->is_completed ? "backup.completed" : "backup.restored", r);
        return;
    }
    c->exit_code = 1;
    if (!r->fault.key) {
        command_fail_status(c, s);
    }
    if (s != CRM_CONFLICT || r->is_left) {
        say(c, r->is_left ? "backup.left" : "backup.nothing", r);
    }
}

/* With its lock, so that nobody works there meanwhile. */
static crm_status restore_into(command_call *c, const backup_into *into, backup_report *report)
{
    long holder;
    int fd = -1;
    struct stat at;
    char lock[BACKUP_NAME_ROOM];
    bool is_new = stat(into->dir, &at) != 0;
    crm_status s = fs_mkdir(into->dir, 0700);
    if (s != CRM_OK || (s = fs_lock(into->dir, &fd, &holder)) != CRM_OK) {
        return s;
    }
    s = backup_restore(into, c->args[1], report);
    snprintf(lock, sizeof lock, "%s/lock", into->dir);
    if (s != CRM_OK && is_new && !report->is_left && unlink(lock) == 0 && rmdir(into->dir) != 0) {
        log_event(LOG_WARN, "restore.left", "data=%s", log_quote(str_of(into->dir)));
    }
    close(fd);
    return s;
}

void command_restore(command_call *c)
{
    backup_report report = {0};
    const backup_into into = {
        .dir = c->d->o->data, .kept = kept, .mark = IN_FORCE_MARK, .other = SANDBOX_MARK};
    if (!act_as_owner(c)) {
        return;
    }
    crm_status s = restore_into(c, &into, &report);
    if (s == CRM_CONFLICT && !report.fault.key) {
        command_fail(c, "с каталогом данных работает сервер: остановите его",
                     "a server works with the data directory: stop it");
        return;
    }
    say_restored(c, s, &report);
}

/* ---- the ТЗ in force ------------------------------------------------------------------------- */

static void say_not_pulled(command_call *c, crm_status s, const in_force_pulled *done)
{
    backup_fault f = {.key = "backup.not_written", .why = s};
    crm_str name = done->failed;
    if (done->unread.n) {
        f.key = "backup.unreadable";
        snprintf(f.name, sizeof f.name, "%.*s", STR_FMT(done->unread));
    } else {
        snprintf(f.name, sizeof f.name, "%s%s%.*s", c->args[2], name.n ? "/" : "", STR_FMT(name));
    }
    backup_say(&f, c->lang, c->out);
    f.key = done->is_left ? "backup.pulled_in_part" : "backup.nothing_pulled";
    backup_say(&f, c->lang, c->out);
    c->exit_code = 1;
}

void command_tz_pull(command_call *c)
{
    const char *dir = c->args[2];
    in_force_pulled done = {0};
    uv_mutex_lock(&c->d->apply_lock);
    crm_status s = in_force_pull(c->arena, c->d->o->data, dir, &done);
    uv_mutex_unlock(&c->d->apply_lock);
    if (s == CRM_OK) {
        buf_fmt(c->out, "%s/%.*s\n", dir, STR_FMT(done.root));
    } else if (done.taken.n) {
        buf_fmt(c->out, "%s/%.*s: ", dir, STR_FMT(done.taken));
        command_fail(c, "там другой файл с этим именем, ничего не записано",
                     "another file of that name is there, nothing was written");
    } else if (done.is_none) {
        command_fail(c, "в каталоге данных нет ТЗ: ни одно ещё не применялось",
                     "the data directory holds no ТЗ: none was applied yet");
    } else {
        say_not_pulled(c, s, &done);
    }
}
