// What the page shows of an OpenAPI document: parts with their operations and fields, and the errors.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  examples?: unknown[];
  maxLength?: number;
  'x-type'?: string;
  'x-to'?: string;
}
export interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}
interface Media {
  schema?: Schema;
  example?: unknown;
}
interface Answer {
  $ref?: string;
  description: string;
  content?: Record<string, Media>;
  'x-codes'?: string[];
}
interface Described {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: Record<string, unknown>[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Answer>;
}
export interface Document {
  info: { description: string };
  tags: { name: string; description: string; 'x-label': string }[];
  paths: Record<string, Record<string, Described> & { parameters?: Parameter[] }>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer>; parameters: Record<string, Parameter> };
}

export interface Field {
  name: string;
  title: string;
  type: string;
  to: string;
  choices: string[];
  operators: string[];
  isMany: boolean;
  isRequired: boolean;
  isWritten: boolean;
}
export interface Member {
  name: string;
  type: string;
  text: string;
  isRequired: boolean;
}
export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  text: string;
  isOpen: boolean; // needs no session
  isTried: boolean; // a read with an answer to look at
  parameters: Parameter[];
  body: { members: Member[]; example: unknown; type: string } | null;
  answers: { status: string; text: string; codes: string[] }[];
}
export interface Part {
  name: string;
  label: string;
  text: string;
  fields: Field[];
  operations: Operation[];
}
export interface Refusal {
  status: string;
  code: string;
}
export interface Reference {
  text: string;
  parts: Part[];
  errors: Refusal[];
}

const METHODS = ['get', 'post', 'patch', 'delete', 'head'];

const byRef = <T>(document: Document, node: T & { $ref?: string }): T =>
  node.$ref
    ? (node.$ref
        .slice(2)
        .split('/')
        .reduce((at, key) => (at as Record<string, unknown>)[key], document as unknown) as T)
    : node;

/** "string", "[reference]" … as short as it can be said. */
export function typeText(schema: Schema | undefined): string {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop()!;
  if (schema.items) return `[${typeText(schema.items)}]`;
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeText).filter((t) => t && t !== 'null'))].join(' | ');
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  return [schema.type ?? 'any'].flat().filter((t) => t !== 'null').join(' | ');
}

function operatorsOf(parameters: Parameter[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, in: where, $ref } of parameters) {
    if ($ref || where !== 'query') continue;
    const [field, operator = 'eq'] = name.split('.');
    found.set(field, [...(found.get(field) ?? []), operator]);
  }
  return found;
}

function choicesOf(schema: Schema | undefined): string[] {
  const inner = schema?.items ?? schema?.anyOf?.[0];
  return ((schema?.enum ?? schema?.examples ?? (inner ? choicesOf(inner) : [])) as unknown[]).map(String);
}

function fieldsOf(document: Document, name: string): Field[] {
  const { schemas } = document.components;
  const written = { ...schemas[`${name}.update`]?.properties, ...schemas[`${name}.create`]?.properties };
  const required = schemas[`${name}.create`]?.required ?? [];
  const operators = operatorsOf(document.paths[`/api/v1/${name}`]?.get?.parameters ?? []);
  const own = Object.entries(schemas[name]?.properties ?? {}).filter(([, schema]) => schema['x-type']);
  return own.map(([field, schema]) => ({
    name: field,
    title: schema.title ?? field,
    type: schema['x-type']!,
    to: schema['x-to'] ?? '',
    choices: choicesOf(schema),
    operators: operators.get(field) ?? [],
    isMany: schema.type === 'array',
    isRequired: required.includes(field),
    isWritten: field in written,
  }));
}

function bodyOf(document: Document, described: Described): Operation['body'] {
  const [type, media] = Object.entries(described.requestBody?.content ?? {})[0] ?? [];
  if (!type || !media) return null;
  const schema = byRef(document, media.schema ?? {}) as Schema & { example?: unknown };
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => ({
    name,
    type: typeText(member),
    text: member.title ?? member.description ?? '',
    isRequired: schema.required?.includes(name) ?? false,
  }));
  return { members, type, example: media.example ?? schema.example };
}

function operation(document: Document, path: string, method: string): Operation {
  const item = document.paths[path];
  const described = item[method];
  const isFilter = (p: Parameter) => !p.$ref && p.in === 'query' && (document.components.schemas[described.tags[0]]?.properties ?? {})[p.name.split('.')[0]];
  const parameters = [...(item.parameters ?? []), ...(described.parameters ?? [])];
  const answers = Object.entries(described.responses).map(([status, answer]) => {
    const told = byRef(document, answer);
    return { status, text: told['x-codes'] ? '' : told.description, codes: told['x-codes'] ?? [] };
  });
  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    summary: described.summary,
    text: described.description ?? '',
    isOpen: described.security?.some((way) => !Object.keys(way).length) ?? false,
    isTried: method === 'get' && !!byRef(document, described.responses['200'] ?? {}).content?.['application/json'],
    parameters: parameters.filter((p) => !isFilter(p)).map((p) => byRef(document, p)),
    body: bodyOf(document, described),
    answers,
  };
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function read(document: Document): Reference {
  const parts = new Map<string, Part>();
  for (const tag of document.tags)
    parts.set(tag.name, { name: tag.name, label: capital(tag['x-label']), text: tag.description, fields: fieldsOf(document, tag.name), operations: [] });
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS.filter((m) => item[m])) parts.get(item[method].tags[0])?.operations.push(operation(document, path, method));
  const errors = Object.entries(document.components.responses).flatMap(([name, answer]) =>
    (answer['x-codes'] ?? []).map((code) => ({ status: name.replace(/^e/, ''), code })),
  );
  return { text: document.info.description, parts: [...parts.values()].filter((p) => p.operations.length), errors };
}

export interface Hit {
  part: Part;
  operation: Operation | null;
  field: Field | null;
}

/** Operations and fields in which every word stands. */
export function find(reference: Reference, typed: string): Hit[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (...texts: string[]) => {
    const text = texts.join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return reference.parts.flatMap((part) => [
    ...part.operations.filter((o) => has(o.id, o.path, o.summary, part.label)).map((o) => ({ part, operation: o, field: null })),
    ...part.fields.filter((f) => has(f.name, f.title, part.label)).map((f) => ({ part, operation: null, field: f })),
  ]);
}
