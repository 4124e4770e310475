/*
 * xlsx_strings.c - the shared strings (ECMA-376 part 1, 18.4). A sheet of a million rows has
 * millions of them, so they lie in a file without a name. In memory are the places of every few of
 * them and the blocks that were looked at last: whoever writes a sheet numbers them in the order of
 * its rows.
 *
 * A string is its length, as this machine writes it, and its bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "sheet/xlsx.h"

#define PENDING 65536
#define BLOCK   16384
#define BLOCKS  1024 /* in memory */
#define STRIDE  32   /* strings between two places that are known */
#define LONG    UINT32_MAX
#define HEAD    sizeof(uint32_t)

struct xlsx_strings {
    int file;
    uint64_t size, texts; /* of the file with what is pending; of the texts alone */
    buf pending, text;    /* text: of the string that is read, from the book or from the file */
    uint64_t *places;     /* of every STRIDE-th */
    uint32_t count, cap;
    char *blocks;
    uint64_t held[BLOCKS];   /* the number of the block that lies there, from 1; 0: none */
    int in_text, in_reading; /* inside <t>; inside <rPh>, a pronunciation */
};

int sheet_spill_open(const char *dir)
{
    return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* Looked at each time: others fill the disk meanwhile, another reader among them. */
static bool flush(xlsx_strings *s)
{
    size_t done = 0;
    if (s->pending.n && fs_room_of(s->file) < FS_ROOM_KEPT) {
        return false;
    }
    while (done < s->pending.n) {
        ssize_t n = write(s->file, s->pending.p + done, s->pending.n - done);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&s->pending);
    return true;
}

static bool note_place(xlsx_strings *s)
{
    if (s->count % STRIDE) {
        return true;
    }
    if (s->count / STRIDE == s->cap) {
        uint32_t cap = s->cap ? s->cap * 2 : 1024;
        uint64_t *places = realloc(s->places, cap * sizeof *places);
        if (!places) {
            return false;
        }
        s->places = places;
        s->cap = cap;
    }
    s->places[s->count / STRIDE] = s->size;
    return true;
}

/* The code of what is wrong, or NULL. */
static const char *keep(xlsx_strings *s)
{
    uint32_t length = s->text.failed ? LONG : (uint32_t)s->text.n;
    size_t bytes = length == LONG ? 0 : length;
    s->texts += bytes;
    if (s->count == XLSX_STRINGS_MAX || s->texts > XLSX_TEXT_MAX || !note_place(s)) {
        return "xlsx_bomb";
    }
    buf_add(&s->pending, &length, HEAD);
    buf_add(&s->pending, s->text.p ? s->text.p : "", bytes);
    s->size += HEAD + bytes;
    s->count++;
    if (s->pending.failed) {
        return "xlsx_broken";
    }
    return s->pending.n < PENDING || flush(s) ? NULL : "no_space";
}

/* ---- from the book --------------------------------------------------------------------------- */

static void on_start(void *arg, const char *name, const char **attributes)
{
    xlsx_strings *s = ((xlsx *)arg)->strings;
    (void)attributes;
    s->in_text += strcmp(name, "t") == 0;
    s->in_reading += strcmp(name, "rPh") == 0;
}

static void on_end(void *arg, const char *name)
{
    xlsx *x = arg;
    xlsx_strings *s = x->strings;
    s->in_text -= strcmp(name, "t") == 0;
    s->in_reading -= strcmp(name, "rPh") == 0;
    if (strcmp(name, "si") != 0) {
        return;
    }
    const char *code = keep(s);
    buf_clear(&s->text);
    if (code) {
        xlsx_fail(x, code);
    }
}

static void on_text(void *arg, const char *p, int n)
{
    xlsx_strings *s = ((xlsx *)arg)->strings;
    if (s->in_text && !s->in_reading) {
        buf_add(&s->text, p, (size_t)n);
    }
}

static bool begin(xlsx *x)
{
    xlsx_strings *s = calloc(1, sizeof *s);
    x->strings = s;
    if (!s) {
        return false;
    }
    s->file = x->spill;
    s->blocks = malloc((size_t)BLOCKS * BLOCK);
    buf_init(&s->pending, PENDING + HEAD + TABLE_CELL_MAX);
    buf_init(&s->text, TABLE_CELL_MAX);
    return s->blocks != NULL;
}

void xlsx_read_strings(xlsx *x)
{
    char path[XLSX_PATH_MAX];
    xlsx_handlers h = {.start = on_start, .end = on_end, .text = on_text, .arg = x};
    if (!xlsx_find_part(x, "/sharedStrings", path)) {
        return;
    }
    if (!begin(x)) {
        xlsx_fail(x, "xlsx_broken");
    } else if (xlsx_parse(x, path, &h) && !flush(x->strings)) {
        xlsx_fail(x, "no_space");
    }
}

void xlsx_free_strings(xlsx *x)
{
    if (x->strings) {
        buf_free(&x->strings->pending);
        buf_free(&x->strings->text);
        free(x->strings->places);
        free(x->strings->blocks);
        free(x->strings);
    }
    x->strings = NULL;
}

/* ---- to the rows ----------------------------------------------------------------------------- */

static bool read_block(const xlsx_strings *s, uint64_t number, char *to)
{
    uint64_t at = number * BLOCK;
    size_t done = 0, want = s->size - at < BLOCK ? (size_t)(s->size - at) : BLOCK;
    while (done < want) {
        ssize_t n = pread(s->file, to + done, want - done, (off_t)(at + done));
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static const char *block_of(xlsx_strings *s, uint64_t number)
{
    size_t slot = number % BLOCKS;
    char *block = s->blocks + slot * BLOCK;
    if (s->held[slot] != number + 1) {
        s->held[slot] = 0;
        if (!read_block(s, number, block)) {
            return NULL;
        }
        s->held[slot] = number + 1;
    }
    return block;
}

static bool copy_out(xlsx_strings *s, uint64_t at, void *to, size_t n)
{
    char *p = to;
    if (at > s->size || n > s->size - at) {
        return false;
    }
    while (n) {
        const char *block = block_of(s, at / BLOCK);
        size_t from = at % BLOCK, piece = BLOCK - from < n ? BLOCK - from : n;
        if (!block) {
            return false;
        }
        memcpy(p, block + from, piece);
        p += piece;
        at += piece;
        n -= piece;
    }
    return true;
}

/* Where the string's bytes begin, and how many they are or LONG. */
static bool find(xlsx_strings *s, uint32_t index, uint64_t *at, uint32_t *length)
{
    *at = s->places[index / STRIDE];
    for (uint32_t i = index % STRIDE;; i--) {
        if (!copy_out(s, *at, length, HEAD)) {
            return false;
        }
        *at += HEAD;
        if (!i) {
            return true;
        }
        *at += *length == LONG ? 0 : *length;
    }
}

bool xlsx_string(xlsx *x, uint32_t index, crm_str *out)
{
    xlsx_strings *s = x->strings;
    uint64_t at;
    uint32_t length;
    *out = CRM_S("");
    if (!s || index >= s->count) {
        return true;
    }
    if (!find(s, index, &at, &length)) {
        xlsx_fail(x, "xlsx_broken");
        return false;
    }
    if (length == LONG || !length) {
        return length == 0;
    }
    buf_clear(&s->text);
    char *room = buf_room(&s->text, length);
    if (!room || !copy_out(s, at, room, length)) {
        xlsx_fail(x, "xlsx_broken");
        return false;
    }
    *out = (crm_str){room, length};
    return true;
}
