/* power.c - see power.h. */
#include "power.h"

#include <fcntl.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "unit.h"

#define SECTOR    512
#define FILES_MAX 64
#define NAME_SIZE 32

typedef enum event_kind { MADE, WRITTEN, CUT_OFF, SYNCED, REMOVED, FOLDER_SYNCED } event_kind;

typedef struct event {
    event_kind kind;
    int file;
    bool is_given; /* MADE: by the server itself, which has synced the folder */
    int64_t at;    /* CUT_OFF: the size */
    int n;
    uint8_t *bytes;
} event;

/* A file from its making to its end; the next one of the name is another file. */
typedef struct file {
    char name[NAME_SIZE]; /* without the folder */
    bool is_new, is_open; /* is_open: under its name, as the program sees it */
    int flags;
} file;

/* What the disk holds for sure of a file while a record is replayed. */
typedef struct image {
    uint8_t *bytes;
    int64_t size, room;
    bool is_named; /* the folder on the disk has it */
} image;

static struct {
    const char *prefix;
    file files[FILES_MAX];
    int file_count;
    event *events;
    uint32_t count, room;
} record;
static struct {
    image durable[FILES_MAX];
    uint32_t *pending; /* events that may be lost, in their order */
    uint32_t count;
} disk;

/* ---- recording ------------------------------------------------------------------------------- */

static void note(event e)
{
    if (record.count == record.room) {
        record.room = record.room ? 2 * record.room : 1024;
        record.events = realloc(record.events, record.room * sizeof *record.events);
        assert_non_null(record.events);
    }
    record.events[record.count++] = e;
}

static int find(const char *name)
{
    int i = record.file_count - 1;
    while (i >= 0 && !(record.files[i].is_open && strcmp(record.files[i].name, name) == 0)) {
        i--;
    }
    return i;
}

static const char *name_of(const char *path)
{
    bool is_ours = strncmp(path, record.prefix, strlen(record.prefix)) == 0;
    return is_ours ? strrchr(path, '/') + 1 : NULL;
}

static int on_open(const char *path, int flags, bool is_new)
{
    const char *name = name_of(path);
    int i = name ? find(name) : -1;
    if (!name || i >= 0) {
        return i;
    }
    assert_true(record.file_count < FILES_MAX);
    i = record.file_count++;
    record.files[i] = (file){.is_new = is_new, .is_open = true, .flags = flags};
    snprintf(record.files[i].name, NAME_SIZE, "%s", name);
    note((event){.kind = MADE, .file = i, .is_given = !is_new});
    return i;
}

static void on_write(int i, const void *from, int n, int64_t at)
{
    uint8_t *bytes = malloc((size_t)n);
    assert_non_null(bytes);
    memcpy(bytes, from, (size_t)n);
    note((event){.kind = WRITTEN, .file = i, .at = at, .n = n, .bytes = bytes});
}

static void on_truncate(int i, int64_t size)
{
    note((event){.kind = CUT_OFF, .file = i, .at = size});
}

static void on_sync(int i)
{
    const int logs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    file *f = &record.files[i];
    note((event){.kind = SYNCED, .file = i});
    if (f->is_new && (f->flags & logs)) {
        note((event){.kind = FOLDER_SYNCED});
        f->is_new = false;
    }
}

static void on_remove(const char *path, bool syncs_folder)
{
    const char *name = name_of(path);
    int i = name ? find(name) : -1;
    if (i < 0) {
        return;
    }
    record.files[i].is_open = false;
    note((event){.kind = REMOVED, .file = i});
    if (syncs_folder) {
        note((event){.kind = FOLDER_SYNCED});
    }
}

void power_forget(void)
{
    for (uint32_t i = 0; i < record.count; i++) {
        free(record.events[i].bytes);
    }
    free(record.events);
    memset(&record, 0, sizeof record);
}

void power_record(const char *prefix)
{
    static const fault_watcher watcher = {on_open, on_write, on_truncate, on_sync, on_remove};
    power_forget();
    record.prefix = prefix;
    fault_vfs_watch(&watcher);
}

void power_stop(void)
{
    fault_vfs_watch(NULL);
}

uint32_t power_moment(void)
{
    return record.count;
}

/* ---- replaying ------------------------------------------------------------------------------- */

static void need(image *m, int64_t size)
{
    if (size > m->room) {
        m->room = 2 * size;
        m->bytes = realloc(m->bytes, (size_t)m->room);
        assert_non_null(m->bytes);
    }
    if (size > m->size) {
        memset(m->bytes + m->size, 0, (size_t)(size - m->size));
        m->size = size;
    }
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

typedef enum survival { NOTHING, EVERYTHING, SECTORS } survival;

static void apply_write(image *m, const event *e, survival how, uint64_t *random)
{
    for (int64_t from = e->at; from < e->at + e->n;) {
        int64_t end = (from / SECTOR + 1) * SECTOR;
        end = end < e->at + e->n ? end : e->at + e->n;
        if (how == EVERYTHING || (how == SECTORS && next_random(random) >> 63)) {
            need(m, end);
            memcpy(m->bytes + from, e->bytes + (from - e->at), (size_t)(end - from));
        }
        from = end;
    }
}

static void apply(image *all, const event *e, survival how, uint64_t *random)
{
    image *m = &all[e->file];
    if (e->kind == WRITTEN) {
        apply_write(m, e, how, random);
        return;
    }
    if (how == NOTHING || (how == SECTORS && next_random(random) >> 63)) {
        return;
    }
    if (e->kind == CUT_OFF) {
        need(m, e->at);
        m->size = e->at;
    } else {
        m->is_named = e->kind == MADE;
    }
}

/* What is pending of this file, or of the folder, is sure from now on. */
static void settle(const event *sync)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < disk.count; i++) {
        const event *e = &record.events[disk.pending[i]];
        bool is_of_folder = e->kind == MADE || e->kind == REMOVED;
        bool is_sure =
            sync->kind == FOLDER_SYNCED ? is_of_folder : !is_of_folder && e->file == sync->file;
        if (is_sure) {
            apply(disk.durable, e, EVERYTHING, NULL);
        } else {
            disk.pending[kept++] = disk.pending[i];
        }
    }
    disk.count = kept;
}

/* Whoever looks at a state needs no disk for it. */
static int open_unsynced(const char *path, int flags, bool is_new)
{
    (void)path;
    (void)flags;
    (void)is_new;
    return 0;
}
static void ignore_write(int i, const void *from, int n, int64_t at)
{
    (void)i;
    (void)from;
    (void)n;
    (void)at;
}
static void ignore_truncate(int i, int64_t size)
{
    (void)i;
    (void)size;
}
static void ignore_sync(int i)
{
    (void)i;
}
static void ignore_remove(const char *path, bool syncs_folder)
{
    (void)path;
    (void)syncs_folder;
}
static const fault_watcher unsynced = {open_unsynced, ignore_write, ignore_truncate, ignore_sync,
                                       ignore_remove};

void power_run(const power_replay *r)
{
    disk.pending = calloc(record.count + 1, sizeof *disk.pending);
    assert_non_null(disk.pending);
    bool goes_on = true;
    fault_vfs_watch(&unsynced);
    for (uint32_t i = 0; i < record.count && goes_on; i++) {
        const event *e = &record.events[i];
        bool is_sync = e->kind == SYNCED || e->kind == FOLDER_SYNCED;
        if (e->is_given) {
            apply(disk.durable, e, EVERYTHING, NULL);
        } else if (!is_sync) {
            disk.pending[disk.count++] = i;
        } else if (!r->ignores_sync) {
            settle(e);
        }
        goes_on = r->at(r->arg, i + 1);
    }
    for (int i = 0; i < FILES_MAX; i++) {
        free(disk.durable[i].bytes);
    }
    fault_vfs_watch(NULL);
    free(disk.pending);
    memset(&disk, 0, sizeof disk);
}

static void put(const char *folder, const char *name, const image *m)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(m->size ? write(fd, m->bytes, (size_t)m->size) : 0, m->size);
    close(fd);
}

/* What is sure, and what came through of the rest. */
void power_leave(const char *to, uint64_t seed)
{
    static image all[FILES_MAX];
    uint64_t random = (seed + 1) * 0x9e3779b97f4a7c15u;
    survival how = seed % 4 == 0 ? EVERYTHING : seed % 4 == 1 ? NOTHING : SECTORS;
    for (int i = 0; i < record.file_count; i++) {
        all[i].size = 0;
        need(&all[i], disk.durable[i].size);
        if (all[i].size) {
            memcpy(all[i].bytes, disk.durable[i].bytes, (size_t)all[i].size);
        }
        all[i].is_named = disk.durable[i].is_named;
    }
    for (uint32_t i = 0; i < disk.count; i++) {
        apply(all, &record.events[disk.pending[i]], how, &random);
    }
    for (int i = 0; i < record.file_count; i++) {
        if (all[i].is_named) {
            put(to, record.files[i].name, &all[i]);
        }
    }
}
