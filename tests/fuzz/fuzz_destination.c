/* URLs of webhooks: what is taken leads where it may, and what is kept of it is taken again as the same. The first byte
 * says what the operator allows; with its third bit the rest is the operator's own list. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "destination.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(struct slice list)
{
    struct outbound_rules rules;
    struct err err = ERR_INIT;
    bool good = outbound_rules_parse(list, false, &rules, &err);
    must(good == (err.kind == ERR_NONE));
    for (size_t i = 0; good && i < rules.block_count; i++)
        must(rules.blocks[i].bits <= 128);
}

static void check_kept(const struct outbound_rules *rules, const struct destination *kept, struct arena *arena)
{
    struct destination again;
    must(kept->url.len <= DESTINATION_BYTES && !port_is_refused(kept->port));
    must(slice_starts_with(kept->url, SLICE_LITERAL("https://")) ||
         (rules->http && slice_starts_with(kept->url, SLICE_LITERAL("http://"))));
    must(kept->is_address ? !address_refusal(rules, &kept->address) : !name_refusal(rules, kept->host));
    must(!destination_check(rules, kept->url, arena, &again));
    must(slice_equals(again.url, kept->url) && slice_equals(again.host, kept->host) && again.port == kept->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const lists[] = {"", "127.0.0.0/8,::1,localhost,.internal"};
    struct outbound_rules rules;
    struct destination destination;
    struct err err = ERR_INIT;
    struct arena arena;
    if (size == 0)
        return 0;
    struct slice rest = slice_of((const char *)data + 1, size - 1);
    if (data[0] & 4) {
        check_list(rest);
        return 0;
    }
    must(outbound_rules_parse(slice_str(lists[data[0] & 1]), data[0] & 2, &rules, &err));
    arena_init(&arena);
    if (!destination_check(&rules, rest, &arena, &destination))
        check_kept(&rules, &destination, &arena);
    arena_fini(&arena);
    return 0;
}
