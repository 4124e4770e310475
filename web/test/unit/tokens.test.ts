import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync('src/styles/tokens.css', 'utf8');
const tokens = new Map<string, [string, string]>();
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g))
  tokens.set(name, [light, dark]);
for (const [, name, both] of css.matchAll(/--([\w-]+): (#\w{6});/g)) tokens.set(name, [both, both]);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m);
  return (x + 0.05) / (y + 0.05);
}

const GROUNDS = ['bg', 'surface', 'surface-2', 'hover', 'selected', 'pop'];
const TAGS = ['gray', 'red', 'orange', 'amber', 'green', 'teal', 'blue', 'indigo', 'violet', 'pink'];
const PAIRS: [string, string][] = [
  ...['text', 'muted'].flatMap((ink) => GROUNDS.map((ground) => [ink, ground] as [string, string])),
  ...['faint', 'accent-ink', 'danger', 'ok', 'warn'].flatMap((ink) =>
    ['bg', 'surface', 'surface-2', 'pop'].map((ground) => [ink, ground] as [string, string]),
  ),
  ['danger', 'danger-soft'],
  ['warn', 'warn-soft'],
  ['ok', 'ok-soft'],
  ['accent-ink', 'accent-soft'],
  ['text', 'warn-soft'],
  ['text', 'danger-soft'],
  ['accent-text', 'accent'],
  ['accent-text', 'accent-hover'],
  ['danger-text', 'danger'],
  ...TAGS.map((tag) => [`tag-${tag}-t`, `tag-${tag}`] as [string, string]),
];

for (const [theme, at] of [
  ['light', 0],
  ['dark', 1],
] as const) {
  test(`every text is at least 4.5:1 on its grounds, ${theme} theme`, () => {
    const weak = PAIRS.map(([ink, ground]) => ({
      ink,
      ground,
      ratio: contrast(tokens.get(ink)![at], tokens.get(ground)![at]),
    })).filter((p) => p.ratio < 4.5);
    assert.deepEqual(weak, []);
  });

  test(`borders of controls and the focus ring are at least 3:1, ${theme} theme`, () => {
    for (const line of ['ctl-line', 'focus'])
      assert.ok(contrast(tokens.get(line)![at], tokens.get('surface')![at]) >= 3, line);
  });
}
