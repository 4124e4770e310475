/*
 * lock_v1.c - the layout of the module ABI, major 1, as numbers: compiles or does not.
 *
 * A line is added when a field is appended; a line is never changed or removed within the major.
 * Sizes may only grow, at the end. The numbers hold for 64-bit targets.
 */
#include <crm/host.h>

#if UINTPTR_MAX == 0xffffffffffffffffu
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define LEAST(type, size)       _Static_assert(sizeof(type) >= (size), #type " may not shrink")

AT(crm_str, p, 0);
AT(crm_str, n, 8);
LEAST(crm_str, 16);

AT(crm_dep, iface, 0);
AT(crm_dep, major, 8);
AT(crm_dep, min_minor, 10);
AT(crm_dep, flags, 12);
LEAST(crm_dep, 16);

AT(crm_iface, name, 0);
AT(crm_iface, major, 8);
AT(crm_iface, minor, 10);
AT(crm_iface, size, 12);
AT(crm_iface, vtable, 16);
LEAST(crm_iface, 24);

AT(crm_route, method, 0);
AT(crm_route, path, 8);
AT(crm_route, fn, 16);
AT(crm_route, prepare, 24);
AT(crm_route, tx, 32);
AT(crm_route, limit_ms, 36);
AT(crm_route, perm, 40);
LEAST(crm_route, 48);

AT(crm_hook, entity, 0);
AT(crm_hook, fn, 8);
AT(crm_hook, when, 16);
AT(crm_hook, order, 20);
LEAST(crm_hook, 24);

AT(crm_listener, name, 0);
AT(crm_listener, entity, 8);
AT(crm_listener, fn, 16);
LEAST(crm_listener, 24);

AT(crm_job, name, 0);
AT(crm_job, fn, 8);
AT(crm_job, every_s, 16);
AT(crm_job, limit_ms, 20);
LEAST(crm_job, 24);

AT(crm_step, verb, 0);
AT(crm_step, schema, 8);
AT(crm_step, fn, 16);
LEAST(crm_step, 24);

AT(crm_strategy, name, 0);
AT(crm_strategy, fn, 8);
LEAST(crm_strategy, 16);

AT(crm_integration, type, 0);
AT(crm_integration, schema, 8);
AT(crm_integration, receive, 16);
AT(crm_integration, describe, 24);
AT(crm_integration, flags, 32);
LEAST(crm_integration, 40);

AT(crm_perm, name, 0);
AT(crm_perm, title, 8);
LEAST(crm_perm, 16);

AT(crm_migration, version, 0);
AT(crm_migration, fn, 8);
LEAST(crm_migration, 16);

AT(crm_service_def, name, 0);
AT(crm_service_def, title_key, 8);
AT(crm_service_def, run, 16);
AT(crm_service_def, state, 24);
AT(crm_service_def, flags, 32);
AT(crm_service_def, drain_ms, 36);
LEAST(crm_service_def, 40);

AT(crm_module, magic, 0);
AT(crm_module, size, 4);
AT(crm_module, level, 8);
AT(crm_module, flags, 10);
AT(crm_module, reserved, 12);
AT(crm_module, host_slot, 16);
AT(crm_module, name, 24);
AT(crm_module, version, 32);
AT(crm_module, license, 40);
AT(crm_module, manifest, 48);
AT(crm_module, manifest_size, 56);
AT(crm_module, deps, 64);
AT(crm_module, ifaces, 80);
AT(crm_module, routes, 96);
AT(crm_module, hooks, 112);
AT(crm_module, listeners, 128);
AT(crm_module, jobs, 144);
AT(crm_module, steps, 160);
AT(crm_module, strategies, 176);
AT(crm_module, integrations, 192);
AT(crm_module, perms, 208);
AT(crm_module, migrations, 224);
AT(crm_module, caps, 240);
AT(crm_module, start, 248);
AT(crm_module, stop, 256);
AT(crm_module, services, 264);
LEAST(crm_module, 280);

AT(crm_host, size, 0);
AT(crm_host, level, 4);
AT(crm_host, pad, 6);
AT(crm_host, log, 8);
AT(crm_host, fail, 16);
AT(crm_host, alloc, 24);
AT(crm_host, keep, 32);
AT(crm_host, fmt, 40);
AT(crm_host, now, 48);
AT(crm_host, text, 56);
AT(crm_host, user, 64);
AT(crm_host, may, 72);
AT(crm_host, as_system, 80);
AT(crm_host, param, 88);
AT(crm_host, param_id, 96);
AT(crm_host, body, 104);
AT(crm_host, content_type, 112);
AT(crm_host, body_text, 120);
AT(crm_host, arg_text, 128);
AT(crm_host, arg_duration, 136);
AT(crm_host, arg_json, 144);
AT(crm_host, rec_new, 152);
AT(crm_host, rec_get, 160);
AT(crm_host, rec_find, 168);
AT(crm_host, rows_next, 176);
AT(crm_host, rec_count, 184);
AT(crm_host, rec_save, 192);
AT(crm_host, rec_remove, 200);
AT(crm_host, rec_entity, 208);
AT(crm_host, rec_id, 216);
AT(crm_host, rec_has, 224);
AT(crm_host, rec_text, 232);
AT(crm_host, rec_int, 240);
AT(crm_host, rec_changed, 248);
AT(crm_host, set_text, 256);
AT(crm_host, set_int, 264);
AT(crm_host, set_null, 272);
AT(crm_host, set_input, 280);
AT(crm_host, schedule, 288);
AT(crm_host, unschedule, 296);
AT(crm_host, notify, 304);
AT(crm_host, setting, 312);
AT(crm_host, option, 320);
AT(crm_host, phone, 328);
AT(crm_host, change_entity, 336);
AT(crm_host, change_record, 344);
AT(crm_host, change_position, 352);
AT(crm_host, change_touched, 360);
AT(crm_host, put_text, 368);
AT(crm_host, put_int, 376);
AT(crm_host, put_bool, 384);
AT(crm_host, put_record, 392);
AT(crm_host, put_list, 400);
AT(crm_host, put_object, 408);
AT(crm_host, put_end, 416);
AT(crm_host, put_status, 424);
AT(crm_host, iface, 432);
AT(crm_host, body_at, 440);
AT(crm_host, json_at, 448);
AT(crm_host, field_type, 456);
AT(crm_host, outcome, 464);
AT(crm_host, number, 472);
AT(crm_host, fill, 480);
AT(crm_host, service_should_stop, 488);
AT(crm_host, service_wait, 496);
AT(crm_host, service_fd, 504);
AT(crm_host, service_health, 512);
AT(crm_host, service_read, 520);
AT(crm_host, service_write, 528);
AT(crm_host, service_wake, 536);
LEAST(crm_host, 544);
#endif

/* The statuses modules return are numbers of the ABI too. */
_Static_assert(CRM_OK == 0, "status OK");
_Static_assert(CRM_INVALID == 1, "status INVALID");
_Static_assert(CRM_NOT_FOUND == 2, "status NOT_FOUND");
_Static_assert(CRM_DENIED == 3, "status DENIED");
_Static_assert(CRM_CONFLICT == 4, "status CONFLICT");
_Static_assert(CRM_LIMIT == 5, "status LIMIT");
_Static_assert(CRM_TIMEOUT == 6, "status TIMEOUT");
_Static_assert(CRM_UPSTREAM == 7, "status UPSTREAM");
_Static_assert(CRM_MISUSE == 8, "status MISUSE");
_Static_assert(CRM_NOMEM == 9, "status NOMEM");
_Static_assert(CRM_INTERNAL == 10, "status INTERNAL");
_Static_assert(CRM_BAD_REQUEST == 11, "status BAD_REQUEST");
_Static_assert(CRM_UNAUTHENTICATED == 12, "status UNAUTHENTICATED");
_Static_assert(CRM_STALE == 13, "status STALE");
_Static_assert(CRM_TOO_LARGE == 14, "status TOO_LARGE");
_Static_assert(CRM_UNAVAILABLE == 15, "status UNAVAILABLE");
_Static_assert(CRM_NO_SPACE == 16, "status NO_SPACE");
_Static_assert(CRM_METHOD == 17, "status METHOD");
_Static_assert(CRM_MEDIA == 18, "status MEDIA");
