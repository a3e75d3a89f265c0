/* Fixed-width base62, digits 0-9A-Za-z, the most significant first. */
#ifndef AUTH_BASE62_H
#define AUTH_BASE62_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AUTH_BASE62_SECRET_BYTES = 32 };

/* Writes exactly `chars` digits, no NUL. The number must fit: 43 digits hold 32 bytes, 6 hold a uint32_t. */
void auth_base62_bytes(const uint8_t number[AUTH_BASE62_SECRET_BYTES], char *out, size_t chars);
void auth_base62_uint32(uint32_t number, char *out, size_t chars);

bool auth_base62_is_digits(const char *text, size_t chars);

#endif
