/* kit_report.c - the result of `karkas module check`: a table, and a page without scripts. */
#include "kit_check.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#16181d;--dim:#5b6270;--line:#d9dde4;--ground:#fff;"
    "--good:#12733f;--bad:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--dim:#9aa2b1;--line:#353b47;"
    "--ground:#14161a;--good:#5cc98c;--bad:#ff8a80}}"
    "body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem;margin:0}dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.2rem 1rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
    "padding:.5rem .6rem;border-top:1px solid var(--line);overflow-wrap:anywhere}"
    "th{color:var(--dim);font-weight:500}.good{color:var(--good)}.bad{color:var(--bad)}"
    ".skipped,small{color:var(--dim)}.sum{font-size:1.2rem}"
    "@media print{body{margin:0;max-width:none;font-size:11px}tr{break-inside:avoid}}";

static const char *state_word(const check *k, check_state s)
{
    return s == CHECK_GOOD  ? W(k, "да", "yes")
           : s == CHECK_BAD ? W(k, "НЕТ", "NO")
                            : W(k, "не проверено", "not tried");
}

static uint32_t count_of(const check *k, check_state s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < k->count; i++) {
        n += k->rows[i].state == s;
    }
    return n;
}

static crm_str summary_of(const check *k)
{
    return arena_fmt(
        k->a,
        W(k, "выполнено %u, нарушено %u, не проверено %u", "%u hold, %u do not, %u not tried"),
        count_of(k, CHECK_GOOD), count_of(k, CHECK_BAD), count_of(k, CHECK_SKIPPED));
}

void check_print(const check *k)
{
    buf *out = k->call->out;
    for (uint32_t i = 0; i < k->count; i++) {
        const check_row *r = &k->rows[i];
        buf_fmt(out, "%s  %.*s\n",
                r->state == CHECK_GOOD  ? "+"
                : r->state == CHECK_BAD ? "-"
                                        : "?",
                STR_FMT(r->title));
        crm_str rest = r->found, line;
        while (str_split(&rest, '\n', &line)) {
            buf_fmt(out, line.n ? "     %.*s\n" : "", STR_FMT(line));
        }
    }
    crm_str sum = summary_of(k);
    buf_fmt(out, "%.*s %.*s: %.*s\n", STR_FMT(k->m.name), STR_FMT(k->m.version), STR_FMT(sum));
}

/* ---- the page -------------------------------------------------------------------------------- */

static void put_text(buf *b, crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char *as = s.p[i] == '<'   ? "&lt;"
                         : s.p[i] == '>' ? "&gt;"
                         : s.p[i] == '&' ? "&amp;"
                         : s.p[i] == '"' ? "&quot;"
                                         : NULL;
        if (as) {
            buf_z(b, as);
        } else {
            buf_char(b, s.p[i]);
        }
    }
}

static void put_fact(buf *b, const char *name, crm_str text)
{
    buf_fmt(b, "<dt>%s</dt><dd>", name);
    put_text(b, text);
    buf_z(b, "</dd>");
}

static void put_head(const check *k, buf *b)
{
    char when[CLOCK_TEXT];
    clock_format(clock_now(), when);
    buf_fmt(b,
            "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\"><title>",
            k->call->lang[0] == 'r' ? "ru" : "en");
    put_text(b, k->m.name);
    buf_fmt(b, "</title><style>%s</style></head><body><h1>", style);
    put_text(b, FOUND(k, W(k, "Модуль %.*s: отчёт о проверке", "Module %.*s: report of the check"),
                      STR_FMT(k->m.name)));
    buf_fmt(b, "</h1><p class=\"sum %s\">", count_of(k, CHECK_BAD) ? "bad" : "good");
    put_text(b, summary_of(k));
    buf_z(b, "</p><dl>");
    put_fact(b, W(k, "Версия", "Version"), k->m.version);
    put_fact(b, W(k, "SHA-256 файлов", "SHA-256 of its files"), kit_hash(k->a, k->m.built));
    put_fact(b, W(k, "Ядро", "Kernel"), CRM_S("Karkas " KARKAS_VERSION));
    if (k->level) {
        put_fact(b, W(k, "Уровень API", "API level"),
                 FOUND(k,
                       W(k, "%u: ядра этого уровня и новее", "%u: kernels of that level and later"),
                       k->level));
    }
    put_fact(b, W(k, "Когда", "When"), str_of(when));
    buf_z(b, "</dl>");
}

static void put_row(const check *k, const check_row *r, buf *b)
{
    static const char *const classes[] = {"good", "bad", "skipped"};
    buf_fmt(b, "<tr><td class=\"%s\">%s</td><td>", classes[r->state], state_word(k, r->state));
    put_text(b, r->title);
    buf_z(b, "</td><td>");
    put_text(b, r->did);
    buf_z(b, "</td><td>");
    put_text(b, r->found);
    buf_fmt(b, " <small>%.1f %s</small></td></tr>", (double)r->ms / 1000, W(k, "с", "s"));
}

crm_status check_write_page(const check *k, const char *path)
{
    buf b;
    buf_init(&b, 0);
    put_head(k, &b);
    buf_fmt(&b, "<table><thead><tr><th></th><th>%s</th><th>%s</th><th>%s</th></tr></thead><tbody>",
            W(k, "Что обещано", "Promise"), W(k, "Как проверено", "How it was tried"),
            W(k, "Что вышло", "What came out"));
    for (uint32_t i = 0; i < k->count; i++) {
        put_row(k, &k->rows[i], &b);
    }
    buf_fmt(&b, "</tbody></table><p><small>%s</small></p></body></html>\n",
            W(k, "Повторить: karkas module check КАТАЛОГ --report ФАЙЛ",
              "To repeat: karkas module check FOLDER --report FILE"));
    crm_status s = b.failed ? CRM_NOMEM : fs_write(path, buf_view(&b), 0644);
    buf_free(&b);
    return s;
}
