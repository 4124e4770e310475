/* str.h - helpers over crm_str, the borrowed string of the whole kernel. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <crm/crm.h>
#include <string.h>

#define STR_FMT(s) (int)(s).n, (s).p /* for "%.*s" */

static inline crm_str str_of(const char *z) { return z ? (crm_str){z, strlen(z)} : (crm_str){0}; }
static inline bool str_is_empty(crm_str s) { return s.n == 0; }
static inline bool str_eq(crm_str a, crm_str b)
{
    /* Most of what is compared differs in its length or at once: that needs no call. */
    return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}
static inline bool str_is(crm_str a, const char *z) { return str_eq(a, str_of(z)); }

bool str_starts(crm_str s, crm_str prefix);
bool str_ends(crm_str s, crm_str suffix);
bool str_eq_ascii_nocase(crm_str a, crm_str b);
/* -1, 0, 1 by bytes. */
int str_cmp(crm_str a, crm_str b);
/* Without leading and trailing ASCII white space. */
crm_str str_trim(crm_str s);
/* Cuts the part before `sep` off *rest. False when *rest is exhausted. "a,,b" gives a, "", b. */
bool str_split(crm_str *rest, char sep, crm_str *part);
/* The index of the first `c`, or -1. */
ptrdiff_t str_find(crm_str s, char c);
#define STR_I64_MAX 20
/* The number in decimal, at the end of `room`, which it lives in. */
crm_str str_from_i64(int64_t v, char room[STR_I64_MAX]);
/* Whole-string decimal numbers; INVALID on anything else or on overflow. */
CRM_MUST_CHECK crm_status str_to_i64(crm_str s, int64_t *out);
CRM_MUST_CHECK crm_status str_to_u64(crm_str s, uint64_t *out);
/* FNV-1a, for hash tables over trusted keys only. */
uint64_t str_hash(crm_str s);

#endif
