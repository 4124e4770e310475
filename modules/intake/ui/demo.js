// demo.js - sends the form without leaving the page. Without it the same form posts by itself.
const form = document.getElementById('form');
const panel = form.closest('.panel');
const alertBox = document.getElementById('alert');
const button = form.querySelector('button[type="submit"]');

// ---- hints: they advise and never stop the visitor; the server keeps what he wrote ----

function hint(name, text, bad = false) {
  const box = document.getElementById(`h-${name}`);
  const input = form.elements[name];
  if (!box || !input) return;
  box.textContent = text;
  box.classList.toggle('is-bad', bad);
  if (bad) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

function phoneHint() {
  const digits = form.elements.phone.value.replace(/\D/g, '').length;
  if (digits === 0) return '';
  if (digits < 10) return 'Похоже, не хватает цифр. Проверьте, чтобы мы дозвонились.';
  return digits > 15 ? 'Похоже, лишние цифры. Проверьте номер.' : '';
}

form.elements.phone.addEventListener('blur', () => hint('phone', phoneHint()));
form.elements.email.addEventListener('blur', () => {
  const value = form.elements.email.value.trim();
  hint('email', value && !/^\S+@\S+\.\S+$/.test(value) ? 'Похоже, в адресе опечатка.' : '');
});

// ---- what was asked about ----

for (const link of document.querySelectorAll('[data-topic]')) {
  link.addEventListener('click', () => {
    const message = form.elements.message;
    if (!message.value.trim()) message.value = `${link.dataset.topic}: `;
    setTimeout(() => form.elements.name.focus({ preventScroll: true }), 400);
  });
}

// ---- the consent, in the words of the ТЗ ----

let version; // of the wording, when the page shows the one of the ТЗ
fetch(form.action, { headers: { Accept: 'application/json' } })
  .then((reply) => (reply.ok ? reply.json() : {}))
  .then(({ consent }) => {
    if (consent?.text) document.getElementById('consent').textContent = consent.text;
    version = consent?.version;
  })
  .catch(() => {}); // the page has its own words

// ---- sending ----

/** Where the visitor came from: the page, the referrer, and the marks of an advertisement. */
function origin() {
  const marks = {};
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (/^utm_(source|medium|campaign|content|term)$/.test(key) && value) marks[key] = value;
  }
  const page = location.origin + location.pathname;
  return { page, ...(document.referrer ? { referrer: document.referrer } : {}), ...marks };
}

function show(text) {
  alertBox.textContent = text;
  alertBox.hidden = !text;
  if (text) alertBox.scrollIntoView({ block: 'nearest' });
}

async function failed(reply) {
  const problem = await reply.json().catch(() => ({}));
  for (const { field, detail } of problem.fields ?? []) hint(field, detail, true);
  if (reply.status === 429) {
    const wait = Number(reply.headers.get('Retry-After')) || 60;
    return show(`Слишком много заявок подряд. Попробуйте через ${wait} с или позвоните нам.`);
  }
  show(problem.detail || 'Сейчас заявку принять не получилось. Позвоните нам: +7 495 123-45-67.');
}

async function send() {
  const shown = { consent_text: document.getElementById('consent').textContent, ...(version && { consent_version: version }) };
  const data = { ...Object.fromEntries(new FormData(form)), ...origin(), ...shown };
  const reply = await fetch(form.action, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(data),
  });
  if (!reply.ok) return failed(reply);
  panel.dataset.receipt = (await reply.json()).id;
  panel.classList.add('is-sent');
  document.getElementById('sent').focus({ preventScroll: true });
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  show('');
  hint('phone', phoneHint());
  button.disabled = true;
  try {
    await send();
  } catch {
    show('Нет связи с сервером. Ваши данные на месте, попробуйте ещё раз.');
  } finally {
    button.disabled = false;
  }
});

document.getElementById('again').addEventListener('click', () => {
  panel.classList.remove('is-sent');
  form.reset();
});
