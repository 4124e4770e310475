// Words typed in the wrong keyboard layout: "dtrnjh" was meant as "вектор".
const LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const CYRILLIC = 'ёйцукенгшщзхъфывапролджэячсмитьбю'; // lint: keyboard

/** The text, and the text in the other layout when it is written in one of the two only. */
export function layouts(text: string): string[] {
  if (!text) return [text];
  const to = /^[\x20-\x7e]+$/.test(text)
    ? [LATIN, CYRILLIC]
    : /^[\u0400-\u045f\s]+$/.test(text)
      ? [CYRILLIC, LATIN]
      : null;
  if (!to) return [text];
  const swapped = [...text.toLowerCase()]
    .map((c) => {
      const at = to[0].indexOf(c);
      return at < 0 ? c : to[1][at];
    })
    .join('');
  return swapped === text ? [text] : [text, swapped];
}
