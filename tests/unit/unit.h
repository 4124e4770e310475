/* unit.h - what every unit test includes: cmocka with its prerequisites, and checks for crm_str. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <crm/crm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `s` holds exactly the text `z`. */
#define assert_text(s, z) unit_assert_text((s), (z), __FILE__, __LINE__)
static inline void unit_assert_text(crm_str s, const char *z, const char *file, int line)
{
    if (!s.p || s.n != strlen(z) || memcmp(s.p, z, s.n) != 0) {
        print_error("\"%.*s\" is not \"%s\"\n", (int)s.n, s.p ? s.p : "", z);
        _fail(file, line);
    }
}

#define assert_ok(status) assert_int_equal((status), CRM_OK)

/* A string of the whole of a literal, zeros included. */
#define BYTES(lit) ((crm_str){(lit), sizeof(lit) - 1})

#endif
