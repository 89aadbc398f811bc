/* The sums by which the service tells contents apart: SHA-1 with the JSON API, CRC-64 (ECMA-182, as in xz)
 * with the XML API. */
#include "digest.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "system.h"

struct sha1 {
    uint32_t state[5];
    unsigned char block[64];
    size_t used;
    uint64_t length;
};

static uint32_t rotated(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    int i;
    for (i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (; i < 80; i++)
        w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? (b & c) | (~b & d)
                     : i < 40 ? b ^ c ^ d
                     : i < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        static const uint32_t K[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        uint32_t next = rotated(a, 5) + f + e + K[i / 20] + w[i];
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void sha1_add(struct sha1 *sha1, const unsigned char *data, size_t size)
{
    sha1->length += size;
    while (size > 0) {
        size_t room = sizeof sha1->block - sha1->used, part = size < room ? size : room;
        memcpy(sha1->block + sha1->used, data, part);
        sha1->used += part;
        data += part;
        size -= part;
        if (sha1->used == sizeof sha1->block) {
            sha1_block(sha1->state, sha1->block);
            sha1->used = 0;
        }
    }
}

static void sha1_end(struct sha1 *sha1, char *text)
{
    uint64_t bits = sha1->length * 8;
    unsigned char length[8];
    int i;
    for (i = 0; i < 8; i++)
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    sha1_add(sha1, (const unsigned char *)"\x80", 1);
    while (sha1->used != 56)
        sha1_add(sha1, (const unsigned char *)"", 1);
    sha1_add(sha1, length, 8);
    for (i = 0; i < 5; i++)
        sprintf(text + 8 * i, "%08lx", (unsigned long)sha1->state[i]);
}

static void make_crc64_table(uint64_t table[256])
{
    int i, bit;
    for (i = 0; i < 256; i++) {
        uint64_t crc = (uint64_t)i;
        for (bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT64_C(0xc96c5795d7870f42) : crc >> 1;
        table[i] = crc;
    }
}

int sums_of_file(const char *path, char sha1_text[SUM_TEXT], char crc64_text[SUM_TEXT])
{
    struct sha1 sha1 = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, {0}, 0, 0};
    uint64_t table[256], crc = ~UINT64_C(0);
    unsigned char buffer[65536];
    int file = open_to_read(path), error = 0;
    long got = 0, i;
    if (file < 0)
        return errno;
    make_crc64_table(table);
    while (!is_interrupted() && (got = read_some(file, buffer, sizeof buffer)) > 0) {
        sha1_add(&sha1, buffer, (size_t)got);
        for (i = 0; i < got; i++)
            crc = table[(crc ^ buffer[i]) & 0xff] ^ crc >> 8;
    }
    if (got < 0)
        error = errno;
    close_file(file);
    sha1_end(&sha1, sha1_text);
    sprintf(crc64_text, "%llu", (unsigned long long)~crc);
    return error;
}
