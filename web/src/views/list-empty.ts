// A list without rows: why, and the one step that most likely helps.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { empty } from '../ui/parts.ts';
import { label } from '../fields/view.ts';
import { number } from '../core/fmt.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';

interface Why {
  entity: string;
  isPlain: boolean;
  isBin: boolean;
  /** The filter without which the most would be found. */
  best: { field: string; total: number } | undefined;
  create: () => void;
  drop: (field: string) => void;
  reset: () => void;
}

export function emptyList(why: Why): TemplateResult {
  if (why.isPlain && why.isBin) return empty('trash', t('bin.empty'), t('bin.empty.text'));
  return why.isPlain ? nothingYet(why) : nothingFound(why);
}

function nothingYet({ entity: name, create }: Why): TemplateResult {
  const entity = entityOf(name)!;
  const button = html`<button class="btn" @click=${create}>
    ${icon('plus', 'icon-16')}${capital(t(entity.label.one))}
  </button>`;
  const mark = entity.icon ?? 'inbox';
  return empty(mark, t('list.empty'), t('list.empty.text'), entity.can.create ? button : nothing);
}

function nothingFound({ entity: entityName, best, drop, reset }: Why): TemplateResult {
  const entity = entityOf(entityName)!;
  const name = best ? (best.field === 'q' ? t('list.find') : label(entityName, best.field)) : '';
  const counted = (n: number) => (entity.label.count ? t(entity.label.count, { n }) : number(n));
  return empty(
    'filter',
    t('list.nothing'),
    best ? t('list.without', { name, count: counted(best.total) }) : t('list.nothing.text'),
    html` ${best ? html`<button class="btn" @click=${() => drop(best.field)}>${t('list.drop', { name })}</button>` : nothing}
      <button class="btn btn-ghost" @click=${reset}>${t('filter.reset')}</button>`,
  );
}
