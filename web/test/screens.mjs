// Every screen of the UI in a telling state: for pictures and for the checks of accessibility.
const see = (selector) => (page) => page.waitForSelector(selector);
const click = (selector) => async (page) => {
  await page.click(selector);
};
/** A chosen file, and as many presses as lead to the step. */
const imported = (...actions) => async (page, _, fixture) => {
  if (actions.includes('hold')) fixture.transfer.hold = true;
  const file = { name: 'Клиенты.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b') };
  await page.setInputFiles('#import-file', file);
  await page.waitForSelector('.import-col');
  for (const action of actions.filter((a) => a !== 'hold')) {
    await page.click(`[data-action=${action}]`);
    await page.waitForSelector(action === 'undo' ? '.import-report' : actions.includes('hold') ? '.progress' : '.figures');
  }
};
export const SCREENS = {
  login: { ready: see('#login'), path: '/', login: null },
  password: {
    ready: see('#login'),
    path: '/',
    login: null,
    act: async (page) => {
      await page.fill('#login', 'kotova');
      await page.fill('#password', 'one-time');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#new');
      await page.fill('#new', 'abcdef');
    },
  },
  today: { ready: see('.today .row'), path: '/' },
  list: { ready: see('[data-id="46"]'), path: '/e/sales.lead' },
  'list-steps': { ready: see('[data-step=none]'), path: '/e/sales.lead', fixture: { idle: true } },
  'board-steps': { ready: see('[data-idle]'), path: '/e/sales.lead?as=board', fixture: { idle: true } },
  overdue: {
    ready: see('[data-entity="sales.lead"] [role=tab]'),
    path: '/e/sales.lead/46',
    fixture: { idle: true, timeline: true },
    act: async (page, isPhone) => {
      if (isPhone) await page.click('#tab-timeline');
      await page.click('.overdue [data-action=later]');
    },
  },
  board: { ready: see('.board li[data-id="46"]'), path: '/e/sales.lead?view=all&as=board' },
  'board-carried': {
    ready: see('.board li[data-id="40"]'),
    path: '/e/sales.lead?view=all&as=board',
    act: async (page) => {
      await page.focus('li[data-id="40"] .kcard-open');
      await page.keyboard.press('Space');
      await page.waitForSelector('.kcol.is-denied');
      await page.keyboard.press('ArrowRight');
      await page.waitForSelector('.kslot');
    },
  },
  'board-menu': {
    ready: see('.board li[data-id="46"]'),
    path: '/e/sales.lead?view=all&as=board',
    act: async (page) => {
      await page.click('li[data-id="46"] .kcard-move');
      await page.waitForSelector('#board-move .is-off[data-move=done]');
    },
  },
  'board-ask': {
    ready: see('.board li[data-id="37"]'),
    path: '/e/sales.lead?view=all&as=board&f.stage=work,offer',
    act: async (page) => {
      await page.click('li[data-id="37"] .kcard-move');
      await page.click('#board-move [data-move=offer]');
      await page.waitForSelector('crm-move-ask dialog[open]');
      await page.click('[data-action=move]');
      await page.waitForSelector('.is-invalid');
    },
  },
  'board-empty': { ready: see('.empty'), path: '/e/sales.lead?as=board&f.source=expo&f.owner=9&q=погрузчик' },
  filtered: {
    ready: see('[data-chip]'),
    path: '/e/sales.lead?f.source=site,avito&f.stage=new,work',
    act: async (page) => {
      await page.keyboard.press('j');
      await page.keyboard.press('j');
    },
  },
  empty: { ready: see('.empty'), path: '/e/sales.lead?f.source=expo&f.owner=9&q=погрузчик' },
  views: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead?view=all&f.stage=work,new',
    act: async (page) => {
      await page.click('[data-action=view]');
      await page.waitForSelector('.view-menu:popover-open');
    },
  },
  columns: {
    only: 'desk',
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead?view=all',
    act: async (page) => {
      await page.click('[data-action=columns]');
      await page.waitForSelector('.column-menu:popover-open');
    },
  },
  cell: {
    only: 'desk',
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead?view=all&cols=title,contact,source,amount',
    act: async (page) => {
      await page.keyboard.press('j');
      await page.keyboard.press('F2');
      for (const field of ['title', 'contact', 'source', 'amount']) {
        await page.waitForSelector(`.cell-edit [data-field=${field}]`);
        if (field !== 'amount') await page.keyboard.press('Tab');
      }
    },
  },
  'filter-range': {
    ready: see('[data-chip="amount.is"]'),
    path: '/e/sales.lead?view=all&f.amount.is=gte:1000000,lte:5000000&f.city.is=has:Тюм',
    act: async (page) => {
      await page.click('[data-chip="amount.is"] .chip-body');
      await page.waitForSelector('#filter-menu form');
    },
  },
  filter: { ready: see('[data-id="46"]'), path: '/e/sales.lead', act: click('[data-action=filter]') },
  card: { ready: see('.prop'), path: '/e/sales.lead/44' },
  drawer: { ready: see('[data-id="44"]'), path: '/e/sales.lead', act: click('[data-id="44"] a') },
  edit: {
    ready: see('[data-id="45"]'),
    path: '/e/sales.lead',
    act: async (page) => {
      await page.click('[data-id="45"] a');
      await page.waitForSelector('.drawer-box .block');
      await page.keyboard.press('e');
      await page.waitForSelector('crm-field');
      await page.fill('.drawer-box [data-field=phone] input', '8 916 12');
      await page.fill('.drawer-box [data-field=email] input', 'нет');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.summary');
    },
  },
  address: {
    ready: see('.create'),
    path: '/e/contacts.person/new',
    act: async (page) => {
      await page.fill('[data-field=address] input', '650000, Кемерово, ул Весенняя, 5, 12');
      await page.click('[data-action=parts]');
      await page.waitForFunction(() => document.querySelector('[data-part=flat]')?.value === '12');
      await page.locator('[data-part=flat]').scrollIntoViewIfNeeded();
    },
  },
  addressfilter: {
    ready: see('.list'),
    path: '/e/contacts.person?f.address.city=Кемерово',
    act: async (page) => {
      await page.click('[data-action=filter]');
      await page.click('[data-filter=address]');
      await page.waitForSelector('.menu-form');
    },
  },
  bulk: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page, phone) => {
      if (phone) await page.click('[data-action=pick]');
      for (const id of [46, 44, 43]) await page.click(`[data-id="${id}"] .pick-box`);
      await page.click('[data-action=bulk-edit]');
      await page.selectOption('#bulk-edit select', 'city');
      await page.waitForSelector('#bulk-edit crm-field');
    },
  },
  bulkdone: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page, phone) => {
      if (phone) await page.click('[data-action=pick]');
      for (const id of [46, 44]) await page.click(`[data-id="${id}"] .pick-box`);
      await page.click('[data-action=bulk-edit]');
      await page.selectOption('#bulk-edit select', 'city');
      await page.fill('#bulk-edit [data-field=city] input', 'Казань');
      await page.click('[data-action=bulk-apply]');
      await page.waitForSelector('.toast[data-kind=ok]');
    },
  },
  bin: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page, _, fixture) => {
      for (const id of [41, 42, 43]) fixture.remove('sales.lead', id);
      await page.click('[data-action=bin]');
      await page.waitForSelector('[data-id="43"] [data-action=restore]');
    },
  },
  purge: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page, _, fixture) => {
      fixture.remove('sales.lead', 41);
      await page.click('[data-action=bin]');
      await page.click('[data-id="41"] [data-action=purge]');
      await page.waitForSelector('dialog.ask');
    },
  },
  batches: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page, _, fixture) => {
      const who = { id: 7, name: 'Анна Котова' };
      const b = fixture.batches;
      const done = b.bulk('sales.lead', [44, 45, 999], {}, { city: 'Казань' }, who, 'Заявки');
      fixture.update('sales.lead', 44, { city: 'Пермь' });
      b.undo(done, who);
      b.hold = true;
      b.bulk('sales.lead', [30, 31, 32, 33], {}, { city: 'Казань' }, who, 'Заявки');
      await page.evaluate(() => {
        history.pushState({}, '', '/settings/batches?open=1');
        dispatchEvent(new PopStateEvent('popstate'));
      });
      await page.waitForSelector('.batch-rows li');
    },
  },
  past: {
    ready: see('[data-id="44"]'),
    path: '/e/sales.lead',
    act: async (page, _, fixture) => {
      fixture.update('sales.lead', 44, { city: 'Пермь', comment: 'Перезвонить вечером' });
      fixture.update('sales.lead', 44, { city: 'Казань' });
      await page.click('[data-id="44"] a');
      await page.click('#tab-history');
      await page.waitForSelector('[data-action=undo]');
      await page.hover('.event');
    },
  },
  newer: {
    ready: see('.prop'),
    path: '/e/sales.lead/44',
    act: async (page, phone, fixture) => {
      fixture.update('sales.lead', 44, { city: 'Пермь', comment: 'Перезвонить вечером' });
      fixture.update('sales.lead', 44, { city: 'Казань' });
      if (phone) await page.click('#tab-history');
      await page.waitForSelector('[data-action=undo-field]', { state: 'attached' });
      await page.hover('[data-action=undo-field]');
      await page.click('[data-action=undo-field]');
      await page.waitForSelector('dialog.ask');
    },
  },
  create: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page) => {
      await page.click('[data-action=create]');
      await page.waitForSelector('form.create');
      await page.fill('[data-field=phone] input', '8 916 12');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.summary');
    },
  },
  palette: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.fill('.palette input', 'gtnhjd');
      await page.waitForSelector('.palette [role=option] mark');
    },
  },
  found: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead?view=all',
    act: async (page) => {
      await page.fill('#list-q', 'kbpbyu');
      await page.waitForSelector('.reading');
    },
  },
  notices: { ready: see('.notice'), path: '/settings/notices' },
  gone: { ready: see('.empty'), path: '/e/sales.lead/999' },
  lost: { ready: see('.empty'), path: '/x/nowhere' },
  menu: {
    ready: see('.today .row'),
    path: '/',
    act: async (page, phone) => click(phone ? '.tabbar button:last-of-type' : '.side-foot button.me')(page),
  },
  transfer: { ready: see('[data-id="46"]'), path: '/e/sales.lead', act: click('[data-action=list-menu]') },
  import: { ready: see('.drop'), path: '/e/sales.lead/import' },
  'import-map': { ready: see('.drop'), path: '/e/sales.lead/import', act: imported() },
  'import-checked': { ready: see('.drop'), path: '/e/sales.lead/import', act: imported('check') },
  'import-running': { ready: see('.drop'), path: '/e/sales.lead/import', act: imported('hold', 'check') },
  'import-done': { ready: see('.drop'), path: '/e/sales.lead/import', act: imported('check', 'run') },
  export: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page) => {
      await page.click('[data-action=list-menu]');
      await page.click('[data-action=export]');
      await page.waitForSelector('[data-rows="1204"]');
    },
  },
  modules: { ready: see('[data-module=scales] [data-refused]'), path: '/settings/modules' },
  'module-ask': {
    ready: see('[data-module=fleet] [data-action=upgrade]'),
    path: '/settings/modules',
    act: click('[data-module=fleet] [data-action=upgrade]'),
  },
  'module-refused': {
    ready: see('[data-module=fleet] [data-action=upgrade]'),
    path: '/settings/modules',
    act: async (page, _, fixture) => {
      fixture.modules.refuse = { title: 'Так работать не будет', detail: 'У модуля fleet 1.10.0 нет поля plate, которое называет ТЗ.' };
      await page.click('[data-module=fleet] [data-action=upgrade]');
      await page.click('dialog.ask [data-yes]');
      await page.waitForSelector('[data-module=fleet] [data-refusal]');
    },
  },
  'module-settings': { ready: see('[data-setting=seats]'), path: '/settings/modules?of=fleet' },
  'module-settings-wrong': {
    ready: see('[data-setting=seats]'),
    path: '/settings/modules?of=fleet',
    act: async (page, _, fixture) => {
      fixture.modules.change({ greeting: 'Здравствуйте' });
      await page.waitForSelector('[data-setting=greeting][data-from=server]');
      await page.fill('[data-setting=seats] input', '120');
      await page.fill('[data-setting=wait] input', '30 мин');
      await page.click('[data-action=save]');
      await page.waitForSelector('[data-setting=seats] .is-invalid');
    },
  },
  'module-settings-stale': {
    ready: see('[data-setting=seats]'),
    path: '/settings/modules?of=fleet',
    act: async (page, _, fixture) => {
      await page.fill('[data-setting=wait] input', '30 мин');
      fixture.modules.change({ wait: 900000 });
      await page.waitForSelector('[data-conflict=wait]');
    },
  },
  'module-settings-none': { ready: see('.empty'), path: '/settings/modules?of=contacts' },
  'module-settings-off': { ready: see('.empty'), path: '/settings/modules?of=tasks' },
  offline: {
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead',
    act: async (page, _, fixture) => {
      fixture.setDown(true);
      await page.waitForSelector('.offline');
    },
  },
  conflict: {
    ready: see('.prop'),
    path: '/e/sales.lead/44',
    act: async (page, _, fixture) => {
      await page.keyboard.press('e');
      await page.waitForSelector('crm-field');
      await page.fill('[data-field=city] input', 'Казань');
      fixture.update('sales.lead', 44, { city: 'Пермь' });
      await page.waitForSelector('.conflict');
    },
  },
  order: {
    ready: see('.cards li[data-id], tr[data-id]'),
    path: '/e/sales.lead?sort=-amount',
    act: async (page, phone) => {
      if (phone) await page.click('[data-action=sort]');
    },
  },
  keys: {
    only: 'desk',
    ready: see('[data-id="46"]'),
    path: '/e/sales.lead?view=all&as=board',
    act: async (page) => {
      await page.keyboard.press('Shift+Slash');
      await page.waitForSelector('dialog.keys[open]');
    },
  },
  timeline: {
    ready: see('.prop'),
    path: '/e/sales.lead/44',
    fixture: { timeline: true },
    act: async (page, phone, fixture) => {
      if (phone) await page.click('#tab-timeline');
      const igor = { id: 8, label: 'Игорь Гущин' };
      fixture.update('sales.lead', 44, { stage: 'work', city: 'Пермь' });
      fixture.timeline.add(44, 'Решение принимает техдир', { id: 8, name: igor.label }, { pinned: true });
      fixture.timeline.add(44, 'Готовы на аванс 30 %, @Игорь Гущин', { id: 7, name: 'Анна Котова' }, { mentions: [igor], not_told: [igor] });
      await page.waitForSelector('.event .mention');
    },
  },
  'timeline-mention': {
    ready: see('.prop'),
    path: '/e/sales.lead/44',
    fixture: { timeline: true },
    act: async (page, phone) => {
      if (phone) await page.click('#tab-timeline');
      await page.click('.composer-text');
      await page.keyboard.type('Спросить @а');
      await page.waitForSelector('.mentions [role=option][id$="-1"]');
    },
  },
};
