// Why a record may not go to a stage (S-13, S-14, S-15): the answer says which way, whose right, which field or which
// lock it is, in the reader's language, and names nothing that the reader may not know.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people } from '../harness/tz.mjs';

const DEALS = '/api/v1/sales.deal';
const CLERK = `  clerk:
    title: Помощник
    rights:
      sales.deal: {read: all, create: all, update: all, fields: [title, amount, stage, owner]}
`;
const tz = dealer.replace('  accountant:\n', `${CLERK}  accountant:\n`).replace('who: [manager, head]', 'who: [manager, head, clerk]');
const ROLE = 'Из «Ожидание оплаты» в «Оплачено» переводит: Руководитель. Попросите об этом.';
const PATH = 'Из «Новая» сразу в «Оплачено» не переводят. Отсюда можно в: В работе, Ожидание оплаты, Отказ.';
let server, head, petrov, orlov;

before(async () => {
  server = await startServer({ tz, people: `${people}orlov,Олег Орлов,orlov@dealer.example,sales,clerk\n` });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  orlov = await server.as('orlov');
});
after(() => server?.stop());

const make = async (client, data) => `${DEALS}/${(await client.post(DEALS, data, { expect: 201 })).json.id}`;
const refusal = async (client, at, patch) => (await client.patch(at, patch, { expect: 422 })).json.fields;

describe('a refused move says', () => {
  it('where the record may go from here, when nobody moves it there', async () => {
    const at = await make(petrov, { title: 'Прыжок' });
    const [error] = await refusal(petrov, at, { stage: 'paid' });
    assert.deepEqual([error.field, error.code, error.params.reason, error.detail], ['stage', 'stage_move_denied', 'path', PATH]);
    assert.equal((await petrov.get(at)).json._why['move:paid'], PATH);
  });

  it('whose right it is, before it is tried and in the language of the reader', async () => {
    const at = await make(petrov, { title: 'Оплата', amount: '5' });
    const moved = (await petrov.patch(at, { stage: 'payment' }, { expect: 200 })).json;
    assert.equal(moved._why['move:paid'], ROLE);
    assert.equal((await refusal(petrov, at, { stage: 'paid' }))[0].detail, ROLE);
    const english = await petrov.patch(at, { stage: 'paid' }, { headers: { 'accept-language': 'en' } });
    assert.match(english.json.fields[0].detail, /are moved by: Руководитель\. Ask them\.$/);
    const hers = (await head.get(at)).json;
    assert.deepEqual(Object.keys(hers._why), ['move:new', 'move:work'], 'nothing of where she may move it');
  });

  it('nothing in a list, nor to who may not change the record', async () => {
    const at = await make(petrov, { title: 'Чтение' });
    assert.ok(!('_why' in (await petrov.get(`${DEALS}?id=${at.split('/').at(-1)}`)).json.rows[0]));
    await petrov.patch(at, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    const belova = await server.as('belova');
    assert.ok(!('_why' in (await belova.get(at, { expect: 200 })).json));
  });

  it('who changes a field that is locked', async () => {
    const at = await make(petrov, { title: 'Замок', amount: '5' });
    await petrov.patch(at, { stage: 'payment' }, { expect: 200 });
    const [error] = await refusal(petrov, at, { amount: '6' });
    assert.deepEqual([error.code, error.detail], ['locked', 'На стадии «Ожидание оплаты» это поле меняет только: Руководитель.']);
  });

  it('which field the stage needs, but not of one that the reader does not see', async () => {
    const at = await make(petrov, { title: 'Отказ' });
    const [seen] = await refusal(petrov, at, { stage: 'lost' });
    assert.deepEqual([seen.field, seen.code, seen.detail], ['lost_reason', 'stage_needs', 'На стадии «Отказ» это поле должно быть заполнено.']);
    const blind = await orlov.patch(at, { stage: 'lost' }, { expect: 422 });
    assert.deepEqual(blind.json.fields.map((f) => [f.field, f.code]), [['stage', 'stage_needs_hidden']]);
    assert.doesNotMatch(blind.text, /lost_reason/);
    const lost = (meta) => meta.json.pipelines.main.stages.find(({ v }) => v === 'lost').require;
    assert.deepEqual([lost(await petrov.get('/api/v1/meta')), lost(await orlov.get('/api/v1/meta'))], [['lost_reason'], []]);
  });

  it('where a new record may begin', async () => {
    const reply = await petrov.post(DEALS, { title: 'Сразу', stage: 'paid' }, { expect: 422 });
    assert.equal(reply.json.fields[0].detail, 'Новая запись не может начинаться с «Оплачено». Начните с: Новая, В работе.');
  });
});
