import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimalOf, groupedNumber, numberFault, numeric } from '../../src/fields/number.ts';
import type { Field } from '../../src/core/types.ts';

const RU = { isEnglish: false, sign: '₽' },
  EN = { isEnglish: true, sign: '$' };
const money: Field = { type: 'money', label: '', scale: 2 };
const whole: Field = { type: 'int', label: '' };
const plain = (text: unknown) => String(text).replace(/\u202f/g, ' ');

test('a number is read as people type and paste it, to the last digit', () => {
  const same: [string, string][] = [
    ['1 250 000,50 ₽', '1250000.50'],
    ['1\u00a0250\u202f000\u2009руб.', '1250000'],
    ['1250000.5', '1250000.5'],
    ['1.250.000,50', '1250000.50'],
    ['1,250,000.50', '1250000.50'],
    ['1,250,000', '1250000'],
    ["1'250'000", '1250000'],
    ['−5', '-5'],
    ['+7', '7'],
    ['12,5 %', '12.5'],
    ['90 071 992 547 409,93', '90071992547409.93'],
    [',5', '0.5'],
    ['5,', '5'],
    ['007', '7'],
    ['-0,00', '0.00'],
    ['3 рубля', '3'],
    ['3р', '3'],
  ];
  for (const [text, decimal] of same) assert.equal(decimalOf(text, RU), decimal, text);
});

test('what could be meant otherwise is no number', () => {
  for (const text of ['', ' ', ',', 'много', '12 тыс', '12.05.2026', '1.2.3', '1,25,000', '5-5', '1e5', '$5', '0x1f', '--5'])
    assert.equal(decimalOf(text, RU), null, text);
  assert.equal(decimalOf('5 руб.', EN), null, 'the money of others');
});

test('a comma before three digits groups them in English only', () => {
  assert.equal(decimalOf('1,250', EN), '1250');
  assert.equal(decimalOf('$1,250.5', EN), '1250.5');
  assert.equal(decimalOf('1,25', EN), '1.25');
  assert.equal(decimalOf('1,250', RU), '1.250');
});

test('an input shows groups of three with narrow no-break spaces, and reads what it shows', () => {
  assert.equal(groupedNumber('money', '1250000.50', false), '1\u202f250\u202f000,50');
  assert.equal(groupedNumber('money', '1250000.00', false), '1\u202f250\u202f000');
  assert.equal(plain(groupedNumber('money', '-1250.5', false)), '-1 250,50');
  assert.equal(plain(groupedNumber('decimal', '1250.5', true)), '1 250.5');
  assert.equal(groupedNumber('int', '2021', false), '2021', 'a year');
  assert.equal(plain(groupedNumber('int', '20215', false)), '20 215');
  assert.equal(decimalOf(groupedNumber('money', '90071992547409.93', false), RU), '90071992547409.93');
});

test('a number that nobody should guess is told of with what was expected', () => {
  const fault = (field: Field, value: unknown) => {
    const found = numberFault('x', field, value, RU);
    return found && [found.field, found.code, plain(found.params!.sample)];
  };
  assert.deepEqual(fault(money, 'много'), ['x', 'number.money', '1 250 000,50']);
  assert.deepEqual(fault(money, '1.250'), ['x', 'number.digits', '1 250 000,50']);
  assert.deepEqual(fault({ ...money, scale: undefined }, '1,5'), ['x', 'number.whole', '1 250 000']);
  assert.deepEqual(fault(whole, '12.000'), ['x', 'number.whole', '1200']);
  assert.deepEqual(fault({ type: 'percent', label: '', scale: 1 }, 'x'), ['x', 'number.percent', '12,5']);
  for (const value of ['1250000.50', '1 250', null, '', ' ', 7]) assert.equal(fault(money, value), null, String(value));
  assert.equal(fault({ type: 'text', label: '' }, 'много'), null);
});

test('a number goes as JSON number while that keeps every digit', () => {
  assert.equal(numeric('int', '12 000'), 12000);
  assert.equal(numeric('int', '12,5'), null);
  assert.equal(numeric('decimal', '0,0000001'), '0.0000001');
  assert.equal(numeric('money', '90 071 992 547 409,93'), '90071992547409.93');
});
