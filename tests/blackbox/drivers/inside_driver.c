/* Acts on a directory from inside (ops/inside.h), as jobs of the admin API do: inside_driver < REQUEST, with the
 * database's address in ROLLCALL_DATABASE_URL. The request is a JSON object: directory, organization, actor (UUID),
 * cause, commit (false: rolled back), ops: [{method, path, body, id, version, created_ms}]. Prints the results as a
 * JSON array. Ends with 2 and the reason when nothing was done. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/inside.h"

static struct slice text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? slice_str(text) : SLICE_EMPTY;
}

static struct inside_op op_of(const json_t *wanted)
{
    struct inside_op op = {.method = text_of(wanted, "method").data, .path = text_of(wanted, "path")};
    op.body = json_object_get(wanted, "body");
    (void)!id_from_uuid(text_of(wanted, "id"), false, &op.id.id);
    op.past.version = (uint64_t)json_integer_value(json_object_get(wanted, "version"));
    op.past.created_ms = json_integer_value(json_object_get(wanted, "created_ms"));
    return op;
}

static void print_results(struct inside_op *ops, size_t count)
{
    json_t *results = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(results, json_pack("{s:i, s:s, s:O?}", "status", ops[i].status, "detail",
                                                 ops[i].err.detail, "reply", ops[i].reply));
    json_dumpf(results, stdout, JSON_COMPACT);
    json_decref(results);
}

static bool act(struct db *db, const json_t *request, struct inside_op *ops, size_t count, struct err *err)
{
    struct inside inside = {.public_url = "http://inside.example"};
    inside.cause = (enum view_cause)json_integer_value(json_object_get(request, "cause"));
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, text_of(request, "directory"), &inside.directory.id) ||
        !id_from_prefixed(ID_PREFIX_ORGANIZATION, text_of(request, "organization"), &inside.organization.id) ||
        !id_from_uuid(text_of(request, "actor"), false, &inside.actor))
        return err_set(err, ERR_INVALID_VALUE, "directory, organization and actor are needed");
    if (!db_begin(db, err) || !inside_run(db, &inside, ops, count, err))
        return false;
    if (json_is_false(json_object_get(request, "commit"))) {
        db_rollback(db);
        return true;
    }
    return db_commit(db, err);
}

static int run(struct db *db, const json_t *request)
{
    struct inside_op ops[INSIDE_MOST_JOBS];
    const json_t *list = json_object_get(request, "ops");
    size_t count = json_array_size(list);
    struct err err = ERR_INIT;
    for (size_t i = 0; i < count && i < INSIDE_MOST_JOBS; i++)
        ops[i] = op_of(json_array_get(list, i));
    if (!act(db, request, ops, count, &err)) {
        fprintf(stderr, "%s\n", err.detail);
        return 2;
    }
    print_results(ops, count);
    inside_release(ops, count);
    return 0;
}

int main(void)
{
    struct db_settings settings = {.url = getenv("ROLLCALL_DATABASE_URL"),
                                   .connect_timeout_s = 5,
                                   .io_timeout_s = 30,
                                   .statement_timeout_ms = 20000};
    struct err err = ERR_INIT;
    json_t *request = json_loadf(stdin, 0, NULL);
    struct db *db = request && settings.url ? db_open(&settings, &err) : NULL;
    int status = db ? run(db, request) : 1;
    db_close(db);
    json_decref(request);
    return status;
}
