// The service of the module discounts: node service.mjs PORT, with the secret in DISCOUNTS_SECRET ("whsec_…").
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.DISCOUNTS_SECRET.replace(/^whsec_/, ''), 'base64');
const refusal = { ru: 'Скидка больше 30 % не даётся.', en: 'No discount is over 30 %.' };
const answers = {
  '/hooks/limit': ({ record: { amount = 0, discount = 0 } }) =>
    discount > 30 ? { ok: false, errors: [{ field: 'discount', text: refusal }] } : { ok: true, set: { margin: (amount * (100 - discount) / 100).toFixed(2) } },
  '/steps/score': ({ params, record }) => ({ set: { score: (params.base ?? 0) + (record.source === 'site' ? 20 : 5) } }),
};
const pages = { '/frames/page.html': 'page.html', '/frames/page.js': 'page.js', '/frames/frame.js': '../frame/frame.js' };
const types = { html: 'text/html', js: 'text/javascript' };

/** What stands in the headers is anybody's until the signature proved right. A GET is signed over its path. */
function isSigned({ headers: h }, text) {
  const young = Math.abs(Date.now() / 1000 - Number(h['webhook-timestamp'])) <= Number(process.env.DISCOUNTS_CLOCK ?? 300);
  const want = Buffer.from(`v1,${createHmac('sha256', key).update(`${h['webhook-id']}.${h['webhook-timestamp']}.${text}`).digest('base64')}`);
  const given = String(h['webhook-signature'] ?? '').split(' ').map((s) => Buffer.from(s));
  return young && given.some((s) => s.length === want.length && timingSafeEqual(s, want));
}
createServer(async (req, res) => {
  let text = req.method === 'GET' ? req.url : '';
  for await (const part of req) if ((text += part).length > 1 << 20) return req.destroy();
  const [page, answer] = isSigned(req, text) ? [pages[req.url], answers[req.url]] : [];
  const bytes = page ? await readFile(new URL(page, import.meta.url)) : answer && JSON.stringify(answer(JSON.parse(text).data));
  res.writeHead(bytes ? 200 : 404, { 'Content-Type': types[page?.split('.').pop()] ?? 'application/json' }).end(bytes);
}).listen(Number(process.argv[2] ?? 8110), '127.0.0.1', function () { console.log(`listening ${this.address().port}`); });
