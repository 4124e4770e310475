// The first page of a list that may come in parts, for whoever can tell nothing before it is there: what is offered to be
// picked, the reading of some words, the records of some numbers.
import { api } from './api.ts';
import type { Page, Row } from './types.ts';

/** The last part with the rows of all: as many as `limit` says, or all that there are. `tell` gets those that are there by then. */
export async function firstPage(
  entity: string,
  search: URLSearchParams,
  signal?: AbortSignal,
  tell?: (rows: Row[]) => void,
): Promise<Page> {
  const asked = new URLSearchParams(search);
  const most = Number(search.get('limit'));
  let rows: Row[] = [];
  for (;;) {
    const page = await api.list(entity, asked, signal);
    rows = [...rows, ...page.rows];
    if (!page.partial || rows.length >= most) return { ...page, rows };
    tell?.(rows);
    asked.set('after', page.next!);
  }
}
