/*
 * fuzz_schema.h - a sealed registry with an entity of every field type, for targets that read what
 * people ask of one. Made once, from a ТЗ, as a deployment's is.
 */
#ifndef FUZZ_SCHEMA_H
#define FUZZ_SCHEMA_H

#include <unistd.h>

#include "data/field.h"
#include "data/query.h"
#include "fuzz.h"
#include "tz/tz.h"

#define SCHEMA_TZ                                                                        \
    "tz: 1\n"                                                                            \
    "title: Fuzz\n"                                                                      \
    "company: {name: Fuzz, timezone: Europe/Moscow, currency: RUB}\n"                    \
    "entities:\n"                                                                        \
    "  own.maker:\n"                                                                     \
    "    title: [завод, завода, заводов]\n"                            \
    "    shown: name\n"                                                                  \
    "    fields:\n"                                                                      \
    "      name:   {type: text, title: Название, required: true, index: true}\n" \
    "      rate:   {type: percent, title: Скидка}\n"                               \
    "  own.item:\n"                                                                      \
    "    title: [изделие, изделия, изделий]\n"                      \
    "    shown: name\n"                                                                  \
    "    fields:\n"                                                                      \
    "      name:   {type: text, title: Название, required: true, index: true}\n" \
    "      about:  {type: multiline, title: Описание}\n"                         \
    "      mails:  {type: email, many: true, title: Почты}\n"                       \
    "      phone:  {type: phone, title: Телефон}\n"                               \
    "      count:  {type: int, title: Штук}\n"                                       \
    "      weight: {type: decimal, scale: 3, title: Вес}\n"                           \
    "      price:  {type: money, title: Цена}\n"                                     \
    "      is_new: {type: bool, title: Новое}\n"                                    \
    "      made:   {type: date, title: Изготовлено}\n"                        \
    "      seen:   {type: datetime, title: Осмотрено}\n"                        \
    "      takes:  {type: duration, title: Занимает}\n"                          \
    "      kind:   {type: choice, title: Вид, options: {a: А, b: Б}}\n"             \
    "      kinds:  {type: choices, title: Виды, options: {a: А, b: Б}}\n"          \
    "      maker:  {type: ref, to: own.maker, title: Завод}\n"                      \
    "      rest:   {type: refs, to: own.maker, title: Другие}\n"                   \
    "      keeper: {type: user, title: Хранитель}\n"                            \
    "      place:  {type: address, title: Адрес}\n"                                 \
    "      inn:    {type: inn, title: ИНН}\n"                                         \
    "      tags:   {type: tags, title: Метки}\n"                                    \
    "      extra:  {type: json, title: Прочее}\n"                                  \
    "      total:  {type: computed, title: Итого, result: money, formula: price * count}\n"

static void schema_write(const char *path)
{
    FILE *f = fopen(path, "wb");
    MUST(f && fputs(SCHEMA_TZ, f) >= 0 && fclose(f) == 0);
}

/* Lives as long as the process. */
static registry *schema_registry(void)
{
    static registry *made;
    static arena *volatile kept; /* what it came from; volatile, so that it is seen as held */
    char dir[] = "/tmp/fuzz-schema-XXXXXX", path[64];
    tz *t;
    tz_fault *faults;
    registry_fault *seal_faults;
    if (made) {
        return made;
    }
    arena *a = kept = arena_new(0);
    MUST(a && mkdtemp(dir));
    snprintf(path, sizeof path, "%s/tz.yaml", dir);
    schema_write(path);
    MUST(tz_read(a, path, &t, &faults) == CRM_OK);
    unlink(path);
    rmdir(dir);
    made = registry_new();
    MUST(made && flow_register(made) == CRM_OK);
    MUST(tz_register(t, made, a, &faults) == CRM_OK);
    MUST(registry_seal(made, a, &seal_faults) == CRM_OK);
    return made;
}

static const entity *schema_item(void)
{
    const entity *e = registry_entity(schema_registry(), CRM_S("own.item"));
    MUST(e);
    return e;
}

#endif
