// Decimal strings of the API, added exactly: a float would lose kopecks.

/** "12.5" at a scale of 2 is 1250; what is no decimal is nothing. */
export function units(value: unknown, scale: number): bigint {
  const [, minus, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value ?? '')) ?? [];
  if (!whole) return 0n;
  const n = BigInt(whole + part.slice(0, scale).padEnd(scale, '0'));
  return minus ? -n : n;
}

export function decimal(n: bigint, scale: number): string {
  const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, '0');
  const at = digits.length - scale;
  return `${n < 0n ? '-' : ''}${digits.slice(0, at)}${scale ? `.${digits.slice(at)}` : ''}`;
}

export const addUp = (values: unknown[], scale: number): string =>
  decimal(
    values.reduce((sum: bigint, value) => sum + units(value, scale), 0n),
    scale,
  );
