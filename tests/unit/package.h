/* package.h - a spreadsheet made of given parts, as an open file: what a program might write, and
 * what a stranger might. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

#include "base/str.h"

typedef struct package_part {
    const char *path;
    crm_str text;
} package_part;

#define PACKAGE_RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

/* The parts every workbook has; `sheet` and what else is given stand beside them. */
static inline int package_open(crm_str sheet, const package_part *more, size_t count)
{
    static const package_part usual[] = {
        {"_rels/.rels", {0}}, {"xl/workbook.xml", {0}}, {"xl/_rels/workbook.xml.rels", {0}}};
    static const char *const texts[] = {
        "<Relationships><Relationship Id=\"rId1\" Type=\"" PACKAGE_RELATIONS
        "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        "<workbook xmlns:r=\"" PACKAGE_RELATIONS "\"><sheets><sheet name=\"Лист1\" sheetId=\"1\" "
        "r:id=\"rId1\"/></sheets></workbook>",
        "<Relationships><Relationship Id=\"rId1\" Type=\"" PACKAGE_RELATIONS
        "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" "
        "Type=\"" PACKAGE_RELATIONS "/styles\" Target=\"styles.xml\"/><Relationship Id=\"rId3\" "
        "Type=\"" PACKAGE_RELATIONS "/sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>"
        "</Relationships>"};
    zip_error_t e;
    zip_error_init(&e);
    zip_source_t *file = zip_source_buffer_create(NULL, 0, 0, &e);
    zip_t *zip = zip_open_from_source(file, ZIP_TRUNCATE, &e);
    zip_source_keep(file);
    for (size_t i = 0; i < 3 + 1 + count; i++) {
        const package_part *p = i < 3 ? &usual[i] : i > 3 ? &more[i - 4] : NULL;
        const char *path = p ? p->path : "xl/worksheets/sheet1.xml";
        crm_str text = i < 3 ? str_of(texts[i]) : p ? p->text : sheet;
        zip_source_t *part = zip_source_buffer(zip, text.p, text.n, 0);
        zip_file_add(zip, path, part, ZIP_FL_OVERWRITE);
    }
    zip_close(zip);
    int fd = memfd_create("package", 0);
    char piece[65536];
    zip_int64_t n;
    zip_source_open(file);
    while ((n = zip_source_read(file, piece, sizeof piece)) > 0 && write(fd, piece, (size_t)n) == n) {
    }
    zip_source_close(file);
    zip_source_free(file);
    return fd;
}

#endif
