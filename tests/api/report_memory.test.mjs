// What one aggregate may keep in memory: a question that needs more is refused by the name of what to ask less of.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const PEOPLE = '/api/v1/contacts.person';
const ROWS = 8000;
let server, head;

before(async () => {
  const tz = withFiles(dealer).replace('  bulk: [head, manager]\n', '  bulk: [head, manager]\n  import: [head]\n  export: [head]\n');
  server = await startServer({ tz, args: ['--report-memory', '1'] });
  head = await server.as('ivanova');
  const text = `Имя\n${Array.from({ length: ROWS }, (_, i) => `Человек ${i}\n`).join('')}`;
  const file = await head.request('POST', '/api/v1/import/contacts.person?name=people.csv', Buffer.from(text), {
    raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201,
  });
  await head.post(`/api/v1/import/${file.json.id}/run`, { ...file.json.options, columns: ['name'], match: [], mode: 'create' }, { expect: 202 });
  await until(async () => (await head.get(`/api/v1/import/${file.json.id}`, { expect: 200 })).json.run?.state === 'done', 'the import');
});
after(() => server.stop());

async function refusal(question) {
  const reply = await head.post(`${PEOPLE}/aggregate`, question, { expect: 422 });
  for (const f of reply.json.fields) assert.match(f.detail, /^[А-Я].*\.$/, reply.text);
  return reply.json.fields.map((f) => [f.field, f.code]);
}

describe('an aggregate that needs more memory than it gets', () => {
  it('names the measure that keeps the most values', async () => {
    const measures = { n: 'count', few: { distinct: 'city' } };
    for (let i = 0; i < 14; i++) measures[`names${i}`] = { distinct: 'name', where: ['id', i % 2 ? 'gte' : 'gt', 0] };
    const [[field, code]] = await refusal({ measures });
    assert.match(field, /^names\d+$/);
    assert.equal(code, 'too_many_values');
    const fewer = await head.post(`${PEOPLE}/aggregate`, { measures: { n: 'count', names: { distinct: 'name' } } }, { expect: 200 });
    assert.deepEqual(fewer.json.rows, [{ n: ROWS, names: ROWS }]);
  });

  it('names its keys where there are too many groups', async () => {
    const measures = { n: 'count' };
    for (let i = 0; i < 15; i++) measures[`m${i}`] = { max: 'created_at', where: ['id', 'gt', i] };
    assert.deepEqual(await refusal({ by: ['name', 'created_at', 'owner'], measures }), [['by', 'too_many_groups']]);
  });
});
