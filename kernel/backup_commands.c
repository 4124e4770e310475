/* backup_commands.c - `karkas backup`, `restore` and `tz pull`. Worker threads; blocking. */
#include <errno.h>
#include <grp.h>
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

void command_backup(command_call *c)
{
    backup_report report = {0};
    if (!can_hold(c, c->args[1])) {
        return;
    }
    const backup_of of = {.engine = c->d->engine, .dir = c->d->o->data, .kept = kept};
    uv_mutex_lock(&c->d->apply_lock); /* the ТЗ it holds is the one its rows were written under */
    crm_status s = backup_make(&of, c->args[1], (engine_backup_progress){0}, &report);
    uv_mutex_unlock(&c->d->apply_lock);
    if (s == CRM_CONFLICT) {
        buf_fmt(c->out, "%s: ", c->args[1]);
        command_fail(c, "такой файл уже есть", "that file exists");
    } else if (s != CRM_OK) {
        buf_fmt(c->out, "%s: %s%s", c->args[1], report.fault, report.fault[0] ? ". " : "");
        command_fail_status(c, s);
    } else {
        buf_fmt(c->out,
                c->lang[0] == 'r' ? "%s: строк %lld, байт %lld, файлов %lld\n"
                                  : "%s: %lld rows, %lld bytes, %lld files\n",
                c->args[1], (long long)report.rows, (long long)report.bytes,
                (long long)report.files);
    }
    if (s == CRM_OK) {
        buf_fmt(c->out,
                c->lang[0] == 'r' ? "%s.data: ключи и ТЗ, копию храните целиком и как тайну\n"
                                  : "%s.data: keys and the ТЗ, keep all of the copy, and secret\n",
                c->args[1]);
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

/* The mark comes first: a server that starts on the rows is to take the ТЗ they were written under.
 */
static crm_status put_back(command_call *c, backup_report *report)
{
    const char *data = c->d->o->data;
    bool was_marked = false;
    crm_status s = in_force_mark(c->arena, data, true, &was_marked);
    s = s == CRM_OK ? backup_restore(c->args[1], data, kept, report) : s;
    if (s != CRM_OK && !was_marked && in_force_mark(c->arena, data, false, &was_marked) != CRM_OK) {
        log_event(LOG_WARN, "restore.mark", "left=1");
    }
    return s;
}

void command_restore(command_call *c)
{
    backup_report report = {0};
    long holder;
    int fd = -1;
    if (!act_as_owner(c)) {
        return;
    }
    crm_status s = fs_mkdir(c->d->o->data, 0700);
    if (s == CRM_OK) {
        s = fs_lock(c->d->o->data, &fd, &holder);
    }
    if (s == CRM_CONFLICT) {
        command_fail(c, "с каталогом данных работает сервер: остановите его",
                     "a server works with the data directory: stop it");
        return;
    }
    if (s == CRM_OK) {
        s = put_back(c, &report);
    }
    if (s == CRM_CONFLICT) {
        command_fail(c, "каталог данных не пуст: восстановление идёт только в пустой",
                     "the data directory is not empty: restoring needs an empty one");
    } else if (s != CRM_OK) {
        command_fail(c, "копия повреждена или не читается: ничего не восстановлено",
                     "the copy is damaged or cannot be read: nothing was restored");
    } else {
        buf_fmt(c->out,
                c->lang[0] == 'r' ? "восстановлено, строк: %lld, файлов: %lld\n"
                                  : "restored, rows: %lld, files: %lld\n",
                (long long)report.rows, (long long)report.files);
    }
    if (report.fault[0]) {
        buf_fmt(c->out, "%s\n", report.fault);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* ---- the ТЗ in force ------------------------------------------------------------------------- */

void command_tz_pull(command_call *c)
{
    const char *dir = c->args[2], *taken = NULL;
    in_force_pulled done = {0};
    uv_mutex_lock(&c->d->apply_lock);
    crm_status s = in_force_pull(c->arena, c->d->o->data, dir, &done);
    uv_mutex_unlock(&c->d->apply_lock);
    taken = done.taken.n ? arena_cstr(c->arena, done.taken) : NULL;
    if (s == CRM_OK) {
        buf_fmt(c->out, "%s/%.*s\n", dir, STR_FMT(done.root));
    } else if (s == CRM_CONFLICT && taken) {
        buf_fmt(c->out, "%s/%s: ", dir, taken);
        command_fail(c, "там другой файл с этим именем, ничего не записано",
                     "another file of that name is there, nothing was written");
    } else if (s == CRM_NOT_FOUND) {
        command_fail(c, "в каталоге данных нет ТЗ: ни одно ещё не применялось",
                     "the data directory holds no ТЗ: none was applied yet");
    } else {
        buf_fmt(c->out, "%s: ", dir);
        command_fail(c, "сюда не записать", "cannot be written to");
    }
}
