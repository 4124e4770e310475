/* hook_private.h - what the files of /hook share. Loop thread. */
#ifndef NET_HOOK_PRIVATE_H
#define NET_HOOK_PRIVATE_H

#include "net/api_private.h"

#define HOOK_FORMS 64

/* Settings that any type of integration may have, where its schema names them. */
typedef struct hook_ways {
    crm_str thanks;     /* where a browser goes that sent the form by itself; empty: it goes back */
    crm_str origin;     /* of the request, when it is one of the form's `sites`; else empty */
    crm_str page;       /* the Referer, likewise */
    bool answers_ok;    /* 200 and "ok", as builders of sites want it */
    int64_t per_minute; /* requests of the form, whoever sends them; 0: as many as there are */
} hook_ways;

void hook_ways_read(http_request *r, const integration *i, hook_ways *out);
/* The headers that let scripts of the form's sites read the answer, whatever it is. */
void hook_ways_tell(http_request *r, const hook_ways *w);
void hook_ways_preflight(http_request *r);
/* Where the browser goes; empty: nowhere that is known, so it is shown a page. */
crm_str hook_ways_page(http_request *r, const hook_ways *w);
/* Takes one of the form's requests of this minute; false: there is none left. */
bool hook_ways_has_room(int64_t full_at[HOOK_FORMS], crm_str form, int64_t per_minute);

#endif
