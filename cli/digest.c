/* The sums by which the service tells contents apart: SHA-1, MD5, and CRC-64 (ECMA-182, as in xz). */
#include "digest.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "system.h"

/* SHA-1 and MD5 have the same blocks and paddings, and differ in what is done with a block. */
struct hash {
    void (*add_block)(uint32_t *state, const unsigned char *block);
    int is_big_endian;
    uint32_t state[5];
    unsigned char block[64];
    size_t used;
    uint64_t length;
};

static uint32_t rotated(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

static void sha1_block(uint32_t *state, const unsigned char *block)
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

static const uint32_t MD5_SINES[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
    0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
    0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static void md5_block(uint32_t *state, const unsigned char *block)
{
    static const int SHIFTS[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    static const int FACTORS[4] = {1, 5, 3, 7}, OFFSETS[4] = {0, 1, 5, 0};
    uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3];
    int i;
    for (i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i + 3] << 24 | (uint32_t)block[4 * i + 2] << 16 |
               (uint32_t)block[4 * i + 1] << 8 | block[4 * i];
    for (i = 0; i < 64; i++) {
        int round = i / 16;
        uint32_t f = round == 0   ? (b & c) | (~b & d)
                     : round == 1 ? (d & b) | (~d & c)
                     : round == 2 ? b ^ c ^ d
                                  : c ^ (b | ~d);
        uint32_t word = w[(i * FACTORS[round] + OFFSETS[round]) % 16];
        uint32_t next = b + rotated(a + f + MD5_SINES[i] + word, SHIFTS[round][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static void hash_add(struct hash *hash, const unsigned char *data, size_t size)
{
    hash->length += size;
    while (size > 0) {
        if (hash->used == 0 && size >= sizeof hash->block) {
            hash->add_block(hash->state, data);
            data += sizeof hash->block;
            size -= sizeof hash->block;
            continue;
        }
        size_t room = sizeof hash->block - hash->used, part = size < room ? size : room;
        memcpy(hash->block + hash->used, data, part);
        hash->used += part;
        data += part;
        size -= part;
        if (hash->used == sizeof hash->block) {
            hash->add_block(hash->state, hash->block);
            hash->used = 0;
        }
    }
}

/* Writes so many numbers of the state in hexadecimal digits. */
static void hash_end(struct hash *hash, int count, char *text)
{
    static const unsigned char END[1] = {0x80}, ZERO[1] = {0};
    uint64_t bits = hash->length * 8;
    unsigned char length[8];
    int i;
    for (i = 0; i < 8; i++)
        length[i] = (unsigned char)(bits >> 8 * (hash->is_big_endian ? 7 - i : i));
    hash_add(hash, END, 1);
    while (hash->used != 56)
        hash_add(hash, ZERO, 1);
    hash_add(hash, length, 8);
    for (i = 0; i < 4 * count; i++) {
        int byte = hash->is_big_endian ? 3 - i % 4 : i % 4;
        sprintf(text + 2 * i, "%02x", (unsigned)(hash->state[i / 4] >> 8 * byte & 0xff));
    }
}

/* `tables[n]` has what a byte makes of the sum with n bytes behind it, so that eight are taken at a time. */
static void make_crc64_tables(uint64_t tables[8][256])
{
    int i, n, bit;
    for (i = 0; i < 256; i++) {
        uint64_t crc = (uint64_t)i;
        for (bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT64_C(0xc96c5795d7870f42) : crc >> 1;
        tables[0][i] = crc;
    }
    for (n = 1; n < 8; n++) {
        for (i = 0; i < 256; i++) {
            uint64_t crc = tables[n - 1][i];
            tables[n][i] = tables[0][crc & 0xff] ^ crc >> 8;
        }
    }
}

static uint64_t crc64_added(uint64_t tables[8][256], uint64_t crc, const unsigned char *data, size_t size)
{
    for (; size >= 8; size -= 8, data += 8) {
        crc ^= (uint64_t)data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 |
               (uint64_t)data[3] << 24 | (uint64_t)data[4] << 32 | (uint64_t)data[5] << 40 |
               (uint64_t)data[6] << 48 | (uint64_t)data[7] << 56;
        crc = tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^
              tables[4][crc >> 24 & 0xff] ^ tables[3][crc >> 32 & 0xff] ^ tables[2][crc >> 40 & 0xff] ^
              tables[1][crc >> 48 & 0xff] ^ tables[0][crc >> 56];
    }
    for (; size > 0; size--)
        crc = tables[0][(crc ^ *data++) & 0xff] ^ crc >> 8;
    return crc;
}

int sums_of_file(const char *path, int wanted, struct sums *sums)
{
    struct hash sha1 = {.add_block = sha1_block, .is_big_endian = 1};
    struct hash md5 = {.add_block = md5_block};
    static const uint32_t START[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint64_t tables[8][256], crc = ~UINT64_C(0);
    unsigned char buffer[65536];
    int file = open_to_read(path), error = 0;
    long got = 0;
    memset(sums, 0, sizeof *sums);
    if (file < 0)
        return errno;
    memcpy(sha1.state, START, sizeof START);
    memcpy(md5.state, START, sizeof START);
    make_crc64_tables(tables);
    while (!is_interrupted() && (got = read_some(file, buffer, sizeof buffer)) > 0) {
        if (wanted & SHA1_SUM)
            hash_add(&sha1, buffer, (size_t)got);
        if (wanted & MD5_SUM)
            hash_add(&md5, buffer, (size_t)got);
        if (wanted & CRC64_SUM)
            crc = crc64_added(tables, crc, buffer, (size_t)got);
    }
    if (got < 0)
        error = errno;
    close_file(file);
    if (wanted & SHA1_SUM)
        hash_end(&sha1, 5, sums->sha1);
    if (wanted & MD5_SUM)
        hash_end(&md5, 4, sums->md5);
    if (wanted & CRC64_SUM)
        sprintf(sums->crc64, "%llu", (unsigned long long)~crc);
    return error;
}
