// What `karkas module check` fills in by itself: values that may not repeat, people and records of other modules that one needs, parts of records,
// and a server on the ТЗ of the module. So that such a module is proved, and not told to fail or left untried.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, it } from 'node:test';
import { Author, row } from '../harness/author.mjs';

const MODULE = `module: billing
version: 1.0.0
level: 1
needs: [contacts]
entities:
  bill:
    title: code
    owner: [owner, created_by]
    fields:
      code: {type: text, required: true, unique: true, max: 60, search: true}
      mail: {type: email, required: true, unique: true}
      buyer: {type: ref, to: contacts.person, required: true, index: true}
      owner: {type: user, index: true, default: me}
      keeper: {type: user, required: true}
    views:
      list: [{id: all, columns: [code, buyer, owner], sort: [-id]}]
  line:
    title: name
    part_of: bill
    fields:
      bill: {type: ref, to: billing.bill, required: true, index: true}
      name: {type: text, required: true, max: 200, search: true}
    views:
      list: [{id: all, columns: [name, bill], sort: [-id]}]
`;
const texts = (count) => `billing.title: Bills
billing.bill.one: bill
billing.bill.many: bills
billing.bill.count: "{n, plural, ${count}}"
billing.bill.f.code: Code
billing.bill.f.mail: Mail
billing.bill.f.buyer: Buyer
billing.bill.f.owner: Owner
billing.bill.f.keeper: Keeper
billing.bill.v.all: All
billing.line.one: line
billing.line.many: lines
billing.line.count: "{n, plural, ${count}}"
billing.line.f.bill: Bill
billing.line.f.name: Name
billing.line.v.all: All
`;
const TZ = `tz: 1
title: Счета
version: "1.0"
company: {name: Счета, timezone: Europe/Moscow}
modules: [contacts, billing]
roles: {seller: {title: Продавец, rights: {billing.bill: {read: own, create: own}}}}
`;
let author;

before(() => {
  author = new Author();
  for (const folder of ['billing', 'billing/locales', 'billing/tests']) {
    fs.mkdirSync(path.join(author.home, folder));
    author.own(path.join(author.home, folder));
  }
  author.write('billing/module.yaml', MODULE);
  author.write('billing/locales/ru.yaml', texts('one {# a} few {# b} many {# c} other {# c}'));
  author.write('billing/locales/en.yaml', texts('one {# a} other {# b}'));
  author.write('billing/tests/tz.yaml', TZ);
});
after(() => author.remove());

it('a module whose records cannot repeat, need somebody and those of another module and have parts is proved whole', async () => {
  const said = await author.karkas('module', 'check', 'billing', '--report', 'billing.html');
  assert.equal(said.code, 0, said.out);
  const walked = row(said, 'Чужой ничего не видит');
  assert.equal(walked.state, '+', said.out);
  assert.match(walked.found, /сущностей: 2,/, 'the bill and its lines');
  const upgraded = row(said, 'Меняется на ходу без отказов');
  assert.equal(upgraded.state, '+', said.out);
  assert.ok(Number(upgraded.found.match(/записей (\d+)/)[1]) > 1, upgraded.found);
  assert.match(row(said, 'Переживает kill -9').found, /подтверждено [1-9]\d*, потеряно 0/);
  const tz = row(said, 'Применимо его ТЗ');
  assert.equal(tz.state, '+', said.out);
  assert.match(tz.found, /запуск \d+ мс/, 'a server ran on it');
  assert.match(author.read('billing.html'), /billing/);
});
