/*
 * text_near.c - walking words in their order for those that are near a given one.
 *
 * The table of edit distances is kept for the beginning that a word shares with the one before it.
 * A beginning whose whole row is too far off is left by its last letter, to the least letter that
 * may lead on; so every word behind it is passed over at once.
 */
#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

static int letters_of(crm_str s, int32_t out[TEXT_NEAR_LETTERS])
{
    int count = 0;
    while (s.n) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &c);
        if (n <= 0 || count == TEXT_NEAR_LETTERS) {
            return -1;
        }
        out[count++] = c;
        s = (crm_str){s.p + n, s.n - (size_t)n};
    }
    return count;
}

bool text_near_init(text_near *w, crm_str wanted, int edits)
{
    *w = (text_near){.edits = edits};
    w->wanted_count = letters_of(wanted, w->wanted);
    for (int j = 0; j <= w->wanted_count; j++) {
        w->rows[0][j] = (uint8_t)j;
    }
    return w->wanted_count > 0;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Row `i` of the distances; the least in it, below which no longer word can come. */
static int fill_row(text_near *w, int i)
{
    const int32_t *x = w->here, *y = w->wanted;
    uint8_t *row = w->rows[i], *above = w->rows[i - 1];
    int best = i;
    row[0] = (uint8_t)i;
    for (int j = 1; j <= w->wanted_count; j++) {
        int d = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x[i - 1] != y[j - 1]));
        bool is_swap = i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1];
        d = is_swap ? least(d, w->rows[i - 2][j - 2] + 1) : d;
        row[j] = (uint8_t)d;
        best = least(best, d);
    }
    return best;
}

/*
 * The least letter above `c` by which a near word may go on behind `n` letters; 0: there is none.
 * While an edit is left it may be any; after that only one that needs no edit more.
 */
static int32_t next_letter(const text_near *w, int n, int32_t c)
{
    int32_t next = 0;
    for (int j = 0; j <= w->wanted_count; j++) {
        if (w->rows[n][j] < w->edits) {
            return c + 1;
        }
        bool goes_on = j < w->wanted_count && w->rows[n][j] == w->edits;
        if (goes_on && w->wanted[j] > c && (!next || w->wanted[j] < next)) {
            next = w->wanted[j];
        }
    }
    return next;
}

/* The least near word above everything that begins with the first `n` + 1 letters of `here`. */
static crm_str beyond(text_near *w, int n)
{
    for (; n >= 0; n--) {
        int32_t next = next_letter(w, n, w->here[n]);
        if (next) {
            utf8proc_uint8_t *out = (utf8proc_uint8_t *)w->next;
            utf8proc_ssize_t size = 0;
            for (int i = 0; i < n; i++) {
                size += utf8proc_encode_char(w->here[i], out + size);
            }
            size += utf8proc_encode_char(next, out + size);
            return (crm_str){w->next, (size_t)size};
        }
    }
    return (crm_str){0};
}

int text_near_judge(text_near *w, crm_str word, crm_str *next)
{
    int count = letters_of(word, w->here);
    *next = (crm_str){0};
    for (int i = 1; i <= count; i++) {
        if (fill_row(w, i) > w->edits) {
            *next = beyond(w, i - 1);
            return w->edits + 1;
        }
    }
    if (count < 0) {
        return w->edits + 1;
    }
    memcpy(w->next, word.p, word.n);
    w->next[word.n] = 1; /* the word right behind it */
    *next = (crm_str){w->next, word.n + 1};
    return w->rows[count][w->wanted_count];
}
