// Every key of the UI: where it works, what it does there, and the combinations that do it. The handlers are bound by
// these names and the window that lists the keys is drawn from them, so that neither knows a key that the other does not.
// A combination is "Ctrl+KeyK", "Slash", "KeyJ" …; Ctrl means Cmd on a Mac as well.
type Places = Record<string, Record<string, readonly string[]>>;

export const KEYS = {
  everywhere: { search: ['Ctrl+KeyK'], keys: ['Shift+Slash'] },
  messages: { enter: ['F8'] },
  list: {
    next: ['KeyJ', 'ArrowDown'],
    prev: ['KeyK', 'ArrowUp'],
    open: ['Enter'],
    edit: ['F2'],
    pick: ['KeyX'],
    clear: ['Escape'],
    find: ['Slash'],
    create: ['KeyN'],
  },
  board: {
    down: ['KeyJ', 'ArrowDown'],
    up: ['KeyK', 'ArrowUp'],
    right: ['ArrowRight'],
    left: ['ArrowLeft'],
    take: ['Space'],
    forth: ['Alt+ArrowRight'],
    back: ['Alt+ArrowLeft'],
    menu: ['KeyS'],
  },
  carry: { right: ['ArrowRight'], left: ['ArrowLeft'], drop: ['Space', 'Enter'], putBack: ['Escape'] },
  card: { edit: ['KeyE'], save: ['Ctrl+Enter'], note: ['KeyM'], close: ['Escape'] },
  note: { write: ['KeyM'], send: ['Ctrl+Enter'] },
  create: { save: ['Ctrl+Enter'] },
  settings: { save: ['Ctrl+Enter'] },
  pairs: { next: ['KeyJ'], prev: ['KeyK'], merge: ['KeyM'], different: ['KeyN'] },
  merge: { merge: ['Ctrl+Enter'] },
} as const satisfies Places;

export type Where = keyof typeof KEYS;
export type What<W extends Where> = keyof (typeof KEYS)[W] & string;
