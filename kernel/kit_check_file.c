/* kit_check_file.c - what can be said of a module before any of it runs. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kit_check.h"

#define FOLDER_MOST ((uint64_t)16 << 20)

/* ---- the shared object's symbols ------------------------------------------------------------- */

void check_symbols(check *k)
{
    buf found;
    size_t names = 0;
    const char *title =
        W(k, "Ничего лишнего не вызывает и не показывает", "Calls and exports nothing it may not");
    if (!k->object) {
        check_add(k, CHECK_GOOD, title, W(k, "в модуле нет кода", "the module has no code"),
                  CRM_S(""));
        return;
    }
    buf_init(&found, 0);
    bool ok = kit_symbols(k->a, k->object, k->call->lang, &names, &found);
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title,
              W(k, "прочитаны все имена разделяемого объекта",
                "every name of the shared object was read"),
              ok ? FOUND(k,
                         W(k, "имён: %zu, наружу одно, crm_module_v1",
                           "%zu names, one exported, crm_module_v1"),
                         names)
                 : buf_view(&found));
    buf_free(&found);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

void check_sizes(check *k)
{
    uint64_t all = kit_size(k->a, k->m.built);
    bool ok = all > 0 && all <= FOLDER_MOST;
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, W(k, "Размер", "Size"),
              W(k, "все файлы вместе не больше 16 МиБ", "all files together at most 16 MiB"),
              FOUND(k, W(k, "%llu КиБ", "%llu KiB"), (unsigned long long)(all + 1023) / 1024));
}

/* ---- the manifest, the texts ----------------------------------------------------------------- */

void check_lint(check *k)
{
    buf said;
    buf_init(&said, 0);
    const char *const argv[] = {kit_self(k->a), "module",      "lint",
                                k->m.built,     "--modules",   k->call->d->o->modules,
                                "--lang",       k->call->lang, NULL};
    int code = kit_run(argv, &said);
    check_add(
        k, code == 0 ? CHECK_GOOD : CHECK_BAD,
        W(k, "Описание верно, тексты на месте", "The manifest holds, texts are there"),
        W(k, "karkas module lint: все ключи, ссылки и права вместе с модулями, которые ему нужны",
          "karkas module lint: every key, reference and right, together with the modules it needs"),
        buf_view(&said));
    buf_free(&said);
}

static yaml_node *read_locale(check *k, const char *lang, buf *found)
{
    crm_str text, path = arena_fmt(k->a, "%s/locales/%s.yaml", k->m.built, lang);
    yaml_node *root = NULL;
    yaml_error err;
    if (!path.p || fs_read(k->a, path.p, 1 << 20, &text) != CRM_OK ||
        yaml_parse(k->a, path.p, text, &root, &err) != CRM_OK) {
        buf_fmt(found, W(k, "нет locales/%s.yaml. ", "no locales/%s.yaml. "), lang);
        return NULL;
    }
    return root;
}

/* Every form of number the language has (CLDR plural rules). */
static void check_plural(check *k, const char *lang, const yaml_node *n, buf *found)
{
    static const char *const ru[] = {"one {", "few {", "many {", NULL};
    static const char *const en[] = {"one {", "other {", NULL};
    if (!n->text.p || !memmem(n->text.p, n->text.n, ", plural,", 9)) {
        return;
    }
    for (const char *const *form = lang[0] == 'r' ? ru : en; *form; form++) {
        if (!memmem(n->text.p, n->text.n, *form, strlen(*form))) {
            buf_fmt(
                found,
                W(k, "%s.yaml: у %.*s нет формы «%.*s». ", "%s.yaml: %.*s lacks the form '%.*s'. "),
                lang, STR_FMT(n->key), (int)strlen(*form) - 2, *form);
        }
    }
}

static void compare_locales(check *k, const yaml_node *a, const yaml_node *b, const char *lang,
                            const char *other, buf *found)
{
    YAML_EACH(n, a) {
        const char *key = arena_cstr(k->a, n->key);
        if (key && !yaml_get(b, key)) {
            buf_fmt(found, W(k, "%s.yaml: нет %s. ", "%s.yaml lacks %s. "), other, key);
        }
        check_plural(k, lang, n, found);
    }
}

void check_locales(check *k)
{
    buf found;
    buf_init(&found, 0);
    yaml_node *ru = read_locale(k, "ru", &found), *en = read_locale(k, "en", &found);
    if (ru && en) {
        compare_locales(k, ru, en, "ru", "en", &found);
        compare_locales(k, en, ru, "en", "ru", &found);
    }
    bool ok = ru && en && !found.n;
    if (ok) {
        buf_fmt(&found, W(k, "текстов на каждом языке: %d", "%d texts in each language"),
                ru->count);
    }
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD,
              W(k, "Переведён: русский и английский", "Translated: Russian and English"),
              W(k, "те же ключи в обоих языках, все формы числа: 1 и 2 и 5",
                "the same keys in both languages, every form of number"),
              buf_view(&found));
    buf_free(&found);
}

/* ---- loading --------------------------------------------------------------------------------- */

void check_probe(check *k)
{
    module_found *all;
    uint32_t count = 0;
    module_refusal *refused = NULL;
    crm_str above = arena_fmt(k->a, "%s/built", k->temp);
    crm_status s = plug_scan(k->a, above.p, &all, &count, &refused);
    s = s == CRM_OK && count && k->object ? plug_check(k->a, &all[0], &refused) : s;
    bool ok = s == CRM_OK && count && !refused;
    k->level = ok ? all[0].level : 0;
    crm_str found = ok ? FOUND(k, W(k, "уровень API %u", "API level %u"), k->level)
                    : refused
                        ? FOUND(k, "%s (%.*s)", plug_refusal_title(refused->code, k->call->lang),
                                STR_FMT(refused->text))
                        : str_of(status_code(s));
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, W(k, "Загружается", "Loads"),
              W(k, "описатель прочитан в отдельном ограниченном процессе",
                "its descriptor was read in a restricted process of its own"),
              found);
}

/* ---- its own tests --------------------------------------------------------------------------- */

void check_tests(check *k)
{
    buf said;
    const char *title = W(k, "Его модульные проверки проходят", "Its unit tests pass");
    const char *did = W(k, "karkas module test: на этом ядре, с базой в памяти",
                        "karkas module test: on this kernel, with a database in memory");
    if (!k->m.has_tests) {
        check_add(k, CHECK_SKIPPED, title, did,
                  str_of(W(k, "их в модуле нет", "the module has none")));
        return;
    }
    buf_init(&said, 0);
    bool ok = kit_test_run(&k->m, &said);
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did, buf_view(&said));
    buf_free(&said);
}
