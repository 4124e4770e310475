/* test_tz_read.c - reading a ТЗ: what is refused, where, and in which words. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tz/tz_private.h"

static arena *a;
static char dir[] = "/tmp/karkas-tz-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(dir);
}

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int end(void **state)
{
    static const char *const names[] = {"tz.yaml", "more.yaml", "people.csv"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        unlink(arena_fmt(a, "%s/%s", dir, names[i]).p);
    }
    arena_free(a);
    return 0;
}

static const char *path_of(const char *name)
{
    return arena_fmt(a, "%s/%s", dir, name).p;
}

static void write_file(const char *name, const char *text)
{
    assert_ok(fs_write(path_of(name), str_of(text), 0600));
}

/* All faults as lines. */
static const char *lines(const tz_fault *f, const char *lang)
{
    buf b;
    buf_init(&b, 0);
    for (; f; f = f->next) {
        tz_fault_text(f, lang, &b);
        buf_char(&b, '\n');
    }
    buf_char(&b, 0);
    const char *text = arena_dup(a, buf_view(&b)).p;
    buf_free(&b);
    return text;
}

/* Reads tz.yaml, which must be refused with exactly these lines. */
static void assert_faults(const char *text, const char *expected)
{
    tz *t;
    tz_fault *faults;
    write_file("tz.yaml", text);
    assert_int_equal(tz_read(a, path_of("tz.yaml"), &t, &faults), CRM_INVALID);
    assert_null(t);
    assert_string_equal(lines(faults, "ru"), expected);
}

static void assert_warnings(const char *text, const char *expected)
{
    tz *t;
    tz_fault *faults;
    write_file("tz.yaml", text);
    crm_status s = tz_read(a, path_of("tz.yaml"), &t, &faults);
    assert_string_equal(lines(faults, "ru"), expected);
    assert_ok(s);
    assert_non_null(t);
}

#define HEAD "tz: 1\ntitle: Проба\ncompany: {name: ООО «Проба»}\n"

/* ---- YAML itself ----------------------------------------------------------------------------- */

static void broken_yaml_names_its_place_in_russian(void **state)
{
    (void)state;
    assert_faults(HEAD "roles:\n  manager: {title: Менеджер\nrules: {}\n",
                  "tz.yaml:6:6: файл не читается как YAML: в фигурных скобках не хватает запятой "
                  "или закрывающей скобки\n");
    assert_faults(HEAD "\trules: 1\n",
                  "tz.yaml:4:1: файл не читается как YAML: этот знак не может здесь стоять (отступ "
                  "делают пробелами, не табуляцией)\n");
    assert_faults(HEAD "now: *x\n",
                  "tz.yaml:4:6: файл не читается как YAML: ссылки (*имя) здесь не "
                  "применяются: запишите значение целиком\n");
    assert_faults("- 1\n", "tz.yaml:1:1: «tz.yaml»: здесь ожидается набор «ключ — значение»\n");
}

/* libyaml says what is wrong in English; what it says seldom is said in our general words. */
static void no_broken_yaml_is_told_in_two_languages(void **state)
{
    static const char *const texts[] = {
        HEAD "now:\n  process: a\n\tb\n",
        HEAD "rules: - 1\n",
        HEAD "now: {process: ]}\n",
        HEAD "now: {process: \"\\q\"}\n",
        HEAD "now: {process: \"\\xzz\"}\n",
        HEAD "now:\n  process: |x\n",
        HEAD "now: {process: & }\n",
        HEAD "...\nb\n",
        HEAD "now: {process: 'a\n---\n",
        "%YAML 1.1\n---\ntz: 1\n",
        "%FOO\n---\ntz: 1\n",
        HEAD "? [a]\n: b\n",
        HEAD "now: ? a\n",
        HEAD "now: !<x\n",
        HEAD "now: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tz *t;
        tz_fault *faults;
        write_file("tz.yaml", texts[i]);
        assert_int_equal(tz_read(a, path_of("tz.yaml"), &t, &faults), CRM_INVALID);
        assert_text(faults->code, "bad_yaml");
        const char *said = strstr(lines(faults, "ru"), "YAML: ");
        assert_non_null(said);
        for (said += strlen("YAML: "); *said; said++) {
            if (*said >= 'a' && *said <= 'z') {
                fail_msg("%s: %s", texts[i], lines(faults, "ru"));
            }
        }
    }
}

static void a_key_twice_is_refused(void **state)
{
    (void)state;
    assert_faults(HEAD "company: {name: Другая}\n", "tz.yaml:4:1: «company» указано второй раз\n");
}

static void an_absent_file_is_a_fault(void **state)
{
    tz *t;
    tz_fault *faults;
    (void)state;
    assert_int_equal(tz_read(a, path_of("nothing.yaml"), &t, &faults), CRM_INVALID);
    assert_text(faults->code, "file_missing");
    assert_null(t);
}

/* ---- keys and types -------------------------------------------------------------------------- */

static void an_unknown_key_has_place_and_nearest_name(void **state)
{
    (void)state;
    assert_faults(HEAD "roles:\n  manager:\n    title: Менеджер\n    rigths: {}\n",
                  "tz.yaml:7:5: неизвестный ключ «rigths», есть «rights»\n"
                  "tz.yaml:5:3: предупреждение: роль «manager» никому не назначена\n");
    assert_faults(HEAD "zzzzzzzz: 1\n", "tz.yaml:4:1: неизвестный ключ «zzzzzzzz»\n");
}

#define LEAD_PIPELINE                                                                          \
    "  main:\n    of: sales.lead\n    start: new\n    stages: {new: , bad: {outcome: lost}}\n" \
    "    moves: [{from: new, to: bad, who: manager}]\n"

/* A whole ТЗ whose section names are given: what refers into a section stands in the others. */
static const char *whole(const char *company, const char *roles, const char *staff,
                         const char *pipelines, const char *entities)
{
    return arena_fmt(a,
                     "tz: 1\ntitle: Проба\n%s:\n  name: Проба\n  departments:\n"
                     "    sales: {title: Продажи, head: anna}\n"
                     "%s:\n  manager: {title: Менеджер, rights: {own.car: {read: all}}}\n"
                     "%s:\n  anna: {name: Анна, department: sales, roles: manager}\n"
                     "%s:\n" LEAD_PIPELINE
                     "%s:\n  own.car: {title: машина, fields: {n: {type: text, title: Номер}}}\n",
                     company, roles, staff, pipelines, entities)
        .p;
}

static void a_misspelt_section_is_one_fault(void **state)
{
    (void)state;
    assert_faults(whole("compnay", "roles", "people", "pipelines", "entities"),
                  "tz.yaml:3:1: неизвестный ключ «compnay», есть «company»\n");
    assert_faults(whole("company", "roels", "people", "pipelines", "entities"),
                  "tz.yaml:7:1: неизвестный ключ «roels», есть «roles»\n");
    assert_faults(whole("company", "roles", "poeple", "pipelines", "entities"),
                  "tz.yaml:9:1: неизвестный ключ «poeple», есть «people»\n");
    assert_faults(whole("company", "roles", "people", "pipelnes", "entities"),
                  "tz.yaml:11:1: неизвестный ключ «pipelnes», есть «pipelines»\n");
    assert_faults(whole("company", "roles", "people", "pipelines", "entites"),
                  "tz.yaml:17:1: неизвестный ключ «entites», есть «entities»\n");
    assert_faults(HEAD "feilds:\n  sales.deal: {city: {type: text, titel: Город}}\n",
                  "tz.yaml:4:1: неизвестный ключ «feilds», есть «fields»\n"
                  "tz.yaml:5:35: неизвестный ключ «titel», есть «title»\n");
}

static void a_misspelt_key_is_one_fault_at_any_depth(void **state)
{
    (void)state;
    assert_faults("tz: 1\ntitle: Проба\ncompany:\n  name: Проба\n  departmens:\n"
                  "    sales: {title: Продажи}\n"
                  "people:\n  anna: {name: Анна, department: sales}\n",
                  "tz.yaml:5:3: неизвестный ключ «departmens», есть «departments»\n");
    write_file("people.csv", "login;ФИО;роли\nanna;Анна;manager\n");
    assert_faults(HEAD "roles: {manager: {title: Менеджер}}\npeople: {fiel: people.csv}\n"
                       "functions: {setings: [manager]}\n",
                  "tz.yaml:5:10: неизвестный ключ «fiel», есть «file»\n"
                  "tz.yaml:6:13: неизвестный ключ «setings», есть «settings»\n"
                  "tz.yaml:4:9: предупреждение: роль «manager» никому не назначена\n");
    assert_faults(HEAD "roles: {a: {title: А}}\nroels: {b: {title: Б}}\n",
                  "tz.yaml:5:1: неизвестный ключ «roels», есть «roles»\n"
                  "tz.yaml:4:9: предупреждение: роль «a» никому не назначена\n");
}

static void every_fault_is_told_at_once(void **state)
{
    (void)state;
    assert_faults("tz: 2\ntitel: Проба\nstatus: drafft\n",
                  "tz.yaml:2:1: неизвестный ключ «titel», есть «title»\n"
                  "tz.yaml:1:5: версия формата «2» неизвестна, эта программа понимает 1\n"
                  "tz.yaml:3:9: здесь не может стоять «drafft», есть «draft»\n"
                  "tz.yaml:1:1: не хватает «company»\n");
}

static void values_are_of_their_types(void **state)
{
    (void)state;
    assert_faults(HEAD "roles: [manager]\n",
                  "tz.yaml:4:8: «roles»: здесь ожидается набор «ключ — значение»\n");
    assert_faults(HEAD "people:\n  Ivan: {name: Иван}\n",
                  "tz.yaml:5:3: «Ivan» не годится как имя: строчные латинские буквы, цифры и _, "
                  "начинается с буквы\n");
    assert_faults(HEAD "pipelines:\n  main:\n    of: sales.deal\n    start: new\n"
                       "    stages: {new: {probability: 120, outcome: maybe}}\n",
                  "tz.yaml:8:33: «120» вне допустимого: 0..100\n"
                  "tz.yaml:8:47: здесь не может стоять «maybe»; возможно: open, won, lost, done\n");
    assert_faults(HEAD "entities:\n  fleet.machine:\n    title: машина\n    fields:\n"
                       "      serial: {type: text, title: Номер, required: maybe, max: [5]}\n",
                  "tz.yaml:8:52: «required»: здесь ожидается да или нет\n"
                  "tz.yaml:8:64: «max»: здесь ожидается текст\n");
}

static void what_is_missing_is_said_where_it_belongs(void **state)
{
    (void)state;
    assert_faults(HEAD "pipelines:\n  main: {of: sales.deal, stages: {new: }}\n",
                  "tz.yaml:5:3: в «main» не хватает «start»\n");
}

/* ---- what is known but not carried out ------------------------------------------------------- */

static void the_whole_example_gives_exactly_what_is_not_served(void **state)
{
    tz *t;
    tz_fault *faults;
    (void)state;
    const char *path = KARKAS_SOURCE_DIR "/tests/fixtures/tz/example.yaml";
    assert_int_equal(tz_read(a, path, &t, &faults), CRM_INVALID);
    buf b;
    buf_init(&b, 0);
    for (const tz_fault *f = faults; f; f = f->next) {
        if (f->is_warning) {
            continue;
        }
        assert_text(f->code, "not_served");
        buf_fmt(&b, "%d:%.*s ", f->line, STR_FMT(f->subject));
    }
    crm_str all = arena_dup(a, buf_view(&b));
    buf_free(&b);
    assert_string_equal(
        all.p,
        "10:extends 38:assign 40:offer 84:ask 96:$company "
        "137:clock 138:until 139:steps 158:sent 159:per 160:until 161:steps 170:silent 170:for "
        "170:broken_by 171:once 172:steps 178:routes 191:kpi 195:reports 198:mobile "
        "218:environments ");
}

/* ---- includes -------------------------------------------------------------------------------- */

static void sections_of_included_files_are_merged(void **state)
{
    tz *t;
    tz_fault *faults;
    (void)state;
    write_file("more.yaml", "roles: {head: {title: Начальник}}\npeople: {anna: {name: Анна, "
                            "roles: [manager, head]}}\n");
    write_file("tz.yaml", HEAD "include: more.yaml\nroles: {manager: {title: Менеджер}}\n");
    crm_status s = tz_read(a, path_of("tz.yaml"), &t, &faults);
    assert_string_equal(lines(faults, "en"), "");
    assert_ok(s);
}

static void a_fault_in_an_included_file_names_that_file(void **state)
{
    (void)state;
    write_file("more.yaml", "roles:\n  manager: {title: Ещё раз}\n  head: {titel: Начальник}\n");
    assert_faults(HEAD "include: [more.yaml]\nroles: {manager: {title: Менеджер}}\n"
                       "people: {anna: {name: Анна, roles: [manager, head]}}\n",
                  "more.yaml:2:3: «manager» указано второй раз, впервые — tz.yaml:5\n"
                  "more.yaml:3:10: неизвестный ключ «titel», есть «title»\n");
}

static void includes_stay_below_the_root_files_folder(void **state)
{
    (void)state;
    assert_faults(HEAD "include: [../other.yaml, /etc/passwd, more.yaml]\n",
                  "tz.yaml:4:11: файл «../other.yaml» не читается или его нет\n"
                  "tz.yaml:4:26: файл «/etc/passwd» лежит вне папки ТЗ\n"
                  "tz.yaml:4:39: файл «more.yaml» не читается или его нет\n");
    assert_int_equal(symlink("/etc/passwd", path_of("more.yaml")), 0);
    assert_faults(HEAD "include: [../../etc/passwd, more.yaml]\n",
                  "tz.yaml:4:11: файл «../../etc/passwd» лежит вне папки ТЗ\n"
                  "tz.yaml:4:29: файл «more.yaml» лежит вне папки ТЗ\n");
}

static void a_file_is_included_once(void **state)
{
    (void)state;
    write_file("more.yaml", "include: tz.yaml\n");
    assert_faults(HEAD "include: [more.yaml, more.yaml]\n",
                  "more.yaml:1:10: файл «tz.yaml» уже включён\n"
                  "tz.yaml:4:22: файл «more.yaml» уже включён\n");
}

/* ---- people ---------------------------------------------------------------------------------- */

#define TABLE HEAD "roles: {manager: {title: Менеджер}}\npeople: {file: people.csv}\n"

static void a_table_of_people_is_read_as_spreadsheets_write_it(void **state)
{
    (void)state;
    write_file("people.csv", "\xEF\xBB\xBFЛогин;ФИО;Телефон;Роли\r\n"
                             "petrov;\"Петров \"\"Иван\"\"; младший\";+79160000000;manager\r\n"
                             "\r\norlova;Орлова;;manager\r\n");
    assert_warnings(TABLE, "");
}

static void faults_in_the_table_have_line_and_column(void **state)
{
    (void)state;
    write_file("people.csv", "login,name,rolse,email\npetrov,Пётр,manager,\n");
    assert_faults(TABLE, "people.csv:1:12: неизвестный столбец «rolse», есть «roles»\n"
                         "tz.yaml:4:9: предупреждение: роль «manager» никому не назначена\n");
    write_file("people.csv", "login,name,roles\npetrov,Пётр,manger\npetrov,Пётр,manager\n,Анна,\n");
    assert_faults(TABLE, "people.csv:3:1: «petrov» указано второй раз, впервые — people.csv:2\n"
                         "people.csv:4:1: не хватает «login»\n"
                         "people.csv:2:13: нет роли «manger», есть «manager»\n"
                         "tz.yaml:4:9: предупреждение: роль «manager» никому не назначена\n");
    write_file("people.csv", "login,name\npetrov,\"Пётр\n");
    assert_faults(TABLE,
                  "people.csv:2:8: в таблице «people.csv» кавычка не закрыта или стоит не на "
                  "месте\n"
                  "tz.yaml:4:9: предупреждение: роль «manager» никому не назначена\n");
    write_file("people.csv", "login,name\npetrov,Пётр,лишнее\n");
    assert_faults(TABLE, "people.csv:2:13: в таблице «people.csv» в строке больше ячеек, чем в "
                         "заголовке\n"
                         "tz.yaml:4:9: предупреждение: роль «manager» никому не назначена\n");
}

/* ---- what sections say of each other --------------------------------------------------------- */

static void names_of_roles_people_and_departments_must_exist(void **state)
{
    (void)state;
    assert_faults("tz: 1\ntitle: Проба\ncompany:\n  name: Проба\n  departments:\n"
                  "    sales: {title: Продажи, head: ivanov, parent: sales}\n"
                  "people: {ivanova: {name: Анна, department: salse, roles: [haed, admin]}}\n"
                  "functions: {export: [director, ivanova]}\n",
                  "tz.yaml:6:35: нет сотрудника «ivanov», есть «ivanova»\n"
                  "tz.yaml:6:51: отдел «sales» подчинён сам себе\n"
                  "tz.yaml:7:44: нет отдела «salse», есть «sales»\n"
                  "tz.yaml:7:59: нет роли «haed»\n"
                  "tz.yaml:8:22: нет ни роли, ни сотрудника «director»\n"
                  "tz.yaml:8:32: предупреждение: «ivanova» может выгружать, но выгружать нечего: "
                  "ни одно право этого не разрешает (export)\n");
}

static void who_may_export_but_has_nothing_to_export_is_told(void **state)
{
    (void)state;
#define EXPORTERS(rights)                                                                   \
    HEAD "roles: {head: {title: Начальник, rights: {sales.deal: {read: all" rights "}}}}\n" \
         "people: {anna: {name: Анна, roles: head}, ivan: {name: Иван}}\n"          \
         "functions: {export: [head, anna, ivan], import: [anna]}\n"
#define NOTHING(place, who, may, right)                                                                     \
    "tz.yaml:6:" place ": предупреждение: «" who "» может " may ", но " may " нечего: ни одно " \
    "право этого не разрешает (" right ")\n"
    assert_warnings(EXPORTERS(""), NOTHING("22", "head", "выгружать", "export")
                                       NOTHING("28", "anna", "выгружать", "export")
                                           NOTHING("34", "ivan", "выгружать", "export")
                                               NOTHING("50", "anna", "загружать", "import"));
    assert_warnings(EXPORTERS(", export: own, import: own"),
                    NOTHING("34", "ivan", "выгружать", "export"));
}

#define PIPELINE                                                                                       \
    HEAD "roles: {head: {title: Начальник}}\npeople: {anna: {name: Анна, roles: head}}\n" \
         "pipelines:\n  main:\n    of: sales.deal\n"                                                   \
         "    stages: {new: , work: , paid: {outcome: won}, lost: {outcome: lost}}\n"

static void moves_name_stages_and_roles_that_exist(void **state)
{
    (void)state;
    assert_faults(PIPELINE "    start: nwe\n    moves:\n      - {from: new, to: [wrok, paid], who: "
                           "[haed]}\n    locks: [{stage: payd, fields: [amount], except: head}]\n",
                  "tz.yaml:10:12: нет стадии «nwe», есть «new»\n"
                  "tz.yaml:12:26: нет стадии «wrok», есть «work»\n"
                  "tz.yaml:12:45: нет роли «haed», есть «head»\n"
                  "tz.yaml:13:21: нет стадии «payd», есть «paid»\n"
                  "tz.yaml:9:14: предупреждение: на стадию «new» никто не может перевести\n"
                  "tz.yaml:9:21: предупреждение: на стадию «work» никто не может перевести\n"
                  "tz.yaml:9:21: предупреждение: со стадии «work» никто не может перевести\n"
                  "tz.yaml:9:51: предупреждение: на стадию «lost» никто не может перевести\n");
}

static void a_pipeline_starts_somewhere(void **state)
{
    (void)state;
    assert_faults(PIPELINE "    start: []\n",
                  "tz.yaml:10:5: у воронки нет ни одной начальной стадии\n");
}

static void stages_nobody_reaches_or_leaves_are_told(void **state)
{
    (void)state;
    assert_warnings(PIPELINE
                    "    start: new\n    moves: [{from: new, to: [work, lost], who: head}]\n",
                    "tz.yaml:9:21: предупреждение: со стадии «work» никто не может перевести\n"
                    "tz.yaml:9:29: предупреждение: на стадию «paid» никто не может перевести\n");
    assert_warnings(PIPELINE "    start: new\n", "");
}

static void a_rule_says_when_and_what(void **state)
{
    (void)state;
    assert_faults(
        HEAD "rules:\n  R-1: {text: Раз, when: {created: sales.lead, deleted: sales.lead}, "
             "do: [{notify: {to: owner}, move: {}}]}\n  R-2: {text: Два, when: {}}\n",
        "tz.yaml:5:75: «do»: здесь ожидается одно действие, например {notify: {to: owner, "
        "text: …}}\n"
        "tz.yaml:5:20: в «when» нужно одно из: created, updated, deleted\n"
        "tz.yaml:5:3: предупреждение: правило «R-1» не говорит, что делать, если шаг не "
        "удался (otherwise)\n"
        "tz.yaml:6:20: в «when» нужно одно из: created, updated, deleted\n"
        "tz.yaml:6:3: в «R-2» не хватает «do»\n");
}

static void a_head_who_is_to_be_told_should_exist(void **state)
{
    (void)state;
    assert_warnings("tz: 1\ntitle: Проба\ncompany:\n  name: Проба\n  departments:\n"
                    "    sales: {title: Продажи}\n    finance: {title: Финансы}\n"
                    "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n"
                    "    do: [{assign: {department: sales}}]\n"
                    "    otherwise: [{notify: {to: department.head, text: Никого}}]\n",
                    "tz.yaml:6:5: предупреждение: у отдела «sales» нет руководителя, уведомить "
                    "будет некого\n");
}

static void an_inn_whose_digits_do_not_agree_is_told(void **state)
{
    (void)state;
#define COMPANY(inn) "tz: 1\ntitle: Проба\ncompany:\n  name: Проба\n  inn: " inn "\n"
    assert_warnings(COMPANY("7700000008"),
                    "tz.yaml:5:3: предупреждение: «7700000008» не ИНН: в нём 10 или 12 цифр, "
                    "последние — контрольные\n");
    assert_warnings(COMPANY("77"),
                    "tz.yaml:5:3: предупреждение: «77» не ИНН: в нём 10 или 12 цифр, "
                    "последние — контрольные\n");
    assert_warnings(COMPANY("\"7700000009\""), "");
}

static void what_serves_a_requirement_stands_in_the_tz(void **state)
{
    (void)state;
#define SERVED(by)                                                        \
    HEAD "roles: {admin: {title: Админ}}\npipelines:\n  main:\n"     \
         "    {of: sales.deal, stages: {new: {}, won: {}}, start: new}\n" \
         "requirements:\n  T-1: {text: Раз, served_by: " by "}\n"
    assert_faults(SERVED("[pipelines.man]"),
                  "tz.yaml:9:32: в ТЗ нет «pipelines.man», есть «pipelines.main»\n");
    assert_faults(SERVED("[roles.admin, pipelines.main.stages.lost]"),
                  "tz.yaml:9:45: в ТЗ нет «pipelines.main.stages.lost»; части его называют так: "
                  "pipelines.main, roles.manager\n");
    assert_warnings(SERVED("[roles.admin, pipelines.main, pipelines.main.stages.won]"), "");
}

static void a_check_fills_in_a_form_there_is(void **state)
{
    (void)state;
#define SUBMITTED(form)                                                                \
    HEAD "integrations: {site: {type: webform, creates: sales.lead}}\nrequirements:\n" \
         "  T-1: {text: Раз, check: [{at: now}, {submit: {form: " form ", data: {}}}]}\n"
    assert_faults(SUBMITTED("sait"),
                  "tz.yaml:6:55: среди integrations нет формы «sait»; возможно: site\n");
    assert_faults(SUBMITTED("sitee"),
                  "tz.yaml:6:55: среди integrations нет формы «sitee», есть «site»\n");
    assert_warnings(SUBMITTED("site"), "");
    assert_faults(HEAD "integrations: {site: {type: webform, creates: sales.lead}}\nrules:\n"
                       "  R-1: {text: Раз, when: {created: sales.lead}, do: [], otherwise: [],\n"
                       "    check: [{submit: {form: sitee, data: {}}}]}\n",
                  "tz.yaml:7:29: среди integrations нет формы «sitee», есть «site»\n");
}

/* A server that judges more strictly than the one before it must not end a company's work. */
static void what_a_text_in_force_says_of_itself_warns(void **state)
{
    tz *t;
    tz_fault *faults;
    (void)state;
    write_file("tz.yaml", SERVED("[pipelines.man]"));
    assert_ok(tz_reread(a, path_of("tz.yaml"), &t, &faults));
    assert_non_null(t);
    assert_string_equal(lines(faults, "ru"),
                        "tz.yaml:9:32: предупреждение: в ТЗ нет «pipelines.man», есть "
                        "«pipelines.main»\n");
    write_file("tz.yaml", SUBMITTED("sitee"));
    assert_ok(tz_reread(a, path_of("tz.yaml"), &t, &faults));
    assert_string_equal(lines(faults, "ru"),
                        "tz.yaml:6:55: предупреждение: среди integrations нет формы «sitee», есть "
                        "«site»\n");
    write_file("tz.yaml", SUBMITTED("sitee") "rolez: {}\n"); /* what it does by is as before */
    assert_int_equal(tz_reread(a, path_of("tz.yaml"), &t, &faults), CRM_INVALID);
}

static const char *const fault_codes[] = {"bad_yaml",
                                          "duplicate",
                                          "unknown_key",
                                          "unknown_word",
                                          "wrong_type",
                                          "out_of_range",
                                          "missing",
                                          "not_served",
                                          "wrong_version",
                                          "bad_name",
                                          "file_missing",
                                          "file_outside",
                                          "file_too_large",
                                          "file_twice",
                                          "too_many_files",
                                          "csv_quote",
                                          "csv_columns",
                                          "csv_rows",
                                          "csv_encoding",
                                          "unknown_column",
                                          "unknown_role",
                                          "unknown_person",
                                          "unknown_holder",
                                          "own_parent",
                                          "unknown_stage",
                                          "second_pipeline",
                                          "one_trigger",
                                          "no_start_stage",
                                          "role_unheld",
                                          "nothing_to_export",
                                          "nothing_to_import",
                                          "stage_no_entry",
                                          "stage_no_exit",
                                          "rule_no_otherwise",
                                          "no_head",
                                          "preferred_too_early",
                                          "unknown_department",
                                          "unknown_module",
                                          "module_not_listed",
                                          "unknown_entity",
                                          "unknown_field",
                                          "unknown_placeholder",
                                          "unknown_step",
                                          "unknown_strategy",
                                          "unknown_integration_type",
                                          "unknown_operator",
                                          "not_a_choice",
                                          "no_pipeline",
                                          "no_stage_field",
                                          "taken",
                                          "too_many",
                                          "bad_condition",
                                          "type_mismatch",
                                          "bad_default",
                                          "not_many",
                                          "no_choices",
                                          "not_needed",
                                          "duplicate_field",
                                          "duplicate_stage",
                                          "too_many_stages",
                                          "no_stages",
                                          "unknown_timezone",
                                          "wrong_field_type",
                                          "bad_secret",
                                          "bad_entity_name",
                                          "bad_schema",
                                          "bad_phone",
                                          "bad_inn",
                                          "unknown_part",
                                          "unknown_form",
                                          "bad_email",
                                          "duplicates",
                                          "bad_field_position",
                                          "bad_index",
                                          "too_many_indexes",
                                          "bad_views",
                                          "no_permission",
                                          "too_long",
                                          "too_complex",
                                          "wrong_reference",
                                          "path_too_long",
                                          "missing_module",
                                          "missing_interface",
                                          "unknown_type",
                                          "unreadable",
                                          "refused"};

static void both_languages_know_every_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fault_codes / sizeof fault_codes[0]; i++) {
        for (int variant = 0; variant < 4; variant++) {
            tz_fault f = {
                .file = "tz.yaml", .code = str_of(fault_codes[i]), .subject = CRM_S("слово")};
            f.nearest = variant & 1 ? CRM_S("рядом") : (crm_str){0};
            f.expected = variant & 2 ? CRM_S("text") : (crm_str){0};
            const char *ru = lines(&f, "ru"), *en = lines(&f, "en");
            assert_null(strstr(ru, ": ошибка «"));
            assert_null(strstr(en, ": fault \""));
            assert_null(strstr(ru, "{subject}"));
            assert_null(strstr(ru, "{nearest}"));
            assert_null(strstr(ru, "{expected}"));
            assert_string_not_equal(ru, en);
        }
    }
}

/* ---- the format's description ---------------------------------------------------------------- */

static uint32_t undescribed;

static void check_described(const char *text, const shape *s, int depth)
{
    for (; s && depth < 12; s = s->other) {
        for (const shape_key *k = s->keys; k && k->key; k++) {
            crm_str word = arena_fmt(a, "`%s`", k->key), inside = arena_fmt(a, "%s", k->key);
            if (!strstr(text, word.p) && !strstr(text, arena_fmt(a, "%s:", inside.p).p) &&
                !strstr(text, arena_fmt(a, " %s,", inside.p).p) &&
                !strstr(text, arena_fmt(a, " %s}", inside.p).p)) {
                print_error("%s\n", k->key);
                undescribed++;
            }
            check_described(text, k->shape, depth + 1);
        }
        if (s->of) {
            check_described(text, s->of, depth + 1);
        }
    }
}

static void every_key_of_the_format_is_described(void **state)
{
    crm_str text;
    (void)state;
    assert_ok(fs_read(a, KARKAS_SOURCE_DIR "/packaging/TZ.md", 1 << 20, &text));
    check_described(text.p, &tz_schema, 0);
    assert_int_equal(undescribed, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(broken_yaml_names_its_place_in_russian),
        T(no_broken_yaml_is_told_in_two_languages),
        T(a_key_twice_is_refused),
        T(an_absent_file_is_a_fault),
        T(an_unknown_key_has_place_and_nearest_name),
        T(a_misspelt_section_is_one_fault),
        T(a_misspelt_key_is_one_fault_at_any_depth),
        T(every_fault_is_told_at_once),
        T(values_are_of_their_types),
        T(what_is_missing_is_said_where_it_belongs),
        T(the_whole_example_gives_exactly_what_is_not_served),
        T(sections_of_included_files_are_merged),
        T(a_fault_in_an_included_file_names_that_file),
        T(includes_stay_below_the_root_files_folder),
        T(a_file_is_included_once),
        T(a_table_of_people_is_read_as_spreadsheets_write_it),
        T(faults_in_the_table_have_line_and_column),
        T(names_of_roles_people_and_departments_must_exist),
        T(moves_name_stages_and_roles_that_exist),
        T(a_pipeline_starts_somewhere),
        T(stages_nobody_reaches_or_leaves_are_told),
        T(a_rule_says_when_and_what),
        T(a_head_who_is_to_be_told_should_exist),
        T(an_inn_whose_digits_do_not_agree_is_told),
        T(what_serves_a_requirement_stands_in_the_tz),
        T(a_check_fills_in_a_form_there_is),
        T(what_a_text_in_force_says_of_itself_warns),
        T(who_may_export_but_has_nothing_to_export_is_told),
        T(both_languages_know_every_code),
        T(every_key_of_the_format_is_described),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
