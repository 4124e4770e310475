/* gzip.c - the checksum and the length at the end of a gzip file. */
#include "net/gzip.h"

#define HEAD_BYTES 10
#define TAIL_BYTES 8

/* Four bits at a time: files are small, and read once. */
static uint32_t crc32_of(crm_str s)
{
    static const uint32_t step[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (uint8_t)s.p[i];
        crc = (crc >> 4) ^ step[crc & 15];
        crc = (crc >> 4) ^ step[crc & 15];
    }
    return ~crc;
}

static uint32_t little_endian(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

bool gzip_is_of(crm_str gz, crm_str whole)
{
    if (gz.n < HEAD_BYTES + TAIL_BYTES || (uint8_t)gz.p[0] != 0x1f || (uint8_t)gz.p[1] != 0x8b) {
        return false;
    }
    const char *tail = gz.p + gz.n - TAIL_BYTES;
    return little_endian(tail + 4) == (uint32_t)whole.n && little_endian(tail) == crc32_of(whole);
}
