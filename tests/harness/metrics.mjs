// The figures of /metrics as numbers by name, labels included, and what a server takes.

import * as fs from 'node:fs';

export async function metrics(client) {
  const { text } = await client.get('/metrics', { expect: 200 });
  const lines = text.split('\n').filter((line) => line && line[0] !== '#');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').pop())]));
}

/** KB that a server takes; `own` without the pages of the database, which grow with it up to what each thread may keep. */
export async function memoryOf(server, admin) {
  const cached = (await metrics(admin)).karkas_database_cached_bytes >> 10;
  const status = fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
  const heap = fs.readFileSync(`/proc/${server.process.pid}/smaps_rollup`, 'utf8');
  return { cached, rss: Number(status.match(/VmRSS:\s+(\d+)/)[1]), own: Number(heap.match(/Anonymous:\s+(\d+)/)[1]) - cached };
}
