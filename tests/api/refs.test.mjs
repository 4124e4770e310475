// Conditions over a list of references: in a filter, under the asker's rights, and in a right of the ТЗ.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const ROUTES = '/api/v1/fleet.route', PEOPLE = '/api/v1/contacts.person';
const tz = dealer
  .replace('pipelines:', `entities:
  fleet.route:
    title: [маршрут, маршрута, маршрутов]
    shown: name
    fields:
      name: {type: text, title: Имя, required: true}
      people: {type: refs, to: contacts.person, title: Люди}
      papers: {type: files, title: Бумаги}
pipelines:`)
  .replace('      tasks.task: {read: own', '      fleet.route: {read: all, create: all}\n      tasks.task: {read: own')
  .replace('sales.*: {read: team', 'fleet.route: {read: all, create: all, update: all}\n      sales.*: {read: team')
  .replace(/( {2}accountant:\n(?:.*\n)*? {4}rights:\n)/, '$1      fleet.route: {read: {where: {exists: {field: people, where: {city: Тверь}}}}}\n');

describe('a list of references', () => {
  let server, head, petrov, belova;

  before(async () => {
    server = await startServer({ tz });
    [head, petrov, belova] = [await server.as('ivanova'), await server.as('petrov'), await server.as('belova')];
    const person = async (who, name, city) => (await who.post(PEOPLE, { name, city }, { expect: 201 })).json.id;
    const anna = await person(head, 'Анна', 'Тверь'), boris = await person(petrov, 'Борис', 'Омск');
    for (const [name, people] of [['обоих', [anna, boris]], ['его', [boris]], ['ничей', []]])
      await head.post(ROUTES, { name, people }, { expect: 201 });
  });
  after(() => server.stop());

  const ask = (client, list, form) => client.get(`${list}?${new URLSearchParams({ filter: JSON.stringify(form), sort: 'id' })}`);
  const names = async (client, form, list = ROUTES) => (await ask(client, list, form)).json.rows.map((row) => row.name);

  it('is asked for the records it holds', async () => {
    const anna = ['name', 'eq', 'Анна'];
    assert.deepEqual(await names(head, ['exists', 'people', anna]), ['обоих']);
    assert.deepEqual(await names(head, ['not', ['exists', 'people', anna]]), ['его', 'ничей']);
    assert.deepEqual(await names(head, ['people.name', 'eq', 'Борис']), ['обоих', 'его']);
    assert.deepEqual(await names(head, ['people.city', 'ne', 'Тверь']), ['его', 'ничей']);
    assert.deepEqual(await names(head, ['people', 'in_query', { entity: 'contacts.person', field: 'id', where: anna }]), ['обоих']);
    assert.deepEqual(await names(head, ['exists', 'fleet.route', 'people', ['name', 'eq', 'его']], PEOPLE), ['Борис']);
    assert.deepEqual(await names(head, ['exists', 'papers']), []);
  });

  it('is asked for the attachments of a list of files by their names, sizes and types', async () => {
    const upload = async (name, bytes) => (await head.request('POST', `/api/v1/file?name=${encodeURIComponent(name)}`, Buffer.from(bytes), { raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201 })).json.id;
    const [contract, note] = [await upload('Договор поставки.pdf', '%PDF-1.4 и ещё'), await upload('заметка.txt', 'коротко')];
    const { id } = (await head.post(ROUTES, { name: 'с бумагами', papers: [contract, note] }, { expect: 201 })).json;
    const ids = async (form, client = head) => (await ask(client, ROUTES, form)).json.rows.map((row) => row.id);
    for (const [form, found] of [
      [['name', 'starts', 'договор'], [id]],
      [['name', 'has', 'заметка'], [id]],
      [['type', 'eq', 'application/pdf'], [id]],
      [['and', ['type', 'eq', 'application/pdf'], ['name', 'starts', 'заметка']], []],
      [['size', 'gt', 1000], []],
      [['not', ['size', 'gt', 15]], [id]],
    ]) {
      assert.deepEqual(await ids(['exists', 'papers', form]), found, JSON.stringify(form));
      const { json } = await head.post(`${ROUTES}/aggregate`, { where: ['exists', 'papers', form], measures: { n: 'count' } }, { expect: 200 });
      assert.equal(json.rows[0].n, found.length, JSON.stringify(form));
      assert.equal((await ask(head, ROUTES, ['exists', 'papers', form])).json.total, found.length, 'one question is not taken for another');
    }
    assert.ok(!(await ids(['not', ['exists', 'papers', ['name', 'has', 'заметка']]])).includes(id));
    const refused = await ask(head, ROUTES, ['exists', 'papers', ['pages', 'gt', 1]]);
    assert.deepEqual([refused.status, refused.json.fields[0].field, refused.json.fields[0].code], [422, 'pages', 'unknown_field']);
    assert.equal((await ask(belova, ROUTES, ['exists', 'papers', ['size', 'gt', 1]])).json.rows.length, 0, 'in rows that she reads alone');
    await head.del(`${ROUTES}/${id}`);
  });

  it('says nothing of those that one may not read', async () => {
    assert.deepEqual(await names(petrov, ['exists', 'people', ['name', 'none', false]]), ['обоих', 'его']);
    assert.deepEqual(await names(petrov, ['exists', 'people', ['name', 'eq', 'Анна']]), []);
    assert.deepEqual(await names(petrov, ['people.city', 'ne', 'Тверь']), ['обоих', 'его', 'ничей']);
    const { status, json } = await ask(belova, ROUTES, ['exists', 'people', ['name', 'eq', 'Анна']]);
    assert.deepEqual([status, json.fields[0].code], [422, 'unknown_field']);
  });

  it('is what a right of the ТЗ may go by', async () => {
    assert.deepEqual((await belova.get(ROUTES, { expect: 200 })).json.rows.map((row) => row.name), ['обоих']);
  });
});
