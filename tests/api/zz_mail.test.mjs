// Outgoing mail: written with what caused it, sent afterwards, tried again, given up when refused.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { MailServer } from '../harness/smtp.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const START = '2027-01-18T07:00:00Z';

function withMail(port) {
  const mail = `  mail: {type: smtp, url: "smtp://127.0.0.1:${port}", from: crm@dealer.example}\n`;
  return dealer.replace('integrations:\n', `integrations:\n${mail}`);
}

import * as fsx from 'node:fs';
describe('mail', () => {
  let mail, server, visitor;

  before(async () => {
    mail = await new MailServer().start();
    server = await startServer({ time: START, tz: withMail(mail.port) });
    visitor = server.client();
  });
  after(async () => {
    fsx.writeFileSync('/tmp/mail-server.log', server.log);
    await server.stop();
    await mail.stop();
  });

  const submit = (text) => visitor.post('/hook/site', { name: 'Пётр', phone: '+7 495 123-45-67', text }, { expect: 202 });

  it('S-02: a notice reaches the manager by mail, in Russian', async () => {
    await submit('Нужен погрузчик');
    const [got] = await until(() => mail.messages.length && mail.messages, 'a mail');
    assert.match(got.to[0], /@dealer\.example/);
    assert.match(got.subject, /^Новая заявка/);
    assert.match(got.body, /^Новая заявка/);
    assert.match(got.id, /^<notice-\d+@dealer\.example>$/);
  });

  it('survives a mail server that is down, and a kill -9 of ours', async () => {
    mail.isDown = true;
    await submit('Нужен кран');
    await until(() => /event=job\.failed job="kernel\.mail"/.test(server.log), 'a failed try');
    await server.kill();
    mail.isDown = false;
    await server.restart();
    await server.advance('5m');
    const got = await until(() => mail.messages.find((m) => /Новая заявка/.test(m.subject)), 'the mail after all');
    assert.ok(got);
    await server.advance('6h');
    const ids = mail.messages.map((m) => m.id);
    assert.equal(new Set(ids).size, ids.length, `sent twice: ${ids}`);
  });

  it('is given up at once when the server refuses it for good', async () => {
    mail.messages.length = mail.attempts = 0;
    mail.refuse = '550 no such user';
    await submit('Нужен каток');
    await until(() => mail.attempts > 0, 'a try');
    await server.advance('6h');
    assert.equal(mail.messages.length, 0);
    const before = mail.attempts;
    await server.advance('12h');
    assert.equal(mail.attempts, before, 'a refused mail is not tried again');
    const admin = await server.as('admin');
    const told = () => admin.list('notification', 'kind=mail');
    const [notice] = await told();
    assert.match(notice.text, /@dealer\.example не доставлено/);
    const figures = await metrics(admin);
    assert.ok(figures.karkas_mail_dead_total >= 1);
    assert.equal(figures.karkas_inbox_waiting, 0);
    await submit('Нужен грейдер');
    await server.advance('6h');
    assert.ok((await metrics(admin)).karkas_mail_dead_total > figures.karkas_mail_dead_total);
    assert.equal((await told()).length, 1, 'one notice until it is read');
    mail.refuse = null;
  });
});

describe('a stop while a mail is under way', () => {
  const STOP_MS = 30000; // half of what a transfer may take
  const SLOW_RECEIPT_MS = 1200; // longer than a cancelled transfer lasts
  let mail, server;

  beforeEach(async () => {
    mail = await new MailServer().start();
    server = await startServer({ time: START, tz: withMail(mail.port) });
  });
  afterEach(async () => {
    await server.stop();
    await mail.stop();
  });

  const submit = () =>
    server.client().post('/hook/site', { name: 'Пётр', phone: '+7 495 123-45-67', text: 'Кран' }, { expect: 202 });

  async function stopped() {
    const start = Date.now();
    server.process.kill('SIGTERM');
    const [code] = await server.exited;
    assert.equal(code, 0, server.log);
    assert.ok(Date.now() - start < STOP_MS, `it took ${Date.now() - start} ms`);
  }

  it('does not wait for a mail server that says nothing; the mail is sent after the next start', async () => {
    mail.isSilent = true;
    await submit();
    await until(() => mail.open.size > 0, 'a connection');
    await stopped();
    mail.isSilent = false;
    await server.start();
    await server.advance('5m');
    await until(() => mail.messages.length === 1, 'the mail');
  });

  it('waits for the receipt of a message that was handed over, so that it is not sent twice', async () => {
    let give;
    mail.receipt = new Promise((resolve) => (give = resolve));
    await submit();
    await until(() => mail.messages.length === 1, 'a message');
    const end = stopped();
    await until(() => /event=flow\.cancelled/.test(server.log), 'the end of patience with transfers');
    setTimeout(give, SLOW_RECEIPT_MS);
    await end;
    mail.receipt = null;
    await server.start();
    await server.advance('6h');
    const [first, ...later] = mail.messages.map((m) => m.id);
    assert.ok(!later.includes(first), `sent twice: ${first}`);
  });
});
