/*
 * probed.c - which files a child process has looked at before, by their hashes: looking costs each
 * start and each list of modules some 25 ms a module, and the same bytes give the same answer.
 *
 * The list is a file of the data directory, one "SHA-256 kernel-version module" a line, newest
 * last. Any thread: a list of modules is made while another change is loaded.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "plug/module.h"

#define LINES_MAX 256
#define FILE_MAX  (64u << 10)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of it */
static struct {
    char path[PATH_MAX];
    arena *arena; /* of the lines; lives as long as the process */
    crm_str lines[LINES_MAX];
    uint32_t count;
} probed;

static void read_list(const char *path)
{
    crm_str text = {0}, line;
    int n = snprintf(probed.path, sizeof probed.path, "%s", path);
    arena_free(probed.arena);
    probed.arena = arena_new(0);
    probed.count = 0;
    if (!probed.arena || n < 0 || (size_t)n >= sizeof probed.path) {
        probed.path[0] = 0;
        return;
    }
    /* A list that cannot be read is no list: everything is looked at again. */
    (void)!fs_read(probed.arena, path, FILE_MAX, &text);
    while (probed.count < LINES_MAX && str_split(&text, '\n', &line)) {
        if (line.n) {
            probed.lines[probed.count++] = line;
        }
    }
}

void plug_probed_file(const char *path)
{
    pthread_mutex_lock(&lock);
    read_list(path);
    pthread_mutex_unlock(&lock);
}

static bool has_list(void)
{
    pthread_mutex_lock(&lock);
    bool has = probed.path[0] != 0;
    pthread_mutex_unlock(&lock);
    return has;
}

crm_str probed_line(arena *a, crm_str name, int fd)
{
    struct stat st;
    uint8_t hash[SHA256_SIZE];
    if (!has_list() || fstat(fd, &st) != 0 || st.st_size <= 0) {
        return (crm_str){0};
    }
    size_t n = (size_t)st.st_size;
    void *bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return (crm_str){0};
    }
    crypto_sha256((crm_str){bytes, n}, hash);
    munmap(bytes, n);
    crm_str hex = crypto_hex(a, hash, sizeof hash);
    return hex.p ? arena_fmt(a, "%.*s %s %.*s", STR_FMT(hex), KARKAS_VERSION, STR_FMT(name)) : hex;
}

static bool is_listed(crm_str line)
{
    for (uint32_t i = 0; line.n && i < probed.count; i++) {
        if (str_eq(probed.lines[i], line)) {
            return true;
        }
    }
    return false;
}

bool probed_has(crm_str line)
{
    pthread_mutex_lock(&lock);
    bool has = is_listed(line);
    pthread_mutex_unlock(&lock);
    return has;
}

static void keep(crm_str line)
{
    buf text;
    if (probed.count == LINES_MAX) {
        memmove(probed.lines, probed.lines + 1, (LINES_MAX - 1) * sizeof *probed.lines);
        probed.count--;
    }
    probed.lines[probed.count++] = arena_dup(probed.arena, line);
    buf_init(&text, FILE_MAX);
    for (uint32_t i = 0; i < probed.count; i++) {
        buf_str(&text, probed.lines[i]);
        buf_char(&text, '\n');
    }
    if (text.failed || fs_write(probed.path, buf_view(&text), 0600) != CRM_OK) {
        log_event(LOG_WARN, "module.probed_not_kept", "file=%s", log_quote(str_of(probed.path)));
    }
    buf_free(&text);
}

void probed_add(crm_str line)
{
    pthread_mutex_lock(&lock);
    if (line.n && probed.path[0] && !is_listed(line)) {
        keep(line);
    }
    pthread_mutex_unlock(&lock);
}
