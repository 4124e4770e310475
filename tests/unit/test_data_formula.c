/* Formulas: what they give, and how what is wrong in them is told. */
#include "unit.h"

#include "data/field.h"
#include "data/formula.h"
#include "data/records.h"

static arena *a;

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

#define F(n, t, ...)                                               \
    {                                                              \
        .name = {n, sizeof(n) - 1}, .type = FIELD_##t, __VA_ARGS__ \
    }

static const field company[] = {F("discount", PERCENT, .scale = 1), F("city", TEXT, .max = 0)};
static const field deal[] = {
    F("amount", MONEY, .scale = 2),
    F("count", INT, .max = 0),
    F("day", DATE, .max = 0),
    F("at", DATETIME, .max = 0),
    F("takes", DURATION, .max = 0),
    F("name", TEXT, .max = 0),
    F("flag", BOOL, .max = 0),
    F("tags", TAGS, .max = 0),
    F("company", REF, .ref_name = {"test.company", 12}),
};
enum { AMOUNT = COL_OWN, COUNT, DAY, AT, TAKES, NAME, FLAG, TAGS, COMPANY, COMPUTED_FIRST };

/* A deal with these computed fields, sealed; the faults as "code subject" lines. */
static registry *sealed(const field *computed, uint32_t count, const char **faults)
{
    registry *r = registry_new();
    field *all = ARENA_ARRAY(registry_arena(r), field, 9 + count);
    memcpy(all, deal, sizeof deal);
    memcpy(all + 9, computed, count * sizeof *computed);
    entity companies = {.name = CRM_S("test.company"),
                        .module = CRM_S("test"),
                        .fields = company,
                        .field_count = 2};
    entity deals = {.name = CRM_S("test.deal"),
                    .module = CRM_S("test"),
                    .fields = all,
                    .field_count = 9 + count};
    assert_int_equal(registry_add_entity(r, &companies), CRM_OK);
    assert_int_equal(registry_add_entity(r, &deals), CRM_OK);
    registry_fault *list = NULL;
    crm_status st = registry_seal(r, a, &list);
    buf b;
    buf_init(&b, 0);
    for (; list; list = list->next) {
        buf_fmt(&b, "%.*s %.*s\n", STR_FMT(list->code), STR_FMT(list->subject));
    }
    *faults = arena_dup(a, buf_view(&b)).p;
    buf_free(&b);
    assert_int_equal(st == CRM_OK, !*faults || !**faults);
    return r;
}

static field computed(const char *name, const char *text)
{
    return (field){.name = str_of(name),
                   .type = FIELD_COMPUTED,
                   .result = FIELD_COMPUTED,
                   .formula = str_of(text)};
}

static const value *other(void *arg, const field *via)
{
    (void)via;
    return arg;
}

/* Of a deal of 1000.50, 3 pieces, 2027-01-18, named «Кран», at a company with 12.5 percent. */
static const char *given(const char *source)
{
    const char *faults;
    field f = computed("x", source);
    registry *r = sealed(&f, 1, &faults);
    if (faults && *faults) {
        registry_discard(r);
        return faults;
    }
    value own[COMPUTED_FIRST + 1] = {
        [AMOUNT] = value_int(100050), [COUNT] = value_int(3),
        [DAY] = value_int(20836),     [AT] = value_int(86400000),
        [TAKES] = value_int(5400000), [NAME] = value_text(CRM_S("Кран")),
        [FLAG] = value_int(1),        [COMPANY] = value_int(1)};
    value theirs[COL_OWN + 2] = {[COL_OWN] = value_int(125), [COL_OWN + 1] = value_null()};
    const entity *e = registry_entity(r, CRM_S("test.deal"));
    const field *x = &e->fields[COMPUTED_FIRST];
    formula_rows rows = {own, other, theirs};
    value v = formula_eval(x->program, a, x, &rows);
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    field_to_json(&w, x, &v, (crm_str){0}, false);
    const char *text = arena_dup(a, buf_view(&b)).p;
    buf_free(&b);
    registry_discard(r);
    return text;
}

typedef struct row {
    const char *formula, *expected;
} row;

static void check(const row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = given(rows[i].formula);
        if (strcmp(got, rows[i].expected) != 0) {
            fail_msg("%s: %s instead of %s", rows[i].formula, got, rows[i].expected);
        }
    }
}
#define CHECK(rows) check(rows, sizeof rows / sizeof rows[0])

static void arithmetic_is_exact(void **state)
{
    (void)state;
    static const row rows[] = {
        {"count + 1", "4"},
        {"1 + 2 * 3 - -4", "11"},
        {"(1 + 2) * 3", "9"},
        {"amount * count", "\"3001.50\""},
        {"amount * (100 - company.discount) / 100", "\"875.44\""}, /* 875.4375 */
        {"0 - amount / 3", "\"-333.50\""},
        {"1 / 3 * 3000000", "\"1000000.00\""},
        {"10 / 4", "\"2.50\""},
        {"0.1 + 0.2", "\"0.3\""},
        {"round(2.5) + round(0 - 2.5)", "0"},
        {"round(amount / 7, 1)", "\"142.9\""},
        {"count / 0", "null"},
        {"amount * 9000000000000 * 9000000000000 * 9000000000000", "null"},
        {"count * 3002399751580331", "null"}, /* beyond what JSON carries */
        {"abs(count - 10)", "7"},
        {"min(count, 2, 5) + max(count, 2)", "5"},
    };
    CHECK(rows);
}

static void times_have_their_own_arithmetic(void **state)
{
    (void)state;
    static const row rows[] = {
        {"day + 30", "\"2027-02-17\""},
        {"day - 18", "\"2026-12-31\""},
        {"day - day", "0"},
        {"at + takes", "\"1970-01-02T01:30:00.000Z\""},
        {"at - at + takes", "5400000"},
        {"takes * 2", "10800000"},
        {"takes / takes", "\"1.00\""},
        {"max(day, day + 1)", "\"2027-01-19\""},
        {"day + 9999999", "null"},
    };
    CHECK(rows);
}

static void conditions_and_texts(void **state)
{
    (void)state;
    static const row rows[] = {
        {"amount > 1000 and not empty(name)", "true"},
        {"amount > 2000 or flag", "true"},
        {"name = 'кран'", "true"}, /* as lists compare */
        {"name != \"Кран\"", "false"},
        {"company.city = 'Тверь'", "false"},
        {"company.city != 'Тверь'", "true"},
        {"empty(company.city) and empty(tags) and not empty(company)", "true"},
        {"if(count >= 3, 'много', 'мало')", "\"много\""},
        {"if(flag, amount, null)", "\"1000.50\""},
        {"coalesce(company.city, name)", "\"Кран\""},
        {"concat(name, ' × ', count, company.city, ' на ', amount)", "\"Кран × 3 на 1000.5\""},
        {"company.city = null", "false"},
    };
    CHECK(rows);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const row rows[] = {
        {"amuont * 2", "unknown_field x: amuont\n"},
        {"company.sity", "unknown_field x: company.sity\n"},
        {"name + 1", "formula_type x: +\n"},
        {"amount and flag", "formula_type x: and\n"},
        {"tags", "formula_type x: x\n"},
        {"company", "formula_type x: x\n"},
        {"name.city", "formula_type x: name.city\n"},
        {"if(count, 1, 2)", "formula_type x: if\n"},
        {"if(flag, 1)", "formula_type x: if\n"},
        {"sum(count)", "unknown_function x: sum\n"},
        {"count +", "formula_syntax x: count +\n"},
        {"(count", "formula_syntax x: (count\n"},
        {"count 5", "formula_syntax x: 5\n"},
        {"'без конца", "formula_syntax x: без конца\n"},
        {"x + 1", "formula_cycle x: x\n"},
    };
    CHECK(rows);
}

static void computed_fields_use_each_other_but_not_in_a_circle(void **state)
{
    const char *faults;
    (void)state;
    field chain[] = {computed("c", "b + 1"), computed("b", "a1 * 2"), computed("a1", "count")};
    registry *r = sealed(chain, 3, &faults);
    const entity *e = registry_entity(r, CRM_S("test.deal"));
    assert_int_equal(e->computed_count, 3);
    assert_int_equal(e->computed[0], COMPUTED_FIRST + 2);
    assert_int_equal(e->computed[2], COMPUTED_FIRST);
    assert_int_equal(e->fields[COMPUTED_FIRST].result, FIELD_INT);
    registry_discard(r);
    field circle[] = {computed("b", "c + 1"), computed("c", "b + 1")};
    registry_discard(sealed(circle, 2, &faults));
    assert_non_null(strstr(faults, "formula_cycle"));
    field wrong = computed("d", "name");
    wrong.result = FIELD_MONEY;
    registry_discard(sealed(&wrong, 1, &faults));
    assert_string_equal(faults, "formula_result d\n");
}

static void an_entity_knows_who_follows_it(void **state)
{
    const char *faults;
    (void)state;
    field f = computed("x", "company.discount * 2");
    registry *r = sealed(&f, 1, &faults);
    const entity *e = registry_entity(r, CRM_S("test.company"));
    assert_int_equal(e->feed_count, 1);
    assert_true(str_is(e->feeds[0].via->name, "company"));
    assert_true(e->feeds[0].fields[0] >> COL_OWN & 1);
    registry_discard(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arithmetic_is_exact),
        TEST(times_have_their_own_arithmetic),
        TEST(conditions_and_texts),
        TEST(what_is_wrong_is_named),
        TEST(computed_fields_use_each_other_but_not_in_a_circle),
        TEST(an_entity_knows_who_follows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
