/* Rules of the directories that a reader comes by, found without asking the database again while they stay the same. */
#include <stdlib.h>

#include "base/must.h"
#include "feed_row.h"
#include "store/rules.h"

enum { SLOTS = 256 };

struct slot {
    struct directory_id directory;
    uint32_t revision;
    const struct scim_rules *rules; /* a reference; NULL: the slot is free */
};

struct feed_rules { /* a directory has one slot that it may be in; the last one that came by has it */
    struct slot slots[SLOTS];
};

struct feed_rules *feed_rules_new(void)
{
    struct feed_rules *rules = calloc(1, sizeof *rules);
    must(rules);
    return rules;
}

void feed_rules_free(struct feed_rules *rules)
{
    for (size_t i = 0; i < SLOTS; i++)
        store_rules_unref(rules->slots[i].rules);
    free(rules);
}

/* The last bytes of an id are random. */
static struct slot *slot_of(struct feed_rules *rules, struct directory_id directory)
{
    return &rules->slots[directory.id.bytes[ID_BYTES - 1] % SLOTS];
}

static bool load(struct slot *slot, struct db *db, const struct feed_row *row, struct err *err)
{
    const struct scim_rules *loaded;
    if (!store_rules_load(db, row->directory, &loaded, err))
        return false;
    store_rules_unref(slot->rules);
    *slot = (struct slot){row->directory, row->revision, loaded ? loaded : &scim_rules_default};
    return true;
}

bool feed_rules_of(struct feed_rules *rules, struct db *db, const struct feed_row *row,
                   const struct scim_rules **rules_out, struct err *err)
{
    struct slot *slot = slot_of(rules, row->directory);
    bool is_at_hand =
        slot->rules && slot->revision == row->revision && id_equals(&slot->directory.id, &row->directory.id);
    *rules_out = &scim_rules_default;
    if (row->has_plain_rules)
        return true;
    if (!is_at_hand && !load(slot, db, row, err))
        return false;
    *rules_out = slot->rules;
    return true;
}
