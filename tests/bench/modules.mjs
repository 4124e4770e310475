// What modules cost: a write with a native hook, with a rule's YAML step, with an HTTP hook and an HTTP step beside one
// without them, in alternated rounds, with all that follows the commit; and how long `module enable` takes to the first
// request that the module answers, of a server that has never loaded its file and of one that has.

import * as fs from 'node:fs';
import * as http from 'node:http';
import * as os from 'node:os';
import * as path from 'node:path';
import { Server, startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until as done } from '../harness/until.mjs';
import { cpuSeconds, settled, spread } from './process.mjs';
import { restart } from './special.mjs';

const AT_ONCE = 16;
const SECRET = `whsec_${Buffer.from('thirty-two letters of a secret !').toString('base64')}`;
const KINDS = [
  ['plain', 'a write without any'],
  ['hooked', '· with a native hook'],
  ['ruled', "· with a rule's YAML step"],
  ['asked', '· with an HTTP hook before it'],
  ['stepped', '· with an HTTP step of a rule'],
];
const rights = KINDS.map(([kind]) => `      toll.${kind}: {read: all, create: all, update: all}`).join('\n');
const rule = (n, kind, step) => `  R-${n}:
    text: ${kind}
    when: {created: toll.${kind}}
    do:
      - ${step}
`;

/** The deployment with the module, its rules and the address of its service. */
function withToll(url) {
  const tz = dealer
    .replace('modules: auto\n', `modules: [contacts, sales, tasks, intake, toll]\noutgoing: {private: [127.0.0.1]}\nsettings:\n  toll: {address: "${url}"}\n`)
    .replace('      tasks.task: {read: team, create: team, update: team}', (line) => `${line}\n${rights}`);
  const rules = rule(91, 'ruled', 'set: {values: {mark: x}}') + rule(92, 'stepped', 'stamp: {}');
  return /^rules:/m.test(tz) ? tz.replace(/^rules:\n/m, `rules:\n${rules}`) : `${tz}rules:\n${rules}`;
}

function folder() {
  const { build } = new Server({});
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  for (const name of ['contacts', 'sales', 'tasks', 'intake']) fs.cpSync(path.join(build, 'modules', name), path.join(dir, name), { recursive: true });
  fs.cpSync(path.join(build, 'tests/toll/toll'), path.join(dir, 'toll'), { recursive: true });
  return dir;
}

/** A service that says at once what every question wants to hear. */
async function startService() {
  const server = http.createServer((req, res) => {
    req.resume();
    req.on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"set":{"mark":"x"}}'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

/** Without the harness's reading of the OpenAPI document after each change of modules. */
function asker(server, client) {
  const headers = { cookie: client.cookie, 'x-csrf-token': client.csrf, 'content-type': 'application/json' };
  return async (method, at, body) => {
    const reply = await fetch(`${server.scheme}://127.0.0.1:${server.port}${at}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await reply.text();
    return { status: reply.status, text };
  };
}

/** Whether everything that the writes of a kind set off has been done: what marks them has. */
const isDone = async (ask, kind) =>
  kind === 'plain' || JSON.parse((await ask('GET', `/api/v1/toll.${kind}?mark.none=1&limit=1`)).text).rows.length === 0;

/** One round of one kind: server CPU a write, with all that it sets off, and how long its writer waited. */
async function write(server, ask, kind, seconds) {
  const { pid } = server.process;
  await settled(pid);
  const was = cpuSeconds(pid);
  const until = performance.now() + seconds * 1000;
  const waits = [];
  let failed = 0;
  const one = async (n) => {
    for (let i = 0; performance.now() < until; i++) {
      const begun = performance.now();
      failed += (await ask('POST', `/api/v1/toll.${kind}`, { title: `${n}-${i}` })).status !== 201;
      waits.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => one(n)));
  await done(() => isDone(ask, kind), `what ${kind} sets off`, 120000);
  await settled(pid);
  return { us: ((cpuSeconds(pid) - was) * 1e6) / waits.length, ms: spread(waits).median, failed };
}

async function writes(server, ask, seconds, rounds) {
  const seen = new Map(KINDS.map(([kind]) => [kind, []]));
  for (let i = 0; i < rounds; i++) for (const [kind] of KINDS) seen.get(kind).push(await write(server, ask, kind, seconds));
  const of = (kind, key) => spread(seen.get(kind).map((one) => one[key]));
  const [bare, wait] = [of('plain', 'us').median, of('plain', 'ms').median];
  return KINDS.map(([kind, name]) => {
    const [us, ms] = [of(kind, 'us'), of(kind, 'ms')];
    const more = kind === 'plain' ? '' : `, ${us.median - bare >= 0 ? '+' : ''}${(us.median - bare).toFixed(0)} us, ${ms.median - wait >= 0 ? '+' : ''}${(ms.median - wait).toFixed(1)} ms`;
    const failed = seen.get(kind).reduce((sum, one) => sum + one.failed, 0);
    return { name, value: `${us.median.toFixed(0)} us (${us.low.toFixed(0)}-${us.high.toFixed(0)}), waits ${ms.median.toFixed(1)} ms${more}${failed ? `, ${failed} failed` : ''}` };
  });
}

/** From the word to the first answer of its code. */
async function enable(ask) {
  const begun = performance.now();
  const { status, text } = await ask('POST', '/api/v1/modules/toll/enable', {});
  if (status !== 200) throw new Error(`enable: ${status} ${text}`);
  while ((await ask('GET', '/api/v1/toll/ping')).status !== 200);
  return performance.now() - begun;
}

async function enabling(modules, rounds) {
  const settings = dealer.replace('modules: auto\n', `modules: [contacts, sales, tasks, intake]\noutgoing: {private: [127.0.0.1]}\n`);
  const server = await startServer({ modules, tz: settings, args: ['--tls', 'off'], env: { KARKAS_SECRET_TOLL: SECRET } });
  const seen = { first: [], again: [] };
  try {
    for (let i = 0; i < rounds; i++) {
      const ask = asker(server, await server.as('ivanova'));
      seen.first.push(await enable(ask));
      await ask('POST', '/api/v1/modules/toll/disable', {});
      seen.again.push(await enable(ask));
      await ask('POST', '/api/v1/modules/toll/disable', {});
      await restart(server);
    }
  } finally {
    await server.stop();
  }
  const ms = (list) => (({ median, low, high }) => `${median.toFixed(0)} ms (${low.toFixed(0)}-${high.toFixed(0)})`)(spread(list));
  return [
    { name: '`module enable` to its first answer, file never loaded', value: ms(seen.first) },
    { name: '· loaded before', value: ms(seen.again) },
  ];
}

export async function modules(base, { seconds, rounds }) {
  const service = await startService();
  const dir = folder();
  try {
    const server = await startServer({ modules: dir, tz: withToll(service.url), args: ['--tls', 'off'], env: { KARKAS_SECRET_TOLL: SECRET } });
    try {
      const lines = await writes(server, asker(server, await server.as('ivanova')), seconds, rounds);
      return [...lines, ...(await enabling(dir, rounds))];
    } finally {
      await server.stop();
    }
  } finally {
    service.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}
