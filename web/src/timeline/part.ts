// The place of a record's timeline on its card. The timeline is a file of its own: a card in a list is mostly read for
// its fields.
import { html, type TemplateResult } from 'lit';
import { failure, skeletonRows } from '../ui/parts.ts';
import { ApiError } from '../core/api.ts';
import type { Row } from '../core/types.ts';

interface Card {
  requestUpdate(): void;
}

let coming: Promise<void> | null = null;
let isLost = false; // it could not be had, without a connection or after an update of the server

function fetch(card: Card): void {
  coming ??= import('./feed.ts').then(
    () => undefined,
    () => {
      isLost = true;
    },
  );
  void coming.then(() => {
    coming = null;
    card.requestUpdate();
  });
}

export function timeline(card: Card, entity: string, record: Row): TemplateResult {
  if (customElements.get('crm-timeline'))
    return html`<crm-timeline .entity=${entity} .recordId=${record.id}></crm-timeline>`;
  const again = () => {
    isLost = false;
    card.requestUpdate();
  };
  if (isLost) return failure(new ApiError({ status: 0, code: 'offline' }), again);
  fetch(card);
  return skeletonRows(4);
}
