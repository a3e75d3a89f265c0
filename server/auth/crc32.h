/* CRC-32 as in IEEE 802.3, gzip and PNG. */
#ifndef AUTH_CRC32_H
#define AUTH_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t auth_crc32(const char *bytes, size_t count);

#endif
