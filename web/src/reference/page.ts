// The page /x/api: what this server's API offers to the signed-in user, read from its own OpenAPI document. A file of
// its own, loaded when the page is opened; it uses the application as a module's UI does.
import { LitElement, html, nothing, host } from 'karkas-ui';
import { find, read, type Document, type Field, type Hit, type Operation, type Part, type Reference } from './document.ts';
import { addressOf, sample, type Language } from './samples.ts';
import './try.ts';
import en from './en.json';
import ru from './ru.json';

type Key = keyof typeof ru;
declare const REFERENCE_CSS: string; // the build puts the address of the styles here
const COLORS: Record<string, string> = { GET: 'blue', HEAD: 'gray', POST: 'green', PATCH: 'amber', DELETE: 'red' };

const say = (key: Key, n = 0) => (host.lang === 'en' ? en : ru)[key].replace('{n}', String(n));

function loadStyles(): Promise<void> {
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: REFERENCE_CSS });
  return new Promise((resolve) => {
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}
const styled = loadStyles();

class ReferencePage extends LitElement {
  static override properties = {
    search: { attribute: false },
    locale: { attribute: false },
    reference: { state: true },
    failed: { state: true },
    typed: { state: true },
    language: { state: true },
  };
  search = new URLSearchParams();
  locale = ''; // changes with the interface's
  reference: Reference | null = null;
  failed = false;
  typed = '';
  language: Language = 'curl';
  #lang = '';

  override createRenderRoot() {
    return this;
  }

  override willUpdate(): void {
    if (this.#lang !== host.lang) void this.#load();
    document.title = `${say('title')} — ${(host.meta() as { title?: string } | null)?.title ?? ''}`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#off = [host.on('meta', () => void this.#load()), host.on('reset', () => void this.#load())];
  }
  #off: (() => void)[] = [];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off.forEach((off) => off());
  }

  async #load(): Promise<void> {
    const lang = (this.#lang = host.lang);
    this.failed = false;
    try {
      const [answer] = await Promise.all([host.http.get<Document>(`/openapi.json?lang=${lang}`), styled]);
      if (lang === this.#lang) this.reference = read(answer);
    } catch {
      this.failed = true;
    }
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has('search') || changed.has('reference')) {
      const id = this.search.get('op');
      const at = id ? this.querySelector<HTMLDetailsElement>(`details[data-op="${CSS.escape(id)}"]`) : null;
      if (at) at.open = true;
      (at ?? this.querySelector('.ref-body'))?.scrollIntoView({ block: 'nearest' });
    }
  }

  override render() {
    return html`<div class="list ref">
      <header class="head head-line ref-head">
        <h1 class="title">${say('title')}</h1>
        <label class="ref-find"
          ><span class="sr">${say('search')}</span
          ><input
            class="input"
            type="search"
            placeholder=${say('search')}
            .value=${this.typed}
            @input=${(e: Event) => (this.typed = (e.target as HTMLInputElement).value)}
        /></label>
        <a class="btn btn-sm ref-file" href="/api/v1/openapi.json" download="openapi.json">${say('file')}</a>
      </header>
      ${this.failed ? this.#problem() : this.reference ? this.#content(this.reference) : html`<p class="ref-body muted" role="status">${say('loading')}</p>`}
    </div>`;
  }

  #problem() {
    return html`<div class="fill"><div class="empty" role="alert">
      <h2 class="title">${say('failed')}</h2>
      <button class="btn" @click=${() => void this.#load()}>${say('retry')}</button>
    </div></div>`;
  }

  #content(reference: Reference) {
    const name = this.search.get('part') ?? '';
    const part = reference.parts.find((p) => p.name === name);
    const isErrors = name === 'errors';
    return html`<div class="ref-grid">
      <nav class="ref-nav" aria-label=${say('parts')}>
        ${this.#entry('', say('start'), !part && !isErrors)}
        ${reference.parts.map((p) => this.#entry(p.name, p.label, p === part))}
        ${this.#entry('errors', say('errors'), isErrors)}
      </nav>
      <div class="scroll ref-scroll" tabindex="0" role="region" aria-label=${say('title')}>
        <div class="ref-body">
          ${this.typed.trim() ? this.#found(reference) : part ? this.#part(part) : isErrors ? this.#errors(reference) : this.#start(reference)}
        </div>
      </div>
    </div>`;
  }

  #entry(name: string, label: string, isCurrent: boolean) {
    const to = name ? `/x/api?part=${name}` : '/x/api';
    return html`<a href=${to} aria-current=${isCurrent ? 'page' : nothing} data-part=${name || 'start'} @click=${() => (this.typed = '')}>${label}</a>`;
  }

  #start(reference: Reference) {
    return html`<h2 class="display">${say('start')}</h2>
      <p>${reference.text}</p>
      <p>${say('start.page')}</p>
      <p>${say('start.token')}</p>
      ${this.#code(`curl '${location.origin}/api/v1/meta' \\\n  -H 'Authorization: Bearer ${say('token')}'`)}`;
  }

  #errors(reference: Reference) {
    return html`<h2 class="display">${say('errors')}</h2>
      <p>${say('errors.text')}</p>
      ${table(say('errors'), [say('status'), say('code'), say('meaning')], reference.errors.map(({ status, code }) => [
        status,
        html`<code>${code}</code>`,
        html`<span class="strong">${known(`error.${code}.title`)}</span> <span class="muted">${known(`error.${code}`)}</span>`,
      ]))}`;
  }

  #part(part: Part) {
    return html`<h2 class="display">${part.label}${part.fields.length ? html` <code class="muted">${part.name}</code>` : nothing}</h2>
      ${part.text === part.label ? nothing : html`<p>${part.text}</p>`}
      ${part.fields.length ? html`<h3 class="ref-h">${say('fields')}</h3>${fieldTable(part.fields)}` : nothing}
      <h3 class="ref-h">${say('actions')}</h3>
      ${part.operations.map((operation) => this.#operation(part, operation))}`;
  }

  #operation(part: Part, operation: Operation) {
    return html`<details class="ref-op" data-op=${operation.id}>
      <summary>
        <span class="tag ref-method t-${COLORS[operation.method]}">${operation.method}</span>
        <span class="ref-line"><code>${operation.path}</code><span class="muted">${operation.summary}</span></span>
      </summary>
      <div class="ref-in">
        <a class="link small" data-link=${operation.id} href=${linkTo(part, operation)}>${say('link')}</a>
        ${operation.text ? html`<p>${operation.text}</p>` : nothing}
        ${parameters(operation, part.fields.length > 0)} ${body(operation)} ${answers(operation)}
        <h4 class="ref-h">${say('sample')}</h4>
        <span class="seg" role="group" aria-label=${say('sample')}>
          ${(['curl', 'fetch'] as const).map((language) => html`<button aria-pressed=${this.language === language ? 'true' : 'false'} @click=${() => (this.language = language)}>${language}</button>`)}
        </span>
        ${this.#code(sample(operation, this.language, location.origin, say('token')))}
        ${operation.isTried ? html`<crm-try .address=${firstTry(operation)} .words=${tryWords()}></crm-try>` : nothing}
      </div>
    </details>`;
  }

  #code(text: string) {
    return html`<div class="ref-code">
      <pre tabindex="0" aria-label=${say('sample')}>${text}</pre>
      <button class="btn btn-sm" data-action="copy" @click=${() => void copy(text)}>${say('copy')}</button>
    </div>`;
  }

  #found(reference: Reference) {
    const hits = find(reference, this.typed);
    if (!hits.length) return html`<h2 class="display">${say('none')}</h2><p class="muted" role="status">${say('none.text')}</p>`;
    return html`<h2 class="display" role="status">${say('found', hits.length)}</h2>
      <ul class="ref-hits">${hits.slice(0, 100).map((hit) => this.#hit(hit))}</ul>`;
  }

  #hit({ part, operation, field }: Hit) {
    const to = operation ? linkTo(part, operation) : `/x/api?part=${part.name}`;
    const mark = operation?.method ?? field!.type;
    return html`<li><a href=${to} @click=${() => (this.typed = '')}>
      <span class="tag ref-method t-${operation ? COLORS[mark] : 'violet'}">${mark}</span>
      <span class="ref-line"><code>${operation?.path ?? field!.name}</code><span class="muted">${operation?.summary ?? `${field!.title}, ${part.label}`}</span></span>
    </a></li>`;
  }
}

const linkTo = (part: Part, operation: Operation) => `/x/api?part=${part.name}&op=${encodeURIComponent(operation.id)}`;

/** Few rows are enough to see what a list looks like. */
function firstTry(operation: Operation): string {
  return addressOf(operation) + (operation.parameters.some((p) => p.name === 'limit') ? '?limit=5' : '');
}

const tryWords = () => ({ title: say('try'), address: say('try.address'), run: say('try.run'), answer: say('try.answer'), cut: say('try.cut'), lost: say('try.lost') });

/** A text of the catalogue, or nothing when there is none; what a refusal fills in is left open. */
function known(key: string): string {
  const text = host.t(key, { count: '…', min: '…', max: '…' });
  return text === key ? '' : text;
}

async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  host.toast(say('copied'));
}

function table(label: string, heads: string[], rows: unknown[][]) {
  return html`<div class="ref-table" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

function notes(field: Field) {
  const all = [
    field.isRequired ? say('required') : '',
    field.isWritten ? '' : say('readonly'),
    field.isMany ? say('many') : '',
  ].filter(Boolean);
  return all.length ? html`<span class="muted small">${all.join(', ')}</span>` : nothing;
}

function fieldTable(fields: Field[]) {
  const rows = fields.map((field) => [
    html`<code>${field.name}</code>`,
    html`${field.title} ${notes(field)}`,
    html`${field.type}${field.to ? html` → <a class="link" href="/x/api?part=${field.to}">${field.to}</a>` : nothing}${
      field.choices.length ? html`<span class="ref-choices">${field.choices.map((c) => html`<code>${c}</code> `)}</span>` : nothing
    }`,
    html`<span class="muted small">${field.operators.join(' ')}</span>`,
  ]);
  return table(say('fields'), [say('field'), say('text'), say('type'), say('filters')], rows);
}

function parameters(operation: Operation, hasFields: boolean) {
  if (!operation.parameters.length) return nothing;
  const isList = hasFields && operation.parameters.some((p) => p.name === 'filter');
  const rows = operation.parameters.map((p) => [html`<code>${p.name}</code>`, p.in, html`${p.description ?? ''}`]);
  return html`<h4 class="ref-h">${say('parameters')}</h4>
    ${table(say('parameters'), [say('name'), say('where'), say('text')], rows)}
    ${isList ? html`<p class="muted small">${say('filters.note')}</p>` : nothing}`;
}

function body({ body: given }: Operation) {
  if (!given) return nothing;
  const rows = given.members.map((m) => [
    html`<code>${m.name}</code>`,
    html`<span class="ref-type">${m.type}</span>`,
    html`${m.text} ${m.isRequired ? html`<span class="muted small">${say('required')}</span>` : nothing}`,
  ]);
  return html`<h4 class="ref-h">${say('body')} <code class="muted">${given.type}</code></h4>
    ${rows.length ? table(say('body'), [say('name'), say('type'), say('text')], rows) : nothing}`;
}

function answers(operation: Operation) {
  const rows = operation.answers
    .filter((a) => a.status !== 'default')
    .map((a) => [a.status, html`${a.text}${a.codes.map((code) => html`<code title=${known(`error.${code}.title`)}>${code}</code> `)}`]);
  return html`<h4 class="ref-h">${say('answers')}</h4>
    ${table(say('answers'), [say('status'), say('text')], rows)}`;
}

customElements.define('crm-reference', ReferencePage);
