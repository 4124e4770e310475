// From a code to a row: the record that has it is found, and is counted where it stands already.
import { ApiError } from '../core/api.ts';
import { firstPage } from '../core/first.ts';
import { number } from '../core/fmt.ts';
import { fieldOf, titleOf } from '../core/meta.ts';
import type { Ref, Row, TableView } from '../core/types.ts';
import { errorText } from '../fields/edit.ts';
import { problemText } from '../ui/parts.ts';
import { decimal, units } from './decimal.ts';
import { fresh, type PartRows } from './model.ts';
import { say } from './texts.ts';

type Scan = NonNullable<TableView['scan']>;

export class Scanning {
  /** The code that nobody has, until it is dealt with. */
  unknown = '';
  #rows: PartRows;
  #scan: Scan;
  #tell: (text: string) => void;
  #queue: Promise<void> = Promise.resolve();

  constructor(rows: PartRows, scan: Scan, tell: (text: string) => void) {
    this.#rows = rows;
    this.#scan = scan;
    this.#tell = tell;
  }

  /** One after the other: the second of two equal codes counts the row that the first has made. */
  take(code: string): void {
    this.#queue = this.#queue.then(() => this.#take(code)).catch((error: unknown) => this.#failed(error));
  }

  forget(): void {
    this.unknown = '';
    this.#tell('');
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    const first = error.problem.fields?.[0];
    this.#tell(say('failed', { why: first ? errorText(first) : problemText(error) }));
  }

  get #target(): string {
    return fieldOf(this.#rows.entity, this.#scan.into)!.to!;
  }

  async #find(code: string): Promise<Row[]> {
    for (const name of this.#scan.by) {
      const page = await firstPage(this.#target, new URLSearchParams({ [name]: code, limit: '2' }));
      if (page.rows.length) return page.rows;
    }
    return [];
  }

  async #take(code: string): Promise<void> {
    const found = await this.#find(code);
    this.unknown = found.length ? '' : code;
    if (found.length !== 1) {
      this.#tell(say(found.length ? 'scan.several' : 'scan.unknown', { code }));
      return;
    }
    const id = found[0].id;
    const row = this.#rows.records.rows.find((one) => (one[this.#scan.into] as Ref | null)?.id === id);
    if (row) await this.#count(row);
    else await this.addNew({ id, label: titleOf(this.#target, found[0]) });
  }

  async #count(row: Row): Promise<void> {
    const { count } = this.#scan;
    const scale = fieldOf(this.#rows.entity, count)!.scale ?? 0;
    const more = decimal(units(this.#rows.value(row, count), scale) + units('1', scale), scale);
    this.#rows.set(row, count, more);
    const saved = await this.#rows.commit(row);
    if (saved) this.#tell(say('scan.counted', { name: titleOf(this.#rows.entity, row), n: number(more) }));
  }

  async addNew(ref: Ref): Promise<void> {
    const { into, count } = this.#scan;
    const problem = fresh();
    const row = await this.#rows.add({ [into]: ref.id, [count]: '1' }, undefined, problem);
    if (row) this.#tell(say('scan.added', { name: ref.label ?? titleOf(this.#rows.entity, row) }));
    else if (problem.problem) this.#failed(problem.problem);
  }
}
