// A word to who is responsible for a record: from somebody who may not read it, but learns from its minimal card
// that a colleague has this client already. It opens him nothing.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const PERSONS = '/api/v1/contacts.person';
const tz = dealer
  .replace('    title: Менеджер\n', '    title: Менеджер\n    foreign: {show: [owner]}\n')
  .replace('sales.*: {read: team', 'user: {read: all, update: all}\n      sales.*: {read: team')
  .replace('  accountant:', '  clerk:\n    title: Секретарь\n    rights:\n      contacts.*: {read: own, create: own}\n  accountant:');
const people = `login,name,email,department,roles
ivanova,Анна Иванова,ivanova@dealer.example,sales,head
petrov,Пётр Петров,petrov@dealer.example,sales,manager
sidorova,Ольга Сидорова,sidorova@dealer.example,sales,manager
clerk,Вера Белова,clerk@dealer.example,finance,clerk
`;

describe('a word to who is responsible for a client', () => {
  let server, head, petrov, sidorova, clerk, id;

  before(async () => {
    server = await startServer({ tz, people });
    [head, petrov, sidorova, clerk] = [await server.as('ivanova'), await server.as('petrov'), await server.as('sidorova'), await server.as('clerk')];
    id = (await sidorova.post(PERSONS, { name: 'Тайный Клиент', phone: ['+79165550101'], note: 'секрет' }, { expect: 201 })).json.id;
  });
  after(() => server.stop());

  const tell = (client, text, of = id) => client.post(`${PERSONS}/${of}/tell`, { text });
  const told = async (client) => (await client.list('notification', 'kind=tell')).map((n) => n.text);

  it('comes to her with his name and the record, and shows him nothing of it', async () => {
    const reply = await tell(petrov, '  Звонил по \u0007крану,\nпросит перезвонить  ');
    assert.deepEqual([reply.status, reply.text], [204, '']);
    const [notice] = await sidorova.list('notification', 'kind=tell');
    assert.equal(notice.text, 'Пётр Петров о вашей записи «Тайный Клиент»: Звонил по крану,\nпросит перезвонить');
    assert.deepEqual([notice.entity, notice.record], ['contacts.person', id]);
    assert.deepEqual(Object.keys((await petrov.get(`${PERSONS}/${id}`, { expect: 200 })).json).sort(), ['foreign', 'id', 'owner']);
    assert.deepEqual(await told(petrov), []);
  });

  it('is refused to whom no card shows the owner, as if there were no record', async () => {
    assert.equal((await tell(clerk, 'Кто там?')).status, 404);
    assert.equal((await tell(petrov, 'Кто там?', 999999)).status, 404);
    assert.equal((await told(sidorova)).length, 1);
  });

  it('is a text that says something, and not a letter', async () => {
    const codes = (reply) => [reply.status, ...(reply.json.fields ?? []).map((f) => `${f.field} ${f.code}`)];
    for (const text of ['', '   ', 7, null])
      assert.deepEqual(codes(await petrov.post(`${PERSONS}/${id}/tell`, { text }, { asWritten: true })), [422, 'text required'], String(text));
    assert.deepEqual(codes(await petrov.post(`${PERSONS}/${id}/tell`, { text: 'ю'.repeat(2001) }, { asWritten: true })), [422, 'text too_long']);
    assert.equal((await tell(petrov, 'ю'.repeat(2000))).status, 204);
  });

  it('has nobody to go to when who was responsible has left', async () => {
    const own = (await sidorova.post(PERSONS, { name: 'Ничей' }, { expect: 201 })).json.id;
    await head.patch(`/api/v1/user/${sidorova.user.id}`, { is_disabled: true }, { expect: 200 });
    const reply = await tell(petrov, 'Чей это?', own);
    assert.deepEqual([reply.status, reply.json.code], [409, 'nobody_responsible']);
    await head.patch(`/api/v1/user/${sidorova.user.id}`, { is_disabled: false }, { expect: 200 });
  });

  it('is not sent without end', async () => {
    let last;
    for (let i = 0; i < 40 && last?.status !== 429; i++) last = await tell(head, `Ещё ${i}`);
    assert.deepEqual([last.status, last.json.code], [429, 'limit']);
    assert.ok(Number(last.headers['retry-after']) >= 1);
    assert.equal((await tell(petrov, 'Я другой')).status, 204);
  });
});
