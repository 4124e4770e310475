/* test_sheet_xlsx.c - spreadsheets as programs write them, and as strangers forge them. */
#include "unit.h"

#include <fcntl.h>

#include "base/fs.h"
#include "package.h"
#include "sheet/sheet.h"
#include "table_text.h"

#define ROWS(xml) "<worksheet><sheetData>" xml "</sheetData></worksheet>"

/* The frames as "line:a|b" lines, '<fault>' behind a faulty row, the outcome last. Shared strings
 * lie in `spill`. */
static void read_file_with(int fd, int spill, buf *out)
{
    int ends[2];
    crm_str cells[TABLE_COLUMNS_MAX];
    table_row row;
    sheet_output to = {.fd = -1};
    /* Nothing is flushed below the limit: the frames are read where they gather. */
    buf_init(&to.pending, (size_t)64 << 20);
    assert_int_equal(pipe(ends), 0);
    to.fd = ends[1];
    const char *code = sheet_read(fd, spill, 0, 100, &to);
    crm_str rest = buf_view(&to.pending);
    buf_clear(out);
    while (rest.n && table_take(&rest, cells, &row) == CRM_OK) {
        buf_fmt(out, "%lld:", (long long)row.line);
        for (uint32_t i = 0; i < row.count; i++) {
            buf_str(out, i ? CRM_S("|") : CRM_S(""));
            buf_str(out, row.cells[i]);
        }
        if (row.fault) {
            buf_fmt(out, "<%s %u>", table_fault_code(row.fault), row.fault_column);
        }
        buf_char(out, '\n');
    }
    buf_z(out, code);
    buf_free(&to.pending);
    close(ends[0]);
    close(ends[1]);
}

static void read_file(int fd, buf *out)
{
    int spill = sheet_spill_open("/tmp");
    assert_true(spill >= 0);
    read_file_with(fd, spill, out);
    close(spill);
}

static void assert_read(crm_str sheet, const package_part *more, size_t count, const char *text)
{
    buf out;
    buf_init(&out, 0);
    read_file(package_open(sheet, more, count), &out);
    assert_text(buf_view(&out), text);
    buf_free(&out);
}

static void cells_stand_where_their_reference_says(void **state)
{
    (void)state;
    assert_read(CRM_S(ROWS("<row r=\"2\"><c r=\"B2\" t=\"inlineStr\"><is><t>b</t></is></c>"
                           "<c r=\"D2\"><v>4</v></c></row><row r=\"5\"><c><v>1</v></c>"
                           "<c t=\"str\"><v>x</v></c></row><row r=\"6\"/>")),
                NULL, 0, "0:Лист1\n2:|b||4\n5:1|x\nok");
}

static void shared_strings_are_joined_of_their_runs(void **state)
{
    (void)state;
    package_part strings = {"xl/sharedStrings.xml",
                            CRM_S("<sst><si><t>Иван</t></si><si><r><t>Пё</t></r><r><t>тр</t></r>"
                                  "<rPh><t>no</t></rPh></si></sst>")};
    assert_read(CRM_S(ROWS("<row><c t=\"s\"><v>1</v></c><c t=\"s\"><v>0</v></c>"
                           "<c t=\"s\"><v>77</v></c></row>")),
                &strings, 1, "0:Лист1\n1:Пётр|Иван\nok");
}

#define MANY 300000

/* As many as a big sheet has, each another text. */
static package_part many_strings(buf *xml)
{
    buf_init(xml, (size_t)64 << 20);
    buf_z(xml, "<sst>");
    for (int i = 0; i < MANY; i++) {
        buf_fmt(xml, "<si><t>строка %d</t></si>", i);
    }
    buf_z(xml, "</sst>");
    return (package_part){"xl/sharedStrings.xml", buf_view(xml)};
}

#define SHARED(n) "<c t=\"s\"><v>" #n "</v></c>"
#define SHARED_ROW \
    ROWS("<row>" SHARED(299999) SHARED(0) SHARED(31) SHARED(32) SHARED(150001) SHARED(1) "</row>")

static void many_shared_strings_lie_in_a_file_and_are_found_in_any_order(void **state)
{
    (void)state;
    buf xml, out;
    package_part strings = many_strings(&xml);
    int spill = sheet_spill_open("/tmp");
    buf_init(&out, 0);
    read_file_with(package_open(CRM_S(SHARED_ROW), &strings, 1), spill, &out);
    assert_text(buf_view(&out), "0:Лист1\n1:строка 299999|строка 0|строка 31|строка 32|"
                                "строка 150001|строка 1\nok");
    assert_true(lseek(spill, 0, SEEK_END) > (off_t)MANY * 18);
    close(spill);
    buf_free(&xml);
    buf_free(&out);
}

static void shared_strings_that_the_disk_does_not_take_are_told(void **state)
{
    (void)state;
    buf xml, out;
    package_part strings = many_strings(&xml);
    int full = open("/dev/full", O_RDWR);
    assert_true(full >= 0);
    buf_init(&out, 0);
    read_file_with(package_open(CRM_S(SHARED_ROW), &strings, 1), full, &out);
    assert_text(buf_view(&out), "0:Лист1\nno_space");
    close(full);
    buf_free(&xml);
    buf_free(&out);
}

/* A file in memory stands on a file system that says of itself that it has no room. */
static void shared_strings_leave_the_database_its_room(void **state)
{
    (void)state;
    buf xml, out;
    package_part strings = many_strings(&xml);
    int spill = memfd_create("spill", 0);
    assert_true(spill >= 0);
    assert_int_equal(fs_room_of(spill), 0);
    buf_init(&out, 0);
    read_file_with(package_open(CRM_S(SHARED_ROW), &strings, 1), spill, &out);
    assert_text(buf_view(&out), "0:Лист1\nno_space");
    assert_int_equal(lseek(spill, 0, SEEK_END), 0);
    close(spill);
    buf_free(&xml);
    buf_free(&out);
}

static void a_shared_string_too_long_for_a_cell_faults_its_row_alone(void **state)
{
    (void)state;
    buf xml;
    buf_init(&xml, (size_t)4 << 20);
    buf_z(&xml, "<sst><si><t>до</t></si><si><t>");
    for (size_t i = 0; i <= TABLE_CELL_MAX; i++) {
        buf_char(&xml, 'x');
    }
    buf_z(&xml, "</t></si><si><t>после</t></si></sst>");
    package_part strings = {"xl/sharedStrings.xml", buf_view(&xml)};
    assert_read(CRM_S(ROWS("<row>" SHARED(0) SHARED(1) SHARED(2) "</row><row>" SHARED(2) "</row>")),
                &strings, 1, "0:Лист1\n1:до||после<cell_too_long 2>\n2:после\nok");
    buf_free(&xml);
}

static void more_rows_than_a_sheet_has_are_refused_by_name(void **state)
{
    (void)state;
    assert_read(CRM_S(ROWS("<row r=\"1048576\"><c><v>1</v></c></row><row r=\"1048577\"/>")), NULL,
                0, "0:Лист1\n1048576:1\nok");
    assert_read(CRM_S(ROWS("<row r=\"1048576\"><c><v>1</v></c></row><row><c><v>2</v></c></row>")),
                NULL, 0, "0:Лист1\n1048576:1\ntoo_many_rows");
}

static void numbers_are_read_as_they_are_shown(void **state)
{
    (void)state;
    package_part styles = {
        "xl/styles.xml",
        CRM_S("<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd\\.mm\\.yyyy;@\"/>"
              "<numFmt numFmtId=\"165\" formatCode=\"00000\"/><numFmt numFmtId=\"166\" "
              "formatCode=\"#,##0.00\\ &quot;дней&quot;\"/></numFmts><cellStyleXfs><xf "
              "numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/>"
              "<xf numFmtId=\"165\"/><xf numFmtId=\"166\"/><xf numFmtId=\"22\"/><xf "
              "numFmtId=\"10\"/><xf numFmtId=\"20\"/></cellXfs></styleSheet>")};
    assert_read(
        CRM_S(ROWS("<row><c><v>7.9161234567E10</v></c><c s=\"1\"><v>46404</v></c>"
                   "<c s=\"2\"><v>123</v></c><c s=\"3\"><v>1500.1000000000001</v></c>"
                   "<c s=\"4\"><v>46404.417013888888</v></c><c s=\"5\"><v>0.155</v></c>"
                   "<c s=\"6\"><v>0.5</v></c><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c>"
                   "<c s=\"1\"><v>1</v></c></row>")),
        &styles, 1,
        "0:Лист1\n1:79161234567|2027-01-17|00123|1500.1|2027-01-17 10:00:30|15.5%|"
        "12:00:00|true|#N/A|1900-01-01\nok");
}

static void a_wide_row_is_faulted_and_the_next_is_read(void **state)
{
    (void)state;
    assert_read(CRM_S(ROWS("<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"ZZZ1\"><v>2</v></c></row>"
                           "<row r=\"2\"><c r=\"A2\"><v>3</v></c></row>")),
                NULL, 0, "0:Лист1\n1:1<too_many_columns 18278>\n2:3\nok");
}

static void a_document_type_is_refused(void **state)
{
    (void)state;
    assert_read(CRM_S("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" ROWS(
                    "<row><c t=\"str\"><v>&e;</v></c></row>")),
                NULL, 0, "0:Лист1\nxlsx_doctype");
}

static void broken_files_say_so(void **state)
{
    (void)state;
    buf out;
    int fd = memfd_create("none", 0);
    assert_read(CRM_S("<worksheet><sheetData><row>"), NULL, 0, "0:Лист1\nxlsx_broken");
    assert_int_equal(write(fd, "PK\3\4 but no more", 16), 16);
    buf_init(&out, 0);
    read_file(fd, &out);
    assert_text(buf_view(&out), "xlsx_broken");
    buf_free(&out);
}

static void what_unpacks_to_too_much_is_stopped(void **state)
{
    (void)state;
    buf bomb;
    buf_init(&bomb, (size_t)64 << 20);
    buf_z(&bomb, "<sst><si><t>");
    for (int i = 0; i < 40 << 20; i++) {
        buf_char(&bomb, 'x');
    }
    buf_z(&bomb, "</t></si></sst>");
    package_part strings = {"xl/sharedStrings.xml", buf_view(&bomb)};
    assert_read(CRM_S(ROWS("<row><c t=\"s\"><v>0</v></c></row>")), &strings, 1,
                "0:Лист1\nxlsx_bomb");
    buf_free(&bomb);
}

static void a_million_empty_rows_are_none(void **state)
{
    (void)state;
    buf xml;
    buf_init(&xml, (size_t)64 << 20);
    buf_z(&xml, "<worksheet><sheetData>");
    for (int i = 1; i < 1000000; i++) {
        buf_fmt(&xml, "<row r=\"%d\"/>", i);
    }
    buf_z(&xml, "<row><c><v>1</v></c></row></sheetData></worksheet>");
    assert_read(buf_view(&xml), NULL, 0, "0:Лист1\n1000000:1\nok");
    buf_free(&xml);
}

static void put_frame(buf *to, int64_t line, const char *a, const char *b, const char *c)
{
    crm_str cells[] = {str_of(a), str_of(b), str_of(c)};
    table_put(to, &(table_row){.line = line, .cells = cells, .count = a ? 3 : 0});
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    buf frames, out;
    char dir[] = "/tmp";
    int fd = open(dir, O_TMPFILE | O_RDWR, 0600);
    buf_init(&frames, 0);
    buf_init(&out, 0);
    put_frame(&frames, 0, "t", "n", "m");
    put_frame(&frames, 0, "Имя", "Сумма", "Когда");
    put_frame(&frames, 1, "=1+1", "-1500.50", "2027-01-18 10:00:30.250");
    put_frame(&frames, 2, "две\nстроки <&>", "12345678901234567890", "1812-06-24 00:00:00");
    put_frame(&frames, 0, NULL, NULL, NULL);
    table_text text = {buf_view(&frames), 0};
    assert_string_equal(sheet_write(table_text_source(&text), fd, dir), "ok");
    read_file(fd, &out);
    assert_text(buf_view(&out),
                "0:Sheet1\n1:Имя|Сумма|Когда\n2:=1+1|-1500.5|2027-01-18 10:00:30.250\n"
                "3:две\nстроки <&>|12345678901234567890|1812-06-24 00:00:00\nok");
    buf_free(&frames);
    buf_free(&out);
}

static void a_text_too_long_for_a_cell_is_named(void **state)
{
    (void)state;
    buf frames, cell;
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    buf_init(&frames, 0);
    buf_init(&cell, 0);
    for (int i = 0; i < 32768; i++) {
        buf_char(&cell, 'x');
    }
    buf_char(&cell, 0);
    put_frame(&frames, 0, "t", "t", "t");
    put_frame(&frames, 0, "a", "b", "c");
    put_frame(&frames, 1, cell.p, "", "");
    put_frame(&frames, 0, NULL, NULL, NULL);
    table_text text = {buf_view(&frames), 0};
    assert_string_equal(sheet_write(table_text_source(&text), fd, "/tmp"), "xlsx_cell");
    close(fd);
    buf_free(&frames);
    buf_free(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_stand_where_their_reference_says),
        cmocka_unit_test(shared_strings_are_joined_of_their_runs),
        cmocka_unit_test(many_shared_strings_lie_in_a_file_and_are_found_in_any_order),
        cmocka_unit_test(shared_strings_that_the_disk_does_not_take_are_told),
        cmocka_unit_test(shared_strings_leave_the_database_its_room),
        cmocka_unit_test(a_shared_string_too_long_for_a_cell_faults_its_row_alone),
        cmocka_unit_test(more_rows_than_a_sheet_has_are_refused_by_name),
        cmocka_unit_test(numbers_are_read_as_they_are_shown),
        cmocka_unit_test(a_wide_row_is_faulted_and_the_next_is_read),
        cmocka_unit_test(a_document_type_is_refused),
        cmocka_unit_test(broken_files_say_so),
        cmocka_unit_test(what_unpacks_to_too_much_is_stopped),
        cmocka_unit_test(a_million_empty_rows_are_none),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_text_too_long_for_a_cell_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
