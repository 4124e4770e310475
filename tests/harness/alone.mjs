// A network of its own for a test: nothing but the loopback, and the kernel counts what asks for more.

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const INSIDE = 'KARKAS_TEST_IS_ALONE';
// Who is not root makes himself a space of users where he may make a network, and stays who he is in it.
const WAY = process.getuid() === 0 ? ['--net'] : ['--user', '--map-current-user', '--keep-caps', '--net'];
const ENTER = 'ip link set lo up && exec "$@"';

/** Whether this process has such a network. */
export const isAlone = process.env[INSIDE] === '1';

const enter = (command, options) => spawnSync('unshare', [...WAY, 'sh', '-c', ENTER, 'sh', ...command], options);

/** Whether there can be such a network: not in every container. */
export function canBeAlone() {
  return enter(['true']).status === 0;
}

/** Runs a test file in such a network. {status, text}: its exit code, and what it said. */
export function runAlone(url) {
  const env = { ...process.env, [INSIDE]: '1' };
  delete env.NODE_TEST_CONTEXT; // it is no part of this one's report
  const { status, stdout, stderr } = enter([process.execPath, '--test-reporter=spec', fileURLToPath(url)], { env, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

/** A file of counters: lines of a name and a number, or pairs of lines, of names and of their numbers. */
function counters(file) {
  const rows = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(/[:\s]+/));
  if (rows[0].length === 2) return Object.fromEntries(rows.map(([name, n]) => [name, Number(n)]));
  const all = {};
  for (let i = 0; i + 1 < rows.length; i += 2)
    for (let at = 1; at < rows[i].length; at++) all[rows[i][0] + rows[i][at]] = Number(rows[i + 1][at]);
  return all;
}

/** How often somebody in this network wanted an address outside of it, and how many datagrams were sent, as to ask for a name. */
export function attempts() {
  const all = counters('/proc/net/snmp');
  if (fs.existsSync('/proc/net/snmp6')) Object.assign(all, counters('/proc/net/snmp6'));
  const sum = (...names) => names.reduce((n, name) => n + (all[name] ?? 0), 0);
  return { outside: sum('IpOutNoRoutes', 'Ip6OutNoRoutes'), datagrams: sum('UdpOutDatagrams', 'Udp6OutDatagrams') };
}
