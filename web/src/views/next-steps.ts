// Marks of records about which nothing is planned, where the entity's module wants something to be: a file of its own,
// which comes after the rows. Until it is there, and where it cannot be had, the rows stand without.
import { nothing, type TemplateResult } from 'lit';
import { idleOf } from '../core/meta.ts';
import type { Row } from '../core/types.ts';
import type { Counted, Steps } from '../steps/steps.ts';

export class NextSteps {
  #steps: Steps | null = null;
  #entity = '';
  #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  stop(): void {
    this.#steps?.stop();
    this.#steps = null;
    this.#entity = '';
  }

  get version(): number {
    return this.#steps?.version ?? 0;
  }

  mark(entity: string, row: Row): TemplateResult | typeof nothing {
    this.#begin(entity);
    return this.#steps?.mark(row) ?? nothing;
  }

  idleText(entity: string, stage: string, counted: Counted): string | null {
    this.#begin(entity);
    return this.#steps?.idleText(stage, counted) ?? null;
  }

  #begin(entity: string): void {
    if (entity === this.#entity) return;
    this.stop();
    this.#entity = entity;
    const idle = idleOf(entity);
    if (!idle) return;
    void import('../steps/steps.ts').then(
      ({ Steps: Made }) => {
        if (this.#entity !== entity) return;
        this.#steps = new Made(entity, idle, this.#changed);
        this.#changed();
      },
      () => undefined,
    );
  }
}
