/**
 * What `/ui/sdk/1.js` exports to a module's UI. It only ever grows; what leaves goes to `/ui/sdk/2.js`.
 * Everyone imports exactly that address, so that there is one Lit in the page.
 */
export { LitElement, css, html, nothing, svg } from 'lit';

export interface Host {
  readonly api: 1;
  readonly lang: 'ru' | 'en';
  readonly user: { readonly id: number; readonly name: string } | null;
  /** The answer of /api/v1/meta; null before the login. */
  meta(): unknown;
  /** The text under `key`; a key that nobody knows is shown as it is. */
  t(key: string, params?: Record<string, unknown>): string;
  /** Follows the event stream: record, notice, meta, reset. Returns how to stop. */
  on(name: 'record' | 'notice' | 'meta' | 'reset', listener: (data: never) => void): () => void;
  go(path: string): void;
  openCard(entity: string, id: number): void;
  toast(text: string): void;
  /** Requests below /api/v1 with the session and its protection; a problem rejects with `code`. */
  readonly http: {
    get<T>(path: string): Promise<T>;
    post<T>(path: string, body?: unknown): Promise<T>;
    patch<T>(path: string, body: unknown): Promise<T>;
    del(path: string): Promise<void>;
  };
}

export declare const host: Host;

/** A record as the API gives it: the fields that the user sees by name, beside its id and revision. */
export interface Row {
  readonly id: number;
  readonly rev: number;
  readonly [field: string]: unknown;
}

export interface RecordEvent {
  readonly entity: string;
  readonly id: number;
  readonly rev?: number;
  readonly op: string;
  readonly fields?: readonly string[];
}

/** What one module's script gets: by `activate`, and in the `ctx` of its elements. Frozen. */
export interface ModuleHost extends Host {
  readonly module: string;
  /** The deployment's time zone. */
  readonly tz: string;
  /** Whether the user holds a function, or a permission of a module by its full name: "export", "fleet.close". */
  can(name: string): boolean;
  /** A field of a record as a person reads it, without markup. */
  fmt(entity: string, field: string, record: Row): string;
  readonly records: {
    get(entity: string, id: number): Promise<Row>;
    /** The parameters of the API's list: {'stage.in': 'new,work', sort: '-created_at', limit: '50'}. */
    list(entity: string, query?: Record<string, string>): Promise<{ rows: Row[]; next: string | null; total?: number }>;
    create(entity: string, values: unknown): Promise<Row>;
    /** Rejects with the code "stale" when somebody has changed the record since `record` was read. */
    patch(entity: string, record: { id: number; rev: number }, values: unknown): Promise<Row>;
    /** Follows one record. Returns how to stop. */
    watch(entity: string, id: number, changed: (event: RecordEvent) => void): () => void;
  };
  /** Opens the form for a new record, with these values in it. */
  create(entity: string, values?: Record<string, string>): void;
  /** Asks before something that cannot be taken back. */
  confirm(question: { title: string; text: string; yes: string; danger?: boolean }): Promise<boolean>;
  /** What a command of `ui.commands` in module.yaml does. */
  command(id: string, run: () => unknown): void;
  /** What this user's browser keeps for the module: any JSON. */
  readonly storage: { get(name: string): unknown; set(name: string, value: unknown): void };
}

/** What an element is told: set as its property `ctx` before it is connected, and again whenever it changes. Frozen. */
export interface Context {
  readonly host: ModuleHost;
  readonly place: 'screen' | 'card.side' | 'list.top' | 'home' | 'field.card' | 'field.cell' | 'field.edit';
  readonly lang: 'ru' | 'en';
  /** The window is as narrow as a phone's. */
  readonly narrow: boolean;
  readonly entity?: string;
  /** Of a card or a field that is shown. */
  readonly record?: Row | null;
  /** Of a field: its name and value; an editor says another one by the event `ui-change` with {value} as its detail. */
  readonly field?: string;
  readonly value?: unknown;
  readonly label?: string;
}

/** What /m/<module>/ui.js exports. */
export interface ModuleScript {
  readonly api: 1;
  /** Called once, when the first of the module's elements or commands is wanted; it has five seconds. */
  activate?(host: ModuleHost): void | Promise<void>;
}
