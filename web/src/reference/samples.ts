// A request as one would type it: for the console and for a program.
import type { Operation } from './document.ts';

export type Language = 'curl' | 'fetch';

export const addressOf = (operation: Operation): string => operation.path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'id' ? '1' : name));

/** Inside '…' of a shell a quote ends the text, is written, and begins it again. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function curl(operation: Operation, origin: string, token: string): string {
  const { body, method } = operation;
  const parts = [`curl ${quoted(origin + addressOf(operation))}`];
  if (method === 'HEAD') parts.push('--head');
  else if (method !== 'GET') parts.push(`-X ${method}`);
  if (!operation.isOpen) parts.push(`-H ${quoted(`Authorization: Bearer ${token}`)}`);
  if (body) parts.push(`-H ${quoted(`Content-Type: ${body.type}`)}`);
  if (body?.type === 'application/json') parts.push(`-d ${quoted(JSON.stringify(body.example ?? {}))}`);
  else if (body) parts.push('--data-binary @file.csv');
  return parts.join(' \\\n  ');
}

function fetched(operation: Operation, token: string): string {
  const { body, method } = operation;
  const headers: Record<string, string> = {};
  if (!operation.isOpen) headers.Authorization = `Bearer ${token}`;
  if (body) headers['Content-Type'] = body.type;
  const options: string[] = [];
  if (method !== 'GET') options.push(`  method: '${method}',`);
  if (Object.keys(headers).length) options.push(`  headers: ${JSON.stringify(headers)},`);
  if (body?.type === 'application/json')
    options.push(`  body: JSON.stringify(${JSON.stringify(body.example ?? {}, null, 2).replaceAll('\n', '\n  ')}),`);
  else if (body) options.push('  body: file,');
  const given = options.length ? `, {\n${options.join('\n')}\n}` : '';
  return `const reply = await fetch('${addressOf(operation)}'${given});\nif (!reply.ok) throw await reply.json();`;
}

export const sample = (operation: Operation, language: Language, origin: string, token: string): string =>
  language === 'curl' ? curl(operation, origin, token) : fetched(operation, token);
