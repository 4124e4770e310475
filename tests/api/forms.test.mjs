// What visitors' browsers, scripts and robots send to a form is acknowledged, so none of it is lost,
// and none of it keeps others waiting.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const FORM = 'application/x-www-form-urlencoded';
const LEADS = '/api/v1/sales.lead';
const PARTS = 'multipart/form-data; boundary=----karkas7MA4';
const part = (head, content) =>
  Buffer.concat([Buffer.from(`------karkas7MA4\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n')]);
const parts = (...all) => Buffer.concat([...all.map(([head, content]) => part(head, content)), Buffer.from('------karkas7MA4--\r\n')]);
const tz = dealer.replace('source: site}', 'source: site, consent: Согласен на обработку персональных данных}');

const cp1251 = (letters) => Buffer.from([...letters].map((c) => c.codePointAt(0) - 0x410 + 0xc0));
/** In KOI8-R, which nobody takes for windows-1251 by its bytes: it has to be heeded when it is said. */
function koi8(letters) {
  const order = 'юабцдефгхийклмнопярстужвьызшэщчъ';
  return Buffer.from([...letters].map((c) => order.indexOf(c.toLowerCase()) + (c === c.toLowerCase() ? 0xc0 : 0xe0)));
}

describe('a form', () => {
  let server, visitor, head, tests = 0;

  before(async () => {
    server = await startServer({ tz });
    head = await server.as('ivanova');
  });
  beforeEach(() => { // each has an address of its own, and so a whole quota
    visitor = server.client();
    visitor.agent = visitor.newAgent({ keepAlive: true, localAddress: `127.0.0.${50 + tests++}` });
  });
  after(() => server.stop());

  async function submit(body, type = FORM) {
    const reply = await visitor.post('/hook/site', body, { raw: true, headers: { 'content-type': type } });
    assert.equal(reply.status, 202, reply.text);
  }

  async function lead(q) {
    return until(async () => (await head.list('sales.lead', `q=${encodeURIComponent(q)}`))[0], `the lead of ${q}`);
  }

  it('of 60 000 fields becomes a lead and keeps no other write waiting', async () => {
    await submit(`name=Многополь&phone=%2B79161234567&${'a=1&'.repeat(60_000)}`);
    const before = performance.now();
    await head.post(LEADS, { title: 'Своя' }, { expect: 201 });
    const waited = performance.now() - before;
    assert.ok(waited < 2000, `a colleague waited ${waited} ms`);
    const made = await lead('Многополь');
    assert.deepEqual(made.phone, ['+79161234567']);
    assert.match(made.message, /\na=1&a=1&a=1/, 'what is beyond the first 200 stands as it came');
    assert.doesNotMatch(server.log, /event=job\.failed/);
  });

  const JSON_TYPE = 'application/json';
  const deep = `${'['.repeat(40)}1${']'.repeat(40)}`;
  const bodies = {
    'an emoji cut by a script': '{"name":"Обрывок","phone":"+79161230001","note":"\\ud83d"}',
    'a NUL': '{"name":"Нулевой","phone":"+79161230002","note":"\\u0000"}',
    'a key that stands twice': '{"name":"Дважды","name":"Дважды","phone":"+79161230003"}',
    'a number that is too large': '{"name":"Большой","sum":123456789012345678901234567890}',
    'a number beyond all': '{"name":"Запредел","sum":1e999}',
    'too many levels': `{"name":"Глубокий","list":${deep}}`,
    'a list for an object': '["Списочный","+79161230004"]',
    'an end that is missing': '{"name":"Недописан","phone":"+791612300',
  };
  for (const [what, body] of Object.entries(bodies)) {
    it(`as JSON with ${what} becomes a lead that tells all of it`, async () => {
      await submit(body, JSON_TYPE);
      const word = body.match(/[А-Я][а-я]+/)[0];
      const made = await lead(word);
      assert.ok(made.message.includes(body), made.message);
      assert.match(made.title, /^Форма пришла в непонятном виде/);
      assert.equal(made.consent, null, 'nobody knows');
      assert.deepEqual(made._marks, { message: 'form_unread' });
      const edited = await head.patch(`${LEADS}/${made.id}`, { message: 'Прочитано' }, { expect: 200 });
      assert.equal(edited.json._marks, undefined, 'a person has seen to it');
    });
  }

  it('as JSON behind a byte order mark, or with the type of a form, is read field by field', async () => {
    await submit('\ufeff{"name":"Меткин","phone":"+79161230005"}', JSON_TYPE);
    assert.deepEqual((await lead('Меткин')).phone, ['+79161230005']);
    await submit('{"name":"Чужетипов","phone":"+79161230006"}');
    assert.deepEqual((await lead('Чужетипов')).phone, ['+79161230006']);
  });

  it('in windows-1251 that is not said, or in what is said, keeps its words', async () => {
    const escaped = (bytes) => [...bytes].map((byte) => `%${byte.toString(16)}`).join('');
    await submit(`name=${escaped(cp1251('Старосайтов'))}&phone=%2B79161230007`);
    assert.deepEqual((await lead('Старосайтов')).phone, ['+79161230007']);
    await submit(`name=${escaped(koi8('Кодировкин'))}&phone=%2B79161230008`, `${FORM}; charset=koi8-r`);
    assert.deepEqual((await lead('Кодировкин')).phone, ['+79161230008']);
  });

  it('keeps what the visitor agreed to, and says when he did not', async () => {
    await submit('name=Согласов&phone=%2B79161230010&consent=1');
    assert.match((await lead('Согласов')).consent, /^Дано с отправкой формы[^]*персональных данных/);
    await submit('name=Молчанов&phone=%2B79161230011');
    assert.match((await lead('Молчанов')).consent, /^НЕ дано[^]*персональных данных/);
    await submit('{"name":"Отказов","phone":"+79161230012","consent":false}', JSON_TYPE);
    assert.match((await lead('Отказов')).consent, /^НЕ дано/);
  });

  it('gives a consent to the contact as a record, once, and nobody writes one by hand', async () => {
    const through = async (name, more) => {
      await submit(`name=${name}&phone=%2B7916123${more}`);
      const made = await lead(name);
      await until(async () => (await head.list('tasks.task', `lead=${made.id}`)).length, 'the rule is through with the contact');
      return lead(name);
    };
    const given = await through('Контактов', '0013&consent=1');
    const rows = await head.list('contacts.consent', `person=${given.contact.id}`);
    assert.deepEqual(rows.map((r) => [r.purpose, r.channel, r.given_at, r.text, r.lead.id]), [['request', 'site', given.consent_at, given.consent, given.id]]);
    const refused = await head.patch(`/api/v1/contacts.consent/${rows[0].id}`, { text: 'Иное' });
    assert.deepEqual(refused.json.fields.map((f) => [f.field, f.code]), [['text', 'read_only']]);
    const none = await through('Бессогласный', '0014');
    assert.equal(none.consent_at, null);
    assert.deepEqual(await head.list('contacts.consent', `person=${none.contact.id}`), []);
  });

  it('that says nothing makes no lead', async () => {
    const count = async () => (await head.get(`${LEADS}?limit=1`, { expect: 200 })).json.total;
    const before = await count();
    for (const [body, type] of [['{}', JSON_TYPE], ['[]', JSON_TYPE], ['name=&phone=', FORM]]) await submit(body, type);
    await submit('name=Последний&phone=%2B79161230009');
    await lead('Последний');
    assert.equal(await count(), before + 1);
  });
});

describe('a form in parts, and one that its module fails to read again and again', () => {
  const unique = tz
    .replace('source: site, ', 'source: site, fields: {code: code}, ')
    .replace('pipelines:', 'fields:\n  sales.lead: {code: {type: text, title: Код, unique: true}}\npipelines:');
  let server, visitor, head, admin;

  before(async () => {
    server = await startServer({ tz: unique, time: '2027-01-18T07:00:00Z' });
    visitor = server.client();
    head = await server.as('ivanova');
    admin = await server.as('admin');
  });
  after(() => server.stop());

  const submit = (body, type = FORM) => visitor.post('/hook/site', body, { raw: true, headers: { 'content-type': type }, expect: 202 });
  const leads = (q) => head.list('sales.lead', `q=${encodeURIComponent(q)}`);
  const found = (q) => until(async () => { const rows = await leads(q); return rows.length && rows; }, `the lead of ${q}`);

  it('in parts becomes a lead, its files named and not kept', async () => {
    const photo = Buffer.alloc(300_000, 0xff);
    await submit(
      parts(
        ['name="name"', 'Многочастный & Ко=1%+{'],
        ['name="phone"', '8 (916) 123-00-40'],
        ['name="consent"', 'on'],
        ['name="photo"; filename="каток.jpg"\r\nContent-Type: image/jpeg', photo],
        ['name="scheme"; filename=""\r\nContent-Type: application/octet-stream', ''],
      ),
      PARTS,
    );
    const [made] = await found('Многочастный');
    assert.deepEqual([made.name, made.title, made.phone], ['Многочастный & Ко=1%+{', 'Многочастный & Ко=1%+{', ['+79161230040']]);
    assert.match(made.message, /\nphoto: каток\.jpg: файл не сохранён \(байт: 300000\)$/);
    assert.match(made.consent, /^Дано/);
    assert.equal(made._marks, undefined);
  });

  it('in parts keeps its words by the encoding that they say', async () => {
    await submit(parts(['name="name"', koi8('Частнокодов')], ['name="_charset_"', 'koi8-r'], ['name="phone"', '+79161230041']), PARTS);
    const [made] = await found('Частнокодов');
    assert.deepEqual([made.phone, made.message], [['+79161230041'], null]);
    await submit(
      parts(['name="note"; filename="a.txt"\r\nContent-Type: text/plain; charset=koi8-r', 'x'], ['name="name"', cp1251('Файлокодов')]),
      PARTS,
    );
    assert.equal((await found('Файлокодов')).length, 1, 'a file does not say how the fields are written');
  });

  it('in parts that cannot be told apart becomes a lead that tells all of it', async () => {
    const body = '------karkas7MA4\r\nContent-Disposition: form-data; name="name"\r\n\r\nНеразделимов\r\n';
    await submit(body, PARTS);
    const [made] = await found('Неразделимов');
    assert.match(made.title, /^Форма пришла в непонятном виде/);
    assert.match(made.message, /name="name"\n\nНеразделимов/);
    assert.deepEqual(made._marks, { message: 'form_unread' });
  });

  it('in parts too long to keep, and of a type nobody reads, is refused with what is taken', async () => {
    const post = (body, type) => visitor.post('/hook/site', body, { raw: true, headers: { 'content-type': type } });
    const long = await post(parts(['name="message"', 'м'.repeat(150_000)]), PARTS);
    assert.deepEqual([long.status, long.json.code], [413, 'too_large']);
    const other = await post('name=a', 'text/plain');
    assert.deepEqual([other.status, other.json.code], [415, 'unsupported_media_type']);
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']) assert.ok(other.json.detail.includes(type), other.json.detail);
  });

  it('whose answers no field takes is a lead that tells them', async () => {
    const phrase = `позвоните мне, пожалуйста, на мобильный 8 916 777 88 99 ${'или на домашний вечером '.repeat(4)}, спасибо`;
    await submit(new URLSearchParams({ name: 'Длиннотелефонов', phone: phrase, email: 'dlinno@example.ru', message: 'Жду' }).toString());
    const [told] = await found('Длиннотелефонов');
    assert.deepEqual([told.phone, told.email], [[], ['dlinno@example.ru']]);
    assert.ok(told.message.includes(phrase), told.message);
    const address = `${'a'.repeat(250)}@example.ru`;
    await submit(new URLSearchParams({ name: 'Длинноадресов', phone: '+79161230051', email: address }).toString());
    const [called] = await found('Длинноадресов');
    assert.deepEqual([called.phone, called.email], [['+79161230051'], []]);
    assert.ok(called.message.includes(address), called.message);
  });

  it('of a robot is counted and told of, one with a website is a lead', async () => {
    const before = (await metrics(admin)).karkas_inbox_trapped_total;
    await submit('name=Роботов&phone=%2B79161230030&karkas_website=http%3A%2F%2Fa.b');
    await submit('name=Сайтов&phone=%2B79161230031&website=http%3A%2F%2Fa.b');
    const [made] = await until(async () => { const rows = await leads('Сайтов'); return rows.length && rows; }, 'the lead');
    assert.equal(made.title, 'Сайтов');
    assert.match(made.message, /^website: http:\/\/a\.b$/m);
    await until(async () => (await metrics(admin)).karkas_inbox_trapped_total === before + 1, 'the count');
    assert.equal((await leads('Роботов')).length, 0);
    assert.match(server.log, /event=form\.trapped form="site" receipt=\S+ field="karkas_website"/);
  });

  it('becomes a bare lead once, marked, with an owner, and others go on', async () => {
    await submit('name=Первокод&phone=%2B79161230020&code=17');
    await until(async () => (await leads('Первокод')).length, 'the first');
    await submit('name=%D0%92%D1%82%D0%BE%D1%80%D0%BE%D0%BA%D0%BE%D0%B4&phone=%2B79161230021&code=17'); // the code is taken
    await submit('name=Соседов&phone=%2B79161230022');
    await until(async () => (await leads('Соседов')).length, 'the one behind it');
    assert.equal((await leads('Второкод')).length, 0);
    const before = (await metrics(admin)).karkas_inbox_bare_total;

    await server.advance('5m');
    const made = await until(async () => (await leads('Второкод')).find((row) => row.owner), 'its owner');
    assert.match(made.title, /не удалось разобрать/);
    assert.match(made.message, /\nname=Второкод\nphone=\+79161230021\ncode=17$/);
    assert.deepEqual(made._marks, { message: 'form_unread' });
    assert.deepEqual([made.source, made.phone, made.code], ['site', [], null]);
    const figures = await metrics(admin);
    assert.equal(figures.karkas_inbox_bare_total, before + 1);
    assert.equal(figures.karkas_inbox_waiting, 0);
    assert.match(server.log, /event=form\.kept_bare form="site" receipt=\S+ failures=5/);

    await server.advance('2h'); // longer than any pause before another try
    assert.equal((await leads('Второкод')).length, 1);
  });
});

describe('a form on a site elsewhere', () => {
  const SITE = 'https://shop.example';
  const forms = `  shop: {type: webform, title: Магазин, creates: sales.lead, source: site, sites: [${SITE}/, "https://www.shop.example"]}
  thankful: {type: webform, title: Благодарная, creates: sales.lead, source: site, thanks: "${SITE}/thanks"}
  tilda: {type: webform, title: Тильда, creates: sales.lead, source: site, answer: ok, fields: {Checkbox: consent}, consent: Согласен на всё}
  narrow: {type: webform, title: Узкая, creates: sales.lead, source: site, per_minute: 3}
rules:`;
  let server, visitor, head, tests = 0;

  before(async () => {
    server = await startServer({ tz: tz.replace('rules:', forms) });
    head = await server.as('ivanova');
  });
  beforeEach(() => { // each has an address of its own, and so a whole quota
    visitor = server.client();
    visitor.agent = visitor.newAgent({ keepAlive: true, localAddress: `127.0.0.${10 + tests++}` });
  });
  after(() => server.stop());

  const leads = (q) => head.list('sales.lead', `q=${encodeURIComponent(q)}`);
  const found = (q) => until(async () => (await leads(q))[0], `the lead of ${q}`);
  const encoded = (fields) => new URLSearchParams(fields).toString();
  const post = (form, fields, headers = {}) => visitor.post(`/hook/${form}`, encoded(fields), { raw: true, headers: { 'content-type': FORM, ...headers } });
  const allowed = (reply) => reply.headers['access-control-allow-origin'];

  it('answers scripts of the sites that it names, and nobody else’s', async () => {
    for (const origin of [SITE, 'https://www.shop.example']) {
      assert.equal(allowed(await visitor.get('/hook/shop', { headers: { origin }, expect: 200 })), origin);
      const asked = await visitor.request('OPTIONS', '/hook/shop', undefined, { headers: { origin, 'access-control-request-method': 'POST' }, asWritten: true });
      assert.deepEqual([asked.status, allowed(asked), asked.headers['access-control-allow-headers']], [204, origin, 'Content-Type']);
      const sent = await visitor.post('/hook/shop', { name: `Сайтов ${origin.length}` }, { headers: { origin }, expect: 202 });
      assert.equal(allowed(sent), origin);
      assert.equal(allowed(await visitor.post('/hook/shop', 'x', { raw: true, headers: { origin, 'content-type': 'text/csv' } })), origin, 'a refusal can be read as well');
    }
    for (const origin of ['https://shop.example.evil.ru', 'http://shop.example', 'null']) {
      assert.equal(allowed(await visitor.get('/hook/shop', { headers: { origin } })), undefined, origin);
      assert.equal(allowed(await visitor.get('/hook/site', { headers: { origin: SITE } })), undefined);
    }
    await visitor.post('/hook/shop', { name: 'Чужесайтов' }, { headers: { origin: 'https://other.example' }, expect: 202 });
    await found('Чужесайтов'); // nothing is lost
  });

  it('sends a browser without scripts where the ТЗ says, or back, or shows a page', async () => {
    const html = { accept: 'text/html,*/*' };
    const place = async (form, name, headers) => {
      const reply = await post(form, { name, phone: '+79161239901' }, { ...html, ...headers });
      await found(name);
      return [reply.status, reply.headers.location ?? reply.headers['content-type']];
    };
    assert.deepEqual(await place('thankful', 'Благодаров', { referer: `${SITE}/x` }), [303, `${SITE}/thanks`]);
    assert.deepEqual(await place('shop', 'Возвратов', { referer: `${SITE}/p?id=1#top` }), [303, `${SITE}/p?id=1#sent`]);
    const own = server.url.replace('https://', '');
    assert.deepEqual(await place('shop', 'Своев', { referer: `https://${own}/m/intake/demo.html` }), [303, '/m/intake/demo.html#sent']);
    for (const referer of ['https://evil.example/p', `https://${own}//evil.example/`, 'нечто'])
      assert.deepEqual(await place('shop', `Страницын ${referer.length}`, { referer: encodeURI(referer) }), [200, 'text/html; charset=utf-8'], referer);
  });

  it('of Tilda is answered with ok, read by its names, with the marks of its cookie, and once', async () => {
    const tried = await post('tilda', { test: 'test' });
    assert.deepEqual([tried.status, tried.text], [200, 'ok']);
    const fields = {
      Name: 'Тильдов', Phone: '+7 (916) 123-99-02', Textarea: 'Нужна лопата', Checkbox: 'yes', Colour: 'жёлтый', tranid: '1:2', formid: 'form7', formname: 'Внизу',
      COOKIES: '_ym_uid=1; TILDAUTM=utm_source%3Dyandex%7C%7C%7Cutm_medium%3Dcpc%7C%7C%7Cutm_campaign%3D%D0%B2%D0%B5%D1%81%D0%BD%D0%B0; other=2',
      utm_medium: 'banner',
    };
    for (let i = 0; i < 3; i++) assert.equal((await post('tilda', fields)).text, 'ok'); // it asks two times more when it had no answer
    const made = await found('Тильдов');
    assert.deepEqual([made.name, made.phone, made.utm_source, made.utm_medium, made.utm_campaign], ['Тильдов', ['+79161239902'], 'yandex', 'banner', 'весна']);
    assert.equal(made.message, 'Нужна лопата\n\nДругие поля формы:\nColour: жёлтый\nformname: Внизу');
    assert.match(made.consent, /^Дано с отправкой формы[^]*Согласен на всё\nРедакция: [0-9a-f]{8}$/);
    await post('tilda', { Name: 'Злопеченьев', Textarea: 'Каток', COOKIES: 'TILDAUTM=utm_source%3D%FF%00%7C%7C%7Cutm_term%3Dx' });
    assert.equal((await found('Злопеченьев')).message, 'Каток', 'a cookie that is no text takes nothing away');
    await post('tilda', { Name: 'Послетильдов' });
    await found('Послетильдов');
    assert.equal((await leads('Тильдов')).length, 1);
  });

  it('takes so many requests a minute as the ТЗ says, whoever sends them, and the others go on', async () => {
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await post('narrow', { name: `Узков ${i}` })).status);
    assert.deepEqual(statuses, [202, 202, 202, 429, 429]);
    assert.equal((await post('shop', { name: 'Широков' })).status, 202);
  });

  it('keeps the consent in the words that the visitor saw, by text and version', async () => {
    const { consent } = (await visitor.get('/hook/site', { expect: 200 })).json;
    assert.match(consent.version, /^[0-9a-f]{8}$/);
    const send = async (name, more) => {
      await visitor.post('/hook/site', { name, phone: '+79161239903', consent: 'yes', ...more }, { expect: 202 });
      return (await found(name)).consent;
    };
    const plain = await send('Согласный', { consent_text: consent.text, consent_version: consent.version });
    assert.ok(plain.endsWith(`${consent.text}\nРедакция: ${consent.version}`) && !plain.includes('в ТЗ сейчас другой'), plain);
    const other = await send('Инотекстов', { consent_text: 'Разрешаю звонить' });
    assert.match(other, /^Дано[^]*в ТЗ сейчас другой\.\nРазрешаю звонить\nРедакция: [0-9a-f]{8}$/);
    assert.ok(!other.includes(consent.version));
    assert.match(await send('Старотекстов', { consent_version: '0badc0de' }), /другую редакцию[^]*Редакция: 0badc0de$/);
  });

  it('keeps the number that was dialled, and the site’s unknown fields in the message', async () => {
    await visitor.post('/hook/shop', { name: 'Звонков', phone: '+79161239904', dialled: '8 800 555-35-35', Размер: 'XL' }, { expect: 202 });
    const made = await found('Звонков');
    assert.deepEqual([made.dialled, made.phone, made.message], ['8 800 555-35-35', ['+79161239904'], 'Другие поля формы:\nРазмер: XL']);
  });
});

describe('a request that was held back as a robot’s', () => {
  const asked = '/api/v1/requests';
  let server, visitor, head, petrov;

  before(async () => {
    server = await startServer({ tz: tz.replace('  settings: [ivanova]', '  settings: [ivanova]\n  requests: [sidorova]') });
    visitor = server.client();
    [head, petrov] = [await server.as('ivanova'), await server.as('petrov')];
  });
  after(() => server.stop());

  const leads = (q) => head.list('sales.lead', `q=${encodeURIComponent(q)}`);
  const held = async (client = head) => (await client.get(asked, { expect: 200 })).json.rows;
  const send = async (fields) => (await visitor.post('/hook/site', fields, { expect: 202 })).json.id;
  const trapped = (receipt) => until(async () => (await held()).find((row) => row.receipt === receipt), 'the request held back');

  it('is shown to who may see to it, whole, and becomes a lead when it is let go on', async () => {
    const receipt = await send({ name: 'Невинный', phone: '+79161239910', message: 'Нужен каток', karkas_website: 'автозаполнение' });
    const row = await trapped(receipt);
    assert.deepEqual([row.form, row.state, row.error, row.released, row.cut], ['site', 'trapped', 'karkas_website', false, false]);
    assert.deepEqual(JSON.parse(row.body).message, 'Нужен каток');
    assert.equal((await leads('Невинный')).length, 0);

    for (const [method, path] of [['GET', asked], ['POST', `${asked}/${receipt}/release`]])
      assert.equal((await petrov.request(method, path)).status, 403, method);
    const sidorova = await server.as('sidorova');
    await sidorova.post(`${asked}/${receipt}/release`, undefined, { expect: 204 });
    const made = await until(async () => (await leads('Невинный'))[0], 'the lead');
    assert.deepEqual([made.source, made.title, made.phone], ['site', 'Нужен каток', ['+79161239910']]);
    assert.equal((await held(sidorova)).length, 0);
    assert.equal((await head.post(`${asked}/${receipt}/release`)).status, 404, 'it went on already');
    assert.equal((await leads('Невинный')).length, 1);
    const done = (await head.get(`${asked}?state=done`, { expect: 200 })).json.rows.find((one) => one.receipt === receipt);
    assert.equal(done.released, true);
  });

  it('is one that was sent faster than people can, not one that says nothing of it', async () => {
    const fast = await send({ name: 'Быстров', phone: '+79161239911', karkas_ms: 120 });
    assert.equal((await trapped(fast)).error, 'karkas_ms');
    await send({ name: 'Неспешный', phone: '+79161239912', karkas_ms: 7200 });
    await send({ name: 'Неисчислимый', phone: '+79161239913', karkas_ms: 'много' });
    await send({ name: 'Молчаливый', phone: '+79161239914' });
    for (const name of ['Неспешный', 'Неисчислимый', 'Молчаливый']) await until(async () => (await leads(name))[0], name);
    assert.equal((await leads('Быстров')).length, 0);
    assert.ok(!(await leads('Неспешный'))[0].message?.includes('karkas_ms'));
  });

  it('cannot be told from others by who sent it, nor let go on by a made-up receipt', async () => {
    const [good, bad] = [await visitor.post('/hook/site', { name: 'Чистый' }), await visitor.post('/hook/site', { name: 'Грязный', karkas_website: 'x' })];
    assert.deepEqual([good.status, Object.keys(good.json)], [bad.status, Object.keys(bad.json)]);
    for (const path of ['nosuch/release', `${good.json.id}/release`, 'a/b/release']) assert.equal((await head.post(`${asked}/${path}`, undefined, { asWritten: true })).status, 404, path);
  });
});
