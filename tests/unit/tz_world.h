/* tz_world.h - a ТЗ with the real modules beside it: what a server makes of one when it starts. */
#ifndef TZ_WORLD_H
#define TZ_WORLD_H

#include "tz/tz.h"
#include "unit.h"

typedef struct tz_world {
    arena *a;
    char dir[64]; /* a folder of its own for tz.yaml */
    module_found *found;
    uint32_t found_count;
    tz *t;
    registry *r; /* open, with everything in it */
    engine *e;   /* when set, what was applied to it is recalled */
} tz_world;

tz_world *tz_world_new(void);
void tz_world_free(tz_world *w);
/* Writes <dir>/<name>. */
void tz_world_write(tz_world *w, const char *name, const char *text);
/* All faults as lines, in `lang`. */
const char *tz_world_lines(tz_world *w, const tz_fault *f, const char *lang);
/* Reads the file and makes a registry of it, the modules it needs and the kernel's rows. The faults
 * of whichever stage refused it. */
crm_status tz_world_build(tz_world *w, const char *path, const tz_version *applied,
                          tz_fault **faults);

/* The same of w->t as it is, as a change of the modules or the model does. */
crm_status tz_world_rebuild(tz_world *w, const tz_version *applied, tz_fault **faults);

#endif
