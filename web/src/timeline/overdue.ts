// What was to be done about the record and is late: on top of its timeline, with the two things that end it: it is done,
// or it gets another time.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { toggleAt, walkMenu } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import '../ui/due.ts';
import { errorText } from '../fields/edit.ts';
import { api, ApiError } from '../core/api.ts';
import { date, dayNumber, fromLocalInput, fullMoment } from '../core/fmt.ts';
import { lang, t } from '../core/i18n.ts';
import { doneField, dueField, entityOf, fieldOf, may, titleOf } from '../core/meta.ts';
import { Records } from '../core/records.ts';
import { Watch } from '../core/store.ts';
import type { Row } from '../core/types.ts';
import { say, type Key } from './texts.ts';

const SHOWN = 20;
const MINUTE = 60_000;
const DAY = 86_400_000;

/** Of the entity whose records are steps of this one. */
interface Steps {
  entity: string;
  by: string;
  due: string;
  done: string;
}

export function stepsOf(entity: string): Steps | null {
  for (const { entity: of, by } of entityOf(entity)?.views?.card?.related ?? []) {
    const due = entityOf(of) ? dueField(of) : null;
    const done = due && doneField(of);
    if (due && done && fieldOf(of, by)) return { entity: of, by, due, done };
  }
  return null;
}

/** Times that are offered: the day from today, and the hour. */
const TIMES: [Key, number, string][] = [
  ['later.today', 0, '18:00'],
  ['later.tomorrow', 1, '10:00'],
  ['later.days', 3, '10:00'],
  ['later.week', 7, '10:00'],
];

const dayText = (from: number) => new Date((dayNumber(Date.now()) + from) * DAY).toISOString().slice(0, 10);

class Overdue extends El {
  static override properties = {
    entity: {},
    recordId: { attribute: false },
    busy: { state: true },
    at: { state: true },
    wrong: { state: true },
  };
  entity = '';
  recordId = 0;
  busy = false;
  at: Row | null = null; // the step whose time is being chosen
  wrong = '';
  #steps: Steps | null = null;
  #records: Records | null = null;
  #watch = new Watch(this, lang);
  #clock = 0;
  #menu = uid('later');

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#clock = window.setInterval(() => void this.#records?.load(), MINUTE); // what becomes late meanwhile
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    this.#records?.stop();
    this.#records = null;
  }

  override willUpdate(changed: PropertyValues): void {
    if (this.#records && !changed.has('entity') && !changed.has('recordId')) return;
    this.#records?.stop();
    this.#steps = stepsOf(this.entity);
    this.#records = this.#steps && this.#late(this.#steps).start();
  }

  #late({ entity, by, due, done }: Steps): Records {
    const filter = JSON.stringify(['and', [done, 'ne', true], [due, 'lt', 'now']]);
    const search = new URLSearchParams({ [by]: String(this.recordId), filter });
    return new Records(entity, search, [due], () => this.requestUpdate(), { limit: SHOWN });
  }

  /** Writes and offers to take it back; false, and a message or what is wrong beside the form: it was refused. */
  async #write(row: Row, patch: Record<string, unknown>, said: string, isForm = false): Promise<boolean> {
    const { entity } = this.#steps!;
    this.busy = true;
    try {
      const saved = (await api.save(entity, row.id, row.rev, patch)) ?? row;
      const before = Object.fromEntries(Object.keys(patch).map((name) => [name, row[name] ?? null]));
      const back = () => void this.#write({ ...row, ...saved }, before, say('later.back', { name: titleOf(entity, row) }));
      toast({ text: said, icon: 'check', kind: 'ok', key: `step-${row.id}`, action: { label: t('undo'), run: back } });
      await this.#records?.load();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const why = error.problem.fields?.map(errorText).join(' ') || problemText(error);
      if (isForm) this.wrong = why;
      else toast({ text: why, icon: 'alert', kind: 'danger' });
      if (error.status === 412) await this.#records?.load();
      return false;
    } finally {
      this.busy = false;
    }
  }

  async #done(row: Row): Promise<void> {
    const { entity, done } = this.#steps!;
    if (await this.#write(row, { [done]: true }, say('step.done', { name: titleOf(entity, row) }))) await this.#refocus();
  }

  async #move(row: Row, local: string): Promise<void> {
    const { entity, due } = this.#steps!;
    const isDay = fieldOf(entity, due)!.type === 'date';
    const at = isDay ? local.slice(0, 10) : fromLocalInput(local);
    if (!at) return;
    const said = say('step.moved', { name: titleOf(entity, row), when: isDay ? date(at) : fullMoment(at) });
    if (!(await this.#write(row, { [due]: at }, said, true))) return;
    this.querySelector<HTMLElement>(`#${this.#menu}`)?.hidePopover();
    await this.#refocus();
  }

  /** The button that was pressed goes with its step. */
  async #refocus(): Promise<void> {
    await this.updateComplete;
    if (document.activeElement !== document.body) return;
    const next = this.querySelector<HTMLElement>('button') ?? this.closest('crm-timeline')?.querySelector<HTMLElement>('.feed');
    next?.focus();
  }

  override render() {
    const rows = this.#records?.rows ?? [];
    if (!rows.length) return nothing;
    return html`<section class="pinned overdue" aria-label=${t('today.overdue')}>
      <p class="small strong is-danger">${t('today.overdue')} <span class="count">${rows.length}</span></p>
      <ul>
        ${rows.map((row) => this.#line(row))}
      </ul>
      ${this.#later()}
    </section>`;
  }

  #line(row: Row): TemplateResult {
    const { entity, due } = this.#steps!;
    const name = titleOf(entity, row);
    return html`<li data-entity=${entity} data-id=${row.id}>
      <a class="strong link clip" href="/e/${entity}/${row.id}" data-layer>${name}</a>
      <crm-due chip .at=${String(row[due])}></crm-due>
      ${
        may(row, 'update')
          ? html`<span class="overdue-do"
              ><button class="btn btn-sm" data-action="done" aria-label=${say('step.done.what', { name })} ?disabled=${this.busy} @click=${() => void this.#done(row)}>
                ${icon('check', 'icon-16')}${say('step.end')}</button
              ><button
                class="btn btn-sm btn-ghost"
                data-action="later"
                aria-haspopup="true"
                aria-label=${say('later.what', { name })}
                ?disabled=${this.busy}
                @click=${(e: Event) => this.#open(e, row)}
              >
                ${icon('clock', 'icon-16')}${say('later')}
              </button></span
            >`
          : nothing
      }
    </li>`;
  }

  #open(event: Event, row: Row): void {
    this.at = row;
    this.wrong = '';
    this.performUpdate(); // what is opened has to be there to get the focus
    toggleAt(event, this.#menu, 'end');
  }

  #later(): TemplateResult {
    const now = Date.now();
    const isOpen = ([, day, hour]: (typeof TIMES)[number]) => Date.parse(fromLocalInput(`${dayText(day)}T${hour}`) ?? '') > now;
    const put = (event: Event) => {
      event.preventDefault();
      const local = String(new FormData(event.target as HTMLFormElement).get('at') ?? '');
      if (local && this.at) void this.#move(this.at, local);
    };
    return html`<div class="pop menu" id=${this.#menu} popover role="group" aria-label=${say('later')} @keydown=${walkMenu}>
      ${TIMES.filter(isOpen).map(
        ([key, day, hour]) =>
          html`<button class="menu-item" data-later=${day} @click=${() => this.at && void this.#move(this.at, `${dayText(day)}T${hour}`)}>
            ${say(key)}<span class="push muted num">${hour}</span>
          </button>`,
      )}
      <form class="menu-form" novalidate @submit=${put}>
        <label
          ><span>${say('later.at')}</span>
          <input class="input" type="datetime-local" name="at" .value=${`${dayText(1)}T10:00`}
        /></label>
        ${this.wrong ? html`<p class="small is-danger" role="alert">${this.wrong}</p>` : nothing}
        <button class="btn btn-primary btn-wide" data-action="later-put" ?disabled=${this.busy}>${say('later')}</button>
      </form>
    </div>`;
  }
}

customElements.define('crm-overdue', Overdue);
