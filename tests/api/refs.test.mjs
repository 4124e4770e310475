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
