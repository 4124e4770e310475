// One user's view of a server: HTTPS under the server's own authority (plain HTTP where the server was
// started so), cookie and CSRF token kept.

import * as http from 'node:http';
import * as https from 'node:https';
import { checkExchange, operationOf } from './contract.mjs';
import { callOperation } from './generated.mjs';

export class Client {
  constructor(server, { lang = 'ru' } = {}) {
    this.server = server;
    this.lang = lang;
    this.http = server.scheme === 'http' ? http : https;
    this.agent = this.newAgent({ keepAlive: true });
    this.cookie = null;
    this.csrf = null;
    this.bearer = null; // an API token: then neither of the two is sent
  }

  newAgent(options) {
    const trust = this.http === https ? { ca: this.server.ca } : {};
    return new this.http.Agent({ ...options, ...trust });
  }

  /**
   * Resolves with {status, headers, text, json}. `expect` checks the status and shows the body. Asked
   * through the client generated from the server's document, unless `asWritten` says that the request
   * is meant to be one that no such client makes. `raw`: the body is sent as it is.
   */
  async request(method, path, body, { headers = {}, expect, raw, asWritten } = {}) {
    const type = headers['content-type'] ?? (body === undefined ? undefined : 'application/json');
    const own = { 'accept-language': this.lang, ...headers, ...(type && { 'content-type': type }) };
    const known = asWritten ? null : await operationOf(this.server, method, path);
    if (known && !known.found) throw new Error(`the document has no ${method} ${path}: is it to be sent asWritten?`);
    const payload = body === undefined ? null : raw ? body : JSON.stringify(body);
    const send = (target, bytes, all) => this.send(method, target, bytes, this.signed(method, bytes, all));
    const reply = known
      ? await callOperation({ ...known, method, target: path, body, headers: own, send })
      : await send(path, payload, own);
    await checkExchange(this.server, { method, path, body: raw ? undefined : body, type, reply });
    if (expect !== undefined && reply.status !== expect)
      throw new Error(`${method} ${path}: ${reply.status} instead of ${expect}\n${reply.text}`);
    return reply;
  }

  /** The headers with what says who asks. */
  signed(method, payload, headers) {
    const all = { ...headers };
    if (payload !== null) all['content-length'] ??= Buffer.byteLength(payload);
    if (this.bearer) all.authorization = `Bearer ${this.bearer}`;
    else if (this.cookie) all.cookie = this.cookie;
    if (!this.bearer && this.csrf && method !== 'GET') all['x-csrf-token'] ??= this.csrf;
    return all;
  }

  send(method, path, payload, headers) {
    return new Promise((resolve, reject) => {
      const req = this.http.request(
        { host: 'localhost', port: this.server.port, agent: this.agent, method, path, headers },
        (res) => {
          const parts = [];
          res.on('data', (b) => parts.push(b));
          res.on('error', reject);
          res.on('end', () => resolve(this.read(res, Buffer.concat(parts))));
        },
      );
      req.on('error', reject);
      req.end(payload ?? undefined);
    });
  }

  read(res, bytes) {
    const text = bytes.toString('utf8');
    const isJson = /json/.test(res.headers['content-type'] ?? '') && text.length > 0;
    const set = res.headers['set-cookie']?.[0];
    if (set) this.cookie = set.split(';')[0];
    return { status: res.statusCode, headers: res.headers, bytes, text, json: isJson ? JSON.parse(text) : null };
  }

  get(path, options) {
    return this.request('GET', path, undefined, options);
  }
  post(path, body = {}, options) {
    return this.request('POST', path, body, options);
  }
  patch(path, body, options) {
    return this.request('PATCH', path, body, options);
  }
  del(path, options) {
    return this.request('DELETE', path, undefined, options);
  }

  async login(login, password) {
    const reply = await this.post('/api/v1/session', { login, password }, { expect: 200 });
    this.csrf = reply.json.csrf;
    this.user = reply.json.user;
    return reply.json;
  }

  /** Rows of a list. */
  async list(entity, query = '') {
    return (await this.get(`/api/v1/${entity}${query && `?${encodeURI(query).replaceAll("%25", "%")}`}`, { expect: 200 })).json.rows;
  }

  /**
   * An open event stream: `seen` gathers {event, data, id} as they come, or `tell` gets them, for streams that are told
   * much; `last` is the last id told.
   */
  async events({ after, headers: more, tell } = {}) {
    const stream = { seen: [], status: 0, ended: false, close: () => {} };
    stream.tell = tell ?? ((event) => stream.seen.push(event));
    const headers = { accept: 'text/event-stream', ...(this.cookie ? { cookie: this.cookie } : {}), ...more };
    if (after !== undefined) headers['last-event-id'] = String(after);
    const target = '/api/v1/events';
    const send = (path, bytes, all) => this.openStream(stream, path, all);
    await callOperation({ ...(await operationOf(this.server, 'GET', target)), method: 'GET', target, headers, send });
    return stream;
  }

  /** Resolves when the stream's head has come; what follows goes into `stream`. */
  openStream(stream, path, headers) {
    return new Promise((resolve, reject) => {
      const options = { host: 'localhost', port: this.server.port, agent: this.newAgent(), path, headers };
      const req = this.http.request(options, (res) => {
        let text = '';
        stream.status = res.statusCode;
        res.socket.unref(); // who waits for what it tells asks `until`
        stream.close = () => req.destroy();
        res.setEncoding('utf8');
        res.on('data', (part) => {
          text += part;
          for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) note(stream, text.slice(0, end));
        });
        res.on('close', () => (stream.ended = true));
        res.on('error', () => (stream.ended = true));
        resolve({ status: res.statusCode, bytes: Buffer.alloc(0) });
      });
      req.on('error', (e) => (stream.status ? (stream.ended = true) : reject(e)));
      req.end();
    });
  }
}

function note(stream, block) {
  const got = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) got[line.slice(0, at)] = line.slice(at + 1).trim();
  }
  if (got.id) stream.last = got.id;
  if (got.event) stream.tell({ event: got.event, id: got.id, data: JSON.parse(got.data ?? '{}') });
}
