/* address_change.c - some parts of a stored address in place of its own. Any thread. */
#include "data/address.h"

bool address_patch_json(const json_t *json, address_patch *out)
{
    size_t known = 0;
    *out = (address_patch){0};
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        const json_t *item = json_object_get(json, address_part_name((address_part)p).p);
        crm_str text = {json_string_value(item), json_string_length(item)};
        bool is_text = json_is_string(item) || json_is_null(item);
        out->given.part[p] = str_trim(text);
        out->emptied |= is_text && !out->given.part[p].n ? 1U << p : 0;
        known += is_text && text.n <= ADDRESS_PART_MAX;
    }
    return json_is_object(json) && known == json_object_size(json);
}

/* As they come back from a line, so that "Весенняя" is the "ул Весенняя" that stands there. */
static crm_status as_read(arena *a, const address *given, address *out)
{
    crm_str line;
    crm_status s = address_write(a, given, &line);
    s = s == CRM_OK ? address_read(a, line, out) : s;
    for (int p = 0; s == CRM_OK && p < ADDRESS_PARTS; p++) {
        bool is_of_street = p == ADDRESS_HOUSE && given->part[ADDRESS_STREET].n;
        if (!given->part[p].n && !is_of_street) {
            out->part[p] = (crm_str){0};
        } else if (!out->part[p].n) {
            out->part[p] = given->part[p];
        }
    }
    return s;
}

/* Moscow's region is Moscow: another city is not in it. */
static void leave_federal(const address *was, const address *given, address *all)
{
    const crm_str *region = &was->part[ADDRESS_REGION], *city = &was->part[ADDRESS_CITY];
    bool is_said_by_city = region->n && text_same(*region, *city);
    bool has_left = !text_same(all->part[ADDRESS_CITY], *city);
    if (is_said_by_city && has_left && !given->part[ADDRESS_REGION].n) {
        all->part[ADDRESS_REGION] = (crm_str){0};
    }
}

crm_status address_change(arena *a, const address_patch *patch, crm_str stored, crm_str *line)
{
    address was, now;
    bool is_changed = false;
    crm_status s = address_read(a, stored, &was);
    s = s == CRM_OK ? as_read(a, &patch->given, &now) : s;
    if (s != CRM_OK) {
        return s;
    }
    address all = was;
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        if (now.part[p].n || patch->emptied >> p & 1) {
            all.part[p] = now.part[p];
        }
        is_changed = is_changed || !str_eq(all.part[p], was.part[p]);
    }
    leave_federal(&was, &patch->given, &all);
    *line = stored;
    return is_changed ? address_write(a, &all, line) : CRM_OK;
}
