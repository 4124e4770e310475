// The place of an element whose code is a file of its own: it is fetched when the place is first shown.
import type { TemplateResult } from 'lit';
import { failure, skeletonRows } from './parts.ts';
import { ApiError } from '../core/api.ts';

interface Holder {
  requestUpdate(): void;
}

/** `load` imports the file that defines the element `tag`. */
export function slot(tag: string, load: () => Promise<unknown>) {
  let coming: Promise<void> | null = null;
  let isLost = false; // it could not be had, without a connection or after an update of the server

  function fetch(holder: Holder): void {
    coming ??= load().then(
      () => undefined,
      () => {
        isLost = true;
      },
    );
    void coming.then(() => {
      coming = null;
      holder.requestUpdate();
    });
  }

  return (holder: Holder, draw: () => TemplateResult): TemplateResult => {
    if (customElements.get(tag)) return draw();
    const again = () => {
      isLost = false;
      holder.requestUpdate();
    };
    if (isLost) return failure(new ApiError({ status: 0, code: 'offline' }), again);
    fetch(holder);
    return skeletonRows(4);
  };
}
