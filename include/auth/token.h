/* Bearer credentials: how they are written, recognised and hashed (security-and-faults.md section 5).
 *
 *   scimt_<directory: 26 base32><token: 26 base32>_<secret: 43 base62><crc: 6 base62>    token of a directory
 *   scima_<key: 26 base32>_<secret: 43 base62><crc: 6 base62>                            API key of an environment
 *   scimp_<key: 26 base32>_<secret: 43 base62><crc: 6 base62>                            operator key
 *   sciml_<link: 26 base32>_<secret: 43 base62><crc: 6 base62>                           setup link, good for one
 * exchange scims_<session: 26 base32>_<secret: 43 base62><crc: 6 base62>                        session of a setup link
 *
 * base32 is lower-case Crockford (base/id.h), the secret is 256 random bits in base62 (0-9A-Za-z, fixed width), crc is
 * CRC-32 (IEEE) of everything before it in base62: a typo is refused without asking the database, and a scanner for
 * leaked secrets can tell a real one from a lookalike. One regular expression matches all:
 *   \bscim[tapls]_[0-9a-hjkmnp-tv-z]{26,52}_[0-9A-Za-z]{49}\b
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

enum auth_credential_kind {
    AUTH_DIRECTORY_TOKEN,
    AUTH_API_KEY,
    AUTH_OPERATOR_KEY,
    AUTH_SETUP_LINK,
    AUTH_SETUP_SESSION
};

enum { AUTH_HASH_BYTES = 32, AUTH_SECRET_CHARS = 43, AUTH_TEXT_BYTES = 128 };

struct auth_credential { /* parsed: says who it claims to be; nothing is proved yet */
    enum auth_credential_kind kind;
    struct directory_id directory; /* AUTH_DIRECTORY_TOKEN only */
    struct id id;                  /* of the token or key */
    char secret[AUTH_SECRET_CHARS];
};

/* The peppers: secrets kept outside the database, by version. Process-wide, loaded once at start; locked memory.
 * File format: lines `<version> <64 hex digits>`; the highest version hashes new credentials. The file must not be
 * readable by group or others (in $CREDENTIALS_DIRECTORY by others). */
struct auth_peppers;
MUST_CHECK struct auth_peppers *auth_peppers_load(const char *path, struct err *err);
void auth_peppers_free(struct auth_peppers *peppers);
/* Makes a file with one random pepper, mode 0600. Refuses to overwrite. */
MUST_CHECK bool auth_peppers_create(const char *path, struct err *err);
unsigned auth_peppers_newest(const struct auth_peppers *peppers);

/* The value of an Authorization header: the credential as it is, or behind "Bearer" in any case and any blanks (Okta's
 * header mode sends the raw text). false: not one of ours, or a wrong checksum. Takes no longer for a good prefix. */
bool auth_credential_parse(struct slice header, enum auth_credential_kind kind, struct auth_credential *credential_out);

/* The value without "Bearer" and blanks. */
struct slice auth_credential_text(struct slice header);

/* What an Authorization header is, whatever it is worth (RFC 6750 sections 2.1 and 3.1). */
enum auth_form {
    AUTH_FORM_NONE,
    AUTH_FORM_OTHER,     /* another scheme, with parameters */
    AUTH_FORM_MALFORMED, /* Bearer without one token of the grammar behind it */
    AUTH_FORM_TOKEN
};
enum auth_form auth_form_of(struct slice header);

/* A fresh one for this id (directory only for AUTH_DIRECTORY_TOKEN): its text, shown once, and what is stored. */
struct auth_fresh {
    char text[AUTH_TEXT_BYTES]; /* NUL-terminated */
    uint8_t hash[AUTH_HASH_BYTES];
    unsigned pepper_version;
    char hint[5]; /* last four characters of the secret */
};
void auth_credential_make(const struct auth_peppers *peppers, enum auth_credential_kind kind,
                          struct directory_id directory, struct id id, struct auth_fresh *fresh_out);

/* BLAKE2b-256(key = pepper, "<prefix>/v1" ‖ directory ‖ id ‖ secret) against the stored hash, in constant time. A NULL
 * hash (no such row) or an unknown pepper version costs the same and is false. */
bool auth_credential_verify(const struct auth_peppers *peppers, const struct auth_credential *credential,
                            const uint8_t *stored_hash, unsigned pepper_version);

void auth_credential_wipe(struct auth_credential *credential);

#endif
