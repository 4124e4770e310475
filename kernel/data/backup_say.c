/* backup_say.c - what is wrong with a backup, in a reader's language. Any thread. */
#include "base/text.h"
#include "data/backup.h"

static crm_str why_text(crm_str lang, crm_status why)
{
    char key[64];
    snprintf(key, sizeof key, "backup.why.%s", status_code(why));
    crm_str text = registry_kernel_text(lang, str_of(key));
    return str_is(text, key) ? registry_kernel_text(lang, CRM_S("backup.why.other")) : text;
}

/* A name on a disk may be any bytes; texts are UTF-8. */
static void make_readable(char *name)
{
    for (; !text_is_utf8(str_of(name)) && *name; name++) {
        *name = (unsigned char)*name < 0x80 ? *name : '?';
    }
}

void backup_say(const backup_fault *f, const char *lang, buf *out)
{
    crm_str in = lang[0] == 'r' ? CRM_S("ru") : CRM_S("en");
    backup_fault x = *f;
    if (!x.key) {
        return;
    }
    make_readable(x.name);
    crm_str why = why_text(in, x.why);
    arena *a = arena_new(0);
    json_t *params = json_pack("{s:s,s:I,s:I,s:s%}", "name", x.name, "found", (json_int_t)x.found,
                               "told", (json_int_t)x.told, "why", why.p, why.n);
    registry_text_fill(registry_kernel_text(in, str_of(x.key)),
                       a && params ? json_dump(a, params) : (crm_str){0}, out);
    buf_char(out, '\n');
    json_decref(params);
    arena_free(a);
}
