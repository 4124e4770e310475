/*
 * test_modules_pages.c - what a new contact costs the disk: pages of the write-ahead log, which are
 * the same on every machine and every run. Whoever adds an index, a term or a row to each write
 * sees it here.
 */
#include <stdlib.h>

#include "module_world.h"

#define WARM_GROUPS 40 /* contacts that stand there before anything is counted */
#define GROUP       32

static void more(registry *r)
{
    grant_own(r, "contacts.person");
}

static int set_up(void **state)
{
    (void)state;
    modules_open_sqlite(BUNDLED_MODULES, more);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    modules_close();
    return 0;
}

/* The i-th contact: values of different contacts stand far apart in every index. */
static json_t *contact(uint32_t i)
{
    static const char *const names[] = {"Иванов", "Ширяев", "Абрамов", "Кузнецов",
                                        "Фомин",  "Белова", "Соколов", "Петрова"};
    static const char *const cities[] = {"Рязань", "Казань", "Воронеж", "Пермь", "Москва"};
    char name[96], phone[32], email[64];
    uint32_t mixed = i * 2654435761u;
    snprintf(name, sizeof name, "%s %c%u Андреевич", names[mixed >> 29], 'a' + mixed % 26,
             mixed % 9973);
    snprintf(phone, sizeof phone, "+79%09u", mixed % 1000000000);
    snprintf(email, sizeof email, "%c%u@client.example", 'a' + mixed % 23, mixed % 99991);
    return json_pack("{s:s,s:[s],s:[s],s:s,s:s,s:I}", "name", name, "phone", phone, "email", email,
                     "city", cities[mixed % 5], "note", "Звонить после обеда, документы через ЭДО.",
                     "owner", (json_int_t)(mixed >> 31 ? w.anna : w.boris));
}

static void save(tx *t, uint32_t i)
{
    crm_ctx c;
    record *r;
    json_t *given = contact(i);
    assert_non_null(given);
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    assert_ok(tx_request_begin(t, &c));
    assert_ok(records_new(&c, registry_entity(c.reg, CRM_S("contacts.person")), &r));
    assert_ok(record_from_json(&c, r, given));
    assert_ok(records_save(&c, r, 0));
    assert_ok(tx_request_end(t, true));
    call_end(&c);
    json_decref(given);
}

/* Pages a contact when so many share each commit. */
static double pages_each(uint32_t group, uint32_t groups)
{
    static uint32_t next;
    engine_stats was, now;
    engine_stats_get(w.e, &was);
    for (uint32_t i = 0; i < groups; i++) {
        tx *t;
        assert_ok(tx_begin(w.writer, &t));
        for (uint32_t k = 0; k < group; k++) {
            save(t, next++);
        }
        assert_ok(tx_commit(t));
        changes_unref(tx_take_changes(t));
        tx_free(t);
    }
    engine_stats_get(w.e, &now);
    return (double)(now.wal_written - was.wal_written) / (group * groups);
}

static void assert_at_most(double pages, double most)
{
    if (pages > most) {
        fail_msg("%.2f pages a contact, at most %.2f", pages, most);
    }
}

static void contacts_that_share_a_commit_write_few_pages_each(void **state)
{
    (void)state;
    (void)pages_each(GROUP, WARM_GROUPS);
    assert_at_most(pages_each(GROUP, 20), 5.5);
}

static void a_contact_with_a_commit_of_its_own_touches_each_place_once(void **state)
{
    (void)state;
    (void)pages_each(GROUP, WARM_GROUPS);
    assert_at_most(pages_each(1, 64), 34);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(contacts_that_share_a_commit_write_few_pages_each),
        TEST(a_contact_with_a_commit_of_its_own_touches_each_place_once),
    };
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
