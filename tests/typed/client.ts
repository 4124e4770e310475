// A client typed by the document: what the document says compiles, what it does not say is refused by
// the compiler. `document` is what openapi-typescript makes of the server under test.

import createClient from 'openapi-fetch';
import type { paths } from 'document';

const client = createClient<paths>({ baseUrl: 'https://localhost' });

export async function right(): Promise<string[]> {
  const body = { serial: 'Д-0042', price: '1500.00', kind: 'crane' as const, phones: ['+79161234567'] };
  const { data: made, error } = await client.POST('/api/v1/fleet.machine', { body });
  if (!made) return [error.code, ...(error.fields ?? []).map((f) => f.field)];
  const query = { 'price.gte': '1000', kind: 'crane' as const, sort: '-price', limit: 10 };
  const { data: page } = await client.GET('/api/v1/fleet.machine', { params: { query } });
  const id: number = made.id;
  const { data: lead } = await client.PATCH('/api/v1/fleet.machine/{id}', { params: { path: { id } }, body: { year: 2020 } });
  const { data: hooks } = await client.GET('/api/v1/webhooks');
  const states: ('active' | 'paused')[] = hooks?.rows.map((hook) => hook.state) ?? [];
  const serial = lead && !('hidden' in lead) ? lead.serial : ''; // a change may take the record out of sight
  return [String(serial ?? ''), ...(page?.rows ?? []).map((row) => row.serial ?? ''), ...states];
}

export async function wrong(): Promise<void> {
  // @ts-expect-error there is no such path
  await client.GET('/api/v1/fleet.machines');
  // @ts-expect-error nor such a verb
  await client.DELETE('/api/v1/fleet.machine');
  // @ts-expect-error a number is no text
  await client.POST('/api/v1/fleet.machine', { body: { serial: 42 } });
  // @ts-expect-error the serial number is required
  await client.POST('/api/v1/fleet.machine', { body: { price: '1500.00' } });
  // @ts-expect-error not a choice of the field
  await client.POST('/api/v1/fleet.machine', { body: { serial: 'Д-1', kind: 'boat' } });
  // @ts-expect-error the path names a record
  await client.GET('/api/v1/fleet.machine/{id}');
  const { data } = await client.GET('/api/v1/fleet.machine/{id}', { params: { path: { id: 1 } } });
  // @ts-expect-error no such field
  void data?.colour;
}
