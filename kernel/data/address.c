/* address.c - a one-line address to its parts and back. Any thread. */
#include "data/address.h"

#define WORD_MAX             40
#define PIECES_MAX           32
#define RUSSIAN_INDEX_DIGITS 6

/* ---- words ----------------------------------------------------------------------------------- */

/* How a kind of place is written. `is_dropped`: the part goes without it. */
typedef struct marker {
    const char *word; /* in lower case, е for ё, without the last dot */
    uint8_t size, part;
    bool is_dropped;
    bool cuts; /* begins a piece of its own even where no comma stands before it */
} marker;

#define M(text, kind)                                        \
    {                                                        \
        text, sizeof(text) - 1, ADDRESS_##kind, false, false \
    }
#define DROPPED(text, kind)                                 \
    {                                                       \
        text, sizeof(text) - 1, ADDRESS_##kind, true, false \
    }
#define CUTS(text, kind)                                    \
    {                                                       \
        text, sizeof(text) - 1, ADDRESS_##kind, false, true \
    }
#define DROPPED_CUTS(text, kind)                           \
    {                                                      \
        text, sizeof(text) - 1, ADDRESS_##kind, true, true \
    }

/* clang-format off */
static const marker markers[] = {
    DROPPED("индекс", INDEX), DROPPED("страна", COUNTRY), DROPPED("регион", REGION),
    M("обл", REGION), M("область", REGION), M("край", REGION), M("респ", REGION), M("республика", REGION),
    M("ао", REGION), M("округ", REGION), M("р-н", REGION), M("район", REGION), M("г.о", REGION), M("м.о", REGION),
    M("вн.тер.г", REGION),
    DROPPED("г", CITY), DROPPED("гор", CITY), DROPPED("город", CITY), M("пос", CITY), M("поселок", CITY),
    M("п", CITY), M("пгт", CITY), M("рп", CITY), M("р.п", CITY), M("с", CITY), M("село", CITY), M("дер", CITY),
    M("деревня", CITY), M("ст-ца", CITY), M("станица", CITY), M("х", CITY), M("хутор", CITY), M("аул", CITY),
    M("снт", CITY), M("тер", CITY),
    CUTS("ул", STREET), M("улица", STREET), M("пр-кт", STREET), M("пр", STREET), M("пр-т", STREET),
    M("просп", STREET), M("проспект", STREET), M("пер", STREET), M("переулок", STREET), M("пл", STREET),
    M("площадь", STREET), M("б-р", STREET), M("бульвар", STREET), M("ш", STREET), M("шоссе", STREET),
    M("наб", STREET), M("набережная", STREET), M("проезд", STREET), M("пр-д", STREET), M("мкр", STREET),
    M("мкрн", STREET), M("микрорайон", STREET), M("кв-л", STREET), M("квартал", STREET), M("туп", STREET),
    M("тупик", STREET), M("аллея", STREET), M("линия", STREET), M("тракт", STREET),
    DROPPED_CUTS("д", HOUSE), DROPPED_CUTS("дом", HOUSE), M("к", HOUSE), CUTS("корп", HOUSE), M("корпус", HOUSE),
    M("стр", HOUSE), M("строение", HOUSE), M("вл", HOUSE), M("владение", HOUSE), M("лит", HOUSE), M("литера", HOUSE),
    DROPPED_CUTS("кв", FLAT), DROPPED_CUTS("квартира", FLAT), CUTS("оф", FLAT), CUTS("офис", FLAT), M("пом", FLAT),
    M("помещение", FLAT), M("комн", FLAT), M("комната", FLAT), M("каб", FLAT), M("подъезд", FLAT), M("этаж", FLAT),
};
static const char *const countries =
    "россия|рф|российская федерация|беларусь|республика беларусь|казахстан|республика казахстан|армения|азербайджан|грузия|"
    "киргизия|кыргызстан|узбекистан|таджикистан|туркменистан|молдова|украина|абхазия|южная осетия|латвия|литва|эстония|"
    "китай|кнр|монголия|турция|индия|оаэ|израиль|сербия|германия|франция|италия|испания|польша|финляндия|чехия|сша|"
    "великобритания|япония|вьетнам|таиланд|иран|кипр|russia|russian federation|belarus|kazakhstan|china|turkey|germany|france|italy|usa";
static const char *const federal = "москва|санкт-петербург|севастополь";
/* clang-format on */

/* Lower case, е for ё, of what fits; 0: it is longer than any word known here. */
static size_t lower(crm_str s, char *out, size_t room)
{
    if (s.n > room) {
        return 0;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        bool is_yo = (c == 0xD0 && next == 0x81) || (c == 0xD1 && next == 0x91);
        bool is_upper = c == 0xD0 && next >= 0x90 && next <= 0xAF;
        if (!is_yo && !is_upper) {
            out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
            continue;
        }
        bool is_second_half = !is_yo && next >= 0xA0; /* Р to Я */
        out[i] = (char)(is_second_half ? 0xD1 : 0xD0);
        out[i + 1] = (char)(is_yo ? 0xB5 : is_second_half ? next - 0x20 : next + 0x20);
        i++;
    }
    return s.n;
}

static const marker *find_marker(crm_str word)
{
    char text[WORD_MAX];
    word.n -= word.n && word.p[word.n - 1] == '.';
    size_t n = lower(word, text, sizeof text);
    for (size_t i = 0; n && i < sizeof markers / sizeof markers[0]; i++) {
        if (markers[i].size == n && memcmp(markers[i].word, text, n) == 0) {
            return &markers[i];
        }
    }
    return NULL;
}

static bool is_listed(crm_str s, const char *list)
{
    char text[2 * WORD_MAX];
    crm_str rest = str_of(list), one, low = {text, lower(s, text, sizeof text)};
    while (low.n && str_split(&rest, '|', &one)) {
        if (str_eq(one, low)) {
            return true;
        }
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool has_digit_first(crm_str s)
{
    return s.n && is_digit(s.p[0]);
}

static size_t leading_digits(crm_str s)
{
    size_t n = 0;
    while (n < s.n && is_digit(s.p[n])) {
        n++;
    }
    return n;
}

/* The first word of `s`: up to a blank, or to a dot that a kind of place ends with ("ул.Весенняя",
 * but not "г.о."). */
static crm_str first_word(crm_str s)
{
    ptrdiff_t blank = str_find(s, ' ');
    crm_str word = {s.p, blank < 0 ? s.n : (size_t)blank};
    ptrdiff_t dot = str_find(word, '.');
    crm_str head = {s.p, dot < 0 ? 0 : (size_t)dot + 1};
    bool is_glued = head.n && head.n < word.n && !find_marker(word) && find_marker(head);
    return is_glued ? head : word;
}

static crm_str last_word(crm_str s)
{
    size_t at = s.n;
    while (at && s.p[at - 1] != ' ') {
        at--;
    }
    return (crm_str){s.p + at, s.n - at};
}

static crm_str after(crm_str s, size_t n)
{
    return str_trim((crm_str){s.p + n, s.n - n});
}

/* ---- pieces ---------------------------------------------------------------------------------- */

typedef struct piece {
    crm_str text;   /* without a kind that the part goes without */
    int part;       /* -1: nothing says */
    bool is_number; /* of the house itself, not of a building that belongs to it */
} piece;

typedef struct reading {
    arena *a;
    piece at[PIECES_MAX];
    uint32_t count;
} reading;

/* "д" and "к" stand before a number, else they are a village and nothing. */
static const marker *meant(const marker *m, crm_str next)
{
    static const marker village = M("д", CITY);
    bool is_short_house = m && m->part == ADDRESS_HOUSE && m->size == 2; /* one letter */
    crm_str number = str_starts(next, CRM_S("№")) ? after(next, strlen("№")) : next;
    if (!is_short_house || has_digit_first(number)) {
        return m;
    }
    return m->is_dropped && next.n ? &village : NULL;
}

/* What the piece says of itself by its first or last word. */
static piece judge(crm_str text)
{
    crm_str first = first_word(text), last = last_word(text);
    crm_str rest = after(text, first.n);
    if (is_listed(text, countries)) {
        return (piece){.text = text, .part = ADDRESS_COUNTRY};
    }
    const marker *m = rest.n ? meant(find_marker(first), rest) : NULL;
    if (m) {
        rest = str_starts(rest, CRM_S("№")) ? after(rest, strlen("№")) : rest;
        bool is_number = m->part == ADDRESS_HOUSE && m->is_dropped;
        return (piece){m->is_dropped ? rest : text, m->part, is_number};
    }
    bool is_behind = last.n < text.n;
    m = is_behind ? find_marker(last) : NULL;
    bool may_be_behind = m && m->part >= ADDRESS_REGION && m->part <= ADDRESS_STREET;
    if (!may_be_behind) {
        return (piece){.text = text, .part = -1};
    }
    crm_str before = str_trim((crm_str){text.p, text.n - last.n});
    return (piece){.text = m->is_dropped ? before : text, .part = m->part};
}

static void add_piece(reading *r, crm_str text)
{
    text = str_trim(text);
    if (!text.n || r->count == PIECES_MAX) {
        return;
    }
    size_t digits = leading_digits(text);
    bool is_index = digits == text.n &&
                    (digits == RUSSIAN_INDEX_DIGITS || (!r->count && digits >= 4 && digits <= 7));
    r->at[r->count++] = is_index ? (piece){.text = text, .part = ADDRESS_INDEX} : judge(text);
}

/* Whether a house or flat number, or a street's name, begins at the word `at` of a longer piece. */
static bool is_cut(crm_str text, size_t at)
{
    crm_str rest = {text.p + at, text.n - at}, word = first_word(rest), next = after(rest, word.n);
    const marker *m = next.n ? meant(find_marker(word), next) : NULL;
    bool wants_number = m && m->part != ADDRESS_STREET;
    return m && m->cuts && has_digit_first(next) == wants_number;
}

/* "г. Кемерово ул. Весенняя д. 5 кв 12": what no comma divides. */
static void add_uncut(reading *r, crm_str text)
{
    size_t from = 0;
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i - 1] == ' ' && text.p[i] != ' ' && is_cut(text, i)) {
            add_piece(r, (crm_str){text.p + from, i - from});
            from = i;
        }
    }
    add_piece(r, (crm_str){text.p + from, text.n - from});
}

/* "650000 Кемерово" is an index and a city. */
static void add_text(reading *r, crm_str text)
{
    text = str_trim(text);
    size_t digits = leading_digits(text);
    if (digits == RUSSIAN_INDEX_DIGITS && digits < text.n && text.p[digits] == ' ') {
        add_piece(r, (crm_str){text.p, digits});
        text = after(text, digits);
    }
    add_uncut(r, text);
}

static void cut(reading *r, crm_str line)
{
    size_t from = 0;
    for (size_t i = 0; i <= line.n; i++) {
        if (i == line.n || line.p[i] == ',' || line.p[i] == ';') {
            add_text(r, (crm_str){line.p + from, i - from});
            from = i + 1;
        }
    }
}

/* ---- what nothing says ----------------------------------------------------------------------- */

static bool has_later_place(const reading *r, uint32_t i)
{
    while (++i < r->count) {
        if (r->at[i].part == ADDRESS_REGION || r->at[i].part == ADDRESS_CITY) {
            return true;
        }
    }
    return false;
}

static bool has_later_number(const reading *r, uint32_t i)
{
    while (++i < r->count) {
        if (r->at[i].is_number) {
            return true;
        }
    }
    return false;
}

static bool has(const address *out, address_part p)
{
    return out->part[p].n > 0;
}

/* By its place among the others, as the line is usually ordered. */
static address_part guess(const reading *r, uint32_t i, const address *out, address_part last)
{
    crm_str text = r->at[i].text;
    bool is_place_known = has(out, ADDRESS_STREET) || has(out, ADDRESS_CITY);
    if (is_listed(text, federal)) {
        return ADDRESS_CITY;
    }
    if (has_digit_first(text) && is_place_known) {
        return has(out, ADDRESS_HOUSE) ? ADDRESS_FLAT : ADDRESS_HOUSE;
    }
    if (!has(out, ADDRESS_CITY) && !has(out, ADDRESS_STREET) && has_later_place(r, i)) {
        bool is_region = has(out, ADDRESS_COUNTRY) || has(out, ADDRESS_REGION);
        return is_region ? ADDRESS_REGION : ADDRESS_COUNTRY;
    }
    if (!is_place_known) {
        return ADDRESS_CITY;
    }
    bool is_street = !has(out, ADDRESS_STREET) && !has(out, ADDRESS_HOUSE);
    return is_street ? ADDRESS_STREET : last;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static crm_str joined(arena *a, crm_str x, crm_str y)
{
    return x.n && y.n ? arena_fmt(a, "%.*s, %.*s", STR_FMT(x), STR_FMT(y)) : x.n ? x : y;
}

/* "Кемеровская обл." to "Кемеровская область", "Респ Тыва" to "республика Тыва". */
static crm_str whole_region(arena *a, crm_str text)
{
    crm_str first = first_word(text), last = last_word(text);
    const marker *head = find_marker(first), *tail = find_marker(last);
    bool is_area = tail && strcmp(tail->word, "обл") == 0 && last.n < text.n;
    if (is_area) {
        return arena_fmt(a, "%.*sобласть", (int)(text.n - last.n), text.p);
    }
    bool is_republic = head && strcmp(head->word, "респ") == 0 && first.n < text.n;
    crm_str name = is_republic ? after(text, first.n) : text;
    return is_republic ? arena_fmt(a, "республика %.*s", STR_FMT(name)) : text;
}

/* "2-й", "5-я" are of a street's name. */
static bool is_ordinal(crm_str word)
{
    crm_str ending = after(word, leading_digits(word));
    return str_is(ending, "-й") || str_is(ending, "-я");
}

/* "ул Весенняя 5": the number behind a kind and a name is the house's. */
static void split_house(address *out)
{
    crm_str *street = &out->part[ADDRESS_STREET], last = last_word(*street);
    crm_str before = str_trim((crm_str){street->p, street->n - last.n});
    bool has_kind_and_name = str_find(before, ' ') > 0;
    if (!has(out, ADDRESS_HOUSE) && has_kind_and_name && has_digit_first(last) &&
        !is_ordinal(last)) {
        out->part[ADDRESS_HOUSE] = last;
        *street = before;
    }
}

static void put_city(reading *r, address *out, crm_str text)
{
    crm_str *city = &out->part[ADDRESS_CITY];
    bool is_within = is_listed(*city, federal);
    if (is_within) {
        out->part[ADDRESS_REGION] = joined(r->a, *city, out->part[ADDRESS_REGION]);
    }
    *city = is_within ? text : joined(r->a, *city, text);
}

static void put(reading *r, address *out, address_part p, crm_str text)
{
    if (p == ADDRESS_CITY) {
        put_city(r, out, text);
        return;
    }
    text = p == ADDRESS_REGION ? whole_region(r->a, text) : text;
    out->part[p] = joined(r->a, out->part[p], text);
}

/* The region that a city is by itself stands before its districts. */
static void put_federal(arena *a, address *out)
{
    crm_str *region = &out->part[ADDRESS_REGION], city = out->part[ADDRESS_CITY];
    crm_str rest = *region, first = {0};
    const marker *kind = str_split(&rest, ',', &first) ? find_marker(last_word(first)) : NULL;
    bool is_elsewhere = kind && strcmp(kind->word, "область") == 0;
    bool is_told = str_trim(first).n && text_same(first, city);
    if (is_listed(city, federal) && !is_elsewhere && !is_told) {
        *region = joined(a, city, *region);
    }
}

crm_status address_read(arena *a, crm_str line, address *out)
{
    reading r = {.a = a};
    address_part last = ADDRESS_CITY;
    *out = (address){0};
    cut(&r, line);
    for (uint32_t i = 0; i < r.count; i++) {
        const piece *p = &r.at[i];
        last = p->part >= 0 ? (address_part)p->part : guess(&r, i, out, last);
        put(&r, out, last, p->text);
        if (last == ADDRESS_STREET && !has_later_number(&r, i)) {
            split_house(out);
        }
    }
    put_federal(a, out);
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

bool address_is_index_sound(const address *in)
{
    crm_str index = in->part[ADDRESS_INDEX], country = in->part[ADDRESS_COUNTRY];
    bool is_russian = !country.n || is_listed(country, "россия|рф|российская федерация|russia");
    bool is_six = index.n == RUSSIAN_INDEX_DIGITS && leading_digits(index) == index.n;
    return !index.n || !is_russian || (is_six && index.p[0] != '0');
}

/* ---- a line of parts ------------------------------------------------------------------------- */

static bool is_latin(crm_str text)
{
    char c = text.p[0];
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What stands before a part that does not name its kind, so that it is read as what it is. */
static const char *kind_of(const address *in, address_part p, crm_str text)
{
    piece own = judge(text);
    if (own.part == (int)p) {
        return "";
    }
    bool is_foreign = own.part < 0 && is_latin(text);
    switch (p) {
    case ADDRESS_INDEX:
        return leading_digits(text) == text.n && text.n >= 4 && text.n <= 7 ? "" : "индекс ";
    case ADDRESS_COUNTRY:
        return "страна ";
    case ADDRESS_REGION:
        return is_listed(text, federal) ? "г " : "регион ";
    case ADDRESS_CITY:
        return is_foreign && has(in, ADDRESS_COUNTRY) ? "" : "г ";
    case ADDRESS_STREET:
        return is_foreign && has(in, ADDRESS_CITY) ? "" : "ул ";
    case ADDRESS_HOUSE:
        return has_digit_first(text) ? "д " : "дом "; /* without a number "д" is a village */
    default:
        return "кв ";
    }
}

/* The first piece of a part, that "," and ";" divide; `rest` is what comes behind it. */
static bool next_of_part(crm_str *rest, crm_str *one)
{
    *one = (crm_str){0};
    while (rest->n && !one->n) {
        size_t n = 0;
        while (n < rest->n && rest->p[n] != ',' && rest->p[n] != ';') {
            n++;
        }
        *one = str_trim((crm_str){rest->p, n});
        n += n < rest->n;
        *rest = (crm_str){rest->p + n, rest->n - n};
    }
    return one->n > 0;
}

/* "г Москва, район Арбат" says the city, too. */
static bool is_said_by_region(const address *in, address_part p)
{
    crm_str rest = in->part[ADDRESS_REGION], first;
    return p == ADDRESS_CITY && next_of_part(&rest, &first) && is_listed(first, federal) &&
           text_same(first, in->part[ADDRESS_CITY]);
}

/* A comma stays only before what says of itself that it is of this part ("12, корп 2"). */
static void write_part(buf *out, const address *in, address_part p)
{
    crm_str rest = in->part[p], one;
    bool is_first = true;
    while (next_of_part(&rest, &one)) {
        bool has_comma = out->n && (is_first || judge(one).part == (int)p);
        buf_z(out, has_comma ? ", " : is_first ? "" : " ");
        buf_z(out, is_first ? kind_of(in, p, one) : "");
        buf_str(out, one);
        is_first = false;
    }
}

crm_status address_write(arena *a, const address *in, crm_str *line)
{
    buf out;
    buf_init(&out, 0);
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        if (!is_said_by_region(in, (address_part)p)) {
            write_part(&out, in, (address_part)p);
        }
    }
    *line = out.n ? arena_dup(a, buf_view(&out)) : (crm_str){0};
    crm_status st = out.failed || (out.n && !line->p) ? CRM_NOMEM : CRM_OK;
    buf_free(&out);
    return st;
}
