// What a module's UI may ask of the application. It only ever grows within version 1.
import { api } from './api.ts';
import { on } from './events.ts';
import { lang, t } from './i18n.ts';
import { meta } from './meta.ts';
import { go, openCard } from './router.ts';
import { toast } from '../ui/toast.ts';

export const host = Object.freeze({
  api: 1,
  get lang() {
    return lang.value;
  },
  get user() {
    return meta.value?.user ?? null;
  },
  meta: () => meta.value,
  t,
  on,
  go: (path: string) => go(path),
  openCard: (entity: string, id: number) => openCard(entity, id),
  toast: (text: string) => toast({ text }),
  http: Object.freeze({ get: api.get, post: api.post, patch: api.patch, del: api.del }),
});
