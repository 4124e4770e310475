// The service of the module discounts: node service.mjs PORT, with the secret in DISCOUNTS_SECRET ("whsec_…").
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.DISCOUNTS_SECRET.replace(/^whsec_/, ''), 'base64');

/** What stands in the headers is anybody's until the signature proved right. */
function isSigned({ headers: h }, body) {
  const young = Math.abs(Date.now() / 1000 - Number(h['webhook-timestamp'])) <= Number(process.env.DISCOUNTS_CLOCK ?? 300);
  const want = Buffer.from(`v1,${createHmac('sha256', key).update(`${h['webhook-id']}.${h['webhook-timestamp']}.${body}`).digest('base64')}`);
  const given = String(h['webhook-signature'] ?? '').split(' ').map((s) => Buffer.from(s));
  return young && given.some((s) => s.length === want.length && timingSafeEqual(s, want));
}

const answers = {
  '/hooks/limit': ({ record: { amount, discount } }) => {
    if (discount > 30) {
      const text = { ru: 'Скидка больше 30 % не даётся.', en: 'No discount is over 30 %.' };
      return { ok: false, errors: [{ field: 'discount', text }] };
    }
    return { ok: true, set: { margin: ((amount ?? 0) * (100 - (discount ?? 0)) / 100).toFixed(2) } };
  },
  '/steps/score': ({ params, record }) => ({ set: { score: (params.base ?? 0) + (record.source === 'site' ? 20 : 5) } }),
};

const pages = { '/frames/page.html': 'page.html', '/frames/page.js': 'page.js', '/frames/frame.js': '../frame/frame.js' };
const types = { html: 'text/html', js: 'text/javascript' };

createServer(async (req, res) => {
  if (req.method === 'GET' && pages[req.url] && isSigned(req, req.url)) {
    const bytes = await readFile(new URL(pages[req.url], import.meta.url));
    res.writeHead(200, { 'Content-Type': types[req.url.split('.').pop()] }).end(bytes);
    return;
  }
  let body = '';
  for await (const part of req) if ((body += part).length > 1 << 20) return req.destroy();
  const answer = isSigned(req, body) ? answers[req.url]?.(JSON.parse(body).data) : undefined;
  res.writeHead(answer ? 200 : 404, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer ?? {}));
}).listen(Number(process.argv[2] ?? 8110), '127.0.0.1', function () {
  console.log(`listening ${this.address().port}`);
});
