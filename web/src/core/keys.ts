// Keyboard shortcuts, bound to the place of the key (event.code), so that they work in the Russian layout too.
// Single keys are off while the user types, all of them while a question waits for its answer.

export type Handler = (event: KeyboardEvent) => void;

interface Binding {
  combo: string;
  run: Handler;
  active: () => boolean;
}

const bindings = new Set<Binding>();

/** `combo` is "Ctrl+KeyK", "Slash", "KeyJ" …; Ctrl means Cmd on a Mac. Later bindings win. */
export function bind(combo: string, run: Handler, active: () => boolean = () => true): () => void {
  const binding = { combo, run, active };
  bindings.add(binding);
  return () => bindings.delete(binding);
}

export function comboOf(event: KeyboardEvent): string {
  const ctrl = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  return ctrl + (event.altKey ? 'Alt+' : '') + (event.shiftKey ? 'Shift+' : '') + event.code;
}

export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.(
    'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]',
  );
}

export function startKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog.ask[open]')) return;
    const combo = comboOf(event);
    if (!/^(Ctrl\+|F\d)/.test(combo) && isTyping(event.target)) return;
    const found = [...bindings].reverse().find((b) => b.combo === combo && b.active());
    if (!found) return;
    event.preventDefault();
    found.run(event);
  });
}
