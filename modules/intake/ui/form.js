// form.js - a form of the ТЗ on a page of another site, drawn where this script stands:
//
//   <script src="https://crm.example.ru/m/intake/form.js" data-form="site" async></script>
//
// The page's own styles apply (classes karkas-form, karkas-field, karkas-alert, karkas-sent). data-dialled: the number that
// this page shows for calls. The site has to be named in `sites` of the form. After sending, the script's parent gets the
// event "karkas-sent" with the receipt.
(() => {
  const script = document.currentScript;
  const name = script.dataset.form;
  const address = new URL(`/hook/${encodeURIComponent(name)}`, script.src).href;
  const MARKS = /^utm_(source|medium|campaign|content|term)$/;
  const KEPT = 'karkas-marks'; // the marks of the visit: he may go through several pages before he writes
  const SAYS = {
    ru: {
      send: 'Отправить', sent: 'Заявка принята. Спасибо!', need: 'обязательно', trap: 'Не заполняйте это поле',
      wait: 'Слишком много заявок подряд. Попробуйте через {n} с.', failed: 'Заявку отправить не получилось. Ваши данные на месте, попробуйте ещё раз.',
      absent: 'Форма сейчас недоступна. Обновите страницу или позвоните нам.',
    },
    en: {
      send: 'Send', sent: 'Your request has been received. Thank you!', need: 'required', trap: 'Leave this field empty',
      wait: 'Too many requests at once. Try again in {n} s.', failed: 'The request could not be sent. What you wrote is still here, try again.',
      absent: 'The form is not available now. Reload the page or call us.',
    },
  };
  const say = SAYS[document.documentElement.lang.startsWith('en') ? 'en' : 'ru'];
  const host = document.createElement('div');
  script.after(host);

  function make(tag, props = {}, ...children) {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  }

  // ---- where the visitor came from ----

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    } catch {
      return {}; // no storage on this page
    }
  }

  function origin() {
    const now = Object.fromEntries([...new URLSearchParams(location.search)].filter(([key, value]) => MARKS.test(key) && value));
    const outside = document.referrer && new URL(document.referrer).host !== location.host;
    const marks = { ...kept(), ...now, ...(outside ? { referrer: document.referrer } : {}) };
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(marks));
    } catch {
      /* then only this page's */
    }
    return marks;
  }

  // ---- the form ----

  const TYPES = { phone: 'tel', email: 'email', url: 'url' };
  const COMPLETES = { name: 'name', phone: 'tel', email: 'email', company_name: 'organization', city: 'address-level2' };

  function field(one) {
    const id = `karkas-${name}-${one.name}`;
    const isLong = one.type === 'multiline';
    const input = make(isLong ? 'textarea' : 'input', { id, name: one.name, required: one.required === true });
    if (isLong) input.rows = 4;
    else input.type = TYPES[one.type] ?? 'text';
    input.autocomplete = COMPLETES[one.name] ?? 'on';
    const label = make('label', { htmlFor: id }, one.label);
    if (one.required) label.append(' ', make('small', {}, say.need));
    return make('div', { className: 'karkas-field' }, label, input);
  }

  /** Nobody sees it, and who fills it in is a robot. */
  function trap() {
    const input = make('input', { name: 'karkas_website', type: 'text', tabIndex: -1, autocomplete: 'off' });
    const box = make('div', {}, make('label', {}, say.trap, input));
    box.setAttribute('aria-hidden', 'true');
    Object.assign(box.style, { position: 'absolute', left: '-10000px', height: '1px', overflow: 'hidden' });
    return box;
  }

  function consent(asked) {
    const box = make('input', { type: 'checkbox', name: 'consent', value: 'yes', required: asked.required === true });
    return make('label', { className: 'karkas-consent' }, box, ' ', asked.text);
  }

  function draw(described, marks) {
    const shown = performance.now();
    const alert = make('p', { className: 'karkas-alert', hidden: true });
    const button = make('button', { type: 'submit' }, say.send);
    const form = make('form', { className: 'karkas-form' }, alert, ...described.fields.map(field), trap());
    if (described.consent) form.append(consent(described.consent));
    form.append(button);
    alert.setAttribute('role', 'alert');
    form.setAttribute('aria-label', described.title);

    const tell = (text) => {
      alert.textContent = text;
      alert.hidden = !text;
    };
    const data = () => ({
      ...Object.fromEntries(new FormData(form)),
      ...marks,
      page: location.origin + location.pathname,
      ...(script.dataset.dialled ? { dialled: script.dataset.dialled } : {}),
      ...(described.consent ? { consent_text: described.consent.text, consent_version: described.consent.version } : {}),
      karkas_ms: Math.round(performance.now() - shown),
    });

    async function send() {
      const reply = await fetch(address, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(data()) });
      if (reply.status === 429) return tell(say.wait.replace('{n}', reply.headers.get('Retry-After') ?? '60'));
      if (!reply.ok) return tell((await reply.json().catch(() => ({}))).detail ?? say.failed);
      const { id } = await reply.json();
      const done = make('p', { className: 'karkas-sent', tabIndex: -1 }, say.sent);
      done.setAttribute('role', 'status');
      form.replaceWith(done);
      done.focus();
      host.dispatchEvent(new CustomEvent('karkas-sent', { detail: { form: name, id }, bubbles: true }));
    }

    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      tell('');
      button.disabled = true;
      await send().catch(() => tell(say.failed));
      button.disabled = false;
    });
    host.replaceChildren(form);
  }

  const marks = origin();
  fetch(address, { headers: { Accept: 'application/json' } })
    .then((reply) => (reply.ok ? reply.json() : Promise.reject(new Error(`${reply.status}`))))
    .then((described) => draw(described, marks))
    .catch((why) => {
      console.warn(`karkas: form "${name}" of ${address}: ${why.message}. Is this site named in its "sites"?`);
      host.replaceChildren(make('p', { className: 'karkas-alert' }, say.absent));
    });
})();
