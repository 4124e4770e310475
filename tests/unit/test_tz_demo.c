/* test_tz_demo.c - the moments of a demo file, by the hour at which it is loaded. */
#include "tz_world.h"

#include "base/zone.h"
#include "data/field.h"
#include "plug/plug.h"
#include "tz/demo_private.h"

static tz_world *w;
static crm_ctx call;

static int begin(void **state)
{
    tz_fault *faults = NULL;
    registry_fault *sealing = NULL;
    (void)state;
    w = tz_world_new();
    assert_ok(tz_world_build(w, KARKAS_SOURCE_DIR "/packaging/dealer.yaml", NULL, &faults));
    assert_ok(registry_seal(w->r, w->a, &sealing));
    call = (crm_ctx){.arena = w->a, .reg = w->r, .lang = CRM_S("ru")};
    assert_ok(zone_load(w->a, CRM_S("Europe/Moscow"), &call.env.zone));
    return 0;
}

static int end(void **state)
{
    (void)state;
    tz_world_free(w);
    return 0;
}

/* Reads a company and a task of it as if it were `now` in Moscow; NULL with the faults' words in
 * *said. */
static const demo *read_at(const char *now, const char *hours, const char *at, const char *due,
                           const char **said)
{
    demo *d;
    tz_fault *faults;
    const char *text = arena_fmt(w->a,
                                 "demo: 1\ntitle: Проба\n%srecords:\n"
                                 "  contacts.company:\n    a: {at: %s, name: ООО «Проба»}\n"
                                 "  tasks.task:\n    t: {title: Звонок, due: %s}\n",
                                 hours, at, due)
                           .p;
    tz_world_write(w, "demo.yaml", text);
    assert_ok(field_parse_datetime(w->r, arena_fmt(w->a, "%s+03:00", now), &call.env.now));
    call.env.day_start = zone_day_start(call.env.zone, call.env.now);
    crm_status s = demo_read(&call, arena_fmt(w->a, "%s/demo.yaml", w->dir).p, &d, &faults);
    *said = tz_world_lines(w, faults, "ru");
    return s == CRM_OK ? d : NULL;
}

static void assert_moment(int64_t ms, const char *expected)
{
    int64_t wanted;
    assert_ok(field_parse_datetime(w->r, arena_fmt(w->a, "%s+03:00", expected), &wanted));
    assert_int_equal(ms, wanted);
}

static void check(const char *hours, const char *const (*cases)[5], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *said;
        const char *const *one = cases[i];
        const demo *d = read_at(one[0], hours, one[1], one[2], &said);
        assert_string_equal(said, "");
        assert_non_null(d);
        for (uint32_t k = 0; k < d->event_count; k++) {
            bool is_task = d->events[k].record == 1;
            if (!is_task) {
                assert_moment(d->events[k].at, one[3]);
            }
            for (uint32_t f = 0; is_task && f < d->events[k].value_count; f++) {
                if (d->events[k].values[f].field->type == FIELD_DATETIME) {
                    assert_moment(d->events[k].values[f].v.i, one[4]);
                }
            }
        }
    }
}

static void moments_are_moved_into_working_hours(void **state)
{
    (void)state;
    /* 2027-01-18 is a Monday: loaded then, at made, due; when it was made, when it is due. */
    static const char *const cases[][5] = {
        {"2027-01-18T10:00", "now-40m", "now+3h", "2027-01-18T09:20", "2027-01-18T13:00"},
        {"2027-01-18T09:10", "now-40m", "now+20m", "2027-01-15T17:30", "2027-01-18T09:30"},
        {"2027-01-18T17:00", "today 08:00", "now+3h", "2027-01-18T08:00", "2027-01-19T11:00"},
        {"2027-01-18T10:00", "today-2d 11:05", "today+5d 12:00", "2027-01-15T11:05",
         "2027-01-25T12:00"},
        {"2027-01-17T03:00", "now", "now+40m", "2027-01-15T18:00", "2027-01-18T09:40"},
        {"2027-01-17T03:00", "now-1h", "today 16:30", "2027-01-15T17:00", "2027-01-18T16:30"},
        {"2027-01-17T03:00", "today 11:00", "today-1d 15:00", "2027-01-15T11:00",
         "2027-01-15T15:00"},
        {"2027-01-15T23:30", "now-5m", "now+90m", "2027-01-15T17:55", "2027-01-18T10:30"},
        {"2027-01-18T03:00", "today 09:00", "2027-01-16T23:00+03:00", "2027-01-15T18:00",
         "2027-01-16T23:00"},
    };
    check("hours: 09:00-18:00\n", cases, sizeof cases / sizeof cases[0]);
}

static void without_hours_they_stay_where_they_are(void **state)
{
    (void)state;
    static const char *const cases[][5] = {
        {"2027-01-17T03:00", "now-40m", "now+40m", "2027-01-17T02:20", "2027-01-17T03:40"},
        {"2027-01-17T03:00", "today-1d 11:05", "today 16:30", "2027-01-16T11:05",
         "2027-01-17T16:30"},
    };
    check("", cases, sizeof cases / sizeof cases[0]);
}

static void hours_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"9-18", "09:00", "18:00-09:00", "09:00-24:00"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *said;
        const char *line = arena_fmt(w->a, "hours: %s\n", wrong[i]).p;
        assert_null(read_at("2027-01-18T10:00", line, "now", "now", &said));
        assert_non_null(strstr(said, "рабочие часы пишутся так: 09:00-18:00"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_moved_into_working_hours),
        cmocka_unit_test(without_hours_they_stay_where_they_are),
        cmocka_unit_test(hours_that_are_none_are_refused),
    };
    /* The loader probes modules with this very program. */
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, begin, end);
}
