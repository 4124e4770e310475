// The UI keeps its own names for what the API speaks (web/src/core/types.ts); whatever the document
// says an answer is must be what the UI takes it for.

import type { components } from 'document';
import type * as ui from '../../web/src/core/types.ts';

type Told = components['schemas'];

/** Compiles only when every answer of the document's kind is one of the UI's. */
function takes<Ui>(): <Document extends Ui>() => void {
  return () => undefined;
}

takes<ui.Ref>()<Told['reference']>();
takes<ui.Attachment>()<Told['attachment']>();
takes<ui.FieldError>()<Told['problem.field']>();
takes<Omit<ui.Problem, 'record'>>()<Told['problem']>();
takes<ui.Row>()<Told['sales.deal']>();
takes<ui.Page>()<Told['sales.deal.page']>();
takes<ui.HistoryRow>()<Told['history.row']>();
takes<ui.Hits>()<Told['found']>();
takes<ui.Token>()<Told['token']>();
takes<ui.Webhook>()<Told['webhook']>();
takes<ui.Delivery>()<Told['delivery']>();
