// `karkas module test`: unit tests of an author's module on the kernel without a server (S-39).

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Author } from '../harness/author.mjs';

let author;

before(() => (author = new Author()));
after(() => author.remove());

const test = (name) => author.karkas('module', 'test', name);

/** The template's module under another name, with this as its tests and, it may be, its code changed. */
async function native(name, tests, change = (source) => source) {
  await author.make(name, '--native');
  author.write(`${name}/${name}.c`, change(author.read(`${name}/${name}.c`)));
  if (tests) author.write(`${name}/tests/${name}.c`, `#include <karkas_mock.h>\n\n#include <stdio.h>\n#include <string.h>\n\n${tests}\n`);
  return name;
}

/** One test of this body. */
const one = (body) => `static void it_holds(void **state)
{
    mock *m = mock_new();
    (void)state;
${body}
    mock_free(m);
}
static const struct CMUnitTest tests[] = {cmocka_unit_test(it_holds)};
MOCK_TESTS(tests)`;

const passes = (said) => assert.equal(said.code, 0, said.out);
const fails = (said, why) => {
  assert.equal(said.code, 1, said.out);
  assert.match(said.out, why);
};

describe('the tests of the template', () => {
  it('pass on the module as it is made, and leave nothing behind', async () => {
    const said = await test(await native('shop'));
    passes(said);
    assert.match(said.out, /4 test\(s\)/);
    assert.deepEqual(author.leftovers(), []);
  });

  it('fail when the hook does nothing', async () => {
    const said = await test(await native('idle', null, (source) => source.replace('    (void)was;\n', '    (void)was;\n    return CRM_OK;\n')));
    fails(said, /a_closed_ticket_knows_when/);
  });

  it('fail when the route asks nothing of who calls', async () => {
    fails(await test(await native('open', null, (source) => source.replace('.perm = "close"', '.perm = "user"'))), /somebody_elses_ticket/);
  });
});

describe('what stands behind the tests', () => {
  it('is the kernel: types, required fields, and who acts', async () => {
    passes(await test(await native('strict', one(`
    assert_int_equal(mock_make(m, "strict.ticket", "answer", "x", NULL), 0);
    assert_int_equal(mock_status(m), CRM_INVALID);
    assert_string_equal(mock_error_field(m), "title");
    assert_string_equal(mock_error_code(m), "required");
    assert_int_equal(mock_make(m, "strict.ticket", "title", "t", "owner", "x", NULL), 0);
    assert_string_equal(mock_error_field(m), "owner");
    assert_int_equal(mock_make(m, "strict.ticket", "title", "t", "closed_at", "2027-01-01T00:00:00Z", NULL), 0);
    assert_string_equal(mock_error_code(m), "read_only");
    mock_as(m, mock_person(m, "clara", MOCK_NOTHING));
    assert_int_equal(mock_make(m, "strict.ticket", "title", "t", NULL), 0);
    mock_as(m, mock_person(m, "boris", MOCK_OWN));
    int64_t id = mock_make(m, "strict.ticket", "title", "his", NULL);
    assert_true(id > 0);
    mock_as(m, mock_person(m, "anna", MOCK_OWN));
    assert_int_equal(mock_change(m, "strict.ticket", id, "title", "hers", NULL), CRM_NOT_FOUND);
    assert_string_equal(mock_get(m, "strict.ticket", id, "title"), "his");
    mock_as(m, MOCK_SYSTEM);
    assert_int_equal(mock_remove(m, "strict.ticket", id), CRM_OK);
    assert_int_equal(mock_list(m, "strict.ticket", NULL, 0), 0);`))));
  });

  it('runs jobs at their moments, and tells listeners what was committed', async () => {
    const code = (source) => source
      .replace('static const crm_route routes[] = {', `static crm_status remind(crm_ctx *c, crm_str arg)
{
    crm_rows *rows;
    crm_status s = crm_find(c, "timed.ticket", NULL, "id", 1, &rows);
    crm_rec *r = s == CRM_OK ? crm_next(rows) : NULL;
    if (!r) {
        return s;
    }
    crm_str text = crm_fmt(c, "%s%.*s at %lld", "reminded ", (int)arg.n, arg.p, (long long)crm_now(c));
    s = crm_set_text(r, "answer", text);
    return s == CRM_OK ? crm_save(c, r) : s;
}

static crm_status hear(crm_ctx *c, const crm_change *ch)
{
    if (crm_change_touched(ch, "title")) {
        crm_log(CRM_LOG_INFO, "heard=%lld", (long long)crm_change_record(ch));
        return crm_schedule(c, "remind", "once", crm_now(c) + 600000, CRM_S("him"));
    }
    return CRM_OK;
}

static const crm_job jobs[] = {{.name = "remind", .fn = remind}};
static const crm_listener listeners[] = {{.name = "tickets", .entity = "timed.ticket", .fn = hear}};

static const crm_route routes[] = {`)
      .replace('.license = "Apache-2.0",', '.license = "Apache-2.0", .jobs = CRM_TABLE(jobs), .listeners = CRM_TABLE(listeners),');
    const name = await native('timed', one(`
    char want[64];
    int64_t due = mock_now(m) + 600000, id = mock_make(m, "timed.ticket", "title", "t", NULL);
    assert_non_null(strstr(mock_log(m), "heard="));
    assert_string_equal(mock_log(m), "");
    assert_int_equal(mock_advance(m, "9m"), CRM_OK);
    assert_null(mock_get(m, "timed.ticket", id, "answer"));
    mock_fail(m, "crm_save", CRM_NO_SPACE, 1);
    assert_int_equal(mock_advance(m, "1m"), CRM_NO_SPACE);
    assert_null(mock_get(m, "timed.ticket", id, "answer"));
    assert_int_equal(mock_advance(m, "5m"), CRM_OK);
    snprintf(want, sizeof want, "reminded him at %lld", (long long)due + 60000);
    assert_string_equal(mock_get(m, "timed.ticket", id, "answer"), want);
    assert_int_equal(mock_job(m, "remind", "her"), CRM_OK);
    assert_non_null(strstr(mock_get(m, "timed.ticket", id, "answer"), "her"));`), code);
    author.change('timed/module.yaml', 'menu:', 'grants:\n  timed.ticket: {read: all, update: all}\nmenu:');
    passes(await test(name));
  });
});

const WORDS = `static crm_status greet(crm_ctx *c, crm_rec *subject)
{
    crm_status s = crm_set_text(subject, "answer", crm_arg_text(c, "text"));
    return s == CRM_OK ? crm_save(c, subject) : s;
}

static crm_status make(crm_ctx *c, crm_str title, crm_str answer)
{
    crm_rec *r;
    crm_status s = crm_new(c, "wordy.ticket", &r);
    s = s == CRM_OK ? crm_set_text(r, "title", title) : s;
    s = s == CRM_OK ? crm_set_text(r, "answer", answer) : s;
    return s == CRM_OK ? crm_save(c, r) : s;
}

static crm_status drop(crm_ctx *c, crm_str instance)
{
    crm_str title;
    crm_status s = crm_option(c, instance, "title", &title);
    return s == CRM_OK ? make(c, title, crm_body_text(c, "name")) : s;
}

static crm_status told(crm_ctx *c, crm_str name)
{
    crm_str json;
    crm_status s = crm_setting(c, name.p, &json);
    return s == CRM_OK ? make(c, json, name) : s;
}

static const crm_job jobs[] = {{.name = "told", .fn = told}};
static const crm_step steps[] = {{.verb = "greet", .schema = "{\\"text\\":{\\"type\\":\\"text\\"}}", .fn = greet}};
static const crm_integration integrations[] = {{.type = "drop", .schema = "{\\"title\\":{\\"type\\":\\"text\\"}}", .receive = drop}};
`;

describe('words of a ТЗ', () => {
  it('are run: a step, an integration with its settings, and a setting whose job is told', async () => {
    const code = (source) => source
      .replace('static const crm_route routes[] = {', `${WORDS}\nstatic const crm_route routes[] = {`)
      .replace('.license = "Apache-2.0",', '.license = "Apache-2.0", .jobs = CRM_TABLE(jobs), .steps = CRM_TABLE(steps), .integrations = CRM_TABLE(integrations),');
    const name = await native('wordy', one(`
    int64_t ids[4], id = mock_make(m, "wordy.ticket", "title", "t", NULL);
    assert_int_equal(mock_step(m, "greet", "wordy.ticket", id, "{\\"text\\":\\"Hi\\"}"), CRM_OK);
    assert_string_equal(mock_get(m, "wordy.ticket", id, "answer"), "Hi");
    assert_int_equal(mock_receive(m, "drop", "{\\"title\\":\\"Dropped\\"}", "application/json", "{\\"name\\":\\"Ann\\"}"), CRM_OK);
    assert_int_equal(mock_list(m, "wordy.ticket", ids, 4), 2);
    assert_string_equal(mock_get(m, "wordy.ticket", ids[1], "title"), "Dropped");
    assert_string_equal(mock_get(m, "wordy.ticket", ids[1], "answer"), "Ann");
    assert_int_equal(mock_receive(m, "drop", NULL, "text/plain", "x"), CRM_NOT_FOUND);
    assert_int_equal(mock_setting(m, "wait", "15"), CRM_INVALID);
    assert_string_equal(mock_error_code(m), "setting_duration");
    assert_int_equal(mock_setting(m, "wait", "15m"), CRM_OK);
    assert_int_equal(mock_list(m, "wordy.ticket", NULL, 0), 2);
    assert_int_equal(mock_advance(m, "0s"), CRM_OK);
    assert_int_equal(mock_list(m, "wordy.ticket", ids, 4), 3);
    assert_string_equal(mock_get(m, "wordy.ticket", ids[2], "title"), "900000");
    assert_int_equal(mock_step(m, "gret", "wordy.ticket", id, NULL), CRM_MISUSE);
    mock_as(m, mock_person(m, "clara", MOCK_NOTHING));
    assert_int_equal(mock_call(m, "POST", "/ticket/1/close", NULL), CRM_DENIED);
    assert_int_equal(mock_http(m), 403);
    mock_as(m, MOCK_NOBODY);
    assert_int_equal(mock_call(m, "POST", "/ticket/1/close", NULL), CRM_UNAUTHENTICATED);`), code);
    author.change('wordy/module.yaml', 'menu:', `grants:
  wordy.ticket: {read: all, create: all}
offers: {steps: [greet], integrations: [drop]}
settings:
  wait: {type: duration, default: 10m, job: told}
menu:`);
    passes(await test(name));
  });
});

describe('what an author gets wrong', () => {
  it('is named: a word that does not exist', async () => {
    fails(await test(await native('vague', one('    assert_true(mock_make(m, "vague.tickt", "title", "t", NULL) > 0);'))), /there is no entity vague\.tickt/);
  });

  it('is named: a manifest the kernel refuses, tests that do not compile, and a crash of the module', async () => {
    await native('worn');
    author.change('worn/module.yaml', '{type: stage}', '{type: stag}');
    fails(await test('worn'), /stag/);
    fails(await test(await native('torn', one('    assert_true(mock_nothing(m));'))), /mock_nothing/);
    const falls = await native('falls', null, (source) => source.replace('    (void)was;\n', '    (void)was;\n    __builtin_trap();\n'));
    const said = await test(falls);
    assert.equal(said.code, 1, said.out);
    assert.deepEqual(author.leftovers(), []);
  });

  it('is told when there are no tests, or no module', async () => {
    await author.make('gate');
    fails(await test('gate'), /у модуля нет проверок/);
    fails(await test('tmp'), /нет модуля/);
  });

  it('fails the whole check of the module', async () => {
    const name = await native('sick', one('    assert_true(mock_now(m) == 0);'));
    const said = await author.karkas('module', 'check', name);
    assert.equal(said.code, 1);
    assert.match(said.out, /^- {2}Его модульные проверки проходят$/m);
    assert.equal(fs.existsSync(path.join(author.home, 'sick/build')), false);
  });
});
