// Scripts of modules: each is loaded when the first of its elements or commands is wanted, started once with a host of
// its own, and kept for as long as the page lives. What fails is told where it would stand, and stops nothing else.
import { hostOf } from './host.ts';
import { say, type Key } from './texts.ts';
import { t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { toast } from '../ui/toast.ts';
import type { ModuleMeta } from '../core/types.ts';

const START_MS = 5000,
  DEFINE_MS = 2000;

/** Why a script is of no use, in the words of the user; anything else that is thrown is the script's own. */
export class Unusable extends Error {
  readonly key: Key;
  constructor(key: Key) {
    super(key);
    this.key = key;
  }
}

interface Script {
  src: string;
  ready: Promise<void>;
}
const scripts = new Map<string, Script>();

export function within<T>(ms: number, work: Promise<T>, key: Key): Promise<T> {
  let timer = 0;
  const late = new Promise<never>((_, fail) => {
    timer = window.setTimeout(() => fail(new Unusable(key)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function start(m: ModuleMeta): Promise<void> {
  const { src } = m.ui!;
  if (!src.startsWith(`/m/${m.id}/`)) throw new Unusable('api');
  const script = await import(src).catch((error: unknown) => {
    scripts.delete(m.id); // it may be there the next time
    throw error;
  });
  if (script.api !== 1) throw new Unusable('api');
  await within(START_MS, Promise.resolve(script.activate?.(hostOf(m.id))), 'slow');
}

export const moduleOf = (id: string): ModuleMeta | undefined => meta.value?.modules?.find((m) => m.id === id);

/** Resolves once the module's script has started. */
export async function load(id: string): Promise<void> {
  const m = moduleOf(id);
  if (!m?.ui) throw new Unusable('gone');
  const script = scripts.get(id) ?? { src: m.ui.src, ready: start(m) };
  scripts.set(id, script);
  await script.ready;
}

/** Elements cannot be defined twice: another version of them takes another page. */
meta.watch(() => {
  for (const [id, { src }] of scripts) {
    const m = moduleOf(id);
    if (m?.ui && m.ui.src !== src) tellNewer(m);
  }
});

function tellNewer(m: ModuleMeta): void {
  const action = { label: t('newer.reload'), run: () => location.reload() };
  toast({ text: say('newer', { name: t(`${m.id}.title`) }), icon: 'refresh', key: `newer ${m.id}`, stays: true, action });
}

type Made = HTMLElement & { ctx?: unknown; updateComplete?: Promise<unknown> };

export async function make(id: string, tag: string): Promise<Made> {
  await load(id);
  await within(DEFINE_MS, customElements.whenDefined(tag), 'undefined');
  return new (customElements.get(tag)!)() as Made; // what its constructor throws comes here, unlike by createElement
}
