// The start screen: what is to be done, overdue first, and what has just come in. It shows the list views that say
// they stand here; it knows no module by name.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, skeletonRows } from '../ui/parts.ts';
import { line } from '../views/lines.ts';
import { FootFocus, WalkVoice, progress } from '../views/more.ts';
import { HOME_ASIDE, homeLimit, homeQuery } from '../core/ahead.ts';
import { atLeast, dayNumber, fromLocalInput, zone } from '../core/fmt.ts';
import { dueChip } from '../core/filter.ts';
import { capital, lang, locale, t } from '../core/i18n.ts';
import { entityOf, homeViews, meta, type HomeView } from '../core/meta.ts';
import { narrow } from '../core/narrow.ts';
import { Records } from '../core/records.ts';
import { openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import { slots } from '../plugins/part.ts';
import type { Row } from '../core/types.ts';

const ASIDE_PHONE = 3;
type Group = 'overdue' | 'today' | 'later' | 'none';

interface Shown {
  home: HomeView;
  records: Records;
  voice: WalkVoice;
}

class Today extends El {
  static override properties = {};
  #watch = new Watch(this, meta, lang, narrow);
  #lists = new Map<string, Shown>();
  #focus = new FootFocus(this);
  #clock = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void [this.#watch, this.#focus];
    this.#clock = window.setInterval(() => this.requestUpdate(), 60_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    for (const { records } of this.#lists.values()) records.stop();
    this.#lists.clear();
  }

  override willUpdate(): void {
    for (const home of homeViews()) {
      const key = `${home.entity}/${home.view.id}`;
      const known = this.#lists.get(key);
      if (known) {
        known.home = home;
        continue;
      }
      const changed = () => this.requestUpdate();
      const options = { limit: homeLimit(home) };
      const records = new Records(home.entity, homeQuery(home.view), home.view.sort ?? [], changed, options);
      this.#lists.set(key, { home, records: records.start(), voice: new WalkVoice() });
    }
  }

  override render() {
    document.title = `${t('today')} — ${meta.value?.title ?? ''}`;
    const all = [...this.#lists.values()];
    const main = all.filter(({ home }) => home.due),
      aside = all.filter(({ home }) => !home.due);
    const first = main[0]?.home.entity ?? aside[0]?.home.entity;
    const create = first && entityOf(first)?.can.create ? first : null;
    const one = create ? t(entityOf(create)!.label.one) : '';
    const day = new Intl.DateTimeFormat(locale(), {
      timeZone: zone(),
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    }).format(Date.now());
    return html`<div class="list">
      <header class="head">
        <h1 class="title">${t('today')}</h1>
        <span class="muted only-desk">${day}</span>
        <div class="actions">
          ${create ? html`<button class="btn btn-primary create-btn" data-action="create" aria-label=${t('create.what', { name: one })} @click=${() => openCard(create, 'new')}>${icon('plus', 'icon-16')}<span class="only-desk">${capital(one)}</span></button>` : nothing}
        </div>
      </header>
      <div class="scroll" tabindex="0" role="region" aria-label=${t('today')}>
        <div class="today ${main.length && (aside.length || slots('home').length) ? '' : 'is-single'}">
          <div class="today-main">${main.map((one) => html`<div class="today-list" tabindex="-1">${this.#due(one)}${this.#foot(one)}</div>`)}</div>
          <div class="today-aside">${aside.map((one) => this.#plain(one))}${slots('home')}</div>
        </div>
      </div>
    </div>`;
  }

  #due({ home, records }: Shown): TemplateResult | typeof nothing {
    if (records.state === 'loading') return html`<section>${skeletonRows(6)}</section>`;
    if (records.state === 'error') return failure(records.error!, () => void records.load());
    if (!records.rows.length && records.walked !== null) return nothing;
    if (!records.rows.length)
      return html`<section class="today-free">
        ${empty('check', t('today.free'), t('today.free.text'))}
      </section>`;
    const groups: Record<Group, Row[]> = { overdue: [], today: [], later: [], none: [] };
    for (const row of records.rows) groups[groupOf(row[home.due!] as string | null)].push(row);
    const last = records.next && groupOf(records.rows.at(-1)![home.due!] as string | null); // of which more may follow
    return html`${(['overdue', 'today', 'later', 'none'] as Group[])
      .filter((g) => groups[g].length)
      .map(
        (g, i) =>
          html` <section data-group=${g}>
            ${sect(t(`today.${g}`), `${groups[g].length}${g === last ? '+' : ''}`, hrefOf(home, g), t(entityOf(home.entity)!.label.many), i > 0)}
            <ul>
              ${groups[g].map((row) => line(home.entity, row, home.view, records.fresh.has(row.id)))}
            </ul>
          </section>`,
      )}`;
  }

  /** In a place of its own, so that its button keeps the focus when the first rows come. */
  #foot({ records, voice }: Shown): TemplateResult {
    return html`${progress(records)} ${voice.told(records)}`;
  }

  #plain(one: Shown): TemplateResult {
    const { home, records } = one;
    const title = `${capital(t(entityOf(home.entity)!.label.many))} · ${t(home.view.label)}`;
    return html`<section data-view=${home.view.id} data-entity=${home.entity} tabindex="-1">
      ${sect(title, records.total ? atLeast(records) : '', hrefOf(home), title)}
      ${records.state === 'loading' ? skeletonRows(3) : nothing}
      ${records.state === 'error' ? failure(records.error!, () => void records.load()) : nothing}
      ${records.state === 'ready' && records.walked === null && !records.rows.length ? html`<p class="faint row">${t('today.quiet')}</p>` : nothing}
      <ul>
        ${records.rows.slice(0, narrow.value ? ASIDE_PHONE : HOME_ASIDE).map((row) => line(home.entity, row, home.view, records.fresh.has(row.id)))}
      </ul>
      ${this.#foot(one)}
    </section>`;
  }
}

/** The head of a part of the screen. All of it leads to the list: the link covers the title and the number. */
function sect(title: string, count: string, href: string, many: string, again = false): TemplateResult {
  const text = html`${t('today.open')}<span class="sr"> ${many}</span>`;
  return html`<div class="sect">
    <h2>${title}</h2>
    ${count ? html`<span class="count">${count}</span>` : nothing}
    <a class="link push" href=${href}>${again ? html`<span class="sr">${text}</span>${icon('right', 'icon-16')}` : text}</a>
  </div>`;
}

/** The list of the same rows, of a part of them where one is named. */
function hrefOf({ entity, view, due }: HomeView, part?: Group): string {
  const all = `/e/${entity}?view=${view.id}`;
  return part && due ? `${all}&f.${dueChip(due)}=${part}` : all;
}

function groupOf(due: string | null): Group {
  if (!due) return 'none';
  const now = Date.now();
  const day = /^\d{4}-\d\d-\d\d$/.test(due);
  const at = day ? Date.parse(fromLocalInput(`${due}T23:59`)!) : Date.parse(due);
  if (at < now) return 'overdue';
  return dayNumber(at) === dayNumber(now) ? 'today' : 'later';
}

customElements.define('crm-today', Today);
