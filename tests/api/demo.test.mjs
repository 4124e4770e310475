// `karkas demo` (design §12): the example's demonstration data are whole, quiet, safe to repeat and go
// away again. The file of packaging/ is loaded into the ТЗ of packaging/, so one that no longer fits fails here.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root, startServer } from '../harness/server.mjs';
import { MailServer } from '../harness/smtp.mjs';

const packaged = (name) => fs.readFileSync(path.join(root, 'packaging', name), 'utf8');
const DAY = 86400000;
const NOW = Date.parse('2027-01-18T07:00:00Z');
const WHOLE = {
  'contacts.company': 25, 'contacts.person': 60, 'fleet.machine': 20, 'sales.lead': 40, 'sales.deal': 30, 'tasks.task': 45,
  'catalog.group': 8, 'catalog.good': 34, 'catalog.price_type': 2, 'catalog.price': 22, 'catalog.line': 38,
};
const NOTHING = Object.fromEntries(Object.keys(WHOLE).map((name) => [name, 0]));
const MANAGERS = 4;

let mail, server, admin, head, petrov;

before(async () => {
  mail = await new MailServer().start();
  const post = `integrations:\n  mail: {type: smtp, url: "smtp://127.0.0.1:${mail.port}", from: crm@example.ru}\n`;
  const tz = packaged('dealer.yaml').replace('dealer-people.csv', 'people.csv').replace('integrations:\n', post);
  server = await startServer({ time: new Date(NOW).toISOString(), tz, people: packaged('dealer-people.csv') });
  write('demo.yaml', packaged('dealer-demo.yaml'));
  admin = await server.as('admin');
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
});
after(async () => {
  await server.stop();
  await mail.stop();
});

function write(name, text) {
  fs.writeFileSync(path.join(server.home, name), text);
}

async function demo(...args) {
  const done = await server.command('demo', ...args);
  return { code: done.code, said: done.out + done.err };
}

const list = (client, entity, query = '') => client.list(entity, `limit=200${query}`);

async function counts(client) {
  const found = {};
  for (const name of Object.keys(WHOLE)) found[name] = (await list(client, name)).length;
  return found;
}

describe('a demo file that is wrong', () => {
  it('is refused by place with the nearest name, every fault at once, and nothing is written', async () => {
    write('wrong.yaml', `demo: 1
title: Ошибки
records:
  contacts.company:
    good: {name: ООО «Верно», owner: petrov}
    bad: {nam: ООО «Нет», owner: petrow}
  contacts.persn:
    who: {name: Никто}
  sales.deal:
    first: {title: Сделка, company: goood, stage: nev, expected_at: today+1x}
    second: {title: Сделка, lead: later}
  sales.lead:
    later: {title: Заявка, by: nobody, inn: 1}
`);
    const { code, said } = await demo('load', 'wrong.yaml');
    assert.equal(code, 1);
    for (const line of [
      'wrong.yaml:6:11: нет поля «nam», есть «name»',
      'wrong.yaml:6:34: нет сотрудника «petrow», есть «petrov»',
      'wrong.yaml:7:3: нет сущности «contacts.persn», есть «contacts.person»',
      'wrong.yaml:10:37: в этом файле нет записи «goood», есть «good»',
      'wrong.yaml:10:51: нет стадии «nev», есть «new»',
      'wrong.yaml:11:35: «later» стоит ниже',
    ]) assert.ok(said.includes(line), `${line}\n${said}`);
    assert.match(said, /wrong\.yaml:10:69: «expected_at» не записать/);
    assert.match(said, /wrong\.yaml:13:32: нет сотрудника «nobody»/);
    assert.match(said, /ничего не изменено/);
    assert.deepEqual(await counts(admin), NOTHING);
  });

  it('is refused whole when the record layer refuses one record', async () => {
    write('half.yaml', 'demo: 1\ntitle: Половина\nrecords:\n  sales.deal:\n    one: {title: Первая}\n    two:\n      title: Вторая\n      then:\n        - {at: now, stage: lost}\n');
    const { code, said } = await demo('load', 'half.yaml');
    assert.equal(code, 1);
    assert.match(said, /half\.yaml:9:11: «lost_reason» не записать/);
    assert.deepEqual(await counts(admin), NOTHING);
  });

  it('is named when there is none', async () => {
    assert.match((await demo('load', 'nowhere.yaml')).said, /nowhere\.yaml/);
    assert.equal((await server.command('demo', 'load')).code, 2);
  });
});

describe('the example’s demonstration data', () => {
  before(async () => {
    const { code, said } = await demo('load', 'demo.yaml');
    assert.equal(code, 0, said);
    assert.match(said, /60 {2}Контакты/);
  });

  it('are there for the administrator and the head, each manager having his own', async () => {
    assert.deepEqual(await counts(admin), WHOLE);
    assert.deepEqual(await counts(head), WHOLE);
    const own = await list(petrov, 'sales.lead'), all = await list(head, 'sales.lead');
    assert.ok(own.length >= 8 && own.every((lead) => lead.owner.label === 'Петров Андрей Ильич'));
    assert.equal(new Set(all.map((lead) => lead.owner.id)).size, MANAGERS);
    const closed = await list(await server.as('sokolov'), 'sales.deal');
    assert.deepEqual([...new Set(closed.map((deal) => deal.stage))].sort(), ['lost', 'paid']);
  });

  it('use every stage and source, and open leads are spread evenly', async () => {
    const leads = await list(admin, 'sales.lead'), deals = await list(admin, 'sales.deal');
    const of = (rows, field) => new Set(rows.map((row) => row[field]));
    assert.deepEqual([...of(deals, 'stage')].sort(), ['lost', 'new', 'offer', 'paid', 'payment', 'work']);
    assert.deepEqual([...of(leads, 'stage')].sort(), ['bad', 'new', 'qualified', 'work']);
    for (const source of ['site', 'phone', 'email', 'social', 'messenger', 'avito', 'other']) assert.ok(of(leads, 'source').has(source), source);
    assert.ok(deals.filter((deal) => ['paid', 'lost'].includes(deal.stage)).every((deal) => deal.closed_at && deal.amount));
    const open = leads.filter((lead) => !lead.closed_at).map((lead) => lead.owner.id);
    const loads = [...new Set(open)].map((id) => open.filter((owner) => owner === id).length); // the rule gives to who has least
    assert.ok(loads.length >= 1 && new Set(open).size === MANAGERS && Math.max(...loads) - Math.min(...loads) <= 1, String(loads));
  });

  it('have deals that come to what their lines come to', async () => {
    const all = await list(admin, 'catalog.line'), kopecks = (money) => Math.round(Number(money) * 100);
    const deals = new Map((await list(admin, 'sales.deal')).map((deal) => [deal.id, deal]));
    const sums = all.reduce((m, line) => m.set(line.deal.id, [...(m.get(line.deal.id) ?? []), line]), new Map());
    assert.ok(sums.size >= 15, String(sums.size));
    for (const [id, lines] of sums) assert.equal(lines.reduce((sum, line) => sum + kopecks(line.sum), 0), kopecks(deals.get(id).amount), deals.get(id).title);
    assert.ok(all.some((line) => line.discount_sum !== '0.00') && all.every((line) => line.vat === '22.00'));
  });

  it('happened in the last ninety days, by whom they name, and nothing is marked as unsound', async () => {
    for (const name of Object.keys(WHOLE)) {
      for (const row of await list(admin, name)) {
        const age = NOW - Date.parse(row.created_at);
        assert.ok(age >= -60000 && age <= 93 * DAY, `${name} ${row.id} ${row.created_at}`);
        assert.ok(!row._marks, `${name} ${row.id} ${JSON.stringify(row._marks)}`);
      }
    }
    const [deal] = await list(admin, 'sales.deal', '&stage=paid&sort=closed_at');
    const history = (await admin.get(`/api/v1/sales.deal/${deal.id}/history`, { expect: 200 })).json.rows;
    const made = history.at(-1);
    assert.equal(history.length, 5);
    assert.equal(history[0].by.label, 'Иванова Мария Сергеевна');
    assert.equal(Date.parse(made.at), Date.parse(deal.created_at));
    assert.ok(Date.parse(history[0].at) < NOW - 30 * DAY);
  });

  it('happen in working hours, and what is due is due then', async () => {
    const moments = [];
    for (const name of Object.keys(WHOLE)) moments.push(...(await list(admin, name)).flatMap((row) => [row.created_at, row.due ?? []].flat()));
    const isWork = (at) => {
      const moscow = new Date(Date.parse(at) + 3 * 3600000), minutes = moscow.getUTCHours() * 60 + moscow.getUTCMinutes();
      return moscow.getUTCDay() % 6 && minutes >= 9 * 60 && minutes <= 18 * 60;
    };
    assert.ok(moments.length > 250, String(moments.length));
    assert.deepEqual(moments.filter((at) => !isWork(at)), []);
  });

  it('give each day its tasks: done, overdue, today’s and coming', async () => {
    const tasks = await list(admin, 'tasks.task'), today = NOW - (NOW + 3 * 3600000) % DAY;
    const due = (from, to) => tasks.filter((t) => !t.done && Date.parse(t.due) >= from && Date.parse(t.due) < to).length;
    assert.ok(tasks.filter((t) => t.done_at && Date.parse(t.done_at) < NOW).length >= 15);
    assert.ok(due(0, today) >= 5 && due(today, today + DAY) >= 8 && due(today + DAY, Infinity) >= 10);
  });

  it('start no rule, notice, mail or reminder, then or later', async () => {
    await server.advance('1h');
    assert.equal((await list(admin, 'tasks.task')).length, WHOLE['tasks.task']);
    for (const client of [petrov, head, admin]) assert.deepEqual(await list(client, 'notification'), []);
    assert.equal(mail.messages.length, 0);
  });

  it('are not loaded twice, nor beside anything else', async () => {
    const again = await demo('load', 'demo.yaml');
    assert.deepEqual([again.code, again.said], [0, 'эти демонстрационные данные уже загружены\n']);
    const loaded = (await head.list('batch', 'kind=demo'))[0];
    assert.deepEqual([loaded.title, loaded.is_quiet], ['Демонстрационные данные «СтройТехника»', true]);
    assert.equal((await head.post(`/api/v1/batch/${loaded.id}/undo`)).json.code, 'demo_stays');
    write('other.yaml', packaged('dealer-demo.yaml') + '# другой\n');
    const other = await demo('load', 'other.yaml');
    assert.equal(other.code, 3);
    assert.match(other.said, /сначала: karkas demo remove/);
    assert.deepEqual(await counts(admin), WHOLE);
  });

  it('go into the bin as a whole, also what was changed since, and what people made stays', async () => {
    const [deal] = await list(head, 'sales.deal', '&stage=new');
    await head.patch(`/api/v1/sales.deal/${deal.id}`, { title: 'Изменена' }, { expect: 200 });
    await head.post('/api/v1/tasks.task', { title: 'Своя', deal: deal.id }, { expect: 201 });
    const gone = await demo('remove');
    assert.equal(gone.code, 0, gone.said);
    assert.match(gone.said, /30 {2}Сделки/);
    assert.match(gone.said, /изменены сотрудниками: 1\b/);
    assert.deepEqual(await counts(admin), { ...NOTHING, 'tasks.task': 1 });
    assert.match((await demo('remove')).said, /демонстрационных данных в базе нет/);
    const refused = await demo('load', 'demo.yaml');
    assert.equal(refused.code, 3);
    assert.match(refused.said, /в базе уже есть записи: Задачи\n/);
    const english = await server.command('--lang', 'en', 'demo', 'load', 'demo.yaml');
    assert.match(english.err, /there are records already: Задачи\n/, 'named as the deployment names them');
  });

  it('are all there or not at all after kill -9, and the next load makes them whole', async () => {
    const [own] = await list(head, 'tasks.task');
    await head.del(`/api/v1/tasks.task/${own.id}`, { expect: 204 });
    const cut = demo('load', 'demo.yaml');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 300)); // at any moment of it
    await server.kill();
    await cut;
    await server.start();
    admin = await server.as('admin');
    const left = await counts(admin);
    assert.ok(left['sales.deal'] === 0 || left['sales.deal'] === 30);
    assert.deepEqual(left, left['sales.deal'] ? WHOLE : NOTHING);
    assert.equal((await demo('load', 'demo.yaml')).code, 0);
    assert.deepEqual(await counts(admin), WHOLE);
  });
});
