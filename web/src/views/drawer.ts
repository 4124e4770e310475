// A card over the list: a modal dialog at the right edge, a whole sheet on a phone. "Back", Escape and a click beside
// it close it; unsaved work stays as a draft.
import { html } from 'lit';
import { El } from '../ui/element.ts';
import { t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';
import { closeCard, type Place } from '../core/router.ts';

class Drawer extends El {
  static override properties = { place: { attribute: false } };
  place: Place | null = null;
  #opener: Element | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#opener = document.activeElement;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    const opener = this.#opener;
    const id = this.place?.id;
    requestAnimationFrame(() => {
      const back = opener?.isConnected ? opener : document.querySelector(`[data-id="${id}"] a`);
      if (document.activeElement === document.body) (back as HTMLElement | null)?.focus();
    });
  }

  override firstUpdated(): void {
    this.querySelector('dialog')!.showModal();
  }

  override render() {
    const at = this.place!;
    const known = entityOf(at.entity);
    return html`<dialog
      class="drawer"
      aria-label=${known ? t(at.name === 'new' ? 'create.what' : 'card.what', { name: t(known.label.one) }) : t('lost.title')}
      @cancel=${(e: Event) => {
        e.preventDefault();
        if (e.target === e.currentTarget) closeCard();
      }}
      @mousedown=${(e: Event) => {
        if (e.target === e.currentTarget) closeCard();
      }}
    >
      <div class="drawer-box">
        ${
          at.name === 'new'
            ? html`<crm-create layer .entity=${at.entity} .search=${at.search}></crm-create>`
            : html`<crm-card layer .entity=${at.entity} .recordId=${at.id}></crm-card>`
        }
      </div>
    </dialog>`;
  }
}

customElements.define('crm-drawer', Drawer);
