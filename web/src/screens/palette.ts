// Ctrl+K: goes to any section, makes a new record, finds any record. A combobox over one list of results.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { hasIcon, icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { api, ApiError } from '../core/api.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { ctrl } from '../core/keys.ts';
import { layouts } from '../core/layout.ts';
import { entityOf, fieldOf, homeViews, menu, meta } from '../core/meta.ts';
import { go, openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { Hit, Hits, Ranges, Reading } from '../core/types.ts';
import { hasKeys, openKeys } from '../help/open.ts';
import { byDigits, marked } from '../ui/found.ts';
import * as fmt from '../core/fmt.ts';
import { partsOf, runCommand, type Part } from '../plugins/part.ts';

interface Item {
  icon: string;
  label: unknown;
  plain: string;
  hint?: unknown;
  to?: string; // opens in a new tab with Ctrl
  run: () => void;
}
interface Group {
  title: string;
  count?: string;
  items: Item[];
}

const PAUSE = 150;

function place(name: string, label: string, to: string): Item {
  return { icon: name, label, plain: label, to, run: () => go(to) };
}

function keysItem(): Item {
  const label = t('keys');
  return { icon: 'book', label, plain: label, run: () => void openKeys() };
}

function command(part: Part): Item {
  const label = t(part.label!);
  return { icon: hasIcon(part.icon) ? part.icon! : 'arrow', label, plain: label, run: () => void runCommand(part) };
}

function hit(entity: string, row: Hit): Item {
  const { icon: own, title } = entityOf(entity)!;
  const label = row.label ?? `#${row.id}`;
  return {
    icon: hasIcon(own) ? own! : 'file',
    label: marked(label, title ? (row.found?.[title] as Ranges | undefined) : undefined),
    plain: label,
    hint: hint(entity, row),
    to: `/e/${entity}/${row.id}`,
    run: () => openCard(entity, row.id),
  };
}

/** What a note says, and what it stands on, whose card is opened. */
function noteHit({ entity, id, label }: NonNullable<Hit['record']>, excerpt: Hit['excerpt']): Item {
  const text = excerpt?.text ?? '';
  return {
    icon: 'note',
    label: marked(text, excerpt?.at),
    plain: text,
    hint: label,
    to: `/e/${entity}/${id}`,
    run: () => openCard(entity, id),
  };
}

/** How the records of a group are called; notes by those that they stand on. */
function groupTitle(entity: string): string | undefined {
  const own = entityOf(entity);
  const noted = Object.values(meta.value?.entities ?? {}).find((e) => e.timeline?.notes === entity);
  if (own) return capital(t(own.label.many));
  return noted && t('search.notes', { of: t(noted.label.many) });
}

/** Where the words stand beside the title, or the stage. */
function hint(entity: string, { hint: stage, excerpt }: Hit): unknown {
  const field = excerpt && fieldOf(entity, excerpt.field);
  if (!field) return stage;
  const shown = field.type === 'phone' ? fmt.phone(excerpt.text) : excerpt.text;
  const at = field.type === 'phone' ? byDigits(excerpt.text, shown, excerpt.at) : excerpt.at;
  return html`${t(field.label)}: ${marked(shown, at)}`;
}

/** The way to the whole list when there are more than are shown. */
function more(g: Hits['groups'][number], words: string): Item[] {
  const rest = (g.total ?? 0) - g.rows.length;
  if (rest <= 0) return [];
  const to = `/e/${g.entity}?q=${encodeURIComponent(words)}`;
  const label = t('palette.more', { count: `${fmt.number(rest)}${g.approx ? '+' : ''}` });
  return [{ icon: 'list', label, plain: label, to, run: () => go(to) }];
}

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
    reading: { state: true },
    said: { state: true },
  };
  q = '';
  at = 0;
  hits: Group[] = [];
  reading: Reading = {};
  said = ''; // why something may be missing
  open = false;
  busy = false;
  #timer = 0;
  #asked = 0;
  #watch = new Watch(this, meta, lang);

  show(): void {
    void this.#watch;
    this.q = '';
    this.#take({ groups: [] });
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
      !this.q.trim() || wanted.some((w) => item.plain.toLocaleLowerCase().includes(w));
    const places: Item[] = [
      ...(homeViews().length ? [place('today', t('today'), '/')] : []),
      ...menu().map((entry) =>
        place(hasIcon(entry.icon) ? entry.icon! : 'list', t(entry.label), entry.to),
      ),
      place('bell', t('notices'), '/settings/notices'),
      ...(hasKeys() ? [keysItem()] : []),
    ];
    const makes = Object.entries(meta.value?.entities ?? {})
      .filter(([, e]) => e.can.create && e.views?.quick)
      .map(([name, e]) => {
        const label = t('create.what', { name: t(e.label.one) });
        return { icon: 'plus', label, plain: label, run: () => openCard(name, 'new') };
      });
    return [
      ...this.hits,
      { title: t('palette.go'), items: places.filter(fits) },
      { title: t('palette.make'), items: makes.filter(fits) },
      { title: t('palette.do'), items: partsOf('commands').map(command).filter(fits) },
    ].filter((g) => g.items.length);
  }

  #typed(event: Event): void {
    this.q = (event.target as HTMLInputElement).value;
    this.at = 0;
    clearTimeout(this.#timer);
    this.#asked += 1; // an answer still on its way is for an older text
    if (!this.q.trim()) {
      this.#take({ groups: [] });
      return;
    }
    this.#timer = window.setTimeout(() => void this.#find(this.q.trim()), PAUSE);
  }

  async #find(q: string): Promise<void> {
    const asked = this.#asked;
    this.busy = true;
    let found: Hits = { groups: [] };
    let problem = '';
    try {
      found = await api.get<Hits>(`/search?q=${encodeURIComponent(q)}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problem = problemText(error);
    }
    if (asked !== this.#asked) return;
    this.#take(found);
    this.said ||= problem;
  }

  #take(found: Hits): void {
    this.busy = false;
    this.reading = { read_as: found.read_as, corrected: found.corrected };
    this.said = found.partial ? t('search.partial') : '';
    const words = found.read_as ?? found.corrected ?? this.q.trim();
    this.hits = found.groups
      .filter((g) => groupTitle(g.entity) && g.rows.length)
      .map((g) => ({
        title: groupTitle(g.entity)!,
        count: g.total === undefined ? undefined : `${fmt.number(g.total)}${g.approx ? '+' : ''}`,
        items: entityOf(g.entity)
          ? [...g.rows.map((row) => hit(g.entity, row)), ...more(g, words)]
          : g.rows.map(({ record, excerpt }) => noteHit(record!, excerpt)),
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
      this.#run(items[this.at], event.ctrlKey || event.metaKey);
    }
  }

  #run(item: Item, inNewTab = false): void {
    if (inNewTab && item.to) {
      window.open(item.to, '_blank', 'noopener');
      return;
    }
    this.#close();
    item.run();
  }

  #said() {
    const words = this.reading.read_as ?? this.reading.corrected;
    if (!words && !this.said) return nothing;
    const key = this.reading.read_as ? 'search.read_as' : 'search.corrected';
    return html`<p class="reading" role="status">
      ${words ? t(key, { words }) : nothing} ${this.said}
    </p>`;
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
          /><span class="kbd only-desk">Esc</span>
          <button type="button" class="icon-btn only-phone" aria-label=${t('close')} @click=${() => this.#close()}>
            ${icon('x')}
          </button>
        </div>
        ${this.#said()}
        <div class="palette-list" id="palette-list" role="listbox" aria-label=${t('palette.results')}>
          ${groups.map(
            (group, g) =>
              html`<div class="palette-group" role="group" aria-labelledby="palg-${g}">
                <div class="palette-title" id="palg-${g}" role="presentation">
                  ${group.title}${group.count ? html` <span class="count">${group.count}</span>` : nothing}
                </div>
                ${group.items.map((item) => {
                  n += 1;
                  const at = n;
                  return html`<div
                    class="menu-item ${at === this.at ? 'is-active' : ''}"
                    id="pal-${at}"
                    role="option"
                    aria-selected=${at === this.at ? 'true' : 'false'}
                    @click=${(e: MouseEvent) => this.#run(item, e.ctrlKey || e.metaKey)}
                    @mousemove=${() => {
                      this.at = at;
                    }}
                  >
                    ${icon(item.icon)}<span class="clip">${item.label}</span
                    >${item.hint ? html`<span class="muted clip palette-hint">${item.hint}</span>` : nothing}
                  </div>`;
                })}
              </div>`,
          )}
          ${!groups.length ? html`<div class="hint" role="option" aria-disabled="true" aria-selected="false">${this.busy ? t('loading') : this.said || t('palette.none')}</div>` : nothing}
        </div>
        <div class="palette-foot only-desk" aria-hidden="true">
          <span><span class="kbd">↑</span> <span class="kbd">↓</span> ${t('palette.choose')}</span
          ><span><span class="kbd">Enter</span> ${t('palette.open')}</span
          ><span><span class="kbd">${ctrl()} Enter</span> ${t('palette.tab')}</span>
        </div>
      </div>
    </dialog>`;
  }
}

customElements.define('crm-palette', Palette);
