/*
 * zone.h - a time zone of the system's database (TZif, RFC 8536), without the process's own zone.
 *
 * A zone is immutable once loaded and may be read on any thread. The transitions written in the file
 * are used (Debian writes them up to 2037); after the last one its offset goes on.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <crm/crm.h>

#include "base/arena.h"

typedef struct zone zone;

/* "Europe/Moscow"; an empty name is UTC. NOT_FOUND when the system does not know it. Blocking. */
CRM_MUST_CHECK crm_status zone_load(arena *a, crm_str name, const zone **out);
/* The zone most likely meant by a name that is none: "europe/moskow", "Moscow", "Asia/Moscow"; among
 * those of the world's places (zone.tab) and UTC. Empty when none is near. In the arena. Blocking. */
crm_str zone_nearest(arena *a, crm_str name);
/* Milliseconds to add to UTC at this moment (ms UTC). */
int64_t zone_offset(const zone *z, int64_t ms);
/* A moment as clocks there show it (ms as if it were UTC) to ms UTC; one that is skipped when clocks
 * go forward is taken by the offset before, of one that comes twice the first. */
int64_t zone_from_local(const zone *z, int64_t local_ms);
/* ms UTC of the midnight that began the local day of `ms`. */
int64_t zone_day_start(const zone *z, int64_t ms);

#endif
