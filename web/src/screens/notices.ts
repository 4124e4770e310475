// The user's notices, newest first. Opening one marks it as read.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, skeletonRows } from '../ui/parts.ts';
import { api, ApiError } from '../core/api.ts';
import { fullMoment, moment } from '../core/fmt.ts';
import { lang, t } from '../core/i18n.ts';
import { entityOf, meta } from '../core/meta.ts';
import { Records } from '../core/records.ts';
import { openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { Row } from '../core/types.ts';
import { FootFocus, more } from '../views/more.ts';
import { countUnread, NOTICE, READ } from './unread.ts';

class Notices extends El {
  #watch = new Watch(this, lang, meta);
  #foot = new FootFocus(this);
  #records: Records | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    void [this.#watch, this.#foot];
    this.#records = new Records(NOTICE, new URLSearchParams(), ['-created_at'], () => this.requestUpdate(), {
      limit: 50,
    }).start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#records?.stop();
  }

  async #read(row: Row): Promise<void> {
    if (row[READ]) return;
    try {
      await api.save(NOTICE, row.id, row.rev, { [READ]: new Date().toISOString() });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    this.#records?.touch(row.id);
    await countUnread();
  }

  async #open(row: Row): Promise<void> {
    const entity = String(row.entity ?? ''),
      id = Number(row.record ?? 0);
    void this.#read(row);
    if (entityOf(entity) && id) openCard(entity, id);
  }

  async #all(): Promise<void> {
    for (const row of this.#records!.rows.filter((r) => !r[READ])) await this.#read(row);
  }

  override render() {
    document.title = `${t('notices')} — ${meta.value?.title ?? ''}`;
    const records = this.#records!;
    const some = records.rows.some((row) => !row[READ]);
    return html`<div class="list" data-entity=${NOTICE}>
      <header class="head head-line">
        <h1 class="title">${t('notices')}</h1>
        <div class="actions">
          ${some ? html`<button class="btn" @click=${() => void this.#all()}>${icon('check', 'icon-16')}${t('notices.all')}</button>` : nothing}
        </div>
      </header>
      ${
        records.state === 'loading'
          ? skeletonRows(8)
          : records.state === 'error'
            ? failure(records.error!, () => void records.load())
            : !records.rows.length && records.walked === null
              ? empty('bell', t('notices.empty'), t('notices.empty.text'))
              : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('notices')}>
                  <ul class="notices">
                    ${records.rows.map((row) => this.#row(row))}
                  </ul>
                  ${more(records)}
                </div>`
      }
    </div>`;
  }

  #row(row: Row) {
    const at = String(row.at ?? row.created_at ?? '');
    return html`<li data-id=${row.id} class=${row[READ] ? '' : 'is-unread'}>
      <button class="notice" @click=${() => void this.#open(row)}>
        <span class="notice-mark"
          >${row[READ] ? nothing : html`<span class="dot d-blue"></span><span class="sr">${t('notices.new')}</span>`}</span
        >
        <span class="row-main">${row.text ?? row.title}</span
        ><time class="muted num" datetime=${at} title=${fullMoment(at)}>${moment(at)}</time>
      </button>
    </li>`;
  }
}

customElements.define('crm-notices', Notices);
