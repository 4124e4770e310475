/*
 * stage_log.h - how long records stay in their stages.
 *
 * Every entity with a pipeline has a stage log, an entity of its own that seal makes: "sales.deal" has
 * "sales.deal_stages". A row is one stay of a record in a stage: what it came from and went to, when and
 * by whom, and how long it lasted; the stay that is not over has no end. The rows are the kernel's
 * (ENTITY_LOG): written with the record, and nobody else writes them.
 *
 * A stage log is a part of its record, so it takes that record's rights; and as it tells of the stage, a row
 * is seen only through a right that shows the stage, and not while the record is in the recycle bin.
 */
#ifndef DATA_STAGE_LOG_H
#define DATA_STAGE_LOG_H

#include "data/call.h"

#define STAGE_LOG_SUFFIX "_stages"

enum {
    STAY_RECORD = COL_OWN,
    STAY_STAGE,
    STAY_FROM, /* the stage before, empty of the first stay */
    STAY_TO,   /* the stage after, empty while it lasts */
    STAY_ENTERED_AT,
    STAY_ENTERED_BY,
    STAY_LEFT_AT,
    STAY_LEFT_BY,
    STAY_MS, /* from entered_at to left_at */
    STAY_COLUMNS
};

/* A record enters a stage; empty values are no stage. */
typedef struct stage_change {
    const entity *of;
    int64_t record, at;
    value from, to, by;
} stage_change;

/* Ends the stay in `from` and begins the one in `to`. Writer. */
CRM_MUST_CHECK crm_status stage_log_write(crm_ctx *c, const stage_change *ch);
/*
 * Writer. Moves the rows of some records from sys.stage_log, where all entities had theirs before, to the stage
 * logs of their entities. A record that goes to another stage brings its own rows at once.
 */
CRM_MUST_CHECK crm_status stage_log_bring(crm_ctx *c, uint32_t records, bool *is_done);

#endif
