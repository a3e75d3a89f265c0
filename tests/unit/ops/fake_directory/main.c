/* A directory without a database, as a program: the model in tests of the store. It cannot be linked into them, because
 * it has the same face as the store's own view.
 *
 * Reads JSON objects from standard input, one a line, and answers each with a line. The first says whose directory it
 * is: {"organization", "bearer", "directory", "token", "hash", "pepper_version"}, ids and bytes in hex. Then requests:
 * {"method", "path", "body", "if_match", "if_none_match", "operation", "fresh", "now"}, answered by {"status", "body",
 * "etag", "location"}; or {"dump": true}, answered by all that is stored. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/scope.h"
#include "base/json.h"
#include "base/must.h"
#include "fake_view.h"
#include "request.h"

static struct scim_service_settings settings;
static struct caller caller;
static struct view *view;

static const char *text(const json_t *line, const char *name) { return json_string_value(json_object_get(line, name)); }

static void read_hex(const json_t *line, const char *name, uint8_t *out, size_t bytes)
{
    const char *hex = text(line, name);
    must(hex && strlen(hex) == bytes * 2);
    for (size_t i = 0; i < bytes; i++) {
        unsigned byte;
        must(sscanf(hex + i * 2, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
}

static void begin(const json_t *line)
{
    struct view_token token = {.state = VIEW_DIRECTORY_ACTIVE,
                               .rules = &scim_rules_default,
                               .scopes = SCOPE_DIRECTORY_ALL,
                               .live = true,
                               .pepper_version = (unsigned)json_integer_value(json_object_get(line, "pepper_version"))};
    must(id_from_prefixed(ID_PREFIX_ORGANIZATION, slice_str(text(line, "organization")), &token.organization.id));
    read_hex(line, "directory", token.directory.id.bytes, ID_BYTES);
    read_hex(line, "token", token.id.id.bytes, ID_BYTES);
    read_hex(line, "hash", token.hash, sizeof(token.hash));
    settings = (struct scim_service_settings){.peppers = request_peppers(),
                                              .default_page = 100,
                                              .max_page = 1000,
                                              .max_scan = 1000000,
                                              .cursor_timeout_s = 3600,
                                              .max_reply = 100 << 20,
                                              .max_body = 1 << 20};
    caller = (struct caller){scim_service(&settings), strdup(text(line, "organization")), strdup(text(line, "bearer"))};
    view = fake_new();
    fake_put_token(view, &token);
}

static void run(struct op *op)
{
    fake_begin(view, op->operation->lane == OP_WRITE, FAKE_KNOWS_NOTHING);
    while (op_job_class.step(&op->job, view) == JOB_WANTS)
        must(fake_load(view) > 0);
}

static json_t *answer(const json_t *line)
{
    struct request request = {.method = text(line, "method"),
                              .path = text(line, "path"),
                              .body = text(line, "body"),
                              .if_match = text(line, "if_match"),
                              .if_none_match = text(line, "if_none_match")};
    struct op *op = request_op(&caller, &request, json_integer_value(json_object_get(line, "now")));
    read_hex(line, "operation", op->operation_id.id.bytes, ID_BYTES);
    read_hex(line, "fresh", op->fresh_id.id.bytes, ID_BYTES);
    run(op);
    const char *etag = request_header(op, "etag"), *location = request_header(op, "location");
    json_t *reply = json_pack("{s:i, s:o, s:s?, s:s?}", "status", op->reply.status, "body",
                              json_stringn(op->reply.body.len ? op->reply.body.data : "", op->reply.body.len), "etag",
                              etag, "location", location);
    request_free(op);
    return reply;
}

static void say(json_t *reply)
{
    must(reply);
    must(json_dumpf(reply, stdout, JSON_COMPACT) == 0);
    putchar('\n');
    fflush(stdout);
    json_decref(reply);
}

int main(void)
{
    char *bytes = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&bytes, &size, stdin)) > 0) {
        json_scoped *line = json_loadb(bytes, (size_t)length, 0, NULL);
        must(line);
        if (!view) {
            begin(line);
            say(json_object());
        } else if (json_object_get(line, "dump")) {
            say(fake_dump(view));
        } else {
            say(answer(line));
        }
    }
    free(bytes);
    if (view)
        fake_free(view);
    return 0;
}
