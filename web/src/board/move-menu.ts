// «Move to…»: every stage of the pipeline, for those who carry no cards. Where the record may not go is dimmed once that
// is known, and says so when it is chosen all the same.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { walkMenu } from '../ui/pop.ts';
import { dotClass } from '../fields/view.ts';
import { t } from '../core/i18n.ts';
import type { Row, Stage } from '../core/types.ts';
import { judge } from './judge.ts';

export const MENU = 'board-move';

export interface Moves {
  entity: string;
  /** The card whose menu it is, and its record once it is known. */
  row: Row | null;
  record: Row | null;
  stages: Stage[];
  onMove: (stage: Stage) => void;
}

export function moveMenu(moves: Moves): TemplateResult {
  return html`<div
    class="pop menu"
    id=${MENU}
    popover
    role="group"
    aria-label=${t('board.move')}
    @keydown=${walkMenu}
    @click=${(e: Event) => (e.currentTarget as HTMLElement).hidePopover()}
  >
    ${moves.row ? html`<p class="menu-head muted small">${t('board.move')}</p>` : nothing}
    ${moves.row ? moves.stages.map((stage) => item(moves, moves.row!, stage)) : nothing}
  </div>`;
}

function item({ entity, record, onMove }: Moves, row: Row, stage: Stage): TemplateResult {
  const { kind } = judge(entity, record ?? row, stage);
  const isDenied = kind === 'denied' && record !== null;
  const isOff = isDenied || kind === 'here';
  return html`<button
    class="menu-item ${isOff ? 'is-off' : ''}"
    data-move=${stage.v}
    aria-disabled=${isOff ? 'true' : 'false'}
    aria-current=${kind === 'here' ? 'true' : nothing}
    @click=${(e: Event) => (kind === 'here' ? e.stopPropagation() : onMove(stage))}
  >
    <span class=${dotClass(stage.color)}></span><span class="clip">${t(stage.l)}</span>
    ${kind === 'here' ? html`<span class="push muted">${icon('check', 'icon-16')}</span>` : nothing}
    ${isDenied ? html`<span class="push muted">${icon('ban', 'icon-16')}<span class="sr">${t('board.denied')}</span></span>` : nothing}
  </button>`;
}
