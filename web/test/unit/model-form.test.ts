import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setCsrf } from '../../src/core/api.ts';
import type { Declaration, Model, ModelEntity, ModelField } from '../../src/core/model.ts';
import { ModelForm } from '../../src/screens/model-form.ts';

type Template = { strings: readonly string[]; values: unknown[] };
type Handler = (event: unknown) => void;

/** A template as the text of a page; what listens to events is put aside under their names. */
function pageOf(value: unknown, on: Map<string, Handler>): string {
  if (Array.isArray(value)) return value.map((one) => pageOf(one, on)).join('');
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (!value || typeof value !== 'object' || !('strings' in value)) return '';
  const { strings, values } = value as Template;
  return strings.reduce((page, text, i) => {
    const attribute = /([?@.]?)([\w-]+)=$/.exec(text);
    if (i === values.length || !attribute) return page + text + pageOf(values[i], on);
    const [whole, kind, name] = attribute;
    if (kind === '@') on.set(name!, values[i] as Handler);
    const said = kind === '' ? `${name}="${values[i]}"` : kind === '?' && values[i] ? name : '';
    return page + text.slice(0, -whole.length) + said;
  }, '');
}

/** What a browser has as the value of a control; a select that is closed has one too. */
function valueOf(page: string, id: string): string | undefined {
  const select = new RegExp(`<select[^>]*id="${id}"[^>]*>(.*?)</select>`, 's').exec(page);
  if (!select) return new RegExp(`<input[^>]*id="${id}"[^>]* value="([^"]*)"`).exec(page)?.[1];
  const options = [...select[1]!.matchAll(/<option value="([^"]*)"([^>]*)>/g)];
  return (options.find(([, , rest]) => rest!.includes('selected')) ?? options[0])?.[1];
}

function optionsOf(page: string, key: string): string[] {
  const select = new RegExp(`<select[^>]*id="model-${key}".*?</select>`, 's').exec(page)![0];
  return [...select.matchAll(/<option value="([^"]*)"[^>]*>([^<]*)</g)].map(([, name, label]) => (name ? `${name}: ${label}` : 'none'));
}

const field = (name: string, type: string, state: ModelField['state'], declaration: Declaration | null = null): ModelField => ({
  name, type, state, declaration, label: `${name} label`, made_by: 'model',
});
const entity = (name: string, state: ModelField['state'], fields: ModelField[] = []): ModelEntity => ({
  name, state, fields, label: `${name} label`, made_by: 'model', declaration: null,
});

let sent: Declaration[] = [];

beforeEach(() => {
  sent = [];
  setCsrf('token');
  globalThis.fetch = (_url, init) => {
    sent.push(JSON.parse(String(init!.body)) as Declaration);
    return Promise.resolve(Response.json({ ok: true, converts: true, rows: 1, misfits: 0, duplicates: 0 }));
  };
});

/** Opens a field, types another title and what else is given, saves. */
async function retitle(was: ModelField, fields: ModelField[] = [], typed: Record<string, string> = {}): Promise<string> {
  const of = entity('own.car', 'active', [was, ...fields]);
  const all: Model = { rev: '1', roles: [], entities: [entity('company', 'active'), of, entity('own.depot', 'retired')] };
  const form = new ModelForm();
  form.openField(all, of, was);
  return submit(form, { title: 'Another', ...typed });
}

/** Saves what the form has, with what is typed over it. */
async function submit(form: ModelForm, typed: Record<string, string>): Promise<string> {
  const on = new Map<string, Handler>();
  const page = pageOf(form.render(), on);
  form.querySelector = ((selector: string) => {
    if (selector === 'dialog') return { close: () => undefined };
    const id = selector.slice('#model-'.length);
    const value = typed[id] ?? valueOf(page, `model-${id}`);
    return value === undefined ? null : { value, focus: () => undefined };
  }) as typeof form.querySelector;
  on.get('submit')!({ preventDefault: () => undefined });
  for (let i = 0; form.busy && i < 1000; i++) await new Promise(setImmediate);
  return page;
}

for (const to of ['company', 'own.depot', 'hidden'])
  test(`another title leaves a reference to "${to}" as it is`, async () => {
    const page = await retitle(field('place', 'ref', 'active', { title: 'Place', type: 'ref', to }));
    assert.deepEqual(sent, [{ title: 'Another' }]);
    assert.equal(valueOf(page, 'model-to'), to);
  });

for (const state of ['active', 'coming', 'retired'] as const)
  test(`another title leaves a currency whose field is ${state} as it is`, async () => {
    const was = field('price', 'money', 'active', { title: 'Price', type: 'money', currency: 'unit' });
    const page = await retitle(was, [field('unit', 'choice', state), field('kind', 'choice', 'active'), field('gone', 'choice', 'retired')]);
    assert.deepEqual(sent, [{ title: 'Another' }]);
    assert.deepEqual(optionsOf(page, 'currency'), ['none', 'unit: Unit label', 'kind: Kind label']);
  });

test('a currency whose field is not listed at all is shown by its name and stays', async () => {
  const was = field('price', 'money', 'active', { title: 'Price', type: 'money', currency: 'unit' });
  const page = await retitle(was, [field('kind', 'choice', 'active')]);
  assert.deepEqual(sent, [{ title: 'Another' }]);
  assert.deepEqual(optionsOf(page, 'currency'), ['none', 'kind: Kind label', 'unit: unit']);
});

test('a currency can still be taken away, and another chosen', async () => {
  const was = field('price', 'money', 'active', { title: 'Another', type: 'money', currency: 'unit' });
  const fields = [field('unit', 'choice', 'retired'), field('kind', 'choice', 'active')];
  await retitle(was, fields, { currency: '' });
  await retitle(was, fields, { currency: 'kind' });
  assert.deepEqual(sent, [{ currency: null }, { currency: 'kind' }]);
});

test('the list of a reference that is there is closed, and not read', async () => {
  const was = field('place', 'ref', 'active', { title: 'Place', type: 'ref', to: 'own.depot' });
  const page = await retitle(was, [], { to: 'company' });
  assert.match(page, /<select[^>]*id="model-to"[^>]*disabled/);
  assert.deepEqual(sent, [{ title: 'Another' }]);
});

/** What is sent for a default typed into a new field of a type, and what the field says then. */
async function defaultOf(type: string, typed: string): Promise<{ sent: unknown; wrong: string }> {
  sent = [];
  const of = entity('own.car', 'active');
  const form = new ModelForm();
  form.openField({ rev: '1', roles: [], entities: [of] }, of, null);
  form.type = type;
  await submit(form, { title: 'Another', name: 'another', default: typed });
  const page = pageOf(form.render(), new Map());
  const wrong = /data-field="model-default"(?:(?!<label).)*<label(?:(?!<label).)*role="alert">.*?(model\.[\w.]+)<\/span>/s.exec(page)?.[1] ?? '';
  return { sent: sent[0]?.default, wrong };
}

for (const [type, typed, value] of [
  ['int', '1 500', 1500],
  ['int', '-7', -7],
  ['decimal', '0,125', 0.125],
  ['money', '1 500,50 ₽', 1500.5],
  ['percent', '20 %', 20],
  ['money', '12345678901234567.89', '12345678901234567.89'],
  ['text', '1500', '1500'],
  ['bool', 'false', false],
  ['date', 'today', 'today'],
] as const)
  test(`a default "${typed}" of the type ${type} goes out as ${JSON.stringify(value)}`, async () => {
    assert.deepEqual(await defaultOf(type, typed), { sent: value, wrong: '' });
  });

for (const [type, typed] of [['int', 'много'], ['int', '1,5'], ['decimal', '1.2.3'], ['money', 'me']] as const)
  test(`a default "${typed}" of the type ${type} is refused at its field, and nothing is sent`, async () => {
    const { sent: none, wrong } = await defaultOf(type, typed);
    assert.equal(none, undefined);
    assert.equal(wrong, type === 'int' ? 'model.default.whole' : 'model.default.number');
    assert.deepEqual(sent, []);
  });

test('another title leaves a default as it was written', async () => {
  await retitle(field('age', 'int', 'active', { title: 'Age', type: 'int', default: '5' }));
  await retitle(field('paid', 'bool', 'active', { title: 'Paid', type: 'bool', default: 'yes' }));
  assert.deepEqual(sent, [{ title: 'Another' }, { title: 'Another' }]);
});
