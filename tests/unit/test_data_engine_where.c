/* test_data_engine_where.c - conditions, on every engine. */
#include "engine_world.h"

#include <unistd.h>

#include "data/address.h"

static void null_is_not_that(void **state)
{
    bench *b = *state;
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    bench_begin(b);
    bench_deal(b, "a", 5);
    bench_deal(b, "b", 0); /* no amount */
    bench_commit(b);
    const cond *gt = world_cond(b->w, COND_GT, amount, value_int(1));
    assert_int_equal(bench_count_where(b, gt), 1);
    assert_int_equal(bench_count_where(b, world_not(b->w, gt)), 1);
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_NE, amount, value_int(5))), 1);
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_LT, amount, value_int(100))), 1);
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_NONE, amount, value_null())), 1);
    assert_int_equal(
        bench_count_where(b, world_not(b->w, world_cond(b->w, COND_NONE, amount, value_null()))),
        1);
}

static void texts_compare_folded(void **state)
{
    bench *b = *state;
    const field *name = deal_field(b->w, DEAL_NAME), *note = deal_field(b->w, DEAL_NOTE);
    bench_begin(b);
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1);
    row[DEAL_NAME] = row[DEAL_NOTE] = value_text(CRM_S("Ёршиков Пётр"));
    bench_insert(b, &b->w->deal, row);
    bench_commit(b);
    const field *both[] = {name, note}; /* with a key column and without */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bench_count_where(b, world_cond(b->w, COND_EQ, both[i],
                                                         value_text(CRM_S("ёршиков  пётр")))),
                         1);
        assert_int_equal(bench_count_where(b, world_cond(b->w, COND_EQ, both[i],
                                                         value_text(CRM_S("ершиков петр")))),
                         0);
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_STARTS, both[i], value_text(CRM_S("ЕРШ")))),
            1);
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_HAS, both[i], value_text(CRM_S("ПЁТ")))), 1);
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_HAS, both[i], value_text(CRM_S("пят")))), 0);
    }
    /* Written differently and yet equal: both may be asked at once. */
    const cond *twice =
        cond_and(b->w->arena, world_cond(b->w, COND_EQ, name, value_text(CRM_S("ёршиков пётр"))),
                 world_cond(b->w, COND_EQ, name, value_text(CRM_S("ЁРШИКОВ ПЁТР"))));
    assert_int_equal(bench_count_where(b, twice), 1);
}

static void parts_of_an_address_compare_as_texts(void **state)
{
    bench *b = *state;
    static const char *const lines[] = {"650000, г Кемерово, ул Весенняя", "Тверь, Мира, 1", NULL};
    const field city = {.name = CRM_S("note.city"),
                        .type = FIELD_TEXT,
                        .part = ADDRESS_CITY + 1,
                        .index = DEAL_NOTE,
                        .entity = &b->w->deal};
    bench_begin(b);
    for (int i = 0; i < 3; i++) {
        value row[DEAL_COLUMNS];
        bench_row(row, &b->w->deal, 1);
        row[DEAL_NAME] = value_text(CRM_S("a"));
        row[DEAL_NOTE] = value_text(str_of(lines[i]));
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
    const struct {
        cond_op op;
        crm_str operand;
        int64_t count;
    } cases[] = {{COND_EQ, CRM_S("КЕМЕРОВО"), 1}, {COND_EQ, CRM_S("г Кемерово"), 0},
                 {COND_NE, CRM_S("кемерово"), 2}, {COND_STARTS, CRM_S("тв"), 1},
                 {COND_HAS, CRM_S("ер"), 2},      {COND_GT, CRM_S("л"), 1},
                 {COND_IN, CRM_S("тверь"), 1},    {COND_HAS, CRM_S("Мира"), 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cond *c = world_cond(b->w, cases[i].op, &city, value_text(cases[i].operand));
        assert_int_equal(bench_count_where(b, c), cases[i].count);
    }
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_NONE, &city, value_null())), 1);
}

static void many_values_match_by_any(void **state)
{
    bench *b = *state;
    static const uint32_t fields[] = {DEAL_TAGS, DEAL_EMAILS}; /* indexed and not */
    bench_begin(b);
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1);
    row[DEAL_TAGS] = row[DEAL_EMAILS] = value_text(CRM_S("vip\nСклад"));
    int64_t id = bench_insert(b, &b->w->deal, row);
    bench_insert(b, &b->w->deal, (bench_row(row, &b->w->deal, 1), row));
    bench_commit(b);
    for (int i = 0; i < 2; i++) {
        const field *f = deal_field(b->w, fields[i]);
        value in[] = {value_text(CRM_S("нет")), value_text(CRM_S("VIP")), value_text(CRM_S("и"))};
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_HAS, f, value_text(CRM_S("склад")))), 1);
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_HAS, f, value_text(CRM_S("скл")))), 0);
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_STARTS, f, value_text(CRM_S("СКЛ")))), 1);
        assert_int_equal(
            bench_count_where(b, world_cond(b->w, COND_NE, f, value_text(CRM_S("vip")))), 1);
        assert_int_equal(bench_count_where(b, cond_in(b->w->arena, f, in, 3)), 1);
        assert_int_equal(bench_count_where(b, world_not(b->w, cond_in(b->w->arena, f, in, 3))), 1);
        assert_int_equal(bench_count_where(b, world_cond(b->w, COND_NONE, f, value_null())), 1);
    }
    bench_begin(b);
    assert_ok(bench_set(b, id, DEAL_TAGS, value_text(CRM_S("иное"))));
    bench_commit(b);
    const field *tags = deal_field(b->w, DEAL_TAGS);
    assert_int_equal(
        bench_count_where(b, world_cond(b->w, COND_HAS, tags, value_text(CRM_S("vip")))), 0);
    assert_int_equal(
        bench_count_where(b, world_cond(b->w, COND_HAS, tags, value_text(CRM_S("иное")))), 1);
}

static void long_lists_of_values_work(void **state)
{
    bench *b = *state;
    static value many[3000];
    for (int i = 0; i < 3000; i++) {
        many[i] = value_int(i + 100);
    }
    bench_begin(b);
    bench_deal(b, "a", 3099);
    bench_deal(b, "b", 99);
    bench_commit(b);
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    assert_int_equal(bench_count_where(b, cond_in(b->w->arena, amount, many, 3000)), 1);
    assert_int_equal(bench_count_where(b, cond_in(b->w->arena, amount, many, 0)), 0);
}

static cond *path(world *w, cond_op op, const field *ref, const field *f, value v)
{
    cond *c = (cond *)world_cond(w, op, f, v);
    c->path[0] = ref;
    c->path[1] = f;
    c->path_length = 2;
    return c;
}

static void paths_reach_other_rows(void **state)
{
    bench *b = *state;
    const field *buyer = deal_field(b->w, DEAL_BUYER),
                *region = &b->w->person.fields[PERSON_REGION];
    bench_begin(b);
    bench_deal_with(b, DEAL_BUYER, value_int(bench_person(b, "Анна", "spb")));
    bench_deal_with(b, DEAL_BUYER, value_int(bench_person(b, "Борис", "msk")));
    bench_deal_with(b, DEAL_BUYER, value_null());
    bench_commit(b);
    cond *spb = path(b->w, COND_EQ, buyer, region, value_text(CRM_S("spb")));
    assert_int_equal(bench_count_where(b, spb), 1);
    assert_int_equal(bench_count_where(b, world_not(b->w, spb)), 2);
    assert_int_equal(bench_count_where(b, path(b->w, COND_NONE, buyer, region, value_null())), 1);
}

static void an_unreadable_row_is_false_either_way(void **state)
{
    bench *b = *state;
    const field *buyer = deal_field(b->w, DEAL_BUYER),
                *region = &b->w->person.fields[PERSON_REGION];
    bench_begin(b);
    bench_deal_with(b, DEAL_BUYER, value_int(bench_person(b, "Анна", "spb")));
    bench_deal_with(b, DEAL_BUYER, value_int(bench_person(b, "Борис", "msk")));
    bench_deal_with(b, DEAL_BUYER, value_null());
    bench_commit(b);
    branches may = {.count = 1, .at = {{.actions = 1u << ACTION_READ}}};
    may.at[0].where = world_cond(b->w, COND_EQ, region, value_text(CRM_S("spb")));
    bits_add(may.at[0].fields, PERSON_REGION);
    cond *msk = path(b->w, COND_EQ, buyer, region, value_text(CRM_S("msk")));
    msk->hop[0] = &may;
    assert_int_equal(bench_count_where(b, msk), 0);
    assert_int_equal(bench_count_where(b, world_not(b->w, msk)), 2); /* Анна, and nobody */
    may.at[0].fields[0] = 0; /* the branch no longer shows the field */
    assert_int_equal(bench_count_where(b, world_not(b->w, msk)), 1);
}

static void children_are_asked_for(void **state)
{
    bench *b = *state;
    value row[LINE_COLUMNS];
    bench_begin(b);
    int64_t with = bench_deal(b, "with", 1);
    bench_deal(b, "without", 2);
    bench_row(row, &b->w->line, 1);
    row[LINE_DEAL] = value_int(with);
    row[LINE_COUNT] = value_int(3);
    int64_t line = bench_insert(b, &b->w->line, row);
    bench_commit(b);
    cond has = {.op = COND_EXISTS, .path = {&b->w->line.fields[LINE_DEAL]}, .path_length = 1};
    has.first = world_cond(b->w, COND_GTE, &b->w->line.fields[LINE_COUNT], value_int(3));
    assert_int_equal(bench_count_where(b, &has), 1);
    assert_int_equal(bench_count_where(b, world_not(b->w, &has)), 1);
    has.first = world_cond(b->w, COND_GT, &b->w->line.fields[LINE_COUNT], value_int(3));
    assert_int_equal(bench_count_where(b, &has), 0);
    has.first = NULL;
    bench_begin(b);
    engine_op bin = {.kind = ENGINE_UPDATE, .entity = &b->w->line, .id = line, .row = row};
    row[COL_DELETED_AT] = value_int(9);
    bits_add(bin.set, COL_DELETED_AT);
    assert_ok(bench_op(b, &bin));
    bench_commit(b);
    assert_int_equal(bench_count_where(b, &has), 0);
}

/* Whether this process holds one of SQLite's files without a name. */
static bool has_unnamed_file(void)
{
    bool is_found = false;
    for (int fd = 0; fd < 256 && !is_found; fd++) {
        char link[32], at[300];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, at, sizeof at - 1);
        at[n > 0 ? n : 0] = 0;
        is_found = strstr(at, "etilqs_") != NULL;
    }
    return is_found;
}

typedef struct found {
    uint32_t count;
    bool is_on_disk; /* the set stands while rows are given */
} found;

static bool note(void *arg, const value *row, uint32_t bits)
{
    found *f = arg;
    (void)row;
    (void)bits;
    f->count++;
    f->is_on_disk = f->is_on_disk || has_unnamed_file();
    return true;
}

/* Persons whose name is the name of a deal. */
static found named_as_deals(bench *b)
{
    found f = {.count = 0};
    subquery sub = {.field = deal_field(b->w, DEAL_NAME)};
    cond among = {.op = COND_IN_QUERY,
                  .path = {&b->w->person.fields[PERSON_NAME]},
                  .path_length = 1,
                  .sub = &sub};
    query q = {.entity = &b->w->person, .where = &among, .limit = 10};
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q.entity, .query = &q, .on_row = note, .arg = &f};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    return f;
}

static void add_deals_with_long_names(bench *b, int from, int to)
{
    static char name[1200];
    bench_begin(b);
    for (int i = from; i < to; i++) {
        memset(name, 'x', sizeof name - 1);
        name[snprintf(name, sizeof name, "%d", i)] = '-';
        bench_deal_with(b, DEAL_NAME, value_text(str_of(name)));
    }
    bench_deal(b, from ? "Пётр" : "Анна", 1);
    bench_commit(b);
}

/* Beyond 2 MB a set lies on the disk: memory stays bounded and the answer is the same. */
static void a_set_of_any_size_answers(void **state)
{
    bench *b = *state;
    bench_begin(b);
    bench_person(b, "анна", "");
    bench_person(b, "Петр", "");
    bench_person(b, "Пётр", "");
    bench_commit(b);
    add_deals_with_long_names(b, 0, 50);
    found few = named_as_deals(b);
    assert_int_equal(few.count, 1);
    assert_false(few.is_on_disk);
    add_deals_with_long_names(b, 50, 4000);
    found many = named_as_deals(b);
    assert_int_equal(many.count, 2);
    assert_int_equal(many.is_on_disk, !strcmp(b->e->ops->name, "sqlite"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(null_is_not_that),
        ON_ALL(texts_compare_folded),
        ON_ALL(many_values_match_by_any),
        ON_ALL(long_lists_of_values_work),
        ON_ALL(paths_reach_other_rows),
        ON_ALL(an_unreadable_row_is_false_either_way),
        ON_ALL(children_are_asked_for),
        ON_ALL(a_set_of_any_size_answers),
        ON_ALL(parts_of_an_address_compare_as_texts),
    };
    return RUN_ON_ALL(tests);
}
