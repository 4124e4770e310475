// A question before something that cannot be taken back, or that overwrites what is newer. Resolves with the answer.
import { html, nothing, render, type TemplateResult } from 'lit';
import { t } from '../core/i18n.ts';

export interface Question {
  title: string;
  text: string | TemplateResult;
  yes: string;
  danger?: boolean;
  typed?: { value: string; label: string }; // has to be typed before the answer may be yes
}

function typedField(typed: { value: string; label: string }): TemplateResult {
  const look = (event: Event) => {
    const input = event.target as HTMLInputElement;
    input.form!.querySelector<HTMLButtonElement>('[data-yes]')!.disabled = input.value.trim() !== typed.value;
  };
  return html`<div class="field">
    <label class="label" for="ask-typed">${typed.label}</label>
    <input class="input mono" id="ask-typed" autocomplete="off" spellcheck="false" @input=${look} />
  </div>`;
}

export function confirm(question: Question): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.className = 'ask pop';
  dialog.setAttribute('aria-labelledby', 'ask-title');
  render(
    html`<form method="dialog" class="stack-12">
      <h2 class="title" id="ask-title">${question.title}</h2>
      <div>${question.text}</div>
      ${question.typed ? typedField(question.typed) : nothing}
      <div class="ask-foot">
        <button class="btn" value="no" autofocus>${t('cancel')}</button>
        <button class="btn ${question.danger ? 'btn-danger' : 'btn-primary'}" value="yes" data-yes ?disabled=${!!question.typed}>
          ${question.yes}
        </button>
      </div>
    </form>`,
    dialog,
  );
  document.body.append(dialog);
  const opener = document.activeElement as HTMLElement | null;
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (opener?.isConnected) opener.focus();
      answer(dialog.returnValue === 'yes');
    });
  });
}
