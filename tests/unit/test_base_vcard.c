/* test_base_vcard.c - address cards of three versions in, version 4.0 out. */
#include "unit.h"

#include "base/vcard.h"
#include "table_text.h"

static const char card21[] =
    "BEGIN:VCARD\r\nVERSION:2.1\r\n"
    "N;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=C8=E2=E0=ED=EE=E2;=C8=E2=E0=ED;;;\r\n"
    "FN;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=C8=E2=E0=ED =C8=E2=E0=ED=EE=E2\r\n"
    "TEL;CELL;VOICE:8 (916) 123-45-67\r\n"
    "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=D0=A1=D1=82=D1=80=D0=BE=D0=BA=D0=B0=0D=0A=\r\n"
    "=D0=B2=D1=82=D0=BE=D1=80=D0=B0=D1=8F\r\n"
    "END:VCARD\r\n";

static const char card4[] =
    "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971\r\nFN:Иван Иванов\r\n"
    "N:Иванов;Иван;Иванович;;\r\nORG:ООО «Ромашка»;Отдел\\; продаж\r\nTITLE:Директор\r\n"
    "item1.TEL;TYPE=\"cell,voice\";PREF=1;VALUE=uri:tel:+79161234567\r\n"
    "TEL;TYPE=\"work,voice\";VALUE=uri:tel:+74951234567;ext=101\r\n"
    "EMAIL;TYPE=work;PREF=1:ivan@example.ru\r\n"
    "ADR;TYPE=work:;;ул. Ленина\\, д. 1;Москва;;101000;Россия\r\nBDAY:19800302\r\n"
    "NOTE:Строка 1\\nСтрока 2\\, длин\r\n ная\r\nCATEGORIES:VIP,опт\r\n"
    "PHOTO;ENCODING=b:AAAA\r\n BBBB\r\nEND:VCARD\r\n";

static void read_one(crm_str file, size_t piece, table_row *row, vcard_reader **r)
{
    static table_text text;
    text = (table_text){file, piece};
    assert_ok(vcard_open(table_text_source(&text), CHARSET_UTF8, r));
    assert_ok(vcard_next(*r, row));
}

static void a_card_of_2_1_is_decoded(void **state)
{
    (void)state;
    vcard_reader *r;
    table_row row;
    for (size_t piece = 0; piece < 3; piece++) {
        read_one(str_of(card21), piece, &row, &r);
        assert_int_equal(row.line, 1);
        assert_int_equal(row.fault, TABLE_SOUND);
        assert_text(row.cells[VCARD_NAME], "Иван Иванов");
        assert_text(row.cells[VCARD_FAMILY], "Иванов");
        assert_text(row.cells[VCARD_PHONE], "8 (916) 123-45-67");
        assert_text(row.cells[VCARD_NOTE], "Строка\r\nвторая");
        assert_int_equal(vcard_next(r, &row), CRM_NOT_FOUND);
        vcard_close(r);
    }
}

static void a_card_of_4_0_gives_all_its_values(void **state)
{
    (void)state;
    vcard_reader *r;
    table_row row;
    read_one(str_of(card4), 0, &row, &r);
    assert_text(row.cells[VCARD_ORG], "ООО «Ромашка»");
    assert_text(row.cells[VCARD_UNIT], "Отдел; продаж");
    assert_text(row.cells[VCARD_TOWN], "Москва");
    assert_text(row.cells[VCARD_MIDDLE], "Иванович");
    assert_text(row.cells[VCARD_PHONE], "+79161234567\n+74951234567;ext=101");
    assert_text(row.cells[VCARD_ADDRESS], "101000, Россия, Москва, ул. Ленина, д. 1");
    assert_text(row.cells[VCARD_BIRTHDAY], "1980-03-02");
    assert_text(row.cells[VCARD_NOTE], "Строка 1\nСтрока 2, длинная");
    assert_text(row.cells[VCARD_TAGS], "VIP\nопт");
    assert_text(row.cells[VCARD_UID], "urn:uuid:4fbe8971");
    vcard_close(r);
}

/* Names and values of parameters have no case (RFC 6350 §3.3), and 2.1 may leave the name out. */
static void a_soft_break_is_joined_however_the_encoding_is_written(void **state)
{
    (void)state;
    static const char *const encodings[] = {
        "ENCODING=QUOTED-PRINTABLE", "encoding=quoted-printable", "Encoding=\"Quoted-Printable\"",
        "QUOTED-PRINTABLE", "quoted-printable"};
    vcard_reader *r;
    table_row row;
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        char file[512];
        snprintf(file, sizeof file,
                 "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;charset=utf-8;%s:=D0=98=\r\n=D0=B2=\r\n"
                 "=D0=B0=D0=BD\r\nX-LOGO;%s:=D0=\r\nTEL:1\r\nTEL:2=\r\n 3\r\nEND:VCARD\r\n",
                 encodings[i], encodings[i]);
        for (size_t piece = 0; piece < 3; piece++) {
            read_one(str_of(file), piece, &row, &r);
            assert_int_equal(row.fault, TABLE_SOUND);
            assert_text(row.cells[VCARD_NAME], "Иван");
            assert_text(row.cells[VCARD_PHONE], "2=3"); /* the other belongs to the logo */
            vcard_close(r);
        }
    }
}

static void add_many(buf *out, const char *text, size_t bytes)
{
    while (out->n < bytes) {
        buf_z(out, text);
    }
}

/* A photograph may be bigger than any line or row: it is passed over, in whichever way it is
 * folded. */
static void a_big_photograph_does_not_cost_the_card(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "PHOTO;ENCODING=b;TYPE=JPEG:", "item1.photo;base64:", "PHOTO;ENCODING=QUOTED-PRINTABLE:"};
    static const char *const texts[] = {"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk",
                                        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk\r\n ",
                                        "=FF=D8=FF=E0=00=10=4A=46=49=46=00=01=01=00=00=\r\n"};
    for (size_t i = 0; i < 3; i++) {
        buf file;
        vcard_reader *r;
        table_row row;
        buf_init(&file, 0);
        buf_z(&file, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:До\r\n");
        buf_z(&file, heads[i]);
        add_many(&file, texts[i], TABLE_ROW_MAX + (1 << 20));
        buf_z(&file, "\r\nTEL:1\r\nEND:VCARD\r\n");
        read_one(buf_view(&file), 0, &row, &r);
        assert_int_equal(row.fault, TABLE_SOUND);
        assert_text(row.cells[VCARD_NAME], "До");
        assert_text(row.cells[VCARD_PHONE], "1");
        assert_int_equal(vcard_next(r, &row), CRM_NOT_FOUND);
        vcard_close(r);
        buf_free(&file);
    }
}

/* What is to be kept has bounds: a value, and all of a card, which a row of the import has to hold.
 */
static void a_card_bigger_than_a_row_is_told_and_the_next_one_stands(void **state)
{
    (void)state;
    for (int lines = 1; lines <= 6; lines += 5) {
        buf file;
        vcard_reader *r;
        table_row row;
        buf_init(&file, 0);
        buf_z(&file, "BEGIN:VCARD\nFN:А\n");
        const char *const names[] = {"NOTE:", "URL:", "ORG:", "TITLE:", "UID:", "BDAY:"};
        for (int i = 0; i < lines; i++) {
            buf_z(&file, names[i]);
            add_many(&file, "0123456789abcdef",
                     file.n + (lines == 1 ? TABLE_ROW_MAX + 1 : TABLE_CELL_MAX - 64));
            buf_z(&file, "\n");
        }
        buf_z(&file, "END:VCARD\nBEGIN:VCARD\nFN:Б\nEND:VCARD\n");
        read_one(buf_view(&file), 0, &row, &r);
        assert_int_equal(row.fault, TABLE_LONG);
        size_t all = 0;
        for (uint32_t i = 0; i < row.count; i++) {
            all += row.cells[i].n;
        }
        assert_true(all <= TABLE_ROW_MAX);
        assert_ok(vcard_next(r, &row));
        assert_int_equal(row.fault, TABLE_SOUND);
        assert_text(row.cells[VCARD_NAME], "Б");
        vcard_close(r);
        buf_free(&file);
    }
}

/* Those of our own exports bring fields back; those of others a person may choose a field for. */
static void properties_of_one_program_are_columns_as_they_come(void **state)
{
    (void)state;
    vcard_reader *r;
    table_row row;
    for (size_t piece = 0; piece < 3; piece++) {
        read_one(CRM_S("BEGIN:VCARD\r\nFN:А\r\nx-Skype:ivan\r\nEND:VCARD\r\n"
                       "BEGIN:VCARD\r\nitem2.X-SKYPE;TYPE=home:a\r\nX-SKYPE:b\\, c\r\nTEL:1\r\n"
                       "TEL;X-KARKAS-FIELD=X-KARKAS-HOME;VALUE=uri:tel:+7495;ext=7\r\n"
                       "X-NO_NAME:1\r\nX-FACE;ENCODING=b:QUJD\r\nX-BAD;CHARSET=utf-8:\xff\r\n"
                       "X-KARKAS-RANK:tel:9\r\nEND:VCARD\r\n"),
                 piece, &row, &r);
        assert_int_equal(row.count, VCARD_COLUMNS + 1);
        assert_text(vcard_name(r, VCARD_COLUMNS), "X-SKYPE");
        assert_text(row.cells[VCARD_COLUMNS], "ivan");
        assert_ok(vcard_next(r, &row));
        assert_int_equal(row.fault, TABLE_SOUND);
        assert_int_equal(row.count, VCARD_COLUMNS + 4);
        assert_text(row.cells[VCARD_PHONE], "1");
        assert_text(row.cells[VCARD_COLUMNS], "a\nb, c");
        assert_text(vcard_name(r, VCARD_COLUMNS + 1), "X-KARKAS-HOME");
        assert_text(row.cells[VCARD_COLUMNS + 1], "+7495;ext=7");
        assert_text(row.cells[VCARD_COLUMNS + 2], ""); /* X-BAD, which cannot be read */
        assert_text(row.cells[VCARD_COLUMNS + 3], "tel:9");
        vcard_close(r);
    }
}

/* However many and long they are, what a card is read for stands. */
static void properties_of_other_programs_take_no_room(void **state)
{
    (void)state;
    buf file;
    vcard_reader *r;
    table_row row;
    buf_init(&file, 0);
    buf_z(&file, "BEGIN:VCARD\n");
    for (int i = 0; i < 600; i++) {
        buf_fmt(&file, "X-N%d:", i);
        add_many(&file, "0123456789abcdef",
                 file.n + (i < 100   ? 60000
                           : i < 102 ? (size_t)2 << 20
                                     : 1));
        buf_z(&file, "\n");
    }
    buf_z(&file, "NOTE:да\nEND:VCARD\nBEGIN:VCARD\nFN:Б\nNOTE:нет\nEND:VCARD\n");
    read_one(buf_view(&file), 0, &row, &r);
    assert_int_equal(row.fault, TABLE_SOUND);
    assert_int_equal(row.count, TABLE_COLUMNS_MAX);
    assert_text(row.cells[VCARD_NOTE], "да");
    assert_ok(vcard_next(r, &row));
    assert_int_equal(row.fault, TABLE_SOUND);
    assert_text(row.cells[VCARD_NOTE], "нет");
    vcard_close(r);
    buf_free(&file);
}

/* FN may be missing in 2.1, card by card; what a card says of itself counts. */
static void a_card_without_fn_is_named_by_its_n(void **state)
{
    (void)state;
    vcard_reader *r;
    table_row row;
    read_one(CRM_S("BEGIN:VCARD\r\nVERSION:2.1\r\nN:Иванов;Иван;Иванович;д-р;мл.\r\nEND:VCARD\r\n"
                   "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Петров;Пётр;;;\r\nFN:Петя\r\nEND:VCARD\r\n"
                   "BEGIN:VCARD\r\nVERSION:2.1\r\nN:;Анна\r\nEND:VCARD\r\n"),
             0, &row, &r);
    assert_text(row.cells[VCARD_NAME], "д-р Иванов Иван Иванович мл.");
    assert_text(row.cells[VCARD_FAMILY], "Иванов");
    assert_ok(vcard_next(r, &row));
    assert_text(row.cells[VCARD_NAME], "Петя");
    assert_ok(vcard_next(r, &row));
    assert_text(row.cells[VCARD_NAME], "Анна");
    vcard_close(r);
}

static void many_cards_know_their_lines_and_a_cut_one_its_fault(void **state)
{
    (void)state;
    vcard_reader *r;
    table_row row;
    crm_str file = CRM_S("noise\nBEGIN:VCARD\nFN:А\nEND:VCARD\n\nbegin:vcard\nFN:Б\nTEL:1");
    read_one(file, 2, &row, &r);
    assert_int_equal(row.line, 2);
    assert_text(row.cells[VCARD_NAME], "А");
    assert_ok(vcard_next(r, &row));
    assert_int_equal(row.line, 6);
    assert_text(row.cells[VCARD_NAME], "Б");
    assert_int_equal(row.fault, TABLE_BROKEN);
    assert_int_equal(vcard_next(r, &row), CRM_NOT_FOUND);
    vcard_close(r);
}

static void what_is_written_is_folded_and_reads_back(void **state)
{
    (void)state;
    buf out;
    vcard_reader *r;
    table_row row;
    crm_str note = CRM_S("Очень длинная заметка; с точкой, запятой \\ и\nвторой строкой, которая "
                         "уходит далеко за семьдесят пять октетов");
    crm_str parts[] = {CRM_S("Иванов"), CRM_S("Иван; младший"), CRM_S("")};
    buf_init(&out, 0);
    vcard_begin(&out);
    vcard_put(&out, "FN", "", CRM_S("Иван Иванов"));
    vcard_put_parts(&out, "N", parts, 3);
    vcard_put(&out, "NOTE", "", note);
    vcard_put(&out, "URL", "", (crm_str){0});
    vcard_end(&out);
    crm_str rest = buf_view(&out), line;
    while (str_split(&rest, '\n', &line)) {
        assert_true(line.n <= 76); /* 75 octets and the CR */
    }
    read_one(buf_view(&out), 0, &row, &r);
    assert_int_equal(row.cells[VCARD_NOTE].n, note.n);
    assert_memory_equal(row.cells[VCARD_NOTE].p, note.p, note.n);
    assert_text(row.cells[VCARD_GIVEN], "Иван; младший");
    assert_int_equal(row.fault, TABLE_SOUND);
    vcard_close(r);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_of_2_1_is_decoded),
        cmocka_unit_test(a_card_of_4_0_gives_all_its_values),
        cmocka_unit_test(a_soft_break_is_joined_however_the_encoding_is_written),
        cmocka_unit_test(a_big_photograph_does_not_cost_the_card),
        cmocka_unit_test(a_card_bigger_than_a_row_is_told_and_the_next_one_stands),
        cmocka_unit_test(properties_of_one_program_are_columns_as_they_come),
        cmocka_unit_test(properties_of_other_programs_take_no_room),
        cmocka_unit_test(a_card_without_fn_is_named_by_its_n),
        cmocka_unit_test(many_cards_know_their_lines_and_a_cut_one_its_fault),
        cmocka_unit_test(what_is_written_is_folded_and_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
