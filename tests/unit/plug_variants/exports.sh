#!/bin/sh
# exports.sh NM FILE.so: a module exports crm_module_v1 and nothing else (AddressSanitizer's marks apart).
set -eu
names=$("$1" -D --defined-only "$2" | awk '$3 !~ /^__odr_asan/ {print $3}')
if [ "$names" != crm_module_v1 ]; then
    echo "$2 exports: $names" >&2
    exit 1
fi
