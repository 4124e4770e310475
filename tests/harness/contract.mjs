// The promise of the OpenAPI document, held against every exchange of the tests: a path that it does
// not have is not answered, an answer has a status, a type and a body that it tells, and what was
// accepted was asked in a way that it tells. Objects of the document are open for clients' sake; here
// they are closed, so that an answer cannot hold what the document keeps silent about.

import { isDeepStrictEqual } from 'node:util';
import addFormats from 'ajv-formats';
import Ajv from 'ajv/dist/2020.js';
import { ask } from './ask.mjs';

const OWN = /^\/(api\/v1\/|hook\/|health$|metrics$|ca\.crt$)/;
const SHOWN = 400; // characters of an address and of an answer

/** What `karkas openapi` prints. */
async function fetchDocument(data) {
  return JSON.parse((await ask(data, ['openapi'], 'en')).out);
}

/** What is no UTF-8 names nothing. */
function decoded(pathname) {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return '';
  }
}

const escape = (text) => text.replaceAll('~', '~0').replaceAll('/', '~1');
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Objects that name their members have no others. */
function close(node) {
  if (Array.isArray(node)) return node.map(close);
  if (!isObject(node)) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, close(value)]));
  if (isObject(copy.properties) && copy.type && !('additionalProperties' in copy)) copy.additionalProperties = false;
  return copy;
}

/** "/a/{id}" as an expression; what is written out goes before what may be anything. */
function routesOf(paths) {
  return Object.entries(paths)
    .map(([template, item]) => ({
      template,
      item,
      at: `/paths/${escape(template)}`,
      pattern: new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
    }))
    .sort((a, b) => a.template.split('{').length - b.template.split('{').length);
}

class Contract {
  constructor(document) {
    this.document = document;
    this.routes = routesOf(document.paths);
    this.ajv = new Ajv({ strict: false, validateSchema: false });
    addFormats(this.ajv);
    this.ajv.addSchema({ ...close(document), $id: 'doc' });
    this.asked = new Ajv({ strict: false, validateSchema: false, coerceTypes: true });
    this.checks = new Map(); // of parameters, by their schema
  }

  follow(node) {
    if (!node?.$ref) return node;
    return node.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], this.document);
  }

  validate(schema, value) {
    const check = this.ajv.getSchema(schema);
    if (check(value)) return null;
    const [error] = check.errors;
    return `${error.instancePath || 'the body'} ${error.message} ${JSON.stringify(error.params)}`;
  }

  /** Where the schema at `pointer` is, or what it refers to. */
  address(pointer, node) {
    return node?.$ref ? `doc${node.$ref}` : `doc#${pointer}`;
  }

  /** The operation that an address names, with its path parameters; null: none. */
  find(method, target) {
    const pathname = decoded(target.split('?')[0]);
    const wanted = method.toLowerCase();
    const route = this.routes.find((r) => r.pattern.test(pathname) && (r.item[wanted] || wanted === 'head'));
    if (!route) return null;
    const verb = route.item[wanted] ? wanted : 'get';
    const path = { ...route.pattern.exec(pathname).groups };
    return route.item[verb] && { route, path, operation: route.item[verb], at: `${route.at}/${verb}` };
  }

  /** The faults of one exchange, as texts. */
  faults({ method, path: target, body, type, reply }) {
    const [, query = ''] = target.split('?');
    const found = this.find(method, target);
    if (!found) return this.unknown(reply);
    const faults = this.answer(found, method, reply);
    if (reply.status < 400 && !faults.length) faults.push(...this.question(found, query, body, type));
    return faults;
  }

  unknown(reply) {
    const isRefused = reply.status >= 400 && reply.status < 500;
    return isRefused ? [] : [`the document has no such operation, the answer is ${reply.status}`];
  }

  /** The key under which an operation tells a status; what HTTP itself refuses stands under one. */
  told({ responses }, status) {
    if (responses[status]) return String(status);
    return this.follow(responses.default)?.['x-statuses'].includes(status) ? 'default' : undefined;
  }

  answer({ operation, at }, method, reply) {
    const own = this.told(operation, reply.status);
    const response = this.follow(operation.responses[own]);
    if (!response) return [`${operation.operationId} does not tell the status ${reply.status}`];
    if (method === 'HEAD' || reply.status === 304) return [];
    const type = (reply.headers['content-type'] ?? '').split(';')[0];
    if (!response.content) return reply.bytes.length ? [`${operation.operationId} tells no body with ${reply.status}`] : [];
    const known = response.content[type] ? type : '*/*';
    const media = response.content[known];
    if (!media) return [`${operation.operationId} does not answer ${reply.status} with ${type}`];
    if (known === '*/*' || (reply.json === null && !type.includes('json'))) return [];
    const ref = operation.responses[own].$ref;
    const pointer = `${ref ? ref.slice(1) : `${at}/responses/${own}`}/content/${escape(type)}/schema`;
    const fault = this.validate(this.address(pointer, media.schema), reply.json);
    return fault ? [`${operation.operationId} ${reply.status}: ${fault}`] : [];
  }

  question(found, query, body, type) {
    const { operation, route, at } = found;
    const parameters = [...(route.item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => this.follow(p));
    const faults = [];
    for (const [name, value] of new URLSearchParams(query)) {
      const plain = name.replace(/\.eq$/, ''); // which says the same
      const known = parameters.find((p) => p.in === 'query' && p.name === plain) ?? this.path(parameters, plain);
      if (!known) faults.push(`${operation.operationId} takes no parameter ${name}`);
      else if (!this.takes(known, value)) faults.push(`${operation.operationId}: ${name}=${value}`);
    }
    if (body === undefined || !/json/.test(type ?? '')) return faults;
    const media = operation.requestBody?.content['application/json'];
    if (!media) return body && Object.keys(body).length ? [...faults, `${operation.operationId} takes no body`] : faults;
    const pointer = `${at}/requestBody/content/${escape('application/json')}/schema`;
    const fault = this.validate(this.address(pointer, media.schema), body);
    return fault ? [...faults, `${operation.operationId} took: ${fault}`] : faults;
  }

  /** An object whose members stand as parameters of their own (explode) has paths, which begin in a parameter that there is. */
  path(parameters, name) {
    const [first, ...rest] = name.split('.');
    const paths = parameters.find((p) => p.in === 'query' && p.explode && this.follow(p.schema).additionalProperties);
    const begins = rest.length && parameters.some((p) => p.in === 'query' && p.name === first);
    return paths && begins ? { schema: this.follow(paths.schema).additionalProperties } : undefined;
  }

  /** A parameter comes as a text, so a number of the document is read from it. */
  takes(parameter, value) {
    const schema = this.follow(parameter.schema);
    const key = JSON.stringify(schema);
    if (!this.checks.has(key)) this.checks.set(key, this.asked.compile({ type: 'object', properties: { value: schema } }));
    return this.checks.get(key)({ value });
  }
}

/** Contracts by what a server was started on: one that runs the same need not be asked again. */
const known = new Map();

async function contractOf(server, isFresh) {
  const { tz, tzFile, modules } = server.options;
  const key = JSON.stringify([tz, tzFile, modules]);
  if (isFresh || !known.has(key)) {
    const document = await fetchDocument(server.data);
    if (!isDeepStrictEqual(known.get(key)?.document, document)) known.set(key, new Contract(document));
  }
  return known.get(key);
}

/**
 * {found, document}: the operation of the server's document that an address names. Null when the
 * address is none of the API's. What the server runs may have changed since the document was read
 * (another ТЗ was applied), so it is read anew before anything is said.
 */
export async function operationOf(server, method, target) {
  if (!OWN.test(target) || !server.tz) return null;
  const contract = await contractOf(server);
  const found = contract.find(method, target);
  if (found) return { found, document: contract.document };
  const fresh = await contractOf(server, true);
  return { found: fresh.find(method, target), document: fresh.document };
}

/** Throws when an exchange breaks the document. */
export async function checkExchange(server, exchange) {
  if (!OWN.test(exchange.path) || !server.tz) return;
  let faults = (await contractOf(server)).faults(exchange);
  if (faults.length) faults = (await contractOf(server, true)).faults(exchange);
  if (!faults.length) return;
  const what = `${exchange.method} ${exchange.path.slice(0, SHOWN)}`;
  throw new Error(`${what} breaks the OpenAPI document: ${faults.join('; ')}\n${exchange.reply.text.slice(0, SHOWN)}`);
}
