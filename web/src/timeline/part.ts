// The place of a record's timeline on its card. The timeline is a file of its own: a card in a list is mostly read for
// its fields.
import { html, type TemplateResult } from 'lit';
import { slot } from '../ui/slot.ts';
import type { Row } from '../core/types.ts';

const place = slot('crm-timeline', () => import('./feed.ts'));

export const timeline = (card: { requestUpdate(): void }, entity: string, record: Row): TemplateResult =>
  place(card, () => html`<crm-timeline .entity=${entity} .recordId=${record.id}></crm-timeline>`);
