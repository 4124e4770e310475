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
