/* refusal.c - why a module was not taken, in a sentence for the person who installed it. */
#include "plug/module.h"

static const struct {
    const char *code, *ru, *en;
} titles[] = {
    {"newer_level", "модуль сделан для более нового ядра", "the module is made for a newer kernel"},
    {"too_new_fields", "модуль пользуется тем, чего это ядро ещё не умеет",
     "the module uses what this kernel does not have yet"},
    {"bad_manifest", "в module.yaml ошибка", "module.yaml has a mistake"},
    {"other_name", "имя модуля не совпадает с именем папки",
     "the module's name is not its folder's"},
    {"other_version", "версия модуля не совпадает с именем папки",
     "the module's version is not its folder's"},
    {"version_missing", "выбранная версия не установлена",
     "the version that was chosen is not installed"},
    {"unsigned", "версия не подписана", "the version is not signed"},
    {"bad_signature", "подпись не от того, кому здесь доверяют", "nobody trusted here signed it"},
    {"bad_list", "список файлов повреждён", "the list of files is damaged"},
    {"file_missing", "нет файла, который подписан", "a signed file is missing"},
    {"file_changed", "файл изменён после подписи", "a file was changed after it was signed"},
    {"file_unlisted", "есть файл, который не подписан", "there is a file that was not signed"},
    {"bad_archive", "архив не читается или в нём не то", "the archive cannot be read or taken"},
    {"archive_large", "в архиве больше, чем бывает у модуля",
     "the archive holds more than a module has"},
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

crm_status refusal_add(arena *a, crm_str name, const refusal *why, module_refusal **list)
{
    module_refusal *row = ARENA_NEW(a, module_refusal);
    if (!row) {
        return CRM_NOMEM;
    }
    *row = (module_refusal){.module = arena_dup(a, name),
                            .code = arena_dup(a, str_of(why->code)),
                            .text = arena_dup(a, why->text),
                            .next = *list};
    *list = row;
    log_event(LOG_ERROR, "module.refused", "module=%s code=%s reason=%s", log_quote(name),
              why->code, log_quote(why->text));
    return CRM_INVALID;
}

/* The first fault as the text of a refusal; the rest stand in the log. */
crm_status refusal_of_manifest(arena *a, crm_str name, const registry_fault *f,
                               module_refusal **list)
{
    refusal why = {.code = "bad_manifest"};
    for (const registry_fault *at = f; at; at = at->next) {
        log_event(LOG_ERROR, "module.manifest", "at=%s code=%s what=%s nearest=%s",
                  log_quote(at->source), log_quote(at->code), log_quote(at->subject),
                  log_quote(at->nearest));
    }
    const char *instead = f && f->nearest.n ? ", nearest is " : "";
    why.text = f ? arena_fmt(a, "%.*s: %.*s %.*s%s%.*s", STR_FMT(f->source), STR_FMT(f->code),
                             STR_FMT(f->subject), instead, STR_FMT(f->nearest))
                 : CRM_S("module.yaml cannot be read");
    return refusal_add(a, name, &why, list);
}
