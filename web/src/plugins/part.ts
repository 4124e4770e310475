// Where elements of modules' own scripts and pages of their services stand. What loads and shows them are files of their
// own, which a page without such elements never asks for.
import { html, nothing, type TemplateResult } from 'lit';
import { meets } from '../core/filter.ts';
import { capital, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import type { Place } from '../core/router.ts';
import { isSafe } from '../core/safe.ts';
import type { Frame, Meta, Row, UiPart } from '../core/types.ts';

export interface Part extends UiPart {
  module: string;
}

/** What an element is told besides the host; the contract is `Context` of sdk/1.d.ts. */
export interface Given {
  place: string;
  entity?: string;
  record?: Row | null;
  field?: string;
  value?: unknown;
  label?: string;
}

export function partsOf(kind: 'screens' | 'slots' | 'fields' | 'commands'): Part[] {
  const modules = isSafe ? [] : (meta.value?.modules ?? []);
  return modules.flatMap((m) => (m[kind] ?? []).map((part) => ({ ...part, module: m.id })));
}

const coming = new Map<() => Promise<unknown>, Promise<unknown>>();

/** Asks for a file; where it cannot be had now, the next redrawing asks again. */
function want(load: () => Promise<unknown>): void {
  if (!coming.has(load)) coming.set(load, load().catch(() => coming.delete(load)));
}

const loadPlugin = () => import('./plugin.ts');
const loadFrame = () => import('./frame.ts');

/** `instead`: what is shown until the element is there, and when it fails. */
function element(part: Part, tag: string, given: Given, instead: unknown = null): TemplateResult {
  want(loadPlugin);
  return html`<crm-plugin .module=${part.module} .tag=${tag} .given=${given} .instead=${instead}></crm-plugin>`;
}

const block = (kind: string, part: { module: string; id: string; label?: string }, content: TemplateResult) =>
  html`<section class="block" data-part="${kind} ${part.module}.${part.id}" data-frame=${kind === 'frame' ? `${part.module}.${part.id}` : nothing}>
    <div class="block-head"><h2>${capital(t(part.label ?? ''))}</h2></div>
    ${content}
  </section>`;

export function slots(place: string, entity = '', record: Row | null = null): TemplateResult[] {
  const me = meta.value?.user.id;
  return partsOf('slots')
    .filter((p) => p.at === place && (!p.entity || p.entity === entity) && (!record || meets(p.when, record, me)))
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map((p) => block('slot', p, element(p, p.element!, { place, entity, record })));
}

/* ---- fields ---- */

let known: Meta | null = null;
let fields = new Map<string, Part>();

function fieldPart(entity: string, name: string): Part | undefined {
  if (known !== meta.value) {
    known = meta.value;
    fields = new Map(partsOf('fields').map((p) => [`${p.entity}.${p.field}`, p]));
  }
  return fields.size ? fields.get(`${entity}.${name}`) : undefined;
}

/** A field that a module shows or edits by an element of its own; null: it does not. Lists ask for every cell. */
export function ownField(which: 'view' | 'edit', entity: string, field: string, given: () => Given, instead: () => unknown): TemplateResult | null {
  const part = fieldPart(entity, field);
  return part?.[which] ? element(part, part[which], { entity, field, ...given() }, instead) : null;
}

/* ---- pages ---- */

const framesOf = (): Frame[] => (isSafe ? [] : (meta.value?.frames ?? []));

function frame(one: Frame, record: Row | null): TemplateResult {
  want(loadFrame);
  return html`<crm-frame .frame=${one} .record=${record}></crm-frame>`;
}

export const frames = (entity: string, record: Row | null): TemplateResult[] =>
  framesOf()
    .filter((one) => one.entity === entity)
    .map((one) => block('frame', one, frame(one, record)));

/** A page of the menu; null: there is none. */
export function page({ path }: Place): TemplateResult | null {
  const one = framesOf().find((f) => !f.entity && path === `/x/frame/${f.module}/${f.id}`);
  const screen = partsOf('screens').find((p) => path === `/x/${p.module}/${p.id}`);
  const content = one ? frame(one, null) : screen && element(screen, screen.element!, { place: 'screen' });
  if (!content) return null;
  const name = capital(t((one ?? screen)!.label ?? ''));
  document.title = `${name} — ${meta.value!.title}`;
  return html`<header class="head"><h1>${name}</h1></header>
    <div class="scroll">${content}</div>`;
}

/** Runs a command of a module; its script is loaded when the first of them is asked for. */
export async function runCommand(part: Part): Promise<void> {
  const file = await loadPlugin().catch(() => null);
  await file?.run(part.module, part.id);
}
