// The window that lists the keys that work where the user is, as the views have bound them. Its texts lie beside it.
import { html, nothing, render, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { lang, t } from '../core/i18n.ts';
import { KEYS } from '../core/keymap.ts';
import { actOf, isMac, isOn, keysHere, setSingleKeys, singleKeys, type Listed } from '../core/keys.ts';
import { drawn, type Key } from './names.ts';
import en from './en.json';
import ru from './ru.json';

type Text = keyof typeof ru;

const say = (key: string): string => (lang.value === 'en' ? en : ru)[key as Text];

/** Shows them as they are at this moment; what it lies over is no longer asked. */
export function showKeys(): void {
  if (document.querySelector('dialog.keys')) return;
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog keys';
  dialog.setAttribute('aria-labelledby', 'keys-title');
  const close = () => dialog.close();
  const all = keysHere();
  const draw = () => render(content(sections(all.map(stillOn).filter(({ combos }) => combos.length)), close, choose), dialog);
  const choose = (event: Event) => {
    setSingleKeys((event.target as HTMLInputElement).checked);
    draw();
  };
  draw();
  dialog.addEventListener('keydown', (event) => {
    if (actOf('everywhere', event) !== 'keys') return;
    event.preventDefault(); // it would open the window anew
    close();
  });
  dialog.addEventListener('mousedown', (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  const opener = document.activeElement as HTMLElement | null;
  dialog.showModal();
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
}

const stillOn = (key: Listed): Listed => ({ ...key, combos: key.combos.filter(isOn) });

/** Under their headings, in the order of the table; messages come everywhere. */
function sections(keys: Listed[]): [string, Listed[]][] {
  const order = Object.keys(KEYS);
  const found = new Map<string, Listed[]>();
  for (const key of keys.sort((a, b) => order.indexOf(a.where) - order.indexOf(b.where))) {
    const heading = key.where === 'messages' ? 'everywhere' : key.where;
    found.set(heading, [...(found.get(heading) ?? []), key]);
  }
  return [...found];
}

function content(all: [string, Listed[]][], close: () => void, choose: (event: Event) => void): TemplateResult {
  return html`<div class="dialog-box ${all.length > 2 ? 'is-wide' : ''}">
    <header class="dialog-head">
      <h2 class="title" id="keys-title">${say('title')}</h2>
      <button class="icon-btn push" aria-label=${t('close')} @click=${close}>${icon('x')}</button>
    </header>
    <div class="dialog-body" tabindex="0" role="group" aria-labelledby="keys-title">
      <div class="keys-all">${all.map(([heading, keys]) => section(heading, keys))}</div>
      <p class="muted small">${say(isMac() ? 'typing.mac' : 'typing')}</p>
      <label class="inline"
        ><input class="box" type="checkbox" data-action="single-keys" aria-describedby="keys-single" .checked=${singleKeys()} @change=${choose} />${say('single')}</label
      >
      <p class="muted small" id="keys-single">${say('single.hint')}</p>
    </div>
  </div>`;
}

function section(heading: string, keys: Listed[]): TemplateResult {
  return html`<section data-keys=${heading}>
    <h3 class="strong">${say(heading)}</h3>
    <dl class="keys-list">${keys.map((one) => row(one))}</dl>
  </section>`;
}

function row({ where, what, combos }: Listed): TemplateResult {
  return html`<div data-key=${what}>
    <dt>${say(`${where}.${what}`)}</dt>
    <dd>${combos.map((combo, i) => html`${i ? html` <span class="muted small">${say('or')}</span> ` : nothing}${pressed(combo)}`)}</dd>
  </div>`;
}

function pressed(combo: string): unknown {
  return drawn(combo, isMac()).map((key, i) => html`${i ? ' ' : nothing}<kbd class="kbd">${face(key)}</kbd>`);
}

/** A letter with what the same key prints in the Russian layout, a sign with its name for those who hear it. */
function face({ sign, name, russian }: Key): unknown {
  if (name && sign) return html`<span aria-hidden="true">${sign}</span><span class="sr">${say(name)}</span>`;
  if (name) return say(name);
  return russian && lang.value === 'ru' ? `${sign} (${russian})` : sign;
}
