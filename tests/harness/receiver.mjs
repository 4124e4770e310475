// A system that is told what changed here: takes webhooks over real sockets, checks their signatures as any
// Standard Webhooks library does, and can be slow, failing, redirecting or endlessly talkative.

import { createHmac, timingSafeEqual } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';

export class Receiver {
  constructor() {
    this.got = []; // {id, at, body, headers, isSigned}
    this.answer = () => ({ status: 200, body: 'ok' }); // (delivery) → {status, headers, body} or a promise of it
    this.secrets = [];
    this.open = 0;
  }

  /** Listens on the loopback; with `tls` {key, cert} by https. */
  async start({ tls, port = 0 } = {}) {
    const take = (req, res) => this.take(req, res);
    this.server = tls ? https.createServer(tls, take) : http.createServer(take);
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${this.port}/hook`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async take(req, res) {
    const parts = [];
    for await (const part of req) parts.push(part);
    const raw = Buffer.concat(parts).toString('utf8');
    const h = req.headers;
    const delivery = { id: h['webhook-id'], raw, body: JSON.parse(raw), headers: h, path: req.url };
    delivery.signatures = (h['webhook-signature'] ?? '').split(' ');
    delivery.isSigned = this.secrets.some((s) => isSigned(delivery, s));
    this.got.push(delivery);
    this.open++;
    const say = await this.answer(delivery);
    this.open--;
    res.writeHead(say.status, say.headers ?? {});
    if (say.endless) talk(res);
    else res.end(say.body ?? '');
  }

  bodies(type) {
    return this.got.map((d) => d.body).filter((b) => !type || b.type === type);
  }

  clear() {
    this.got.length = 0;
  }
}

function isSigned(delivery, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const text = `${delivery.id}.${delivery.headers['webhook-timestamp']}.${delivery.raw}`;
  const want = Buffer.from(`v1,${createHmac('sha256', key).update(text).digest('base64')}`);
  return delivery.signatures.some((s) => s.length === want.length && timingSafeEqual(Buffer.from(s), want));
}

/** Writes until the other side has had enough. */
function talk(res) {
  const block = Buffer.alloc(16384, 'x');
  const more = () => {
    while (!res.destroyed && res.write(block));
  };
  res.on('drain', more);
  res.on('error', () => {});
  more();
}
