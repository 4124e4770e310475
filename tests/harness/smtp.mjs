// A mail server on the loopback: takes what it is sent (RFC 5321), can refuse, be silent or hang up.

import * as net from 'node:net';

export class MailServer {
  constructor() {
    this.messages = [];
    this.attempts = 0;
    this.refuse = null; // e.g. '550 no such user': the answer to RCPT TO
    this.isDown = false; // hangs up at once; it keeps its port, which somebody else might take
    this.isSilent = false; // takes connections and says nothing
    this.receipt = null; // a promise: the receipt of a message waits for it
    this.open = new Set();
  }

  async start() {
    this.server = net.createServer((socket) => this.talk(socket));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  async stop() {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  talk(socket) {
    let text = '';
    let mail = null;
    const state = { from: null, to: [] };
    const say = (line) => socket.write(`${line}\r\n`);
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
    socket.on('error', () => {});
    socket.setEncoding('utf8');
    if (this.isDown) return socket.destroy();
    if (this.isSilent) return;
    say('220 simulator ready');
    socket.on('data', (part) => {
      text += part;
      for (;;) {
        if (mail !== null) {
          const end = text.indexOf('\r\n.\r\n');
          if (end < 0) return;
          this.messages.push({ ...state, text: text.slice(0, end), ...decode(text.slice(0, end)) });
          text = text.slice(end + 5);
          mail = null;
          if (this.receipt) this.receipt.then(() => say('250 taken'));
          else say('250 taken');
          continue;
        }
        const end = text.indexOf('\r\n');
        if (end < 0) return;
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (/^EHLO|^HELO/i.test(line)) say('250 simulator');
        else if (/^MAIL FROM:/i.test(line)) {
          this.attempts++;
          state.from = line.slice(10);
          say('250 ok');
        } else if (/^RCPT TO:/i.test(line)) {
          state.to.push(line.slice(8));
          say(this.refuse ?? '250 ok');
        } else if (/^DATA/i.test(line)) {
          mail = '';
          say('354 go on');
        } else if (/^QUIT/i.test(line)) {
          say('221 bye');
          socket.end();
        } else say('502 unknown');
      }
    });
  }
}

function decode(text) {
  const split = text.indexOf('\r\n\r\n');
  const head = text.slice(0, split).replace(/\r\n[ \t]+/g, ' ');
  const header = (name) => head.match(new RegExp(`^${name}: (.*)$`, 'mi'))?.[1].trim();
  const words = [...(header('Subject') ?? '').matchAll(/=\?UTF-8\?B\?([^?]*)\?=/g)];
  return {
    subject: words.map((w) => Buffer.from(w[1], 'base64').toString('utf8')).join(''),
    id: header('Message-ID'),
    body: Buffer.from(text.slice(split + 4), 'base64').toString('utf8'),
  };
}
