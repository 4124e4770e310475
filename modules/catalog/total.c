/*
 * total.c - a deal that has lines comes to what they come to.
 *
 * The sum is taken of the lines as they are stored, in the transaction that changes one of them,
 * and written as the person who changes it: where he may not change the amount (rights, a stage
 * that locks it), he may not change what it is made of either. For the same reason he has to see
 * what the lines come to.
 */
#include "catalog.h"

/* ---- adding up ------------------------------------------------------------------------------- */

/* As many as a page of the host has. */
#define PAGE 200

crm_status total_next(total_walk *w, crm_rec **line)
{
    *line = w->page ? crm_next(w->page) : NULL;
    if (!*line && (!w->page || w->count == PAGE)) {
        crm_str where = crm_fmt(w->c, "[\"and\",[\"deal\",\"eq\",%lld],[\"id\",\"gt\",%lld]]",
                                (long long)w->deal, (long long)w->last);
        crm_status s = where.p ? crm_find(w->c, LINE, where.p, "id", PAGE, &w->page) : CRM_NOMEM;
        if (s != CRM_OK) {
            return s;
        }
        w->count = 0;
        *line = crm_next(w->page);
    }
    if (*line) {
        w->count++;
        w->last = crm_id(*line);
    }
    return CRM_OK;
}

/* The hook of lines fills these whatever was given: an empty one is hidden from who asks. So is a
 * rate where there is VAT. */
static bool is_seen(const crm_rec *line)
{
    bool has_sums = crm_has(line, "sum") && crm_has(line, "vat_sum");
    bool has_terms = crm_has(line, "price") && crm_has(line, "quantity");
    bool has_rate = crm_has(line, "vat") || crm_get_int(line, "vat_sum") == 0;
    return has_sums && has_terms && has_rate && crm_has(line, "discount_sum");
}

/* What it comes to with VAT as the deal has it now; the discount does not depend on that. */
static reckoning line_sum(const crm_rec *line, bool vat_on_top, int64_t *sum)
{
    line_sums x;
    const line_terms t = {.price = crm_get_int(line, "price"),
                          .quantity = crm_get_int(line, "quantity"),
                          .discount = RECKON_NONE,
                          .discount_sum = crm_get_int(line, "discount_sum"),
                          .vat = crm_has(line, "vat") ? crm_get_int(line, "vat") : RECKON_NONE,
                          .vat_on_top = vat_on_top};
    reckoning r = reckon_line(&t, &x);
    *sum = x.sum;
    return r;
}

static crm_status refuse(crm_ctx *c, const char *field, const char *key)
{
    crm_str why = crm_text(c, key);
    return crm_fail(c, CRM_INVALID, field, "%.*s", (int)why.n, why.p);
}

static crm_status add_up(crm_ctx *c, const crm_rec *deal, int64_t *total, uint32_t *count)
{
    crm_rec *line;
    total_walk lines = {.c = c, .deal = crm_id(deal)};
    bool on_top = crm_get_int(deal, "vat_on_top") != 0;
    crm_status s;
    *total = 0;
    *count = 0;
    while ((s = total_next(&lines, &line)) == CRM_OK && line) {
        int64_t sum;
        if (!is_seen(line)) {
            return refuse(c, "amount", "catalog.sums_hidden");
        }
        bool has_room = *total <= RECKON_SUM_MAX * RECKON_LINES_MAX;
        if (line_sum(line, on_top, &sum) != RECKON_OK || !has_room) {
            return refuse(c, "amount", "catalog.sum_too_much");
        }
        *total += sum;
        ++*count;
    }
    return s;
}

/* ---- after a line ---------------------------------------------------------------------------- */

/* The deal of which this thread is writing several lines, and the one that it is writing the sum
 * of: adding all of them up after each would take a time that grows with their square. */
static _Thread_local int64_t held, written;

/* *deal is NULL when its amount may stay. `is_emptied`: a deal whose last line went comes to
 * nothing, until somebody says otherwise. */
static crm_status compare(crm_ctx *c, int64_t id, bool is_emptied, crm_rec **deal, int64_t *total)
{
    uint32_t count;
    crm_status s = crm_get(c, DEAL, id, deal);
    if (s != CRM_OK) {
        *deal = NULL;
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = add_up(c, *deal, total, &count);
    bool is_right = crm_has(*deal, "amount") && crm_get_int(*deal, "amount") == *total;
    if (s != CRM_OK || is_right || (!count && !is_emptied)) {
        *deal = NULL;
    }
    return s;
}

static crm_status put_amount(crm_ctx *c, crm_rec *deal, int64_t total)
{
    crm_status s = crm_set_int(deal, "amount", total);
    if (s == CRM_OK) {
        written = crm_id(deal);
        s = crm_save(c, deal);
        written = 0;
    }
    return s;
}

static crm_status follow(crm_ctx *c, int64_t id)
{
    crm_rec *deal;
    int64_t total;
    crm_status s = compare(c, id, true, &deal, &total);
    return s == CRM_OK && deal ? put_amount(c, deal, total) : s;
}

/* One line more is added to what the others come to, which the amount was: a copy of a deal with
 * many would add up all of them after each. What it was not is put right when the change is heard
 * of. */
static crm_status follow_new(crm_ctx *c, const crm_rec *line)
{
    crm_rec *deal;
    int64_t count, id = crm_get_int(line, "deal");
    crm_str where = crm_fmt(c, "[\"deal\",\"eq\",%lld]", (long long)id);
    crm_status s = where.p ? crm_count(c, LINE, where.p, &count) : CRM_NOMEM;
    s = s == CRM_OK ? crm_get(c, DEAL, id, &deal) : s;
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    if (count < 2 || !crm_has(deal, "amount") || !is_seen(line)) {
        return follow(c, id);
    }
    int64_t sum = crm_get_int(line, "sum");
    return sum ? put_amount(c, deal, crm_get_int(deal, "amount") + sum) : CRM_OK;
}

void total_hold(int64_t deal)
{
    held = deal;
}

crm_status total_release(crm_ctx *c, crm_status so_far)
{
    int64_t deal = held;
    held = 0;
    return so_far == CRM_OK && deal ? follow(c, deal) : so_far;
}

crm_status total_after_line(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    if (held && crm_get_int(now, "deal") == held) {
        return CRM_OK;
    }
    crm_status s = was ? follow(c, crm_get_int(now, "deal")) : follow_new(c, now);
    bool has_moved = was && crm_changed(now, "deal");
    return s == CRM_OK && has_moved ? follow(c, crm_get_int(was, "deal")) : s;
}

crm_status total_after_removal(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    (void)was;
    return follow(c, crm_get_int(now, "deal"));
}

crm_status total_hear(crm_ctx *c, const crm_change *change)
{
    crm_rec *line, *deal = NULL;
    int64_t total;
    crm_status s = crm_get(c, LINE, crm_change_record(change), &line);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = compare(c, crm_get_int(line, "deal"), false, &deal, &total);
    if (s != CRM_OK || !deal) {
        return s;
    }
    /* What a stage locks, people may not change; it is no person who puts it right. */
    s = crm_as_system(c, "the amount follows lines that came back");
    s = s == CRM_OK ? crm_set_int(deal, "amount", total) : s;
    return s == CRM_OK ? crm_save(c, deal) : s;
}

/* ---- with the deal --------------------------------------------------------------------------- */

static crm_status refuse_amount(crm_ctx *c, int64_t total)
{
    crm_str why = crm_text(c, "catalog.amount_follows");
    return crm_fail(c, CRM_INVALID, "amount", "%.*s: %lld,%02lld", (int)why.n, why.p,
                    (long long)(total / 100), (long long)(total % 100));
}

/* Whoever writes the sum of the lines, as their own hook does, writes what is so; who empties the
 * amount gets the sum. */
crm_status total_before_deal(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    int64_t total;
    uint32_t count;
    bool mode = crm_changed(now, "vat_on_top"), amount = crm_changed(now, "amount");
    (void)was;
    if (!mode && (!amount || crm_id(now) == written)) {
        return CRM_OK;
    }
    crm_status s = add_up(c, now, &total, &count);
    if (s != CRM_OK || !count || (crm_has(now, "amount") && crm_get_int(now, "amount") == total)) {
        return s;
    }
    bool is_given = amount && crm_has(now, "amount");
    return is_given ? refuse_amount(c, total) : crm_set_int(now, "amount", total);
}

static crm_status tax_lines(crm_ctx *c, int64_t deal, bool on_top)
{
    crm_rec *line;
    total_walk lines = {.c = c, .deal = deal};
    crm_status s;
    while ((s = total_next(&lines, &line)) == CRM_OK && line) {
        s = line_reckon(c, line, on_top);
        s = s == CRM_OK ? crm_save(c, line) : s;
        if (s != CRM_OK) {
            break;
        }
    }
    return s;
}

crm_status total_after_deal(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    if (!was || !crm_changed(now, "vat_on_top")) {
        return CRM_OK;
    }
    total_hold(crm_id(now));
    return total_release(c, tax_lines(c, crm_id(now), crm_get_int(now, "vat_on_top") != 0));
}
