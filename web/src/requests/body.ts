// What a stored request of a form says, as pairs of a name and a text.

/** Of a body that is neither JSON nor a form, or that was cut: one pair without a name. */
export function pairsOf(type: string, body: string): [string, string][] {
  if (type.startsWith('application/x-www-form-urlencoded') && !body.trimStart().startsWith('{'))
    return [...new URLSearchParams(body)].filter(([, text]) => text !== '');
  try {
    const read: unknown = JSON.parse(body);
    if (typeof read === 'object' && read !== null && !Array.isArray(read))
      return Object.entries(read).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  } catch {
    // it is shown as it came
  }
  return [['', body]];
}
