// A scanner that types: it sends a code faster than any person, and Enter behind it. What it typed into a field, if one
// had the focus, is taken out of it again.
const GAP = 150, // ms between two keys of one code
  PACE = 60, // ms a key on the average; nobody types a whole code at that pace
  LEAST = 6; // characters of a code

/** A scanner presses keys: under another layout its letters come as those of that. */
function latin({ key, code }: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  return letter && !/^[a-z]$/i.test(key) ? letter : key;
}

export function listenToScanner(isMeant: () => boolean, scanned: (code: string) => void): () => void {
  let code = '';
  let began = 0;
  let last = 0;
  let field: HTMLInputElement | null = null;
  let before = '';

  function begin(event: KeyboardEvent): void {
    code = '';
    began = event.timeStamp;
    const at = event.target as HTMLElement;
    field = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement ? (at as HTMLInputElement) : null;
    before = field?.value ?? '';
  }

  function putBack(): void {
    if (!field?.isConnected) return;
    field.value = before;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }

  function heard(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const isSlow = event.timeStamp - last > GAP;
    last = event.timeStamp;
    if (event.key === 'Enter') {
      const isFast = !isSlow && event.timeStamp - began <= PACE * code.length;
      const found = isFast && code.length >= LEAST ? code : '';
      code = '';
      if (!found || !isMeant()) return;
      event.preventDefault();
      event.stopPropagation();
      putBack();
      scanned(found);
    } else if (event.key.length === 1) {
      if (isSlow || !code) begin(event);
      code += latin(event);
    }
  }
  document.addEventListener('keydown', heard, true);
  return () => document.removeEventListener('keydown', heard, true);
}
