/* test_data_records.c - creating, changing, deleting, listing records; stages, hooks, history. */
#include "data/stage_log.h"
#include "data_world.h"

#include <pthread.h>

static const field *lead_field(uint16_t i)
{
    return &w.lead->fields[i];
}

static record *get_as(int64_t user, int64_t id)
{
    record *r;
    crm_ctx *c = world_read(&w, user);
    assert_ok(records_get(c, w.lead, id, &r));
    return r;
}

/* ---- creating -------------------------------------------------------------------------------- */

static void a_new_record_gets_its_defaults_and_stamps(void **state)
{
    (void)state;
    record *r;
    crm_ctx *c = world_begin(&w, w.anna);
    assert_ok(records_new(c, w.lead, &r));
    assert_ok(record_set(r, lead_field(LEAD_TITLE), TEXT("first")));
    crm_status st = records_save(c, r, 0);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(r->v[LEAD_OWNER].i, w.anna);
    assert_int_equal(r->v[LEAD_DEPARTMENT].i, w.sales);
    assert_text(r->v[LEAD_STAGE].s, "new");
    assert_int_equal(r->v[COL_REV].i, 1);
    assert_int_equal(r->v[COL_CREATED_BY].i, w.anna);
    assert_true(r->v[COL_CREATED_AT].i > 0);
    assert_true(r->actions >> ACTION_UPDATE & 1);
    assert_false(r->actions >> ACTION_DELETE & 1);
}

static void one_answer_names_every_wrong_field(void **state)
{
    (void)state;
    record *r;
    crm_ctx *c = world_begin(&w, w.anna);
    assert_ok(records_new(c, w.lead, &r));
    assert_ok(record_set(r, lead_field(LEAD_SECRET), TEXT("x")));
    assert_ok(record_set(r, lead_field(LEAD_DONE_AT), value_int(5)));
    assert_ok(record_set(r, lead_field(LEAD_CONTACT), value_int(777)));
    assert_ok(record_set(r, lead_field(LEAD_STAGE), TEXT("offer")));
    assert_int_equal(records_save(c, r, 0), CRM_INVALID);
    world_end(&w, CRM_INVALID);
    assert_string_equal(world_code(c, "title"), "required");
    assert_string_equal(world_code(c, "secret"), "unknown_field");
    assert_string_equal(world_code(c, "done_at"), "read_only");
    assert_string_equal(world_code(c, "contact"), "no_such_record");
    assert_string_equal(world_code(c, "stage"), "stage_move_denied");
    assert_string_equal(world_code(c, "amount"), "stage_needs");
}

static void a_unique_value_is_refused_without_telling_of_a_hidden_record(void **state)
{
    (void)state;
    int64_t first = world_lead(&w, "one", w.boris, 0);
    int64_t second = world_lead(&w, "two", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, first, LEAD_CODE, TEXT("A-1")));
    assert_int_equal(world_update(&w, w.anna, w.lead, second, LEAD_CODE, TEXT("A-1")), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "code"), "not_unique");
    assert_int_equal(w.call.error.fields->params_json.n, 0);
    assert_int_equal(world_update(&w, w.hanna, w.lead, second, LEAD_CODE, TEXT("A-1")),
                     CRM_INVALID);
    assert_true(w.call.error.fields->params_json.n > 0);
}

/* ---- changing -------------------------------------------------------------------------------- */

static void a_change_raises_the_revision_and_an_older_one_is_stale(void **state)
{
    (void)state;
    record *r;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_TITLE, TEXT("two")));
    crm_ctx *c = world_begin(&w, w.anna);
    assert_ok(records_get(c, w.lead, id, &r));
    assert_int_equal(r->v[COL_REV].i, 2);
    assert_ok(record_set(r, lead_field(LEAD_TITLE), TEXT("three")));
    assert_int_equal(records_save(c, r, 1), CRM_STALE);
    assert_int_equal(c->error.current_rev, 2);
    world_end(&w, CRM_STALE);
}

static void writing_what_stands_there_writes_nothing(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_TITLE, TEXT("one")));
    assert_null(w.changes);
    assert_int_equal(get_as(w.anna, id)->v[COL_REV].i, 1);
    world_read_end(&w);
}

static void the_department_follows_the_owner(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, w.hanna, w.lead, id, LEAD_OWNER, value_int(w.nina)));
    assert_int_equal(get_as(w.hanna, id)->v[LEAD_DEPARTMENT].i, w.north);
    world_read_end(&w);
}

/* ---- stages ---------------------------------------------------------------------------------- */

static void moves_are_made_by_whom_they_are_granted(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_STAGE, TEXT("paid")), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "stage"), "stage_move_denied");
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_STAGE, TEXT("offer")), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "amount"), "stage_needs");
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_AMOUNT, value_int(100)));
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_STAGE, TEXT("offer")));
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_STAGE, TEXT("paid")), CRM_INVALID);
    assert_ok(world_update(&w, w.hanna, w.lead, id, LEAD_STAGE, TEXT("paid")));
}

static void a_locked_field_stays_but_for_the_excepted(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_AMOUNT, value_int(100)));
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_STAGE, TEXT("offer")));
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_AMOUNT, value_int(1)), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "amount"), "locked");
    assert_false(bits_has(get_as(w.anna, id)->writable, LEAD_AMOUNT));
    world_read_end(&w);
    assert_ok(world_update(&w, w.hanna, w.lead, id, LEAD_AMOUNT, value_int(1)));
    /* What the stage needs may not be taken away in it. */
    assert_int_equal(world_update(&w, w.hanna, w.lead, id, LEAD_AMOUNT, value_null()), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "amount"), "stage_needs");
}

static bool on_stay(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    value *first = arg;
    if (!first[1].i++) {
        first[0] = row[STAY_MS];
    }
    return true;
}

static void what_is_told_afterwards_has_the_stamps_of_its_moment(void **state)
{
    (void)state;
    record *r;
    value seen[2] = {{0}};
    history_entry *past;
    uint32_t count;
    int64_t next, then = 1700000000000;
    clock_virtual(1800000000000);
    crm_ctx *c = world_begin(&w, 0);
    query q = {.entity = w.lead->stage_log};
    call_write_as_of(c, then);
    assert_ok(records_new(c, w.lead, &r));
    assert_ok(record_set(r, lead_field(LEAD_TITLE), TEXT("told")));
    assert_ok(records_save(c, r, 0));
    call_write_as_of(c, then + 60000);
    assert_ok(record_set(r, lead_field(LEAD_STAGE), TEXT("work")));
    assert_ok(records_save(c, r, 0));
    assert_int_equal(r->v[COL_CREATED_AT].i, then);
    assert_int_equal(r->v[COL_UPDATED_AT].i, then + 60000);
    assert_ok(tx_list(w.tx, &q, on_stay, seen));
    assert_int_equal(seen[0].i, 60000);
    history_query hq = {.entity = w.lead, .id = r->v[COL_ID].i};
    assert_ok(records_history(c, &hq, &past, &count, &next));
    assert_int_equal(past[0].at, then + 60000);
    call_write_as_of(c, 0);
    assert_int_equal(c->env.now, 1800000000000);
    world_end(&w, CRM_OK);
}

/* ---- the recycle bin ------------------------------------------------------------------------- */

static void what_is_deleted_is_gone_and_comes_back(void **state)
{
    (void)state;
    record *r;
    int64_t id = world_lead(&w, "excavator", w.anna, 0);
    crm_ctx *c = world_begin(&w, w.zina);
    crm_status st = records_delete(c, w.lead, id, 1);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(w.changes->at[0].op, 'd');
    assert_string_equal(world_titles(&w, w.zina, NULL), "");
    c = world_begin(&w, w.zina);
    assert_int_equal(records_get(c, w.lead, id, &r), CRM_NOT_FOUND);
    c->error = (call_error){0};
    st = records_restore(c, w.lead, id);
    world_end(&w, st);
    assert_ok(st);
    assert_string_equal(world_titles(&w, w.anna, NULL), "excavator");
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static char order[64];
static int64_t other_lead;

static crm_status note_a(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)c, (void)was, (void)fn;
    size_t n = strlen(order);
    snprintf(order + n, sizeof order - n, "a");
    return record_set(now, lead_field(LEAD_REASON), TEXT("set by a hook"));
}

static crm_status note_b(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)c, (void)now, (void)was, (void)fn;
    size_t n = strlen(order);
    snprintf(order + n, sizeof order - n, "b");
    return CRM_OK;
}

static crm_status veto(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)was, (void)fn;
    return str_is(now->v[LEAD_TITLE].s, "bad")
               ? call_fail_text(c, CRM_CONFLICT, NULL, "not like this")
               : CRM_OK;
}

/* Saves another record, whose hook comes back to the first. */
static crm_status touch_other(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)was, (void)fn;
    record *r;
    if (!other_lead || now->v[COL_ID].i != other_lead) {
        return CRM_OK;
    }
    crm_status st = records_get(c, w.lead, other_lead, &r);
    st = st ? st : record_set(r, lead_field(LEAD_TITLE), TEXT("again"));
    return st ? st : records_save(c, r, 0);
}

#define LEAD_HOOK(when_, order_, run_)                                     \
    (hook)                                                                 \
    {                                                                      \
        .entity_name = CRM_S("test.lead"), .when = when_, .order = order_, \
        .module = CRM_S("test"), .run = run_                               \
    }

static int open_hooked(void **state)
{
    order[0] = 0;
    other_lead = 0;
    world_hooks[0] = LEAD_HOOK(HOOK_BEFORE_CREATE, 20, note_b);
    world_hooks[1] = LEAD_HOOK(HOOK_BEFORE_CREATE, 10, note_a);
    world_hooks[2] = LEAD_HOOK(HOOK_BEFORE_UPDATE, 0, veto);
    world_hooks[3] = LEAD_HOOK(HOOK_AFTER_UPDATE, 0, touch_other);
    world_hook_count = 4;
    return open_world(state);
}

static void hooks_run_in_order_and_may_change_the_record(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_string_equal(order, "ab");
    assert_text(get_as(w.anna, id)->v[LEAD_REASON].s, "set by a hook");
    world_read_end(&w);
}

static void a_hook_may_refuse(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_TITLE, TEXT("bad")), CRM_CONFLICT);
    assert_text(w.call.error.text, "not like this");
    assert_text(get_as(w.anna, id)->v[LEAD_TITLE].s, "one");
    world_read_end(&w);
}

static void a_hook_that_comes_back_to_its_record_is_refused_by_name(void **state)
{
    (void)state;
    other_lead = world_lead(&w, "one", w.anna, 0);
    assert_int_equal(world_update(&w, w.anna, w.lead, other_lead, LEAD_TITLE, TEXT("two")),
                     CRM_MISUSE);
    char chain[96];
    snprintf(chain, sizeof chain, "test.lead %lld (test) > test.lead %lld", (long long)other_lead,
             (long long)other_lead);
    assert_true(memmem(w.call.error.text.p, w.call.error.text.n, chain, strlen(chain)) != NULL);
}

/* ---- history --------------------------------------------------------------------------------- */

static void history_shows_only_what_its_reader_may_see(void **state)
{
    (void)state;
    history_entry *at;
    int64_t next;
    uint32_t count;
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_TITLE, TEXT("two")));
    assert_ok(world_update(&w, w.hanna, w.lead, id, LEAD_SECRET, TEXT("more hidden")));
    crm_ctx *c = world_read(&w, w.anna);
    assert_ok(records_history(c, &(history_query){.entity = w.lead, .id = id}, &at, &count, &next));
    assert_int_equal(count, 2);
    assert_int_equal(at[0].op, 'u');
    assert_text(at[0].by_name, "anna");
    assert_int_equal(at[0].change_count, 1);
    assert_text(at[0].changes[0].field->name, "title");
    assert_text(at[0].changes[0].old_value.s, "one");
    assert_text(at[0].changes[0].new_value.s, "two");
    assert_int_equal(at[1].op, 'c');
    for (uint32_t i = 0; i < at[1].change_count; i++) {
        assert_int_not_equal(at[1].changes[i].field->index, LEAD_SECRET);
    }
    world_read_end(&w);
    c = world_read(&w, w.hanna);
    assert_ok(records_history(c, &(history_query){.entity = w.lead, .id = id}, &at, &count, &next));
    assert_int_equal(count, 3);
    world_read_end(&w);
    c = world_read(&w, w.boris);
    assert_int_equal(
        records_history(c, &(history_query){.entity = w.lead, .id = id}, &at, &count, &next),
        CRM_NOT_FOUND);
    world_read_end(&w);
}

/* ---- lists, now or later --------------------------------------------------------------------- */

typedef struct page {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool is_done;
    crm_status status;
    char text[512];
} page;

static bool on_view(void *arg, const record_view *v)
{
    page *p = arg;
    size_t n = strlen(p->text);
    crm_str contact = v->labels ? v->labels[LEAD_CONTACT] : (crm_str){0};
    crm_str owner = v->labels ? v->labels[LEAD_OWNER] : (crm_str){0};
    snprintf(p->text + n, sizeof p->text - n, "%.*s[%.*s,%.*s%s] ", STR_FMT(v->row[LEAD_TITLE].s),
             STR_FMT(owner), STR_FMT(contact), bits_has(v->denied, LEAD_CONTACT) ? "denied" : "");
    return true;
}

static void on_done(record_read *r, crm_status status)
{
    page *p = r->arg;
    pthread_mutex_lock(&p->lock);
    p->status = status;
    p->is_done = true;
    pthread_cond_signal(&p->woken);
    pthread_mutex_unlock(&p->lock);
}

static void read_page(record_read *r, page *p)
{
    *p = (page){.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
    r->on_row = on_view;
    r->done = on_done;
    r->arg = p;
    records_read(r);
    pthread_mutex_lock(&p->lock);
    while (!p->is_done) {
        pthread_cond_wait(&p->woken, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

static void a_page_ends_with_a_cursor_and_a_count(void **state)
{
    (void)state;
    page p;
    for (int i = 0; i < 5; i++) {
        char title[16];
        snprintf(title, sizeof title, "n%d", i);
        world_lead(&w, title, i == 2 ? w.boris : w.anna, 0);
    }
    crm_ctx *c = world_read(&w, w.anna);
    query q = {
        .entity = w.lead, .limit = 2, .sorts = {{lead_field(LEAD_TITLE), true}}, .sort_count = 1};
    record_read r = {.call = c, .query = &q, .count = true};
    read_page(&r, &p);
    assert_ok(p.status);
    assert_string_equal(p.text, "n4[,] n3[,] ");
    assert_true(r.has_more);
    assert_int_equal(r.total, 4);
    assert_false(r.approx);
    assert_ok(cursor_read(c->arena, &q, r.next));
    r.count = false;
    read_page(&r, &p);
    assert_string_equal(p.text, "n1[,] n0[,] ");
    assert_false(r.has_more);
    assert_int_equal(r.next.n, 0);
    world_read_end(&w);
}

/* It may have got to all of them or not; what it says is true either way. */
static void a_count_that_stops_is_no_less_than_the_page(void **state)
{
    (void)state;
    page p;
    for (int i = 0; i < 5; i++) {
        world_lead(&w, "n", w.anna, 0);
    }
    crm_ctx *c = world_read(&w, w.anna);
    query q = {.entity = w.lead, .limit = 3};
    record_read r = {.call = c, .query = &q, .count = true, .count_us = 1};
    read_page(&r, &p);
    assert_ok(p.status);
    assert_true(r.has_more && r.total >= 3);
    assert_true(r.approx || r.total == 5);
    q.limit = 10; /* all there is, so the count does not matter */
    read_page(&r, &p);
    assert_int_equal(r.total, 5);
    assert_false(r.approx);
    world_read_end(&w);
}

static int64_t add_person(int64_t owner, const char *name)
{
    record *r;
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_new(c, w.person, &r));
    assert_ok(record_set(r, &w.person->fields[PERSON_NAME], value_text(str_of(name))));
    assert_ok(record_set(r, &w.person->fields[PERSON_OWNER], value_int(owner)));
    crm_status st = records_save(c, r, 0);
    world_end(&w, st);
    assert_ok(st);
    return r->v[COL_ID].i;
}

static void references_carry_titles_or_say_they_are_denied(void **state)
{
    (void)state;
    page p;
    int64_t hers = add_person(w.anna, "Petrov"), his = add_person(w.boris, "Sidorov");
    int64_t first = world_lead(&w, "one", w.anna, 0), second = world_lead(&w, "two", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, first, LEAD_CONTACT, value_int(hers)));
    assert_ok(world_update(&w, 0, w.lead, second, LEAD_CONTACT, value_int(his)));
    crm_ctx *c = world_read(&w, w.anna);
    query q = {.entity = w.lead};
    record_read r = {.call = c, .query = &q, .want_labels = true};
    read_page(&r, &p);
    assert_ok(p.status);
    assert_string_equal(p.text, "one[anna,Petrov] two[anna,denied] ");
    crm_str labels[2];
    int64_t ids[] = {hers, his};
    assert_ok(records_labels(c, w.person, ids, 2, labels));
    assert_text(labels[0], "Petrov");
    assert_null(labels[1].p);
    record_read one = {.call = c, .query = &q, .id = second, .want_labels = true};
    read_page(&one, &p);
    assert_string_equal(p.text, "two[anna,denied] ");
    one.id = 4711;
    read_page(&one, &p);
    assert_int_equal(p.status, CRM_NOT_FOUND);
    world_read_end(&w);
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool count_row(void *arg, const record_view *v)
{
    (void)v;
    ++*(int *)arg;
    return true;
}

static void reads_of_a_call_whose_time_is_over_are_interrupted(void **state)
{
    (void)state;
    int rows = 0;
    uint32_t count;
    history_entry *at;
    record_changes told;
    int64_t next;
    int64_t id = world_lead(&w, "slow", w.anna, 0);
    crm_ctx *c = world_read(&w, w.anna);
    record_read r = {
        .call = c, .query = query_new(c->arena, w.lead), .on_row = count_row, .arg = &rows};
    c->until = clock_mono();
    assert_int_equal(records_read_now(&r), CRM_TIMEOUT);
    assert_true(r.interrupted);
    assert_int_equal(rows, 0);
    assert_int_equal(
        records_history(c, &(history_query){.entity = w.lead, .id = id}, &at, &count, &next),
        CRM_TIMEOUT);
    assert_int_equal(records_changes(c, w.lead, 0, 10, &told), CRM_TIMEOUT);
    assert_int_equal(told.count, 0);
    c->until = clock_mono() + 60000000000LL;
    assert_ok(records_read_now(&r));
    assert_int_equal(rows, 1);
    assert_ok(records_changes(c, w.lead, 0, 10, &told));
    assert_int_equal(told.count, 1);
    assert_ok(records_history(c, &(history_query){.entity = w.lead, .id = id}, &at, &count, &next));
    world_read_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_new_record_gets_its_defaults_and_stamps),
        BOTH(one_answer_names_every_wrong_field),
        BOTH(a_unique_value_is_refused_without_telling_of_a_hidden_record),
        BOTH(a_change_raises_the_revision_and_an_older_one_is_stale),
        BOTH(writing_what_stands_there_writes_nothing),
        BOTH(the_department_follows_the_owner),
        BOTH(moves_are_made_by_whom_they_are_granted),
        BOTH(a_locked_field_stays_but_for_the_excepted),
        BOTH(what_is_told_afterwards_has_the_stamps_of_its_moment),
        BOTH(what_is_deleted_is_gone_and_comes_back),
        cmocka_unit_test_setup_teardown(hooks_run_in_order_and_may_change_the_record, open_hooked,
                                        close_world),
        cmocka_unit_test_setup_teardown(a_hook_may_refuse, open_hooked, close_world),
        cmocka_unit_test_setup_teardown(a_hook_that_comes_back_to_its_record_is_refused_by_name,
                                        open_hooked, close_world),
        BOTH(history_shows_only_what_its_reader_may_see),
        BOTH(a_page_ends_with_a_cursor_and_a_count),
        BOTH(a_count_that_stops_is_no_less_than_the_page),
        BOTH(references_carry_titles_or_say_they_are_denied),
        BOTH(reads_of_a_call_whose_time_is_over_are_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
