/* The sums by which the service tells contents apart. */
#ifndef DIGEST_H
#define DIGEST_H

enum { SUM_TEXT = 48 };

/* Writes the SHA-1 of a file in hexadecimal digits, and its CRC-64 as a decimal number. Returns an errno. */
int sums_of_file(const char *path, char sha1[SUM_TEXT], char crc64[SUM_TEXT]);

#endif
