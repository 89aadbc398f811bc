/* With carry-less multiplication where the processor has it: 128 bytes are folded onto the next 128
 * until none are left, then onto one block of 16; a table does the rest.
 *
 * A polynomial is reflected: the highest bit of a word is the coefficient of x^0. */
#include "crc64.h"

#include <pthread.h>
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#endif

#define POLYNOMIAL 0xC96C5795D7870F42u
#define ONE (UINT64_C(1) << 63) /* x^0 */

static uint64_t table[256];
static uint64_t by_16[2], by_128[2]; /* what the halves of a block are multiplied by */
static int has_clmul;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static uint64_t times_x(uint64_t a) { return (a >> 1) ^ (a & 1 ? POLYNOMIAL : 0); }

static uint64_t product(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    for (; b; b <<= 1, a = times_x(a))
        if (b & ONE)
            sum ^= a;
    return sum;
}

/* x^n */
static uint64_t power(uint64_t n)
{
    uint64_t result = ONE, square = ONE >> 1;
    for (; n; n >>= 1, square = product(square, square))
        if (n & 1)
            result = product(result, square);
    return result;
}

/* A product of reflected words is one bit too low, so one x too many is in it. The low half of a block
 * stands 64 bits before the high one. */
static void prepare_fold(uint64_t by[2], uint64_t bytes)
{
    by[0] = power(8 * bytes + 64 - 1);
    by[1] = power(8 * bytes - 1);
}

static void prepare(void)
{
    int i, bit;
    for (i = 0; i < 256; i++) {
        table[i] = (uint64_t)i;
        for (bit = 0; bit < 8; bit++)
            table[i] = times_x(table[i]);
    }
    prepare_fold(by_16, 16);
    prepare_fold(by_128, 128);
#if defined __x86_64__
    has_clmul = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#endif
}

static uint64_t by_table(uint64_t state, const unsigned char *data, size_t len)
{
    while (len--)
        state = (state >> 8) ^ table[(state ^ *data++) & 255];
    return state;
}

#if defined __x86_64__
#define CLMUL __attribute__((target("pclmul,sse4.1")))

CLMUL static inline __m128i load(const unsigned char *data)
{
    return _mm_loadu_si128((const __m128i *)data);
}

CLMUL static inline __m128i folded(__m128i block, __m128i by, __m128i onto)
{
    __m128i low = _mm_clmulepi64_si128(block, by, 0x00);
    __m128i high = _mm_clmulepi64_si128(block, by, 0x11);
    return _mm_xor_si128(onto, _mm_xor_si128(low, high));
}

/* `len` is a multiple of 16, and 128 at least. */
CLMUL static uint64_t by_clmul(uint64_t state, const unsigned char *data, size_t len)
{
    __m128i by = _mm_set_epi64x((long long)by_128[1], (long long)by_128[0]);
    __m128i blocks[8], last;
    unsigned char rest[16];
    int i;

    for (i = 0; i < 8; i++)
        blocks[i] = load(data + 16 * i);
    blocks[0] = _mm_xor_si128(blocks[0], _mm_set_epi64x(0, (long long)state));
    for (data += 128, len -= 128; len >= 128; data += 128, len -= 128)
#pragma GCC unroll 8
        for (i = 0; i < 8; i++)
            blocks[i] = folded(blocks[i], by, load(data + 16 * i));
    by = _mm_set_epi64x((long long)by_16[1], (long long)by_16[0]);
    last = blocks[0];
    for (i = 1; i < 8; i++)
        last = folded(last, by, blocks[i]);
    for (; len >= 16; data += 16, len -= 16)
        last = folded(last, by, load(data));
    _mm_storeu_si128((__m128i *)rest, last);
    return by_table(0, rest, sizeof rest);
}
#endif

uint64_t crc64(uint64_t crc, const void *content, size_t len)
{
    const unsigned char *data = content;
    uint64_t state = ~crc;
    pthread_once(&prepared, prepare);
#if defined __x86_64__
    if (has_clmul && len >= 128) {
        size_t most = len / 16 * 16;
        state = by_clmul(state, data, most);
        data += most;
        len -= most;
    }
#endif
    return ~by_table(state, data, len);
}

uint64_t crc64_combined(uint64_t first, uint64_t second, uint64_t len)
{
    return product(first, power(8 * len)) ^ second;
}
