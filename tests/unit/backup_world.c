/* backup_world.c - see backup_world.h. */
#include "backup_world.h"

#include <sys/stat.h>

#include "base/fs_walk.h"

const char *const kept[] = {"webhook.key", "tz.copy", NULL};

backup_place place_in(const bench *b)
{
    backup_place p;
    snprintf(p.path, sizeof p.path, "%s/copy.db", b->dir);
    snprintf(p.dir, sizeof p.dir, "%s/restored", b->dir);
    assert_int_equal(mkdir(p.dir, 0700), 0);
    return p;
}

void fill(bench *b, int count)
{
    bench_begin(b);
    for (int i = 0; i < count; i++) {
        bench_deal(b, "Крыша", 0);
    }
    bench_commit(b);
}

void write_key(const char *folder, const char *name, const char *text)
{
    char file[256];
    snprintf(file, sizeof file, "%s%s", folder, name);
    assert_ok(fs_write(file, str_of(text), 0600));
}

void assert_file(bench *b, const char *folder, const char *name, const char *text)
{
    char file[256];
    crm_str found;
    struct stat st;
    snprintf(file, sizeof file, "%s%s", folder, name);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(fs_read(b->w->arena, file, 100, &found));
    assert_text(found, text);
}

crm_status restore(const backup_place *p, backup_report *r)
{
    return backup_restore(&(backup_into){p->dir, kept, "mark", "other"}, p->path, r);
}

backup_place copy_with_all(bench *b)
{
    backup_report r;
    backup_place p = place_in(b);
    fill(b, 50);
    write_key(b->dir, "/webhook.key", "a key");
    assert_ok(fs_mkdirs(b->w->arena, b->dir, CRM_S("tz.copy/1f/tz.yaml"), 0700));
    write_key(b->dir, "/tz.copy/1f/tz.yaml", "tz: 1\n");
    assert_ok(
        backup_make(&(backup_of){b->e, b->dir, kept}, p.path, (engine_backup_progress){0}, &r));
    return p;
}

static crm_status count_file(void *arg, crm_str name)
{
    (void)name;
    ++*(int *)arg;
    return CRM_OK;
}

int files_in(bench *b, const char *dir)
{
    int count = 0;
    assert_ok(fs_files(b->w->arena, dir, NULL, count_file, &count));
    return count;
}
