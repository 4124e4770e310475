// The page of discounts: what the deal's discount is, and a button that asks for one of 10 %.
const what = document.getElementById('what');
const give = document.getElementById('give');
const words = { ru: ['Скидка', 'Скидки нет', 'Дать 10 %'], en: ['Discount', 'No discount', 'Give 10 %'] };

karkas.on(({ locale, record }) => {
  const [name, none, offer] = words[locale] ?? words.ru;
  what.textContent = record?.fields.discount ? `${name}: ${record.fields.discount} %` : none;
  give.textContent = offer;
  give.hidden = !record;
});
give.addEventListener('click', async () => {
  try {
    await karkas.set({ discount: '10' });
  } catch (problem) {
    what.textContent = problem.detail;
  }
});
