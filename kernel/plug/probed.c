/*
 * probed.c - which files a child process has looked at before, by their hashes: looking costs each
 * start some 25 ms a module, and the same bytes give the same answer.
 *
 * The list is a file of the data directory, one "SHA-256 kernel-version" a line, newest last.
 * Loading is one thread at a time (the start, or the worker that applies), and so is this.
 */
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "plug/module.h"

#define LINES_MAX 256
#define FILE_MAX  (64u << 10)

static struct {
    char path[PATH_MAX];
    arena *arena; /* of the lines; lives as long as the process */
    crm_str lines[LINES_MAX];
    uint32_t count;
} probed;

void plug_probed_file(const char *path)
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

crm_str probed_line(arena *a, int fd)
{
    struct stat st;
    uint8_t hash[SHA256_SIZE];
    if (!probed.path[0] || fstat(fd, &st) != 0 || st.st_size <= 0) {
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
    return hex.p ? arena_fmt(a, "%.*s %s", STR_FMT(hex), KARKAS_VERSION) : hex;
}

bool probed_has(crm_str line)
{
    for (uint32_t i = 0; line.n && i < probed.count; i++) {
        if (str_eq(probed.lines[i], line)) {
            return true;
        }
    }
    return false;
}

void probed_add(crm_str line)
{
    buf text;
    if (!line.n || probed_has(line)) {
        return;
    }
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
