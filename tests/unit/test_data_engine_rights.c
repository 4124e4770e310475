/* test_data_engine_rights.c - branches of rights and full text, on every engine. */
#include "engine_world.h"

/* ---- rights ---------------------------------------------------------------------------------- */

static void rows_tell_which_branches_they_match(void **state)
{
    bench *b = *state;
    ids got;
    row_copy row;
    const field *owner = deal_field(b->w, DEAL_OWNER), *buyer = deal_field(b->w, DEAL_BUYER);
    bench_begin(b);
    int64_t anna = bench_person(b, "Анна", "spb"), boris = bench_person(b, "Борис", "msk");
    int64_t own = bench_deal_with(b, DEAL_OWNER, value_int(boris));
    int64_t spb = bench_deal_with(b, DEAL_BUYER, value_int(anna));
    int64_t none = bench_deal_with(b, DEAL_OWNER, value_int(anna));
    bench_commit(b);
    branches may = {.count = 2};
    may.at[0].where = cond_compare(b->w->arena, COND_ME, owner, value_null());
    may.at[1].via[0] = buyer;
    may.at[1].via_count = 1;
    may.at[1].where =
        world_cond(b->w, COND_EQ, &b->w->person.fields[PERSON_REGION], value_text(CRM_S("spb")));
    query q = {.entity = &b->w->deal, .rights = &may, .need = 3, .env = {.me = boris}};
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.at[0], own);
    assert_int_equal(got.branches[0], 1);
    assert_int_equal(got.at[1], spb);
    assert_int_equal(got.branches[1], 2);
    q.need = 1;
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 1);
    assert_ok(bench_get(b, b->reader, own, &q, &row));
    assert_int_equal(bench_get(b, b->reader, spb, &q, &row), CRM_NOT_FOUND);
    assert_int_equal(bench_get(b, b->reader, none, &q, &row), CRM_NOT_FOUND);
    q.need = 0;
    assert_int_equal(bench_count(b->reader, &q), 0);
}

#define TEAM_DEALS 120

/* Deals of forty owners in turn; five of them share each moment. */
static void add_team_deals(bench *b)
{
    value row[DEAL_COLUMNS];
    bench_begin(b);
    for (int64_t i = 0; i < TEAM_DEALS; i++) {
        bench_row(row, &b->w->deal, 1000 + i * 7 % TEAM_DEALS / 5);
        row[DEAL_OWNER] = value_int(1 + i % 40);
        row[DEAL_STAGE] = value_text(CRM_S("new"));
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
}

/* Of the first `owners`, some pages on: the newest first, each once, with all that they match. */
static void check_team(bench *b, const value *owners, uint32_t count)
{
    ids got;
    row_copy deal;
    const field *owner = deal_field(b->w, DEAL_OWNER);
    branches team = {.count = 2};
    team.at[0].where = cond_in(b->w->arena, owner, owners, count);
    team.at[1].where = cond_compare(b->w->arena, COND_ME, owner, value_null());
    query q = {.entity = &b->w->deal,
               .rights = &team,
               .need = 3,
               .env = {.me = 2},
               .sorts = {{&b->w->deal.fields[COL_CREATED_AT], true}},
               .sort_count = 1,
               .limit = 4};
    uint32_t seen = 0;
    for (int64_t at = INT64_MAX, id = INT64_MAX;;) {
        bench_list(b->reader, &q, &got);
        assert_ok(got.status);
        for (uint32_t i = 0; i < got.count; i++, seen++) {
            assert_ok(bench_get(b, b->reader, got.at[i], &q, &deal));
            int64_t now = deal.row[COL_CREATED_AT].i;
            assert_true(now < at || (now == at && got.at[i] < id));
            assert_true(deal.row[DEAL_OWNER].i <= (int64_t)count);
            assert_int_equal(got.branches[i], deal.row[DEAL_OWNER].i == 2 ? 3 : 1);
            at = now;
            id = got.at[i];
        }
        if (got.count < q.limit) {
            break;
        }
        q.after = (cursor){.at = {value_int(at)}, .id = id, .is_set = true};
    }
    assert_int_equal(seen, count * TEAM_DEALS / 40);
}

static void the_rows_of_a_team_come_in_order_and_once(void **state)
{
    bench *b = *state;
    value owners[40];
    for (int i = 0; i < 40; i++) {
        owners[i] = value_int(i + 1);
    }
    add_team_deals(b);
    check_team(b, owners, 3);
    check_team(b, owners,
               31); /* as many ranges as are read side by side, with that of branch two */
    check_team(b, owners, 40);
}

static void the_recycle_bin_is_hidden_unless_asked(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    row_copy row;
    bench_begin(b);
    bench_deal(b, "here", 1);
    int64_t gone = bench_deal(b, "gone", 1);
    assert_ok(bench_set(b, gone, COL_DELETED_AT, value_int(7)));
    bench_commit(b);
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.with_deleted = true;
    assert_int_equal(bench_count(b->reader, &q), 2);
    q.only_deleted = true;
    assert_int_equal(bench_count(b->reader, &q), 1);
    assert_ok(bench_get(b, b->reader, gone, NULL, &row)); /* by id it is found: its column tells */
    assert_int_equal(row.row[COL_DELETED_AT].i, 7);
}

/* ---- full text ------------------------------------------------------------------------------- */

static void words_are_found_by_form_stem_and_beginning(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = bench_deal(b, "a", 1);
    bench_terms(b, id, "крышами крыш", "нью-йорк нью йорк");
    bench_commit(b);
    assert_int_equal(bench_search(b, "крышами*|=крыш"), 1);
    assert_int_equal(bench_search(b, "крышу|=крыш нью"), 1);
    assert_int_equal(bench_search(b, "кры*"), 1);
    assert_int_equal(bench_search(b, "кры"), 0); /* a beginning must be asked for */
    assert_int_equal(bench_search(b, "нью-йорк*"), 1);
    assert_int_equal(bench_search(b, "нью&йорк|подвал"), 1);
    assert_int_equal(bench_search(b, "нью&подвал|рим"), 0);
    assert_int_equal(bench_search(b, "подвал*"), 0);
    bench_begin(b);
    bench_terms(b, id, "подвал", "");
    bench_commit(b);
    assert_int_equal(bench_search(b, "подвал*"), 1);
    assert_int_equal(bench_search(b, "кры*"), 0);
    bench_begin(b);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_TERMS, .entity = &b->w->deal, .id = id}));
    bench_commit(b);
    assert_int_equal(bench_search(b, "подвал"), 0);
}

static void a_match_passes_over_rows_of_others(void **state)
{
    bench *b = *state;
    world *w = b->w;
    bench_begin(b);
    int64_t mine = bench_deal_with(b, DEAL_OWNER, value_int(2));
    int64_t hers = bench_deal_with(b, DEAL_OWNER, value_int(3));
    bench_terms(b, mine, "крыша", "");
    bench_terms(b, hers, "крыша", "");
    bench_commit(b);
    const cond *me = cond_make(w->arena, COND_ME, deal_field(w, DEAL_OWNER), NULL, 0);
    branches own = {.count = 1};
    own.at[0].where = me;
    bits_add(own.at[0].fields, DEAL_NAME);
    query q = {
        .entity = &w->deal, .rights = &own, .need = 1, .terms = CRM_S("крыша"), .env = {.me = 2}};
    assert_int_equal(bench_count(b->reader, &q), 1);
    bench_begin(b); /* she gives hers away: the terms follow */
    assert_ok(bench_set(b, hers, DEAL_OWNER, value_int(2)));
    bench_terms(b, hers, "крыша", "");
    bench_commit(b);
    assert_int_equal(bench_count(b->reader, &q), 2);
}

/* The bin has no full text; its rows are looked through, in the fields a branch shows. */
static void words_are_found_in_the_recycle_bin(void **state)
{
    bench *b = *state;
    world *w = b->w;
    bench_begin(b);
    int64_t mine = bench_deal_with(b, DEAL_NAME, value_text(CRM_S("Красная крыша")));
    int64_t hers = bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("Крыши и водостоки")));
    int64_t live = bench_deal_with(b, DEAL_NAME, value_text(CRM_S("Крыша")));
    bench_terms(b, live, "крыша", "");
    assert_ok(bench_set(b, mine, DEAL_OWNER, value_int(2)));
    assert_ok(bench_set(b, hers, DEAL_OWNER, value_int(3)));
    assert_ok(bench_set(b, mine, COL_DELETED_AT, value_int(5)));
    assert_ok(bench_set(b, hers, COL_DELETED_AT, value_int(6)));
    bench_commit(b);
    query q = {.entity = &w->deal, .only_deleted = true, .with_deleted = true, .limit = 10};
    ids got;
    q.terms = CRM_S("крыша|=крыш водост*|красная");
    q.sorts[0] = (sort){deal_field(w, COL_DELETED_AT), true};
    q.sort_count = 1;
    bench_list(b->reader, &q, &got);
    assert_ok(got.status);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.at[0], hers);
    assert_int_equal(bench_count(b->reader, &q), 2);
    q.terms = CRM_S("крыша&красная");
    assert_int_equal(bench_count(b->reader, &q), 1);
    branches names = {.count = 1};
    bits_add(names.at[0].fields, DEAL_NAME);
    q.terms = CRM_S("=крыш");
    q.rights = &names;
    q.need = 1;
    assert_int_equal(bench_count(b->reader, &q), 1);
    names.at[0].where = world_cond(w, COND_EQ, deal_field(w, DEAL_OWNER), value_int(3));
    assert_int_equal(bench_count(b->reader, &q), 0);
}

typedef struct heard {
    uint32_t count;
    int edits;
    char words[200];
} heard;

/* Few words that begin so are asked for one by one, many as a beginning; nobody sees which. */
static void a_beginning_finds_every_word_that_begins_so(void **state)
{
    bench *b = *state;
    enum { WORDS = 20 };
    static const char *const letters[WORDS] = {"а", "б", "в", "г", "д", "е", "ж", "з", "и", "к",
                                               "л", "м", "н", "о", "п", "р", "с", "т", "у", "ф"};
    for (int i = 0; i < WORDS; i++) {
        char word[32];
        snprintf(word, sizeof word, "кузнец%s", letters[i]);
        bench_begin(b);
        bench_terms(b, bench_deal(b, word, 1), word, "договор 9000");
        bench_commit(b);
        engine_turn_end(b->reader);
        assert_int_equal(bench_search(b, "кузн*"), i + 1);
        assert_int_equal(bench_search(b, "договор кузн*"), i + 1);
        assert_int_equal(bench_search(b, "9000&кузнец*|=нет"), i + 1);
        assert_int_equal(bench_search(b, "кузнецы*"), 0);
    }
    assert_int_equal(bench_search(b, "кузнецф*"), 1);
}

static void what_lies_in_the_recycle_bin_has_no_words(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = bench_deal(b, "крыша", 1);
    bench_terms(b, id, "крыша", "");
    bench_commit(b);
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "крыша"), 1);
    bench_begin(b);
    assert_ok(bench_set(b, id, COL_DELETED_AT, value_int(5)));
    bench_terms(b, id, "крыша", "");
    bench_commit(b);
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "крыша"), 0);
    assert_int_equal(bench_search(b, "крыш*"), 0);
}

static void hear(void *arg, crm_str word, int edits)
{
    heard *h = arg;
    size_t n = strlen(h->words);
    snprintf(h->words + n, sizeof h->words - n, "%.*s ", STR_FMT(word));
    h->edits = edits;
    h->count++;
}

static heard near(bench *b, const char *word, int edits)
{
    heard h = {0};
    engine_op op = {.kind = ENGINE_WORDS,
                    .entity = &b->w->deal,
                    .near = str_of(word),
                    .edits = edits,
                    .on_word = hear,
                    .arg = &h};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    return h;
}

static void near_words_are_told(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = bench_deal(b, "a", 1);
    bench_terms(b, id, "иванов петров сидоров", "экскаватор 1234 abcd");
    bench_commit(b);
    assert_int_equal(near(b, "иванов", 0).count, 1);
    assert_string_equal(near(b, "иваонв", 1).words, "иванов ");
    assert_string_equal(near(b, "ванов", 1).words, "иванов ");
    assert_string_equal(near(b, "ивановв", 1).words, "иванов ");
    assert_string_equal(near(b, "зкскватор", 2).words, "экскаватор ");
    assert_int_equal(near(b, "зкскватор", 2).edits, 2);
    assert_int_equal(near(b, "зкскватор", 1).count, 0);
    assert_int_equal(near(b, "1235", 1).count, 0); /* numbers are no words */
    assert_int_equal(near(b, "", 1).count, 0);
}

static void words_count_only_where_a_branch_shows_them(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = bench_deal(b, "a", 1);
    bench_terms(b, id, "крыша крыш", "тайна тайн");
    bench_commit(b);
    branches may = {.count = 2};
    bits_add(may.at[0].fields, DEAL_NAME);
    bits_add(may.at[1].fields, DEAL_NOTE);
    query q = {.entity = &b->w->deal, .rights = &may, .need = 1, .terms = CRM_S("тайна|=тайн")};
    assert_int_equal(bench_count(b->reader, &q), 0);
    q.terms = CRM_S("крыша|=крыш");
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.need = 3;
    q.terms = CRM_S("тайна|=тайн");
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.terms = CRM_S("крыша|=крыш тайна|=тайн"); /* no one branch shows both */
    assert_int_equal(bench_count(b->reader, &q), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(rows_tell_which_branches_they_match),
        ON_ALL(the_rows_of_a_team_come_in_order_and_once),
        ON_ALL(the_recycle_bin_is_hidden_unless_asked),
        ON_ALL(words_are_found_by_form_stem_and_beginning),
        ON_ALL(a_match_passes_over_rows_of_others),
        ON_ALL(words_are_found_in_the_recycle_bin),
        ON_ALL(a_beginning_finds_every_word_that_begins_so),
        ON_ALL(what_lies_in_the_recycle_bin_has_no_words),
        ON_ALL(near_words_are_told),
        ON_ALL(words_count_only_where_a_branch_shows_them),
    };
    return RUN_ON_ALL(tests);
}
