#include "fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

static char folder[64];
static char path[128];
static json_t *vectors;

int fixture_set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/rollcall-auth-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/pepper", folder);
    vectors = json_load_file(TEST_VECTORS_DIR "/auth/credentials.json", 0, NULL);
    return vectors ? 0 : -1;
}

int fixture_tear_down(void **state)
{
    (void)state;
    json_decref(vectors);
    unlink(path);
    return rmdir(folder);
}

const char *fixture_missing_file(void)
{
    unlink(path);
    return path;
}

const char *fixture_pepper_file(const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    size_t length = strlen(text);
    assert_int_equal(write(fd, text, length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

struct auth_peppers *fixture_peppers(const char *text)
{
    struct err err = ERR_INIT;
    struct auth_peppers *peppers = auth_peppers_load(fixture_pepper_file(text, 0600), &err);
    if (!peppers)
        fail_msg("%s", err.detail);
    return peppers;
}

json_t *fixture_vectors(const char *name) { return json_object_get(vectors, name); }

void fixture_hex(const char *hex, uint8_t *out, size_t bytes)
{
    size_t got = 0;
    assert_int_equal(sodium_hex2bin(out, bytes, hex, strlen(hex), NULL, &got, NULL), 0);
    assert_int_equal(got, bytes);
}

struct id fixture_id(const char *hex)
{
    struct id id;
    fixture_hex(hex, id.bytes, ID_BYTES);
    return id;
}
