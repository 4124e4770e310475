// The page of a module's service inside Karkas: a classic script, loaded by <script src="frame.js"> in the page's head.
//   karkas.on((context) => …)  {theme, locale, user, record: {entity, id, rev, fields}}: at first, and whenever it changes
//   karkas.set({field: value}) asks to set declared fields of the record; resolves with the record's fields, or throws {detail, fields}
//   karkas.open(entity, id)    shows a record
// The height follows the page. The contract of the messages is in MANIFEST.md.
(() => {
  const say = (type, more) => parent.postMessage({ karkas: 1, type, ...more }, '*');
  const listeners = [];
  const asked = new Map();
  let context = null;
  let count = 0;
  addEventListener('message', ({ source, data }) => {
    if (source !== parent || data?.karkas !== 1) return;
    if (data.type === 'context') {
      context = data.context;
      document.documentElement.dataset.theme = context.theme;
      document.documentElement.lang = context.locale;
      for (const fn of listeners) fn(context);
    }
    const waiting = asked.get(data.answers);
    asked.delete(data.answers);
    if (data.type === 'done') waiting?.resolve(data.fields);
    if (data.type === 'failed') waiting?.reject(data.problem);
  });
  globalThis.karkas = {
    on(fn) {
      listeners.push(fn);
      if (context) fn(context);
    },
    set(values) {
      const id = ++count;
      say('set', { id, values });
      return new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
    },
    open: (entity, id) => say('open', { entity, id }),
  };
  addEventListener('DOMContentLoaded', () => {
    new ResizeObserver(() => say('height', { height: document.documentElement.offsetHeight })).observe(document.documentElement);
    say('ready');
  });
})();
