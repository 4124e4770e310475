// What stands below the rows of a list: that more are read, a button for them, or how far the search of a long list is.
import { html, nothing, type TemplateResult } from 'lit';
import { number } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import type { Records } from '../core/records.ts';

export function more(records: Records): TemplateResult | typeof nothing {
  if (records.walked !== null) return search(records, records.walked);
  if (records.state === 'more') return html`<p class="more muted">${t('loading')}</p>`;
  if (!records.next || records.state !== 'ready') return nothing;
  return html`<p class="more">${button('list.more', () => void records.more())}</p>`;
}

function search(records: Records, walked: number): TemplateResult {
  const isRunning = records.state === 'more';
  const told = t('list.walked', { percent: number(walked), count: number(records.rows.length) });
  return html`<p class="more" data-walked=${walked}>
    <span class="muted">${told}</span>
    ${isRunning ? button('list.halt', () => records.halt()) : button('list.look', () => void records.look())}
  </p>`;
}

function button(name: string, act: () => void): TemplateResult {
  return html`<button class="btn btn-sm" data-action=${name.slice('list.'.length)} @click=${act}>${t(name)}</button>`;
}
