/*
 * data.h - the data layer: what exists (registry), where it is kept (engines), who may see and
 * change it (rights, records), who works here (people, accounts), and what happened (change log).
 *
 * Contract of the layer: no sockets, no threads of its own but an engine's, no module's words. It
 * calls upwards only through the registry's function pointers.
 */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include "data/accounts.h"
#include "data/call.h"
#include "data/changelog.h"
#include "data/cond.h"
#include "data/engine.h"
#include "data/people.h"
#include "data/query.h"
#include "data/records.h"
#include "data/registry.h"
#include "data/rights.h"
#include "data/tx.h"
#include "data/value.h"

#endif
