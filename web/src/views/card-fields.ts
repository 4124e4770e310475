// The fields of a card, read or edited in place; the summary of what was not saved; the conflicts to decide.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { type FieldEdit } from '../fields/edit.ts';
import '../fields/edit.ts';
import { label, markText, show } from '../fields/view.ts';
import type { CardModel } from './card-model.ts';
import { meets } from '../core/filter.ts';
import { t } from '../core/i18n.ts';
import { fieldOf, isEditable, meta } from '../core/meta.ts';
import type { FieldError, Row } from '../core/types.ts';

const isVisible = (model: CardModel, name: string) => {
  const field = fieldOf(model.entity, name);
  const whole = { ...model.record, ...model.values } as Row;
  return (
    !!field &&
    (name in model.record! || isEditable(model.entity, name)) &&
    meets(field.visible, whole, meta.value?.user.id)
  );
};

export function section(
  model: CardModel,
  { label: name, fields }: { label: string; fields: string[] },
): TemplateResult | typeof nothing {
  const shown = fields.filter(
    (field) => isVisible(model, field) && fieldOf(model.entity, field)!.type !== 'stage',
  );
  if (!shown.length) return nothing;
  const can =
    model.canEdit && shown.some((field) => isEditable(model.entity, field) && !model.open.has(field));
  return html`<section class="block">
    <div class="block-head">
      <h2>${t(name)}</h2>
      ${can ? html`<button class="icon-btn icon-btn-sm push" aria-label=${t('card.edit.what', { name: t(name) })} title=${t('card.edit')} @click=${() => model.edit(shown)}>${icon('edit', 'icon-16')}</button>` : nothing}
    </div>
    <dl class="props">
      ${shown.map((field) => (model.open.has(field) ? editor(model, field) : prop(model, field)))}
    </dl>
  </section>`;
}

/** Fields that a stage or the server asks for but that no section shows. */
export function extra(model: CardModel, listed: string[]): TemplateResult | typeof nothing {
  const missing = [...model.open].filter((name) => !listed.includes(name));
  return missing.length ? section(model, { label: 'card.needed', fields: missing }) : nothing;
}

function prop(model: CardModel, name: string): TemplateResult {
  const row = { ...model.record!, ...model.values } as Row;
  const value = show({ entity: model.entity, name, row, place: 'card' });
  const can = model.canEdit && isEditable(model.entity, name);
  const mark = model.record!._marks?.[name];
  const edit = async (event: Event) => {
    if ((event.target as Element).closest('a') || String(getSelection())) return;
    const box = (event.currentTarget as Element).closest('dl')!;
    model.edit([name]);
    await new Promise(requestAnimationFrame);
    box.querySelector<FieldEdit>(`crm-field[data-name="${name}"]`)?.focus();
  };
  return html`<div class="prop ${can ? 'can-edit' : ''}" data-field=${name}>
    <dt title=${label(model.entity, name)}>${label(model.entity, name)}</dt>
    <dd @click=${can ? edit : nothing}>
      <span class="prop-value"
        >${value === nothing ? html`<span class="faint">—</span>` : value}
        ${mark ? html`<span class="mark-note is-warn">${icon('alert', 'icon-16')}${markText(mark)}</span>` : nothing}</span
      >
      ${
        can
          ? html`<button
              class="icon-btn icon-btn-sm prop-edit"
              aria-label=${t('card.edit.what', { name: label(model.entity, name) })}
              @click=${(e: Event) => {
                e.stopPropagation();
                void edit(e);
              }}
            >
              ${icon('edit', 'icon-16')}
            </button>`
          : nothing
      }
    </dd>
  </div>`;
}

function editor(model: CardModel, name: string): TemplateResult {
  const error = model.errors.find((e) => e.field === name) ?? null;
  const conflict = model.conflicts.some((c) => c.field === name);
  return html`<div class="prop-editor ${conflict ? 'is-conflict' : ''}">
    <dt class="sr">${label(model.entity, name)}</dt>
    <dd>
      <crm-field
        data-name=${name}
        .entity=${model.entity}
        .name=${name}
        .field=${fieldOf(model.entity, name)!}
        .value=${model.value(name)}
        .error=${error && stageNeed(model, error)}
        @ui-change=${(e: CustomEvent<{ value: unknown }>) => model.set(name, e.detail.value)}
      ></crm-field>
    </dd>
  </div>`;
}

function stageNeed(model: CardModel, error: FieldError): FieldError {
  if (error.code !== 'stage_needs' || error.detail) return error;
  return { ...error, detail: t('error.stage_needs', { stage: model.move ? t(show1(model)) : '' }) };
}

function show1(model: CardModel): string {
  const found = Object.values(meta.value?.pipelines ?? {}).find((p) => p.entity === model.entity);
  return found?.stages.find((s) => s.v === model.move)?.l ?? String(model.move);
}

export function summaryOf(model: CardModel, root: HTMLElement): TemplateResult | typeof nothing {
  return summaryBar(model.entity, model.errors, root);
}

/** "Not saved: 2 fields" with a link to each of them. */
export function summaryBar(
  entity: string,
  errors: FieldError[],
  root: HTMLElement,
): TemplateResult | typeof nothing {
  if (!errors.length) return nothing;
  const jump = (event: Event, name: string) => {
    event.preventDefault();
    const box = root.querySelector<HTMLElement>(`.field[data-field="${name}"]`);
    box?.scrollIntoView({ block: 'center' });
    box?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  };
  const known = errors.filter((e) => fieldOf(entity, e.field));
  const rest = errors.filter((e) => !fieldOf(entity, e.field));
  return html`<div class="note-bar is-danger-bg summary" role="alert" tabindex="-1">
    ${icon('alert', 'icon-16')}<span
      ><span class="strong">${t('form.unsaved', { n: errors.length })}</span>
      ${known.map((e, i) => html`${i ? ', ' : ' '}<a class="link" href="#${e.field}" @click=${(event: Event) => jump(event, e.field)}>${label(entity, e.field)}</a>`)}
      ${rest.map((e) => html` ${e.detail ?? e.code}`)}</span
    >
  </div>`;
}

export function conflicts(model: CardModel): TemplateResult | typeof nothing {
  if (!model.conflicts.length) return nothing;
  return html`<section class="conflicts" tabindex="-1" role="group" aria-label=${t('conflict.title')}>
    <div class="note-bar is-warn-bg">
      ${icon('users', 'icon-16')}<span
        ><span class="strong">${t('conflict.title')}</span> ${t('conflict.text')}</span
      >
    </div>
    ${model.conflicts.map(
      ({ field, theirs }) =>
        html`<div class="conflict" data-field=${field}>
          <span class="strong">${label(model.entity, field)}</span>
          ${side(model, field, model.values[field], 'mine')}${side(model, field, theirs, 'theirs')}
        </div>`,
    )}
  </section>`;
}

function side(model: CardModel, field: string, value: unknown, which: 'mine' | 'theirs'): TemplateResult {
  const row = { ...model.record!, [field]: value } as Row;
  const shown = show({ entity: model.entity, name: field, row, place: 'cell' });
  return html`<div class="conflict-side">
    <span class="muted small">${t(`conflict.${which}`)}</span
    ><span class="conflict-value">${shown === nothing ? t('none') : shown}</span>
    <button class="btn btn-sm" data-choice=${which} @click=${() => model.resolve(field, which)}>
      ${t(`conflict.keep.${which}`)}
    </button>
  </div>`;
}
