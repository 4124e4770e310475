import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairsOf } from '../../src/requests/body.ts';

test('a stored request is shown field by field, whatever it came as', () => {
  const form = 'application/x-www-form-urlencoded; charset=utf-8';
  assert.deepEqual(pairsOf(form, 'name=%D0%98%D0%B2%D0%B0%D0%BD&empty=&message=a+b'), [['name', 'Иван'], ['message', 'a b']]);
  assert.deepEqual(pairsOf('application/json', '{"name":"Иван","list":[1,2]}'), [['name', 'Иван'], ['list', '[1,2]']]);
  assert.deepEqual(pairsOf(form, '{"name":"Иван"}'), [['name', 'Иван']], 'scripts send JSON as a form');
  for (const body of ['{"name":"Ив', '[1]', 'null', '']) assert.deepEqual(pairsOf('application/json', body), [['', body]], body);
});
