// A client made from the server's OpenAPI document at the time of the test: openapi-fetch, called by
// operation with path parameters, query and body. The tests write addresses, which read better; here
// an address becomes the operation it names, and what the client makes of it must mean the same. So
// an operation that the document describes wrongly cannot be called at all.

import createClient from 'openapi-fetch';
import { noteUse } from './used.mjs';

const NO_BODY = [204, 304];

/** {name: value}, with a list where a name stands more than once. */
function queryOf(search) {
  const query = {};
  for (const [name, value] of new URLSearchParams(search))
    query[name] = name in query ? [query[name], value].flat() : value;
  return query;
}

const sorted = (search) => JSON.stringify([...new URLSearchParams(search)].sort());

/** Whether two addresses ask the same, however they are escaped. */
function meansTheSame(made, written) {
  const [path, query = ''] = written.split('?');
  decodeURIComponent(query); // what is no UTF-8 means nothing
  return decodeURIComponent(made.pathname) === decodeURIComponent(path) && sorted(made.search) === sorted(query);
}

/**
 * Calls what `found` (of Contract.find) names. `send(target, payload, headers)` carries it out and
 * resolves with the harness's reply, which is the result.
 */
export async function callOperation({ found, document, method, target, body, headers, send }) {
  let reply;
  const client = createClient({
    baseUrl: 'https://localhost',
    bodySerializer: (it) => (Buffer.isBuffer(it) || typeof it === 'string' ? it : JSON.stringify(it)),
    fetch: async (request) => {
      const made = new URL(request.url);
      if (!meansTheSame(made, target)) throw new Error(`${found.operation.operationId} asks ${made.pathname}${made.search} instead of ${target}`);
      const payload = request.body ? Buffer.from(await request.arrayBuffer()) : null;
      reply = await send(made.pathname + made.search, payload, Object.fromEntries(request.headers));
      return new Response(NO_BODY.includes(reply.status) ? null : reply.bytes, { status: reply.status });
    },
  });
  const params = { path: found.path, query: queryOf(target.split('?')[1]) };
  await client[method](found.route.template, { params, body, headers, parseAs: 'stream' });
  noteUse(document, found.operation.operationId);
  return reply;
}
