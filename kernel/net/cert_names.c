/* cert_names.c - which names a certificate may hold. Pure; any thread. */
#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "net/cert.h"
#include "net/target.h"

const cert_network cert_local_networks[CERT_LOCAL_NETWORKS] = {
    {{10}, 4, 8},  {{172, 16}, 4, 12}, {{192, 168}, 4, 16},    {{169, 254}, 4, 16},
    {{127}, 4, 8}, {{0xfc}, 16, 7},    {{0xfe, 0x80}, 16, 10}, {{[15] = 1}, 16, 128},
};
const char *const cert_local_domains[CERT_LOCAL_DOMAINS] = {"localhost", "local", "lan", "internal",
                                                            "home.arpa"};

static bool is_in(const cert_network *net, const cert_name *name)
{
    if (net->n != name->address_n) {
        return false;
    }
    for (int bit = 0; bit < net->bits; bit++) {
        uint8_t differs = net->address[bit / 8] ^ name->address[bit / 8];
        if (differs & (0x80 >> bit % 8)) {
            return false;
        }
    }
    return true;
}

static bool is_at_or_below(crm_str domain, crm_str name)
{
    return str_eq(domain, name) ||
           (name.n > domain.n && str_ends(name, domain) && name.p[name.n - domain.n - 1] == '.');
}

bool cert_name_is_local(const cert_name *name)
{
    for (size_t i = 0; i < CERT_LOCAL_NETWORKS; i++) {
        if (name->address_n && is_in(&cert_local_networks[i], name)) {
            return true;
        }
    }
    for (size_t i = 0; i < CERT_LOCAL_DOMAINS; i++) {
        if (!name->address_n && is_at_or_below(str_of(cert_local_domains[i]), name->text)) {
            return true;
        }
    }
    return false;
}

bool cert_name_covers(const cert_name *wide, const cert_name *name)
{
    if (wide->address_n || name->address_n) {
        return wide->address_n == name->address_n &&
               memcmp(wide->address, name->address, name->address_n) == 0;
    }
    return is_at_or_below(wide->text, name->text);
}

static bool read_name(arena *a, crm_str text, cert_name *out)
{
    char z[INET6_ADDRSTRLEN];
    *out = (cert_name){.text = arena_dup(a, text)};
    if (!out->text.p || text.n == 0) {
        return false;
    }
    if (text.n < sizeof z) {
        memcpy(z, text.p, text.n);
        z[text.n] = 0;
        out->address_n = inet_pton(AF_INET, z, out->address) == 1    ? 4
                         : inet_pton(AF_INET6, z, out->address) == 1 ? 16
                                                                     : 0;
    }
    for (size_t i = 0; i < text.n; i++) {
        char *c = (char *)out->text.p + i;
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    }
    return out->address_n || (target_is_host(text) && str_find(text, ':') < 0);
}

/* Names before addresses, so that the same set always makes the same bytes. */
static int compare(const cert_name *a, const cert_name *b)
{
    if (a->address_n != b->address_n) {
        return a->address_n < b->address_n ? -1 : 1;
    }
    return a->address_n ? memcmp(a->address, b->address, a->address_n) : str_cmp(a->text, b->text);
}

bool cert_names_add(arena *a, cert_names *names, crm_str text)
{
    cert_name name;
    if (names->count == CERT_NAMES_MAX || !read_name(a, text, &name)) {
        return false;
    }
    size_t at = 0;
    while (at < names->count && compare(&names->at[at], &name) < 0) {
        at++;
    }
    if (at < names->count && compare(&names->at[at], &name) == 0) {
        return true;
    }
    memmove(&names->at[at + 1], &names->at[at], (names->count - at) * sizeof name);
    names->at[at] = name;
    names->count++;
    return true;
}
