/*
 * sample.h - rows as the base of a Russian dealer holds them, in the JSON form of the API.
 *
 * The same seed and calls give the same rows. The caller decrefs what he gets. NULL: memory is out.
 * A copy of a sampler goes on from where it was taken.
 */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <jansson.h>
#include <stdint.h>

/* Records that a row may refer to: ids from `first`, `count` of them; 0: none, no reference. */
typedef struct sample_pool {
    int64_t first, count;
} sample_pool;

typedef struct sampler {
    uint64_t state;
    /*
     * Ids of users, in the order of how much they own: 40 % of the rows belong to the first
     * `hot_owners`, the rest is spread evenly over all.
     */
    const int64_t *owners;
    uint32_t owner_count, hot_owners;
    sample_pool companies, people, leads, deals, tasks, clients;
    /* Milliseconds UTC: of the row being made, and of the end of the period. */
    int64_t now, until;
} sampler;

json_t *sample_company(sampler *s);
json_t *sample_person(sampler *s);
/* A person as a row of the bench's own entity, which has one phone, one e-mail, no owner. */
json_t *sample_client(sampler *s);
json_t *sample_lead(sampler *s);
/* Its stages are those of packaging/dealer.yaml; companies are needed. */
json_t *sample_deal(sampler *s);
/* Open ones have a time ahead; what lies long back is done. */
json_t *sample_task(sampler *s);

#endif
