// What a check or a run of an import has counted, in words. The server counts rows: each that creates makes one record,
// while several that update may be of one.
import type { Counts } from './import-model.ts';

export interface Verdict {
  /** Rows that the run would load. */
  rows: number;
  title: string;
  text: string;
}

/** The keys of what is said of a check. */
export function verdictOf({ created = 0, updated = 0, failed = 0 }: Counts): Verdict {
  const rows = created + updated;
  const said = `import.checked${failed ? '.bad' : ''}${rows ? '' : '.none'}`;
  return { rows, title: failed ? 'import.checked.bad' : said, text: `${said}.text` };
}
