/*
 * help.c - the page of all commands, and the lines of one: a line of the page begins with two
 * spaces and the command as it is typed.
 */
#include <stdio.h>

#include "server.h"

static const char *const help_en =
    "karkas - a CRM server assembled from a ТЗ\n\n"
    "  karkas serve --data DIR --tz FILE [--modules DIR] [--web DIR] [--listen ADDRESS:PORT]\n"
    "  karkas tz lint FILE            checks a ТЗ, changes nothing\n"
    "  karkas tz apply FILE           puts it into force on the running server\n"
    "  karkas tz pull DIR             writes the files of the one in force into a folder\n"
    "  karkas demo load FILE          demonstration data into an empty base, all or nothing\n"
    "  karkas demo remove             all that they made into the recycle bin\n"
    "  karkas model export            what was made in the browser, as sections of a ТЗ\n"
    "  karkas module list             what is there, what runs, what was refused and why\n"
    "  karkas module new NAME [--native] [--sdk DIR]   a module of your own from a template\n"
    "  karkas module lint DIR         what is wrong with a module, with file and line\n"
    "  karkas module dev DIR          runs it and, whenever it is saved, its next version\n"
    "  karkas module test DIR         runs its unit tests, on the kernel without a server\n"
    "  karkas module check DIR [--report FILE.html]   proves a module sound, as a page\n"
    "  karkas module check DIR --kernel PROGRAM …     the same on kernels of other versions, too\n"
    "  karkas module install FILE     a signed version, a folder or a tar archive; as root\n"
    "  karkas module trust [KEY.pem]  whose signatures are taken; adds a public key, as root\n"
    "  karkas module look NAME [VERSION]   what going to it would bring; changes nothing\n"
    "  karkas module upgrade NAME [VERSION]   to a version that is installed, else the newest\n"
    "  karkas module rollback NAME    to the version before\n"
    "  karkas module enable NAME [VERSION]    into force, the newest unless named\n"
    "  karkas module disable NAME     out of force; its data stay\n"
    "  karkas module purge NAME [NAME]   what would go for ever of one that is off; twice: it "
    "goes\n"
    "  karkas module uninstall NAME [VERSION]   takes installed files away, as root\n"
    "  karkas module settings NAME [KEY=VALUE …]   shows or changes them; KEY= back to the ТЗ's\n"
    "  karkas user list               who can log in\n"
    "  karkas user invite LOGIN       a one-time code for a first login or a forgotten password\n"
    "  karkas user disable LOGIN      ends the sessions, lets nobody in\n"
    "  karkas user enable LOGIN       lets the user in again\n"
    "  karkas user service LOGIN NAME [ROLE,ROLE]   a user for a program, which signs in by token\n"
    "  karkas token make LOGIN NAME [access=write] [entities=a,b] [functions=f] [days=90]\n"
    "  karkas token list              whose tokens there are and what they may\n"
    "  karkas token revoke NUMBER     the token works no more\n"
    "  karkas why LOGIN ENTITY ID     who sees a record and by which line\n"
    "  karkas openapi                 the whole API as an OpenAPI 3.1 document\n"
    "  karkas backup FILE [--data DIR]   a copy while the server works; FILE and FILE.* belong "
    "together\n"
    "  karkas restore FILE [--data DIR]  into an empty data directory, no server running\n"
    "  karkas clock [advance DURATION]  sandbox only\n"
    "  karkas version                 or --version\n\n"
    "Options: --data DIR (or KARKAS_DATA, else /var/lib/karkas)   --lang ru|en   --help\n"
    "  serve: --listen, --modules, --web   else 127.0.0.1:8443, /usr/lib/karkas/modules, "
    "/usr/share/karkas/web\n"
    "         --names a,b   further names for the local certificate\n"
    "         --tls off     plain HTTP, on a loopback address only, behind a proxy that speaks "
    "TLS\n"
    "         --sandbox TIME  virtual clock, in a data directory that was new then; it goes on "
    "from\n"
    "                       where it stood, never back\n"
    "         --trust DIR   public keys of who may sign modules, else /etc/karkas/trust\n"
    "         --group N     writes that share a commit at most, 1 to 1024, else 128\n"
    "         --part MS     after which a long list shows what it has found, 1 to 4000, else "
    "2000\n"
    "         --report-memory MB  one aggregate takes at most, 1 to 4096, else 128\n"
    "         --safe        installed modules without their code, this once\n"
    "         --dev         modules of any owner, signed or not\n";

static const char *const help_ru =
    "karkas - CRM-сервер, собранный по ТЗ\n\n"
    "  karkas serve --data КАТАЛОГ --tz ФАЙЛ [--modules КАТАЛОГ] [--web КАТАЛОГ] [--listen "
    "АДРЕС:ПОРТ]\n"
    "  karkas tz lint ФАЙЛ            проверить ТЗ, ничего не меняя\n"
    "  karkas tz apply ФАЙЛ           применить к работающему серверу\n"
    "  karkas tz pull КАТАЛОГ         выписать файлы действующего в каталог\n"
    "  karkas demo load ФАЙЛ          демонстрационные данные в пустую базу, всё или ничего\n"
    "  karkas demo remove             убрать всё, что они создали, в корзину\n"
    "  karkas model export            сделанное в браузере в виде разделов ТЗ\n"
    "  karkas module list             какие модули есть, работают, отклонены и почему\n"
    "  karkas module new ИМЯ [--native] [--sdk КАТАЛОГ]   свой модуль из шаблона\n"
    "  karkas module lint КАТАЛОГ     что в модуле не так, с файлом и строкой\n"
    "  karkas module dev КАТАЛОГ      запустить модуль и менять его на ходу при каждой записи\n"
    "  karkas module test КАТАЛОГ     его модульные проверки, на ядре без сервера\n"
    "  karkas module check КАТАЛОГ [--report ФАЙЛ.html]   доказать, что модуль исправен\n"
    "  karkas module check КАТАЛОГ --kernel ПРОГРАММА …   то же и на ядрах других версий\n"
    "  karkas module install ФАЙЛ     подписанная версия: каталог или архив tar; от root\n"
    "  karkas module trust [КЛЮЧ.pem] чьим подписям верить; добавить открытый ключ, от root\n"
    "  karkas module look ИМЯ [ВЕРСИЯ]   что принесёт переход на неё; ничего не меняет\n"
    "  karkas module upgrade ИМЯ [ВЕРСИЯ]     на установленную версию, иначе на новейшую\n"
    "  karkas module rollback ИМЯ     на прежнюю версию\n"
    "  karkas module enable ИМЯ [ВЕРСИЯ]      включить, без версии новейшую\n"
    "  karkas module disable ИМЯ      выключить; данные остаются\n"
    "  karkas module purge ИМЯ [ИМЯ]  что исчезнет навсегда у выключенного; имя дважды: удалить\n"
    "  karkas module uninstall ИМЯ [ВЕРСИЯ]   убрать установленные файлы, от root\n"
    "  karkas module settings ИМЯ [КЛЮЧ=ЗНАЧЕНИЕ …]   показать или изменить; КЛЮЧ= вернёт как в "
    "ТЗ\n"
    "  karkas user list               кто может войти\n"
    "  karkas user invite ЛОГИН       одноразовый код для первого входа или забытого пароля\n"
    "  karkas user disable ЛОГИН      завершить сеансы и больше не впускать\n"
    "  karkas user enable ЛОГИН       снова впускать\n"
    "  karkas user service ЛОГИН ИМЯ [РОЛЬ,РОЛЬ]    пользователь для программы, входит по токену\n"
    "  karkas token make ЛОГИН ИМЯ [access=write] [entities=a,b] [functions=f] [days=90]\n"
    "  karkas token list              чьи есть токены и что они могут\n"
    "  karkas token revoke НОМЕР      токен больше не действует\n"
    "  karkas why ЛОГИН СУЩНОСТЬ НОМЕР  кто видит запись и по какой строке ТЗ\n"
    "  karkas openapi                 весь API документом OpenAPI 3.1\n"
    "  karkas backup ФАЙЛ [--data КАТАЛОГ]   копия, не останавливая работу; ФАЙЛ и ФАЙЛ.* хранят "
    "вместе\n"
    "  karkas restore ФАЙЛ [--data КАТАЛОГ]  в пустой каталог данных, без сервера\n"
    "  karkas clock [advance СРОК]    только в песочнице\n"
    "  karkas version                 или --version\n\n"
    "Ключи: --data КАТАЛОГ (или KARKAS_DATA, иначе /var/lib/karkas)   --lang ru|en   --help\n"
    "  serve: --listen, --modules, --web   иначе 127.0.0.1:8443, /usr/lib/karkas/modules, "
    "/usr/share/karkas/web\n"
    "         --names a,b   ещё имена для местного сертификата\n"
    "         --tls off     без TLS, только на адресе loopback, за прокси, который его даёт\n"
    "         --sandbox ВРЕМЯ  виртуальные часы, каталог начинают с ними новым; потом они идут\n"
    "                       с того, где стояли, и никогда назад\n"
    "         --trust КАТАЛОГ  открытые ключи тех, чьи модули принимаются, иначе "
    "/etc/karkas/trust\n"
    "         --group N     сколько записей делят одну фиксацию, от 1 до 1024, иначе 128\n"
    "         --part МС     через сколько долгий список показывает найденное, от 1 до 4000, иначе "
    "2000\n"
    "         --report-memory МБ  сколько памяти занимает один отчёт, от 1 до 4096, иначе 128\n"
    "         --safe        установленные модули на этот запуск без их кода\n"
    "         --dev         модули любого владельца, подписанные и нет\n";

/* Whether the line is that of `karkas NAME` and, unless NULL, of this SUB. */
static bool is_line_of(crm_str line, const char *name, const char *sub)
{
    char head[64];
    int n = snprintf(head, sizeof head, "  karkas %s%s%s", name, sub ? " " : "", sub ? sub : "");
    if (n < 0 || n >= (int)sizeof head || !str_starts(line, (crm_str){head, (size_t)n})) {
        return false;
    }
    return line.n == (size_t)n || line.p[n] == ' ';
}

static int print_lines(FILE *to, const char *page, const char *name, const char *sub)
{
    crm_str rest = str_of(page), line;
    int found = 0;
    while (str_split(&rest, '\n', &line)) {
        if (is_line_of(line, name, sub)) {
            fprintf(to, "%.*s\n", STR_FMT(line));
            found++;
        }
    }
    return found;
}

void help_print(FILE *to, const char *lang, int count, const char *const *args)
{
    const char *page = lang[0] == 'r' ? help_ru : help_en;
    const char *options = strstr(page, "\n\n");
    if (count > 1 && print_lines(to, page, args[0], args[1])) {
        return;
    }
    if (!count || !print_lines(to, page, args[0], NULL)) {
        fputs(page, to);
    } else if (strcmp(args[0], "serve") == 0) {
        options = strstr(options + 2, "\n\n"); /* the first paragraph is the title */
        fputs(options ? options + 1 : "", to);
    }
}
