// What an import is, as the API tells it, and what of it the user chooses. No drawing here.
import { api } from '../core/api.ts';
import { has, t } from '../core/i18n.ts';
import { entityOf, fieldOf, isEditable, ownFields } from '../core/meta.ts';
import { label } from '../fields/view.ts';

export interface Counts {
  created?: number;
  updated?: number;
  unchanged?: number;
  skipped?: number;
  failed?: number;
  warned?: number;
}
export interface Pass extends Counts {
  batch: number;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'canceled';
  total: number;
  done: number;
  error: string;
  undo: number;
  out_of_sight: number;
}
export interface Options {
  columns: (string | null | { field: string; by?: string })[];
  match: string[];
  mode: 'create' | 'skip' | 'update' | 'both';
  empty: 'keep' | 'clear';
  several?: 'add' | 'replace';
  missing?: 'refuse' | 'leave' | 'create';
  rules: boolean;
  lenient?: boolean;
}
export interface Import {
  id: number;
  entity: string;
  name: string;
  size: number;
  format: 'csv' | 'xlsx' | 'vcf';
  reading: { encoding: string; separator: string; header: boolean; sheet: number };
  encodings: string[];
  sheets: string[];
  columns: { title: string; samples: string[]; suggest: string | null }[];
  rows: { line: number; cells: string[]; fault?: string }[];
  more: boolean;
  options: Options;
  remembered: boolean;
  state: 'ready' | 'checking' | 'running' | 'done';
  check: Pass | null;
  run: Pass | null;
}
export interface RowError {
  row: number | null;
  field: string | null;
  code: string;
  detail: string;
}

/** Why a check or run ended before its end, as a sentence. */
export const whyEnded = ({ error }: Pass): string =>
  has(`error.${error}`) ? t(`error.${error}`) : t('import.end.code', { code: error });

export const SEPARATORS = [';', ',', 'tab', '|'];
export const isOpen = (pass: Pass | null) => pass?.state === 'waiting' || pass?.state === 'running';

/** Fields a column may go to, by their labels. */
export function targets(entity: string): { name: string; label: string }[] {
  return ownFields(entity)
    .filter((name) => isEditable(entity, name))
    .map((name) => ({ name, label: label(entity, name) }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

export const fieldAt = (options: Options, column: number): string => {
  const at = options.columns[column];
  return typeof at === 'string' ? at : (at?.field ?? '');
};

const KEYS = new Set(['phone', 'email', 'inn', 'text', 'int', 'ogrn', 'account', 'ref', 'user']);

/** Chosen fields that may tell records apart. */
export function keys(entity: string, options: Options): string[] {
  const chosen = new Set(options.columns.map((_, i) => fieldAt(options, i)).filter(Boolean));
  return [...chosen].filter((name) => KEYS.has(fieldOf(entity, name)?.type ?? ''));
}

/** With column `at` going to `field`; what was matched by a field that no column gives is dropped. */
export function withColumn(entity: string, options: Options, at: number, field: string): Options {
  const columns = options.columns.map((c, i) => (i === at ? field || null : c));
  const next = { ...options, columns };
  const match = options.match.filter((name) => keys(entity, next).includes(name));
  return { ...next, match, mode: match.length ? options.mode : 'create' };
}

export function withMatch(options: Options, name: string, isOn: boolean): Options {
  const match = isOn ? [...options.match, name] : options.match.filter((m) => m !== name);
  const mode = !match.length ? 'create' : options.mode === 'create' ? 'both' : options.mode;
  return { ...options, match, mode };
}

/** Whether a column goes to a field that holds several values. */
export const hasSeveral = (entity: string, options: Options): boolean =>
  options.columns.some((_, i) => !!fieldOf(entity, fieldAt(options, i))?.many);

/** Required fields that no column fills; only new records need them. */
export function missing(entity: string, options: Options): string[] {
  if (options.mode === 'update') return [];
  const given = new Set(options.columns.map((_, i) => fieldAt(options, i)));
  return Object.entries(entityOf(entity)?.fields ?? {})
    .filter(([name, f]) => f.required && f.type !== 'stage' && isEditable(entity, name) && !given.has(name))
    .map(([name]) => label(entity, name));
}

/** Whether a column goes to a reference, which may name what is not there. */
export const refers = (entity: string, options: Options): boolean =>
  options.columns.some((_, i) => ['ref', 'refs', 'user'].includes(fieldOf(entity, fieldAt(options, i))?.type ?? ''));

/** What a row does whose reference names nothing: cards bring it along, tables refuse. */
export const missingOf = ({ format }: Import, options: Options) =>
  options.missing ?? (format === 'vcf' ? 'create' : 'refuse');

export interface Notes {
  error: RowError[];
  warning: RowError[];
}
export async function notesOf({ batch, failed, warned }: Pass): Promise<Notes> {
  const read = async (kind: keyof Notes, n = 0) =>
    n ? (await api.get<{ rows: RowError[] }>(`/batch/${batch}/rows?kind=${kind}`)).rows.slice(0, 20) : [];
  const [error, warning] = await Promise.all([read('error', failed), read('warning', warned)]);
  return { error, warning };
}

/** "Строка 4, Телефон: Excel округлил…" */
export function errorText(entity: string, e: RowError): string {
  const where = e.row ? t('import.row', { n: e.row }) : '';
  const field = e.field && fieldOf(entity, e.field) ? label(entity, e.field) : (e.field ?? '');
  return [[where, field].filter(Boolean).join(', '), e.detail].filter(Boolean).join(': ');
}
