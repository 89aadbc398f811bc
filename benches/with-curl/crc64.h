/* The CRC-64 of the XML API: ECMA-182, reflected. */
#ifndef CRC64_H
#define CRC64_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what has `crc` so far (0 at first) and is followed by `data`. */
uint64_t crc64(uint64_t crc, const void *data, size_t len);

/* The CRC of two contents behind one another, of which the second has `len` bytes. */
uint64_t crc64_combined(uint64_t first, uint64_t second, uint64_t len);

#endif
