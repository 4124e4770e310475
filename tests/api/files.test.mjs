// Attachments: uploaded, attached by an ordinary write, given out under the rights of their place (API.md, "Files").

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';

const tz = fs.readFileSync(new URL('../fixtures/tz/fields.yaml', import.meta.url), 'utf8')
  .replace('  departments:', '  retention: {bin: 3d}\n  departments:');
const THING = '/api/v1/test.thing';
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

let server, head, manager, other, accountant;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz });
  await signIn();
});
after(() => server.stop());

async function signIn() {
  head = await server.as('ivanova');
  manager = await server.as('petrov');
  other = await server.as('sidorova');
  accountant = await server.as('belova');
}

/** Time passes, and sessions with it. */
async function pass(duration) {
  await server.advance(duration);
  await signIn();
}

function upload(client, bytes, name = 'договор №1.txt', headers = {}) {
  return client.request('POST', `/api/v1/file?name=${encodeURIComponent(name)}`, Buffer.from(bytes), {
    raw: true, headers: { 'content-type': 'application/octet-stream', ...headers },
  });
}
const uploaded = async (client, bytes, name) => {
  const reply = await upload(client, bytes, name);
  assert.equal(reply.status, 201, reply.text);
  return reply.json;
};
const made = async (data, client = manager) => (await client.post(THING, { name: 'вещь', ...data }, { expect: 201 })).json;
const get = (file, client = manager, options = {}) => client.get(`/api/v1/file/${file.id}${options.query ?? ''}`, options);
const codes = (reply) => Object.fromEntries((reply.json.fields ?? []).map((f) => [f.field, f.code]));
const contents = () =>
  fs.readdirSync(path.join(server.data, 'files')).filter((d) => d.length === 2)
    .flatMap((d) => fs.readdirSync(path.join(server.data, 'files', d)));

describe('an upload', () => {
  it('has a random id, its name, its size and the type of its content', async () => {
    const file = await uploaded(manager, PNG, 'C:/фото/крючок.txt');
    assert.match(file.id, /^[\w-]{24}$/);
    assert.deepEqual({ ...file, id: '' }, { id: '', name: 'крючок.txt', size: PNG.length, type: 'image/png' });
    assert.notEqual((await uploaded(manager, PNG)).id, file.id);
    const types = { 'a.docx': ['PK\x03\x04', /wordprocessingml/], 'a.png': ['<html>', /^text\/plain$/], 'a.svg': ['<svg onload=1>', /^text\/plain$/], 'a.pdf': ['%PDF-1.7', /pdf/], 'a.csv': ['a;b', /csv/], 'b': ['\x00\x01', /octet-stream/] };
    for (const [name, [text, type]] of Object.entries(types)) assert.match((await uploaded(head, Buffer.from(text, 'latin1'), name)).type, type, name);
  });

  it('may be empty, and large', async () => {
    const empty = await uploaded(manager, '', 'пусто');
    assert.equal(empty.size, 0);
    assert.equal((await get(empty)).bytes.length, 0);
    const bytes = Buffer.alloc(3_000_001, 'карточка');
    const big = await uploaded(manager, bytes, 'big.bin');
    assert.ok((await get(big)).bytes.equals(bytes));
  });

  it('is refused over the limit, as a form, and without a session', async () => {
    const big = await upload(manager, 'x', 'x', { 'content-length': 200 * 1024 * 1024 }).catch((e) => e);
    assert.equal(big.status, 413);
    assert.equal((await upload(manager, 'a=b', 'x', { 'content-type': 'multipart/form-data' })).status, 415);
    assert.equal((await upload(server.client(), 'x')).status, 401);
  });

  it('that no record holds is seen by its uploader alone', async () => {
    const file = await uploaded(manager, 'тайна');
    assert.equal((await get(file)).text, 'тайна');
    assert.equal((await get(file, head)).status, 404);
    assert.deepEqual(codes(await head.post(THING, { name: 'чужое', file: file.id })), { file: 'no_such_record' });
  });
});

describe('an attachment', () => {
  it('is written by id or as the object, and read with its name', async () => {
    const one = await uploaded(manager, 'раз', 'раз.txt'), two = await uploaded(manager, PNG, 'два.png');
    const r = await made({ file: one.id, files: [two, (await uploaded(manager, 'три', 'три,3.txt')).id] });
    assert.deepEqual(r.file, one);
    assert.deepEqual(r.files[0], two);
    assert.deepEqual((await manager.get(`${THING}/${r.id}`, { expect: 200 })).json, r);
    const same = await manager.patch(`${THING}/${r.id}`, { file: r.file, files: r.files });
    assert.equal(same.json.rev, r.rev, 'nothing has changed');
  });

  it('that does not exist or is no id is refused by name', async () => {
    const reply = await manager.post(THING, { name: 'x', file: 'Q'.repeat(24), files: ['нет'] });
    assert.deepEqual(codes(reply), { file: 'no_such_record', files: 'type_mismatch' });
  });

  it('is given out to whoever may read its record and its field', async () => {
    const r = await made({ file: (await uploaded(manager, 'договор')).id, files: [(await uploaded(manager, PNG, 'ф.png')).id] });
    assert.equal((await get(r.file, head)).text, 'договор');
    assert.equal((await get(r.file, other)).status, 404, 'not her record');
    assert.equal((await get(r.files[0], accountant)).status, 200);
    assert.equal((await get(r.file, accountant)).status, 404, 'not her field');
  });

  it('is downloaded safely, and shown in a page only when it is an image', async () => {
    const r = await made({ files: [(await uploaded(manager, PNG, 'ф "1".png')).id, (await uploaded(manager, '<script>alert(1)</script>', 'x.html')).id] });
    const [image, page] = await Promise.all(r.files.map((f) => get(f, manager, { query: '?inline=1' })));
    for (const reply of [image, page]) {
      assert.equal(reply.headers['x-content-type-options'], 'nosniff');
      assert.match(reply.headers['content-security-policy'], /default-src 'none'.*sandbox/);
      assert.match(reply.headers['cache-control'], /private/);
    }
    assert.equal(image.headers['content-type'], 'image/png');
    assert.equal(image.headers['content-disposition'], "inline; filename*=UTF-8''%D1%84%20%221%22.png");
    assert.equal(page.headers['content-type'], 'text/plain; charset=utf-8');
    assert.match(page.headers['content-disposition'], /^attachment/);
    assert.match((await get(r.files[0])).headers['content-disposition'], /^attachment/);
    const again = await get(r.files[0], manager, { headers: { 'if-none-match': image.headers.etag } });
    assert.equal(again.status, 304);
  });

  it('is given out in parts', async () => {
    const r = await made({ file: (await uploaded(manager, '0123456789')).id });
    const part = (range) => get(r.file, manager, { headers: { range } });
    const middle = await part('bytes=2-4');
    assert.deepEqual([middle.status, middle.text, middle.headers['content-range']], [206, '234', 'bytes 2-4/10']);
    assert.equal((await part('bytes=7-')).text, '789');
    assert.equal((await part('bytes=-2')).text, '89');
    assert.equal((await part('bytes=50-')).status, 200);
  });

  it('of another record is copied under an id of its own, with the rights of its new place', async () => {
    const mine = await made({ file: (await uploaded(manager, 'общее')).id });
    const copy = await made({ file: mine.file.id }, head);
    assert.notEqual(copy.file.id, mine.file.id);
    assert.equal(copy.file.name, mine.file.name);
    assert.equal((await get(copy.file, head)).text, 'общее');
    assert.equal((await get(copy.file, manager)).status, 404);
    assert.deepEqual(codes(await other.post(THING, { name: 'x', file: mine.file.id })), { file: 'no_such_record' });
    const twice = await uploaded(manager, 'дважды');
    const r = await made({ file: twice.id, files: [twice.id] });
    assert.notEqual(r.file.id, r.files[0].id);
  });

  it('comes back by undo after it was detached', async () => {
    const r = await made({ files: [(await uploaded(manager, 'а', 'а.txt')).id, (await uploaded(manager, 'б', 'б.txt')).id] });
    await manager.patch(`${THING}/${r.id}`, { files: [r.files[1]] }, { expect: 200 });
    assert.equal((await get(r.files[0])).status, 200, 'history may still show it');
    const history = (await manager.get(`${THING}/${r.id}/history`, { expect: 200 })).json.rows;
    assert.deepEqual(history[0].changes[0].old, r.files);
    const back = await manager.post(`${THING}/${r.id}/undo`, { change: history[0].position }, { expect: 200 });
    assert.deepEqual(back.json.files, r.files);
    await pass('4d');
    assert.equal((await get(r.files[0])).status, 200, 'it is attached again');
  });

  it('is filtered by its name and by being there', async () => {
    const r = await made({ name: 'с файлом', file: (await uploaded(manager, 'я', 'Ёлка.txt')).id, files: [(await uploaded(manager, 'я')).id] });
    const bare = await made({ name: 'без файла' });
    const ids = async (query) => (await manager.get(`${THING}?${new URLSearchParams({ 'id.in': `${r.id},${bare.id}`, ...query })}`, { expect: 200 })).json.rows.map((x) => x.id);
    assert.deepEqual(await ids({ 'file.starts': 'ёл' }), [r.id]);
    assert.deepEqual(await ids({ 'file.none': '1' }), [bare.id]);
    assert.deepEqual(await ids({ 'files.none': '0' }), [r.id]);
    assert.equal((await manager.get(`${THING}?file.eq=${r.file.id}`)).status, 422);
  });
});

describe('time', () => {
  it('takes uploads that nobody attached, detached ones and contents that nothing refers to', async () => {
    const loose = await uploaded(manager, 'никому не нужно');
    const r = await made({ file: (await uploaded(manager, 'нужно пока')).id });
    await manager.patch(`${THING}/${r.id}`, { file: null }, { expect: 200 });
    const before = contents();
    for (const name of before) {
      const file = path.join(server.data, 'files', name.slice(0, 2), name);
      fs.utimesSync(file, 1, 1); // contents are removed by their age on the real clock
    }
    await pass('26h');
    assert.equal((await get(loose)).status, 404, 'the upload expires');
    assert.equal((await get(r.file)).status, 200);
    await pass('3d');
    assert.equal((await get(r.file)).status, 404, 'the detached file expires');
    assert.ok(contents().length < before.length, 'contents are swept');
    assert.equal((await upload(manager, 'никому не нужно')).status, 201);
  });

  it('of a record ends with the record', async () => {
    const r = await made({ file: (await uploaded(head, 'навсегда')).id }, head);
    await head.del(`${THING}/${r.id}`, { expect: 204 });
    assert.equal((await get(r.file, head)).status, 200, 'the recycle bin keeps it');
    await head.del(`${THING}/${r.id}?forever=1`, { expect: 204 });
    assert.equal((await get(r.file, head)).status, 404);
  });

  it('or a quota bounds what one user leaves about', async () => {
    const eve = await server.as('kuznetsov');
    const replies = [];
    for (let i = 0; i < 51; i++) replies.push((await upload(eve, `${i}`)).status);
    assert.deepEqual(replies.slice(-2), [201, 429]);
  });
});

describe('a crash', () => {
  it('loses nothing of what was answered', async () => {
    const bytes = Buffer.alloc(500_000, 'важно');
    const r = await made({ file: (await uploaded(manager, bytes, 'важное.bin')).id });
    await server.kill();
    await server.start();
    await signIn();
    assert.deepEqual((await manager.get(`${THING}/${r.id}`, { expect: 200 })).json.file, r.file);
    assert.ok((await get(r.file)).bytes.equals(bytes));
  });
});

describe('a backup', () => {
  it('holds the files, is verified with them, and gives them back', async () => {
    const r = await made({ file: (await uploaded(manager, 'в копию', 'копия.txt')).id });
    const at = path.join(server.home, 'copy.db');
    const out = await server.command('backup', at);
    assert.equal(out.code, 0, out.err);
    assert.match(out.out, /файлов [1-9]/);
    const second = await startServer({ tz, time: '2027-01-18T07:00:00Z' });
    await second.kill();
    fs.rmSync(second.data, { recursive: true });
    const restored = await second.command('restore', at);
    assert.equal(restored.code, 0, restored.out + restored.err);
    assert.match(restored.out, /файлов: [1-9]/);
    const hash = contents()[0];
    const copied = path.join(`${at}.files`, hash.slice(0, 2), hash);
    fs.rmSync(copied);
    fs.writeFileSync(copied, 'испорчено');
    fs.rmSync(second.data, { recursive: true });
    assert.notEqual((await second.command('restore', at)).code, 0, 'a damaged file is told');
    fs.rmSync(second.home, { recursive: true });
    assert.ok(r.file);
  });
});
