/*
 * archive.h - an archive of a module, read in memory: nothing of it gets a name of its own on the
 * disk before it is known who made it.
 *
 * ustar with the long names of GNU tar and of pax, plain or compressed by gzip, xz, bzip2 or zstd.
 * It holds regular files and folders below where it is unpacked; links, devices, names that lead
 * out, a file twice, and more or larger files than a module has are refused by name.
 *
 * Blocking; the installing process and the kit.
 */
#ifndef PLUG_ARCHIVE_H
#define PLUG_ARCHIVE_H

#include "plug/descriptor.h"
#include "plug/plug.h"

#define ARCHIVE_MEMBERS 4096
#define ARCHIVE_FILE    ((size_t)64 << 20)  /* bytes of one */
#define ARCHIVE_ALL     ((size_t)256 << 20) /* of all */

typedef struct archive_member {
    crm_str path; /* "shop-1.0.0/ui/ui.js"; in the arena or the map */
    crm_str bytes;
} archive_member;
typedef struct archive {
    crm_str name; /* of its file, without folders: what refusals name */
    void *map;    /* unpacked to one file, which has no name any more */
    size_t size;
    archive_member *files; /* without folders, in their order */
    uint32_t count;
    crm_str root; /* "shop-1.0.0/", or empty: where module.yaml lies */
} archive;

/* Reads all of it by way of a file in `beside`, a folder of our own. INVALID with *why, NOMEM,
 * INTERNAL. */
CRM_MUST_CHECK crm_status archive_open(arena *a, const char *file, const char *beside, archive *out,
                                       refusal *why);
void archive_close(archive *x);
/* What a tar of `bytes` holds. INVALID with *why, NOMEM. */
CRM_MUST_CHECK crm_status archive_read(arena *a, crm_str bytes, archive *out, refusal *why);
/*
 * Whether the list of its files is signed by who is trusted here, and the files are those of the
 * list to the byte: as package.h says it of a folder. INVALID with *why, NOMEM.
 */
CRM_MUST_CHECK crm_status archive_check(arena *a, const archive *x, refusal *why);
/* Writes its files below `into`, which is there and empty. */
CRM_MUST_CHECK crm_status archive_write(arena *a, const archive *x, const char *into);

#endif
