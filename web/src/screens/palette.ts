// Ctrl+K: goes to any section, makes a new record, finds any record. A combobox over one list of results.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { hasIcon, icon } from '../ui/icon.ts';
import { api } from '../core/api.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { layouts } from '../core/layout.ts';
import { entityOf, homeViews, menu, meta } from '../core/meta.ts';
import { go, openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';

interface Item {
  icon: string;
  label: string;
  hint?: string;
  run: () => void;
}
interface Group {
  title: string;
  items: Item[];
}
interface Hits {
  groups: { entity: string; rows: { id: number; label: string; hint?: string }[] }[];
}

const PAUSE = 150;

export function openPalette(): void {
  (document.querySelector('crm-palette') as Palette | null)?.show();
}

class Palette extends El {
  static override properties = {
    q: { state: true },
    at: { state: true },
    hits: { state: true },
    open: { state: true },
    busy: { state: true },
  };
  q = '';
  at = 0;
  hits: Group[] = [];
  open = false;
  busy = false;
  #timer = 0;
  #asked = 0;
  #watch = new Watch(this, meta, lang);

  show(): void {
    void this.#watch;
    this.q = '';
    this.hits = [];
    this.at = 0;
    this.open = true;
    void this.updateComplete.then(() => {
      this.querySelector('dialog')?.showModal();
      this.querySelector('input')?.focus();
    });
  }

  #close(): void {
    this.querySelector('dialog')?.close();
    this.open = false;
  }

  get #groups(): Group[] {
    const wanted = layouts(this.q.trim().toLocaleLowerCase());
    const fits = (item: Item) =>
      !this.q.trim() || wanted.some((w) => item.label.toLocaleLowerCase().includes(w));
    const places: Item[] = [
      ...(homeViews().length ? [{ icon: 'today', label: t('today'), run: () => go('/') }] : []),
      ...menu().map((entry) => ({
        icon: hasIcon(entry.icon) ? entry.icon! : 'list',
        label: t(entry.label),
        run: () => go(entry.to),
      })),
      { icon: 'bell', label: t('notices'), run: () => go('/settings/notices') },
    ];
    const makes = Object.entries(meta.value?.entities ?? {})
      .filter(([, e]) => e.can.create && e.views?.quick)
      .map(([name, e]) => ({
        icon: 'plus',
        label: t('create.what', { name: t(e.label.one) }),
        run: () => openCard(name, 'new'),
      }));
    return [
      ...this.hits,
      { title: t('palette.go'), items: places.filter(fits) },
      { title: t('palette.make'), items: makes.filter(fits) },
    ].filter((g) => g.items.length);
  }

  #typed(event: Event): void {
    this.q = (event.target as HTMLInputElement).value;
    this.at = 0;
    clearTimeout(this.#timer);
    if (!this.q.trim()) {
      this.hits = [];
      return;
    }
    this.#timer = window.setTimeout(() => void this.#find(this.q), PAUSE);
  }

  async #find(q: string): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.busy = true;
    const ask = async (text: string) =>
      (await api.get<Hits>(`/search?q=${encodeURIComponent(text)}`).catch(() => ({ groups: [] }))).groups;
    let groups = await ask(q.trim());
    const [, swapped] = layouts(q.trim());
    if (!groups.some((g) => g.rows.length) && swapped) groups = await ask(swapped);
    if (asked !== this.#asked) return;
    this.busy = false;
    this.hits = groups
      .filter((g) => entityOf(g.entity) && g.rows.length)
      .map((g) => ({
        title: capital(t(entityOf(g.entity)!.label.many)),
        items: g.rows.map((row) => ({
          icon: entityOf(g.entity)!.icon ?? 'file',
          label: row.label,
          hint: row.hint,
          run: () => openCard(g.entity, row.id),
        })),
      }));
  }

  #key(event: KeyboardEvent): void {
    const items = this.#groups.flatMap((g) => g.items);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      this.at = (this.at + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % Math.max(1, items.length);
      void this.updateComplete.then(() =>
        this.querySelector('.is-active')?.scrollIntoView({ block: 'nearest' }),
      );
    } else if (event.key === 'Enter' && items[this.at]) {
      event.preventDefault();
      this.#run(items[this.at]);
    }
  }

  #run(item: Item): void {
    this.#close();
    item.run();
  }

  override render() {
    if (!this.open) return nothing;
    const groups = this.#groups;
    let n = -1;
    return html`<dialog
      class="palette"
      aria-label=${t('search')}
      @close=${() => {
        this.open = false;
      }}
      @mousedown=${(e: Event) => {
        if (e.target === e.currentTarget) this.#close();
      }}
    >
      <div class="palette-box">
        <div class="palette-input">
          ${icon('search')}<input
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-autocomplete="list"
            aria-activedescendant=${groups.length ? `pal-${this.at}` : nothing}
            aria-label=${t('search')}
            placeholder=${t('palette.hint')}
            autocomplete="off"
            spellcheck="false"
            .value=${this.q}
            @input=${this.#typed}
            @keydown=${this.#key}
          /><span class="kbd">Esc</span>
        </div>
        <div class="palette-list" id="palette-list" role="listbox" aria-label=${t('palette.results')}>
          ${groups.map(
            (group, g) =>
              html`<div class="palette-group" role="group" aria-labelledby="palg-${g}">
                <div class="palette-title" id="palg-${g}" role="presentation">${group.title}</div>
                ${group.items.map((item) => {
                  n += 1;
                  const at = n;
                  return html`<div
                    class="menu-item ${at === this.at ? 'is-active' : ''}"
                    id="pal-${at}"
                    role="option"
                    aria-selected=${at === this.at ? 'true' : 'false'}
                    @click=${() => this.#run(item)}
                    @mousemove=${() => {
                      this.at = at;
                    }}
                  >
                    ${icon(item.icon)}<span class="clip">${item.label}</span
                    >${item.hint ? html`<span class="muted clip">${item.hint}</span>` : nothing}
                  </div>`;
                })}
              </div>`,
          )}
          ${!groups.length ? html`<div class="hint" role="option" aria-disabled="true" aria-selected="false">${t(this.busy ? 'loading' : 'palette.none')}</div>` : nothing}
        </div>
        <div class="palette-foot only-desk" aria-hidden="true">
          <span><span class="kbd">↑</span> <span class="kbd">↓</span> ${t('palette.choose')}</span
          ><span><span class="kbd">Enter</span> ${t('palette.open')}</span>
        </div>
      </div>
    </dialog>`;
  }
}

customElements.define('crm-palette', Palette);
