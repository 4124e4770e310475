// The script of the module of the guide: what is late, a block on the card of what is lent, a command.
import { LitElement, html } from '/ui/sdk/1.js';

export const api = 1;

const late = (host) => host.records.list('loans.item', { 'back_by.lte': 'now', sort: 'back_by', limit: '200' });

class Late extends LitElement {
  static properties = { ctx: { attribute: false }, rows: { state: true } };

  createRenderRoot() {
    return this; // the application's styles hold
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = this.ctx.host.on('record', ({ entity }) => entity === 'loans.item' && this.read());
    this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  async read() {
    this.rows = (await late(this.ctx.host)).rows;
  }

  render() {
    const { host } = this.ctx;
    if (!this.rows?.length) return html`<p class="muted">${host.t('loans.none')}</p>`;
    const line = (row) => html`<li class="inline">
      <a class="link" href="/e/loans.item/${row.id}" data-layer>${row.title}</a>
      <span class="muted">${row.lent_to} · ${host.fmt('loans.item', 'back_by', row)}</span>
    </li>`;
    return html`<ul class="stack-8">${this.rows.map(line)}</ul>`;
  }
}

class Due extends LitElement {
  static properties = { ctx: { attribute: false } };

  createRenderRoot() {
    return this;
  }

  render() {
    const { host, record } = this.ctx;
    const back = () => host.http.post(`/loans/item/${record.id}/back`).catch((problem) => host.toast(problem.message));
    return html`<p>${record.lent_to} · ${host.fmt('loans.item', 'back_by', record)}</p>
      ${host.can('loans.lend') ? html`<button class="btn" @click=${back}>${host.t('loans.give_back')}</button>` : ''}`;
  }
}

export function activate(host) {
  customElements.define('loans-late', Late);
  customElements.define('loans-due', Due);
  host.command('late', async () => {
    const { rows } = await late(host);
    host.toast(host.t('loans.count', { n: rows.length }));
  });
}
