/*
 * consent.c - what the visitor agreed to, in the words that he saw: the ТЗ may have others by now.
 * A text is told by its version, so a form that says which it showed need not send it.
 */
#include "intake.h"

/* Eight hexadecimal digits of the text (FNV-1a): enough to tell the wordings of one form apart. */
crm_str consent_version(crm_ctx *c, crm_str text)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < text.n; i++) {
        h = (h ^ (unsigned char)text.p[i]) * 16777619u;
    }
    return crm_fmt(c, "%08x", (unsigned)h);
}

/* Browsers send a box only when it is ticked, scripts what they hold of it. */
static bool is_yes(crm_str answer)
{
    static const char *const no[] = {"false", "0", "no", "off", "null", "[]", "{}", "нет"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (is_word(answer, no[i])) {
            return false;
        }
    }
    return answer.n != 0;
}

/* The field may have another name with the site, as the instance's `fields` say. */
static crm_str answer_of(crm_ctx *c, crm_str fields)
{
    crm_str key, text, answer = crm_body_text(c, "consent");
    for (uint32_t i = 0; !answer.n && crm_body_at(c, i, &key, &text); i++) {
        bool is_it = is_declared(c, fields, key) && is_word(target_of(c, fields, key), "consent");
        answer = is_it ? text : answer;
    }
    return answer;
}

bool is_of_consent(crm_ctx *c, crm_str fields, crm_str key)
{
    static const char *const words[] = {"consent", "consent_text", "consent_version"};
    if (is_declared(c, fields, key)) {
        return is_word(target_of(c, fields, key), "consent");
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(key, words[i])) {
            return true;
        }
    }
    return false;
}

/* What he saw: what the page says it showed, else what the ТЗ has. */
static crm_str shown_text(crm_ctx *c, crm_str asked, bool *is_other)
{
    crm_str shown = crm_body_text(c, "consent_text"), version = crm_body_text(c, "consent_version");
    crm_str now = consent_version(c, asked);
    bool is_same_version = version.n == now.n && version.n && memcmp(version.p, now.p, now.n) == 0;
    bool is_same_text = shown.n && shown.n == asked.n && memcmp(shown.p, asked.p, asked.n) == 0;
    *is_other = shown.n ? !is_same_text : version.n && !is_same_version;
    return shown.n ? shown : asked;
}

/* Which of the texts: that of the ТЗ, another that the page showed, one that only its version
 * tells. */
static crm_str heading(crm_ctx *c, bool is_given, bool is_other, bool has_text)
{
    crm_str how = crm_text(c, is_given ? "intake.form.consent" : "intake.form.no_consent");
    if (!is_other) {
        return how;
    }
    crm_str which =
        crm_text(c, has_text ? "intake.form.consent_page" : "intake.form.consent_unknown");
    return crm_fmt(c, "%.*s\n%.*s", (int)how.n, how.p, (int)which.n, which.p);
}

crm_str consent_told(crm_ctx *c, crm_str instance, crm_str fields, bool *is_given)
{
    bool is_other;
    crm_str asked = form_setting(c, instance, "consent");
    crm_str text = shown_text(c, asked, &is_other), said = crm_body_text(c, "consent_version");
    bool has_text = crm_body_text(c, "consent_text").n != 0;
    *is_given = false;
    if (!text.n) {
        return text;
    }
    *is_given = is_yes(answer_of(c, fields));
    crm_str version = has_text || !said.n ? consent_version(c, text) : crm_cut(said, 40);
    crm_str head = heading(c, *is_given, is_other, has_text);
    crm_str last = crm_text(c, "intake.form.version");
    return crm_fmt(c, "%.*s\n%.*s\n%.*s: %.*s", (int)head.n, head.n ? head.p : "", (int)text.n,
                   text.p, (int)last.n, last.p, (int)version.n, version.n ? version.p : "");
}
