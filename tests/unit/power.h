/*
 * power.h - a disk whose power is cut: everything that SQLite does to its files is recorded, and for
 * any moment of the record the states are made that a disk may be in when the power fails then.
 *
 * What was synced is there. Of what a file got after its last sync each sector (512 bytes) may be
 * there or not, whatever came first; that a file exists or is gone holds once its folder was synced,
 * which SQLite does with the first sync of a log or journal it has made (os_unix.c, DIRSYNC). One
 * thread; fault_vfs_install comes first.
 */
#ifndef POWER_H
#define POWER_H

#include <stdbool.h>
#include <stdint.h>

/* Files whose path begins with `prefix` are recorded from now on, those that are there already as
 * empty ones; an earlier record is forgotten. */
void power_record(const char *prefix);
void power_stop(void);
void power_forget(void);
/* How much has happened so far: a moment to cut at. */
uint32_t power_moment(void);

/* Goes through the record; `at` is called for every moment and may make states of it. */
typedef struct power_replay {
    bool ignores_sync; /* the disk lies: nothing is synced */
    bool (*at)(void *arg, uint32_t moment); /* false: enough */
    void *arg;
} power_replay;
void power_run(const power_replay *r);
/* Within `at`: writes the files of one state into the folder `to`. Every seed is another state; of
 * four, one has all that was written, one nothing that was not synced. */
void power_leave(const char *to, uint64_t seed);

#endif
