/* test_base_log.c - log lines cannot be forged and do not tell phones. */
#include "unit.h"

#include "base/log.h"
#include "base/str.h"

static char line[8192];
static int lines;

static void keep(const char *text, void *arg)
{
    (void)arg;
    lines++;
    snprintf(line, sizeof line, "%s", text);
}

static int setup(void **state)
{
    (void)state;
    lines = 0;
    line[0] = 0;
    log_capture(keep, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_capture(NULL, NULL);
    log_set_level(LOG_INFO);
    return 0;
}

static void an_event_is_one_line_of_keys_and_values(void **state)
{
    (void)state;
    log_event(LOG_WARN, "mail.retry", "id=%d to=%s", 5, log_quote(CRM_S("Ёж")));
    assert_int_equal(lines, 1);
    assert_memory_equal(line, "ts=20", 5);
    assert_non_null(strstr(line, "Z level=warn event=mail.retry id=5 to=\"Ёж\""));
}

static void an_event_may_have_no_values(void **state)
{
    (void)state;
    log_event(LOG_INFO, "server.ready", "%s", "");
    assert_non_null(strstr(line, "event=server.ready"));
}

static void below_the_level_nothing_is_written(void **state)
{
    (void)state;
    log_event(LOG_DEBUG, "x", "a=%d", 1);
    assert_int_equal(lines, 0);
    log_set_level(LOG_DEBUG);
    log_event(LOG_DEBUG, "x", "a=%d", 1);
    assert_int_equal(lines, 1);
}

static void a_value_cannot_forge_a_line(void **state)
{
    (void)state;
    const char *bad = "x\nts=1 level=info event=login.ok \x1b[31m";
    log_event(LOG_INFO, "login.failed", "name=%s", log_quote(str_of(bad)));
    assert_non_null(strstr(line, "name=\"x\\nts=1 level=info event=login.ok \\x1b[31m\""));
    log_event(LOG_INFO, "login.failed", "name=%s", bad);
    assert_null(strchr(line, '\n'));
    assert_null(strchr(line, '\x1b'));
}

static void quotes_and_broken_bytes_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(log_quote(BYTES("a\"b\\\xFF\0\xC2\x85")),
                        "\"a\\\"b\\\\\\xff\\x00\\xc2\\x85\"");
    assert_string_equal(log_quote((crm_str){0}), "\"\"");
}

static void a_long_value_is_cut_and_a_long_line_too(void **state)
{
    (void)state;
    static char x[20000];
    memset(x, 'x', sizeof x - 1);
    const char *q = log_quote(str_of(x));
    assert_true(strlen(q) < 520);
    assert_string_equal(q + strlen(q) - 4, "...\"");
    log_event(LOG_INFO, "big", "v=%s", x);
    assert_true(strlen(line) < 4200);
}

static void eight_quoted_values_live_together(void **state)
{
    (void)state;
    const char *all[8];
    char text[2] = "0";
    for (int i = 0; i < 8; i++) {
        text[0] = (char)('0' + i);
        all[i] = log_quote(str_of(text));
    }
    assert_string_equal(all[0], "\"0\"");
    assert_string_equal(all[7], "\"7\"");
}

static void phones_and_addresses_are_masked(void **state)
{
    (void)state;
    assert_string_equal(log_mask(CRM_S("+79161234567")), "\"+7916***4567\"");
    assert_string_equal(log_mask(CRM_S("ivanov@example.ru")), "\"iv***@example.ru\"");
    assert_string_equal(log_mask(CRM_S("i@example.ru")), "\"i***@example.ru\"");
    assert_string_equal(log_mask(CRM_S("123456")), "\"***\"");
    assert_string_equal(log_mask((crm_str){0}), "\"***\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_is_one_line_of_keys_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(an_event_may_have_no_values, setup, teardown),
        cmocka_unit_test_setup_teardown(below_the_level_nothing_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_cannot_forge_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(quotes_and_broken_bytes_are_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_value_is_cut_and_a_long_line_too, setup, teardown),
        cmocka_unit_test_setup_teardown(eight_quoted_values_live_together, setup, teardown),
        cmocka_unit_test_setup_teardown(phones_and_addresses_are_masked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
