/*
 * search_read.c - rows of a search, and other readings of what was typed when there are none.
 *
 * A correction is taken from what the caller himself may read: near words of the vocabulary only
 * lead to rows, and those rows, read under his rights, tell which of them stands in a field he may
 * see.
 */
#include "data/engine_field.h"
#include "data/records_private.h"
#include "data/search.h"

#define WORDS_MAX      4  /* of what was typed that are corrected */
#define CANDIDATES_MAX 24 /* near words of one */
#define ROWS_MAX       60 /* that vote, per entity */
#define TWO_EDITS_FROM 8  /* letters */

crm_status search_rows(crm_ctx *c, const entity *e, crm_str terms, uint32_t limit,
                       record_row_fn on_row, void *arg)
{
    query *q = query_new(c->arena, e);
    uint64_t shown[4];
    if (!q) {
        return CRM_NOMEM;
    }
    rights_fields(c, e, shown);
    bits_add(q->select, COL_ID);
    for (uint32_t i = 0; i < e->field_count; i++) {
        bool is_wanted = i == e->title_field || i == e->stage_field || i == e->parent_field ||
                         e->fields[i].flags & FIELD_SEARCH;
        if (i >= COL_OWN && is_wanted && bits_has(shown, i) &&
            !(e->fields[i].flags & FIELD_HIDDEN)) {
            bits_add(q->select, i);
        }
    }
    q->terms = terms;
    q->limit = limit;
    q->sorts[0] = (sort){&e->fields[COL_ID], true};
    q->sort_count = 1;
    record_read r = {.call = c, .query = q, .on_row = on_row, .arg = arg};
    return records_read_now(&r);
}

/* ---- near words ------------------------------------------------------------------------------ */

typedef struct near_word {
    crm_str text;
    int edits;
    uint32_t votes;
} near_word;

typedef struct near_words {
    arena *arena;
    crm_str wanted;
    int edits;
    near_word at[CANDIDATES_MAX];
    uint32_t count;
} near_words;

static bool is_better(const near_word *x, const near_word *y)
{
    if (x->edits != y->edits) {
        return x->edits < y->edits;
    }
    return x->votes != y->votes ? x->votes > y->votes : str_cmp(x->text, y->text) < 0;
}

static near_word *find_word(near_words *n, crm_str word)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (str_eq(n->at[i].text, word)) {
            return &n->at[i];
        }
    }
    return NULL;
}

/* A new word takes the place of the worst when there is no room. */
static void add_word(near_words *n, crm_str word, int edits)
{
    near_word *known = find_word(n, word), *place = &n->at[n->count];
    near_word made = {.text = word, .edits = edits, .votes = 1};
    if (known) {
        known->votes++;
        return;
    }
    if (n->count == CANDIDATES_MAX) {
        place = &n->at[0];
        for (uint32_t i = 1; i < n->count; i++) {
            place = is_better(place, &n->at[i]) ? &n->at[i] : place;
        }
        if (!is_better(&made, place)) {
            return;
        }
    }
    made.text = arena_dup(n->arena, word);
    n->count += n->count < CANDIDATES_MAX;
    *place = made;
}

static void on_word(void *arg, crm_str word, int edits)
{
    add_word(arg, word, edits);
}

static crm_status find_candidates(search_try *t, near_words *n)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; st == CRM_OK && i < t->entity_count; i++) {
        engine_op op = {.kind = ENGINE_WORDS,
                        .entity = t->entities[i],
                        .near = n->wanted,
                        .edits = n->edits,
                        .on_word = on_word,
                        .arg = n};
        engine_batch b = {.ops = &op, .count = 1};
        st = records_run(t->call, &b);
    }
    return st;
}

/* ---- what the caller may see of them --------------------------------------------------------- */

/* Every word of a row that is near what was typed votes for itself. */
static bool vote(void *arg, const record_view *v)
{
    near_words *n = arg;
    const entity *e = v->entity;
    for (uint32_t i = 0; i < e->search_count; i++) {
        uint16_t f = e->search_fields[i];
        text_scan scan;
        text_word w;
        if (!bits_has(v->visible, f) || v->row[f].kind != VALUE_TEXT) {
            continue;
        }
        text_scan_init(&scan, v->row[f].s);
        while (text_scan_next(&scan, &w) && w.from < SEARCH_LOOK_MAX) {
            int edits = engine_is_vocabulary(w.text) ? text_distance(w.text, n->wanted, n->edits)
                                                     : n->edits + 1;
            if (edits <= n->edits) {
                add_word(n, w.text, edits);
            }
        }
    }
    return true;
}

static crm_str alternatives(arena *a, const near_words *n)
{
    crm_str out = {"", 0};
    for (uint32_t i = 0; i < n->count; i++) {
        out = arena_fmt(a, "%.*s%s%.*s", STR_FMT(out), i ? "|" : "", STR_FMT(n->at[i].text));
    }
    return out;
}

static crm_status find_seen(search_try *t, const near_words *candidates, near_words *seen)
{
    crm_str terms = alternatives(t->call->arena, candidates);
    crm_status st = CRM_OK;
    for (uint32_t i = 0; st == CRM_OK && terms.n && i < t->entity_count; i++) {
        st = search_rows(t->call, t->entities[i], terms, ROWS_MAX, vote, seen);
    }
    return st;
}

/* ---- one word -------------------------------------------------------------------------------- */

static bool is_enough(void *arg, const record_view *v)
{
    (void)v;
    *(bool *)arg = true;
    return false;
}

static crm_status is_found(search_try *t, crm_str word, bool *found)
{
    crm_str terms;
    crm_status st = search_terms(t->call->arena, word, &terms);
    for (uint32_t i = 0; st == CRM_OK && !*found && i < t->entity_count; i++) {
        st = search_rows(t->call, t->entities[i], terms, 1, is_enough, found);
    }
    return st;
}

/* The word itself when it is found, the best of the near ones, or {NULL,0}. */
static crm_status correct_word(search_try *t, crm_str word, crm_str *out)
{
    arena *a = t->call->arena;
    int edits = text_length(word) < TWO_EDITS_FROM ? 1 : 2;
    near_words candidates = {.arena = a, .wanted = word, .edits = edits}, seen = candidates;
    bool found = false;
    *out = (crm_str){0};
    crm_status st = is_found(t, word, &found);
    if (st != CRM_OK || found) {
        *out = found ? word : (crm_str){0};
        return st;
    }
    st = engine_is_vocabulary(word) ? find_candidates(t, &candidates) : CRM_OK;
    st = st == CRM_OK ? find_seen(t, &candidates, &seen) : st;
    for (uint32_t i = 0; st == CRM_OK && i < seen.count; i++) {
        if (i == 0 || is_better(&seen.at[i], &seen.at[0])) {
            seen.at[0] = seen.at[i];
        }
    }
    *out = seen.count ? seen.at[0].text : (crm_str){0};
    return st;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* What was typed with its words corrected; {NULL,0} when one of them leads nowhere. */
static crm_status correct(search_try *t, crm_str *out)
{
    text_scan scan;
    text_word w;
    buf made;
    crm_status st = CRM_OK;
    size_t copied = 0, words = 0;
    bool is_changed = false, is_lost = false;
    buf_init(&made, 0);
    text_scan_init(&scan, t->typed);
    while (st == CRM_OK && !is_lost && text_scan_next(&scan, &w)) {
        crm_str word = arena_dup(t->call->arena, w.text), right;
        if (w.is_joined || w.from < copied) {
            continue;
        }
        st = ++words > WORDS_MAX ? CRM_OK : correct_word(t, word, &right);
        is_lost = words > WORDS_MAX || !right.p;
        if (st == CRM_OK && !is_lost && !str_eq(right, word)) {
            buf_add(&made, t->typed.p + copied, w.from - copied);
            buf_str(&made, right);
            copied = w.to;
            is_changed = true;
        }
    }
    buf_add(&made, t->typed.p + copied, t->typed.n - copied);
    bool is_good = st == CRM_OK && is_changed && !is_lost;
    *out = is_good ? arena_dup(t->call->arena, buf_view(&made)) : (crm_str){0};
    buf_free(&made);
    return is_good && !out->p ? CRM_NOMEM : st;
}

static crm_status take(search_try *t, crm_str text)
{
    t->text = text;
    return search_terms(t->call->arena, text, &t->terms);
}

crm_status search_begin(search_try *t)
{
    t->step = SEARCH_AS_TYPED;
    t->typed = str_trim(t->typed);
    return take(t, t->typed);
}

/* A text without any word is no reading of what had some. */
static crm_status take_other(search_try *t, crm_str text)
{
    crm_str terms;
    crm_status st = search_terms(t->call->arena, text, &terms);
    if (st == CRM_OK && terms.n) {
        t->text = text;
        t->terms = terms;
    }
    return st;
}

crm_status search_next(search_try *t)
{
    crm_status st = CRM_OK;
    t->text = (crm_str){0};
    while (st == CRM_OK && !t->text.p && t->step < SEARCH_OVER) {
        crm_str text = {0};
        t->step++;
        if (t->step == SEARCH_SWAPPED) {
            st = text_swap_layout(t->call->arena, t->typed, &text);
        } else if (t->step == SEARCH_CORRECTED) {
            st = correct(t, &text);
        }
        st = st == CRM_OK && text.p ? take_other(t, text) : st;
    }
    if (st != CRM_OK) {
        t->step--; /* it may be tried again where there is more time */
    }
    return st;
}

void search_reading_json(json_writer *w, const search_try *t)
{
    if (t->text.p && t->step == SEARCH_SWAPPED) {
        jw_kstr(w, "read_as", t->text);
    } else if (t->text.p && t->step == SEARCH_CORRECTED) {
        jw_kstr(w, "corrected", t->text);
    }
}
