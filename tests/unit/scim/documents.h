/* For tests of documents and what is made around them. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define TEST_ID "01890a5d-ac96-774b-bcce-b302099a8057"

/* Fails the test when the text is no JSON. A new reference. */
static inline json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    if (!value)
        fail_msg("%s in %s", error.text, text);
    return value;
}

static inline void assert_buf_equal(const struct buf *buf, const char *expected)
{
    assert_false(buf->overflowed);
    char *text = strndup(buf->len ? buf->data : "", buf->len);
    assert_string_equal(text, expected);
    free(text);
}

/* Equal values in any order of members; shows both when they differ. */
static inline void assert_json_equal(const char *what, const json_t *actual, const json_t *expected)
{
    if (json_equal(actual, expected))
        return;
    char *is = json_dumps(actual, JSON_ENCODE_ANY), *should_be = json_dumps(expected, JSON_ENCODE_ANY);
    print_error("%s\n  is        %s\n  should be %s\n", what, is, should_be);
    free(is);
    free(should_be);
    fail();
}

#endif
