#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"

static struct {
    pid_t pid;
    FILE *to, *from;
    char *line;
    size_t size;
} child;

static json_t *converse(json_t *question)
{
    must(question && json_dumpf(question, child.to, JSON_COMPACT) == 0);
    json_decref(question);
    must(fputc('\n', child.to) != EOF && fflush(child.to) == 0);
    ssize_t length = getline(&child.line, &child.size, child.from);
    must(length > 0);
    json_t *answer = json_loadb(child.line, (size_t)length, 0, NULL);
    must(answer);
    return answer;
}

static json_t *hex(const void *data, size_t bytes)
{
    static char text[256];
    must(bytes * 2 < sizeof(text));
    for (size_t i = 0; i < bytes; i++)
        snprintf(text + i * 2, 3, "%02x", (unsigned)((const unsigned char *)data)[i]);
    return json_string(text);
}

void model_start(const char *program, const struct tenant *tenant)
{
    int to[2], from[2];
    must(pipe(to) == 0 && pipe(from) == 0);
    child.pid = fork();
    must(child.pid >= 0);
    if (child.pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    child.to = fdopen(to[1], "w");
    child.from = fdopen(from[0], "r");
    json_decref(converse(json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:i}", "organization", tenant->organization_text, "bearer", tenant->bearer,
        "directory", hex(&tenant->directory, ID_BYTES), "token", hex(&tenant->token, ID_BYTES), "hash",
        hex(tenant->fresh.hash, sizeof(tenant->fresh.hash)), "pepper_version", (int)tenant->fresh.pepper_version)));
}

void model_stop(void)
{
    int status;
    fclose(child.to);
    fclose(child.from);
    free(child.line);
    child.line = NULL;
    must(waitpid(child.pid, &status, 0) == child.pid);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

json_t *model_ask(const struct request *request, const struct op *op)
{
    return converse(json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:o, s:o, s:I}", "method", request->method, "path",
                              request->path, "body", request->body, "if_match", request->if_match, "if_none_match",
                              request->if_none_match, "operation", hex(&op->operation_id, ID_BYTES), "fresh",
                              hex(&op->fresh_id, ID_BYTES), "now", (json_int_t)op->now_ms));
}

json_t *model_dump(void) { return converse(json_pack("{s:b}", "dump", 1)); }

static void each(struct db *db, const char *sql, void (*visit)(const struct db_value *row, json_t *into), json_t *into)
{
    struct err err = ERR_INIT;
    const struct db_value *row;
    struct db_rows *rows = db_query(db, sql, NULL, 0, &err);
    must(rows);
    while ((row = db_next(rows)))
        visit(row, into);
    must(db_rows_end(rows, &err));
}

static json_t *text_of(const struct db_value *value)
{
    return json_stringn(value->bytes.len ? value->bytes.data : "", value->bytes.len);
}

static json_t *uuid_of(const struct db_value *value)
{
    struct id id;
    char text[ID_UUID_CHARS + 1];
    if (value->kind == DB_NULL)
        return json_null();
    db_id_out(value, &id);
    id_to_uuid(&id, text);
    return json_string(text);
}

/* The object under the name, made when it is not there. */
static json_t *under(json_t *object, const struct db_value *id, bool as_array)
{
    json_t *name = uuid_of(id);
    json_t *value = json_object_get(object, json_string_value(name));
    if (!value) {
        value = as_array ? json_array() : json_object();
        json_object_set_new(object, json_string_value(name), value);
    }
    json_decref(name);
    return value;
}

static void add_resource(const struct db_value *row, json_t *into)
{
    json_t *name = uuid_of(&row[0]);
    json_object_set_new(into, json_string_value(name),
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:[]}", "type", row[1].integer,
                                  "version", row[2].integer, "created", row[3].integer, "modified", row[4].integer,
                                  "braces", row[5].integer, "text", text_of(&row[6]), "unique", text_of(&row[7]),
                                  "external", text_of(&row[8]), "display", text_of(&row[9]), "manager",
                                  uuid_of(&row[10]), "keys"));
    json_decref(name);
}

static void add_value(const struct db_value *row, json_t *into)
{
    json_t *resource = under(into, &row[0], false);
    json_t *keys = json_object_get(resource, "keys");
    must(keys); /* a value without its resource */
    json_array_append_new(keys, json_pack("[I, o]", row[1].integer, text_of(&row[2])));
}

static void add_membership(const struct db_value *row, json_t *into)
{
    json_t *member = uuid_of(&row[1]);
    json_object_set_new(under(into, &row[0], false), json_string_value(member), json_integer(row[2].integer));
    json_decref(member);
}

static void add_count(const struct db_value *row, json_t *into)
{
    json_object_set_new(into, row[0].integer == 1 ? "1" : "2", json_integer(row[1].integer));
}

static void add_change(const struct db_value *row, json_t *into)
{
    json_t *operation = uuid_of(&row[0]);
    char name[ID_UUID_CHARS + 16];
    snprintf(name, sizeof(name), "%s/%lld", json_string_value(operation), (long long)row[1].integer);
    json_object_set_new(into, name,
                        json_pack("[o, I, I, o, o]", uuid_of(&row[2]), row[3].integer, row[4].integer, text_of(&row[5]),
                                  text_of(&row[6])));
    json_decref(operation);
}

json_t *model_dump_database(struct db *db)
{
    static const char resources[] =
        "SELECT id, type, version, created_ms, modified_ms, open_braces, LOWER(HEX(document)), "
        "LOWER(HEX(unique_key)), LOWER(HEX(external_key)), LOWER(HEX(display)), manager_id FROM resource";
    static const char values[] = "SELECT resource_id, attribute, LOWER(HEX(value_key)) FROM attribute_value "
                                 "ORDER BY resource_id, attribute, value_key";
    static const char memberships[] = "SELECT group_id, member_id, member_type FROM membership";
    static const char counts[] = "SELECT type, resources FROM resource_count";
    static const char changes[] = "SELECT operation_id, ordinal, resource_id, kind, version, LOWER(HEX(document)), "
                                  "LOWER(HEX(members)) FROM `change`";
    json_t *all[4] = {json_object(), json_object(), json_object(), json_object()};
    each(db, resources, add_resource, all[0]);
    each(db, values, add_value, all[0]);
    each(db, memberships, add_membership, all[1]);
    each(db, counts, add_count, all[2]);
    each(db, changes, add_change, all[3]);
    return json_pack("{s:o, s:o, s:o, s:o}", "resources", all[0], "memberships", all[1], "counts", all[2], "changes",
                     all[3]);
}
