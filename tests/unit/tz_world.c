/* tz_world.c - see tz_world.h. */
#include "tz_world.h"

#include <dirent.h>
#include <unistd.h>

static module_found *find_module(tz_world *w, crm_str name)
{
    for (uint32_t i = 0; i < w->found_count; i++) {
        if (str_eq(w->found[i].name, name)) {
            return &w->found[i];
        }
    }
    return NULL;
}

tz_world *tz_world_new(void)
{
    arena *a = arena_new(0);
    tz_world *w = ARENA_NEW(a, tz_world);
    module_refusal *refused = NULL;
    w->a = a;
    memcpy(w->dir, "/tmp/karkas-tz-XXXXXX", 22);
    assert_non_null(mkdtemp(w->dir));
    plug_set_options(&(plug_options){.is_dev = true, .probe_limit_ms = 20000});
    assert_ok(plug_scan(a, TZ_MODULES, &w->found, &w->found_count, &refused));
    assert_null(refused);
    return w;
}

void tz_world_free(tz_world *w)
{
    DIR *d = opendir(w->dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    rmdir(w->dir);
    registry_discard(w->r);
    arena_free(w->a);
}

void tz_world_write(tz_world *w, const char *name, const char *text)
{
    assert_ok(fs_write(arena_fmt(w->a, "%s/%s", w->dir, name).p, str_of(text), 0600));
}

const char *tz_world_lines(tz_world *w, const tz_fault *f, const char *lang)
{
    buf b;
    buf_init(&b, 0);
    for (; f; f = f->next) {
        tz_fault_text(f, lang, &b);
        buf_char(&b, '\n');
    }
    buf_char(&b, 0);
    const char *text = arena_dup(w->a, buf_view(&b)).p;
    buf_free(&b);
    return text;
}

static crm_status add_modules(tz_world *w, const crm_str *names, uint32_t count)
{
    module **loaded = ARENA_ARRAY(w->a, module *, count + 1);
    registry_fault *faults = NULL;
    for (uint32_t i = 0; i < count; i++) {
        module_refusal *refused = NULL;
        assert_ok(plug_load(w->a, find_module(w, names[i]), &loaded[i], &refused));
    }
    return plug_register(loaded, count, w->r, w->a, &faults);
}

crm_status tz_world_rebuild(tz_world *w, const tz_version *applied, tz_fault **faults)
{
    crm_str *names;
    uint32_t count;
    registry_discard(w->r);
    w->r = NULL;
    crm_status s = tz_modules(w->t, w->a, w->found, w->found_count, &names, &count, faults);
    if (s != CRM_OK) {
        return s;
    }
    w->r = registry_new();
    assert_ok(flow_register(w->r));
    assert_ok(add_modules(w, names, count));
    if (applied) {
        tz_keep(w->t, applied);
    }
    if (w->e) {
        assert_ok(tz_recall(w->t, w->e, NULL));
    }
    return tz_register(w->t, w->r, w->a, faults);
}

crm_status tz_world_build(tz_world *w, const char *path, const tz_version *applied,
                          tz_fault **faults)
{
    registry_discard(w->r);
    w->r = NULL;
    crm_status s = tz_read(w->a, path, &w->t, faults);
    return s == CRM_OK ? tz_world_rebuild(w, applied, faults) : s;
}
