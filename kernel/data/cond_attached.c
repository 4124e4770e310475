/* cond_attached.c - conditions on the attachments of a record. Any thread. */
#include "data/cond.h"
#include "data/files.h"

enum { ATTACHED_NAME = COL_OWN, ATTACHED_SIZE, ATTACHED_TYPE, ATTACHED_END };

#define COLUMN(index_)                                                       \
    {                                                                        \
        .index = (index_), .flags = FIELD_HIDDEN, .entity = &cond_attachment \
    }
#define FIELD(name_, type_, index_)                 \
    [index_] = {.name = {name_, sizeof(name_) - 1}, \
                .type = (type_),                    \
                .index = (index_),                  \
                .entity = &cond_attachment}

/* An entity's own fields stand behind the columns that each has; this one has none of them. */
static const field fields[ATTACHED_END] = {
    [COL_ID] = COLUMN(COL_ID),
    [COL_REV] = COLUMN(COL_REV),
    [COL_CREATED_AT] = COLUMN(COL_CREATED_AT),
    [COL_CREATED_BY] = COLUMN(COL_CREATED_BY),
    [COL_UPDATED_AT] = COLUMN(COL_UPDATED_AT),
    [COL_UPDATED_BY] = COLUMN(COL_UPDATED_BY),
    [COL_DELETED_AT] = COLUMN(COL_DELETED_AT),
    [COL_MARKS] = COLUMN(COL_MARKS),
    FIELD("name", FIELD_TEXT, ATTACHED_NAME),
    FIELD("size", FIELD_INT, ATTACHED_SIZE),
    FIELD("type", FIELD_TEXT, ATTACHED_TYPE),
};

const entity cond_attachment = {.name = {"attachment", sizeof "attachment" - 1},
                                .fields = fields,
                                .field_count = ATTACHED_END,
                                .title_field = ATTACHED_NAME};

bool cond_attached(const cond *where, value stored, const cond_env *env)
{
    crm_str rest = stored.s, part;
    file_value file;
    while (stored.kind == VALUE_TEXT && str_split(&rest, '\n', &part)) {
        value row[ATTACHED_END] = {0};
        if (!file_value_read(part, &file)) {
            continue;
        }
        row[ATTACHED_NAME] = file.name.n ? value_text(file.name) : value_null();
        row[ATTACHED_SIZE] = value_int(file.size);
        row[ATTACHED_TYPE] = file.type.n ? value_text(file.type) : value_null();
        if (cond_eval(where, row, env)) {
            return true;
        }
    }
    return false;
}
