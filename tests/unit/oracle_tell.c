/* oracle_tell.c - what was asked, for who looks why the engines disagree. */
#include "oracle.h"

static void tell_cond(const cond *c, int depth);

static void tell_branches(const char *title, const branches *b, int depth)
{
    for (uint32_t i = 0; b && i < b->count; i++) {
        print_message("%*s%s %u: actions %x fields %llx via %u%s\n", depth, "", title, i,
                      b->at[i].actions, (unsigned long long)b->at[i].fields[0], b->at[i].via_count,
                      b->at[i].is_via_kept ? " kept" : "");
        tell_cond(b->at[i].where, depth + 2);
    }
}

static void tell_cond(const cond *c, int depth)
{
    static const char *const names[] = {
        "true", "false", "and",  "or",     "not", "eq", "ne",     "gt",       "gte",    "lt",
        "lte",  "in",    "none", "starts", "has", "me", "exists", "in_query", "refers", "attached"};
    if (!c) {
        print_message("%*sany\n", depth, "");
        return;
    }
    print_message("%*s%s", depth, "", names[c->op]);
    for (uint32_t i = 0; i < c->path_length; i++) {
        print_message(" %.*s", STR_FMT(c->path[i]->name));
    }
    for (uint32_t i = 0; i < c->value_count; i++) {
        print_message(" [%d %lld %.*s]", c->values[i].kind, (long long)c->values[i].i,
                      STR_FMT(c->values[i].s));
    }
    print_message("\n");
    if (c->sub) {
        print_message("%*samong %.*s.%.*s\n", depth, "", STR_FMT(c->sub->field->entity->name),
                      STR_FMT(c->sub->field->name));
        tell_branches("rights", c->sub->rights, depth + 4);
        tell_cond(c->sub->where, depth + 4);
    }
    tell_branches("hop 0", c->hop[0], depth + 4);
    tell_branches("hop 1", c->hop[1], depth + 4);
    for (const cond *child = c->first; child; child = child->next) {
        tell_cond(child, depth + 2);
    }
}

void tell_query(const query *q)
{
    print_message("%.*s need %x terms [%.*s] deleted %d %d\n", STR_FMT(q->entity->name), q->need,
                  STR_FMT(q->terms), q->with_deleted, q->only_deleted);
    tell_branches("branch", q->rights, 2);
    tell_cond(q->where, 2);
}
