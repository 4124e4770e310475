// A search that takes long: how far it has got, a way to end it, and one to take it up again.
import { html, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { number } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import type { Records } from '../core/records.ts';

/** What stands below the rows, or in their place while there are none. */
export function looking(records: Records): TemplateResult {
  const { rows, of } = records.looked;
  const isOn = records.state === 'looking';
  const far = t('list.looked', { n: number(rows), of: number(of), found: number(records.rows.length) });
  return html`<div class="drop" data-looking role="status">
    <p class="title">${t(isOn ? 'list.looking' : 'list.looking.halted')}</p>
    <progress class="progress" max=${of} .value=${rows} aria-label=${t('list.looking')}></progress>
    <p class="muted num">${far}</p>
    ${
      isOn
        ? html`<button class="btn" data-action="halt" @click=${() => records.halt()}>
            ${icon('x', 'icon-16')}${t('list.looking.stop')}
          </button>`
        : html`<button class="btn" data-action="look-on" @click=${() => void records.more()}>
            ${icon('search', 'icon-16')}${t('list.looking.on')}
          </button>`
    }
  </div>`;
}
