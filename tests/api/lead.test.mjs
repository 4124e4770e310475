// The walking skeleton (S-01, S-02, S-06, S-08): a form becomes a lead with everything around it.

import assert from 'node:assert/strict';
import * as https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const START = '2027-01-18T07:00:00Z';

function submit(client, data, options) {
  return client.post('/hook/site', data, options);
}

describe('a request from the site', () => {
  let server, visitor;

  before(async () => {
    server = await startServer({ time: START });
    visitor = server.client();
  });
  after(() => server.stop());

  it('S-01 S-02 S-08: makes a lead, a contact, a free manager, a call task due in 15 minutes', async () => {
    const petrov = await server.as('petrov');
    const sidorova = await server.as('sidorova');
    const reply = await submit(visitor, { name: 'Иван Петров', phone: '8 (916) 123-45-67', text: 'Нужен экскаватор' });
    assert.equal(reply.status, 202, reply.text);

    const owner = await until(async () => {
      for (const c of [petrov, sidorova]) {
        const [task] = await c.list('tasks.task', 'kind=call');
        if (task) return c;
      }
    }, 'a manager has a call task');
    const [lead] = await owner.list('sales.lead');
    const [person] = await owner.list('contacts.person');
    const [task] = await owner.list('tasks.task', 'kind=call');
    assert.equal(lead.source, 'site');
    assert.deepEqual(lead.phone, ['+79161234567']);
    assert.equal(lead.owner.id, owner.user.id);
    assert.deepEqual(person.phone, ['+79161234567']);
    assert.equal(lead.contact.id, person.id);
    assert.equal(task.owner.id, owner.user.id);
    assert.equal(task.due, '2027-01-18T07:15:00.000Z');
    await until(async () => {
      const notices = await owner.list('notification');
      return notices.some((n) => n.text.startsWith('Новая заявка'));
    }, 'the manager is told, a step after the task'); // each step is a commit of its own
  });

  it('S-01: reminds the manager when the 15 minutes are over', async () => {
    await server.advance('15m');
    const head = await server.as('ivanova');
    const [task] = await head.list('tasks.task', 'kind=call');
    const owner = await server.as(task.owner.label === 'Пётр Петров' ? 'petrov' : 'sidorova');
    const [notice] = await owner.list('notification', 'kind=task');
    assert.equal(notice?.created_at, '2027-01-18T07:15:00.000Z', JSON.stringify(await owner.list('notification')));
  });

  it('S-02: gives the next request to the other manager, who has fewer, and tells him at once', async () => {
    const managers = [await server.as('petrov'), await server.as('sidorova')];
    const isFirst = (await managers[0].list('sales.lead')).length > 0;
    const [busy, free] = isFirst ? managers : managers.reverse();
    const told = async (client) => (await client.list('notification')).filter((n) => n.text.startsWith('Новая заявка')).length;
    assert.deepEqual([await told(busy), await told(free)], [1, 0]);
    await submit(visitor, { name: 'Второй Клиент', phone: '+7 916 700-00-02', text: 'Нужен погрузчик' }, { expect: 202 });
    await until(async () => (await told(free)) === 1, 'who has none is told');
    assert.equal((await free.list('sales.lead', 'q=погрузчик')).length, 1);
    assert.equal(await told(busy), 1);
  });

  it('says what a form asks for, and where the authority is that vouches for it', async () => {
    const form = (await visitor.get('/hook/site', { expect: 200 })).json;
    assert.equal(form.form, 'site');
    assert.ok(form.fields.some((field) => field.name === 'phone'));
    assert.equal((await visitor.get('/ca.crt', { expect: 200 })).text.trim(), String(server.ca).trim());
  });

  it('keeps the extension of a phone, and knows the person by the number alone', async () => {
    const head = await server.as('ivanova');
    const known = () => head.list('contacts.person', 'phone=%2B74957654321%3Bext%3D12');
    await submit(visitor, { name: 'Приёмная', phone: '8 (495) 765-43-21 доб. 12', text: 'Кран' }, { expect: 202 });
    await until(async () => (await known()).length === 1, 'the person'); // two requests at once are worked on side by side
    await submit(visitor, { name: 'Приёмная', phone: '+7 495 765-43-21', text: 'Ещё кран' }, { expect: 202 });
    const leads = await until(async () => {
      const rows = await head.list('sales.lead', 'phone=%2B74957654321');
      return rows.length === 2 && rows.every((row) => row.contact) && rows;
    }, 'both requests');
    assert.deepEqual(leads.map((row) => row.phone[0]).sort(), ['+74957654321', '+74957654321;ext=12']);
    assert.equal(leads[0].contact.id, leads[1].contact.id);
    const found = (await head.get(`/api/v1/contacts.person?q=${encodeURIComponent('765-43-21')}`, { expect: 200 })).json.rows;
    assert.deepEqual(found.map((row) => row.phone), [['+74957654321;ext=12']]);
  });

  it('gives a request without a message the title of who wrote, else of the form', async () => {
    const head = await server.as('ivanova');
    const forms = {
      'Марфа Титова': { name: 'Марфа Титова', phone: '+7 916 700-10-01', budget: '1000001' },
      '8 (916) 700-10-02': { email: 'b@example.ru', phone: '8 (916) 700-10-02', budget: '1000002' },
      'c@example.ru': { email: 'c@example.ru', budget: '1000003' },
      '8 916 700-10-04': { phone: '8 916 700-10-04' },
      'Форма на сайте': { budget: '1000005' },
    };
    for (const form of Object.values(forms)) await submit(visitor, form, { expect: 202 });
    for (const title of Object.keys(forms))
      await until(async () => (await head.list('sales.lead', `title=${encodeURIComponent(title)}`)).length === 1, title);
  });

  it('keeps a wrong phone and marks it', async () => {
    const reply = await submit(visitor, { name: 'Пётр', phone: '12-3', text: 'перезвоните' });
    assert.equal(reply.status, 202, reply.text);
    const head = await server.as('ivanova');
    const lead = await until(async () => (await head.list('sales.lead', 'name=Пётр'))[0], 'the lead');
    assert.deepEqual(lead.phone, ['12-3']);
    assert.equal(lead._marks.phone, 'phone_invalid');
  });

  it('lets a task that was done by mistake be opened again', async () => {
    const head = await server.as('ivanova');
    const [task] = await head.list('tasks.task', 'kind=call');
    const at = `/api/v1/tasks/task/${task.id}`;
    assert.equal((await head.post(`${at}/done`)).status, 200);
    assert.equal((await head.post(`${at}/reopen`)).status, 200);
    assert.equal((await head.get(`/api/v1/tasks.task/${task.id}`, { expect: 200 })).json.done_at ?? null, null);
  });

  it('does not double a known contact, and gives his request to who is responsible for him', async () => {
    await submit(visitor, { name: 'Иван Петров', phone: '+7 916 123 45 67', text: 'Ещё вопрос' });
    const head = await server.as('ivanova');
    await until(async () => (await head.list('sales.lead', 'q=вопрос')).length === 1, 'the second lead');
    const lead = await until(async () => (await head.list('sales.lead', 'q=вопрос')).find((row) => row.owner), 'its owner');
    const known = await head.list('contacts.person', 'phone=%2B79161234567');
    assert.deepEqual([known.length, lead.contact.id, lead.owner.id], [1, known[0].id, known[0].owner.id]);
  });

  it('S-06: leads from a contact to the request that brought him first, and so to its source, from deals too', async () => {
    const first = { utm_source: 'yandex', utm_campaign: 'spring', page: 'https://site.example.ru/cranes', referrer: 'https://ya.ru/' };
    const second = { utm_source: 'vk', utm_term: 'кран', page: 'https://site.example.ru/sale' };
    const head = await server.as('ivanova');
    const lead = (q) => until(async () => (await head.list('sales.lead', `q=${q}`)).find((row) => row.contact), q);
    const person = async (id) => (await head.get(`/api/v1/contacts.person/${id}`, { expect: 200 })).json;
    await submit(visitor, { name: 'Касаткин', phone: '+7 916 555-00-01', text: 'ПервыйРаз', ...first });
    const came = await lead('ПервыйРаз');
    assert.deepEqual([came.utm_source, came.utm_campaign, came.page, came.referrer], Object.values(first));
    assert.equal((await person(came.contact.id)).first_lead.id, came.id);
    assert.equal((await person(came.contact.id)).source, 'site');

    await submit(visitor, { name: 'Касаткин', phone: '8 916 555 00 01', text: 'ВторойРаз', ...second });
    const again = await lead('ВторойРаз');
    assert.deepEqual([again.contact.id, again.utm_source], [came.contact.id, 'vk']);
    assert.equal((await person(came.contact.id)).first_lead.id, came.id, 'what brought him first stays');
    const { id } = (await head.post('/api/v1/sales.deal', { title: 'Кран', lead: again.id }, { expect: 201 })).json;
    const found = async (entity, path) =>
      (await head.list(entity, `filter=${encodeURIComponent(JSON.stringify([path, 'eq', 'yandex']))}`)).map((row) => row.id);
    assert.deepEqual(await found('contacts.person', 'first_lead.utm_source'), [came.contact.id]);
    assert.deepEqual(await found('sales.deal', 'contact.first_lead.utm_source'), [id]);
  });

  it('tells the head when there is nobody to give a request to, and keeps the request', async () => {
    const head = await server.as('ivanova');
    for (const login of ['petrov', 'sidorova']) assert.equal((await server.command('user', 'disable', login)).code, 0);
    const reply = await submit(visitor, { name: 'Ночной Гость', phone: '+7 903 000-11-22', text: 'Есть кто-нибудь?' });
    assert.equal(reply.status, 202, reply.text);
    const told = await until(
      async () => (await head.list('notification')).find((n) => n.text.startsWith('Некому назначить')),
      'the head is told',
    );
    assert.equal(told.entity, 'sales.lead');
    const lead = (await head.list('sales.lead', 'name=Ночной Гость'))[0];
    assert.equal(lead?.owner, null, 'it waits for an owner where she sees it');
    assert.equal(lead.id, told.record);
    assert.equal((await head.list('tasks.task', 'lead=' + lead.id)).length, 0);
  });
});

describe('a client of a colleague who is not on the line', () => {
  const rule = `  R-2:
    text: Новый телефон в заявке связывает её с клиентом.
    priority: must
    when: {updated: sales.lead, field: phone}
    do:
      - set: {values: {city: Тверь}}
      - contact: {match: [phone]}
`;
  const PERSONS = '/api/v1/contacts.person';
  let server, head, petrov, sidorova, person;

  before(async () => {
    const tz = dealer.replace('sales.*: {read: team', 'user: {read: all, update: all}\n      sales.*: {read: team') + rule;
    server = await startServer({ tz, time: START });
    [head, petrov, sidorova] = [await server.as('ivanova'), await server.as('petrov'), await server.as('sidorova')];
    person = (await sidorova.post(PERSONS, { name: 'Чужой', phone: ['+79165550101'] }, { expect: 201 })).json;
    await head.patch(`/api/v1/user/${sidorova.user.id}`, { on_line: false }, { expect: 200 });
  });
  after(() => server.stop());

  const lead = async (id) => (await petrov.get(`/api/v1/sales.lead/${id}`, { expect: 200 })).json;
  async function isClosed() {
    assert.equal((await petrov.get(`${PERSONS}/${person.id}`)).status, 404);
    const now = (await head.get(`${PERSONS}/${person.id}`, { expect: 200 })).json;
    assert.deepEqual([now.owner.id, now.participant ?? null], [sidorova.user.id, null]);
  }

  it('is not opened by a lead that one types oneself and calls one from the site', async () => {
    const { id } = (await petrov.post('/api/v1/sales.lead', { title: 'Кран', phone: ['8 916 555-01-01'], source: 'site' }, { expect: 201 })).json;
    await until(async () => (await petrov.list('tasks.task', `lead=${id}`)).length, 'the rule is through with the contact');
    assert.equal((await lead(id)).owner.id, petrov.user.id);
    await isClosed();
  });

  it('is not opened by his number written into a request that came from the site', async () => {
    await submit(server.client(), { text: 'Безтелефонный' }, { expect: 202 });
    const { id } = await until(async () => (await petrov.list('sales.lead', 'q=Безтелефонный'))[0], 'the request');
    await until(async () => (await petrov.list('tasks.task', `lead=${id}`)).length, 'the rule is through');
    await petrov.patch(`/api/v1/sales.lead/${id}`, { phone: ['+79165550101'] }, { expect: 200 });
    const linked = await until(async () => { const now = await lead(id); return now.contact && now; }, 'the contact');
    assert.deepEqual([linked.city, linked.contact.id], ['Тверь', person.id]);
    await isClosed();
  });

  it('is opened by his own request from the site, and the colleague is told', async () => {
    await submit(server.client(), { phone: '8 916 555-01-01', text: 'Самсобой' }, { expect: 202 });
    await until(async () => (await petrov.get(`${PERSONS}/${person.id}`)).status === 200, 'the client');
    await until(async () => (await sidorova.list('notification')).some((n) => n.text.includes('теперь работает и Пётр Петров')), 'the notice');
  });
});

describe('a form without a signature', () => {
  const REGAIN_MS = 3000; /* an address gets one more in so many real ms */
  let server;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  function from(localAddress) {
    const visitor = server.client();
    visitor.agent = new https.Agent({ keepAlive: true, ca: server.ca, localAddress });
    return visitor;
  }

  /** Sends until one is refused; `since`: when its address had all of its credit. */
  async function flood(visitor, since = Date.now()) {
    for (let taken = 0; ; taken++) {
      const reply = await submit(visitor, { name: 'Гость', phone: '+79161234567', text: `${taken}` });
      if (reply.status !== 202) return { taken, reply, regained: Math.ceil((Date.now() - since) / REGAIN_MS) };
    }
  }

  it('takes twenty requests of one address at once, whatever others send meanwhile', async () => {
    const since = Date.now();
    const first = await flood(from('127.0.0.2'), since);
    assert.ok(first.taken >= 20 && first.taken <= 20 + first.regained, JSON.stringify(first));
    assert.equal(first.reply.status, 429);
    assert.equal(first.reply.json.code, 'limit');
    assert.ok(Number(first.reply.headers['retry-after']) >= 1);
    for (let i = 3; i < 40; i++)
      await submit(from(`127.0.0.${i}`), { name: 'Другой', phone: '+79161234567', text: 'Кран' });
    const again = await flood(from('127.0.0.2'), since);
    assert.ok(first.taken + again.taken <= 20 + again.regained, JSON.stringify(again));
    const others = []; /* one may share the bucket by chance, hardly all three */
    for (const i of [200, 201, 202])
      others.push((await submit(from(`127.0.0.${i}`), { name: 'Гость', phone: '+79161234567' })).status);
    assert.ok(others.includes(202));
  });
});
