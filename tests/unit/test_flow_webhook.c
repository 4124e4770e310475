/* test_flow_webhook.c - signatures of webhooks: the vector that the libraries of Standard Webhooks
 * share. */
#include "unit.h"

#include <stdlib.h>

#include "flow/webhook_private.h"

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

static void a_signature_is_that_of_standard_webhooks(void **state)
{
    (void)state;
    crm_str key;
    setenv("KARKAS_SECRET_HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
    assert_ok(webhook_key(a, CRM_S("{\"secret\":\"HOOK\"}"), &key));
    assert_int_equal(key.n, 24);
    assert_text(webhook_key_text(a, key), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_text(webhook_signature(a, key, CRM_S("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                                  CRM_S("{\"test\": 2432232314}")),
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void a_secret_without_the_prefix_is_taken_as_it_is(void **state)
{
    (void)state;
    crm_str key;
    setenv("KARKAS_SECRET_HOOK", "plain words", 1);
    assert_ok(webhook_key(a, CRM_S("{\"secret\":\"HOOK\"}"), &key));
    assert_text(key, "plain words");
}

static void a_secret_that_is_not_given_or_broken_is_an_error(void **state)
{
    (void)state;
    crm_str key;
    unsetenv("KARKAS_SECRET_HOOK");
    assert_int_equal(webhook_key(a, CRM_S("{\"secret\":\"HOOK\"}"), &key), CRM_NOT_FOUND);
    setenv("KARKAS_SECRET_HOOK", "whsec_!!!", 1);
    assert_int_not_equal(webhook_key(a, CRM_S("{\"secret\":\"HOOK\"}"), &key), CRM_OK);
    assert_int_not_equal(webhook_key(a, CRM_S("{}"), &key), CRM_OK);
    assert_int_not_equal(webhook_key(a, CRM_S("no json"), &key), CRM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signature_is_that_of_standard_webhooks, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_without_the_prefix_is_taken_as_it_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_secret_that_is_not_given_or_broken_is_an_error, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
