/* text.c - a fault as a line a person reads. The words stand in locales/, embedded. Any thread. */
#include "tz/tz_private.h"

/* locales/<lang>.yaml as it stands in the source, from <name> to <name>_end. */
#define EMBED(name, file)                                                               \
    __asm__(".section .rodata\n" #name ":\n.incbin \"" TZ_LOCALES "/" file "\"\n" #name \
            "_end:\n.byte 0\n.previous\n");                                             \
    extern const char name[] CRM_HIDDEN;                                                \
    extern const char name##_end[] CRM_HIDDEN
EMBED(tz_strings_ru, "ru.yaml");
EMBED(tz_strings_en, "en.yaml");

typedef struct catalogue {
    arena *a;
    yaml_node *root;
} catalogue;

static bool catalogue_open(catalogue *c, const char *lang)
{
    crm_str ru = {tz_strings_ru, (size_t)(tz_strings_ru_end - tz_strings_ru)};
    crm_str en = {tz_strings_en, (size_t)(tz_strings_en_end - tz_strings_en)};
    bool is_ru = lang && strncmp(lang, "ru", 2) == 0;
    yaml_error err;
    c->a = arena_new(0);
    c->root = NULL;
    return c->a && yaml_parse(c->a, lang, is_ru ? ru : en, &c->root, &err) == CRM_OK;
}

/* The text of "<kind>.<word>", or the word itself: names of the format need no translation. */
static crm_str words_of(const catalogue *c, const char *kind, crm_str word)
{
    crm_str key = arena_fmt(c->a, "%s.%.*s", kind, STR_FMT(word));
    crm_str text = key.p ? yaml_text(c->root, key.p) : (crm_str){0};
    return text.n ? text : word;
}

/* What libyaml says, "while doing this, it found that", in our words: of both, of what it found, or
 * of neither, so that one text never speaks two languages. English has no words of its own. */
static crm_str yaml_words(const catalogue *c, crm_str said)
{
    crm_str text = words_of(c, "yaml", said);
    const char *at = memmem(said.p, said.n, ", ", 2);
    if (!str_eq(text, said) || !said.n) {
        return text;
    }
    crm_str found = at ? (crm_str){at + 2, said.n - (size_t)(at + 2 - said.p)} : said;
    text = words_of(c, "yaml", found);
    if (!str_eq(text, found)) {
        return text;
    }
    text = words_of(c, "yaml", CRM_S("other"));
    return str_is(text, "other") ? said : text;
}

/* "#12, #17": the first records. */
static crm_str rows_of(const catalogue *c, const tz_fault *f)
{
    crm_str out = {"", 0};
    for (int i = 0; i < FAULT_ROWS && f->rows[i]; i++) {
        out = arena_fmt(c->a, "%.*s%s#%lld", STR_FMT(out), i ? ", " : "", (long long)f->rows[i]);
    }
    return out;
}

/* "{subject}" and so on; another name stays as it is. */
static crm_str placeholder(const catalogue *c, const tz_fault *f, crm_str name, bool *is_known)
{
    *is_known = true;
    if (str_is(name, "subject")) {
        return str_is(f->code, "bad_yaml") ? yaml_words(c, f->subject) : f->subject;
    }
    if (str_is(name, "nearest")) {
        return f->nearest;
    }
    if (str_is(name, "expected")) {
        return str_is(f->code, "wrong_type") ? words_of(c, "type", f->expected) : f->expected;
    }
    if (str_is(name, "count")) {
        return arena_fmt(c->a, "%lld", (long long)f->count);
    }
    if (str_is(name, "rows")) {
        return rows_of(c, f);
    }
    *is_known = false;
    return (crm_str){0};
}

static void fill(const catalogue *c, const tz_fault *f, crm_str pattern, buf *out)
{
    while (pattern.n) {
        ptrdiff_t open = str_find(pattern, '{'), close = str_find(pattern, '}');
        bool is_known = false;
        if (open < 0 || close < open) {
            buf_str(out, pattern);
            return;
        }
        crm_str name = {pattern.p + open + 1, (size_t)(close - open - 1)};
        crm_str text = placeholder(c, f, name, &is_known);
        buf_add(out, pattern.p, is_known ? (size_t)open : (size_t)close + 1);
        buf_str(out, text);
        pattern = (crm_str){pattern.p + close + 1, pattern.n - (size_t)close - 1};
    }
}

/* The nearest name has a text of its own, since most words have none near them. */
static crm_str pattern_of(const catalogue *c, const tz_fault *f)
{
    crm_str text = {0};
    if (f->nearest.n) {
        text = words_of(c, "near", f->code);
    }
    if (f->nearest.n && !str_eq(text, f->code)) {
        return text;
    }
    if (f->expected.n) {
        text = words_of(c, "expected", f->code);
    }
    if (f->expected.n && !str_eq(text, f->code)) {
        return text;
    }
    text = words_of(c, "fault", f->code);
    return str_eq(text, f->code) ? words_of(c, "fault", CRM_S("other")) : text;
}

static void place(const tz_fault *f, buf *out)
{
    buf_z(out, f->file ? f->file : "");
    if (f->line > 0) {
        buf_fmt(out, ":%d", f->line);
    }
    if (f->line > 0 && f->column > 0) {
        buf_fmt(out, ":%d", f->column);
    }
    buf_z(out, ": ");
}

void tz_fault_words(const tz_fault *f, const char *lang, buf *out)
{
    catalogue c;
    if (!catalogue_open(&c, lang)) {
        buf_str(out, f->code);
        arena_free(c.a);
        return;
    }
    if (f->is_warning) {
        buf_str(out, words_of(&c, "fault", CRM_S("warning")));
        buf_z(out, ": ");
    }
    fill(&c, f, pattern_of(&c, f), out);
    arena_free(c.a);
}

void tz_fault_text(const tz_fault *f, const char *lang, buf *out)
{
    place(f, out);
    tz_fault_words(f, lang, out);
}

/* Texts that stand in views made by the ТЗ. */
void tz_add_strings(registry *r)
{
    static const char *const languages[] = {"ru", "en"};
    for (int i = 0; i < 2; i++) {
        catalogue c;
        if (catalogue_open(&c, languages[i])) {
            crm_str text = words_of(&c, "ui", CRM_S("section"));
            text_string row = {.lang = str_of(languages[i]), .key = CRM_S("tz.section")};
            row.text = arena_dup(registry_arena(r), text);
            if (registry_add_string(r, &row) != CRM_OK) {
                log_event(LOG_ERROR, "tz.strings", "lang=%s", languages[i]);
            }
        }
        arena_free(c.a);
    }
}
