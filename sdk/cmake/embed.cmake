# cmake -DIN=module.yaml -DOUT=manifest.c -P embed.cmake: the bytes of a file as a C array that ends
# in 0, so that the descriptor can point at it as a string.
file(READ ${IN} bytes HEX)
string(LENGTH "${bytes}" length)
math(EXPR length "${length} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)"
       "\\1\n    " bytes "${bytes}")
file(WRITE ${OUT} "/* Generated from module.yaml. */
#include <crm/module.h>

const char crm__manifest[] = {
    ${bytes}0};
const uint64_t crm__manifest_size = ${length};
")
