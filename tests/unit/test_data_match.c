/* test_data_match.c - duplicates under rights, on both engines: by equal fields, by similar names,
 * foreign ones, and those called different. */
#include "merge_world.h"

#include "data/match.h"
#include "data/tx_private.h"

static int open_sqlite(void **state)
{
    (void)state;
    merge_world_open(&w, WORLD_SQLITE);
    return 0;
}

static int open_memory(void **state)
{
    (void)state;
    merge_world_open(&w, WORLD_MEMORY);
    return 0;
}

/* What `user` finds for client `id`: "7:same 0 9:93 ", in their order; "?" of one he may not read.
 */
static const char *found(int64_t user, int64_t id)
{
    static char out[2048];
    record *r;
    match_ask m = {.entity = client_entity, .id = id, .with_foreign = true};
    crm_ctx *c = world_read(&w, user);
    m.call = c;
    assert_ok(records_get(c, client_entity, id, &r));
    m.row = r->v;
    memcpy(m.fields, r->visible, sizeof m.fields);
    assert_ok(match_find(&m));
    out[0] = 0;
    for (uint32_t i = 0; i < m.count; i++) {
        const match_hit *h = &m.hits[i];
        size_t n = strlen(out);
        int likeness = h->likeness[3];
        snprintf(out + n, sizeof out - n, "%lld:", (long long)h->id);
        for (int k = 0; k < 3; k++) {
            n = strlen(out);
            snprintf(out + n, sizeof out - n, h->same >> k & 1 ? "same%d" : "", k);
        }
        n = strlen(out);
        snprintf(out + n, sizeof out - n, likeness ? "~%d" : "", likeness);
        n = strlen(out);
        snprintf(out + n, sizeof out - n, h->is_foreign ? "? " : " ");
    }
    world_read_end(&w);
    return out;
}

#define SHOWS(user, id, ...)                              \
    do {                                                  \
        char expected[512];                               \
        snprintf(expected, sizeof expected, __VA_ARGS__); \
        assert_string_equal(found(user, id), expected);   \
    } while (0)
#define I(id) (long long)(id)

static void any_of_several_phones_is_enough(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Один", "+79161234567\n+74951112233;ext=1", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "+74951112233;ext=22", "");
    merge_world_client(&w, w.anna, "Три", "+74950000000", "");
    int64_t bad = merge_world_client(&w, w.anna, "Четыре", "123", "");
    merge_world_client(&w, w.anna, "Пять", "123", "");
    SHOWS(w.zina, a, "%lld:same0 ", I(b));
    SHOWS(w.zina, b, "%lld:same0 ", I(a));
    SHOWS(w.zina, bad, "%s", ""); /* what is no number says nothing */
}

static void further_fields_may_be_empty_but_not_contradict(void **state)
{
    (void)state;
    int64_t none = merge_world_client(&w, w.anna, "Альфа", "", "7700000009");
    int64_t head = merge_world_client(&w, w.anna, "Бета", "", "7700000009");
    int64_t office = merge_world_client(&w, w.anna, "Гамма", "", "7700000009");
    assert_ok(world_update(&w, 0, client_entity, head, CLIENT_KPP, TEXT("770001001")));
    assert_ok(world_update(&w, 0, client_entity, office, CLIENT_KPP, TEXT("780001001")));
    SHOWS(w.zina, head, "%lld:same2 ", I(none));
    SHOWS(w.zina, none, "%lld:same2 %lld:same2 ", I(office), I(head));
}

static void similar_names_come_behind_equal_fields(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Иванов Иван", "+79161234567", "");
    int64_t b = merge_world_client(&w, w.anna, "Иван Иваонв", "", "");
    int64_t c = merge_world_client(&w, w.anna, "Иванов Иван Петрович", "", "");
    int64_t d = merge_world_client(&w, w.anna, "Другой", "+79161234567", "");
    merge_world_client(&w, w.anna, "Сидоров Иван", "", "");
    SHOWS(w.zina, a, "%lld:same0 %lld:~100 %lld:~90 ", I(d), I(c), I(b));
}

static void a_changed_name_is_found_by_its_new_keys_alone(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Иванов Иван", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Ромашка", "", "");
    SHOWS(w.zina, a, "%s", "");
    assert_ok(world_update(&w, 0, client_entity, b, CLIENT_NAME, TEXT("Иван Иванов")));
    SHOWS(w.zina, a, "%lld:~100 ", I(b));
    assert_ok(world_update(&w, 0, client_entity, b, CLIENT_NAME, TEXT("ООО Ромашка")));
    SHOWS(w.zina, a, "%s", "");
}

static void what_lies_in_the_bin_is_no_duplicate(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Один", "+79161234567", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "+79161234567", "");
    crm_ctx *c = world_begin(&w, 0);
    world_end(&w, records_delete(c, client_entity, b, 0));
    SHOWS(w.zina, a, "%s", "");
}

static void a_foreign_record_is_shown_by_equal_fields_alone(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Иванов Иван", "+79161234567", "");
    int64_t b = merge_world_client(&w, w.boris, "Кто-то", "+79161234567", "");
    merge_world_client(&w, w.boris, "Иванов Иван", "", ""); /* alike says too much of others */
    SHOWS(w.anna, a, "%lld:same0? ", I(b));
    SHOWS(w.hanna, a, "%lld:same0 %lld:~100 ", I(b), I(b + 1));
}

/* Sellers do not see e-mails: equal ones are no secret of theirs to find out. */
static void a_field_he_may_not_see_finds_nothing(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Один", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t c = merge_world_client(&w, w.boris, "Три", "", "");
    assert_ok(world_update(&w, 0, client_entity, a, CLIENT_EMAIL, TEXT("a@example.ru")));
    assert_ok(world_update(&w, 0, client_entity, b, CLIENT_EMAIL, TEXT("A@Example.ru")));
    assert_ok(world_update(&w, 0, client_entity, c, CLIENT_EMAIL, TEXT("a@example.ru")));
    SHOWS(w.anna, a, "%s", "");
    SHOWS(w.zina, a, "%lld:same1 %lld:same1 ", I(c), I(b));
}

static crm_status call_different(int64_t user, int64_t x, int64_t y, bool is_different)
{
    crm_ctx *c = world_begin(&w, user);
    crm_status st = match_set_different(c, client_entity, (int64_t[]){x, y}, is_different);
    world_end(&w, st);
    return st;
}

static void those_called_different_stay_apart_until_it_is_taken_back(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Один", "+79161234567", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "+79161234567", "");
    assert_int_equal(call_different(w.anna, a, b, true), CRM_DENIED);
    assert_int_equal(call_different(w.boris, a, b, true), CRM_NOT_FOUND);
    assert_ok(call_different(w.hanna, b, a, true));
    assert_ok(call_different(w.hanna, a, b, true));
    SHOWS(w.hanna, a, "%s", "");
    SHOWS(w.hanna, b, "%s", "");
    assert_ok(call_different(w.hanna, a, b, false));
    SHOWS(w.hanna, a, "%lld:same0 ", I(b));
}

/* "9-4 7-2 ": the sure pairs that `user` is shown, in single steps down to the oldest record. */
static uint32_t looked_at;

static const char *sure_pairs(int64_t user)
{
    static char out[1024];
    looked_at = 0;
    crm_ctx *c = world_read(&w, user);
    match_walk *walk = ARENA_NEW(c->arena, match_walk);
    assert_non_null(walk);
    *walk = (match_walk){
        .call = c, .entity = client_entity, .until = INT64_MAX, .limit = 1, .is_sure = true};
    out[0] = 0;
    while (!walk->is_end) {
        int64_t from = walk->below;
        assert_ok(match_walk_on(walk));
        looked_at += walk->looked;
        for (uint32_t i = 0; i < walk->count; i++) {
            size_t n = strlen(out);
            snprintf(out + n, sizeof out - n, "%lld-%lld ", (long long)walk->pairs[i].first,
                     (long long)walk->pairs[i].second.id);
        }
        assert_true(walk->is_end || !from || walk->below < from);
    }
    assert_int_equal(walk->percent, 100);
    world_read_end(&w);
    return out;
}

static void sure_pairs_come_without_those_of_similar_names(void **state)
{
    char expected[128];
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Иванов Иван", "+79161234567\n+74951112233", "");
    merge_world_client(&w, w.anna, "Иванов Иван", "", "");
    int64_t c = merge_world_client(&w, w.anna, "Сидоров", "+74951112233;ext=5", "");
    int64_t d = merge_world_client(&w, w.anna, "ООО «Раз»", "", "7700000009");
    int64_t e = merge_world_client(&w, w.anna, "ООО «Два»", "", "7700000009");
    int64_t gone = merge_world_client(&w, w.anna, "Петров", "+79161234567", "");
    crm_ctx *k = world_begin(&w, 0);
    world_end(&w, records_delete(k, client_entity, gone, 0));
    snprintf(expected, sizeof expected, "%lld-%lld %lld-%lld ", I(e), I(d), I(c), I(a));
    assert_string_equal(sure_pairs(0), expected); /* along the indexes: the kernel reads them all */
    assert_int_equal(looked_at, 5);
    assert_string_equal(sure_pairs(w.hanna), expected);
    assert_string_equal(sure_pairs(w.anna), ""); /* who may merge none of them */
}

/* Neither where it stops nor how many it passed tells of records that he may not read. */
static void a_walk_to_sure_pairs_tells_nothing_of_hidden_records(void **state)
{
    (void)state;
    merge_world_client(&w, w.anna, "Иванов Иван", "+79161234567", "");
    assert_string_equal(sure_pairs(w.hanna), "");
    uint32_t before = looked_at;
    assert_true(before > 0);
    merge_world_client(&w, w.zina, "Кто-то", "+79161234567", "");
    merge_world_client(&w, w.zina, "Ещё кто-то", "+79161234567", "");
    assert_string_equal(sure_pairs(w.hanna), "");
    assert_int_equal(looked_at, before);
}

static char told[256];

static void hear_progress(const char *line, void *arg)
{
    (void)arg;
    if (strstr(line, "match.filling")) {
        snprintf(told, sizeof told, "%s", line);
    }
}

/* Rows of before the rule: their keys are made behind, in slices. */
static void older_rows_get_their_keys(void **state)
{
    bool is_done = false;
    int64_t left, first_left = 0;
    uint64_t set[4] = {0};
    value none[FIELDS_MAX] = {0};
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Иванов Иван", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Иван Иванов", "", "");
    bits_add(set, client_entity->match_field);
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(tx_update(c->tx, client_entity, a, none, set));
    assert_ok(tx_update(c->tx, client_entity, b, none, set));
    assert_ok(tx_gather_terms(c->tx, client_entity, a, none));
    assert_ok(tx_gather_terms(c->tx, client_entity, b, none));
    world_end(&w, CRM_OK);
    SHOWS(w.zina, a, "%s", "");
    char wanted[64];
    told[0] = 0;
    log_capture(hear_progress, NULL);
    for (int i = 0; i < 10 && !is_done; i++) {
        c = world_begin(&w, 0);
        assert_ok(match_fill_keys(c, 1, &is_done, &left));
        world_end(&w, CRM_OK);
        first_left = i ? first_left : left;
    }
    assert_int_equal(first_left, b - a);
    assert_int_equal(left, 0);
    log_capture(NULL, NULL);
    assert_true(is_done);
    snprintf(wanted, sizeof wanted, "done=%lld of=%lld", (long long)a, (long long)b);
    assert_non_null(strstr(told, wanted));
    SHOWS(w.zina, a, "%lld:~100 ", I(b));
}

#define ON_BOTH(test)                                           \
    {#test, test, open_sqlite, close_world, NULL},              \
    {                                                           \
#test " (memory)", test, open_memory, close_world, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(any_of_several_phones_is_enough),
        ON_BOTH(further_fields_may_be_empty_but_not_contradict),
        ON_BOTH(similar_names_come_behind_equal_fields),
        ON_BOTH(a_changed_name_is_found_by_its_new_keys_alone),
        ON_BOTH(what_lies_in_the_bin_is_no_duplicate),
        ON_BOTH(a_foreign_record_is_shown_by_equal_fields_alone),
        ON_BOTH(a_field_he_may_not_see_finds_nothing),
        ON_BOTH(those_called_different_stay_apart_until_it_is_taken_back),
        ON_BOTH(sure_pairs_come_without_those_of_similar_names),
        ON_BOTH(a_walk_to_sure_pairs_tells_nothing_of_hidden_records),
        ON_BOTH(older_rows_get_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
