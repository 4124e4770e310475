/* test_base_csv.c - encodings, separated values and the oddities of spreadsheets. */
#include "unit.h"

#include "base/csv.h"
#include "table_text.h"

/* "a|b\n" for every row, '<fault>' behind a faulty one: what a table reads as. */
static void read_all(crm_str file, const csv_format *format, size_t piece, buf *out)
{
    table_text text = {file, piece};
    csv_reader *r;
    table_row row;
    assert_ok(csv_open(table_text_source(&text), format, &r));
    buf_clear(out);
    crm_status s;
    while ((s = csv_next(r, &row)) == CRM_OK) {
        for (uint32_t i = 0; i < row.count; i++) {
            buf_str(out, i ? CRM_S("|") : CRM_S(""));
            buf_str(out, row.cells[i]);
        }
        if (row.fault) {
            buf_fmt(out, "<%s %lld:%u>", table_fault_code(row.fault), (long long)row.line,
                    row.fault_column);
        }
        buf_char(out, '\n');
    }
    assert_int_equal(s, CRM_NOT_FOUND);
    csv_close(r);
}

/* However the bytes arrive, the rows are the same. */
static void assert_rows(crm_str file, const char *rows)
{
    buf out;
    csv_format format = csv_guess(file);
    buf_init(&out, (size_t)64 << 20);
    for (size_t piece = 1; piece <= 3; piece++) {
        read_all(file, &format, piece, &out);
        assert_text(buf_view(&out), rows);
    }
    read_all(file, &format, 0, &out);
    assert_text(buf_view(&out), rows);
    buf_free(&out);
}

static void rows_end_in_any_kind_of_line_break(void **state)
{
    (void)state;
    assert_rows(CRM_S("a;b\r\nc;d\ne;f\rg;h"), "a|b\nc|d\ne|f\ng|h\n");
    assert_rows(CRM_S("a;b\r\n\r\n\n;;\nc;d\n"), "a|b\nc|d\n");
}

static void quotes_hold_separators_line_breaks_and_quotes(void **state)
{
    (void)state;
    assert_rows(CRM_S("a;\"b;c\"\r\nd;\"e\r\nf \"\"g\"\"\"\r\n"), "a|b;c\nd|e\nf \"g\"\n");
    assert_rows(CRM_S("ООО \"Ромашка\";1\n\"x\"y;2\n"), "ООО \"Ромашка\"|1\nxy|2\n");
    assert_rows(CRM_S("a;\"\";c\n\"\";\"\"\n"), "a||c\n");
}

static void the_separator_is_the_one_that_cuts_lines_alike(void **state)
{
    (void)state;
    assert_int_equal(csv_guess(CRM_S("a,b,c\n\"1;2;3;4\",2,3\n1,2,3\n")).separator, ',');
    assert_int_equal(csv_guess(CRM_S("a\tb\n1,5\t2,5\n")).separator, '\t');
    assert_int_equal(csv_guess(CRM_S("name;sum\nИванов;1,50\nПетров;2,00\n")).separator, ';');
    assert_int_equal(csv_guess(CRM_S("только один столбец\nещё\n")).separator, ';');
    assert_rows(CRM_S("sep=,\r\na,b;c\r\n"), "a|b;c\n");
    assert_rows(CRM_S("\xEF\xBB\xBFsep=|\na|b;c\n"), "a|b;c\n");
}

static void encodings_are_recognised(void **state)
{
    (void)state;
    size_t mark;
    assert_int_equal(charset_guess(CRM_S("Имя;Телефон"), &mark), CHARSET_UTF8);
    assert_int_equal(charset_guess(BYTES("\xEF\xBB\xBF"
                                         "a;b"),
                                   &mark),
                     CHARSET_UTF8);
    assert_int_equal(mark, 3);
    assert_int_equal(charset_guess(BYTES("\xC8\xEC\xFF;\xF2\xE5\xEB\xE5\xF4\xEE\xED"), &mark),
                     CHARSET_CP1251);
    assert_int_equal(charset_guess(BYTES("\x88\xAC\xEF;\xE2\xA5\xAB\xA5\xE4\xAE\xAD"), &mark),
                     CHARSET_CP866);
    assert_int_equal(charset_guess(BYTES("\xE9\xCD\xD1;\xD4\xC5\xCC\xC5\xC6\xCF\xCE"), &mark),
                     CHARSET_KOI8R);
    assert_int_equal(charset_guess(BYTES("\xFF\xFE"
                                         "a\0;\0b\0"),
                                   &mark),
                     CHARSET_UTF16LE);
    assert_int_equal(charset_guess(BYTES("\0a\0;\0b\0\r\0\n"), &mark), CHARSET_UTF16BE);
}

static void every_encoding_reads_as_the_same_text(void **state)
{
    (void)state;
    assert_rows(BYTES("\xC8\xEC\xFF;\xF2\xE5\xEB\xE5\xF4\xEE\xED\n\xB9 1;\xA8\n"),
                "Имя|телефон\n№ 1|Ё\n");
    assert_rows(BYTES("\x88\xAC\xEF;\xE2\xA5\xAB\xA5\xE4\xAE\xAD\n"), "Имя|телефон\n");
    assert_rows(BYTES("\xE9\xCD\xD1;\xD4\xC5\xCC\xC5\xC6\xCF\xCE\n"), "Имя|телефон\n");
    assert_rows(BYTES("\xFF\xFE\x18\x04;\0\x3D\xD8\x00\xDE\n\0b\0;\0c\0"), "И|😀\nb|c\n");
}

static void a_broken_character_faults_its_row_and_no_other(void **state)
{
    (void)state;
    assert_rows(BYTES("Имя;Город\nИван;Москва\n\xFFПётр;Тверь\nАнна;Ржев\nОльга;Клин\n"),
                "Имя|Город\nИван|Москва\n\xEF\xBF\xBDПётр|Тверь<bad_encoding 3:1>\nАнна|Ржев\n"
                "Ольга|Клин\n");
}

static void a_file_that_ends_inside_quotes_faults_its_last_row(void **state)
{
    (void)state;
    assert_rows(CRM_S("a;b\nc;\"d\ne"), "a|b\nc|d\ne<csv_quote 2:2>\n");
}

static void a_huge_cell_and_too_many_columns_fault_their_row(void **state)
{
    (void)state;
    buf file, out;
    csv_format format = {CHARSET_UTF8, ';'};
    buf_init(&file, (size_t)64 << 20);
    buf_init(&out, (size_t)64 << 20);
    buf_z(&file, "a;");
    for (int i = 0; i < 10 << 20; i++) {
        buf_char(&file, 'x');
    }
    buf_z(&file, ";c\nd;e\n");
    for (int i = 0; i < 10000; i++) {
        buf_z(&file, "y;");
    }
    buf_z(&file, "\nf;g\n");
    read_all(buf_view(&file), &format, 0, &out);
    crm_str rest = buf_view(&out), line;
    assert_true(str_split(&rest, '\n', &line));
    assert_true(str_ends(line, CRM_S("|c<cell_too_long 1:2>")));
    assert_true(str_split(&rest, '\n', &line));
    assert_text(line, "d|e");
    assert_true(str_split(&rest, '\n', &line));
    assert_true(str_ends(line, CRM_S("<too_many_columns 3:513>")));
    assert_true(str_split(&rest, '\n', &line));
    assert_text(line, "f|g");
    buf_free(&file);
    buf_free(&out);
}

static void a_million_empty_rows_are_none(void **state)
{
    (void)state;
    buf file, out;
    csv_format format = {CHARSET_UTF8, ';'};
    buf_init(&file, (size_t)64 << 20);
    buf_init(&out, 0);
    for (int i = 0; i < 1000000; i++) {
        buf_z(&file, ";;;\r\n");
    }
    buf_z(&file, "a;b\r\n");
    read_all(buf_view(&file), &format, 0, &out);
    assert_text(buf_view(&out), "a|b\n");
    buf_free(&file);
    buf_free(&out);
}

static crm_str plain(const char *cell)
{
    static char scratch[256];
    return csv_plain(str_of(cell), scratch);
}

static void what_excel_writes_is_read_as_it_is_meant(void **state)
{
    (void)state;
    assert_text(plain("=\"00123\""), "00123");
    assert_text(plain("=\"say \"\"hi\"\"\""), "say \"hi\"");
    assert_text(plain("'+7 916 123-45-67"), "+7 916 123-45-67");
    assert_text(plain("'00123"), "00123");
    assert_text(plain("'s-Hertogenbosch"), "'s-Hertogenbosch");
    assert_text(plain("'"), "'");
    assert_true(csv_is_rounded(CRM_S("7,91612E+10")));
    assert_true(csv_is_rounded(CRM_S("7E+10")));
    assert_true(csv_is_rounded(CRM_S("-1.5e+3")));
    assert_false(csv_is_rounded(CRM_S("79161234567")));
    assert_false(csv_is_rounded(CRM_S("12E")));
    assert_false(csv_is_rounded(CRM_S("1E-5")));
}

static void assert_cell(const char *text, const char *written)
{
    buf out;
    char scratch[256];
    table_text file;
    csv_reader *r;
    table_row row;
    csv_format format = {CHARSET_UTF8, ';'};
    buf_init(&out, 0);
    csv_put_cell(&out, str_of(text), ';');
    assert_text(buf_view(&out), written);
    file = (table_text){buf_view(&out), 0};
    assert_ok(csv_open(table_text_source(&file), &format, &r));
    assert_ok(csv_next(r, &row));
    assert_text(csv_plain(row.cells[0], scratch), text);
    csv_close(r);
    buf_free(&out);
}

static void formulas_are_neutralised_and_read_back(void **state)
{
    (void)state;
    assert_cell("=1+1", "'=1+1");
    assert_cell("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"");
    assert_cell("@SUM(A1)", "'@SUM(A1)");
    assert_cell("-1-1", "'-1-1");
    assert_cell("-", "'-");
    assert_cell("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0");
    assert_cell("+7 (916) 123-45-67", "+7 (916) 123-45-67");
    assert_cell("+79161234567, +79161234568", "+79161234567, +79161234568");
    assert_cell("+79161234567, =1", "'+79161234567, =1");
    assert_cell("+74951234567 доб. 12, +74951234567 ext. 7",
                "+74951234567 доб. 12, +74951234567 ext. 7");
    assert_cell("+74951234567 A1. 7", "'+74951234567 A1. 7");
    assert_cell("-1 500,00", "-1 500,00");
    assert_cell("'=1+1", "''=1+1");
    assert_cell("'s-Hertogenbosch", "'s-Hertogenbosch");
    assert_cell("a;b \"c\"", "\"a;b \"\"c\"\"\"");
    assert_cell("две\nстроки", "\"две\nстроки\"");
    assert_cell(" по краям ", "\" по краям \"");
}

static void what_an_encoding_lacks_is_counted(void **state)
{
    (void)state;
    charset_decoder d;
    buf out;
    uint64_t lost = 0;
    buf_init(&out, 0);
    assert_ok(charset_open(&d, CHARSET_CP1251));
    charset_encode(&d, CRM_S("Ёж № 5 😀 ₸"), &out, &lost);
    assert_text(buf_view(&out), "\xA8\xE6 \xB9 5 ? ?");
    assert_int_equal(lost, 2);
    buf_free(&out);
}

static void a_row_survives_its_stored_form(void **state)
{
    (void)state;
    crm_str cells[] = {CRM_S("a"), CRM_S(""), CRM_S("два\nряда")}, got[TABLE_COLUMNS_MAX];
    table_row row = {.line = 1000000,
                     .cells = cells,
                     .count = 3,
                     .fault = TABLE_LONG,
                     .fault_column = 2},
              back;
    buf out;
    buf_init(&out, 0);
    table_put(&out, &row);
    crm_str rest = buf_view(&out);
    for (size_t n = 0; n < out.n; n++) {
        crm_str part = {out.p, n};
        assert_int_equal(table_take(&part, got, &back), CRM_NOT_FOUND);
        assert_int_equal(part.n, n);
    }
    assert_ok(table_take(&rest, got, &back));
    assert_int_equal(rest.n, 0);
    assert_int_equal(back.line, 1000000);
    assert_int_equal(back.count, 3);
    assert_int_equal(back.fault, TABLE_LONG);
    assert_text(back.cells[2], "два\nряда");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_end_in_any_kind_of_line_break),
        cmocka_unit_test(quotes_hold_separators_line_breaks_and_quotes),
        cmocka_unit_test(the_separator_is_the_one_that_cuts_lines_alike),
        cmocka_unit_test(encodings_are_recognised),
        cmocka_unit_test(every_encoding_reads_as_the_same_text),
        cmocka_unit_test(a_broken_character_faults_its_row_and_no_other),
        cmocka_unit_test(a_file_that_ends_inside_quotes_faults_its_last_row),
        cmocka_unit_test(a_huge_cell_and_too_many_columns_fault_their_row),
        cmocka_unit_test(a_million_empty_rows_are_none),
        cmocka_unit_test(what_excel_writes_is_read_as_it_is_meant),
        cmocka_unit_test(formulas_are_neutralised_and_read_back),
        cmocka_unit_test(what_an_encoding_lacks_is_counted),
        cmocka_unit_test(a_row_survives_its_stored_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
