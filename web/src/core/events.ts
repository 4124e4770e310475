// The event stream. One tab of the browser, the leader, holds it (Web Locks) and passes everything on to the others
// (BroadcastChannel). It reconnects with back-off and resumes after the last event; when that is no longer possible
// the server says `reset` and everything in sight is read anew.
import { Store } from './store.ts';
import type { ManyEvent, NoticeEvent, RecordEvent } from './types.ts';

export interface Link {
  state: 'off' | 'connecting' | 'live' | 'lost';
  retryAt: number;
}

interface Events {
  record: RecordEvent;
  many: ManyEvent;
  notice: NoticeEvent;
  meta: { rev: string };
  reset: object;
  bye: { reason: string };
}
type Name = keyof Events;
type Message =
  | { kind: 'event'; name: Name; data: unknown; id: string }
  | { kind: 'link'; link: Link; last: string }
  | { kind: 'hello' }
  | { kind: 'retry' };

const NAMES: Name[] = ['record', 'many', 'notice', 'meta', 'reset', 'bye'];
const SILENCE = 50_000; // two and a half pings
const FIRST_WAIT = 1000,
  LONGEST_WAIT = 30_000;

export const link = new Store<Link>({ state: 'off', retryAt: 0 });

const listeners = new Map<Name, Set<(data: never) => void>>();
let channel: BroadcastChannel | null = null;
let source: EventSource | null = null;
let last = '';
let leader = false;
let wait = FIRST_WAIT;
let retryTimer = 0,
  silenceTimer = 0;
let release: (() => void) | null = null;
let onRefused: () => void = () => undefined;

export function on<N extends Name>(name: N, listener: (data: Events[N]) => void): () => void {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name)!.add(listener as never);
  return () => listeners.get(name)!.delete(listener as never);
}

function emit(name: Name, data: unknown): void {
  for (const listener of [...(listeners.get(name) ?? [])]) (listener as (d: unknown) => void)(data);
}

/** Starts following; `refused` is called when the stream does not open, to find out whether the session has ended. */
export function follow(refused: () => void): void {
  if (link.value.state !== 'off') return;
  onRefused = refused;
  link.set({ state: 'connecting', retryAt: 0 });
  channel = new BroadcastChannel('karkas.events');
  channel.onmessage = (event) => received(event.data as Message);
  tell({ kind: 'hello' });
  if (!navigator.locks) {
    lead();
    return;
  }
  void navigator.locks.request(
    'karkas.events',
    () =>
      new Promise<void>((done) => {
        release = done;
        lead();
      }),
  );
}

export function stop(): void {
  close();
  release?.();
  release = null;
  leader = false;
  channel?.close();
  channel = null;
  last = '';
  link.set({ state: 'off', retryAt: 0 });
}

/** Does not wait for the back-off to run out. */
export function retryNow(): void {
  if (leader) connect();
  else tell({ kind: 'retry' });
}

function received(message: Message): void {
  if (message.kind === 'event') {
    last = message.id || last;
    emit(message.name, message.data);
  } else if (message.kind === 'link') {
    last = message.last || last;
    link.set(message.link);
  } else if (leader) {
    if (message.kind === 'retry') connect();
    else tell({ kind: 'link', link: link.value, last });
  }
}

function tell(message: Message): void {
  channel?.postMessage(message);
}

function lead(): void {
  if (link.value.state === 'off') {
    release?.();
    return;
  }
  leader = true;
  addEventListener('online', retryNow);
  connect();
}

function close(): void {
  clearTimeout(retryTimer);
  clearTimeout(silenceTimer);
  source?.close();
  source = null;
}

function setLink(next: Link): void {
  link.set(next);
  tell({ kind: 'link', link: next, last });
}

function connect(): void {
  close();
  source = new EventSource(`/api/v1/events${last ? `?after=${encodeURIComponent(last)}` : ''}`);
  const before = link.value.state;
  source.onopen = () => {
    wait = FIRST_WAIT;
    setLink({ state: 'live', retryAt: 0 });
    heard();
    if (before === 'lost' && !last) pass('reset', {});
  };
  source.onerror = () => lost();
  source.addEventListener('ping', (event) => {
    heard();
    if (event.lastEventId) last = event.lastEventId; // a bare id has no event of its own
  });
  for (const name of NAMES)
    source.addEventListener(name, (event) => arrived(name, event as MessageEvent<string>));
}

function heard(): void {
  clearTimeout(silenceTimer);
  silenceTimer = window.setTimeout(lost, SILENCE);
}

function lost(): void {
  close();
  const delay = wait * (0.75 + Math.random() / 2);
  wait = Math.min(wait * 2, LONGEST_WAIT);
  setLink({ state: 'lost', retryAt: Date.now() + delay });
  retryTimer = window.setTimeout(connect, delay);
  onRefused();
}

function pass(name: Name, data: unknown): void {
  emit(name, data);
  tell({ kind: 'event', name, data, id: last });
}

function arrived(name: Name, event: MessageEvent<string>): void {
  heard();
  if (event.lastEventId) last = event.lastEventId;
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  pass(name, data);
}
