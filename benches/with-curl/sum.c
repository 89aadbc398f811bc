#include "sum.h"

#include "crc64.h"
#include "text.h"

void sum_begin(struct sum *sum, enum sum_kind kind)
{
    sum->kind = kind;
    sum->crc = 0;
    if (kind != SUM_SHA1)
        return;
    if (!sum->sha)
        sum->sha = EVP_MD_CTX_new();
    if (!sum->sha || !EVP_DigestInit_ex(sum->sha, EVP_sha1(), NULL))
        fail("no memory");
}

void sum_add(struct sum *sum, const void *data, size_t len)
{
    if (sum->kind == SUM_SHA1)
        EVP_DigestUpdate(sum->sha, data, len);
    else if (sum->kind == SUM_CRC64)
        sum->crc = crc64(sum->crc, data, len);
}

void sum_sha(struct sum *sum, char out[41])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(sum->sha, digest, NULL);
    hex(digest, 20, out);
}

void sum_end(struct sum *sum)
{
    EVP_MD_CTX_free(sum->sha);
    sum->sha = NULL;
}
