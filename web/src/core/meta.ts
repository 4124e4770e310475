// What the deployment is, for this user: entities, views, pipelines, menu. Helpers that read it live here, so that
// no view knows the shape of the file.
import { ADDRESS_PARTS, askChip, DUE_NAMES, dueChip } from './filter.ts';
import { t } from './i18n.ts';
import { Store } from './store.ts';
import type { Condition, Entity, Field, ListView, MenuEntry, Meta, Pipeline, Ref, Row, Stage } from './types.ts';

export const meta = new Store<Meta | null>(null);

export function entityOf(name: string): Entity | undefined {
  return meta.value?.entities[name];
}

export function fieldOf(entity: string, name: string): Field | undefined {
  return entityOf(entity)?.fields[name] ?? builtIn[name] ?? partOf(entity, name);
}

/** "address.city": a part of an address field is filtered like a text; "due.when" by the names of the start screen. */
function partOf(entity: string, name: string): Field | undefined {
  const [of, part] = name.split('.');
  const field = entityOf(entity)?.fields[of!];
  if (isDate(field) && name === dueChip(of))
    return { type: 'choice', label: field!.label, options: DUE_NAMES.map((v) => ({ v, l: `today.${v}` })), read_only: true };
  if (field && name === askChip(of!)) return { ...field, read_only: true };
  if (field?.type !== 'address' || !part || !(part in ADDRESS_PARTS)) return undefined;
  return { type: 'text', label: t('filter.part', { name: t(field.label), part: t(`address.${part}`) }), read_only: true };
}

/** Every record has these, whether its entity lists them or not. */
const builtIn: Record<string, Field> = {
  created_at: { type: 'datetime', label: 'field.created_at', read_only: true },
  updated_at: { type: 'datetime', label: 'field.updated_at', read_only: true },
  created_by: { type: 'user', label: 'field.created_by', read_only: true },
  deleted_at: { type: 'datetime', label: 'field.deleted_at', read_only: true },
};

export function menu(): MenuEntry[] {
  const listed = [...(meta.value?.menu ?? [])].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  return [...listed, ...kernelEntries(listed)];
}

/** The kernel's own entities (no dot in the name) stand in the menu for those who may add to them. */
function kernelEntries(listed: MenuEntry[]): MenuEntry[] {
  return Object.entries(meta.value?.entities ?? {})
    .map(([name, entity]) => ({ name, entity, to: `/e/${name}` }))
    .filter(
      ({ name, entity, to }) => !name.includes('.') && entity.can.create && !listed.some((e) => e.to === to),
    )
    .map(({ name, entity, to }) => ({
      id: name,
      label: entity.label.many,
      icon: entity.icon,
      to,
      group: 'admin',
    }));
}

export function listViews(entity: string): ListView[] {
  const found = entityOf(entity)?.views?.list;
  if (found?.length) return found;
  const title = entityOf(entity)?.title;
  const rest = ownFields(entity).filter((name) => name !== title);
  const fields = [...(title ? [title] : []), ...rest].slice(0, 6);
  return [{ id: 'all', label: 'list.all', columns: fields, sort: ['-created_at'] }];
}

/** Who keeps a view under a name has written that. */
export const viewName = (view: ListView): string => (view.saved ? view.label : t(view.label));

const SERVICE = new Set(['id', 'rev', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at']);

/** The fields that are the entity's own, without those that every record has. */
export function ownFields(entity: string): string[] {
  return Object.keys(entityOf(entity)?.fields ?? {}).filter((name) => !SERVICE.has(name));
}

export interface HomeView {
  entity: string;
  view: ListView;
  due: string | null;
}

export function homeViews(): HomeView[] {
  const found: HomeView[] = [];
  for (const [entity, { views }] of Object.entries(meta.value?.entities ?? {})) {
    for (const view of views?.list ?? []) {
      if (view.home) found.push({ entity, view, due: dueField(entity, view) });
    }
  }
  return found;
}

/** The date by which a view's rows are to be done: named by the view, else what it sorts by, soonest first. */
export function dueField(entity: string, view?: ListView): string | null {
  const named = view?.due ?? (view ? undefined : listViews(entity).find((v) => v.due)?.due);
  const sorted = (view ? [view] : listViews(entity)).map((v) => v.sort?.[0] ?? '');
  const name = named ?? sorted.find((s) => s && s[0] !== '-' && isDate(fieldOf(entity, s)));
  return name && isDate(fieldOf(entity, name)) ? name : null;
}

const isDate = (field?: Field) => field?.type === 'datetime' || field?.type === 'date';

export function titleOf(entity: string, row: Row | Record<string, unknown>): string {
  const title = entityOf(entity)?.title ?? 'title';
  const text = title.includes('{')
    ? title.replace(/\{(\w+)\}/g, (_, name: string) => plain(row[name])).trim()
    : plain(row[title]);
  return text || plain(row.label) || `№ ${row.id}`;
}

/** Who owns it, as far as the row says. */
export function ownerOf(entity: string, row: Row): Ref | null {
  const fields = Object.entries(entityOf(entity)?.fields ?? {});
  const owner = fields.find(([name, f]) => f.type === 'user' && row[name]);
  return owner ? (row[owner[0]] as Ref) : null;
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return plain(value[0]);
  if (typeof value === 'object') return String((value as { label?: string }).label ?? '');
  return String(value);
}

export function pipelineOf(field?: Field): Pipeline | undefined {
  return field?.pipeline ? meta.value?.pipelines?.[field.pipeline] : undefined;
}

export function stageField(entity: string): string | null {
  const found = Object.entries(entityOf(entity)?.fields ?? {}).find(([, f]) => f.type === 'stage');
  return found ? found[0] : null;
}

export function stagesOf(entity: string): Stage[] {
  const name = stageField(entity);
  return name ? (pipelineOf(fieldOf(entity, name))?.stages ?? []) : [];
}

export function stageOf(entity: string, row: Row): Stage | undefined {
  const name = stageField(entity);
  return name ? stagesOf(entity).find((s) => s.v === row[name]) : undefined;
}

export const isFinal = (stage?: Stage): boolean => !!stage?.outcome && stage.outcome !== 'open';
export const isGood = (stage?: Stage): boolean => stage?.outcome === 'won' || stage?.outcome === 'done';

/** The yes/no field that finishes a record: the one beside the date by which it is to be done. */
export function doneField(entity: string): string | null {
  const views = entityOf(entity)?.views;
  const names = (views?.list ?? [])
    .filter((v) => dueField(entity, v))
    .flatMap((v) => v.columns)
    .concat(views?.card?.header ?? []);
  if (!dueField(entity)) return null;
  return names.find((name) => fieldOf(entity, name)?.type === 'bool' && isEditable(entity, name)) ?? null;
}

/** The view of the records about which nothing is planned, and what would be. */
export interface Idle {
  view: ListView;
  /** Of the steps, and their field that refers to the record. */
  entity: string;
  by: string;
  /** Which of them are still to be done. */
  where: Condition | undefined;
  /** ["not",["exists",entity,by,where]], as it stands in the view's filter. */
  part: Condition;
}

export function idleOf(entity: string): Idle | null {
  for (const view of entityOf(entity)?.views?.list ?? []) {
    const { filter = [] } = view;
    for (const part of (filter[0] === 'and' ? filter.slice(1) : [filter]) as Condition[]) {
      const [head, inner] = part;
      const [exists, of, by, where] = (head === 'not' && Array.isArray(inner) ? inner : []) as [string, string, string, Condition?];
      if (exists === 'exists' && entityOf(of)) return { view, entity: of, by, where, part };
    }
  }
  return null;
}

/** Closed records have nothing left to be late with. */
export function isClosed(entity: string, row: Row): boolean {
  const done = doneField(entity);
  return isFinal(stageOf(entity, row)) || (done !== null && row[done] === true);
}

export function may(row: Row | null, action: string): boolean {
  return row?._can?.includes(action) ?? false;
}

export function isEditable(entity: string, name: string): boolean {
  const field = fieldOf(entity, name);
  return !!field && !field.read_only && EDITABLE.has(field.type);
}

const EDITABLE = new Set([
  'text',
  'multiline',
  'email',
  'phone',
  'url',
  'int',
  'decimal',
  'money',
  'percent',
  'bool',
  'date',
  'datetime',
  'duration',
  'choice',
  'choices',
  'user',
  'ref',
  'refs',
  'tags',
  'inn',
  'kpp',
  'ogrn',
  'bik',
  'account',
  'address',
  'file',
  'files',
  'json',
]);
