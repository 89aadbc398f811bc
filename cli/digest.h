/* The sums by which the service tells contents apart. */
#ifndef DIGEST_H
#define DIGEST_H

/* SHA-1 (JSON API) and MD5 (the ETag of what came in one request) in hexadecimal digits, and the CRC-64 of
 * the XML API as a decimal number. */
struct sums {
    char sha1[41], md5[33], crc64[21];
};

/* Returns an errno. */
int sums_of_file(const char *path, struct sums *sums);

#endif
