/* A sum of content that goes by: what the API at hand verifies it with. */
#ifndef SUM_H
#define SUM_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

enum sum_kind { SUM_NONE, SUM_SHA1, SUM_CRC64 };

struct sum {
    enum sum_kind kind;
    EVP_MD_CTX *sha;
    uint64_t crc;
};

/* Also begins anew. */
void sum_begin(struct sum *sum, enum sum_kind kind);
void sum_add(struct sum *sum, const void *data, size_t len);
/* Writes the 40 digits of a SHA-1. */
void sum_sha(struct sum *sum, char out[41]);
void sum_end(struct sum *sum);

#endif
