/* sample.c - names, towns, amounts and how they are spread. */
#include "sample.h"

#include "base/clock.h"

#define COUNT(list)   (sizeof(list) / sizeof *(list))
#define PICK(s, list) ((list)[below((s), COUNT(list))])
#define DAY_MS        ((int64_t)86400000)
#define CLIENT_STATES 7

typedef struct person_name {
    const char *text, *latin;
} person_name;

static const person_name men[] = {
    {"Александр", "aleksandr"}, {"Дмитрий", "dmitriy"}, {"Максим", "maksim"},
    {"Сергей", "sergey"},       {"Андрей", "andrey"},   {"Алексей", "aleksey"},
    {"Артём", "artem"},         {"Илья", "ilya"},       {"Кирилл", "kirill"},
    {"Михаил", "mihail"},       {"Никита", "nikita"},   {"Роман", "roman"},
    {"Егор", "egor"},           {"Павел", "pavel"},     {"Виктор", "viktor"},
    {"Тимур", "timur"},         {"Рустам", "rustam"},   {"Геннадий", "gennadiy"},
    {"Юрий", "yuriy"},          {"Олег", "oleg"},
};
static const person_name women[] = {
    {"Анна", "anna"},       {"Мария", "mariya"},    {"Елена", "elena"},
    {"Ольга", "olga"},      {"Наталья", "natalya"}, {"Екатерина", "ekaterina"},
    {"Татьяна", "tatyana"}, {"Ирина", "irina"},     {"Светлана", "svetlana"},
    {"Юлия", "yuliya"},     {"Марина", "marina"},   {"Алия", "aliya"},
    {"Галина", "galina"},   {"Вера", "vera"},       {"Людмила", "lyudmila"},
    {"Ксения", "kseniya"},  {"Дарья", "darya"},     {"Полина", "polina"},
    {"Лариса", "larisa"},   {"Нина", "nina"},
};
static const person_name surnames[] = {
    {"Иванов", "ivanov"},       {"Смирнов", "smirnov"},
    {"Кузнецов", "kuznecov"},   {"Попов", "popov"},
    {"Васильев", "vasilev"},    {"Петров", "petrov"},
    {"Соколов", "sokolov"},     {"Михайлов", "mihaylov"},
    {"Новиков", "novikov"},     {"Фёдоров", "fedorov"},
    {"Морозов", "morozov"},     {"Волков", "volkov"},
    {"Алексеев", "alekseev"},   {"Лебедев", "lebedev"},
    {"Семёнов", "semenov"},     {"Егоров", "egorov"},
    {"Павлов", "pavlov"},       {"Козлов", "kozlov"},
    {"Степанов", "stepanov"},   {"Николаев", "nikolaev"},
    {"Орлов", "orlov"},         {"Андреев", "andreev"},
    {"Макаров", "makarov"},     {"Никитин", "nikitin"},
    {"Захаров", "zaharov"},     {"Зайцев", "zaycev"},
    {"Соловьёв", "solovev"},    {"Борисов", "borisov"},
    {"Яковлев", "yakovlev"},    {"Григорьев", "grigorev"},
    {"Романов", "romanov"},     {"Воробьёв", "vorobev"},
    {"Сергеев", "sergeev"},     {"Фролов", "frolov"},
    {"Гусев", "gusev"},         {"Киселёв", "kiselev"},
    {"Ильин", "ilin"},          {"Максимов", "maksimov"},
    {"Сорокин", "sorokin"},     {"Виноградов", "vinogradov"},
    {"Щербаков", "scherbakov"}, {"Ахметов", "ahmetov"},
    {"Гарипов", "garipov"},     {"Сафин", "safin"},
    {"Юсупов", "yusupov"},      {"Тарасов", "tarasov"},
    {"Белов", "belov"},         {"Комаров", "komarov"},
    {"Ершов", "ershov"},        {"Журавлёв", "zhuravlev"},
};
static const char *const fathers[] = {"Александров", "Сергеев",  "Иванов", "Петров",  "Андреев",
                                      "Олегов",      "Викторов", "Павлов", "Маратов", "Романов"};
static const char *const cities[] = {"Москва",      "Санкт-Петербург", "Екатеринбург", "Казань",
                                     "Новосибирск", "Тюмень",          "Челябинск",    "Уфа",
                                     "Самара",      "Пермь",           "Воронеж",      "Краснодар",
                                     "Рязань",      "Тверь",           "Калуга",       "Тула",
                                     "Сургут",      "Набережные Челны"};
static const char *const positions[] = {"директор",
                                        "главный механик",
                                        "начальник снабжения",
                                        "прораб",
                                        "инженер",
                                        "бухгалтер",
                                        "главный инженер",
                                        "менеджер по закупкам",
                                        "начальник участка",
                                        NULL};
static const char *const notes[] = {"Работает по предоплате, документы через ЭДО.",
                                    "Звонить после 11 по Москве.",
                                    "Ищет технику в лизинг, аванс до 20 %.",
                                    "Просил прислать прайс на навесное оборудование.",
                                    NULL,
                                    NULL,
                                    NULL,
                                    NULL};
static const char *const sources[] = {"site", "phone", "email", "import"};
static const char *const firms[] = {"Альфа", "Вектор",   "Гранит",     "Звезда",  "Импульс",
                                    "Квант", "Лидер",    "Магистраль", "Монолит", "Невский",
                                    "Орион", "Прогресс", "Рубеж",      "Север",   "Титан",
                                    "Урал",  "Фаворит",  "Энергия"};
static const char *const trades[] = {"Строй",    "Дорстрой", "Монтаж", "Техника", "Сервис",
                                     "Логистик", "Карьер",   "Бетон",  "Инвест",  "Агро"};
static const char *const wants[] = {
    "Экскаватор", "Автокран",    "Фронтальный погрузчик", "Бульдозер",
    "Каток",      "Бетононасос", "Автогрейдер",           "Буровая установка"};
static const char *const stages[] = {"new",  "work", "work", "offer", "offer", "payment",
                                     "paid", "paid", "paid", "lost",  "lost",  "lost"};
static const char *const lead_stages[] = {"new", "work", "qualified", "qualified", "bad"};
static const char *const bad_reasons[] = {"spam", "wrong_contact", "no_need", "no_money"};
static const char *const lost_reasons[] = {"price", "terms", "competitor", "postponed", "no_stock"};
static const char *const task_kinds[] = {"call", "call", "call", "meeting", "mail", "todo"};
static const char *const task_titles[] = {"Перезвонить", "Отправить КП", "Уточнить сроки поставки",
                                          "Согласовать договор", "Напомнить об оплате"};

/* ---- chance ---------------------------------------------------------------------------------- */

/* splitmix64: one word of state, so a sampler can be copied. */
static uint64_t next(sampler *s)
{
    uint64_t z = s->state += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static uint32_t below(sampler *s, size_t n)
{
    return (uint32_t)((next(s) >> 32) * n >> 32);
}

static bool chance(sampler *s, uint32_t percent)
{
    return below(s, 100) < percent;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void set(json_t *row, const char *field, json_t *value)
{
    /* A failure leaves `row` without the field; memory that is out shows in the caller's checks. */
    (void)json_object_set_new(row, field, value);
}

static void set_text(json_t *row, const char *field, const char *text)
{
    if (text) {
        set(row, field, json_string(text));
    }
}

static void set_one(json_t *row, const char *field, json_t *text)
{
    set(row, field, json_pack("[o]", text));
}

static void set_owner(sampler *s, json_t *row)
{
    bool is_hot = chance(s, 33);
    uint32_t n = is_hot && s->hot_owners ? s->hot_owners : s->owner_count;
    if (n) {
        set(row, "owner", json_integer(s->owners[below(s, n)]));
    }
}

static void set_ref(sampler *s, json_t *row, const char *field, sample_pool pool)
{
    if (pool.count) {
        set(row, field, json_integer(pool.first + below(s, (size_t)pool.count)));
    }
}

static void set_phone(sampler *s, json_t *row)
{
    set_one(row, "phone", json_sprintf("+79%02u%07u", below(s, 100), below(s, 10000000)));
}

/* Round sums, most of them small: 50 thousand to 50 million. */
static void set_amount(sampler *s, json_t *row)
{
    uint32_t scale = chance(s, 70) ? 5000 : 1000000;
    set(row, "amount", json_sprintf("%u.00", (50 + below(s, 950)) * scale / 5));
}

/* Ten digits whose last one checks the others (order of the tax service MM-7-6/435@). */
static json_t *inn(sampler *s)
{
    static const int weights[9] = {2, 4, 10, 3, 5, 9, 4, 6, 8};
    char text[11] = {0};
    int sum = 0;
    for (int i = 0; i < 9; i++) {
        int digit = (int)below(s, i ? 10 : 9) + !i;
        text[i] = (char)('0' + digit);
        sum += digit * weights[i];
    }
    text[9] = (char)('0' + sum % 11 % 10);
    return json_string(text);
}

typedef struct full_name {
    const person_name *first, *surname;
    json_t *text;
} full_name;

static full_name make_name(sampler *s)
{
    bool is_woman = chance(s, 40);
    full_name n = {.first = is_woman ? &PICK(s, women) : &PICK(s, men),
                   .surname = &PICK(s, surnames)};
    n.text = json_sprintf("%s%s %s %s%s", n.surname->text, is_woman ? "а" : "", n.first->text,
                          PICK(s, fathers), is_woman ? "на" : "ич");
    return n;
}

/* ---- rows ------------------------------------------------------------------------------------ */

json_t *sample_company(sampler *s)
{
    json_t *row = json_object();
    uint32_t number = below(s, 2000);
    set(row, "name", json_sprintf("ООО «%s%s-%u»", PICK(s, firms), PICK(s, trades), number));
    set(row, "inn", inn(s));
    set_phone(s, row);
    set_one(row, "email", json_sprintf("office%u@firm%u.example", number, below(s, 100000)));
    set_text(row, "city", PICK(s, cities));
    set_owner(s, row);
    return row;
}

json_t *sample_person(sampler *s)
{
    json_t *row = json_object();
    full_name name = make_name(s);
    set(row, "name", name.text);
    set_phone(s, row);
    if (chance(s, 70)) {
        set_one(row, "email",
                json_sprintf("%s.%s%03u@client.example", name.surname->latin, name.first->latin,
                             below(s, 1000)));
    }
    set_text(row, "city", PICK(s, cities));
    set_text(row, "position", PICK(s, positions));
    set_text(row, "source", PICK(s, sources));
    set_text(row, "note", PICK(s, notes));
    set_ref(s, row, "company", s->companies);
    set_owner(s, row);
    return row;
}

static void set_first(json_t *row, const char *name, const json_t *from)
{
    const json_t *first = json_array_get(json_object_get(from, name), 0);
    if (first) {
        json_object_set(row, name, (json_t *)first);
    }
}

json_t *sample_client(sampler *s)
{
    static const char *const same[] = {"name", "position", "city", "note"};
    json_t *person = sample_person(s), *row = json_object();
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        json_t *value = json_object_get(person, same[i]);
        if (value) {
            json_object_set(row, same[i], value);
        }
    }
    set_first(row, "phone", person);
    set_first(row, "email", person);
    json_object_set_new(row, "state", json_integer(below(s, CLIENT_STATES)));
    json_decref(person);
    return row;
}

json_t *sample_lead(sampler *s)
{
    json_t *row = json_object();
    const char *stage = PICK(s, lead_stages), *what = PICK(s, wants), *city = PICK(s, cities);
    set(row, "name", make_name(s).text);
    set_phone(s, row);
    set(row, "message", json_sprintf("%s, %s: нужны цена и срок поставки", what, city));
    set_text(row, "source", PICK(s, sources));
    set_text(row, "city", city);
    set_text(row, "stage", stage);
    if (stage[0] == 'b') {
        set_text(row, "bad_reason", PICK(s, bad_reasons));
    }
    set_ref(s, row, "contact", s->people);
    set_owner(s, row);
    return row;
}

json_t *sample_deal(sampler *s)
{
    json_t *row = json_object();
    const char *stage = PICK(s, stages);
    set(row, "title", json_sprintf("%s, %s", PICK(s, wants), PICK(s, cities)));
    set_amount(s, row);
    set_text(row, "source", PICK(s, sources));
    set_text(row, "stage", stage);
    if (stage[0] == 'l') {
        set_text(row, "lost_reason", PICK(s, lost_reasons));
    }
    set_ref(s, row, "company", s->companies);
    set_ref(s, row, "contact", s->people);
    set_owner(s, row);
    return row;
}

json_t *sample_task(sampler *s)
{
    json_t *row = json_object();
    char due[CLOCK_TEXT];
    bool is_open = s->until - s->now < 10 * DAY_MS;
    int64_t from = is_open ? s->until : s->now;
    clock_format(from + (1 + below(s, 14)) * DAY_MS, due);
    set_text(row, "title", PICK(s, task_titles));
    set_text(row, "kind", PICK(s, task_kinds));
    set_text(row, "due", due);
    set(row, "done", json_boolean(!is_open));
    set_ref(s, row, "deal", s->deals);
    set_ref(s, row, "contact", s->people);
    set_owner(s, row);
    return row;
}
