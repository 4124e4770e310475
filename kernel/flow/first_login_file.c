/* first_login_file.c - see first_login.h. */
#include "flow/first_login.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "flow/flow_private.h"

static void take_away(pool_task *t, engine_session *session)
{
    const flow *f = t->arg;
    char path[PATH_MAX];
    (void)session;
    int n = snprintf(path, sizeof path, "%s/" FIRST_LOGIN_FILE, f->o.data_dir);
    if (n < 0 || n >= (int)sizeof path || (unlink(path) != 0 && errno != ENOENT)) {
        log_event(LOG_WARN, "first_login.not_removed", "errno=%d", errno);
    }
}

static void done(pool_task *t)
{
    free(t);
}

/* What cannot be taken away now goes at the next start. */
void first_login_used(flow *f)
{
    pool_task *t = f->o.data_dir ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        return;
    }
    *t = (pool_task){.run = take_away, .done = done, .arg = f};
    if (pool_submit(f, POOL_WORKER, t) != CRM_OK) {
        free(t);
    }
}
