import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fmt from '../../src/core/fmt.ts';
import { setLang } from '../../src/core/i18n.ts';
import { meta } from '../../src/core/meta.ts';
import type { Meta } from '../../src/core/types.ts';

Object.assign(globalThis, { document: { documentElement: {} } });
await setLang('ru', false);
meta.set({ tz: 'Europe/Moscow', currency: 'RUB' } as Meta);
const NOW = Date.parse('2026-10-14T07:00:00Z'); // a Wednesday, 10:00 in Moscow
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

test('money has unbreakable spaces and kopecks only when there are any', () => {
  assert.equal(plain(fmt.money('24960000.00', 'RUB')), '24 960 000 ₽');
  assert.equal(plain(fmt.money('1234.5', 'RUB')), '1 234,50 ₽');
  assert.equal(plain(fmt.money('-5', 'RUB')), '−5 ₽');
  assert.ok(!fmt.money('24960000.00', 'RUB').includes(' '));
});

test('four digits stand together, as a year does', () => {
  assert.equal(fmt.whole(2021), '2021');
  assert.equal(plain(fmt.whole(-12021)), '−12 021');
  assert.equal(plain(fmt.number('1234.5', 2)), '1 234,50');
});

test('Russian phones are grouped, wrong ones stay as they came', () => {
  assert.equal(plain(fmt.phone('+79125553470')), '+7 912 555-34-70');
  assert.equal(fmt.phone('8 (916) 12'), '8 (916) 12');
  assert.equal(plain(fmt.phone('+375291234567')), '+375 291 234 567');
});

test('an extension is shown in the words of the language and dialled as it is stored', async () => {
  assert.equal(plain(fmt.phone('+74951234567;ext=12')), '+7 495 123-45-67 доб. 12');
  assert.equal(fmt.dial('+74951234567;ext=12'), 'tel:+74951234567;ext=12');
  assert.equal(fmt.dial('8 (916) 12'), null);
  await setLang('en', false);
  assert.equal(plain(fmt.phone('+74951234567;ext=12')), '+7 495 123-45-67 ext. 12');
  await setLang('ru', false);
});

test('moments are said relative to today in the zone of the deployment', () => {
  assert.equal(fmt.moment('2026-10-14T07:30:00Z', NOW), '10:30');
  assert.equal(fmt.moment('2026-10-13T13:00:00Z', NOW), 'вчера, 16:00');
  assert.equal(fmt.moment('2026-10-14T21:30:00Z', NOW), 'завтра, 00:30');
  assert.equal(fmt.moment('2026-10-12T06:00:00Z', NOW), 'пн, 12 окт, 09:00');
  assert.equal(fmt.moment('2026-11-24T06:00:00Z', NOW), '24 ноя');
  assert.equal(fmt.moment('2025-05-09T06:00:00Z', NOW), '9 мая 2025');
});

test('English dates have the day before the month unless the browser says otherwise', async () => {
  await setLang('en', false);
  assert.equal(fmt.moment('2026-11-24T06:00:00Z', NOW), '24 Nov');
  assert.equal(fmt.fullMoment('2026-10-14T07:30:00Z'), '14 October 2026, 10:30');
  assert.equal(plain(fmt.money('24960000.00', 'RUB')), '₽24,960,000');
  await setLang('ru', false);
});

test('what is due counts down within the hour and turns red when it is late', () => {
  assert.deepEqual(fmt.due('2026-10-14T07:03:48Z', NOW), { text: '3:48', state: 'warn', ticking: true });
  assert.deepEqual(fmt.due('2026-10-14T06:55:48Z', NOW), { text: '−4:12', state: 'danger', ticking: true });
  assert.deepEqual(fmt.due('2026-10-14T07:21:30Z', NOW), { text: '21:30', state: 'ok', ticking: true });
  assert.deepEqual(fmt.due('2026-10-13T13:00:00Z', NOW), {
    text: 'вчера, 16:00',
    state: 'danger',
    ticking: false,
  });
  assert.deepEqual(fmt.due('2026-10-14', NOW), { text: 'сегодня', state: '', ticking: false });
  const done = (iso: string) => fmt.due(iso, NOW, true);
  assert.deepEqual(done('2026-10-14T07:03:48Z'), { text: '10:03', state: '', ticking: false }, 'of what is done');
  assert.deepEqual(done('2026-10-12'), { text: '12 окт', state: '', ticking: false });
});

test('an input shows the clock of the deployment, also over a change to summer time', () => {
  assert.equal(fmt.toLocalInput('2027-01-18T07:15:00.000Z'), '2027-01-18T10:15');
  assert.equal(fmt.fromLocalInput('2027-01-18T10:15'), '2027-01-18T07:15:00.000Z');
  assert.equal(fmt.fromLocalInput('2027-07-01T12:00', 'Europe/Berlin'), '2027-07-01T10:00:00.000Z');
  assert.equal(fmt.fromLocalInput('2027-01-01T12:00', 'Europe/Berlin'), '2027-01-01T11:00:00.000Z');
  assert.equal(fmt.fromLocalInput('no date'), null);
});

test('durations are said in the units that fit', () => {
  assert.equal(fmt.duration(15 * 60000), '15 мин');
  assert.equal(fmt.duration(90 * 60000), '1 ч 30 мин');
  assert.equal(fmt.duration(5 * 86400000), '5 дней');
});

test('initials are of the first two words', () => {
  assert.equal(fmt.initials('Анна Котова'), 'АК');
  assert.equal(fmt.initials('ООО «Вектор-Строй»'), 'ОВ');
  assert.equal(fmt.initials(''), '');
});
