/* fuzz_json.c - any bytes as JSON: what is read is written as JSON that is read to the same value.
 */
#include "base/json.h"
#include "base/str.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *first, *again;
    json_error err = {0};
    crm_status s = json_read((crm_str){(const char *)data, size}, 0, &first, &err);
    MUST(s == CRM_OK || s == CRM_BAD_REQUEST);
    if (s != CRM_OK) {
        MUST(err.code.n > 0);
        return 0;
    }
    arena *a = arena_new(0);
    crm_str text = json_dump(a, first);
    MUST(text.p);
    MUST(json_read(text, 0, &again, NULL) == CRM_OK);
    MUST(str_eq(json_dump(a, again), text));
    json_decref(again);
    json_decref(first);
    arena_free(a);
    return 0;
}
