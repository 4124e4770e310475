/* locale.c - a module's texts: locales/<lang>.yaml, flat, by full key. */
#include <dirent.h>
#include <errno.h>

#include "plug/manifest.h"

static void add_text(registry *r, faults *f, crm_str lang, const yaml_node *n)
{
    text_string row = {.lang = lang, .key = n->key, .text = n->text};
    if (n->kind != YAML_SCALAR) {
        fault_at(f, n, "wrong_type", n->key);
    } else if (registry_add_string(r, &row) != CRM_OK) {
        fault_at(f, n, "refused", n->key);
    }
}

static crm_status read_locale(const char *path, crm_str lang, registry *r, faults *f)
{
    arena *a = registry_arena(r);
    yaml_error err = {0};
    yaml_node *root;
    crm_str text;
    crm_status s = fs_read(a, path, MANIFEST_MAX, &text);
    if (s != CRM_OK) {
        faults_add(f, arena_fmt(a, "%s", path), "unreadable", str_of(status_code(s)), (crm_str){0});
        return s;
    }
    s = yaml_parse(a, path, text, &root, &err);
    if (s != CRM_OK) {
        faults_add(f, arena_fmt(a, "%s:%d", path, err.line), "bad_yaml", err.text, (crm_str){0});
        return s;
    }
    YAML_EACH(n, root) {
        add_text(r, f, lang, n);
    }
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

crm_status locales_register(const char *dir, registry *r, faults *f)
{
    static const char *const languages[] = {"ru", "en"};
    arena *a = registry_arena(r);
    for (size_t i = 0; i < 2; i++) {
        crm_str path = arena_fmt(a, "%s/locales/%s.yaml", dir, languages[i]);
        if (!path.p) {
            return CRM_NOMEM;
        }
        if (access(path.p, F_OK) != 0 && errno == ENOENT) {
            continue; /* a module may have no texts of a language: keys are then shown */
        }
        crm_status s = read_locale(path.p, str_of(languages[i]), r, f);
        if (s != CRM_OK) {
            return s;
        }
    }
    return CRM_OK;
}
