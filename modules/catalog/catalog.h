/* catalog.h - what the files of the module share. All of it runs in calls of the host. */
#ifndef CATALOG_H
#define CATALOG_H

#include "reckon.h"

#include <crm/host.h>

#define GOOD  "catalog.good"
#define GROUP "catalog.group"
#define PRICE "catalog.price"
#define LINE  "catalog.line"
#define DEAL  "sales.deal"

/* ---- rates.c: VAT as the settings have it, in hundredths of a per cent ----------------------- */

/* Whether one of the setting `vat_rates`. */
bool rate_is_known(crm_ctx *c, int64_t rate);
crm_status rate_refuse(crm_ctx *c, const char *field);
/* That of the good, else the company's usual one; RECKON_NONE: free of VAT. `good` may be NULL. */
int64_t rate_of(crm_ctx *c, const crm_rec *good);

/* ---- good.c: hooks of goods and groups ------------------------------------------------------- */

crm_status good_before(crm_ctx *c, crm_rec *now, const crm_rec *was);
crm_status group_before(crm_ctx *c, crm_rec *now, const crm_rec *was);

/* ---- price.c ----------------------------------------------------------------------------------
 */

/* What the good costs in this deal, in its currency: by the deal's price type, else the good's own
 * price. *has is false where it has none. */
crm_status price_of(crm_ctx *c, const crm_rec *deal, const crm_rec *good, int64_t *price,
                    bool *has);

/* ---- line.c: hooks of lines -------------------------------------------------------------------
 */

crm_status line_before(crm_ctx *c, crm_rec *now, const crm_rec *was);
/* As a line of this deal comes out; refuses, at the field that is wrong, what has no result. */
crm_status line_reckon(crm_ctx *c, crm_rec *line, bool vat_on_top);
/* Title, unit, price and VAT as the good and the deal have them, but those of the four that this
 * very change has given. */
crm_status line_take_good(crm_ctx *c, crm_rec *line, const crm_rec *deal);

/* ---- total.c: the deal's amount follows its lines ---------------------------------------------
 */

crm_status total_after_line(crm_ctx *c, crm_rec *now, const crm_rec *was);
crm_status total_after_removal(crm_ctx *c, crm_rec *now, const crm_rec *was);
crm_status total_before_deal(crm_ctx *c, crm_rec *now, const crm_rec *was);
crm_status total_after_deal(crm_ctx *c, crm_rec *now, const crm_rec *was);
/* After what no hook sees: lines of a deal that was in the recycle bin when they were moved to it.
 */
crm_status total_hear(crm_ctx *c, const crm_change *change);

/* The lines of a deal in the order of their ids, all of them: what comes back from the recycle bin
 * may be more than RECKON_LINES_MAX. Begins as {.c, .deal}. */
typedef struct total_walk {
    crm_ctx *c;
    int64_t deal, last;
    crm_rows *page;
    uint32_t count; /* of this page so far */
} total_walk;
/* *line is NULL behind the last one. */
crm_status total_next(total_walk *w, crm_rec **line);
/* Between the two the amount of the deal does not follow what is done to its lines; after the
 * second it has, unless something went wrong so far. */
void total_hold(int64_t deal);
crm_status total_release(crm_ctx *c, crm_status so_far);

/* ---- routes ------------------------------------------------------------------------------------
 */

/* POST /line/reprice/:id: prices and VAT of a deal's lines as the catalogue has them today. */
crm_status reprice(crm_ctx *c, crm_out *out);
/* POST /line/preview/:id: what a line of the deal would come to. */
crm_status preview(crm_ctx *c, crm_out *out);
/* POST /stock: what another system says of the stock. */
crm_status stock_take(crm_ctx *c, crm_out *out);

#endif
