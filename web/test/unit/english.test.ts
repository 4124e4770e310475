import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fmt from '../../src/core/fmt.ts';
import { englishOf, locale, setLang, setModuleStrings, t } from '../../src/core/i18n.ts';

Object.defineProperty(globalThis, 'navigator', { value: { languages: ['ru-RU', 'en-IN'] } });
Object.assign(globalThis, { document: { documentElement: {} } });

test('the English of the page is the first that the browser names and Intl knows, else British', () => {
  assert.equal(englishOf(['ru-RU', 'en-US', 'en-GB']), 'en-US');
  assert.equal(englishOf(['en-US@posix', 'en']), 'en-GB');
});

test('counts inside a text are written as numbers outside of it', async () => {
  setModuleStrings({ rows: '{n, plural, one {# row} other {# rows}}' });
  await setLang('en', false);
  assert.equal(locale(), 'en-IN');
  assert.equal(t('rows', { n: 1234567 }), '12,34,567 rows');
  assert.equal(fmt.number(1234567), '12,34,567');
});
