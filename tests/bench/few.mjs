// A row of few indexes. What a created row costs is mostly what its indexes cost, and a contact has
// eleven, so the bars of writing are read on rows like those they were set for: three indexes, the
// change log, full text.

import * as fs from 'node:fs';

export const FEW = 'bench.client';

/** Of a ТЗ: the entity. */
export const ENTITY = `  ${FEW}:
    title: [Клиент, Клиента, Клиентов]
    shown: name
    fields:
      name: {type: text, title: Имя, required: true, search: true, max: 200}
      position: {type: text, title: Должность, search: true, max: 200}
      email: {type: text, title: Почта, search: true, index: true, max: 200}
      phone: {type: text, title: Телефон, search: true, max: 60}
      state: {type: int, title: Состояние, index: true}
      city: {type: text, title: Город, max: 120}
      note: {type: multiline, title: Примечание}
`;

const STATES = 7;

/** The contacts of a file of bodies as rows of the entity. */
export function fewBodies(file) {
  const contacts = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const row = ({ name, position, city, note, email, phone }, i) => ({
    name, position: position ?? '', city: city ?? '', note: note ?? '',
    email: email?.[0] ?? '', phone: phone?.[0] ?? '', state: i % STATES,
  });
  return contacts.map((one, i) => JSON.stringify(row(one, i)));
}
