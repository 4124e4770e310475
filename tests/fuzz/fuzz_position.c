/*
 * fuzz_position.c - any text as a place of the change log: refused, of every kind of place; one
 * that the server gave is read back where it was given and is none once any of it is another.
 */
#include "base/base.h"
#include "data/positions.h"
#include "fuzz.h"

static const position_place of_feed = {.of = POSITION_FEED, .entity = 7};
static const position_place of_history = {.of = POSITION_HISTORY, .entity = 7, .record = 12};

static void check_own(const uint8_t *data, size_t size)
{
    char text[POSITION_ROOM];
    int64_t position = 0, back;
    memcpy(&position, data, size < 6 ? size : 6);
    position_write(of_feed, position, text);
    crm_str given = {text, POSITION_ROOM - 1};
    MUST(position_read(of_feed, given, &back) == CRM_OK && back == position);
    MUST(position_read(of_history, given, &back) == CRM_INVALID);
    for (size_t i = 0; i < size && i < given.n; i++) {
        char was = text[i];
        text[i] = (char)data[i];
        bool is_same = text[i] == was;
        MUST((position_read(of_feed, given, &back) == CRM_OK) == is_same);
        text[i] = was;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_set_up;
    int64_t position;
    if (!is_set_up) {
        MUST(positions_set_up(NULL) == CRM_OK);
        is_set_up = true;
    }
    crm_str text = {(const char *)data, size};
    for (int of = POSITION_FEED; of <= POSITION_MESSAGE; of++) {
        crm_status s = position_read((position_place){.of = (position_of)of}, text, &position);
        MUST(s == CRM_INVALID || s == CRM_STALE);
    }
    check_own(data, size);
    return 0;
}
