/* refusal.c - why a module was not taken, in a sentence for the person who installed it. */
#include "plug/plug.h"

static const struct {
    const char *code, *ru, *en;
} titles[] = {
    {"newer_level", "модуль сделан для более нового ядра", "the module is made for a newer kernel"},
    {"too_new_fields", "модуль пользуется тем, чего это ядро ещё не умеет",
     "the module uses what this kernel does not have yet"},
    {"bad_manifest", "в module.yaml ошибка", "module.yaml has a mistake"},
    {"other_name", "имя модуля не совпадает с именем папки",
     "the module's name is not its folder's"},
    {"bad_owner", "файл принадлежит постороннему пользователю", "the file belongs to someone else"},
    {"bad_mode", "файл могут изменить посторонние", "others may change the file"},
    {"probe_crashed", "файл роняет процесс, который его открыл",
     "the file ends the process that opens it"},
    {"probe_hung", "файл не открылся за отведённое время", "the file did not open in time"},
    {"no_symbol", "в файле нет модуля этой версии", "the file holds no module of this ABI"},
    {"not_loadable", "файл не удаётся открыть", "the file cannot be loaded"},
    {"unreadable", "файл не читается", "the file cannot be read"},
};

const char *plug_refusal_title(crm_str code, const char *lang)
{
    bool is_russian = lang[0] == 'r';
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (str_is(code, titles[i].code)) {
            return is_russian ? titles[i].ru : titles[i].en;
        }
    }
    return is_russian ? "файл модуля повреждён или собран неверно"
                      : "the module's file is damaged or built wrongly";
}
