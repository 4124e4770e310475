/*
 * import_suggest.c - which field a column is likely to go to: by its title, as the field is called
 * in either language or by other systems, else by what its cells look like.
 */
#include "data/address.h"
#include "data/field.h"
#include "table/import_private.h"

/* Titles by which other systems and people call a field of a type. */
static const struct {
    field_type type;
    const char *titles; /* separated by '|', in lower case */
} synonyms[] = {
    {FIELD_PHONE,
     "телефон|телефоны|тел|тел.|номер телефона|мобильный|мобильный телефон|рабочий телефон|"
     "домашний телефон|другой телефон|рабочий прямой телефон|сотовый|phone|phones|phone number|"
     "mobile|mobile phone|mobilephone|business phone|main phone|telephone|telephone1|tel"},
    {FIELD_EMAIL,
     "почта|e-mail|email|эл. почта|электронная почта|рабочий e-mail|частный e-mail|другой e-mail|"
     "рабочий email|личный email|другой email|email address|emailaddress1|mail"},
    {FIELD_INN, "инн|inn|rq_inn|vat|vat_id|tax id"},
    {FIELD_KPP, "кпп|kpp|rq_kpp"},
    {FIELD_OGRN, "огрн|огрнип|ogrn|rq_ogrn"},
    {FIELD_BIK, "бик|bik"},
    {FIELD_ACCOUNT, "расчётный счёт|расчетный счет|р/с|account number"},
    {FIELD_URL, "сайт|корпоративный сайт|web|website|www|url|homepage"},
    {FIELD_ADDRESS, "адрес|address|adr|юридический адрес|почтовый адрес|address 1"},
    {FIELD_MONEY, "сумма|бюджет|возможная сумма|цена|стоимость|amount|price|opportunity|"
                  "annualrevenue|est. revenue|revenue"},
    {FIELD_STAGE, "стадия|этап|статус|стадия сделки|этап сделки|stage|stagename|status|"
                  "status_id|stage_id|status reason|sales stage"},
    {FIELD_TAGS, "теги|метки|tags|categories"},
    {FIELD_MULTILINE, "комментарий|комментарии|примечание|примечания|заметка|описание|note|notes|"
                      "comment|comments|description"},
};

/* Words of one meaning: a column goes to a field that is called by another of them. */
static const struct {
    field_type type;
    const char *words;
} same_words[] = {
    {FIELD_TEXT, "должность|position|title|job title|jobtitle"},
    {FIELD_TEXT,
     "город|населённый пункт|населенный пункт|city|town|locality|adr.locality|mailingcity"},
    {FIELD_TEXT, "фамилия|last name|lastname|family name|family|surname|n.family"},
    {FIELD_TEXT, "имя|first name|firstname|given name|given|n.given"},
    {FIELD_TEXT, "отчество|middle name|middlename|patronymic|middle|n.additional"},
    {FIELD_TEXT, "отдел|подразделение|unit|division|org.unit"},
    {FIELD_DATE, "день рождения|дата рождения|birthday|birth date|birthdate|date of birth|bday"},
};

/* Whom one works for: it goes to the reference to what has a tax number. */
static const char *const organisation_names =
    "org|организация|компания|название компании|компания контакта|место работы|organization|"
    "company|company name|account name";

/* And the parts of an address, which may stand in columns of their own. */
static const char *const part_titles[ADDRESS_PARTS] = {
    [ADDRESS_INDEX] =
        "индекс|почтовый индекс|zip|zip code|postal code|postcode|address 1: zip/postal code",
    [ADDRESS_COUNTRY] = "страна|country|address 1: country/region",
    [ADDRESS_REGION] = "регион|область|край|область/край|state|region|address 1: state/province",
    [ADDRESS_CITY] = "город|населённый пункт|населенный пункт|city|town|address 1: city",
    [ADDRESS_STREET] = "улица|street|улица, дом|улица, номер дома|address 1: street 1",
    [ADDRESS_HOUSE] = "дом|номер дома|house|building",
    [ADDRESS_FLAT] =
        "квартира|офис|кв|квартира/офис|квартира, офис, комната, этаж|flat|apartment|office",
};

/* Titles of what a record is called, whatever it is. */
static const char *const title_names =
    "название|наименование|имя|фио|ф.и.о.|полное имя|клиент|контакт|название компании|компания|"
    "организация|тема|name|full name|title|subject|topic|fn|account name|company|company name|"
    "название лида|название сделки|полное имя контакта|имя контакта|заголовок";
static const char *const owner_names =
    "ответственный|менеджер|владелец|owner|ownerid|owner id|responsible|assigned to|"
    "assigned_by_id|responsible_user_id";

typedef struct suggesting {
    crm_ctx *call;
    const entity *entity;
    const table_row *rows;
    uint32_t count;
    const crm_str *titles;
    uint32_t columns;
    uint64_t able[4]; /* fields that a column may go to */
    const field *chosen[TABLE_COLUMNS_MAX];
    uint64_t used[4];
} suggesting;

static bool is_same(arena *a, crm_str x, crm_str y)
{
    crm_str kx, ky;
    return x.n && y.n && text_sort_key(a, x, &kx) == CRM_OK && text_sort_key(a, y, &ky) == CRM_OK &&
           str_eq(kx, ky);
}

static bool is_among(arena *a, const char *names, crm_str title)
{
    crm_str rest = str_of(names), name;
    while (str_split(&rest, '|', &name)) {
        if (is_same(a, name, title)) {
            return true;
        }
    }
    return false;
}

static bool is_free(const suggesting *s, const field *f)
{
    return bits_has(s->able, f->index) && (f->flags & FIELD_MANY || !bits_has(s->used, f->index));
}

static void choose(suggesting *s, uint32_t column, const field *f)
{
    s->chosen[column] = f;
    bits_add(s->used, f->index);
}

/* ---- by title -------------------------------------------------------------------------------- */

/* X-KARKAS-<FIELD>, as an exported card names what vCard has no property for. */
static bool is_own_property(crm_str title)
{
    size_t n = sizeof VCARD_OWN - 1;
    return title.n > n && str_eq_ascii_nocase((crm_str){title.p, n}, CRM_S(VCARD_OWN));
}

static bool is_property_of(const field *f, crm_str title)
{
    size_t at = sizeof VCARD_OWN - 1, i = 0;
    while (i < f->name.n && at + i < title.n) {
        crm_str is = {title.p + at + i, 1}, wanted = {f->name.p + i, 1};
        if (!str_eq_ascii_nocase(is, str_is(wanted, "_") ? CRM_S("-") : wanted)) {
            return false;
        }
        i++;
    }
    return i == f->name.n && at + i == title.n;
}

static bool is_called(suggesting *s, const field *f, crm_str title)
{
    const registry *r = s->call->reg;
    arena *a = s->call->arena;
    if (is_own_property(title)) {
        return is_property_of(f, title);
    }
    return is_same(a, f->name, title) ||
           is_same(a, registry_text(r, CRM_S("ru"), f->label), title) ||
           is_same(a, registry_text(r, CRM_S("en"), f->label), title);
}

static const field *by_name(suggesting *s, crm_str title)
{
    for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        if (is_free(s, f) && is_called(s, f, title)) {
            return f;
        }
    }
    return NULL;
}

static const field *first_free(suggesting *s, field_type type)
{
    for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        if (f->type == type && is_free(s, f)) {
            return f;
        }
    }
    return NULL;
}

static bool is_called_as_one_of(suggesting *s, const field *f, const char *words)
{
    arena *a = s->call->arena;
    const registry *r = s->call->reg;
    return is_among(a, words, f->name) ||
           is_among(a, words, registry_text(r, CRM_S("ru"), f->label)) ||
           is_among(a, words, registry_text(r, CRM_S("en"), f->label));
}

static const field *by_meaning(suggesting *s, crm_str title)
{
    for (size_t w = 0; w < sizeof same_words / sizeof same_words[0]; w++) {
        bool is_of_these = is_among(s->call->arena, same_words[w].words, title);
        for (uint32_t i = COL_OWN; is_of_these && i < s->entity->field_count; i++) {
            const field *f = &s->entity->fields[i];
            if (f->type == same_words[w].type && i != s->entity->title_field && is_free(s, f) &&
                is_called_as_one_of(s, f, same_words[w].words)) {
                return f;
            }
        }
    }
    return NULL;
}

static bool has_tax_number(const entity *e)
{
    for (uint32_t i = COL_OWN; e && i < e->field_count; i++) {
        if (e->fields[i].type == FIELD_INN) {
            return true;
        }
    }
    return false;
}

static const field *by_organisation(suggesting *s, crm_str title)
{
    bool is_named = is_among(s->call->arena, organisation_names, title);
    for (uint32_t i = COL_OWN; is_named && i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        if (f->type == FIELD_REF && has_tax_number(f->ref) && is_free(s, f)) {
            return f;
        }
    }
    return NULL;
}

static const field *by_synonym(suggesting *s, crm_str title)
{
    const entity *e = s->entity;
    arena *a = s->call->arena;
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        if (is_among(a, synonyms[i].titles, title)) {
            return first_free(s, synonyms[i].type);
        }
    }
    const field *name = e->title_field ? &e->fields[e->title_field] : NULL;
    if (name && name->type == FIELD_TEXT && is_free(s, name) && is_among(a, title_names, title)) {
        return name;
    }
    const field *owner = e->owner_fields[0] ? &e->fields[e->owner_fields[0]] : NULL;
    if (owner && is_free(s, owner) && is_among(a, owner_names, title)) {
        return owner;
    }
    const field *f = by_meaning(s, title);
    return f ? f : by_organisation(s, title);
}

/* A part of the first address, where nothing of the entity has that name. */
static const field *by_part(suggesting *s, crm_str title)
{
    const field *whole = NULL;
    for (uint32_t i = COL_OWN; !whole && i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        whole = f->type == FIELD_ADDRESS && bits_has(s->able, i) ? f : NULL;
    }
    for (int p = 0; whole && p < ADDRESS_PARTS; p++) {
        if (is_among(s->call->arena, part_titles[p], title)) {
            return &whole->parts[p];
        }
    }
    return NULL;
}

/* ---- by content ------------------------------------------------------------------------------ */

static bool fits(suggesting *s, const field *f, crm_str cell)
{
    crm_str e164;
    bool is_sound;
    switch (f->type) {
    case FIELD_EMAIL:
        return field_is_email(cell);
    case FIELD_PHONE:
        return phone_normalise(s->call->arena, cell, &e164) == CRM_OK;
    case FIELD_INN:
        return field_is_requisite(FIELD_INN, cell, &is_sound) && is_sound;
    default:
        return false;
    }
}

/* Four of five filled cells are what this field holds. */
static bool column_fits(suggesting *s, const field *f, uint32_t column)
{
    uint32_t filled = 0, good = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        crm_str cell = column < s->rows[i].count ? str_trim(s->rows[i].cells[column]) : CRM_S("");
        filled += cell.n > 0;
        good += cell.n && fits(s, f, cell);
    }
    return filled && good * 5 >= filled * 4;
}

static const field *by_content(suggesting *s, uint32_t column)
{
    static const field_type types[] = {FIELD_EMAIL, FIELD_INN, FIELD_PHONE};
    for (size_t i = 0; i < 3; i++) {
        const field *f = first_free(s, types[i]);
        if (f && column_fits(s, f, column)) {
            return f;
        }
    }
    return NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

static void add_match(suggesting *s, json_t *list, const field *f)
{
    for (uint32_t i = 0; i < s->columns; i++) {
        if (s->chosen[i] == f && json_array_size(list) < MATCHES_MAX) {
            json_array_append_new(list, json_stringn(f->name.p, f->name.n));
            return;
        }
    }
}

/* What tells records apart: what is unique, then tax number, phone, e-mail. */
static json_t *matches(suggesting *s)
{
    static const field_type types[] = {FIELD_INN, FIELD_PHONE, FIELD_EMAIL};
    json_t *list = json_array();
    for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
        if (s->entity->fields[i].flags & FIELD_UNIQUE) {
            add_match(s, list, &s->entity->fields[i]);
        }
    }
    for (size_t t = 0; t < 3; t++) {
        for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
            const field *f = &s->entity->fields[i];
            if (f->type == types[t] && !(f->flags & FIELD_UNIQUE)) {
                add_match(s, list, f);
            }
        }
    }
    return list;
}

static json_t *as_options(suggesting *s)
{
    json_t *columns = json_array(), *match = matches(s);
    for (uint32_t i = 0; i < s->columns; i++) {
        const field *f = s->chosen[i];
        json_array_append_new(columns, f ? json_stringn(f->name.p, f->name.n) : json_null());
    }
    const char *mode = json_array_size(match) ? "both" : "create";
    return json_pack("{s:o,s:o,s:s,s:s,s:s,s:b}", "columns", columns, "match", match, "mode", mode,
                     "empty", "keep", "several", "add", "rules", 0);
}

/* Exact names first, so that nothing vaguer takes their field. */
static void choose_all(suggesting *s, int passes)
{
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t i = 0; i < s->columns; i++) {
            const field *f = s->chosen[i] ? NULL
                             : pass == 0  ? by_name(s, s->titles[i])
                             : pass == 1  ? by_synonym(s, s->titles[i])
                             : pass == 2  ? by_part(s, s->titles[i])
                                          : by_content(s, i);
            if (f) {
                choose(s, i, f);
            }
        }
    }
}

json_t *import_suggest(crm_ctx *c, const entity *e, const table_row *rows, uint32_t count,
                       const crm_str *titles, uint32_t columns)
{
    suggesting *s = ARENA_NEW(c->arena, suggesting);
    if (!s) {
        return NULL;
    }
    *s = (suggesting){.call = c,
                      .entity = e,
                      .rows = rows,
                      .count = count,
                      .titles = titles,
                      .columns = columns < TABLE_COLUMNS_MAX ? columns : TABLE_COLUMNS_MAX};
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (import_may_set(c, &e->fields[i])) {
            bits_add(s->able, i);
        }
    }
    choose_all(s, 4);
    return as_options(s);
}

crm_status import_suggest_card(crm_ctx *c, const entity *e, const uint64_t able[4],
                               const field *out[VCARD_COLUMNS])
{
    crm_str titles[VCARD_COLUMNS];
    suggesting *s = ARENA_NEW(c->arena, suggesting);
    if (!s) {
        return CRM_NOMEM;
    }
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        titles[i] = vcard_column_name((vcard_column)i);
    }
    *s = (suggesting){.call = c, .entity = e, .titles = titles, .columns = VCARD_COLUMNS};
    memcpy(s->able, able, sizeof s->able);
    choose_all(s, 2);
    memcpy(out, s->chosen, VCARD_COLUMNS * sizeof *out);
    return CRM_OK;
}
