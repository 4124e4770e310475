/*
 * search.c - what was typed into a search box as query.terms.
 *
 * A run of the text scanner becomes a group; a span of digits and the marks people put into phones
 * becomes one as well, read both as numbers and as a fragment of a phone.
 */
#include "data/search.h"

#include "data/field.h"

#define NUMBER_MIN   4 /* digits that count as a beginning anywhere, and as a fragment of a phone */
#define SPLIT_MIN    3 /* of a fragment of a phone with a mark inside: alone, they are a beginning */
#define NUMBER_WHOLE 10 /* digits of a number that an extension may follow */
#define DIGITS_MAX   32
#define PARTS_MAX    24

typedef struct builder {
    buf out;
    bool is_exact;
    bool has_group;       /* something stands in `out` */
    bool has_alternative; /* something stands in the group */
} builder;

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_number(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i])) {
            return false;
        }
    }
    return s.n >= NUMBER_MIN;
}

static void alternative_begin(builder *b)
{
    if (b->has_alternative) {
        buf_char(&b->out, '|');
    } else if (b->has_group) {
        buf_char(&b->out, ' ');
    }
    b->has_alternative = b->has_group = true;
}

static void add_token(builder *b, crm_str token, bool is_prefix)
{
    buf_str(&b->out, token);
    if (is_prefix && !b->is_exact) {
        buf_char(&b->out, '*');
    }
}

static void add_stem(builder *b, crm_str word)
{
    crm_str stem = text_stem(word);
    b->out.failed = b->out.failed || !stem.p;
    buf_char(&b->out, '=');
    buf_str(&b->out, stem);
}

static bool has_stem(crm_str word)
{
    crm_str stem = text_stem(word);
    return stem.p && !str_eq(stem, word);
}

/* ---- words ----------------------------------------------------------------------------------- */

/* The words of one run, copied out of the scan. */
typedef struct run {
    arena *arena;
    crm_str joined; /* "нью-йорк", or empty */
    crm_str parts[PARTS_MAX];
    uint32_t count;
    uint32_t number;
    size_t end; /* of the last part */
} run;

/* "0042" gives "42" as well, which a question need not ask for. */
static void run_add(run *r, const text_word *w)
{
    crm_str copy = arena_dup(r->arena, w->text);
    if (w->is_joined) {
        r->joined = r->joined.n ? r->joined : copy;
    } else if (w->to != r->end && r->count < PARTS_MAX) {
        r->parts[r->count++] = copy;
        r->end = w->to;
    }
}

static void add_parts(builder *b, const run *r, bool is_last, bool by_stem)
{
    alternative_begin(b);
    for (uint32_t i = 0; i < r->count; i++) {
        bool ends = is_last && i + 1 == r->count;
        buf_z(&b->out, i ? "&" : "");
        if (by_stem && has_stem(r->parts[i])) {
            add_stem(b, r->parts[i]);
        } else {
            add_token(b, r->parts[i], (ends && !by_stem) || is_number(r->parts[i]));
        }
    }
}

static bool any_stem(const run *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (has_stem(r->parts[i])) {
            return true;
        }
    }
    return false;
}

static void add_run(builder *b, const run *r, bool is_last)
{
    if (r->joined.n) {
        alternative_begin(b);
        add_token(b, r->joined, is_last || str_find(r->joined, '@') >= 0);
    }
    if (r->count) {
        /* Of an address the whole is a beginning already; one of "ru" or "com" is most of a table.
         */
        bool ends = is_last && str_find(r->joined, '@') < 0;
        add_parts(b, r, ends, false);
        if (!b->is_exact && any_stem(r)) {
            add_parts(b, r, ends, true);
        }
    }
}

static void add_words(builder *b, arena *a, crm_str text, bool is_end)
{
    text_scan scan;
    text_word w;
    run r = {.arena = a};
    text_scan_init(&scan, text);
    while (text_scan_next(&scan, &w)) {
        if (w.run != r.number) {
            b->has_alternative = false;
            add_run(b, &r, false);
            r = (run){.arena = a, .number = w.run};
        }
        run_add(&r, &w);
    }
    if (r.count || r.joined.n) {
        b->has_alternative = false;
        add_run(b, &r, is_end);
    }
}

/* ---- phones ---------------------------------------------------------------------------------- */

/* The numbers of the span as one alternative: "916 123" may be two. How many they are. */
static uint32_t add_numbers(builder *b, arena *a, crm_str span)
{
    text_scan scan;
    text_word w;
    run r = {.arena = a};
    text_scan_init(&scan, span);
    while (text_scan_next(&scan, &w)) {
        if (!w.is_joined) {
            run_add(&r, &w);
        }
    }
    if (r.count) {
        add_parts(b, &r, true, false);
    }
    return r.count;
}

/* Whether "12-34" stands for itself as well. */
static void add_joined(builder *b, crm_str span)
{
    text_scan scan;
    text_word w;
    text_scan_init(&scan, span);
    if (text_scan_next(&scan, &w) && w.is_joined && w.to - w.from == span.n) {
        alternative_begin(b);
        add_token(b, w.text, true);
    }
}

/* Whether a number may begin with the trunk prefix that is kept as +7: codes begin with these. */
static bool has_trunk(crm_str digits)
{
    return digits.p[0] == '8' && memchr("3489", digits.p[1], 4);
}

static void add_phone(builder *b, arena *a, crm_str span, crm_str digits)
{
    b->has_alternative = false;
    add_joined(b, span);
    if (add_numbers(b, a, span) != 1) {
        alternative_begin(b);
        add_token(b, digits, true);
    }
    if (has_trunk(digits)) {
        alternative_begin(b);
        buf_char(&b->out, '7');
        add_token(b, (crm_str){digits.p + 1, digits.n - 1}, true);
    }
}

static bool is_blank(crm_str s, size_t at)
{
    return at >= s.n || s.p[at] == ' ' || s.p[at] == '\t';
}

/* An extension behind a whole number, up to the end of a word: it tells nobody apart. */
static size_t extension_span(crm_str s, size_t at, size_t digits)
{
    crm_str extension;
    size_t n =
        digits < NUMBER_WHOLE ? 0 : phone_extension_span((crm_str){s.p + at, s.n - at}, &extension);
    return is_blank(s, at + n) ? n : 0;
}

/*
 * The span of a phone that begins at `at`, which is the beginning of a word: digits and what people
 * put between them, up to the end of a word. 0: there is none of enough digits.
 */
static size_t phone_span(crm_str s, size_t at, char digits[DIGITS_MAX], size_t *count)
{
    size_t end = at, taken = 0, n = 0, unbroken = 0, least = NUMBER_MIN;
    bool is_split = false;
    while (at < s.n) {
        crm_str rest = {s.p + at, s.n - at};
        size_t skip = is_digit(s.p[at]) || s.p[at] == '+' ? 1 : phone_separator(rest);
        if (!skip || (is_digit(s.p[at]) && n == DIGITS_MAX)) {
            break;
        }
        if (is_digit(s.p[at])) {
            is_split = is_split || (n && at != unbroken);
            digits[n++] = s.p[at];
            unbroken = at + 1;
        }
        at += skip;
        if (n > taken && (is_blank(s, at) || extension_span(s, at, n))) {
            end = at;
            taken = n;
            least = is_split ? SPLIT_MIN : NUMBER_MIN;
        }
    }
    *count = taken;
    return taken >= least ? end : 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void add_typed(builder *b, arena *a, crm_str s)
{
    size_t from = 0;
    for (size_t at = 0; at < s.n; at++) {
        char digits[DIGITS_MAX];
        size_t count, end = 0;
        bool begins = at == 0 || is_blank(s, at - 1);
        bool may_be = is_digit(s.p[at]) || s.p[at] == '+' || s.p[at] == '(';
        if (begins && may_be) {
            end = phone_span(s, at, digits, &count);
        }
        if (end) {
            add_words(b, a, (crm_str){s.p + from, at - from}, false);
            add_phone(b, a, (crm_str){s.p + at, end - at}, (crm_str){digits, count});
            from = end + extension_span(s, end, count);
            at = from;
        }
    }
    add_words(b, a, (crm_str){s.p + from, s.n - from}, true);
}

static crm_status build(arena *a, crm_str typed, bool is_exact, crm_str *terms)
{
    builder b = {.is_exact = is_exact};
    *terms = (crm_str){"", 0};
    if (typed.n > SEARCH_TYPED_MAX) {
        return CRM_TOO_LARGE;
    }
    if (!text_is_utf8(typed)) {
        return CRM_INVALID;
    }
    buf_init(&b.out, 0);
    add_typed(&b, a, typed);
    bool is_lost = b.out.failed || arena_failed(a);
    if (!is_lost && b.out.n) {
        *terms = arena_dup(a, buf_view(&b.out));
    }
    buf_free(&b.out);
    return is_lost || !terms->p ? CRM_NOMEM : CRM_OK;
}

crm_status search_terms(arena *a, crm_str typed, crm_str *terms)
{
    return build(a, str_trim(typed), false, terms);
}

void search_ask(query *q, crm_str typed, crm_str terms)
{
    static const cond nowhere = {.op = COND_FALSE};
    q->terms = terms;
    if (!terms.n && str_trim(typed).n) {
        q->where = &nowhere;
    }
}

crm_status search_exact_terms(arena *a, crm_str typed, crm_str *terms)
{
    return build(a, str_trim(typed), true, terms);
}
