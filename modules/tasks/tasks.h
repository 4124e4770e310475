/* tasks.h - what the files of the module share. */
#ifndef TASKS_H
#define TASKS_H

#include <crm/host.h>
#include <string.h>

#define TASK "tasks.task"

static inline bool is_word(crm_str s, const char *word)
{
    return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

/* The rule step `task: {kind, title, to, due, remind, text}`. */
crm_status task_step(crm_ctx *c, crm_rec *subject);

#endif
