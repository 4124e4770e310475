// The tabs of a card: all its parts in one column, or those that share the middle of a page.
import { html, type LitElement, type TemplateResult } from 'lit';
import { t } from '../core/i18n.ts';

export type Tab = 'fields' | 'parts' | 'timeline' | 'related' | 'history';

/** `of` keeps the ids of a card in a layer apart from those of the page below. */
export function tabList(
  card: LitElement,
  tabs: Tab[],
  at: Tab,
  of: 'tab' | 'mid',
  go: (tab: Tab) => void,
  name = (tab: Tab) => t(`card.${tab}`),
): TemplateResult {
  const walk = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? tabs.length - 1 : 0;
    if (!step) return;
    const list = event.currentTarget as HTMLElement;
    go(tabs[(tabs.indexOf(at) + step) % tabs.length]!);
    void card.updateComplete.then(() => list.querySelector<HTMLElement>('[aria-selected=true]')?.focus());
  };
  return html`<div class="tabs" role="tablist" aria-label=${t('card.parts')} @keydown=${walk}>
    ${tabs.map(
      (id) =>
        html`<button
          class="tab"
          role="tab"
          id="${of}-${id}"
          aria-controls="${of}-panel"
          aria-selected=${at === id ? 'true' : 'false'}
          tabindex=${at === id ? 0 : -1}
          @click=${() => go(id)}
        >
          ${name(id)}
        </button>`,
    )}
  </div>`;
}
