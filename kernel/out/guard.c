/* guard.c - see guard.h. Ranges: the IANA special-purpose registries of IPv4 and IPv6 (RFC 6890).
 */
#include "out/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define MAPPED_BITS 96

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

typedef struct range {
    uint8_t bytes[16];
    int bits;
} range;

/* Of IPv4: not public. */
static const range special4[] = {{{0}, 8},
                                 {{10}, 8},
                                 {{100, 64}, 10},
                                 {{127}, 8},
                                 {{169, 254}, 16},
                                 {{172, 16}, 12},
                                 {{192, 0, 0}, 24},
                                 {{192, 0, 2}, 24},
                                 {{192, 88, 99}, 24},
                                 {{192, 168}, 16},
                                 {{198, 18}, 15},
                                 {{198, 51, 100}, 24},
                                 {{203, 0, 113}, 24},
                                 {{224}, 4},
                                 {{240}, 4}};
/* Inside 2000::/3, outside of which nothing of IPv6 is public: protocol assignments and Teredo,
 * documentation, 6to4 (which wraps an address of IPv4), documentation again. */
static const range special6[] = {{{0x20, 0x01, 0, 0}, 23},
                                 {{0x20, 0x01, 0x0d, 0xb8}, 32},
                                 {{0x20, 0x02}, 16},
                                 {{0x3f, 0xff}, 20}};
static const range global6 = {{0x20}, 3};
static const range nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool begins(const uint8_t *bytes, const uint8_t *prefix, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(bytes, prefix, (size_t)whole) != 0) {
        return false;
    }
    uint8_t mask = (uint8_t)(0xff << (8 - rest));
    return !rest || (bytes[whole] & mask) == (prefix[whole] & mask);
}

static bool is_in(const uint8_t *bytes, const range *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (begins(bytes, all[i].bytes, all[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool is_public4(const uint8_t bytes[4])
{
    return !is_in(bytes, special4, sizeof special4 / sizeof special4[0]);
}

static bool is_public6(const uint8_t bytes[16])
{
    if (memcmp(bytes, mapped, sizeof mapped) == 0 || is_in(bytes, &nat64, 1)) {
        return is_public4(bytes + 12);
    }
    return is_in(bytes, &global6, 1) &&
           !is_in(bytes, special6, sizeof special6 / sizeof special6[0]);
}

/* False: neither IPv4 nor IPv6. */
static bool bytes_of(const struct sockaddr *a, uint8_t out[16])
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof in);
        memcpy(out, mapped, sizeof mapped);
        memcpy(out + 12, &in.sin_addr, 4);
        return true;
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, a, sizeof in);
        memcpy(out, &in.sin6_addr, 16);
        return true;
    }
    return false;
}

bool guard_is_public(const struct sockaddr *a)
{
    uint8_t bytes[16];
    return bytes_of(a, bytes) && is_public6(bytes);
}

bool guard_is_listed(const guard_list *l, const struct sockaddr *a)
{
    uint8_t bytes[16];
    if (!bytes_of(a, bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (begins(bytes, l->at[i].bytes, l->at[i].bits)) {
            return true;
        }
    }
    return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

crm_status guard_read_net(crm_str text, guard_net *out)
{
    char z[INET6_ADDRSTRLEN];
    crm_str rest = text, address = {0};
    str_split(&rest, '/', &address);
    bool has_bits = address.n < text.n;
    int64_t bits = 0;
    if (!address.n || address.n >= sizeof z) {
        return CRM_INVALID;
    }
    memcpy(z, address.p, address.n);
    z[address.n] = 0;
    bool is4 = inet_pton(AF_INET, z, out->bytes + 12) == 1;
    if (is4) {
        memcpy(out->bytes, mapped, sizeof mapped);
    } else if (inet_pton(AF_INET6, z, out->bytes) != 1) {
        return CRM_INVALID;
    }
    int most = is4 ? 32 : 128;
    if (has_bits && (str_to_i64(rest, &bits) != CRM_OK || bits < 0 || bits > most)) {
        return CRM_INVALID;
    }
    out->bits = (has_bits ? (int)bits : most) + (is4 ? MAPPED_BITS : 0);
    return CRM_OK;
}

void guard_read_list(crm_str lines, guard_list *out)
{
    crm_str line;
    out->count = 0;
    while (out->count < GUARD_NETS_MAX && str_split(&lines, '\n', &line)) {
        if (guard_read_net(line, &out->at[out->count]) == CRM_OK) {
            out->count++;
        }
    }
}
