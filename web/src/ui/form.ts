// Plain parts of the settings' dialogs: a labelled control with what is wrong with it, a text to be copied once.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from './icon.ts';
import { toast } from './toast.ts';
import { t } from '../core/i18n.ts';

export function field(id: string, label: string, control: unknown, wrong = '', help = ''): TemplateResult {
  return html`<div class="field ${wrong ? 'is-invalid' : ''}" data-field=${id}>
    <label for=${id}>${label}</label>
    ${control}
    ${
      wrong
        ? html`<span class="help" id="${id}-help" role="alert">${icon('alert')}${wrong}</span>`
        : help
          ? html`<span class="help" id="${id}-help">${help}</span>`
          : nothing
    }
  </div>`;
}

/** What it begins with is its default too, so that emptying the form brings that back. */
export function check(id: string, label: string, on: boolean, set: (on: boolean) => void): TemplateResult {
  return html`<div class="field is-bool">
    <label for=${id}>${label}</label>
    <input
      class="box"
      type="checkbox"
      id=${id}
      ?checked=${on}
      .checked=${on}
      @change=${(e: Event) => set((e.target as HTMLInputElement).checked)}
    />
  </div>`;
}

async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  toast({ text: t('copied') });
}

/** A secret that the server shows once. */
export function once(id: string, label: string, text: string): TemplateResult {
  return html`<div class="field" data-once>
    <label for=${id}>${label}</label>
    <span class="once">
      <input class="input mono" id=${id} readonly .value=${text} @focus=${(e: Event) => (e.target as HTMLInputElement).select()} />
      <button class="btn" type="button" data-action="copy" @click=${() => void copy(text)}>${t('copy')}</button>
    </span>
    <span class="help">${icon('alert')}${t('once.help')}</span>
  </div>`;
}

/** The frame of a dialog; its body is a form. */
export function dialogBox(
  id: string,
  title: string,
  close: () => void,
  body: unknown,
  foot: unknown,
  submit: () => void,
): TemplateResult {
  return html`<dialog class="dialog" aria-labelledby=${id} @close=${close}>
    <form
      class="dialog-box"
      novalidate
      @submit=${(e: Event) => {
        e.preventDefault();
        submit();
      }}
    >
      <header class="dialog-head">
        <h2 class="title" id=${id}>${title}</h2>
        <button
          class="icon-btn push"
          type="button"
          aria-label=${t('close')}
          @click=${(e: Event) => (e.target as Element).closest('dialog')!.close()}
        >
          ${icon('x')}
        </button>
      </header>
      <div class="dialog-body">${body}</div>
      <footer class="dialog-foot">${foot}</footer>
    </form>
  </dialog>`;
}
