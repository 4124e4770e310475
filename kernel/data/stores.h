/*
 * stores.h - the kernel's own entities: their names, fields and column positions, in one place.
 *
 * They are the first entities of every registry in the order of STORE_MAP, so registry_store is an
 * array access, and a row's column is row[USER_LOGIN] without a look-up. Fields that the ТЗ or a
 * module adds (only to entities with an API) follow these, so the positions hold in every registry.
 *
 * X(column, name, type, flags). Texts of hidden stores have no limit but the type's own.
 */
#ifndef DATA_STORES_H
#define DATA_STORES_H

#include "data/registry.h"

/* ---- entities with an API -------------------------------------------------------------------- */

#define STORE_USER_FIELDS(X)                                                                       \
    X(USER_LOGIN, "login", TEXT, FIELD_REQUIRED | FIELD_UNIQUE)                                    \
    X(USER_NAME, "name", TEXT, FIELD_REQUIRED | FIELD_SEARCH | FIELD_PERSONAL)                     \
    X(USER_EMAIL, "email", EMAIL, FIELD_INDEXED | FIELD_PERSONAL)                                  \
    X(USER_PHONE, "phone", PHONE, FIELD_INDEXED | FIELD_PERSONAL)                                  \
    X(USER_DEPARTMENT, "department", REF, FIELD_INDEXED)                                           \
    X(USER_ROLES, "roles", TAGS, 0)                                                                \
    X(USER_LANG, "lang", CHOICE, 0)                                                                \
    X(USER_EXTENSION, "extension", TEXT, FIELD_INDEXED)                                            \
    X(USER_ON_LINE, "on_line", BOOL, 0)                                                            \
    X(USER_IS_DISABLED, "is_disabled", BOOL, 0)                                                    \
    X(USER_PREFS, "prefs", JSON, FIELD_HIDDEN)                                                     \
    X(USER_IS_SERVICE, "is_service", BOOL, 0)

#define STORE_DEPARTMENT_FIELDS(X)                                                                 \
    X(DEPARTMENT_NAME, "name", TEXT, FIELD_REQUIRED | FIELD_UNIQUE)                                \
    X(DEPARTMENT_TITLE, "title", TEXT, FIELD_REQUIRED | FIELD_SEARCH)                              \
    X(DEPARTMENT_PARENT, "parent", REF, FIELD_INDEXED)                                             \
    X(DEPARTMENT_HEAD, "head", USER, FIELD_INDEXED)                                                \
    X(DEPARTMENT_STAFF, "staff", INT, 0)

/* `entity` is the name and `record` the id of what it is about; both may be empty. */
#define STORE_NOTIFICATION_FIELDS(X)                                                               \
    X(NOTIFICATION_USER, "user", USER, FIELD_REQUIRED | FIELD_READ_ONLY)                           \
    X(NOTIFICATION_KIND, "kind", TEXT, FIELD_REQUIRED | FIELD_READ_ONLY)                           \
    X(NOTIFICATION_TEXT, "text", MULTILINE, FIELD_REQUIRED | FIELD_READ_ONLY)                      \
    X(NOTIFICATION_ENTITY, "entity", TEXT, FIELD_READ_ONLY)                                        \
    X(NOTIFICATION_RECORD, "record", INT, FIELD_READ_ONLY)                                         \
    X(NOTIFICATION_READ_AT, "read_at", DATETIME, 0)

/*
 * A list as somebody keeps it under a name: `entity` is whose records it lists, `state` what the UI shows it by,
 * `first` that its maker sees it first. Shared ones are everybody's to read.
 */
#define STORE_VIEW_FIELDS(X)                                                                       \
    X(VIEW_NAME, "name", TEXT, FIELD_REQUIRED)                                                     \
    X(VIEW_ENTITY, "entity", TEXT, FIELD_REQUIRED | FIELD_INDEXED)                                 \
    X(VIEW_STATE, "state", JSON, 0)                                                                \
    X(VIEW_SHARED, "shared", BOOL, 0)                                                              \
    X(VIEW_FIRST, "first", BOOL, 0)

/*
 * A long change (flow/batch.h). `entity` is the name of what it changes, `error` a code. Undoing sets
 * `undo_of` on the new batch and `undone_by` on the old one.
 */
#define STORE_BATCH_FIELDS(X)                                                                      \
    X(BATCH_USER, "user", USER, FIELD_REQUIRED | FIELD_READ_ONLY)                                  \
    X(BATCH_KIND, "kind", TEXT, FIELD_REQUIRED | FIELD_READ_ONLY)                                  \
    X(BATCH_ENTITY, "entity", TEXT, FIELD_READ_ONLY)                                               \
    X(BATCH_TITLE, "title", TEXT, FIELD_READ_ONLY)                                                 \
    X(BATCH_STATE, "state", CHOICE, FIELD_REQUIRED | FIELD_READ_ONLY)                              \
    X(BATCH_TOTAL, "total", INT, FIELD_READ_ONLY)                                                  \
    X(BATCH_DONE, "done", INT, FIELD_READ_ONLY)                                                    \
    X(BATCH_CHANGED, "changed", INT, FIELD_READ_ONLY)                                              \
    X(BATCH_FAILED, "failed", INT, FIELD_READ_ONLY)                                                \
    X(BATCH_CONFLICTS, "conflicts", INT, FIELD_READ_ONLY)                                          \
    X(BATCH_HIDDEN, "out_of_sight", INT, FIELD_READ_ONLY)                                          \
    X(BATCH_STARTED_AT, "started_at", DATETIME, FIELD_READ_ONLY)                                   \
    X(BATCH_ENDED_AT, "ended_at", DATETIME, FIELD_READ_ONLY)                                       \
    X(BATCH_UNDO_OF, "undo_of", REF, FIELD_READ_ONLY)                                              \
    X(BATCH_UNDONE_BY, "undone_by", REF, FIELD_READ_ONLY)                                          \
    X(BATCH_ERROR, "error", TEXT, FIELD_READ_ONLY)                                                 \
    X(BATCH_IS_QUIET, "is_quiet", BOOL, FIELD_READ_ONLY)                                           \
    X(BATCH_SPEC, "spec", JSON, FIELD_READ_ONLY | FIELD_HIDDEN)                                    \
    X(BATCH_CURSOR, "cursor", TEXT, FIELD_READ_ONLY | FIELD_HIDDEN)                                \
    X(BATCH_NOTES, "notes", INT, FIELD_READ_ONLY | FIELD_HIDDEN)                                   \
    X(BATCH_TOLD_AT, "told_at", INT,      FIELD_READ_ONLY | FIELD_HIDDEN)                          \
    X(BATCH_SCOPE, "scope", TEXT,          FIELD_READ_ONLY | FIELD_HIDDEN)

/*
 * A declaration made in the UI or by the API: of a field, or with no `field` of an entity (tz.h). What
 * is on its way stands in `next` until the data has followed: `phase` is "waiting" while the batch
 * converts values, "swapping" for the moment of the change itself, and "purging" while a batch removes
 * what is left of something retired.
 */
#define STORE_MODEL_FIELDS(X)                                                                      \
    X(MODEL_ENTITY, "entity", TEXT, FIELD_REQUIRED | FIELD_INDEXED)                                \
    X(MODEL_FIELD, "field", TEXT, 0)                                                               \
    X(MODEL_BODY, "body", JSON, 0)                                                                 \
    X(MODEL_NEXT, "next", JSON, 0)                                                                 \
    X(MODEL_PHASE, "phase", TEXT, 0)                                                               \
    X(MODEL_BATCH, "batch", INT, 0)
#define MODEL_WAITING "waiting"
#define MODEL_SWAPPING "swapping"
#define MODEL_PURGING "purging"

/*
 * A setting of a module that was changed at the server (flow/settings.h): `value` as JSON, empty once it
 * was put back; `aside` is why the version in force does not take it, once that was told; `at` and `by`
 * are of the last change that a person made.
 */
#define STORE_SETTING_FIELDS(X)                                                                    \
    X(SETTING_MODULE, "module", TEXT, FIELD_REQUIRED)                                              \
    X(SETTING_NAME, "name", TEXT, FIELD_REQUIRED)                                                  \
    X(SETTING_VALUE, "value", JSON, 0)                                                             \
    X(SETTING_ASIDE, "aside", TEXT, 0)                                                             \
    X(SETTING_AT, "at", DATETIME, 0)                                                               \
    X(SETTING_BY, "by", INT, 0)

/* ---- hidden stores (ENTITY_SYSTEM) ----------------------------------------------------------- */

/* `entity` is the durable id; `op` as in struct change; the row's id is the position. */
#define STORE_CHANGE_FIELDS(X)                                                                     \
    X(CHANGE_ENTITY, "entity", INT, 0)                                                             \
    X(CHANGE_RECORD, "record", INT, 0)                                                             \
    X(CHANGE_REV, "record_rev", INT, 0)                                                            \
    X(CHANGE_OP, "op", TEXT, 0)                                                                    \
    X(CHANGE_AT, "at", DATETIME, 0)                                                                \
    X(CHANGE_BY, "by", INT, 0)                                                                     \
    X(CHANGE_BY_NAME, "by_name", TEXT, 0)                                                          \
    X(CHANGE_VIA, "via", TEXT, 0)                                                                  \
    X(CHANGE_QUIET, "is_quiet", BOOL, 0)                                                           \
    X(CHANGE_BODY, "body", JSON, 0)                                                                \
    X(CHANGE_BATCH, "batch", INT, 0)

/* What went wrong with one row of a batch; `row` is the line of a file, `entity` a name. */
#define STORE_BATCH_ROW_FIELDS(X)                                                                  \
    X(BATCH_ROW_BATCH, "batch", INT, FIELD_INDEXED)                                                \
    X(BATCH_ROW_AT, "at", DATETIME, FIELD_INDEXED)                                                 \
    X(BATCH_ROW_ROW, "row", INT, 0)                                                                \
    X(BATCH_ROW_ENTITY, "entity", TEXT, 0)                                                         \
    X(BATCH_ROW_RECORD, "record", INT, 0)                                                          \
    X(BATCH_ROW_FIELD, "field", TEXT, 0)                                                           \
    X(BATCH_ROW_CODE, "code", TEXT, 0)                                                             \
    X(BATCH_ROW_PARAMS, "params", JSON, 0)                                                         \
    X(BATCH_ROW_TEXT, "text", TEXT, 0)                                                             \
    X(BATCH_ROW_IS_CONFLICT, "is_conflict", BOOL, 0)                                               \
    X(BATCH_ROW_IS_WARNING, "is_warning", BOOL, 0)

#define STORE_CURSOR_FIELDS(X)                                                                     \
    X(CURSOR_NAME, "name", TEXT, FIELD_UNIQUE)                                                     \
    X(CURSOR_POSITION, "position", INT, 0)

#define STORE_CREDENTIAL_FIELDS(X)                                                                 \
    X(CREDENTIAL_USER, "user", USER, FIELD_UNIQUE)                                                 \
    X(CREDENTIAL_PHC, "phc", TEXT, 0)                                                              \
    X(CREDENTIAL_IS_ONE_TIME, "is_one_time", BOOL, 0)                                              \
    X(CREDENTIAL_SET_AT, "set_at", DATETIME, 0)                                                    \
    X(CREDENTIAL_EXPIRES_AT, "expires_at", DATETIME, 0)

/* `hash`: SHA-256 of the token in hex. */
#define STORE_SESSION_FIELDS(X)                                                                    \
    X(SESSION_HASH, "hash", TEXT, FIELD_UNIQUE)                                                    \
    X(SESSION_USER, "user", USER, FIELD_INDEXED)                                                   \
    X(SESSION_STARTED_AT, "started_at", DATETIME, 0)                                               \
    X(SESSION_SEEN_AT, "seen_at", DATETIME, FIELD_INDEXED)                                         \
    X(SESSION_MUST_SET_PASSWORD, "must_set_password", BOOL, 0)                                     \
    X(SESSION_CSRF, "csrf", TEXT, 0)                                                               \
    X(SESSION_ADDRESS, "address", TEXT, 0)                                                         \
    X(SESSION_AGENT, "agent", TEXT, 0)

/* `key` names it, `hash` is SHA-256 of its secret in hex, `scope` as in access.h. */
#define STORE_TOKEN_FIELDS(X)                                                                      \
    X(TOKEN_KEY, "key", TEXT, FIELD_UNIQUE)                                                        \
    X(TOKEN_HASH, "hash", TEXT, 0)                                                                 \
    X(TOKEN_USER, "user", USER, FIELD_INDEXED)                                                     \
    X(TOKEN_NAME, "name", TEXT, 0)                                                                 \
    X(TOKEN_SCOPE, "scope", JSON, 0)                                                               \
    X(TOKEN_MADE_AT, "made_at", DATETIME, 0)                                                       \
    X(TOKEN_EXPIRES_AT, "expires_at", DATETIME, FIELD_INDEXED)                                     \
    X(TOKEN_USED_AT, "used_at", DATETIME, 0)

/*
 * A subscription of another system (flow/webhook.h). `entity` is a name, `ops` of "cud", `fields` and
 * `where` as JSON, `secret` a setting of secrets.h or {"salt":…}, `position` in the change log.
 */
#define STORE_WEBHOOK_FIELDS(X)                                                                    \
    X(WEBHOOK_NAME, "name", TEXT, FIELD_UNIQUE)                                                    \
    X(WEBHOOK_KEY_TEXT, "key", TEXT, 0)                                                            \
    X(WEBHOOK_TITLE, "title", TEXT, 0)                                                             \
    X(WEBHOOK_USER, "user", INT, 0)                                                                \
    X(WEBHOOK_OWNER, "owner", INT, 0)                                                              \
    X(WEBHOOK_URL, "url", MULTILINE, 0)                                                            \
    X(WEBHOOK_ENTITY, "entity", TEXT, 0)                                                           \
    X(WEBHOOK_OPS, "ops", TEXT, 0)                                                                 \
    X(WEBHOOK_FIELDS, "fields", JSON, 0)                                                           \
    X(WEBHOOK_WHERE, "where", JSON, 0)                                                             \
    X(WEBHOOK_IS_EACH, "is_each", BOOL, 0)                                                         \
    X(WEBHOOK_PARALLEL_OF, "parallel", INT, 0)                                                     \
    X(WEBHOOK_SECRET, "secret", JSON, 0)                                                           \
    X(WEBHOOK_OLD_SECRET, "old_secret", JSON, 0)                                                   \
    X(WEBHOOK_OLD_UNTIL, "old_until", DATETIME, 0)                                                 \
    X(WEBHOOK_IS_TZ, "is_tz", BOOL, 0)                                                             \
    X(WEBHOOK_STATE, "state", TEXT, 0)                                                             \
    X(WEBHOOK_REASON, "reason", TEXT, 0)                                                           \
    X(WEBHOOK_POSITION, "position", INT, 0)                                                        \
    X(WEBHOOK_FAILURES, "failures", INT, 0)                                                        \
    X(WEBHOOK_FAILING_SINCE, "failing_since", DATETIME, 0)                                         \
    X(WEBHOOK_NEXT_AT, "next_at", DATETIME, 0)                                                     \
    X(WEBHOOK_MADE_AT, "made_at", DATETIME, 0)

/* What is or was to be told to one; the texts, the beginnings of both bodies, stand last. */
#define STORE_DELIVERY_FIELDS(X)                                                                   \
    X(DELIVERY_WEBHOOK, "webhook", INT, 0)                                                         \
    X(DELIVERY_MESSAGE, "message", TEXT, 0)                                                        \
    X(DELIVERY_POSITION, "position", INT, 0)                                                       \
    X(DELIVERY_ENTITY, "entity", TEXT, 0)                                                          \
    X(DELIVERY_RECORD, "record", INT, 0)                                                           \
    X(DELIVERY_OP, "op", TEXT, 0)                                                                  \
    X(DELIVERY_BATCH, "batch", INT, 0)                                                             \
    X(DELIVERY_STATE, "state", TEXT, 0)                                                            \
    X(DELIVERY_ATTEMPTS, "attempts", INT, 0)                                                       \
    X(DELIVERY_AT, "at", DATETIME, FIELD_INDEXED)                                                  \
    X(DELIVERY_FIRST_AT, "first_at", DATETIME, 0)                                                  \
    X(DELIVERY_NEXT_AT, "next_at", DATETIME, 0)                                                    \
    X(DELIVERY_SENT_AT, "sent_at", DATETIME, 0)                                                    \
    X(DELIVERY_STATUS, "status", INT, 0)                                                           \
    X(DELIVERY_MS, "ms", INT, 0)                                                                   \
    X(DELIVERY_ERROR, "error", TEXT, 0)                                                            \
    X(DELIVERY_REQUEST, "request", MULTILINE, 0)                                                   \
    X(DELIVERY_REPLY, "reply", MULTILINE, 0)

#define STORE_DUE_FIELDS(X)                                                                        \
    X(DUE_JOB, "job", TEXT, 0)                                                                     \
    X(DUE_KEY, "key", TEXT, 0)                                                                     \
    X(DUE_AT, "due", DATETIME, FIELD_INDEXED)                                                      \
    X(DUE_ARG, "arg", TEXT, 0)                                                                     \
    X(DUE_ATTEMPTS, "attempts", INT, 0)                                                            \
    X(DUE_ERROR, "error", TEXT, 0)

/* One run of a rule for a record; `entity` is the name. */
#define STORE_RUN_FIELDS(X)                                                                        \
    X(RUN_RULE, "rule", TEXT, 0)                                                                   \
    X(RUN_ENTITY, "entity", TEXT, 0)                                                               \
    X(RUN_RECORD, "record", INT, 0)                                                                \
    X(RUN_STEP, "step", INT, 0)                                                                    \
    X(RUN_STATE, "state", TEXT, FIELD_INDEXED)                                                     \
    X(RUN_AT, "at", DATETIME, 0)                                                                   \
    X(RUN_NEXT_AT, "next_at", DATETIME, 0)                                                         \
    X(RUN_ATTEMPTS, "attempts", INT, 0)                                                            \
    X(RUN_ERROR, "error", TEXT, 0)                                                                 \
    X(RUN_DATA, "data", JSON, 0)                                                                   \
    X(RUN_CAUSE, "cause", INT, 0)

/* `key` tells a request that came before; `released` is who let one go on that was held back. */
#define STORE_INBOX_FIELDS(X)                                                                      \
    X(INBOX_RECEIPT, "receipt", TEXT, FIELD_UNIQUE)                                                \
    X(INBOX_INTEGRATION, "integration", TEXT, 0)                                                   \
    X(INBOX_CONTENT_TYPE, "content_type", TEXT, 0)                                                 \
    X(INBOX_BODY, "body", MULTILINE, 0)                                                            \
    X(INBOX_ADDRESS, "address", TEXT, 0)                                                           \
    X(INBOX_STATE, "state", TEXT, FIELD_INDEXED)                                                   \
    X(INBOX_ATTEMPTS, "attempts", INT, 0)                                                          \
    X(INBOX_ERROR, "error", TEXT, 0)                                                               \
    X(INBOX_AT, "at", DATETIME, FIELD_INDEXED)                                                     \
    X(INBOX_KEY, "key", TEXT, FIELD_INDEXED)                                                       \
    X(INBOX_RELEASED, "released", INT, 0)

#define STORE_OUTBOX_FIELDS(X)                                                                     \
    X(OUTBOX_KIND, "kind", TEXT, 0)                                                                \
    X(OUTBOX_KEY, "key", TEXT, FIELD_UNIQUE)                                                       \
    X(OUTBOX_TO, "to", TEXT, 0)                                                                    \
    X(OUTBOX_SUBJECT, "subject", TEXT, 0)                                                          \
    X(OUTBOX_BODY, "body", MULTILINE, 0)                                                           \
    X(OUTBOX_STATE, "state", TEXT, 0)                                                              \
    X(OUTBOX_NEXT_AT, "next_at", DATETIME, 0)                                                      \
    X(OUTBOX_ATTEMPTS, "attempts", INT, 0)                                                         \
    X(OUTBOX_ERROR, "error", TEXT, 0)                                                              \
    X(OUTBOX_AT, "at", DATETIME, FIELD_INDEXED)

/*
 * A file that somebody imports (table/import.h): `file` names it in the data directory, `check` and
 * `run` are the batches, the counts what became of their rows so far.
 */
#define STORE_IMPORT_FIELDS(X)                                                                     \
    X(IMPORT_USER, "user", INT, FIELD_INDEXED)                                                     \
    X(IMPORT_ENTITY, "entity", TEXT, 0)                                                            \
    X(IMPORT_NAME, "name", TEXT, 0)                                                                \
    X(IMPORT_SIZE, "size", INT, 0)                                                                 \
    X(IMPORT_FILE, "file", TEXT, FIELD_UNIQUE)                                                     \
    X(IMPORT_AT, "at", DATETIME, FIELD_INDEXED)                                                    \
    X(IMPORT_READING, "reading", JSON, 0)                                                          \
    X(IMPORT_ANALYSIS, "analysis", JSON, 0)                                                        \
    X(IMPORT_WIDTH, "width", INT, 0)                                               \
    X(IMPORT_HEADER, "header", TEXT, 0)                                                            \
    X(IMPORT_OPTIONS, "options", JSON, 0)                                                          \
    X(IMPORT_IS_REMEMBERED, "is_remembered", BOOL, 0)                                              \
    X(IMPORT_CHECK, "check", INT, 0)                                                               \
    X(IMPORT_CHECK_COUNTS, "check_counts", JSON, 0)                                                \
    X(IMPORT_RUN, "run", INT, 0)                                                                   \
    X(IMPORT_RUN_COUNTS, "run_counts", JSON, 0)

/* What somebody chose last for a file of this header: `key` is "<user>:<entity>:<hash>". */
#define STORE_IMPORT_CHOICE_FIELDS(X)                                                              \
    X(IMPORT_CHOICE_KEY, "key", TEXT, FIELD_UNIQUE)                                                \
    X(IMPORT_CHOICE_OPTIONS, "options", JSON, 0)                                                   \
    X(IMPORT_CHOICE_AT, "at", DATETIME, FIELD_INDEXED)

/* Stored answers of writes: `key` is "<user>:<Idempotency-Key>", `hash` of the request. */
#define STORE_IDEM_FIELDS(X)                                                                       \
    X(IDEM_KEY, "key", TEXT, FIELD_UNIQUE)                                                         \
    X(IDEM_HASH, "hash", TEXT, 0)                                                                  \
    X(IDEM_STATUS, "status", INT, 0)                                                               \
    X(IDEM_BODY, "body", MULTILINE, 0)                                                             \
    X(IDEM_ETAG, "etag", TEXT, 0)                                                                  \
    X(IDEM_LOCATION, "location", TEXT, 0)                                                          \
    X(IDEM_AT, "at", DATETIME, FIELD_INDEXED)

#define STORE_EPOCH_FIELDS(X)                                                                      \
    X(EPOCH_NAME, "name", TEXT, FIELD_UNIQUE)                                                      \
    X(EPOCH_VALUE, "value", INT, 0)

#define STORE_NUMBER_FIELDS(X)                                                                     \
    X(NUMBER_SERIES, "series", TEXT, FIELD_UNIQUE)                                                 \
    X(NUMBER_VALUE, "value", INT, 0)

/* Every applied version of the ТЗ; the one with the greatest id is in force. */
#define STORE_TZ_FIELDS(X)                                                                         \
    X(TZ_VERSION, "version", TEXT, 0)                                                              \
    X(TZ_APPLIED_AT, "applied_at", DATETIME, 0)                                                    \
    X(TZ_TEXT, "text", MULTILINE, 0)                                                               \
    X(TZ_GRANTS, "grants", JSON, 0)

/* `entity` is the name; `ms` is how long the record stood in `from`. */
#define STORE_STAGE_LOG_FIELDS(X)                                                                  \
    X(STAGE_LOG_ENTITY, "entity", TEXT, 0)                                                         \
    X(STAGE_LOG_RECORD, "record", INT, 0)                                                          \
    X(STAGE_LOG_FROM, "from", TEXT, 0)                                                             \
    X(STAGE_LOG_TO, "to", TEXT, 0)                                                                 \
    X(STAGE_LOG_AT, "at", DATETIME, 0)                                                             \
    X(STAGE_LOG_BY, "by", INT, 0)                                                                  \
    X(STAGE_LOG_MS, "ms", DURATION, 0)

/* Where a merged record went: `record` is "<durable id of the entity>:<id>" (data/merge.h). */
#define STORE_MERGED_FIELDS(X)                                                                     \
    X(MERGED_RECORD, "record", TEXT, FIELD_UNIQUE)                                                 \
    X(MERGED_INTO, "into", INT, 0)                                                                 \
    X(MERGED_BATCH, "batch", INT, 0)                                                               \
    X(MERGED_AT, "at", DATETIME, 0)

/* Two records that somebody called different: "<durable id of the entity>:<lesser id>:<greater>". */
#define STORE_DIFFERENT_FIELDS(X)                                                                  \
    X(DIFFERENT_PAIR, "pair", TEXT, FIELD_UNIQUE)                                                  \
    X(DIFFERENT_BY, "by", INT, 0)                                                                  \
    X(DIFFERENT_AT, "at", DATETIME, 0)

/*
 * An attachment (data/files.h): `entity` and `field` are durable ids, `gone_at` is when the record
 * stopped holding it.
 */
#define STORE_FILE_FIELDS(X)                                                                       \
    X(FILE_TOKEN, "token", TEXT, FIELD_UNIQUE)                                                     \
    X(FILE_HASH, "hash", TEXT, FIELD_INDEXED)                                                      \
    X(FILE_NAME, "name", TEXT, 0)                                                                  \
    X(FILE_TYPE, "type", TEXT, 0)                                                                  \
    X(FILE_SIZE, "size", INT, 0)                                                                   \
    X(FILE_USER, "user", INT, FIELD_INDEXED)                                                       \
    X(FILE_AT, "at", DATETIME, FIELD_INDEXED)                                                      \
    X(FILE_ENTITY, "entity", INT, 0)                                                               \
    X(FILE_RECORD, "record", INT, 0)                                                               \
    X(FILE_FIELD, "field", INT, 0)                                                                 \
    X(FILE_GONE_AT, "gone_at", DATETIME, FIELD_INDEXED)

/* constant, name of the entity, flags */
#define STORE_MAP(X)                                                                               \
    X(USER, "user", 0)                                                                             \
    X(DEPARTMENT, "department", 0)                                                                 \
    X(NOTIFICATION, "notification", 0)                                                             \
    X(BATCH, "batch", 0)                                                                           \
    X(VIEW, "view", 0)                                                                             \
    X(MODEL, "model", ENTITY_NO_API)                                                               \
    X(SETTING, "setting", ENTITY_NO_API)                                                           \
    X(CHANGE, "sys.change", ENTITY_SYSTEM)                                                         \
    X(BATCH_ROW, "sys.batch_row", ENTITY_SYSTEM)                                                   \
    X(CURSOR, "sys.cursor", ENTITY_SYSTEM)                                                         \
    X(CREDENTIAL, "sys.credential", ENTITY_SYSTEM)                                                 \
    X(SESSION, "sys.session", ENTITY_SYSTEM)                                                       \
    X(TOKEN, "sys.token", ENTITY_SYSTEM)                                                           \
    X(WEBHOOK, "sys.webhook", ENTITY_SYSTEM)                                                       \
    X(DELIVERY, "sys.delivery", ENTITY_SYSTEM)                                                     \
    X(DUE, "sys.due", ENTITY_SYSTEM)                                                               \
    X(RUN, "sys.run", ENTITY_SYSTEM)                                                               \
    X(INBOX, "sys.inbox", ENTITY_SYSTEM)                                                           \
    X(OUTBOX, "sys.outbox", ENTITY_SYSTEM)                                                         \
    X(IDEM, "sys.idem", ENTITY_SYSTEM)                                                             \
    X(IMPORT, "sys.import", ENTITY_SYSTEM)                                                         \
    X(IMPORT_CHOICE, "sys.import_choice", ENTITY_SYSTEM)                                           \
    X(EPOCH, "sys.epoch", ENTITY_SYSTEM)                                                           \
    X(NUMBER, "sys.number", ENTITY_SYSTEM)                                                         \
    X(TZ, "sys.tz", ENTITY_SYSTEM)                                                                 \
    X(STAGE_LOG, "sys.stage_log", ENTITY_SYSTEM)                                                   \
    X(MERGED, "sys.merged", ENTITY_SYSTEM)                                                         \
    X(DIFFERENT, "sys.different", ENTITY_SYSTEM)                                                   \
    X(FILE, "sys.file", ENTITY_SYSTEM)

typedef enum store {
#define X(store, name, flags) STORE_##store,
    STORE_MAP(X)
#undef X
    STORE_COUNT
} store;

/* Column positions: USER_LOGIN == COL_OWN and so on, each with <STORE>_COLUMNS as their end. */
#define STORE_COLUMN(column, name, type, flags) column,
#define STORE_COLUMNS(store)                                                                       \
    enum { store##_BEFORE = COL_OWN - 1, STORE_##store##_FIELDS(STORE_COLUMN) store##_COLUMNS }
#define X(store, name, flags) STORE_COLUMNS(store);
STORE_MAP(X)
#undef X

/* The kernel's own entity in this registry. */
static inline const entity *registry_store(const registry *r, store which)
{
    return r->entities[which];
}

/* States of sys.run, sys.inbox and sys.outbox rows. */
#define STATE_NEW "new"
#define STATE_DONE "done"
#define STATE_DEAD "dead" /* given up; a person decides */
#define STATE_TRAPPED "trapped" /* sys.inbox: held back as a robot's, until a person lets it go on */

/* States of a batch. */
#define BATCH_STATE_WAITING "waiting"
#define BATCH_STATE_RUNNING "running"
#define BATCH_STATE_DONE "done"
#define BATCH_STATE_FAILED "failed"
#define BATCH_STATE_CANCELED "canceled"

#endif
