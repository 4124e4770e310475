/*
 * import.h - a person's file to records: how it is read, what its columns mean, what each row does.
 *
 * The file lies in <data>/import under a random name; a row of sys.import knows it. Reading and
 * looking things up happen on workers, one slice of the file ahead of the writer; a check is the same
 * work with every row taken back. Whose import it is alone sees it.
 */
#ifndef TABLE_IMPORT_H
#define TABLE_IMPORT_H

#include "flow/flow.h"
#include "flow/store.h"

#define IMPORT_SIZE_MAX ((uint64_t)500 << 20)
#define IMPORT_OPEN_MAX 5 /* of one user */

/* Where files lie (<data>/import is made) and which program reads spreadsheets. At start-up. */
CRM_MUST_CHECK crm_status import_set_up(const char *data, const char *sheet_program);
/* "<data>/import/<file><suffix>" in the arena. */
crm_str import_path(arena *a, crm_str file, const char *suffix);
#define IMPORT_SOURCE ".src"

/* Whether the caller may upload one more file for this entity: rights, quota, space. DENIED,
 * import_denied. Pool. */
CRM_MUST_CHECK crm_status import_allow(crm_ctx *c, const entity *e);
/*
 * Looks the file over and fills an unstored row: reading, columns, samples, what they are likely to
 * mean. `reading` (may be NULL) is how the user wants it read. INVALID import_format; TIMEOUT
 * xlsx_slow, when a workbook gives no row for half a minute; UNAVAILABLE when the server ends. Worker.
 */
CRM_MUST_CHECK crm_status import_analyse(crm_ctx *c, const entity *e, const json_t *reading,
                                         store_row *row);
/* The import of this id and of the caller, to be looked at or forgotten; NOT_FOUND else. Any blocking
 * session. */
CRM_MUST_CHECK crm_status import_load(crm_ctx *c, int64_t id, store_row *row);
/* DENIED, import_denied, when the caller may not import such records, or not any more. Any blocking
 * session. */
CRM_MUST_CHECK crm_status import_check_right(crm_ctx *c, const store_row *row);
/* As API.md shows it. Pool. */
CRM_MUST_CHECK crm_status import_view(crm_ctx *c, const store_row *row, json_writer *w);
/* Starts a check or a run with these options, which are remembered. CONFLICT import_running. Writer. */
CRM_MUST_CHECK crm_status import_start(crm_ctx *c, int64_t id, json_t *options, bool is_check);
/* Whether a check or run is under way. Any blocking session. */
CRM_MUST_CHECK crm_status import_is_busy(crm_ctx *c, const store_row *row, bool *is_busy);
/* The refused rows of the check or run as a table with line and reason in front. Pool. */
CRM_MUST_CHECK crm_status import_errors(crm_ctx *c, const store_row *row, bool is_of_run, buf *out);
/* Forgets it; its file goes after the commit, by who calls. CONFLICT import_running. Writer. */
CRM_MUST_CHECK crm_status import_forget(crm_ctx *c, int64_t id, crm_str *file);
/* The file and all that was made of it. Not on a loop. */
void import_unlink(crm_str file);

/* Adds the kinds of batches and the job that clears up. */
CRM_MUST_CHECK crm_status import_register(registry *r);

#endif
