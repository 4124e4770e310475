/* test_data_accounts.c - credentials, sessions and their ends, refused passwords, back-off. */
#include "data_world.h"

#define START 1800000000000LL

static int64_t now_ms = START;

static void pass(int64_t ms)
{
    clock_set(now_ms += ms);
}

/* ---- credentials ----------------------------------------------------------------------------- */

static void set_password(int64_t user, const char *password, bool is_one_time)
{
    crm_str phc;
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(crypto_password_hash(c->arena, str_of(password), &phc));
    crm_status st = accounts_set_hash(c, user, phc, is_one_time);
    world_end(&w, st);
    assert_ok(st);
}

static crm_status try_password(const char *login, const char *password, int64_t *user, bool *once)
{
    account_secret found;
    crm_ctx *c = world_read(&w, 0);
    assert_ok(accounts_hash(w.reader, w.reg, c->arena, str_of(login), &found));
    *user = found.user;
    *once = found.is_one_time;
    crm_status st = crypto_password_check(found.phc, str_of(password));
    world_read_end(&w);
    return st;
}

static void a_password_is_known_by_its_hash_only(void **state)
{
    (void)state;
    int64_t user;
    bool once;
    set_password(w.anna, "correct horse", false);
    assert_ok(try_password("anna", "correct horse", &user, &once));
    assert_int_equal(user, w.anna);
    assert_false(once);
    assert_int_equal(try_password("anna", "wrong", &user, &once), CRM_DENIED);
    set_password(w.anna, "another one", false);
    assert_int_equal(try_password("anna", "correct horse", &user, &once), CRM_DENIED);
}

static void an_unknown_login_is_checked_like_a_known_one(void **state)
{
    (void)state;
    int64_t user;
    bool once;
    assert_int_equal(try_password("nobody", "x", &user, &once), CRM_DENIED);
    assert_int_equal(user, 0);
    assert_int_equal(try_password("boris", "x", &user, &once), CRM_DENIED);
    set_password(w.boris, "correct horse", false);
    assert_ok(world_update(&w, 0, registry_store(w.reg, STORE_USER), w.boris, USER_IS_DISABLED,
                           value_int(1)));
    assert_int_equal(try_password("boris", "correct horse", &user, &once), CRM_DENIED);
}

static int64_t people_id(const char *login)
{
    const people *p = people_pin();
    int64_t id = people_by_login(p, str_of(login))->id;
    people_unpin(p);
    return id;
}

static void a_deleted_users_login_may_be_given_anew(void **state)
{
    (void)state;
    int64_t user;
    bool once;
    record *r;
    const entity *e = registry_store(w.reg, STORE_USER);
    set_password(w.anna, "correct horse", false);
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_delete(c, e, w.anna, 0));
    assert_ok(records_new(c, e, &r));
    assert_ok(record_set(r, &e->fields[USER_LOGIN], TEXT("anna")));
    assert_ok(record_set(r, &e->fields[USER_NAME], TEXT("Another Anna")));
    crm_status st = records_save(c, r, 0);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(try_password("anna", "correct horse", &user, &once), CRM_DENIED);
    int64_t anew = people_id("anna");
    set_password(anew, "quite another", false);
    assert_int_equal(try_password("anna", "correct horse", &user, &once), CRM_DENIED);
    assert_ok(try_password("anna", "quite another", &user, &once));
}

static void a_one_time_code_expires(void **state)
{
    (void)state;
    int64_t user;
    bool once;
    set_password(w.anna, "ABCD-1234", true);
    assert_ok(try_password("anna", "ABCD-1234", &user, &once));
    assert_true(once);
    pass(ONE_TIME_LIFE_MS + 1);
    assert_int_equal(try_password("anna", "ABCD-1234", &user, &once), CRM_DENIED);
}

static const char *refusal(const char *password)
{
    static char code[64];
    crm_ctx *c = world_read(&w, 0);
    const registry *before = c->reg;
    registry named = *before;
    named.company = CRM_S("ООО «СтройТехника»");
    c->reg = &named;
    crm_status st = accounts_check_new(c, CRM_S("kotova"), str_of(password));
    c->reg = before;
    snprintf(code, sizeof code, "%s", st ? world_code(c, "new") : "");
    world_read_end(&w);
    return code;
}

static void a_password_that_is_guessed_first_is_refused(void **state)
{
    (void)state;
    assert_string_equal(refusal("short"), "too_short");
    assert_string_equal(refusal("Password1"), "too_common");
    assert_string_equal(refusal("qwertyuiop"), "too_common");
    assert_string_equal(refusal("1234567890"), "too_common");
    assert_string_equal(refusal("87654321"), "too_common");
    assert_string_equal(refusal("aaaaaaaa"), "too_common");
    assert_string_equal(refusal("Пароль2026"), "too_common");
    assert_string_equal(refusal("my-Kotova-7"), "has_login");
    assert_string_equal(refusal("karkas-7413"), "has_login");
    assert_string_equal(refusal("Каркас-7413"), "has_login");
    assert_string_equal(refusal("стройтехника"), "has_login");
    assert_string_equal(refusal("Стройтехника-2027"), "has_login");
    assert_string_equal(refusal("ооо и ещё слова"), "");
    assert_string_equal(refusal("зелёный экскаватор"), "");
    assert_string_equal(refusal("correct horse battery"), "");
}

/* ---- sessions -------------------------------------------------------------------------------- */

static crm_str new_session(int64_t user, char out[64])
{
    crm_str token;
    crm_ctx *c = world_begin(&w, 0);
    crm_status st = accounts_session_new(c, user, false, CRM_S("192.0.2.1"), CRM_S("test"), &token);
    assert_ok(st);
    assert_true(token.n < 64);
    memcpy(out, token.p, token.n);
    crm_str kept = {out, token.n};
    world_end(&w, st);
    return kept;
}

static crm_status find(crm_str token, session_info *s)
{
    crm_status st = accounts_session_find(w.reader, w.reg, token, s);
    engine_turn_end(w.reader);
    return st;
}

static crm_status in_tx(crm_status (*fn)(crm_ctx *, int64_t), int64_t arg)
{
    crm_ctx *c = world_begin(&w, 0);
    crm_status st = fn(c, arg);
    world_end(&w, st);
    return st;
}

static void a_session_is_found_by_its_token_until_it_ends(void **state)
{
    (void)state;
    char bytes[64];
    session_info s;
    uint64_t before = cache_epoch(CACHE_SESSIONS);
    crm_str token = new_session(w.anna, bytes);
    assert_ok(find(token, &s));
    assert_int_equal(s.user, w.anna);
    assert_int_equal(strlen(s.csrf), 43);
    assert_int_equal(find(CRM_S("no such token"), &s), CRM_NOT_FOUND);
    assert_ok(find(token, &s));
    assert_ok(in_tx(accounts_session_end, s.id));
    assert_int_equal(find(token, &s), CRM_NOT_FOUND);
    assert_true(cache_epoch(CACHE_SESSIONS) > before);
}

static void a_session_ends_when_idle_and_lives_when_touched(void **state)
{
    (void)state;
    char bytes[64];
    session_info s;
    crm_str token = new_session(w.anna, bytes);
    pass(SESSION_IDLE_MS - 1000);
    assert_ok(find(token, &s));
    assert_ok(in_tx(accounts_session_touch, s.id));
    pass(2000);
    assert_ok(find(token, &s));
    pass(SESSION_IDLE_MS);
    assert_int_equal(find(token, &s), CRM_NOT_FOUND);
}

static void a_session_ends_after_its_life_whatever_is_done(void **state)
{
    (void)state;
    char bytes[64];
    session_info s;
    crm_str token = new_session(w.anna, bytes);
    for (int64_t t = 0; t < SESSION_LIFE_MS; t += SESSION_IDLE_MS / 2) {
        assert_ok(find(token, &s));
        assert_ok(in_tx(accounts_session_touch, s.id));
        pass(SESSION_IDLE_MS / 2);
    }
    assert_int_equal(find(token, &s), CRM_NOT_FOUND);
}

static void disabling_a_user_ends_his_sessions_at_once(void **state)
{
    (void)state;
    char bytes[64];
    session_info s;
    crm_str token = new_session(w.anna, bytes);
    assert_ok(find(token, &s));
    assert_ok(world_update(&w, 0, registry_store(w.reg, STORE_USER), w.anna, USER_IS_DISABLED,
                           value_int(1)));
    assert_int_equal(find(token, &s), CRM_NOT_FOUND);
}

static void other_sessions_end_and_this_one_stays(void **state)
{
    (void)state;
    char b1[64], b2[64], b3[64];
    session_info s;
    crm_str first = new_session(w.anna, b1), second = new_session(w.anna, b2);
    crm_str foreign = new_session(w.boris, b3);
    assert_ok(find(first, &s));
    crm_ctx *c = world_begin(&w, 0);
    crm_status st = accounts_sessions_end_all(c, w.anna, s.id);
    world_end(&w, st);
    assert_ok(find(first, &s));
    assert_int_equal(find(second, &s), CRM_NOT_FOUND);
    assert_ok(find(foreign, &s));
}

/* ---- back-off -------------------------------------------------------------------------------- */

static void failing_makes_one_wait_but_not_another(void **state)
{
    (void)state;
    crm_str login = CRM_S("anna"), bad = CRM_S("198.51.100.7"), good = CRM_S("192.0.2.1");
    clock_virtual(START);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(accounts_throttle_s(login, bad), 0);
        accounts_failed(login, bad);
    }
    assert_int_equal(accounts_throttle_s(login, bad), 1);
    accounts_failed(CRM_S("ANNA"), bad);
    assert_int_equal(accounts_throttle_s(login, bad), 2);
    assert_int_equal(accounts_throttle_s(login, good), 0);
    pass(2000);
    assert_int_equal(accounts_throttle_s(login, bad), 0);
    accounts_succeeded(login, bad);
    accounts_failed(login, bad);
    assert_int_equal(accounts_throttle_s(login, bad), 0);
}

static void an_address_that_tries_many_logins_waits(void **state)
{
    (void)state;
    crm_str address = CRM_S("203.0.113.5");
    for (int i = 0; i < 30; i++) {
        char login[16];
        int n = snprintf(login, sizeof login, "user%d", i);
        accounts_failed((crm_str){login, (size_t)n}, address);
    }
    assert_true(accounts_throttle_s(CRM_S("fresh"), address) > 0);
    pass(60LL * 60 * 1000 + 1);
    assert_int_equal(accounts_throttle_s(CRM_S("fresh"), address), 0);
}

static void an_office_behind_one_address_does_not_wait_for_its_right_logins(void **state)
{
    (void)state;
    crm_str address = CRM_S("203.0.113.6");
    for (int i = 0; i < 100; i++) {
        char login[16];
        crm_str name = {login, (size_t)snprintf(login, sizeof login, "user%d", i)};
        assert_int_equal(accounts_throttle_s(name, address), 0);
        accounts_failed(name, address);
        accounts_succeeded(name, address);
    }
}

int main(void)
{
    clock_virtual(START);
    const struct CMUnitTest tests[] = {
        BOTH(a_password_is_known_by_its_hash_only),
        ON_SQLITE(an_unknown_login_is_checked_like_a_known_one),
        ON_SQLITE(a_deleted_users_login_may_be_given_anew),
        ON_SQLITE(a_one_time_code_expires),
        ON_SQLITE(a_password_that_is_guessed_first_is_refused),
        BOTH(a_session_is_found_by_its_token_until_it_ends),
        BOTH(a_session_ends_when_idle_and_lives_when_touched),
        ON_SQLITE(a_session_ends_after_its_life_whatever_is_done),
        BOTH(disabling_a_user_ends_his_sessions_at_once),
        BOTH(other_sessions_end_and_this_one_stays),
        cmocka_unit_test(failing_makes_one_wait_but_not_another),
        cmocka_unit_test(an_address_that_tries_many_logins_waits),
        cmocka_unit_test(an_office_behind_one_address_does_not_wait_for_its_right_logins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
