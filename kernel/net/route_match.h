/* route_match.h - whether a path is a module's route. Any thread. */
#ifndef NET_ROUTE_MATCH_H
#define NET_ROUTE_MATCH_H

#include "data/registry.h"

/* "/tasks/task/:id/done" against a path behind /api/v1: names and values of what the colons stand for. */
#define ROUTE_PARAMS 8
bool route_matches(const route *rt, crm_str path, crm_str names[ROUTE_PARAMS], crm_str values[ROUTE_PARAMS],
                   uint32_t *count);

#endif
