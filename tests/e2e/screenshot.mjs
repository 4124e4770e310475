// Makes the pictures of the READMEs, packaging/screenshot.png and .ru.png: node tests/e2e/screenshot.mjs [folder]
// A morning at the example dealer, told to the server request by request on a virtual clock.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { launch } from '../harness/browser.mjs';
import { root, startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const START = '2027-01-18T05:00:00Z';
const SIZE = { width: 1440, height: 690 };
const PICTURES = { 'en-GB': 'screenshot.png', 'ru-RU': 'screenshot.ru.png' };
const LIMIT = 300 * 1024;

// What comes in, oldest first: minutes after the one before, how, who, from where, about what.
const MORNING = [
  [0, 'avito', 'Руслан Сафин', '+7 917 255-10-33', 'Казань', 'Экскаватор-погрузчик JCB 3CX, б/у', 'Петров', 'work'],
  [38, 'site', 'Елена Королёва', '+7 922 180-44-12', '', 'Аренда автокрана 25 т на две недели'],
  [21, 'phone', 'Виктор Лунин', '+7 903 611-07-58', 'Тверь', 'Каток тандемный 10 т', 'Сидорова', 'work'],
  [17, 'site', 'Артём Гордеев', '+7 912 555-34-70', '', 'Дизель-генератор 200 кВт в контейнере'],
  [26, 'email', 'Ольга Мельник', '+7 985 740-22-19', 'Калуга', 'Лизинг на два самосвала', 'Кузнецов', 'work'],
  [12, 'site', 'Николай Жуков', '+7 925 310-86-41', '', 'Мини-погрузчик со щёткой для снега'],
  [31, 'social', 'Ирина Белоусова', '+7 964 902-15-77', 'Тула', 'Навесное оборудование: гидромолот', 'Ахметова', 'new'],
  [9, 'site', 'Тимур Алиев', '+7 928 446-70-03', '', 'Бетононасос 36 м, наличие и цена'],
  [14, 'phone', 'Галина Фомина', '+7 910 233-58-90', 'Рязань', 'Вилочный погрузчик 5 т', 'Петров', 'new'],
  [11, 'site', 'Сергей Волков', '+7 916 708-29-64', '', 'Фронтальный погрузчик для карьера'],
  [8, 'avito', 'Дамир Юсупов', '+7 987 121-43-55', 'Уфа', 'Гусеничный экскаватор до 14 млн', 'Сидорова', 'new'],
  [6, 'site', 'Анна Соболева', '+7 921 654-30-28', '', 'Подъёмник ножничный 12 м, аренда'],
  [5, 'site', 'Иван Петров', '+7 916 123-45-67', '', 'Экскаватор 22 т на объект в Химках, к 1 марта'],
];

async function tell(server) {
  const visitor = server.client();
  const head = await server.as('ivanova');
  const users = new Map((await head.list('user')).map((u) => [u.name.split(' ')[0], u.id]));
  for (const [minutes, source, name, phone, city, message, owner, stage] of MORNING) {
    if (minutes) await server.advance(`${minutes}m`);
    if (source === 'site') {
      await visitor.post('/hook/site', { name, phone, message }, { expect: 202 });
    } else {
      const lead = { title: message, name, phone: [phone], city, source, stage };
      await head.post('/api/v1/sales.lead', { ...lead, owner: users.get(owner) }, { expect: 201 });
    }
    await until(async () => (await head.list('sales.lead', `name=${name}`))[0]?.owner, name);
  }
  const [last] = await head.list('sales.lead', 'name=Иван Петров');
  const learned = { city: 'Химки', amount: '14850000.00' };
  await head.patch(`/api/v1/sales.lead/${last.id}`, learned, { expect: 200 });
  await server.advance('2m');
  return last;
}

async function picture(browser, server, lang, lead) {
  const person = await browser.person({ size: SIZE, scale: 1.25, lang });
  const { page } = person;
  await page.clock.setFixedTime(new Date((await server.command('clock')).out.trim()));
  await person.login('ivanova', await server.invite('ivanova'));
  await page.goto('/e/sales.lead');
  await page.locator(`[data-id="${lead.id}"] a`).first().waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await page.mouse.move(5, 600);
  return page.screenshot();
}

const folder = path.resolve(process.argv[2] ?? path.join(root, 'packaging'));
const server = await startServer({ tzFile: path.join(root, 'packaging/dealer.yaml'), time: START });
const browser = await launch(server);
try {
  const lead = await tell(server);
  for (const [lang, name] of Object.entries(PICTURES)) {
    const bytes = await picture(browser, server, lang, lead);
    if (bytes.length > LIMIT) throw new Error(`${bytes.length} bytes, more than ${LIMIT}`);
    fs.writeFileSync(path.join(folder, name), bytes);
    console.log(`${name}: ${Math.round(bytes.length / 1024)} KB`);
  }
} finally {
  await browser.close();
  await server.stop();
}
