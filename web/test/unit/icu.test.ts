import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, format, MessageError } from '../../src/core/icu.ts';

const LEADS = '{n, plural, one {# лид} few {# лида} many {# лидов} other {# лида}}';

test('Russian plurals follow the last digits', () => {
  const said = [0, 1, 2, 5, 11, 21, 104].map((n) => format(LEADS, { n }, 'ru'));
  assert.deepEqual(said, ['0 лидов', '1 лид', '2 лида', '5 лидов', '11 лидов', '21 лид', '104 лида']);
});

test('English plurals, exact numbers and select are understood', () => {
  assert.equal(format('{n, plural, =0 {nothing} one {# day} other {# days}}', { n: 0 }, 'en'), 'nothing');
  assert.equal(format('{n, plural, =0 {nothing} one {# day} other {# days}}', { n: 1 }, 'en'), '1 day');
  assert.equal(
    format('{who, select, me {mine} other {of {name}}}', { who: 'x', name: 'Ann' }, 'en'),
    'of Ann',
  );
});

test('a missing value is empty, quoted braces are plain', () => {
  assert.equal(format('a {x} b', {}, 'en'), 'a  b');
  assert.equal(format("it''s '{x}'", { x: 1 }, 'en'), "it's {x}");
});

test('a message that cannot be read is refused', () => {
  assert.throws(() => compile('{n, plural, one {x}}'), MessageError);
  assert.throws(() => compile('a } b'), MessageError);
});
