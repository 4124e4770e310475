import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, pace } from '../../src/board/drag.ts';
import { faceOf } from '../../src/board/face.ts';
import { figuresOf, figuresOfRow, NONE, plus, questionOf, type Measured } from '../../src/board/figures.ts';
import { judge } from '../../src/board/judge.ts';
import { beside } from '../../src/board/keys.ts';
import type { Column } from '../../src/board/model.ts';
import { columnsOf, nextTo, placed } from '../../src/board/order.ts';
import { meta } from '../../src/core/meta.ts';
import type { ListView, Meta, Row, Stage } from '../../src/core/types.ts';

const STAGES: Stage[] = [
  { v: 'new', l: 'New' },
  { v: 'offer', l: 'Offer', require: ['amount', 'number'] },
  { v: 'lost', l: 'Lost', outcome: 'lost', require: ['reason'] },
];
const VIEW: ListView = { id: 'open', label: 'Open', columns: ['number', 'title', 'company', 'amount', 'stage', 'owner', 'expected_at'] };
const FIELDS = {
  number: { type: 'int', label: '', read_only: true },
  title: { type: 'text', label: '' },
  note: { type: 'text', label: '' },
  company: { type: 'ref', label: '', to: 'contacts.company' },
  amount: { type: 'money', label: '', currencyField: 'currency' },
  currency: { type: 'choice', label: '' },
  stage: { type: 'stage', label: '', pipeline: 'main' },
  owner: { type: 'user', label: '' },
  reason: { type: 'choice', label: '' },
  expected_at: { type: 'date', label: '' },
};
meta.set({
  entities: { 'sales.deal': { title: 'title', fields: FIELDS, views: { list: [VIEW] } } },
  pipelines: { main: { entity: 'sales.deal', label: '', stages: STAGES } },
} as unknown as Meta);

const row = (id: number, values: object = {}) => ({ id, rev: 1, ...values }) as Row;
const ids = (rows: Row[]) => rows.map(({ id }) => id);
const MEASURED: Measured = { stage: 'stage', money: 'amount', currency: 'currency', home: 'RUB' };

test('columns are the stages of the pipeline, or those that a filter leaves', () => {
  assert.deepEqual(columnsOf(STAGES, undefined), STAGES);
  assert.deepEqual(columnsOf(STAGES, ['lost', 'new']).map(({ v }) => v), ['new', 'lost']);
});

test('a card takes its place in the order of the column', () => {
  const rows = [row(1, { amount: '300.00' }), row(2, { amount: '200.00' }), row(3, { amount: '100.00' })];
  assert.deepEqual(ids(placed(rows, row(4, { amount: '250.00' }), ['-amount'])), [1, 4, 2, 3]);
  assert.deepEqual(ids(placed(rows, row(4, { amount: '50.00' }), ['-amount'])), [1, 2, 3, 4]);
  assert.deepEqual(ids(placed(rows, row(1, { amount: '150.00' }), ['-amount'])), [2, 1, 3]);
  const same = placed(rows, row(2, { amount: '200.00', title: 'b' }), ['-amount']);
  assert.deepEqual([ids(same), same[1]!.title], [[1, 2, 3], 'b']);
});

test('carrying by keys stops at the first and the last column', () => {
  assert.equal(nextTo(STAGES, 'new', 1).v, 'offer');
  assert.equal(nextTo(STAGES, 'new', -1).v, 'new');
  assert.equal(nextTo(STAGES, 'lost', 1).v, 'lost');
});

test('arrows walk to the card beside, over empty columns', () => {
  const columns = [[1, 2, 3], [], [4]].map((all) => ({ rows: all.map((id) => row(id)) }) as unknown as Column);
  assert.equal(beside(columns, 1, 0, 1), 2);
  assert.equal(beside(columns, 3, 0, 1), 3);
  assert.equal(beside(columns, 3, 1, 0), 4);
  assert.equal(beside(columns, 4, -1, 0), 1);
  assert.equal(beside(columns, 4, 1, 0), 4);
  assert.equal(beside(columns, 9, 1, 0), 9);
});

test('money of each currency is summed for itself', () => {
  const rows = [
    { stage: 'new', currency: 'RUB', cards_total: 2, money_total: '100.10' },
    { stage: 'new', currency: 'USD', cards_total: 1, money_total: '7.00' },
    { stage: 'new', currency: null, cards_total: 1, money_total: '0.20' },
    { stage: 'lost', currency: 'RUB', cards_total: 3, money_total: null },
  ];
  const all = figuresOf(rows, MEASURED);
  assert.deepEqual(all.get('new'), { n: 4, sums: [{ currency: 'RUB', amount: 100.3 }, { currency: 'USD', amount: 7 }] });
  assert.deepEqual(all.get('lost'), { n: 3, sums: [] });
});

test('a card that leaves a column takes its money with it', () => {
  const one = figuresOfRow(row(1, { amount: '0.10', currency: 'USD' }), MEASURED);
  const two = plus(plus(NONE, one), figuresOfRow(row(2, { amount: '0.20', currency: 'USD' }), MEASURED));
  assert.deepEqual(two, { n: 2, sums: [{ currency: 'USD', amount: 0.3 }] });
  assert.deepEqual(plus(two, one, -1), { n: 1, sums: [{ currency: 'USD', amount: 0.2 }] });
  assert.deepEqual(figuresOfRow(row(3, { amount: null }), MEASURED), { n: 1, sums: [] });
});

test('the question for the figures is that of the list', () => {
  assert.deepEqual(questionOf(MEASURED, ['owner', 'in', [7]], 'кран'), {
    where: ['owner', 'in', [7]],
    q: 'кран',
    by: ['stage', 'currency'],
    measures: { cards_total: 'count', money_total: { sum: 'amount' } },
    limit: 1000,
  });
  assert.deepEqual(questionOf({ ...MEASURED, money: null }, true, ''), { by: ['stage'], measures: { cards_total: 'count' }, limit: 1000 });
});

test('a record goes where it says that it may, and is asked for what the stage needs of what can be edited', () => {
  const record = row(1, { stage: 'new', amount: null, number: null, _can: ['update', 'move:offer'] });
  assert.deepEqual(judge('sales.deal', record, STAGES[0]!), { kind: 'here' });
  assert.deepEqual(judge('sales.deal', record, STAGES[1]!), { kind: 'asks', fields: ['amount'] });
  assert.deepEqual(judge('sales.deal', { ...record, amount: '1.00' }, STAGES[1]!), { kind: 'free' });
  assert.deepEqual(judge('sales.deal', record, STAGES[2]!), { kind: 'denied' });
});

test('a card shows what the view shows, few fields of it', () => {
  assert.deepEqual(faceOf('sales.deal', VIEW), {
    title: 'title',
    line: ['company'],
    money: 'amount',
    due: null,
    date: 'expected_at',
    owner: 'owner',
  });
  const bare = { ...VIEW, columns: ['title', 'note'], sort: ['expected_at'] };
  assert.deepEqual(faceOf('sales.deal', bare), {
    title: 'title',
    line: ['note'],
    money: 'amount',
    due: 'expected_at',
    date: null,
    owner: 'owner',
  });
});

test('a gap belongs to the column beside it, and a column to itself up to its edge', () => {
  const boxes = [{ left: 0, right: 100 }, { left: 108, right: 200 }];
  assert.deepEqual([50, 103, 105, 109, 199, 220, 230].map((x) => nearest(boxes, x)), [0, 0, 1, 1, 1, 1, -1]);
  assert.equal(nearest([], 5), -1);
});

test('near an edge it scrolls, the faster the nearer', () => {
  assert.equal(pace(500, 0, 1000), 0);
  assert.ok(pace(990, 0, 1000) > pace(960, 0, 1000) && pace(960, 0, 1000) > 0);
  assert.equal(pace(-20, 0, 1000), -16);
  assert.equal(pace(50, 0, 100), 0, 'a small box has room between its edges');
});
