/* file_type.c - the media type of a file by its first bytes, and by its name only where they say
 * nothing. What may run in a browser is never told so: it is bytes. Any thread. */
#include "data/files.h"

typedef struct magic {
    const char *bytes;
    size_t n, at;
    const char *type;
} magic;

#define MAGIC(bytes, at, type)               \
    {                                        \
        (bytes), sizeof(bytes) - 1, at, type \
    }
static const magic magics[] = {
    MAGIC("\x89PNG\r\n\x1a\n", 0, "image/png"),
    MAGIC("\xff\xd8\xff", 0, "image/jpeg"),
    MAGIC("GIF87a", 0, "image/gif"),
    MAGIC("GIF89a", 0, "image/gif"),
    MAGIC("WEBP", 8, "image/webp"),
    MAGIC("%PDF-", 0, "application/pdf"),
    MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-ole-storage"),
    MAGIC("PK\x03\x04", 0, "application/zip"),
    MAGIC("Rar!\x1a\x07", 0, "application/vnd.rar"),
    MAGIC("7z\xbc\xaf\x27\x1c", 0, "application/x-7z-compressed"),
    MAGIC("\x1f\x8b", 0, "application/gzip"),
    MAGIC("OggS", 0, "audio/ogg"),
    MAGIC("ID3", 0, "audio/mpeg"),
    MAGIC("\xff\xfb", 0, "audio/mpeg"),
    MAGIC("WAVE", 8, "audio/wav"),
    MAGIC("ftyp", 4, "video/mp4"),
};

/* Endings that make a container or a text more exact: `of` is what the content must be. */
static const struct {
    const char *ending, *of, *type;
} endings[] = {
    {".docx", "application/zip",
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".xlsx", "application/zip",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".pptx", "application/zip",
     "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {".odt", "application/zip", "application/vnd.oasis.opendocument.text"},
    {".ods", "application/zip", "application/vnd.oasis.opendocument.spreadsheet"},
    {".doc", "application/x-ole-storage", "application/msword"},
    {".xls", "application/x-ole-storage", "application/vnd.ms-excel"},
    {".m4a", "video/mp4", "audio/mp4"},
    {".csv", "text/plain", "text/csv"},
    {".ics", "text/plain", "text/calendar"},
    {".vcf", "text/plain", "text/vcard"},
};

static bool has_ending(crm_str name, crm_str ending)
{
    return name.n > ending.n &&
           str_eq_ascii_nocase((crm_str){name.p + name.n - ending.n, ending.n}, ending);
}

/* Text has no control characters but the usual ones; markup is text as well. */
static bool is_text(crm_str head)
{
    for (size_t i = 0; i < head.n; i++) {
        unsigned char c = (unsigned char)head.p[i];
        if (c < ' ' && c != '\t' && c != '\n' && c != '\r') {
            return false;
        }
    }
    return head.n > 0;
}

static const char *by_content(crm_str head)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const magic *m = &magics[i];
        if (head.n >= m->at + m->n && memcmp(head.p + m->at, m->bytes, m->n) == 0) {
            return m->type;
        }
    }
    return is_text(head) ? "text/plain" : "application/octet-stream";
}

crm_str file_media_type(crm_str head, crm_str name)
{
    const char *type = by_content(head);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (strcmp(endings[i].of, type) == 0 && has_ending(name, str_of(endings[i].ending))) {
            return str_of(endings[i].type);
        }
    }
    return str_of(type);
}

bool file_is_image(crm_str t)
{
    return str_is(t, "image/png") || str_is(t, "image/jpeg") || str_is(t, "image/gif") ||
           str_is(t, "image/webp");
}
