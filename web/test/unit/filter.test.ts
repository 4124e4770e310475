import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRows, conditionOf, isChanged, isPlain, meets, nextSort, query, readState, writeState } from '../../src/core/filter.ts';
import { layouts } from '../../src/core/layout.ts';
import type { ListView, Row } from '../../src/core/types.ts';

const VIEWS: ListView[] = [
  { id: 'open', label: 'Open', columns: [], filter: ['stage', 'in', ['new']] },
  { id: 'all', label: 'All', columns: [] },
];
const row = (values: object) => ({ id: 1, rev: 1, ...values }) as Row;

test('the state of a list survives its address', () => {
  const state = {
    view: 'all',
    q: 'кран 25',
    sort: '-amount',
    chips: { stage: ['new', 'work'], owner: ['me'] },
  };
  const text = writeState(state, VIEWS);
  assert.equal(text, '?view=all&q=%D0%BA%D1%80%D0%B0%D0%BD+25&sort=-amount&f.stage=new,work&f.owner=me');
  assert.deepEqual(readState(new URLSearchParams(text), VIEWS), state);
});

test('a list looked at as a board says so in its address, the recycle bin has none', () => {
  const state = { view: 'all', q: '', sort: null, chips: {}, board: true };
  const text = writeState(state, VIEWS);
  assert.equal(text, '?view=all&as=board');
  assert.deepEqual(readState(new URLSearchParams(text), VIEWS), state);
  assert.equal(writeState({ ...state, bin: true }, VIEWS), '?view=all&bin=1');
  assert.equal(readState(new URLSearchParams('as=chart'), VIEWS).board, undefined);
});

test('how a field compares survives its address, whatever its words hold', () => {
  const chips = { 'amount.is': ['gte:1000.50', 'lte:2000'], 'city.is': ['has:Орск, 100%'], 'email.is': ['none'] };
  const state = { view: 'open', q: '', sort: null, chips };
  assert.deepEqual(readState(new URLSearchParams(writeState(state, VIEWS)), VIEWS), state);
  const wanted = ['and', ['stage', 'in', ['new']], ['amount', 'gte', 1000.5], ['amount', 'lte', 2000], ['city', 'has', 'Орск, 100%'], ['email', 'none']];
  assert.deepEqual(JSON.parse(query(state, VIEWS[0], 7).get('filter')!), wanted);
  assert.deepEqual(conditionOf(state, VIEWS[0], 7, () => 'text'), wanted);
});

test('a saved view brings its chips; the address tells only what differs from them', () => {
  const saved = { id: 3, rev: 1, base: 'all', isMine: true, shared: false, first: true, chips: { stage: ['new'], owner: ['me'] } };
  const views: ListView[] = [...VIEWS, { id: 'v3', label: 'Mine', columns: [], saved }];
  const own = readState(new URLSearchParams(''), views);
  assert.deepEqual([own.view, own.chips], ['v3', saved.chips], 'it is the first');
  assert.equal(writeState(own, views), '');
  const less = { ...own, chips: { stage: ['new', 'work'] } };
  assert.equal(writeState(less, views), '?f.stage=new,work&f.owner=');
  assert.deepEqual(readState(new URLSearchParams(writeState(less, views)), views), less);
  assert.equal(writeState({ ...own, view: 'open', chips: {} }, views), '?view=open');
  assert.deepEqual([isPlain(own, views[2]), isPlain(less, views[2]), isChanged(less, views[2])], [true, false, true]);
});

test('the first view stands in no address, an unknown one falls back to it', () => {
  assert.equal(writeState({ view: 'open', q: '', sort: null, chips: {} }, VIEWS), '');
  assert.equal(readState(new URLSearchParams('view=gone'), VIEWS).view, 'open');
});

test('chips narrow the view: "me" becomes the caller', () => {
  const search = query({ view: 'open', q: ' кран ', sort: null, chips: { owner: ['me', '9'] } }, VIEWS[0], 7);
  assert.equal(search.get('filter'), '["stage","in",["new"]]');
  assert.equal(search.get('owner.in'), '7,9');
  assert.equal(search.get('q'), 'кран');
});

test('a chip over a part of an address holds one text, commas and all', () => {
  const state = { view: 'open', q: '', sort: null, chips: { 'address.city': ['Кемерово'], 'address.house': ['5, корп 1'] } };
  assert.deepEqual(readState(new URLSearchParams(writeState(state, VIEWS)), VIEWS), state);
  const search = query(state, undefined, 7);
  assert.equal(search.get('address.city.has'), 'Кемерово');
  assert.equal(search.get('address.house.eq'), '5, корп 1');
  assert.deepEqual(conditionOf(state, undefined, 7, () => undefined), ['and', ['address.city', 'has', 'Кемерово'], ['address.house', 'eq', '5, корп 1']]);
});

test('a chip over when something is due leaves the present to the server, and takes no other words', () => {
  const state = { view: 'open', q: '', sort: null, chips: { 'due.when': ['overdue', 'today'] } };
  assert.deepEqual(readState(new URLSearchParams(writeState(state, VIEWS)), VIEWS), state);
  const or = ['or', ['due', 'lt', 'now'], ['and', ['due', 'gte', 'now'], ['due', 'lt', 'today+1d']]];
  const whole = ['and', ['stage', 'in', ['new']], or];
  assert.deepEqual(JSON.parse(query(state, VIEWS[0], 7).get('filter')!), whole);
  assert.deepEqual(conditionOf(state, VIEWS[0], 7, () => undefined), whole);
  const bin = query({ ...state, chips: { 'due.when': ['none'] }, bin: true }, VIEWS[0], 7);
  assert.deepEqual([bin.get('deleted'), bin.get('filter')], ['only', '["due","none"]']);
  assert.deepEqual(readState(new URLSearchParams('f.due.when=constructor,later'), VIEWS).chips, { 'due.when': ['later'] });
  assert.deepEqual(readState(new URLSearchParams('f.due.when=soon'), VIEWS).chips, {});
});

test('a header sorts by its field, then the other way, then not at all', () => {
  assert.equal(nextSort(null, 'amount', true), '-amount');
  assert.equal(nextSort('-amount', 'amount', true), 'amount');
  assert.equal(nextSort('amount', 'amount', true), null);
  assert.equal(nextSort('-amount', 'title', false), 'title');
});

test('conditions decide whether a field is shown', () => {
  assert.ok(meets(['stage', 'eq', 'lost'], row({ stage: 'lost' })));
  assert.ok(
    !meets(
      ['and', ['stage', 'in', ['a', 'b']], ['amount', 'gt', '100']],
      row({ stage: 'a', amount: '99.00' }),
    ),
  );
  assert.ok(meets(['or', ['x', 'none', 1], ['y', 'eq', 1]], row({ x: null })));
  assert.ok(meets(['not', ['owner', 'me']], row({ owner: { id: 8 } }), 7));
  assert.ok(meets(['owner', 'me'], row({ owner: { id: 7 } }), 7));
  assert.ok(meets(['contact.city', 'eq', 'Пермь'], row({ contact: { id: 1, city: 'Пермь' } })));
  assert.ok(meets(undefined, row({})));
});

test('rows are placed by the same order the server gives them in', () => {
  const a = row({ id: 1, amount: '900.00' }),
    b = row({ id: 2, amount: '1000.00' }),
    c = row({ id: 3, amount: null });
  assert.deepEqual(
    [b, c, a].sort((x, y) => compareRows(x, y, ['amount'])).map((r) => r.id),
    [3, 1, 2],
  );
  assert.deepEqual(
    [b, c, a].sort((x, y) => compareRows(x, y, ['-amount'])).map((r) => r.id),
    [2, 1, 3],
  );
  assert.ok(
    compareRows(row({ id: 5 }), row({ id: 4 }), ['-created_at']) < 0,
    'the newer id first when moments are equal',
  );
});

test('a word in the wrong keyboard layout is understood', () => {
  assert.deepEqual(layouts('dtrnjh'), ['dtrnjh', 'вектор']);
  assert.deepEqual(layouts('щзут'), ['щзут', 'open']);
  assert.deepEqual(layouts('mix мир'), ['mix мир']);
});
