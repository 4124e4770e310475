// The frame of every screen: sidebar (on a phone a bar at the bottom), the place's view, and the layers above it.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { hasIcon, icon, mark } from '../ui/icon.ts';
import { avatar, empty, problemText } from '../ui/parts.ts';
import { toggleAt, walkMenu } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import '../ui/gate.ts';
import './offline.ts';
import './palette.ts';
import './today.ts';
import '../views/card.ts';
import '../views/create.ts';
import '../views/drawer.ts';
import '../views/list.ts';
import { page } from '../plugins/part.ts';
import { ApiError } from '../core/api.ts';
import { capital, has, lang, t, type Lang } from '../core/i18n.ts';
import { bindKeys, ctrl } from '../core/keys.ts';
import { homeViews, menu, meta } from '../core/meta.ts';
import { holds } from '../core/outward.ts';
import { base, go, place, type Place } from '../core/router.ts';
import { isSafe } from '../core/safe.ts';
import { logout } from '../core/session.ts';
import { Watch } from '../core/store.ts';
import { setTheme, theme, type Theme } from '../core/theme.ts';
import type { MenuEntry } from '../core/types.ts';
import { chooseLang } from '../ui/lang.ts';
import { watchBuild } from './newer.ts';
import { hasKeys, openKeys } from '../help/open.ts';
import { openPalette } from './palette.ts';
import { unread } from './unread.ts';

const THEMES: { id: Theme; icon: string }[] = [
  { id: 'auto', icon: 'auto' },
  { id: 'light', icon: 'sun' },
  { id: 'dark', icon: 'moon' },
];
const LANGS: { id: Lang; name: string }[] = [
  { id: 'ru', name: 'lang.ru' },
  { id: 'en', name: 'lang.en' },
];

/** Screens that few people open are files of their own. */
const LATER = {
  batches: () => import('./batches.ts'),
  reference: () => import('../reference/page.ts'),
  notices: () => import('./notices.ts'),
  tokens: () => import('./tokens.ts'),
  model: () => import('./model.ts'),
  modules: () => import('../modules/page.ts'),
  webhooks: () => import('./webhooks.ts'),
  requests: () => import('../requests/page.ts'),
  import: () => import('../views/import.ts'),
  pairs: () => import('./pairs.ts'),
};

function later(name: keyof typeof LATER, page: TemplateResult): TemplateResult {
  return html`<crm-gate .load=${LATER[name]} .page=${page}></crm-gate>`;
}

class Shell extends El {
  #watch = new Watch(this, meta, place, lang, theme, unread);
  #off: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#off = [
      bindKeys('everywhere', { search: { run: () => openPalette() }, keys: { run: () => void openKeys() } }),
      watchBuild(),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.#off) off();
  }

  override willUpdate(): void {
    const at = place.value;
    if (at.name !== 'home') return;
    const first = menu()[0];
    if (at.path === '/login' || (!homeViews().length && first))
      queueMicrotask(() => go(homeViews().length ? '/' : first.to, { replace: true }));
  }

  override render() {
    const at = place.value;
    const under = base(at);
    return html`<div class="app">
        <a class="skip" href="#main" @click=${this.#skip}>${t('skip')}</a>
        ${this.#side(under)}
        <main class="main" id="main" tabindex="-1">
          <crm-offline></crm-offline>
          ${isSafe ? html`<p class="note-bar is-warn-bg" data-safe>${t('safe')}<a class="link push" href="?safe=0" target="_self">${t('safe.end')}</a></p>` : nothing}
          ${this.#view(under)}
        </main>
        ${this.#tabbar(under)}
      </div>
      ${at.under ? html`<crm-drawer .place=${at}></crm-drawer>` : nothing}
      <crm-palette></crm-palette>`;
  }

  #skip(event: Event): void {
    event.preventDefault();
    document.getElementById('main')?.focus();
  }

  #view(at: Place): TemplateResult {
    const known = at.entity && meta.value?.entities[at.entity];
    if (at.name === 'home') return homeViews().length ? html`<crm-today></crm-today>` : nothingHere();
    if (at.name === 'batches') return later('batches', html`<crm-batches .search=${at.search}></crm-batches>`);
    if (at.name === 'reference')
      return later('reference', html`<crm-reference .search=${at.search} .locale=${lang.value}></crm-reference>`);
    if (at.name === 'frame') return page(at) ?? lost();
    if (at.name === 'notices') return later('notices', html`<crm-notices></crm-notices>`);
    if (at.name === 'tokens' && mayTokens()) return later('tokens', html`<crm-tokens></crm-tokens>`);
    if (at.name === 'model' && holds('settings'))
      return later('model', html`<crm-model .search=${at.search}></crm-model>`);
    if (at.name === 'modules' && holds('settings'))
      return later('modules', html`<crm-modules .search=${at.search}></crm-modules>`);
    if (at.name === 'webhooks' && holds('settings')) return later('webhooks', html`<crm-webhooks></crm-webhooks>`);
    if (at.name === 'requests' && mayRequests()) return later('requests', html`<crm-requests></crm-requests>`);
    if (at.name === 'unknown' || !known) return lost();
    if (at.name === 'list') return html`<crm-list .entity=${at.entity} .search=${at.search}></crm-list>`;
    if (at.name === 'import')
      return later('import', html`<crm-import .entity=${at.entity} .search=${at.search}></crm-import>`);
    if (at.name === 'duplicates') return later('pairs', html`<crm-pairs .entity=${at.entity}></crm-pairs>`);
    if (at.name === 'new') return html`<crm-create .entity=${at.entity} .search=${at.search}></crm-create>`;
    return html`<crm-card .entity=${at.entity} .recordId=${at.id}></crm-card>`;
  }

  #side(at: Place) {
    const title = meta.value?.title ?? '';
    return html`<aside class="side">
      <a class="brand" href="/" title=${title}
        ><span class="brand-mark">${mark()}</span><span class="clip">${title}</span></a
      >
      ${meta.value?.stand ? html`<p class="stand">${t('stand')}</p>` : nothing}
      <button class="side-search" @click=${() => openPalette()}>
        ${icon('search', 'icon-16')}${t('search')}<span class="push kbd">${ctrl()} K</span>
      </button>
      <nav class="nav" aria-label=${t('nav')}>
        ${homeViews().length ? this.#link({ id: 'home', label: 'today', icon: 'today', to: '/' }, at) : nothing}
        ${groups().map(([group, entries]) => html`${group ? html`<span class="nav-label">${t(group)}</span>` : nothing}${entries.map((entry) => this.#link(entry, at))}`)}
      </nav>
      <div class="side-foot">
        <a
          class="me me-link"
          href="/settings/notices"
          aria-current=${at.name === 'notices' ? 'page' : nothing}
          >${icon('bell')}<span>${t('notices')}</span>
          ${unread.value ? html`<span class="push badge" data-unread=${unread.value}>${unread.value > 99 ? '99+' : unread.value}<span class="sr"> ${t('notices.unread')}</span></span>` : nothing}</a
        >
        ${this.#me()}
      </div>
    </aside>`;
  }

  #link(entry: MenuEntry, at: Place) {
    const here = at.name === 'frame' ? at.path : `/e/${at.entity}`;
    const current = entry.to === '/' ? at.name === 'home' : here === entry.to.split('?')[0];
    return html`<a href=${entry.to} aria-current=${current ? 'page' : nothing} data-menu=${entry.id}
      >${icon(hasIcon(entry.icon) ? entry.icon : 'list')}<span class="clip"
        >${capital(t(entry.label))}</span
      ></a
    >`;
  }

  #me() {
    const user = meta.value!.user;
    return html`<button class="me" aria-haspopup="true" @click=${(e: Event) => toggleAt(e, 'me-menu')}>
        ${avatar({ id: user.id, label: user.name }, '')}<span class="clip">${user.name}</span
        ><span class="push muted">${icon('more', 'icon-16')}</span>
      </button>
      <div class="pop menu" id="me-menu" popover @keydown=${walkMenu} @click=${closeOnLink}>${this.#prefs(true)}</div>`;
  }

  #prefs(isDesk = false) {
    const user = meta.value!.user;
    return html`<div class="menu-head">
        <span class="strong">${user.name}</span
        >${user.department?.label ? html`<span class="muted small">${user.department.label}</span>` : nothing}
      </div>
      <div class="menu-row">
        <span class="muted">${t('theme')}</span
        ><span class="seg push" role="group" aria-label=${t('theme')}
          >${THEMES.map(
            ({ id, icon: name }) =>
              html` <button
                aria-pressed=${theme.value === id ? 'true' : 'false'}
                aria-label=${t(`theme.${id}`)}
                title=${t(`theme.${id}`)}
                data-theme-set=${id}
                @click=${() => setTheme(id)}
              >
                ${icon(name, 'icon-16')}
              </button>`,
          )}</span
        >
      </div>
      <div class="menu-row">
        <span class="muted">${t('lang')}</span
        ><span class="seg push" role="group" aria-label=${t('lang')}
          >${LANGS.map(
            ({ id, name }) =>
              html` <button
                aria-pressed=${lang.value === id ? 'true' : 'false'}
                data-lang-set=${id}
                @click=${() => void chooseLang(id)}
              >
                ${t(name)}
              </button>`,
          )}</span
        >
      </div>
      ${
        meta.value!.entities.batch
          ? html`<a class="menu-item" href="/settings/batches">${icon('history', 'icon-16')}${t('batches')}</a>`
          : nothing
      }
      ${
        user.functions?.includes('settings')
          ? html`<a class="menu-item" href="/x/api">${icon('link', 'icon-16')}${t('reference')}</a>`
          : nothing
      }
      ${mayTokens() ? html`<a class="menu-item" href="/settings/tokens">${icon('lock', 'icon-16')}${t('tokens')}</a>` : nothing}
      ${mayRequests() ? html`<a class="menu-item" href="/settings/requests">${icon('shield', 'icon-16')}${t('requests')}</a>` : nothing}
      ${holds('settings') ? html`<a class="menu-item" href="/settings/model">${icon('settings', 'icon-16')}${t('model')}</a>` : nothing}
      ${holds('settings') ? html`<a class="menu-item" href="/settings/modules">${icon('box', 'icon-16')}${t('modules')}</a>` : nothing}
      ${holds('settings') ? html`<a class="menu-item" href="/settings/webhooks">${icon('globe', 'icon-16')}${t('webhooks')}</a>` : nothing}
      ${
        isDesk && hasKeys()
          ? html`<button class="menu-item" data-action="keys" @click=${keysOfMenu}>
              ${icon('book', 'icon-16')}${t('keys')}<span class="push kbd">?</span>
            </button>`
          : nothing
      }
      <button class="menu-item" @click=${() => void leave()}>
        ${icon('out', 'icon-16')}${t('logout')}
      </button>`;
  }

  #tabbar(at: Place) {
    const home = homeViews().length
      ? [{ id: 'home', label: 'today', icon: 'today', to: '/' } as MenuEntry]
      : [];
    const phone = menu().filter((e) => e.phone);
    const entries = [...home, ...(phone.length ? phone : menu())].slice(0, 3);
    return html`<nav class="tabbar" aria-label=${t('nav')}>
        ${entries.map((entry) => this.#link(entry, at))}
        <button @click=${() => openPalette()}>${icon('search')}<span>${t('search.short')}</span></button>
        <button aria-haspopup="true" @click=${(e: Event) => toggleAt(e, 'more-menu', 'end')}>
          ${icon('more')}<span>${t('more')}</span>${unread.value ? html`<span class="blip">${unread.value}</span>` : nothing}
        </button>
      </nav>
      <div
        class="pop menu sheet"
        id="more-menu"
        role="navigation"
        aria-label=${t('more')}
        popover
        @keydown=${walkMenu}
        @click=${closeOnLink}
      >
        ${menu().map((entry) => html`<a class="menu-item" href=${entry.to}>${icon(hasIcon(entry.icon) ? entry.icon : 'list')}${capital(t(entry.label))}</a>`)}
        <a class="menu-item" href="/settings/notices"
          >${icon('bell')}${t('notices')}${unread.value ? html`<span class="push badge">${unread.value}</span>` : nothing}</a
        >
        ${this.#prefs()}
      </div>`;
  }
}

async function leave(): Promise<void> {
  try {
    await logout();
  } catch (error) {
    const why = error instanceof ApiError ? problemText(error) : t('problem.server');
    toast({ text: t('logout.failed', { why }), icon: 'alert', kind: 'danger' });
  }
}

/** The menu gives the focus back before the window takes it. */
function keysOfMenu(event: Event): void {
  (event.currentTarget as HTMLElement).closest<HTMLElement>('[popover]')!.hidePopover();
  void openKeys();
}

function closeOnLink(event: Event): void {
  if ((event.target as Element).closest('a')) (event.currentTarget as HTMLElement).hidePopover();
}

function groups(): [string, MenuEntry[]][] {
  const found = new Map<string, MenuEntry[]>();
  for (const entry of menu()) {
    const group = groupLabel(entry.group ?? '');
    found.set(group, [...(found.get(group) ?? []), entry]);
  }
  return [...found];
}

/** The first group needs no heading; a module's own group is named by a key or as it is. */
function groupLabel(group: string): string {
  if (!group || group === 'work') return '';
  return has(`group.${group}`) ? `group.${group}` : group;
}

const mayTokens = (): boolean => holds('settings') || holds('tokens');
const mayRequests = (): boolean => holds('settings') || holds('requests');
const lost = () =>
  empty('search', t('lost.title'), t('lost.text'), html`<a class="btn" href="/">${t('lost.home')}</a>`, true);
const nothingHere = () => empty('lock', t('bare.title'), t('bare.text'), nothing, true);

customElements.define('crm-shell', Shell);
