// The rows that are offered to whoever picks one of them.
import { ApiError } from '../core/api.ts';
import { firstPage } from '../core/first.ts';
import { t } from '../core/i18n.ts';
import type { Row } from '../core/types.ts';
import { problemText } from '../ui/parts.ts';

/** `said` is to be read below them: that others are still looked for, or why there are no more; empty at the end of the list. */
export type Offered = (rows: Row[], said: string, isOver: boolean) => void;

/** Tells of the rows found, again with each part of a long list, until there is a page or the list has ended. `signal` ends it. */
export async function offer(entity: string, search: URLSearchParams, signal: AbortSignal, tell: Offered): Promise<void> {
  let found: Row[] = [];
  try {
    const { rows } = await firstPage(entity, search, signal, (some) => tell((found = some), t('combo.further'), false));
    if (!signal.aborted) tell(rows, '', true);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    tell(found, problemText(error), true);
  }
}
