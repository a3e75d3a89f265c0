/* Authorization headers: nothing is read outside them, and what parses is one of ours to the last character. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice header = slice_of((const char *)data, size);
    int accepted = 0;
    for (int kind = AUTH_DIRECTORY_TOKEN; kind <= AUTH_OPERATOR_KEY; kind++) {
        struct auth_credential credential;
        if (!auth_credential_parse(header, (enum auth_credential_kind)kind, &credential))
            continue;
        accepted++;
        if (!memmem(data, size, credential.secret, AUTH_SECRET_CHARS))
            abort();
    }
    if (accepted > 1)
        abort();
    return 0;
}
