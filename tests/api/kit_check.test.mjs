// `karkas module check`: a sound module passes, and for each check there is a module that does not (S-39).

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Author, row } from '../harness/author.mjs';

let author;

before(() => (author = new Author()));
after(() => author.remove());

const check = (what, ...more) => author.karkas('module', 'check', what, ...more);

function isBad(said, title, why) {
  assert.equal(said.code, 1, said.out);
  const { state, found } = row(said, title);
  assert.equal(state, '-', said.out);
  assert.match(found, why);
}

/** A native module from the template with its C file changed, ready to be checked. */
async function native(name, change) {
  await author.make(name, '--native');
  author.write(`${name}/${name}.c`, change(author.read(`${name}/${name}.c`)));
  return name;
}

/** What start() does; `tail` goes before the descriptor. */
const starting = (body) => (source) =>
  source
    .replace('#include <crm/host.h>', '#include <crm/host.h>\n#include <fcntl.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>')
    .replace('static const crm_module self = {', `${body}\nstatic const crm_module self = {\n    .start = start,\n`);

// Under AddressSanitizer all of them take nine minutes, so there the whole run alone has them.
const isLong = /asan/.test(process.env.KARKAS_BUILD ?? '') && !process.env.FULL && 'left to the whole run';

describe('a sound module', () => {
  it('passes, with or without code, and leaves nothing behind', async () => {
    await author.make('gate');
    await author.make('shop', '--native');
    for (const name of ['gate', 'shop']) {
      const said = await check(name);
      assert.equal(said.code, 0, said.out);
      assert.equal(row(said, 'Его модульные проверки проходят').state, name === 'shop' ? '+' : '?', said.out);
      for (const title of ['Собирается', 'Чужой ничего не видит', 'Меняется на ходу без отказов', 'Переживает kill -9']) assert.equal(row(said, title).state, '+');
    }
    assert.deepEqual(author.leftovers(), []);
  });

  it('has a page to publish: one file without scripts, in either language', { skip: isLong }, async () => {
    const said = await author.run(path.join(author.build, 'karkas'),
      ['module', 'check', 'gate', '--report', 'gate.html', ...author.places().slice(0, -2), '--lang', 'en']);
    assert.equal(said.code, 0, said.out);
    const page = author.read('gate.html');
    assert.match(page, /<html lang="en">/);
    assert.match(page, /Module gate: report of the check/);
    assert.match(page, /SHA-256 of its files<\/dt><dd>[0-9a-f]{64}</);
    assert.match(page, /API level<\/dt><dd>1: kernels of that level and later</);
    assert.match(page, /prefers-color-scheme:dark/);
    assert.match(page, /@media print/);
    assert.match(page, /A stranger sees nothing/);
    assert.doesNotMatch(page, /<script|https?:\/\//);
  });

  it('may be an archive', { skip: isLong }, async () => {
    await author.run('tar', ['-czf', 'gate.tgz', 'gate']);
    const said = await check('gate.tgz');
    assert.equal(said.code, 0, said.out);
  });
});

describe('a module that is not', { skip: isLong }, () => {
  it('does not build', async () => {
    isBad(await check(await native('broken', (source) => source.replace('return CRM_OK;', 'return CRM_FINE;'))), 'Собирается', /CRM_FINE/);
  });

  it('calls what belongs to the process, whatever its build says', async () => {
    const symbols = path.join(author.sdk, 'cmake/symbols.cmake'), kept = fs.readFileSync(symbols);
    fs.writeFileSync(symbols, '');
    const said = await check(await native('loud', (source) =>
      `${source.replace('    (void)was;', '    (void)was;\n    (void)!system("true");')}\n#include <stdlib.h>\nCRM_EXPORT int loud_more(void);\nint loud_more(void)\n{\n    return 1;\n}\n`.replace('#include <crm/host.h>', '#include <crm/host.h>\n#include <stdlib.h>')));
    fs.writeFileSync(symbols, kept);
    isBad(said, 'Ничего лишнего не вызывает и не показывает', /loud_more[^]*system/);
  });

  it('is too large', async () => {
    await author.make('big');
    fs.mkdirSync(path.join(author.home, 'big/ui'));
    fs.writeFileSync(path.join(author.home, 'big/ui/big.bin'), Buffer.alloc(17 << 20));
    isBad(await check('big'), 'Размер', /174\d\d КиБ/);
  });

  it('names what does not exist, lacks a text and a form of number', async () => {
    await author.make('vague');
    author.change('vague/locales/en.yaml', 'vague.pass.f.came: Has come\n', '');
    author.write('vague/locales/ru.yaml', author.read('vague/locales/ru.yaml').replace(/few \{[^}]*\} /, ''));
    const said = await check('vague');
    isBad(said, 'Описание верно, тексты на месте', /нет текста «vague\.pass\.f\.came»/);
    isBad(said, 'Переведён: русский и английский', /нет формы «few»[^]*en\.yaml: нет vague\.pass\.f\.came|en\.yaml: нет vague\.pass\.f\.came[^]*нет формы «few»/);
  });

  it('ends the process that loads it', async () => {
    isBad(await check(await native('falls', (source) => `${source}\n__attribute__((constructor)) static void fall(void)\n{\n    __builtin_trap();\n}\n`)), 'Загружается', /signal/);
  });

  it('takes its time and memory at the start', async () => {
    const said = await check(await native('slow', starting(`static crm_status start(const crm_host *host)
{
    (void)host;
    char *much = malloc(100u << 20);
    memset(much, 1, 100u << 20);
    usleep(2100000);
    return much[5] ? CRM_OK : CRM_NOMEM;
}`)));
    isBad(said, 'Запускается быстро и занимает мало', /запуск \+\d{4,5} мс, память \+1\d{5} КиБ/);
  });

  it('shows its records to strangers', async () => {
    const said = await check(await native('talks', (source) => source
      .replace('static const crm_route routes[] = {', `static crm_status tell(crm_ctx *c, crm_out *out)
{
    crm_rows *rows;
    crm_status s = crm_as_system(c, "talk");
    s = s == CRM_OK ? crm_find(c, "talks.ticket", NULL, NULL, 200, &rows) : s;
    crm_rec *r = s == CRM_OK ? crm_next(rows) : NULL;
    for (; r; r = crm_next(rows)) {
        crm_put_text(out, "title", crm_get_text(r, "title"));
    }
    return s;
}

static const crm_route routes[] = {
    {.method = "GET", .path = "/all", .fn = tell, .tx = CRM_TX_READ, .perm = "user"},`)
      .replace('.license = "Apache-2.0",', '.license = "Apache-2.0", .caps = "as_system",')));
    isBad(said, 'Чужой ничего не видит', /clara видит talks\.ticket: \/api\/v1\/talks\/all → 200/);
  });

  it('cannot run twice at once, nor after kill -9', async () => {
    const file = path.join(author.home, 'only.one');
    const said = await check(await native('alone', (source) => starting(`static crm_status start(const crm_host *host)
{
    (void)host;
    int fd = open("${file}", O_CREAT | O_EXCL, 0600);
    return fd >= 0 && close(fd) == 0 ? CRM_OK : CRM_CONFLICT;
}
static void stop(void)
{
    unlink("${file}");
}`)(source).replace('.start = start,', '.start = start,\n    .stop = stop,')));
    isBad(said, 'Меняется на ходу без отказов', /./);
    isBad(said, 'Переживает kill -9', /./);
  });

  it('loses memory and files with every reload', async () => {
    const said = await check(await native('leaks', starting(`static crm_status start(const crm_host *host)
{
    (void)host;
    char *lost = malloc(1u << 20);
    memset(lost, 1, 1u << 20);
    return lost[5] && open("/dev/null", O_RDONLY) >= 0 ? CRM_OK : CRM_NOMEM;
}`)));
    isBad(said, 'Ничего не теряет при смене версий', /память \+[12]\d{4} КиБ, файлов \+2\d/);
  });

  it('has a ТЗ that cannot be applied', async () => {
    await author.make('wrong');
    fs.mkdirSync(path.join(author.home, 'wrong/tests'));
    author.write('wrong/tests/tz.yaml', 'tz: 1\ntitle: x\nversion: "1"\ncompany: {name: x, timezone: Europe/Moscow}\nroles: {a: {title: A, rights: {wrong.pas: {read: all}}}}\n');
    isBad(await check('wrong'), 'Применимо его ТЗ', /wrong\.pas/);
  });

  it('is no module at all', async () => {
    const said = await check('tmp');
    assert.equal(said.code, 1);
    assert.match(said.out, /не каталог и не архив модуля/);
  });
});
