// What writes quietly: imports, undo, a bulk change when told so, and applying a ТЗ start no rules, notices,
// webhooks or mail; asked for it, they do (API.md, "Changes that are more than one" and "Import").

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Receiver } from '../harness/receiver.mjs';
import { startServer } from '../harness/server.mjs';
import { MailServer } from '../harness/smtp.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
const RULES = `
  R-new:
    text: О каждой новой заявке знает её менеджер, и есть задача.
    priority: must
    when: {created: sales.lead}
    do:
      - task: {kind: call, title: Позвонить, to: owner, due: 15m}
      - notify: {to: owner, text: "Новая: {title}"}
  R-city:
    text: О переезде знает менеджер.
    priority: must
    when: {updated: sales.lead, field: city}
    do:
      - notify: {to: owner, text: "Город: {title}"}
`;

let mail, receiver, server, head, manager, hook;

before(async () => {
  mail = await new MailServer().start();
  receiver = await new Receiver().start();
  hook = `webhooks:
  leads: {title: Заявки, url: "${receiver.url}/leads", as: exchange, of: sales.lead, secret: {secret: HOOK}}
outgoing: {private: [127.0.0.1]}
`;
  const tz = dealer
    .replace('roles:\n', 'services:\n  exchange: {title: Обмен, roles: [exchange]}\nroles:\n  exchange:\n    title: Обмен\n    rights:\n      sales.lead: {read: all}\n')
    .replace('contacts.*: {read: team, create: team,', 'contacts.*: {read: team, merge: team, create: team,')
    .replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]')
    .replace('integrations:\n', `${hook}integrations:\n  mail: {type: smtp, url: "smtp://127.0.0.1:${mail.port}", from: crm@dealer.example}\n`)
    .replace(/rules:\n[^]*$/, `rules:${RULES}`);
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz: withFiles(tz), env: { KARKAS_SECRET_HOOK: `whsec_${Buffer.alloc(32, 7).toString('base64')}` } });
  head = await server.as('ivanova');
  manager = await server.as('petrov');
});
after(async () => {
  await server.stop();
  await mail.stop();
  await receiver.stop();
});

/** What was heard since the last call, when all that was due is done. */
const heard = (() => {
  let was = { tasks: 0, notices: 0, mails: 0, hooks: 0 };
  return async () => {
    await server.advance('10s');
    const now = {
      tasks: (await head.get('/api/v1/tasks.task?limit=1', { expect: 200 })).json.total,
      notices: (await manager.get('/api/v1/notification?limit=1', { expect: 200 })).json.total,
      mails: mail.messages.length,
      hooks: receiver.got.length,
    };
    const more = Object.fromEntries(Object.keys(now).map((key) => [key, now[key] - was[key]]));
    was = now;
    return more;
  };
})();
const NOTHING = { tasks: 0, notices: 0, mails: 0, hooks: 0 };

async function ended(id) {
  const last = await until(async () => {
    const b = (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
    return !['waiting', 'running'].includes(b.state) && b;
  }, `batch ${id}`);
  assert.deepEqual([last.state, last.failed], ['done', 0]);
  return last;
}

async function imported(text, options = {}, what = 'run') {
  const bytes = { raw: true, expect: 201, headers: { 'content-type': 'application/octet-stream' } };
  const file = (await head.request('POST', '/api/v1/import/sales.lead?name=a.csv', Buffer.from(text), bytes)).json;
  const columns = ['title', 'phone', 'city', 'owner'];
  const wish = { columns, match: ['phone'], mode: 'both', ...options };
  return ended((await head.post(`/api/v1/import/${file.id}/${what}`, wish, { expect: 202 })).json[what].batch);
}

const bulk = async (body) => ended((await head.post(`${LEADS}/bulk`, body, { expect: 202 })).json.id);
const undo = async (b, body) => ended((await head.post(`/api/v1/batch/${b.id}/undo`, body, { expect: 202 })).json.id);
const csv = (city, from = 0) =>
  `t;p;c;o\n${[0, 1, 2].map((i) => `Заявка ${from + i};8 916 000-00-${10 + from + i};${city};Пётр Петров\n`).join('')}`;

describe('without being asked', () => {
  it('an ordinary change is heard: rule, task, notice, mail and webhook', async () => {
    await head.post(LEADS, { title: 'Громкая', owner: manager.user.id }, { expect: 201 });
    assert.deepEqual(await heard(), { tasks: 1, notices: 1, mails: 1, hooks: 1 });
  });

  it('an import is not, neither what it makes nor what it changes, nor its check', async () => {
    const made = await imported(csv('Тверь'));
    assert.deepEqual([made.changed, made.is_quiet], [3, true]);
    assert.equal((await imported(csv('Псков'))).changed, 3);
    assert.equal((await imported(csv('Пенза', 60), { rules: true }, 'check')).done, 3);
    assert.deepEqual(await heard(), NOTHING);
  });

  it('the undo of an import is not, whatever was heard of the import', async () => {
    const made = await imported(csv('Орёл', 20), { rules: true });
    await heard();
    const back = await undo(made);
    assert.deepEqual([back.changed, back.is_quiet], [3, true]);
    assert.deepEqual(await heard(), NOTHING);
  });

  it('a quiet bulk change is not, and the undo of a loud one neither', async () => {
    const ids = (await head.list('sales.lead', 'limit=3')).map((r) => r.id);
    assert.equal((await bulk({ ids, set: { city: 'Тихий' }, quiet: true })).is_quiet, true);
    assert.deepEqual(await heard(), NOTHING);
    const loud = await bulk({ ids, set: { city: 'Громкий' } });
    await heard();
    await undo(loud);
    assert.deepEqual(await heard(), NOTHING);
  });

  it('a quiet merge is not', async () => {
    const [a, b] = await Promise.all(['Раз', 'Два'].map((name) => head.post('/api/v1/contacts.person', { name }, { expect: 201 })));
    await head.post(LEADS, { title: 'К слиянию', owner: manager.user.id, contact: b.json.id }, { expect: 201 });
    await heard();
    const merge = (into, from, quiet) => head.post('/api/v1/contacts.person/merge', { into, from: [from], quiet }, { expect: 202 });
    await ended((await merge(a.json.id, b.json.id, true)).json.id);
    assert.deepEqual(await heard(), NOTHING);
    const c = await head.post('/api/v1/contacts.person', { name: 'Три' }, { expect: 201 });
    await ended((await merge(c.json.id, a.json.id, false)).json.id);
    assert.deepEqual(await heard(), { ...NOTHING, hooks: 1 }, 'a loud one tells of the lead that it moved');
  });

  it('a newer ТЗ, which writes people and settings, is not', async () => {
    fs.writeFileSync(server.tz, fs.readFileSync(server.tz, 'utf8').replace('title: Отдел продаж', 'title: Отдел больших продаж'));
    const done = await server.command('tz', 'apply', server.tz);
    assert.equal(done.code, 0, done.err);
    assert.deepEqual(await heard(), NOTHING);
  });
});

describe('when it is asked for', () => {
  it('an import is heard row by row', async () => {
    await imported(csv('Клин', 40), { rules: true });
    assert.deepEqual(await heard(), { tasks: 3, notices: 3, mails: 3, hooks: 3 });
  });

  it('a bulk change is heard, since it is loud unless quiet', async () => {
    const ids = (await head.list('sales.lead', 'limit=3')).map((r) => r.id);
    await bulk({ ids, set: { city: 'Слышно' } });
    assert.deepEqual(await heard(), { tasks: 0, notices: 3, mails: 3, hooks: 3 });
  });

  it('an undo is heard', async () => {
    const ids = (await head.list('sales.lead', 'limit=3')).map((r) => r.id);
    const b = await bulk({ ids, set: { city: 'Туда' } });
    await heard();
    const back = await undo(b, { rules: true });
    assert.equal(back.is_quiet, false);
    assert.deepEqual(await heard(), { tasks: 0, notices: 3, mails: 3, hooks: 3 });
    const wrong = await head.post(`/api/v1/batch/${b.id}/undo`, { rules: 'yes' }, { expect: 422 });
    assert.deepEqual(wrong.json.fields.map((f) => [f.field, f.code]), [['rules', 'type_mismatch']]);
  });
});
