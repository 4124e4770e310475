// What a module's UI may ask of the application. It only ever grows within version 1.
import type { Host } from '../../sdk/1.d.ts';
import { api } from './api.ts';
import { on } from './events.ts';
import { lang, t } from './i18n.ts';
import { meta } from './meta.ts';
import { go, openCard } from './router.ts';
import { toast } from '../ui/toast.ts';

export const host: Host = Object.freeze({
  api: 1 as const,
  get lang() {
    return lang.value;
  },
  get user() {
    return meta.value?.user ?? null;
  },
  meta: () => meta.value,
  t,
  on: (name: 'record' | 'notice' | 'meta' | 'reset', listener: (data: never) => void) =>
    on(name, listener as () => void),
  go: (path: string) => go(path),
  openCard: (entity: string, id: number) => openCard(entity, id),
  toast: (text: string) => toast({ text }),
  http: Object.freeze({
    get: <T>(path: string) => api.get<T>(path),
    post: api.post,
    patch: api.patch,
    del: api.del,
  }),
});
