/* The sums by which the service tells contents apart. */
#ifndef DIGEST_H
#define DIGEST_H

/* SHA-1 (JSON API) and MD5 (the ETag of what came in one request) in hexadecimal digits, and the CRC-64 of
 * the XML API as a decimal number. */
struct sums {
    char sha1[41], md5[33], crc64[21];
};

enum { SHA1_SUM = 1, MD5_SUM = 2, CRC64_SUM = 4 };

/* Computes the sums that are wanted; the others are "". Returns an errno. */
int sums_of_file(const char *path, int wanted, struct sums *sums);

#endif
