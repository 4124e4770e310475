/* fs_copy.h - the bytes of one file in another. Blocking: no loop thread. */
#ifndef BASE_FS_COPY_H
#define BASE_FS_COPY_H

#include <crm/crm.h>

/* From where `from` stands to its end, and onto the disk. A status of errno. */
CRM_MUST_CHECK crm_status fs_copy_bytes(int from, int to);
/*
 * Puts the file `from` at `to`, in another folder of the same disk, where nothing is yet: CONFLICT where
 * something is, which stays as it is. `from` may be gone afterwards. Also where a disk knows no links, and
 * no renaming that overwrites nothing: a kill may leave an empty file at `to` there, with `from` where it
 * was, and never a part of it. The folder is not synced.
 */
CRM_MUST_CHECK crm_status fs_place(const char *from, const char *to);

#endif
