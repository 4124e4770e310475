/* fuzz.h - what a fuzz target promises to libFuzzer, and how it checks a property. */
#ifndef FUZZ_H
#define FUZZ_H

#include <crm/crm.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input, in every build. */
#define MUST(x) ((x) ? (void)0 : abort())

#endif
