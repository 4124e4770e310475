// Layers over the page: a popover placed at its opener, kept inside the window.

const GAP = 4,
  EDGE = 8;

export function placeAt(pop: HTMLElement, anchor: Element, align: 'start' | 'end' = 'start'): void {
  const a = anchor.getBoundingClientRect();
  pop.style.minWidth = pop.dataset.wide === undefined ? '' : `${a.width}px`;
  const { offsetWidth: width, offsetHeight: height } = pop;
  const left = align === 'end' ? a.right - width : a.left;
  const below = a.bottom + GAP + height <= innerHeight - EDGE || a.top < innerHeight / 2;
  pop.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  pop.style.top = `${below ? a.bottom + GAP : Math.max(EDGE, a.top - GAP - height)}px`;
  pop.style.maxHeight = `${below ? innerHeight - a.bottom - GAP - EDGE : a.top - GAP - EDGE}px`;
}

/** Opens or closes the popover `id` at the button that was pressed. */
export function toggleAt(event: Event, id: string, align: 'start' | 'end' = 'start'): void {
  toggleFor(event.currentTarget as HTMLElement, id, align);
}

/** The same for what was pressed a while ago. */
export function toggleFor(anchor: HTMLElement, id: string, align: 'start' | 'end' = 'start'): void {
  const pop = document.getElementById(id);
  if (!pop) return;
  if (pop.matches(':popover-open')) {
    pop.hidePopover();
    return;
  }
  pop.showPopover();
  placeAt(pop, anchor, align);
  pop.querySelector<HTMLElement>('[data-first], input, button, a')?.focus();
  const closed = (e: Event) => {
    if ((e as ToggleEvent).newState !== 'closed') return;
    pop.removeEventListener('toggle', closed);
    if (pop.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
  };
  pop.addEventListener('toggle', closed);
}

/** Arrow keys walk through the items of a menu. */
export function walkMenu(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (!step) return;
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.menu-item')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + step + items.length) % items.length]?.focus();
  event.preventDefault();
}

/** No modal window lies over that in which the element stands. */
export function isOnTop(element: Element): boolean {
  return ([...document.querySelectorAll('dialog:modal')].at(-1) ?? null) === element.closest('dialog');
}
