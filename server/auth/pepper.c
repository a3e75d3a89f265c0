#include "pepper.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"

enum { MAX_PEPPERS = 32, MAX_FILE_BYTES = 8192, HEX_CHARS = 2 * AUTH_PEPPER_BYTES, MAX_VERSION = 65535 };

struct pepper {
    unsigned version;
    uint8_t key[AUTH_PEPPER_BYTES];
};

struct auth_peppers { /* in locked memory, read-only once loaded */
    size_t count;
    unsigned newest;
    struct pepper list[MAX_PEPPERS];
};

struct reading {
    const char *path;
    size_t line; /* 1-based */
    struct auth_peppers *peppers;
};

/* A service manager hands secrets over in this directory, to one user by an access list, whose mask stat shows as the
 * group's permission. */
static mode_t forbidden_mode(const char *path)
{
    struct slice directory = slice_str(getenv("CREDENTIALS_DIRECTORY")), file = slice_str(path);
    bool is_handed_over = directory.len > 0 && slice_starts_with(file, directory) && file.data[directory.len] == '/';
    return is_handed_over ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
}

static bool open_private_file(const char *path, int *fd_out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s: %s; `rollcall-admin pepper` makes one", path,
                       strerror(errno));
    struct stat status;
    bool private = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & forbidden_mode(path)) == 0;
    if (!private) {
        close(fd);
        return err_set(err, ERR_UNAVAILABLE,
                       "pepper file %s must be a regular file that only its owner can read: chmod 600", path);
    }
    *fd_out = fd;
    return true;
}

/* text: locked memory of MAX_FILE_BYTES. */
static bool read_private_file(const char *path, char *text, size_t *length_out, struct err *err)
{
    int fd;
    if (!open_private_file(path, &fd, err))
        return false;
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < MAX_FILE_BYTES) {
        got = read(fd, text + length, MAX_FILE_BYTES - length);
        if (got > 0)
            length += (size_t)got;
    }
    close(fd);
    if (got < 0)
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s cannot be read", path);
    if (length == MAX_FILE_BYTES)
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s is larger than %d bytes", path, MAX_FILE_BYTES - 1);
    *length_out = length;
    return true;
}

static bool parse_pepper(struct slice line, struct pepper *pepper_out)
{
    const char *blank = memchr(line.data, ' ', line.len);
    if (!blank)
        return false;
    struct slice version = slice_of(line.data, (size_t)(blank - line.data));
    struct slice hex = slice_skip(line, version.len + 1);
    uint64_t number;
    if (!num_parse_uint(version, 1, MAX_VERSION, &number) || hex.len != HEX_CHARS)
        return false;
    pepper_out->version = (unsigned)number;
    size_t bytes = 0;
    return sodium_hex2bin(pepper_out->key, AUTH_PEPPER_BYTES, hex.data, hex.len, NULL, &bytes, NULL) == 0 &&
           bytes == AUTH_PEPPER_BYTES;
}

static bool add_line(struct reading *reading, struct slice line, struct err *err)
{
    struct auth_peppers *peppers = reading->peppers;
    if (line.len == 0 || line.data[0] == '#')
        return true;
    if (peppers->count == MAX_PEPPERS)
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s holds more than %d peppers", reading->path, MAX_PEPPERS);
    struct pepper *pepper = &peppers->list[peppers->count];
    if (!parse_pepper(line, pepper))
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s, line %zu: not a version and %d hex digits", reading->path,
                       reading->line, HEX_CHARS);
    if (auth_pepper_key(peppers, pepper->version))
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s, line %zu: version %u is there twice", reading->path,
                       reading->line, pepper->version);
    peppers->count++;
    if (pepper->version > peppers->newest)
        peppers->newest = pepper->version;
    return true;
}

static bool add_lines(struct reading *reading, struct slice text, struct err *err)
{
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t length = end ? (size_t)(end - text.data) : text.len;
        reading->line++;
        if (!add_line(reading, slice_trim(slice_of(text.data, length)), err))
            return false;
        text = slice_skip(text, end ? length + 1 : length);
    }
    if (reading->peppers->count == 0)
        return err_set(err, ERR_UNAVAILABLE, "pepper file %s is empty", reading->path);
    return true;
}

struct auth_peppers *auth_peppers_load(const char *path, struct err *err)
{
    struct auth_peppers *peppers = sodium_init() >= 0 ? sodium_malloc(sizeof *peppers) : NULL;
    char *text = peppers ? sodium_malloc(MAX_FILE_BYTES) : NULL;
    if (!text) {
        sodium_free(peppers);
        err_set(err, ERR_UNAVAILABLE, "no memory for the pepper file");
        return NULL;
    }
    sodium_memzero(peppers, sizeof *peppers);
    struct reading reading = {.path = path, .peppers = peppers};
    size_t length;
    bool loaded = read_private_file(path, text, &length, err) && add_lines(&reading, slice_of(text, length), err);
    sodium_free(text);
    if (!loaded) {
        sodium_free(peppers);
        return NULL;
    }
    sodium_mprotect_readonly(peppers);
    return peppers;
}

void auth_peppers_free(struct auth_peppers *peppers) { sodium_free(peppers); /* wipes */ }

static bool write_fresh_pepper(int fd)
{
    uint8_t key[AUTH_PEPPER_BYTES];
    char hex[HEX_CHARS + 1], line[HEX_CHARS + 8];
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    int length = snprintf(line, sizeof line, "1 %s\n", hex);
    bool written = write(fd, line, (size_t)length) == length && fsync(fd) == 0;
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(line, sizeof line);
    return written;
}

bool auth_peppers_create(const char *path, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_UNAVAILABLE, "no source of randomness");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_CONFLICT, "%s exists; every credential depends on it, so it is not overwritten", path);
    if (fd < 0)
        return err_set(err, ERR_UNAVAILABLE, "%s cannot be made: %s", path, strerror(errno));
    bool written = write_fresh_pepper(fd);
    if (close(fd) != 0 || !written) {
        unlink(path);
        return err_set(err, ERR_UNAVAILABLE, "%s cannot be written", path);
    }
    return true;
}

unsigned auth_peppers_newest(const struct auth_peppers *peppers) { return peppers->newest; }

const uint8_t *auth_pepper_key(const struct auth_peppers *peppers, unsigned version)
{
    for (size_t i = 0; i < peppers->count; i++)
        if (peppers->list[i].version == version)
            return peppers->list[i].key;
    return NULL;
}
