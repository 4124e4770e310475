// The bar over chosen rows is a file of its own: most lists are only read. It comes with the first row that is chosen,
// and fills the place that the list has drawn for it.
import { loaded } from '../ui/later.ts';

export function loadBar(): void {
  if (!customElements.get('crm-bulk')) void loaded(import('./bulk.ts'));
}
