// ТЗ texts for tests: one small dealer, so that a test states only what it changes.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const packaging = fileURLToPath(new URL('../../packaging/', import.meta.url));

export const people = `login,name,email,department,roles
ivanova,Анна Иванова,ivanova@dealer.example,sales,head
petrov,Пётр Петров,petrov@dealer.example,sales,manager
sidorova,Ольга Сидорова,sidorova@dealer.example,sales,manager
kuznetsov,Илья Кузнецов,kuznetsov@dealer.example,service,manager
belova,Мария Белова,belova@dealer.example,finance,accountant
`;

export const dealer = `tz: 1
title: Проверка
version: "1.0"
company:
  name: ООО «Проверка»
  timezone: Europe/Moscow
  departments:
    sales:   {title: Отдел продаж, head: ivanova}
    service: {title: Сервис}
    finance: {title: Бухгалтерия}
people: {file: people.csv}
modules: auto
roles:
  manager:
    title: Менеджер
    rights:
      contacts.*: {read: involved, create: own, update: own}
      sales.lead: {read: own, create: own, update: own}
      sales.deal: {read: own, create: own, update: own}
      tasks.task: {read: own, create: own, update: own}
  head:
    title: Руководитель
    rights:
      contacts.*: {read: team, create: team, update: team, reassign: team}
      sales.*: {read: team, create: team, update: team, reassign: team}
      tasks.task: {read: team, create: team, update: team}
  accountant:
    title: Бухгалтер
    rights:
      sales.deal: {read: {where: {outcome: [won, lost]}}, fields: [title, amount, stage, closed_at]}
functions:
  settings: [ivanova]
  delete: [ivanova]
  bulk: [head, manager]
pipelines:
  main:
    title: Продажа
    of: sales.deal
    stages:
      new:     {title: Новая}
      work:    {title: В работе}
      payment: {title: Ожидание оплаты}
      paid:    {title: Оплачено, outcome: won}
      lost:    {title: Отказ, outcome: lost, require: [lost_reason]}
    start: [new, work]
    moves:
      - {from: [new, work], to: [work, payment, lost], who: [manager, head]}
      - {from: payment, to: [paid, lost], who: [head]}
    locks: [{stage: [payment, paid], fields: [amount], except: [head]}]
integrations:
  site: {type: webform, title: Форма на сайте, creates: sales.lead, source: site}
rules:
  R-1:
    text: Заявка с сайта получает карточку клиента, менеджера и задачу на звонок через 15 минут.
    priority: must
    when: {created: sales.lead, where: {source: site}}
    do:
      - contact: {match: [phone, email]}
      - assign: {role: manager, department: sales, strategy: free, prefer: [contact.owner, contact.participant]}
      - contact: {match: [phone, email], otherwise: create}
      - task: {kind: call, title: Позвонить по заявке, to: owner, due: 15m, remind: 0m}
      - notify: {to: owner, text: "Новая заявка: {title}"}
    otherwise:
      - notify: {to: department.head, text: "Некому назначить заявку {title}"}
`;

/** The text with every record that may be read going out in a file, and every one that may be made coming in from one. */
export const withFiles = (tz) =>
  tz.replace(/\bread: (\w+)(?=[,}])/g, '$&, export: $1').replace(/\bcreate: (\w+)(?=[,}])/g, '$&, import: $1');

const NAMED_MANAGERS = ['petrov', 'sidorova', 'kuznetsov', 'akhmetova'];

/** Writes the ТЗ and its people beside each other and returns the path. */
export function writeTz(folder, text = dealer, csv = people) {
  const file = path.join(folder, 'tz.yaml');
  fs.writeFileSync(file, text);
  fs.writeFileSync(path.join(folder, 'people.csv'), csv);
  return file;
}

/**
 * The example dealer grown: so many managers in the sales department and in each of the branches, whose
 * heads are head1, head2 …
 */
export function dealerAtScale(branches, managers) {
  const { tz, people: csv } = dealerOf(...NAMED_MANAGERS);
  const numbers = (n, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => i + from);
  const row = (login, name, place, role) => `${login};${name};${login}@example.ru;;${place};${role};`;
  const places = numbers(branches).map((b) => `    branch${b}: {title: Филиал ${b}, head: head${b}}\n`);
  const more = [
    ...numbers(managers, NAMED_MANAGERS.length + 1).map((m) => row(`sales${m}`, `Менеджер ${m}`, 'sales', 'manager')),
    ...numbers(branches).flatMap((b) => [
      row(`head${b}`, `Руководитель филиала ${b}`, `branch${b}`, 'head'),
      ...numbers(managers).map((m) => row(`branch${b}m${m}`, `Менеджер ${m} филиала ${b}`, `branch${b}`, 'manager')),
    ]),
  ];
  return { tz: tz.replace(/^ {2}departments:.*\n/m, (line) => line + places.join('')), people: `${csv.trimEnd()}\n${more.join('\n')}\n` };
}

/** The example dealer with the named managers only, so that a test knows who gets a request. */
export function dealerOf(...managers) {
  const read = (name) => fs.readFileSync(path.join(packaging, name), 'utf8');
  const isManager = (line) => line.split(';')[5]?.split(' ').includes('manager');
  const kept = read('dealer-people.csv')
    .split('\n')
    .filter((line) => !isManager(line) || managers.includes(line.split(';')[0]));
  return { tz: read('dealer.yaml').replace('dealer-people.csv', 'people.csv'), people: kept.join('\n') };
}
