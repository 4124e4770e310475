// What a record is made of, on its card: the tables of its parts. They are a file of their own.
import { html, type TemplateResult } from 'lit';
import { slot } from '../ui/slot.ts';
import { entityOf, meta } from '../core/meta.ts';
import type { Row } from '../core/types.ts';

const place = slot('crm-parts', () => import('./table.ts').then(({ styled }) => styled));

/** The entities whose records stand in tables on the cards of this one. */
export function partsOf(entity: string): string[] {
  const all = Object.entries(meta.value?.entities ?? {});
  return all
    .filter(([, e]) => e.part_of && e.views?.table?.columns.length && e.fields[e.part_of]?.to === entity)
    .map(([name]) => name);
}

export const parts = (card: { requestUpdate(): void }, entity: string, whole: Row): TemplateResult =>
  place(
    card,
    () => html`${partsOf(entity).map((part) => html`<crm-parts .entity=${part} .by=${entityOf(part)!.part_of} .whole=${whole}></crm-parts>`)}`,
  );
