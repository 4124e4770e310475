/* group_kept.c - lists and sets of values in as few bytes as they take. */
#include "data/group_kept.h"

#include <assert.h>
#include <stdlib.h>

#define BITS_FIRST 3
#define BITS_MOST  31

static uint32_t room(const kept *k)
{
    return k->numbers ? 1u << k->bits : 0;
}

/* Room for twice as many, still empty. */
static crm_status make_larger(const kept *k, budget *b, size_t size, kept *out)
{
    *out = (kept){.count = k->count,
                  .bits = k->numbers ? (uint8_t)(k->bits + 1) : BITS_FIRST,
                  .has_zero = k->has_zero};
    if (out->bits > BITS_MOST || !group_budget_take(b, size << out->bits)) {
        return CRM_LIMIT;
    }
    out->numbers = calloc((size_t)1 << out->bits, size);
    return out->numbers ? CRM_OK : CRM_NOMEM;
}

static void take_place(kept *k, budget *b, size_t size, kept grown)
{
    int64_t *old = k->numbers;
    b->used -= room(k) * size;
    k->numbers = grown.numbers;
    k->count = grown.count;
    k->bits = grown.bits;
    k->has_zero = grown.has_zero;
    free(old);
}

void group_kept_free(kept *k)
{
    free(k->numbers);
    *k = (kept){.count = 0};
}

/* ---- lists ----------------------------------------------------------------------------------- */

crm_status group_kept_add(kept *k, budget *b, int64_t number)
{
    if (k->count == room(k)) {
        kept grown;
        crm_status st = make_larger(k, b, sizeof *k->numbers, &grown);
        if (st != CRM_OK) {
            return st;
        }
        if (k->count) {
            memcpy(grown.numbers, k->numbers, k->count * sizeof *k->numbers);
        }
        take_place(k, b, sizeof *k->numbers, grown);
    }
    k->numbers[k->count++] = number;
    return CRM_OK;
}

static void swap(int64_t *x, int64_t *y)
{
    int64_t was = *x;
    *x = *y;
    *y = was;
}

/* Cuts [from, end) into what is less than `by`, equal to it and greater: the bounds of the equal.
 */
static void part(int64_t *at, uint32_t *from, uint32_t *end, int64_t by)
{
    uint32_t less = *from, greater = *end;
    for (uint32_t i = *from; i < greater;) {
        if (at[i] < by) {
            swap(&at[i++], &at[less++]);
        } else if (at[i] > by) {
            swap(&at[i], &at[--greater]);
        } else {
            i++;
        }
    }
    *from = less;
    *end = greater;
}

int64_t group_kept_select(kept *k, hash_key key, uint32_t rank)
{
    uint32_t from = 0, end = k->count;
    uint64_t chance = key.k[0];
    for (;;) {
        assert(from < end);
        chance = chance * 6364136223846793005u + key.k[1] + 1;
        uint32_t first = from, last = end;
        part(k->numbers, &first, &last, k->numbers[from + (chance >> 32) % (end - from)]);
        if (rank < first) {
            end = first;
        } else if (rank >= last) {
            from = last;
        } else {
            return k->numbers[rank];
        }
    }
}

/* ---- sets ------------------------------------------------------------------------------------ */

static bool is_full(const kept *k)
{
    return k->count >= room(k) / 4 * 3;
}

/* Where the number stands or would stand. */
static int64_t *number_place(const kept *k, hash_key key, int64_t number)
{
    uint64_t h = ((uint64_t)number ^ key.k[0]) * 0x9E3779B97F4A7C15u;
    uint32_t mask = room(k) - 1;
    uint64_t at = (h ^ h >> 32) * (key.k[1] | 1) >> (64 - k->bits);
    while (k->numbers[at & mask] && k->numbers[at & mask] != number) {
        at++;
    }
    return &k->numbers[at & mask];
}

static crm_status grow_numbers(kept *k, budget *b, hash_key key)
{
    kept grown;
    crm_status st = make_larger(k, b, sizeof *k->numbers, &grown);
    for (uint32_t i = 0; st == CRM_OK && i < room(k); i++) {
        if (k->numbers[i]) {
            *number_place(&grown, key, k->numbers[i]) = k->numbers[i];
        }
    }
    if (st == CRM_OK) {
        take_place(k, b, sizeof *k->numbers, grown);
    }
    return st;
}

crm_status group_kept_add_different(kept *k, budget *b, hash_key key, int64_t number)
{
    if (number == 0) {
        k->count += !k->has_zero;
        k->has_zero = true;
        return CRM_OK;
    }
    crm_status st = is_full(k) ? grow_numbers(k, b, key) : CRM_OK;
    int64_t *place = st == CRM_OK ? number_place(k, key, number) : NULL;
    if (place && !*place) {
        *place = number;
        k->count++;
    }
    return st;
}

static bool is_free(hash128 mark)
{
    return (mark.lo | mark.hi) == 0;
}

/* A mark is spread as it is. */
static hash128 *mark_place(const kept *k, hash128 mark)
{
    uint32_t mask = room(k) - 1;
    uint64_t at = mark.lo;
    for (;; at++) {
        hash128 *place = &k->marks[at & mask];
        if (is_free(*place) || (place->lo == mark.lo && place->hi == mark.hi)) {
            return place;
        }
    }
}

static crm_status grow_marks(kept *k, budget *b)
{
    kept grown;
    crm_status st = make_larger(k, b, sizeof *k->marks, &grown);
    for (uint32_t i = 0; st == CRM_OK && i < room(k); i++) {
        if (!is_free(k->marks[i])) {
            *mark_place(&grown, k->marks[i]) = k->marks[i];
        }
    }
    if (st == CRM_OK) {
        take_place(k, b, sizeof *k->marks, grown);
    }
    return st;
}

crm_status group_kept_add_mark(kept *k, budget *b, hash128 mark)
{
    mark.hi |= is_free(mark);
    crm_status st = is_full(k) ? grow_marks(k, b) : CRM_OK;
    hash128 *place = st == CRM_OK ? mark_place(k, mark) : NULL;
    if (place && is_free(*place)) {
        *place = mark;
        k->count++;
    }
    return st;
}
