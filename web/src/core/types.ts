// The shapes that the API speaks. Unknown keys are ignored; what is optional here may be absent there.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type Ranges = [number, number][];

/** A condition in prefix form: ["field","op",value], ["field","me"], ["and",…], ["or",…], ["not",c]. */
export type Condition = unknown[];

export interface Ref {
  id: number;
  label?: string;
  denied?: boolean;
}

/** A file in a field of type `file` or `files`. */
export interface Attachment {
  id: string;
  name: string;
  size: number;
  type: string;
}

export interface Row {
  id: number;
  rev: number;
  _can?: string[];
  _why?: Record<string, string>; // by what `_can` lacks ("move:won"): a sentence
  _marks?: Record<string, string>;
  foreign?: boolean;
  hidden?: boolean; // the answer to a write after which one may not read the record any more
  found?: Record<string, Ranges | Ranges[]>; // of a search; a field with many values has ranges for each
  [field: string]: unknown;
}

export interface Option {
  v: string;
  l: string;
  color?: string;
}

export interface Field {
  type: string;
  label: string;
  required?: boolean;
  read_only?: boolean;
  many?: boolean;
  max?: number | string; // of a text its length, of a number or date a bound in the form of its values
  min?: number | string;
  scale?: number;
  options?: Option[];
  pipeline?: string;
  currencyField?: string;
  to?: string;
  sortable?: boolean; // a list in this order is quick, however many rows there are
  lookup?: boolean; // what may be chosen is limited by a condition of the deployment
  visible?: Condition;
  help?: string;
}

export interface ListView {
  id: string;
  label: string;
  columns: string[];
  sort?: string[];
  filter?: Condition;
  phone?: string[];
  live?: boolean;
  home?: boolean;
  due?: string;
  /** Pixels that were chosen for columns. */
  widths?: Record<string, number>;
  /** It is kept under a name; `label` is that. */
  saved?: Saved;
}

export interface Saved {
  id: number;
  rev: number;
  /** The view whose rows it narrows. */
  base: string;
  isMine: boolean;
  shared: boolean;
  first: boolean;
  chips: Record<string, string[]>;
}

export interface Related {
  entity: string;
  by: string;
  label?: string;
}

/** The rows of parts, on the card of what they are parts of. */
export interface TableView {
  columns: string[];
  totals?: string[];
  whole?: string[]; // fields of what they are parts of
  scan?: { into: string; by: string[]; count: string };
  acts?: string[];
  preview?: boolean; // what would come of a row is asked for while it is typed
}

export interface CardView {
  header?: string[];
  sections?: { label: string; fields: string[] }[];
  related?: Related[];
}

export interface Entity {
  label: { one: string; many: string; count?: string };
  icon?: string;
  title?: string;
  module?: string;
  match?: boolean; // duplicates are found
  part_of?: string; // the field that refers to the record that it is a part of
  log?: boolean; // a stage log: the kernel writes it, and tells nobody of it
  foreign?: boolean; // a record that one may not read has a minimal card
  timeline?: { notes: string | null; kinds: { kind: string; label: string; icon?: string }[] };
  can: {
    read?: boolean;
    create?: boolean;
    update?: boolean;
    delete?: boolean;
    merge?: boolean;
    export?: boolean;
    import?: boolean;
  };
  fields: Record<string, Field>;
  views?: { list?: ListView[]; card?: CardView; table?: TableView; quick?: string[] };
}

export interface Stage {
  v: string;
  l: string;
  color?: string;
  outcome?: string | null;
  require?: string[];
}
export interface Pipeline {
  entity: string;
  label: string;
  stages: Stage[];
}
export interface MenuEntry {
  id: string;
  label: string;
  icon?: string;
  to: string;
  group?: string;
  order?: number;
  phone?: boolean;
}

/** A page of a module's service: on the cards of an entity, or of the menu. */
export interface Frame {
  module: string;
  id: string;
  label: string;
  height: number;
  entity?: string;
  send?: string[];
  set?: string[];
}

/** Where an element or a command of a module's own script stands. */
export interface UiPart {
  id: string;
  label?: string;
  icon?: string;
  at?: string;
  entity?: string;
  field?: string;
  element?: string;
  view?: string;
  edit?: string;
  order?: number;
  when?: Condition;
}

export interface ModuleMeta {
  id: string;
  ver: string;
  ui?: { src: string; api: number };
  screens?: UiPart[];
  slots?: UiPart[];
  fields?: UiPart[];
  commands?: UiPart[];
}

export interface User {
  id: number;
  name: string;
  login?: string;
  roles?: string[];
  functions?: string[];
  department?: Ref | null;
  prefs?: { theme?: string; density?: string; lang?: string };
}

export interface Meta {
  v: number;
  rev: string;
  locale: string;
  tz: string;
  currency: string;
  firstDay: number;
  title: string;
  stand?: boolean;
  user: User;
  menu: MenuEntry[];
  modules?: ModuleMeta[];
  frames?: Frame[];
  entities: Record<string, Entity>;
  pipelines: Record<string, Pipeline>;
}

/** What a search took for typed when nothing matched as it stood. */
export interface Reading {
  read_as?: string;
  corrected?: string;
}

export interface Page extends Reading {
  rows: Row[];
  next: string | null;
  total?: number;
  approx?: boolean;
  /** The list did not come to its end in time: `walked` percent were looked through, `next` goes on from there. */
  partial?: boolean;
  walked?: number;
}

/** The place of a found row to show beside its title. */
export interface Excerpt {
  field: string;
  text: string;
  at: Ranges;
}

export interface Hit {
  id: number;
  label: string | null;
  hint?: string | null;
  found?: Row['found'];
  excerpt?: Excerpt | null;
  /** What a note stands on. */
  record?: { entity: string; id: number; label: string | null };
}

export interface Hits extends Reading {
  groups: { entity: string; total?: number; approx?: boolean; rows: Hit[] }[];
  partial?: boolean;
}

export interface FieldError {
  field: string;
  code: string;
  detail?: string;
  params?: Record<string, unknown>;
}

export interface Problem {
  status: number;
  code: string;
  title?: string;
  detail?: string;
  request?: string;
  params?: Record<string, unknown>;
  fields?: FieldError[];
  record?: Row;
}

export interface RecordEvent {
  entity: string;
  id: number;
  rev?: number;
  op: string;
  fields?: string[];
}
export interface NoticeEvent {
  id: number;
  kind?: string;
  text: string;
  entity?: string;
  record?: number;
  at?: string;
}
/** A long change: flow/batch.h. */
export interface Batch extends Row {
  kind: string;
  entity: string | null;
  title: string | null;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'canceled';
  total: number;
  done: number;
  changed: number;
  failed: number;
  conflicts: number;
  out_of_sight: number;
  started_at: string | null;
  ended_at: string | null;
  user: Ref | null;
  undo_of: Ref | null;
  undone_by: Ref | null;
  error: string | null;
}
export interface BatchRow {
  kind: 'error' | 'conflict';
  row: number | null;
  entity: string | null;
  record: number | null;
  field: string | null;
  code: string;
  detail?: string;
}
/** A batch changed many rows of an entity. */
export interface ManyEvent {
  entity: string;
  batch: number;
}
export interface HistoryRow {
  position?: string;
  batch?: { id: number; title: string | null } | null;
  at: string;
  by?: { id: number; label: string | null } | null;
  op: string;
  via?: string;
  changes?: { field: string; old: unknown; new: unknown }[];
}

/** What a program signs in with. */
export interface Token {
  id: number;
  key: string;
  name: string;
  user: Ref;
  access: 'read' | 'write';
  entities: string[] | null;
  functions: string[];
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  token?: string;
}

/** What another system is told. */
export interface Webhook {
  id: number;
  rev: string; // changes with what people decide about it
  name: string | null;
  title: string | null;
  url: string;
  user: Ref | null;
  owner: Ref | null;
  entity: string;
  on: string[];
  fields: string[] | null;
  where: true | unknown[] | null;
  batches: 'many' | 'each';
  of_tz: boolean;
  state: 'active' | 'paused';
  reason: string | null;
  failures: number;
  waiting: number;
  failing_since?: string | null;
  secret?: string;
}

export interface Delivery {
  id: number;
  message: string;
  op: string;
  entity: string;
  record: number | null;
  batch: number | null;
  state: 'new' | 'done' | 'dead';
  attempts: number;
  at: string;
  sent_at: string | null;
  next_at: string | null;
  status: number | null;
  ms: number | null;
  error: string | null;
  request?: string | null;
  reply?: string | null;
}
