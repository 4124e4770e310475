/* file_value.c - an attachment as the text that a record holds. Any thread. */
#include "data/files.h"

bool file_is_id(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
        if (!is) {
            return false;
        }
    }
    return s.n == FILE_ID_CHARS;
}

bool file_value_read(crm_str text, file_value *out)
{
    crm_str rest = text, size = {0};
    *out = (file_value){.id = text};
    if (file_is_id(text)) {
        return true;
    }
    bool is_whole = str_split(&rest, '\t', &out->name) && str_split(&rest, '\t', &out->id) &&
                    str_split(&rest, '\t', &size) && str_split(&rest, '\t', &out->type);
    return is_whole && file_is_id(out->id) && str_to_i64(size, &out->size) == CRM_OK;
}

crm_str file_value_text(arena *a, const file_value *v)
{
    return arena_fmt(a, "%.*s\t%.*s\t%lld\t%.*s", STR_FMT(v->name), STR_FMT(v->id),
                     (long long)v->size, STR_FMT(v->type));
}

crm_str file_value_find(crm_str all, crm_str id)
{
    crm_str part;
    file_value v;
    while (str_split(&all, '\n', &part)) {
        if (file_value_read(part, &v) && str_eq(v.id, id)) {
            return part;
        }
    }
    return (crm_str){0};
}

/* A name may hold a '#' as well: what follows the sign must be an id and nothing more of a word. */
bool file_value_next(crm_str *rest, crm_str *id)
{
    if (file_is_id(*rest)) {
        *id = *rest;
        *rest = (crm_str){0};
        return true;
    }
    while (rest->n) {
        crm_str at = *rest;
        *rest = (crm_str){at.p + 1, at.n - 1};
        crm_str word = {at.p + 1, at.n > FILE_ID_CHARS ? FILE_ID_CHARS : 0};
        size_t end = 1 + (size_t)FILE_ID_CHARS;
        bool ends = at.n == end || (at.n > end && strchr(" ,;\r\n\t", at.p[end]));
        if (at.p[0] == '#' && ends && file_is_id(word)) {
            *id = word;
            *rest = (crm_str){at.p + end, at.n - end};
            return true;
        }
    }
    return false;
}
