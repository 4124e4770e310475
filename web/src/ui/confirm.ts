// A question before something that cannot be taken back, or that overwrites what is newer. Resolves with the answer.
import { html, render, type TemplateResult } from 'lit';
import { t } from '../core/i18n.ts';

export interface Question {
  title: string;
  text: string | TemplateResult;
  yes: string;
  danger?: boolean;
}

export function confirm(question: Question): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.className = 'ask pop';
  dialog.setAttribute('aria-labelledby', 'ask-title');
  render(
    html`<form method="dialog" class="stack-12">
      <h2 class="title" id="ask-title">${question.title}</h2>
      <div>${question.text}</div>
      <div class="ask-foot">
        <button class="btn" value="no" autofocus>${t('cancel')}</button>
        <button class="btn ${question.danger ? 'btn-danger' : 'btn-primary'}" value="yes" data-yes>
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
