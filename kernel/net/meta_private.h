/* meta_private.h - what the files of /meta share. */
#ifndef NET_META_PRIVATE_H
#define NET_META_PRIVATE_H

#include "net/api_private.h"

/* Writes the entity's views as the caller may know them. Loop. */
void meta_views(json_writer *w, crm_ctx *c, const entity *e);
/* The same of what its records' timelines hold (timeline_api.c). */
void meta_timeline(json_writer *w, crm_ctx *c, const entity *e);

/* Whether anybody shows the entity to the caller at all. */
bool meta_is_offered(crm_ctx *c, const entity *e);
/* "screens", "slots", "fields" and "commands" of a module, those that are not empty (meta_ui.c). */
void meta_ui_parts(json_writer *w, crm_ctx *c, crm_str module);

#endif
