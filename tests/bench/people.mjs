// A file of people as clients bring them, made of a seed: surnames and first names as often as they are in
// Russia (a few very often, most seldom), slips of the pen, several phones in a cell, towns, owners by name.

import * as fs from 'node:fs';
import { once } from 'node:events';

const SURNAMES = 'Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов Медведев Антонов Тарасов Жуков Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов Марков Миронов Крылов Куликов Карпов Власов Мельников Денисов Гаврилов Тихонов Казаков Афанасьев Данилов Савельев Тимофеев Фомин Чернов Абрамов Мартынов Ефимов Федотов Щербаков Назаров Калинин Исаев Чернышёв Быков Маслов Родионов Коновалов Лазарев Воронин Климов Филатов Пономарёв Голубев Кудрявцев Прохоров Наумов Потапов Журавлёв Овчинников Трофимов Леонов Соболев Ермаков Колесников Гончаров Емельянов Никифоров Грачёв Котов Гришин Ефремов Архипов Громов Кириллов Малышев Панов Моисеев Румянцев Акимов Кондратьев Бирюков Горбунов Анисимов Еремин Тихомиров Галкин Лукьянов Михеев Скворцов Юдин Белоусов Нестеров Симонов Прокофьев Харитонов Князев Цветков Левин Митрофанов Воронов Аксёнов Софронов Мальцев Логинов Горшков Савин Краснов Майоров Демидов Елисеев Рыбаков Сафонов Плотников Дёмин Хохлов Фадеев Молчанов Игнатов Литвинов Ершов Ушаков Дементьев Рябов Мухин Калашников Леонтьев Лобанов Кузин Корнеев Евдокимов Бородин Платонов Некрасов Балашов Бобров Жданов Блинов Игнатьев Коротков Муравьёв Крюков Беляков Богомолов Дроздов Лавров Зуев Петухов Ларин Никулин Серов Терентьев Зотов Устинов Фокин Самойлов Константинов Сахаров Шишкин Самсонов Черкасов Чистяков Носов Спиридонов Карасёв Авдеев Воронцов Зверев Владимиров Селезнёв Нечаев Кудряшов Седов Фирсов Андрианов Панфилов Головин Терехов Ульянов Шестаков Агеев Никонов Селиванов Баженов Гордеев Кожевников Пахомов Зимин Костин Широков Филимонов Ларионов Овсянников Сазонов Суворов Нефёдов Корнилов Любимов Львов Горбачёв Копылов Лукин Токарев Кулешов Шилов Большаков Панкратов Родин Шаповалов Покровский Бочаров Никольский Маркин Горелов Агафонов Берёзин Ермолаев Зубков Куприянов Трифонов Масленников Круглов Третьяков Колосов Рожков Артамонов Шмелёв Лаптев Лапшин Федосеев Зиновьев Зорин Уткин Столяров Зубов Ткачёв Дорофеев Антипов Завьялов Свиридов Золотарёв Кулаков Мещеряков Макеев Дьяконов Гуляев Петровский Бондарев Поздняков Панфёров Кочетков Суханов Рыжов Старостин Калмыков Колесов Золотов Кравцов Субботин Шубин Щукин Лосев Винокуров Лапин Парфёнов Исаков Голованов Коровин Ростов Галимов Хасанов Каримов Ахметов Сафин Юсупов Гарипов Валеев Шарипов Мусин Гайсин Закиров'.split(' ');
const MEN = 'Александр Сергей Дмитрий Андрей Алексей Максим Евгений Иван Михаил Артём Владимир Николай Роман Павел Антон Денис Илья Игорь Олег Виктор Юрий Константин Кирилл Вячеслав Никита Виталий Анатолий Егор Вадим Станислав Валерий Даниил Григорий Тимур Геннадий Борис Руслан Пётр Фёдор Василий Рустам Глеб Ярослав Эдуард Марат Леонид Степан Матвей Лев Семён'.split(' ');
const WOMEN = 'Елена Анна Ольга Татьяна Наталья Екатерина Ирина Мария Светлана Юлия Анастасия Марина Людмила Галина Надежда Евгения Виктория Алёна Дарья Валентина Алина Вера Оксана Любовь Ксения Александра Яна Лариса Полина Кристина Нина Диана Инна Тамара Софья Маргарита Лилия Алла Алия Эльвира Раиса Зоя Регина Гульнара Альбина Жанна Василиса Варвара Тамила Лидия'.split(' ');
const FATHERS = 'Александров Сергеев Владимиров Иванов Николаев Алексеев Андреев Викторов Юрьев Михайлов Анатольев Дмитриев Олегов Павлов Борисов Петров Геннадьев Игорев Васильев Маратов'.split(' ');
const TOWNS = 'Москва;Санкт-Петербург;Новосибирск;Екатеринбург;Казань;Нижний Новгород;Челябинск;Самара;Уфа;Ростов-на-Дону;Омск;Краснодар;Воронеж;Пермь;Волгоград;Саратов;Тюмень;Тула;Рязань;Тверь'.split(';');
const SYLLABLES = 'ба бе бо бу ва ве ви во га го гу да де до ду жи жу за зо ка ки ко ку ла ле ли ло лу ма ме ми мо му на не но ну па пе пи по пу ра ре ри ро ру са се си со су та те ти то ту ха хо ца це чу ша ше шу ю я'.split(' ');
const ENDS = ['нов', 'ров', 'шев', 'кин', 'шин', 'вский', 'ренко', 'чук', 'ких', 'вец'];
const BLOCK = 1 << 20;

/** mulberry32: the same numbers of the same seed everywhere. */
export function chanceOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = (chance, list) => list[Math.floor(chance() * list.length)];
/** The first of a list far more often than its last. */
const often = (chance, list) => list[Math.floor(list.length ** chance() - 1 + chance()) % list.length];

/** Three hundred surnames are two people in five; the others have one of many thousands. */
function surname(chance) {
  if (chance() < 0.4) return often(chance, SURNAMES);
  const word = pick(chance, SYLLABLES) + pick(chance, SYLLABLES) + (chance() < 0.5 ? pick(chance, SYLLABLES) : '') + pick(chance, ENDS);
  return word[0].toUpperCase() + word.slice(1);
}

function slip(chance, word) {
  const at = 1 + Math.floor(chance() * (word.length - 2));
  return chance() < 0.5 ? word.slice(0, at) + word.slice(at + 1) : word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
}

function name(chance) {
  const isWoman = chance() < 0.45;
  let family = surname(chance);
  if (isWoman) family = family.endsWith('ский') ? family.replace(/ий$/, 'ая') : /(ов|ев|ёв|ин)$/.test(family) ? `${family}а` : family;
  if (chance() < 0.02) family = slip(chance, family);
  const first = often(chance, isWoman ? WOMEN : MEN);
  const father = chance() < 0.6 ? ` ${pick(chance, FATHERS)}${isWoman ? 'на' : 'ич'}` : '';
  return chance() < 0.2 ? `${first}${father} ${family}` : `${family} ${first}${father}`;
}

const digits = (n, count) => String(n % 10 ** count).padStart(count, '0');

/** One in fifty has the phone of somebody before him. */
function phone(chance, i) {
  const of = i && chance() < 0.02 ? Math.floor(chance() * i) : i;
  const code = digits(900 + Math.floor(of / 1e7), 3);
  return `8 (${code}) ${digits(Math.floor(of / 1e4), 3)}-${digits(Math.floor(of / 100), 2)}-${digits(of, 2)}`;
}

export const HEADER = 'ФИО;Телефон;Почта;Город;Ответственный;Заметка\r\n';

/** The i-th person; `owners` are names of staff, of whom the first have more than the others. */
export function person(chance, i, owners) {
  const mail = chance() < 0.6 ? `client${i}@mail${i % 40}.example` : '';
  const note = chance() < 0.2 ? '"Просил перезвонить; прайс на технику, лизинг"' : '';
  return `${name(chance)};${phone(chance, i)};${mail};${pick(chance, TOWNS)};${often(chance, owners)};${note}\r\n`;
}

/** Writes `rows` people in UTF-8 with a mark, whatever their number in little memory. */
export async function writePeople(file, { rows, seed, owners }) {
  const chance = chanceOf(seed);
  const out = fs.createWriteStream(file);
  let text = `\ufeff${HEADER}`;
  for (let i = 0; i < rows; i++) {
    text += person(chance, i, owners);
    if (text.length < BLOCK && i + 1 < rows) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.end();
  await once(out, 'finish');
}
