// A list gives rows as it showed them before while nothing they show has changed: so whatever changes, and
// whoever asks, its rows have to be what the records are now.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, people } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const P = '/api/v1/contacts.person';
const C = '/api/v1/contacts.company';
// A manager sees all contacts, and of those that are not his own no note.
const tz = dealer
  .replace('roles:\n', `roles:
  seller:
    title: Продавец
    rights:
      contacts.person: {read: all, hide: [note]}
      contacts.company: {read: all, create: all, update: all}
      user: {read: all}
`)
  .replace('contacts.*: {read: involved, create: own, update: own}', 'contacts.person: {read: own, create: own, update: own, reassign: own}')
  .replace(
    'contacts.*: {read: team, create: team, update: team, reassign: team}',
    'contacts.*: {read: all, create: all, update: all, reassign: all, delete: all, merge: all}\n      user: {read: all, update: all}',
  )
  .replace('  delete: [ivanova]', '  delete: [ivanova]\n  tokens: [petrov]');
const csv = people.replaceAll(/sales,manager$/gm, 'sales,manager seller');

let server, head, petrov, sidorova;
const ids = [];

before(async () => {
  server = await startServer({ tz, people: csv });
  [head, petrov, sidorova] = [await server.as('ivanova'), await server.as('petrov'), await server.as('sidorova')];
  const company = (await petrov.post(C, { name: 'ООО «Башня»' }, { expect: 201 })).json.id;
  for (const name of ['Анна', 'Борис', 'Вера', 'Глеб'])
    ids.push((await petrov.post(P, { name, company, note: `о ${name}`, phone: '+7 912 345-67-0' + ids.length }, { expect: 201 })).json.id);
});
after(() => server?.stop());

const rowsOf = async (client, query = '') => (await client.get(P + query, { expect: 200 })).json.rows;
const kept = async () => (await metrics(head)).karkas_list_rows_kept_total;
const withoutMoves = (row) => ({ ...row, _can: row._can.filter((one) => !one.startsWith('move:')) });

/** What each of them sees in the list, from the first time on and again, is what each record is to him. */
async function agree(what) {
  for (const client of [head, petrov, sidorova])
    for (let i = 0; i < 2; i++)
      for (const row of await rowsOf(client))
        assert.deepEqual(row, withoutMoves((await client.get(`${P}/${row.id}`, { expect: 200 })).json), what);
}

const first = async (client = head) => (await client.get(`${P}/${ids[0]}`, { expect: 200 })).json;

describe('a list that was shown before', () => {
  it('reads only its last row again', async () => {
    await agree('at first');
    const was = await kept();
    assert.equal((await rowsOf(petrov)).length, 4);
    assert.equal((await kept()) - was, 4, 'a page that is not full has no last row to lead on from');
    await rowsOf(petrov, '?limit=2');
    assert.equal((await kept()) - was, 5);
  });

  it('shows every change of its rows', async () => {
    const { company } = await first();
    const changes = {
      'a field': () => petrov.patch(`${P}/${ids[0]}`, { position: 'прораб', note: 'новое' }, { expect: 200 }),
      'the title of a record it refers to': () => petrov.patch(`${C}/${company.id}`, { name: 'ООО «Новая башня»' }, { expect: 200 }),
      'the name of a person': () => head.patch(`/api/v1/user/${petrov.user.id}`, { name: 'Пётр Новый' }, { expect: 200 }),
      'its owner, and so what is seen of it': () => petrov.patch(`${P}/${ids[0]}`, { owner: sidorova.user.id }, { expect: 200 }),
      'the recycle bin': () => head.del(`${P}/${ids[1]}`, { expect: 204 }),
      'a restore': () => head.post(`${P}/${ids[1]}/restore`, {}, { expect: 200 }),
      'a new record': () => petrov.post(P, { name: 'Дина' }, { expect: 201 }),
      'a mark': () => petrov.patch(`${P}/${ids[2]}`, { position: null }, { expect: 200 }),
    };
    for (const [what, change] of Object.entries(changes)) {
      await agree(`before ${what}`);
      await change();
      await agree(what);
    }
    assert.equal((await first()).company.label, 'ООО «Новая башня»');
    assert.equal('note' in (await first(petrov)), false, 'it is another’s now');
  });

  it('shows what work on many records does and takes back', async () => {
    const ended = async (id) => until(async () => ['done', 'undone'].includes((await head.get(`/api/v1/batch/${id}`)).json.state), 'the work ends');
    const bulk = (await head.post(`${P}/bulk`, { ids, set: { city: 'Бор' } }, { expect: 202 })).json.id;
    await ended(bulk);
    await agree('a bulk change');
    assert.equal((await first()).city, 'Бор');
    await head.post(`/api/v1/batch/${bulk}/undo`, {}, { expect: 202 });
    await until(async () => (await first()).city !== 'Бор', 'it is undone');
    await agree('its undo');
    const merge = (await head.post(`${P}/merge`, { into: ids[0], from: [ids[3]] }, { expect: 202 })).json.id;
    await ended(merge);
    await agree('a merge');
  });

  it('shows a program with a token no more than the token leaves', async () => {
    const was = await kept();
    const token = (await petrov.post('/api/v1/tokens', { name: 'Сверка', user: petrov.user.id, entities: ['contacts.person'] }, { expect: 201 })).json;
    const reply = await server.client().get(P, { headers: { authorization: `Bearer ${token.token}` } });
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.json.rows.flatMap((row) => row._can), []);
    assert.equal(await kept(), was);
  });
});
