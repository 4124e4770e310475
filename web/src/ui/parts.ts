// Small pieces that many screens share: avatars, tags, empty states, skeletons, problems.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from './icon.ts';
import type { ApiError } from '../core/api.ts';
import { avatarColor, initials } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import type { Ref } from '../core/types.ts';

const COLORS = new Set([
  'gray',
  'red',
  'orange',
  'amber',
  'green',
  'teal',
  'blue',
  'indigo',
  'violet',
  'pink',
]);
export const color = (name?: string) => (name && COLORS.has(name) ? name : 'gray');

export function avatar(ref: Ref, kind = 'avatar-sm'): TemplateResult {
  return html`<span class="avatar ${kind} t-${avatarColor(ref.id)}" aria-hidden="true"
    >${initials(ref.label ?? '?')}</span
  >`;
}

export function person(ref: Ref): TemplateResult {
  return html`<span class="inline">${avatar(ref)}<span class="clip">${ref.label}</span></span>`;
}

export function tag(text: string, name?: string): TemplateResult {
  return html`<span class="tag t-${color(name)}">${text}</span>`;
}

export function dotted(text: string, name?: string): TemplateResult {
  return html`<span class="inline"
    ><span class="dot d-${color(name)}"></span><span class="clip">${text}</span></span
  >`;
}

/** `alone` when nothing else on the page has a first heading. */
export function empty(
  mark: string,
  title: string,
  text: unknown,
  actions: unknown = nothing,
  alone = false,
): TemplateResult {
  return html`<div class="fill">
    <div class="empty">
      <span class="empty-mark">${icon(mark, 'icon-24')}</span>
      ${alone ? html`<h1 class="title">${title}</h1>` : html`<h2 class="title">${title}</h2>`}
      <p class="muted">${text}</p>
      <div class="inline">${actions}</div>
    </div>
  </div>`;
}

export function skeletonRows(count: number): TemplateResult {
  const widths = ['w-60', 'w-40', 'w-75', 'w-50'];
  return html`<div class="skeleton" role="status" aria-label=${t('loading')}>
    ${Array.from({ length: count }, (_, i) => html`<div class="skeleton-row"><span class="${widths[i % 4]}"></span><span class="w-20"></span></div>`)}
  </div>`;
}

/** What happened and what to do next; never just "Error". */
export function problemText(error: ApiError): string {
  if (error.isOffline) return t('problem.offline');
  return error.problem.detail ?? error.problem.title ?? t('problem.server');
}

/** Trying again helps but where a right is missing. */
export function failure(error: ApiError, retry: () => void, alone = false): TemplateResult {
  const request = error.problem.request;
  if (error.status === 403) return empty('lock', t('problem.denied.title'), problemText(error), nothing, alone);
  return empty(
    error.isOffline ? 'offline' : 'alert',
    t(error.isOffline ? 'problem.offline.title' : 'problem.title'),
    html`${problemText(error)}${request ? html`<br /><span class="small">${t('problem.request', { id: request })}</span>` : nothing}`,
    html`<button class="btn" @click=${retry}>${icon('refresh', 'icon-16')}${t('retry')}</button>`,
    alone,
  );
}
