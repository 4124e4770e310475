/*
 * text_likeness.c - comparing names by their words.
 *
 * A key is all words but one as they are, and of that one its number of letters and either its
 * first n/3 letters or all behind those but one. One edit, be it a swap of neighbours, leaves one
 * of the two as it was, so the names still share a key; asking as for a word one letter shorter and
 * longer finds those that gained or lost one. The beginning is the shorter part because it tells
 * words apart better: half of the surnames end in the same few letters.
 */
#include "base/text_likeness.h"

#include <string.h>

#include "base/str.h"

/* ---- words ----------------------------------------------------------------------------------- */

static const char *const forms[] = {"ооо",  "оао",     "зао", "пао",  "ао",   "нпао", "ип",  "чп",
                                    "тоо",  "одо",     "нко", "ано",  "фгуп", "гуп",  "муп", "фгбу",
                                    "гбу",  "мбу",     "мкп", "кфх",  "llc",  "ltd",  "inc", "corp",
                                    "gmbh", "limited", "jsc", "ojsc", "cjsc", "pjsc", "plc"};

/* The words of the full forms: «общество с ограниченной ответственностью». */
static const char *const form_words[] = {"общество",    "ограниченной",   "ответственностью",
                                         "акционерное", "публичное",      "закрытое",
                                         "открытое",    "индивидуальный", "предприниматель"};

static bool is_among(crm_str word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(word, list[i])) {
            return true;
        }
    }
    return false;
}

/* `before` is the word before it: «с» belongs to a form there only, else it is an initial. */
static bool is_form(crm_str word, crm_str before)
{
    return (str_is(word, "с") && str_is(before, "общество")) ||
           is_among(word, forms, sizeof forms / sizeof forms[0]) ||
           is_among(word, form_words, sizeof form_words / sizeof form_words[0]);
}

static bool looks_patronymic(crm_str word)
{
    static const char *const ends[] = {"ович", "евич", "ьич",  "мич",
                                       "овна", "евна", "ична", "инична"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        crm_str end = str_of(ends[i]);
        if (word.n > end.n && str_ends(word, end)) {
            return true;
        }
    }
    return false;
}

/*
 * «Иванов Иван Иванович» or «Иван Иванович Иванов»: the third word, or the second when it looks
 * like one too («Иван Петрович Маркевич»). Never of fewer words: «Маркевич Иван» has none.
 */
static void take_patronymic(name_word *words, uint32_t *count, name_form *out)
{
    uint32_t at = 0;
    if (*count != 3) {
        return;
    }
    if (looks_patronymic(words[1].text)) {
        at = 1;
    } else if (looks_patronymic(words[2].text)) {
        at = 2;
    }
    if (at) {
        out->patronymic = words[at];
        memmove(&words[at], &words[at + 1], (*count - at - 1) * sizeof *words);
        (*count)--;
    }
}

static int by_text(const name_word *x, const name_word *y)
{
    size_t n = x->text.n < y->text.n ? x->text.n : y->text.n;
    int c = memcmp(x->text.p, y->text.p, n);
    return c ? c : (x->text.n > y->text.n) - (x->text.n < y->text.n);
}

static void sort_words(name_word *words, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = i; k > 0 && by_text(&words[k - 1], &words[k]) > 0; k--) {
            name_word held = words[k];
            words[k] = words[k - 1];
            words[k - 1] = held;
        }
    }
}

static void drop_shortest(name_word *words, uint32_t *count)
{
    uint32_t least = 0;
    for (uint32_t i = 1; i < *count; i++) {
        least = words[i].letters < words[least].letters ? i : least;
    }
    memmove(&words[least], &words[least + 1], (*count - least - 1) * sizeof *words);
    (*count)--;
}

/* All words in the order written; without the legal forms when something else is left. */
static crm_status scan(arena *a, crm_str name, bool with_forms, name_word *words, uint32_t *count)
{
    text_scan *s = ARENA_NEW(a, text_scan);
    text_word w;
    crm_str before = {0};
    *count = 0;
    if (!s) {
        return CRM_NOMEM;
    }
    text_scan_init(s, name);
    while (text_scan_next(s, &w)) {
        if (w.is_joined) {
            continue;
        }
        crm_str text = arena_dup(a, w.text);
        bool is_left_out = !with_forms && is_form(text, before);
        before = text;
        if (is_left_out) {
            continue;
        }
        if (*count == NAME_WORDS_MAX) {
            drop_shortest(words, count);
        }
        words[(*count)++] = (name_word){text, (uint32_t)text_length(text), name_given(text)};
    }
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

crm_status name_form_read(arena *a, crm_str name, name_form *out)
{
    *out = (name_form){0};
    crm_status st = scan(a, name, false, out->at, &out->count);
    if (!st && !out->count) {
        st = scan(a, name, true, out->at, &out->count);
    }
    take_patronymic(out->at, &out->count, out);
    sort_words(out->at, out->count);
    return st;
}

/* ---- likeness -------------------------------------------------------------------------------- */

/* In thousandths; 0 when they are different words. */
static int word_likeness(const name_word *x, const name_word *y)
{
    int shorter = (int)(x->letters < y->letters ? x->letters : y->letters);
    int most = shorter < 4 ? 0 : shorter < 8 ? 1 : 2, all = (int)(x->letters + y->letters);
    if (x->given && y->given && x->given != y->given) {
        return 0;
    }
    int edits = str_eq(x->text, y->text) ? 0 : text_distance(x->text, y->text, most);
    return edits > most ? 0 : 1000 * (all - 2 * edits) / all;
}

/* What two names have in common, by words and by letters. */
typedef struct common {
    int words, letters; /* of both names */
    int by_word, by_letter;
} common;

static void add_words(common *sum, const name_form *n)
{
    sum->words += (int)n->count;
    for (uint32_t i = 0; i < n->count; i++) {
        sum->letters += (int)n->at[i].letters;
    }
}

static void add_pair(common *sum, const name_word *x, const name_word *y, int likeness)
{
    sum->by_word += 2 * likeness;
    sum->by_letter += likeness * (int)(x->letters + y->letters);
}

static void add_patronymics(common *sum, const name_word *x, const name_word *y)
{
    if (x->text.n && y->text.n) {
        sum->words += 2;
        sum->letters += (int)(x->letters + y->letters);
        add_pair(sum, x, y, word_likeness(x, y));
    }
}

int name_likeness(const name_form *x, const name_form *y)
{
    common sum = {0};
    uint32_t taken = 0;
    add_words(&sum, x);
    add_words(&sum, y);
    for (uint32_t i = 0; i < x->count; i++) {
        int best = 0;
        uint32_t which = 0;
        for (uint32_t k = 0; k < y->count; k++) {
            int got = taken >> k & 1 ? 0 : word_likeness(&x->at[i], &y->at[k]);
            which = got > best ? k : which;
            best = got > best ? got : best;
        }
        add_pair(&sum, &x->at[i], &y->at[which], best);
        taken |= best ? 1u << which : 0;
    }
    add_patronymics(&sum, &x->patronymic, &y->patronymic);
    if (!sum.words || !sum.letters) {
        return 0;
    }
    int by_word = sum.by_word / sum.words, by_letter = sum.by_letter / sum.letters;
    return ((by_word < by_letter ? by_word : by_letter) + 5) / 10;
}

/* ---- keys ------------------------------------------------------------------------------------ */

#define KEY_CHARS 10 /* 50 bits */

static crm_str key_of(arena *a, const buf *text)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t h = str_hash(buf_view(text));
    char out[KEY_CHARS];
    h ^= h >> 29;
    for (int i = 0; i < KEY_CHARS; i++, h >>= 5) {
        out[i] = digits[h & 31];
    }
    return arena_dup(a, (crm_str){out, sizeof out});
}

/* Bytes of the first `n` letters. */
static size_t bytes_of(crm_str s, uint32_t n)
{
    size_t at = 0;
    while (n-- && at < s.n) {
        at += text_sequence((crm_str){s.p + at, s.n - at});
    }
    return at;
}

/* How a word of `letters` is looked for: by so many of its first and its last, a short one by all.
 */
typedef struct halves {
    uint32_t letters, first, last;
} halves;

static halves halves_of(const name_form *n, uint32_t letters)
{
    uint32_t whole = n->count == 1 ? 5 : 3, first = letters / 3;
    return letters < whole ? (halves){letters, letters, letters}
                           : (halves){letters, first, letters - 1 - first};
}

static void put_key(buf *b, const name_form *n, uint32_t which, const halves *by, bool is_end)
{
    const name_word *word = &n->at[which];
    uint32_t most = word->letters, half = is_end ? by->last : by->first;
    half = half > most ? most : half;
    buf_clear(b);
    for (uint32_t i = 0; i < n->count; i++) {
        if (i != which) {
            buf_str(b, n->at[i].text);
            buf_char(b, ' ');
        }
    }
    buf_char(b, is_end ? '>' : '<');
    size_t from = is_end ? bytes_of(word->text, most - half) : 0;
    size_t to = is_end ? word->text.n : bytes_of(word->text, half);
    buf_str(b, (crm_str){word->text.p + from, to - from});
    buf_int(b, by->letters);
}

static bool has_key(const crm_str *keys, uint32_t count, crm_str key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(keys[i], key)) {
            return true;
        }
    }
    return false;
}

static void add_key(arena *a, buf *b, crm_str *keys, uint32_t *count)
{
    crm_str key = key_of(a, b);
    if (!has_key(keys, *count, key)) {
        keys[(*count)++] = key;
    }
}

static void add_halves(arena *a, const name_form *n, uint32_t which, uint32_t letters,
                       crm_str *keys, uint32_t *count)
{
    buf b;
    halves by = halves_of(n, letters);
    buf_init(&b, 4096);
    put_key(&b, n, which, &by, false);
    add_key(a, &b, keys, count);
    if (by.first < n->at[which].letters) { /* a whole word has one end only */
        put_key(&b, n, which, &by, true);
        add_key(a, &b, keys, count);
    }
    buf_free(&b);
}

crm_status name_keys(arena *a, const name_form *n, crm_str *out)
{
    crm_str keys[NAME_KEYS_MAX];
    uint32_t count = 0;
    buf all;
    for (uint32_t i = 0; i < n->count; i++) {
        add_halves(a, n, i, n->at[i].letters, keys, &count);
    }
    buf_init(&all, 4096);
    for (uint32_t i = 0; i < count; i++) {
        buf_z(&all, i ? "\n" : "");
        buf_str(&all, keys[i]);
    }
    *out = count ? arena_dup(a, buf_view(&all)) : (crm_str){0};
    bool failed = all.failed || arena_failed(a);
    buf_free(&all);
    return failed ? CRM_NOMEM : CRM_OK;
}

uint32_t name_asked_keys(arena *a, const name_form *n, crm_str keys[NAME_ASKED_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        uint32_t letters = n->at[i].letters;
        for (uint32_t other = letters > 1 ? letters - 1 : 1; other <= letters + 1; other++) {
            add_halves(a, n, i, other, keys, &count);
        }
    }
    return arena_failed(a) ? 0 : count;
}
