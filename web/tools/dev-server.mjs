// Serves dist/ with the test fixture behind it: `npm run build && npm run dev`. Login kotova, password secret
// (one-time for the first sign-in). A new request comes in every 20 seconds with --live.
import { Fixture } from '../test/fixture/server.mjs';

const port = Number(process.argv.find((a) => /^\d+$/.test(a)) ?? 8090);
const fixture = await new Fixture({ leads: process.argv.includes('--many') ? 100000 : 46 }).listen(port);
console.log(fixture.url);
if (process.argv.includes('--live')) {
  setInterval(() => {
    const row = fixture.create('sales.lead', {
      title: `Заявка ${new Date().toLocaleTimeString('ru')}`,
      source: 'site',
      phone: ['+79161234567'],
      city: 'Москва',
    });
    fixture.notice({
      id: row.id,
      kind: 'task',
      text: `Новая заявка: ${row.title}`,
      entity: 'sales.lead',
      record: row.id,
      at: row.created_at,
    });
  }, 20000);
}
