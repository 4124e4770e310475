// The two ways to look at a list whose records have stages: rows, or a board. The board is a file of its own.
import { html, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { t } from '../core/i18n.ts';

const LOOKS = ['list', 'board'] as const;

/** A constant, by which the gate knows that it has loaded it. */
export const loadBoard = () => import('../board/board.ts');

export function lookSwitch(isBoard: boolean, show: (isBoard: boolean) => void): TemplateResult {
  const other = isBoard ? 'list' : 'board';
  return html`<span class="seg only-desk" role="group" aria-label=${t('look')}
      >${LOOKS.map(
        (look) =>
          html`<button
            data-look=${look}
            aria-pressed=${(look === 'board') === isBoard ? 'true' : 'false'}
            @click=${() => show(look === 'board')}
          >
            ${icon(look, 'icon-16')}${t(`look.${look}`)}
          </button>`,
      )}</span
    ><button
      class="icon-btn only-phone"
      data-look-other=${other}
      aria-label=${t(`look.${other}`)}
      title=${t(`look.${other}`)}
      @click=${() => show(!isBoard)}
    >
      ${icon(other)}
    </button>`;
}
