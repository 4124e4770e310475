// Icons and the mark. An icon says nothing on its own: it always stands beside a text or in a labelled control.
import { html, svg, type TemplateResult } from 'lit';
import { shapes } from './icon-shapes.ts';

export function icon(name: string | undefined, kind = ''): TemplateResult {
  const shape = shapes[name ?? ''] ?? shapes.dot;
  return html`<svg class="icon ${kind}" viewBox="0 0 24 24" aria-hidden="true">${shape}</svg>`;
}

export const hasIcon = (name?: string) => !!name && name in shapes;

/** The mark: a К framed as a post with two braces, held by one joint. */
export function mark(): TemplateResult {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    ${svg`<g fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round">
      <path d="M10.5 7.5v17"/><path d="M22.2 7.5 12 16l10.2 8.5"/></g><circle class="mark-joint" cx="10.5" cy="16" r="2.6"/>`}
  </svg>`;
}
