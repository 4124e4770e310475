/*
 * base.h - the lowest layer: memory, strings, JSON, YAML, text, crypto, logs, clock, loops.
 *
 * Contract of the layer: it knows nothing of records, requests or modules; it opens no socket and
 * no database. Unless a header says otherwise its functions may run on any thread, but one object
 * belongs to one thread at a time.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <crm/crm.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/status.h"
#include "base/str.h"
#include "base/text.h"
#include "base/yaml.h"
#include "base/zone.h"

#endif
