/* Posts as webhooks do (admin-api/outbound), without a database: outbound_driver [allow=LIST] [http=1] [ca=FILE] <
 * REQUESTS, a JSON array of {url, body, headers, connect_ms, total_ms}, all of them at a time. Prints what came of each
 * as a JSON array. With rounds=N everything is posted so often, one round after the other, on the same connections. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbound.h"

static const char *const ends[] = {"answered", "refused", "unreachable", "timeout", "broken"};
static struct outbound_rules rules; /* must outlive what uses them */

static const char *option(char **argv, const char *name, const char *otherwise)
{
    for (; *argv; argv++)
        if (strncmp(*argv, name, strlen(name)) == 0)
            return *argv + strlen(name);
    return otherwise;
}

static json_t *show(struct slice bytes) { return json_stringn_nocheck(bytes.data ? bytes.data : "", bytes.len); }

static void on_done(void *context, const struct outbound_result *result)
{
    struct slice retry_after = outbound_header(result, SLICE_LITERAL("Retry-After"));
    json_object_update_new(context, json_pack("{s:s, s:i, s:o, s:o, s:o, s:b, s:s}", "end", ends[result->end], "status",
                                              result->status, "headers", show(result->headers), "body",
                                              show(result->body), "retry_after", show(retry_after), "cut",
                                              (int)result->is_cut, "error", result->error));
}

static struct slice text_of(const json_t *value)
{
    return slice_of(json_string_value(value), json_string_length(value));
}

static void post(struct outbound *outbound, const json_t *wanted, json_t *result)
{
    struct outbound_request request = {
        .url = text_of(json_object_get(wanted, "url")),
        .body = text_of(json_object_get(wanted, "body")),
        .connect_ms = (long)json_integer_value(json_object_get(wanted, "connect_ms")),
        .total_ms = (long)json_integer_value(json_object_get(wanted, "total_ms")),
        .on_done = on_done,
        .context = result,
    };
    const json_t *header;
    size_t i;
    json_array_foreach (json_object_get(wanted, "headers"), i, header)
        request.headers[request.header_count++] = text_of(header);
    outbound_post(outbound, &request);
}

static json_t *round_of(struct outbound *outbound, const json_t *requests)
{
    json_t *results = json_array();
    const json_t *wanted;
    size_t i;
    json_array_foreach (requests, i, wanted) {
        json_t *result = json_object();
        json_array_append_new(results, result);
        post(outbound, wanted, result);
    }
    while (outbound_in_flight(outbound) > 0)
        outbound_turn(outbound, 1000);
    return results;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    const struct outbound_settings settings = {.rules = &rules, .ca_file = option(argv, "ca=", NULL)};
    json_t *requests = json_loadf(stdin, 0, NULL), *results = NULL;
    (void)argc;
    bool http = *option(argv, "http=", "0") == '1';
    if (!requests || !outbound_rules_parse(slice_str(option(argv, "allow=", "")), http, &rules, &err)) {
        fprintf(stderr, "%s\n", err.detail);
        return 2;
    }
    struct outbound *outbound = outbound_new(&settings, &err);
    if (!outbound) {
        fprintf(stderr, "%s\n", err.detail);
        return 2;
    }
    for (long rounds = strtol(option(argv, "rounds=", "1"), NULL, 10); rounds > 0; rounds--) {
        json_decref(results);
        results = round_of(outbound, requests);
    }
    json_dumpf(results, stdout, JSON_COMPACT);
    json_decref(results);
    json_decref(requests);
    outbound_free(outbound);
    return 0;
}
