// The OpenAPI document: valid by the rules of a linter that integrators use, made for who asks, kept
// until something changes, and enough for a client that was not written by us.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import createClient from 'openapi-fetch';
import openapiTypes, { astToString } from 'openapi-typescript';
import { root, startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';

const DOCUMENT = '/api/v1/openapi.json';
const packageFolder = (name) => path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
const redocly = path.join(packageFolder('@redocly/cli'), 'bin/cli.js');
const tsc = path.join(packageFolder('typescript'), 'bin/tsc');

/** An entity with a field of every type that a ТЗ may declare. */
const everyType = `entities:
  fleet.machine:
    title: [машина, машины, машин]
    shown: serial
    fields:
      serial:   {type: text, title: Заводской номер, required: true, unique: true, search: true, max: 60}
      note:     {type: multiline, title: "Примечание «с кавычками» и <скобками>"}
      mails:    {type: email, title: Почта, many: true}
      phones:   {type: phone, title: Телефоны, many: true}
      page:     {type: url, title: Страница}
      year:     {type: int, title: Год выпуска}
      weight:   {type: decimal, title: Вес, scale: 3}
      price:    {type: money, title: Цена}
      share:    {type: percent, title: Доля}
      is_new:   {type: bool, title: Новая}
      made:     {type: date, title: Сделана}
      seen:     {type: datetime, title: Осмотрена}
      takes:    {type: duration, title: Срок}
      kind:     {type: choice, title: Вид, options: {excavator: Экскаватор, crane: Кран}}
      uses:     {type: choices, title: Применение, options: {road: Дороги, house: Дома}}
      company:  {type: ref, to: contacts.company, title: Владелец}
      people:   {type: refs, to: contacts.person, title: Люди}
      who:      {type: user, title: Ответственный}
      place:    {type: address, title: Адрес}
      inn:      {type: inn, title: ИНН}
      kpp:      {type: kpp, title: КПП}
      ogrn:     {type: ogrn, title: ОГРН}
      bik:      {type: bik, title: БИК}
      account:  {type: account, title: Счёт}
      labels:   {type: tags, title: Метки}
      extra:    {type: json, title: Прочее}
`;
const rich = withFiles(dealer)
  .replace('pipelines:', `${everyType}pipelines:`)
  .replace('sales.*: {read: team', 'fleet.machine: {read: all, create: all, update: all, delete: all, export: all, import: all}\n      sales.*: {read: team')
  .replace('delete: [ivanova]', 'delete: [ivanova]\n  export: [head]\n  import: [head]');

/** What the linter says of some documents under its recommended rules, as {file: [message]}. */
function lint(folder, documents) {
  const files = Object.entries(documents).map(([name, text]) => {
    const file = path.join(folder, `${name}.json`);
    fs.writeFileSync(file, text);
    return file;
  });
  const args = [redocly, 'lint', '--extends=recommended', '--format=json', ...files];
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env, maxBuffer: 1 << 26 }, (error, out) => {
      const reports = JSON.parse(`[${out.replaceAll(/\}\s*\{(?=\s*"totals")/g, '},{')}]`);
      resolve({ code: error?.code ?? 0, problems: reports.flatMap((r) => r.problems), totals: reports.map((r) => r.totals) });
    });
  });
}

/** What the compiler says of tests/typed/*.ts when `document` are the types of this one. */
async function compile(folder, document) {
  const types = path.join(folder, 'document.d.ts');
  const project = path.join(folder, 'tsconfig.json');
  fs.writeFileSync(types, astToString(await openapiTypes(document)));
  const compilerOptions = {
    strict: true, noEmit: true, skipDefaultLibCheck: true, target: 'ES2022', module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2022', 'DOM'],
    types: [], allowImportingTsExtensions: true, paths: { document: [types] },
  };
  fs.writeFileSync(project, JSON.stringify({ compilerOptions, include: [path.join(root, 'tests/typed/*.ts')] }));
  return new Promise((resolve) => execFile(process.execPath, [tsc, '-p', project], (error, out) => resolve(out.trim())));
}

describe('the OpenAPI document', () => {
  let server, head, manager, whole;

  before(async () => {
    server = await startServer({ tz: rich });
    head = await server.as('ivanova');
    manager = await server.as('petrov');
    const printed = await server.command('openapi');
    assert.equal(printed.code, 0, printed.err);
    whole = printed.out;
  });
  after(() => server.stop());

  it('passes the recommended rules without an error or a warning, whoever asks', async () => {
    const own = (await manager.get(`${DOCUMENT}?lang=en`, { expect: 200 })).text;
    const { code, problems, totals } = await lint(server.home, { whole, own });
    assert.deepEqual(problems.map((p) => `${p.ruleId} ${p.message} ${p.location?.[0]?.pointer}`), []);
    const clean = { errors: 0, warnings: 0, ignored: 0 };
    assert.deepEqual([code, totals], [0, [clean, clean]]);
  });

  it('holds only what the caller may see and do', async () => {
    const document = (await manager.get(DOCUMENT, { expect: 200 })).json;
    const paths = Object.keys(document.paths);
    assert.ok(paths.includes('/api/v1/sales.deal/{id}'));
    assert.ok(!paths.some((p) => p.startsWith('/api/v1/fleet.machine')), 'an entity nobody granted him');
    assert.ok(!document.paths['/api/v1/sales.deal/{id}'].delete, 'deleting is for named people');
    assert.ok(!paths.includes('/api/v1/sales.deal/export'));
    const accountant = (await (await server.as('belova')).get(DOCUMENT, { expect: 200 })).json;
    const seen = Object.keys(accountant.components.schemas['sales.deal'].properties).filter((n) => !n.startsWith('_'));
    const columns = ['id', 'rev', 'created_at', 'created_by', 'updated_at', 'deleted_at', 'found'];
    assert.deepEqual(seen.filter((n) => !columns.includes(n)).sort(), ['amount', 'closed_at', 'stage', 'title']);
    const asked = accountant.paths['/api/v1/sales.deal'].get.parameters.map((p) => p.name).filter(Boolean);
    assert.ok(asked.includes('amount.gte') && !asked.some((n) => n.startsWith('owner')), asked.join());
    assert.equal((await server.client().get(DOCUMENT)).status, 401);
  });

  it('makes types under which right calls compile, wrong ones do not, and the UI understands the answers', async () => {
    assert.equal(await compile(server.home, whole), '');
  });

  it('has the Idempotency-Key where it is honoured, and nowhere else', async () => {
    const asker = await server.as('ivanova');
    const headers = { 'idempotency-key': 'k'.repeat(201) };
    const document = JSON.parse(whole);
    const writes = Object.entries(document.paths).flatMap(([at, item]) =>
      ['post', 'put', 'patch', 'delete'].filter((verb) => item[verb]).map((verb) => ({ at, verb, ...item[verb] })));
    const asked = writes.filter((o) => !o['x-entity'] || ['sales.lead', 'batch'].includes(o['x-entity']));
    asked.sort((a, b) => (a.operationId === 'session.logout') - (b.operationId === 'session.logout'));
    const [declared, honoured] = [[], []];
    for (const { at, verb, operationId, parameters = [] } of asked) {
      if (parameters.some((p) => p.$ref === '#/components/parameters/idempotency')) declared.push(operationId);
      const path = at.replaceAll('{id}', '999999999').replaceAll(/\{\w+\}/g, 'none');
      const reply = await asker.request(verb.toUpperCase(), path, {}, { headers, asWritten: true });
      if (reply.json?.code === 'idempotency_key') honoured.push(operationId);
    }
    assert.deepEqual(honoured, declared);
    assert.ok(declared.includes('sales.lead.delete') && declared.includes('import.run'), declared.join());
  });

  it('speaks the language that is asked for', async () => {
    const of = async (lang) => (await head.get(`${DOCUMENT}?lang=${lang}`, { expect: 200 })).json;
    const [ru, en] = [await of('ru'), await of('en')];
    const deal = (document) => document.components.schemas['sales.deal'].properties.title.title;
    assert.notEqual(deal(ru), deal(en));
    assert.deepEqual(Object.keys(ru.paths), Object.keys(en.paths));
    const summaries = Object.values(en.paths).flatMap((item) => Object.values(item).map((o) => o.summary ?? ''));
    assert.deepEqual(summaries.filter((s) => /[а-яё]/i.test(s.replace(/:.*/, ''))), []);
  });

  it('is not sent again until something changes', async () => {
    const first = await head.get(DOCUMENT, { expect: 200 });
    const headers = { 'if-none-match': first.headers.etag };
    assert.equal((await head.get(DOCUMENT, { headers })).status, 304);
    const tz = path.join(server.home, 'tz.yaml');
    fs.writeFileSync(tz, rich.replace('title: Заводской номер', 'title: Серийный номер'));
    const applied = await server.command('tz', 'apply', tz);
    assert.equal(applied.code, 0, applied.out + applied.err);
    const next = await head.get(DOCUMENT, { headers, expect: 200 });
    assert.equal(next.json.components.schemas['fleet.machine'].properties.serial.title, 'Серийный номер');
  });
});

describe('a client made from the document', () => {
  let server, user, client;

  /** fetch over the harness's client: its authority, cookie and CSRF token, and its contract. */
  async function fetchBy(request) {
    const { pathname, search } = new URL(request.url);
    const body = request.body ? await request.json() : undefined;
    const reply = await user.request(request.method, pathname + search, body, { headers: Object.fromEntries(request.headers) });
    const isEmpty = [204, 304].includes(reply.status);
    return new Response(isEmpty ? null : reply.bytes, { status: reply.status, headers: { 'content-type': reply.headers['content-type'] ?? '' } });
  }

  before(async () => {
    server = await startServer({ tz: rich });
    user = await server.as('ivanova');
    client = createClient({ baseUrl: server.url, fetch: fetchBy });
  });
  after(() => server.stop());

  it('creates, reads, finds, changes, deletes and brings back', async () => {
    const body = { serial: 'Д-0042', price: '1500.00', kind: 'crane', phones: ['+79161234567'], made: '2027-01-18' };
    const { data: made, response } = await client.POST('/api/v1/fleet.machine', { body });
    assert.equal(response.status, 201);
    assert.equal(made.price, '1500.00');
    const id = { params: { path: { id: made.id } } };
    assert.deepEqual((await client.GET('/api/v1/fleet.machine/{id}', id)).data, made);
    const query = { 'price.gte': '1000', 'serial.starts': 'Д', kind: 'crane', sort: '-price', limit: 10 };
    assert.deepEqual((await client.GET('/api/v1/fleet.machine', { params: { query } })).data.rows.map((r) => r.id), [made.id]);
    const changed = await client.PATCH('/api/v1/fleet.machine/{id}', { ...id, body: { year: 2020, is_new: true } });
    assert.deepEqual([changed.data.year, changed.data.is_new, changed.data.rev], [2020, true, 2]);
    const totals = { body: { measures: { n: 'count', sum: { sum: 'price' } } } };
    assert.deepEqual((await client.POST('/api/v1/fleet.machine/aggregate', totals)).data.rows, [{ n: 1, sum: '1500.00' }]);
    const history = (await client.GET('/api/v1/fleet.machine/{id}/history', id)).data;
    assert.deepEqual(history.rows.map((r) => r.op), ['u', 'c']);
    assert.equal((await client.DELETE('/api/v1/fleet.machine/{id}', id)).response.status, 204);
    assert.equal((await client.GET('/api/v1/fleet.machine/{id}', id)).error.code, 'not_found');
    assert.equal((await client.POST('/api/v1/fleet.machine/{id}/restore', id)).data.id, made.id);
  });

  it('is told by code what it did wrong', async () => {
    const { error, response } = await client.POST('/api/v1/fleet.machine', { body: { price: 'много' } });
    assert.equal(response.status, 422);
    const codes = Object.fromEntries(error.fields.map((f) => [f.field, f.code]));
    assert.deepEqual(codes, { price: 'type_mismatch', serial: 'required' });
  });
});
