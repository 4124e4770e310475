// Records that are there already, said while one types a new one: of its own kind, and those it may refer to (the
// client of a request) by the phone, e-mail or ИНН that both have.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { isEmpty } from '../fields/view.ts';
import { toApi } from '../fields/value.ts';
import { api } from '../core/api.ts';
import { lang, t } from '../core/i18n.ts';
import { entityOf, fieldOf, titleOf } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import { found, foreignActs, told, type Duplicate } from './duplicates.ts';

const PAUSE = 350; // of typing, before it is asked
const TELLING = new Set(['text', 'email', 'phone', 'url', 'inn', 'kpp', 'ogrn', 'account']);
const SHARED = new Set(['email', 'phone', 'inn']); // what tells who somebody is, in whatever record it stands

interface Place {
  entity: string;
  by: string; // the field that would refer to it; empty: the same kind of record
  fields: string[];
}
interface Found extends Duplicate {
  place: Place;
}

/** Where to look for what is typed into a new record of this kind. */
export function places(entity: string): Place[] {
  const own = Object.entries(entityOf(entity)?.fields ?? {});
  const telling = own.filter(([, f]) => TELLING.has(f.type)).map(([name]) => name);
  const all: Place[] = entityOf(entity)?.match ? [{ entity, by: '', fields: telling }] : [];
  for (const [by, f] of own) {
    const to = f.type === 'ref' ? entityOf(f.to ?? '') : undefined;
    if (!to?.match || !to.can.read || f.to === entity) continue;
    const fields = own.filter(([name, one]) => SHARED.has(one.type) && to.fields[name]?.type === one.type).map(([name]) => name);
    if (fields.length) all.push({ entity: f.to!, by, fields });
  }
  return all;
}

class Alike extends El {
  static override properties = { entity: {}, values: { attribute: false }, rows: { state: true } };
  entity = '';
  values: Record<string, unknown> = {};
  rows: Found[] = [];
  #asked = '[]';
  #timer = 0;
  #watch = new Watch(this, lang);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override willUpdate(): void {
    void this.#watch;
    const asks = places(this.entity)
      .map((place) => ({ place, fields: this.#filled(place.fields) }))
      .filter(({ fields }) => Object.keys(fields).length);
    const asked = JSON.stringify(asks);
    if (asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#ask(asked, asks), PAUSE);
  }

  #filled(names: string[]): Record<string, unknown> {
    const filled = names.filter((name) => !isEmpty(this.values[name]));
    return Object.fromEntries(filled.map((name) => [name, toApi(fieldOf(this.entity, name)!, this.values[name])]));
  }

  /** A warning that could not be had stops nobody. */
  async #ask(asked: string, asks: { place: Place; fields: Record<string, unknown> }[]): Promise<void> {
    const pages = await Promise.all(
      asks.map(async ({ place, fields }) => {
        const none = { rows: [] as Duplicate[] };
        const page = await api.post<typeof none>(`/${place.entity}/duplicates`, { fields, limit: 4 }).catch(() => none);
        return page.rows.filter((one) => one.sure || !place.by).map((one) => ({ ...one, place }));
      }),
    );
    if (asked === this.#asked) this.rows = pages.flat();
  }

  override render() {
    const sure = this.rows.some((one) => one.sure);
    const own = this.rows.some((one) => !one.place.by);
    return html`<div role="status" class="alike">
      ${
        this.rows.length
          ? html`<div class="note-bar ${sure ? 'is-warn-bg' : ''}">
              ${icon(sure ? 'alert' : 'search', 'icon-16')}
              <div class="alike-body">
                <span class="strong">${t(!own ? 'dup.known' : sure ? 'dup.exists' : 'dup.maybe')}</span>
                <ul class="lines">
                  ${this.rows.map((one) => found(one.place.entity, one, this.#acts(one)))}
                </ul>
              </div>
            </div>`
          : nothing
      }
    </div>`;
  }

  #acts({ place, record }: Found): unknown {
    if (record.foreign) return foreignActs(place.entity, record, () => told(this.entity, this.values, Object.keys(this.values)));
    if (!place.by || !isEmpty(this.values[place.by])) return nothing;
    const pick = { name: place.by, value: { id: record.id, label: titleOf(place.entity, record) } };
    return html`<button
      type="button"
      class="btn btn-sm"
      data-action="pick"
      @click=${() => this.dispatchEvent(new CustomEvent('ui-pick', { detail: pick }))}
    >
      ${t('dup.pick')}
    </button>`;
  }
}

customElements.define('crm-alike', Alike);
