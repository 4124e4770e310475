/*
 * fuzz_address.c - any line as an address: its parts are valid text, and so is the line that is
 * written of them; a change of nothing leaves the line as it was.
 */
#include "base/text.h"
#include "data/address.h"
#include "fuzz.h"

static void check_part(crm_str part)
{
    MUST(part.n <= 4 * 1000 + ADDRESS_PART_MAX && text_is_utf8(part));
}

/* Changing nothing keeps the line as it is. */
static void check_unchanged(arena *a, crm_str line)
{
    address_patch none = {0};
    crm_str same;
    MUST(address_change(a, &none, line, &same) == CRM_OK && str_eq(same, line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crm_str line = {(const char *)data, size}, once, twice;
    address read, again;
    if (size > 4000 || !text_is_utf8(line)) {
        return 0;
    }
    arena *a = arena_new(0);
    MUST(address_read(a, line, &read) == CRM_OK);
    for (int i = 0; i < ADDRESS_PARTS; i++) {
        check_part(read.part[i]);
    }
    (void)address_is_index_sound(&read);
    check_unchanged(a, line);
    MUST(address_write(a, &read, &once) == CRM_OK && text_is_utf8(once));
    MUST(address_read(a, once, &again) == CRM_OK);
    MUST(address_write(a, &again, &twice) == CRM_OK && text_is_utf8(twice));
    arena_free(a);
    return 0;
}
