// Compiles or does not: whatever a script was written against (sdk/abi/ui-1.d.ts) is still there. What is added to the
// contract is added to both files; what is taken out of 1.d.ts alone, or changes its type, fails here.
import type * as locked from '../../sdk/abi/ui-1.d.ts';
import type * as now from './1.d.ts';

/** What is given to a script may have more. */
export const given: [locked.Host, locked.ModuleHost, locked.Context, locked.Row, locked.RecordEvent][] = [] as [
  now.Host,
  now.ModuleHost,
  now.Context,
  now.Row,
  now.RecordEvent,
][];

/** What a script gives may not need more. */
export const taken: now.ModuleScript[] = [] as locked.ModuleScript[];

/** The value that it imports. */
export const host: (typeof locked.host)[] = [] as (typeof now.host)[];
