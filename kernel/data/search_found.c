/*
 * search_found.c - where the words of a search stand in a row, and how well they fit.
 *
 * Only alternatives that the row fulfils are marked: of "916&123*|916123*" a row with the phone
 * shows the phone, not a stray 916 beside it.
 */
#include "data/search.h"

#include "data/phone.h"

#define TOKENS_MAX       64
#define ALTERNATIVES_MAX 64
#define EXCERPT_BEFORE   30 /* characters of the text around what was found */
#define EXCERPT_AFTER    60

enum { FIT_NONE, FIT_BEGINNING, FIT_FORM, FIT_WORD };

typedef struct token {
    crm_str text;
    bool is_prefix, is_stem, is_number;
} token;

struct search_words {
    token tokens[TOKENS_MAX];
    uint32_t count;
    struct {
        uint64_t tokens;
        uint32_t group;
    } alternatives[ALTERNATIVES_MAX];
    uint32_t alternative_count, group_count;
    bool has_ascii; /* a token begins so */
};

/* ---- making ready ---------------------------------------------------------------------------- */

static bool is_number(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n > 0;
}

/* The bit of a token, which is added when it is new; 0: there are too many to mark. */
static uint64_t token_bit(search_words *w, crm_str part)
{
    token t = {0};
    t.text = terms_token(part, &t.is_prefix, &t.is_stem);
    t.is_number = is_number(t.text);
    for (uint32_t i = 0; i < w->count; i++) {
        token *own = &w->tokens[i];
        if (str_eq(own->text, t.text) && own->is_prefix == t.is_prefix &&
            own->is_stem == t.is_stem) {
            return 1ull << i;
        }
    }
    if (w->count == TOKENS_MAX) {
        return 0;
    }
    w->has_ascii = w->has_ascii || !t.text.n || (unsigned char)t.text.p[0] < 0x80;
    w->tokens[w->count] = t;
    return 1ull << w->count++;
}

static void add_alternative(search_words *w, crm_str alternative)
{
    crm_str part;
    uint64_t all = 0;
    while (terms_next(&alternative, '&', &part)) {
        uint64_t bit = token_bit(w, part);
        if (!bit) {
            return;
        }
        all |= bit;
    }
    if (w->alternative_count < ALTERNATIVES_MAX) {
        w->alternatives[w->alternative_count].tokens = all;
        w->alternatives[w->alternative_count++].group = w->group_count;
    }
}

crm_status search_words_new(arena *a, crm_str terms, search_words **out)
{
    search_words *w = *out = ARENA_NEW(a, search_words);
    terms = arena_dup(a, terms);
    if (!w || !terms.p) {
        return CRM_NOMEM;
    }
    crm_str group, alternative;
    while (terms_next(&terms, ' ', &group)) {
        while (terms_next(&group, '|', &alternative)) {
            add_alternative(w, alternative);
        }
        w->group_count++;
    }
    return CRM_OK;
}

/* ---- looking through one value --------------------------------------------------------------- */

typedef struct look {
    const search_words *words;
    search_found *out;
    const field *field;
    uint16_t element;
    crm_str text;
    bool is_title;
    uint8_t fits[TOKENS_MAX];       /* the best of each token in the row */
    uint8_t title_fits[TOKENS_MAX]; /* in the title */
} look;

static uint32_t utf16_length(crm_str s)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        n += (c & 0xC0) != 0x80;
        n += c >= 0xF0;
    }
    return n;
}

/* Bytes of the text that are looked through: whole characters. */
static crm_str head_of(crm_str s)
{
    size_t n = s.n;
    if (n > SEARCH_LOOK_MAX) {
        n = SEARCH_LOOK_MAX;
        while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
            n--;
        }
    }
    return (crm_str){s.p, n};
}

static void note_fit(look *l, uint32_t i, int fit)
{
    uint8_t *best = l->is_title ? l->title_fits : l->fits;
    best[i] = fit > best[i] ? (uint8_t)fit : best[i];
}

static void add_mark(look *l, size_t from, size_t to, uint64_t tokens)
{
    search_found *out = l->out;
    if (out->count == SEARCH_MARKS_MAX || to <= from) {
        return;
    }
    uint32_t start = utf16_length((crm_str){l->text.p, from});
    uint32_t size = utf16_length((crm_str){l->text.p + from, to - from});
    out->marks[out->count++] = (search_mark){.field = l->field->index,
                                             .element = l->element,
                                             .from = start,
                                             .to = start + size,
                                             .tokens = tokens};
}

static int fit_of(const token *t, crm_str word, crm_str stem)
{
    if (str_eq(t->text, word)) {
        return t->is_stem ? FIT_FORM : FIT_WORD;
    }
    if (str_eq(t->text, stem)) {
        return FIT_FORM;
    }
    return t->is_prefix && str_starts(word, t->text) ? FIT_BEGINNING : FIT_NONE;
}

/* Most words of a text begin with another letter than what is looked for, and need no stem. */
static bool may_fit(const search_words *all, crm_str word)
{
    size_t n = (unsigned char)word.p[0] < 0x80 ? 1 : 2;
    for (uint32_t i = 0; i < all->count; i++) {
        crm_str t = all->tokens[i].text;
        if (t.n >= n && word.n >= n && memcmp(t.p, word.p, n) == 0) {
            return true;
        }
    }
    return false;
}

static void judge_word(look *l, const text_scan *scan, const text_word *w)
{
    const search_words *all = l->words;
    uint64_t whole = 0;
    if (!may_fit(all, w->text)) {
        return;
    }
    crm_str stem = w->is_joined ? w->text : text_stem(w->text);
    for (uint32_t i = 0; i < all->count; i++) {
        int fit = fit_of(&all->tokens[i], w->text, stem);
        if (fit == FIT_BEGINNING) {
            add_mark(l, w->from, text_scan_end(scan, w, all->tokens[i].text.n), 1ull << i);
        } else if (fit) {
            whole |= 1ull << i;
        }
        note_fit(l, i, fit);
    }
    if (whole) {
        add_mark(l, w->from, w->to, whole);
    }
}

static bool is_ascii(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* An address has no word for who looks for a Russian one. */
static void look_at_words(look *l)
{
    text_scan scan;
    text_word w;
    if (!l->words->has_ascii && is_ascii(l->text)) {
        return;
    }
    text_scan_init(&scan, l->text);
    while (text_scan_next(&scan, &w)) {
        judge_word(l, &scan, &w);
    }
}

static size_t find(crm_str s, crm_str part)
{
    for (size_t i = 0; i + part.n <= s.n; i++) {
        if (memcmp(s.p + i, part.p, part.n) == 0) {
            return i;
        }
    }
    return s.n;
}

/* A number is kept as '+' and digits, and any digits of it in a row are a fragment. */
static void look_at_phone(look *l)
{
    for (uint32_t i = 0; i < l->words->count; i++) {
        const token *t = &l->words->tokens[i];
        size_t at = t->is_number && t->text.n <= l->text.n ? find(l->text, t->text) : l->text.n;
        if (at < l->text.n && (t->is_prefix || at + t->text.n == l->text.n)) {
            bool is_whole = at <= 1 && at + t->text.n == l->text.n;
            note_fit(l, i, is_whole ? FIT_WORD : FIT_BEGINNING);
            add_mark(l, at, at + t->text.n, 1ull << i);
        }
    }
}

static void look_at_field(look *l, const record_view *v, const field *f)
{
    value own = v->row[f->index];
    if (own.kind != VALUE_TEXT || !bits_has(v->visible, f->index) || f->flags & FIELD_HIDDEN) {
        return;
    }
    crm_str rest = head_of(own.s), text;
    l->field = f;
    l->element = 0;
    while (str_split(&rest, f->flags & FIELD_MANY ? '\n' : 0, &text)) {
        l->text = text;
        if (f->type == FIELD_PHONE) {
            l->text = phone_number(text);
            look_at_phone(l);
        } else {
            look_at_words(l);
        }
        l->element++;
    }
}

/* ---- the row --------------------------------------------------------------------------------- */

static int weakest(const look *l, uint64_t tokens, bool in_title)
{
    int least = FIT_WORD;
    for (uint32_t i = 0; i < l->words->count; i++) {
        if (tokens >> i & 1) {
            int title = l->title_fits[i], other = in_title ? 0 : l->fits[i];
            int fit = title > other ? title : other;
            least = fit < least ? fit : least;
        }
    }
    return least;
}

/* Per group the best alternative that is fulfilled; the rank of the row is that of its worst group.
 */
static uint64_t judge_row(const look *l, uint32_t *rank)
{
    uint64_t used = 0;
    int row = FIT_WORD, in_title = FIT_WORD;
    for (uint32_t g = 0; g < l->words->group_count; g++) {
        int best = 0, best_title = 0;
        for (uint32_t i = 0; i < l->words->alternative_count; i++) {
            uint64_t tokens = l->words->alternatives[i].tokens;
            if (l->words->alternatives[i].group != g || !weakest(l, tokens, false)) {
                continue;
            }
            int fit = weakest(l, tokens, false), title = weakest(l, tokens, true);
            used |= tokens;
            best = fit > best ? fit : best;
            best_title = title > best_title ? title : best_title;
        }
        row = best < row ? best : row;
        in_title = best_title < in_title ? best_title : in_title;
    }
    *rank = (uint32_t)(row * 4 + in_title);
    return used;
}

static void keep_used(search_found *out, uint64_t used)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->marks[i].tokens & used) {
            out->marks[kept++] = out->marks[i];
        }
    }
    out->count = kept;
}

void search_look(const search_words *w, const record_view *v, search_found *out)
{
    const entity *e = v->entity;
    look l = {.words = w, .out = out};
    out->count = out->rank = 0;
    if (e->title_field && e->fields[e->title_field].flags & FIELD_SEARCH) {
        l.is_title = true;
        look_at_field(&l, v, &e->fields[e->title_field]);
        l.is_title = false;
    }
    for (uint32_t i = 0; i < e->search_count; i++) {
        if (e->search_fields[i] != e->title_field) {
            look_at_field(&l, v, &e->fields[e->search_fields[i]]);
        }
    }
    keep_used(out, judge_row(&l, &out->rank));
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* The ranges of one element, overlapping ones as one; marks stand in the order of words, whose
 * joined whole comes before its parts. */
static void put_ranges(json_writer *w, const search_found *f, uint16_t at, uint16_t element,
                       uint32_t shift, uint32_t end)
{
    uint32_t last = 0;
    jw_array(w);
    for (uint32_t i = 0; i < f->count; i++) {
        const search_mark *m = &f->marks[i];
        if (m->field != at || m->element != element || m->from < shift || m->to > end ||
            m->to <= last) {
            continue;
        }
        uint32_t from = m->from < last ? last : m->from;
        jw_array(w);
        jw_int(w, from - shift);
        jw_int(w, m->to - shift);
        jw_end_array(w);
        last = m->to;
    }
    jw_end_array(w);
}

static void put_field(json_writer *w, const record_view *v, const search_found *f, uint16_t at)
{
    const field *own = &v->entity->fields[at];
    jw_key(w, own->name);
    if (!(own->flags & FIELD_MANY)) {
        put_ranges(w, f, at, 0, 0, UINT32_MAX);
        return;
    }
    crm_str rest = head_of(v->row[at].s), element;
    jw_array(w);
    for (uint16_t i = 0; str_split(&rest, '\n', &element); i++) {
        put_ranges(w, f, at, i, 0, UINT32_MAX);
    }
    jw_end_array(w);
}

void search_found_json(json_writer *w, const record_view *v, const search_found *f)
{
    jw_kobject(w, "found");
    for (uint32_t i = 0; i < f->count; i++) {
        if (i == 0 || f->marks[i].field != f->marks[i - 1].field) {
            put_field(w, v, f, f->marks[i].field);
        }
    }
    jw_end_object(w);
}

/* The part of the line around a mark, cut at characters; where it begins in UTF-16 code units. */
static crm_str excerpt_of(crm_str text, const search_mark *m, uint32_t *shift)
{
    uint32_t from = m->from > EXCERPT_BEFORE ? m->from - EXCERPT_BEFORE : 0, units = 0;
    size_t begin = 0, at = 0;
    *shift = 0;
    while (at < text.n && units < m->to + EXCERPT_AFTER) {
        bool is_line_end = text.p[at] == '\n';
        size_t len = text_sequence((crm_str){text.p + at, text.n - at});
        if (is_line_end && units >= m->to) {
            break;
        }
        at += len ? len : 1;
        units += len == 4 ? 2 : 1;
        if (units <= from || (is_line_end && units <= m->from)) {
            begin = at;
            *shift = units;
        }
    }
    return (crm_str){text.p + begin, at - begin};
}

void search_excerpt_json(json_writer *w, const record_view *v, const search_found *f)
{
    const search_mark *m = NULL;
    bool is_note = v->entity->flags & ENTITY_NOTES;
    for (uint32_t i = 0; !m && i < f->count; i++) {
        m = is_note || f->marks[i].field != v->entity->title_field ? &f->marks[i] : NULL;
    }
    if (!m || (f->rank % 4 && !is_note)) {
        jw_null(w);
        return;
    }
    const field *own = &v->entity->fields[m->field];
    crm_str rest = v->row[m->field].s, text = rest;
    for (uint16_t i = 0; own->flags & FIELD_MANY && i <= m->element; i++) {
        (void)!str_split(&rest, '\n', &text);
    }
    uint32_t shift;
    crm_str excerpt = excerpt_of(text, m, &shift);
    jw_object(w);
    jw_kstr(w, "field", own->name);
    jw_kstr(w, "text", excerpt);
    jw_key(w, CRM_S("at"));
    put_ranges(w, f, m->field, m->element, shift, shift + utf16_length(excerpt));
    jw_end_object(w);
}
