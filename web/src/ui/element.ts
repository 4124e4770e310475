// The base of all our elements: Lit without a shadow root, so that labels, ids, forms and the page's styles just work.
import { LitElement } from 'lit';

export class El extends LitElement {
  override createRenderRoot(): HTMLElement {
    return this;
  }
}

let counter = 0;

/** An id for a control and its label. */
export function uid(prefix: string): string {
  counter += 1;
  return `${prefix}-${counter}`;
}

/** Light-DOM elements keep what was in them before; the boot skeleton goes with this. */
export function clear(element: HTMLElement): void {
  element.replaceChildren();
}
