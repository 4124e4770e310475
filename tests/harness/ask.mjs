// A command to a running server over its socket, as `karkas …` gives it but without a process of its own.

import * as net from 'node:net';
import * as path from 'node:path';

/** Resolves with {code, out}: the exit code and the text of `karkas args…` (see kernel/admin.c). */
export function ask(data, args, lang = 'ru') {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path.join(data, 'karkas.sock'));
    const parts = [];
    socket.on('connect', () => socket.write(`${JSON.stringify({ args, lang })}\n`));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('end', () => {
      const [out, code] = Buffer.concat(parts).toString('utf8').split('\0');
      if (code === undefined) reject(new Error(`the server hung up: ${args.join(' ')}`));
      else resolve({ code: Number(code), out });
    });
  });
}
