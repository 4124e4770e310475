// The stages of a record: where it is, where it may go. What leads nowhere further (a refusal) stands apart.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import type { CardModel } from './card-model.ts';
import { t } from '../core/i18n.ts';
import { isFinal, isGood, may, stageField, stageOf, stagesOf } from '../core/meta.ts';
import type { Stage } from '../core/types.ts';

const isLost = (stage: Stage) => isFinal(stage) && !isGood(stage);

export function allowed(model: CardModel): Stage[] {
  return stagesOf(model.entity).filter((stage) => may(model.record, `move:${stage.v}`));
}

/** The next stage forward that the caller may move to. */
export function nextMove(model: CardModel): Stage | undefined {
  const all = stagesOf(model.entity);
  const at = all.findIndex((s) => s.v === stageOf(model.entity, model.record!)?.v);
  return allowed(model).find((stage) => all.indexOf(stage) > at && !isLost(stage));
}

export function otherMoves(model: CardModel): Stage[] {
  const next = nextMove(model);
  return allowed(model).filter((stage) => stage !== next);
}

export function steps(model: CardModel, move: (stage: string) => void): TemplateResult | typeof nothing {
  const all = stagesOf(model.entity);
  const now = stageOf(model.entity, model.record!);
  if (!all.length) return nothing;
  const line = all.filter((stage) => !isLost(stage));
  const at = now ? line.indexOf(now) : -1;
  const lost = now && isLost(now);
  return html`<ol
    class="steps ${lost ? 'is-lost' : ''}"
    aria-label=${t('card.stages')}
    data-field=${stageField(model.entity)}
  >
    ${line.map((stage, i) => html`<li class="step ${i < at ? 'is-done' : i === at ? 'is-now' : ''} ${isGood(stage) && i === at ? 'is-won' : ''}" aria-current=${i === at ? 'step' : nothing} data-stage=${stage.v}>${step(model, stage, move)}</li>`)}
    ${lost ? html`<li class="step is-now is-refused" aria-current="step" data-stage=${now.v}><span>${icon('ban', 'icon-16')}${t(now.l)}</span></li>` : nothing}
  </ol>`;
}

function step(model: CardModel, stage: Stage, move: (stage: string) => void): TemplateResult {
  if (!may(model.record, `move:${stage.v}`)) return html`<span>${t(stage.l)}</span>`;
  return html`<button
    ?disabled=${model.saving}
    title=${t('card.move', { stage: t(stage.l) })}
    @click=${() => move(stage.v)}
  >
    ${t(stage.l)}
  </button>`;
}
