#include "import_seen.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/must.h"

enum { FIRST_SLOTS = 1024 };

struct entry {
    uint8_t hash[crypto_shorthash_siphashx24_BYTES];
    int64_t row; /* 0: the slot is empty; negative: seen twice */
};

struct import_seen {
    uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
    struct entry *slots;
    size_t slot_count, used;
};

struct import_seen *import_seen_new(void)
{
    struct import_seen *seen = calloc(1, sizeof *seen);
    must(seen);
    seen->slot_count = FIRST_SLOTS;
    seen->slots = calloc(FIRST_SLOTS, sizeof *seen->slots);
    must(seen->slots);
    randombytes_buf(seen->key, sizeof seen->key);
    return seen;
}

void import_seen_free(struct import_seen *seen)
{
    if (!seen)
        return;
    free(seen->slots);
    free(seen);
}

static struct entry *slot_of(const struct import_seen *seen, const uint8_t *hash)
{
    uint64_t start;
    memcpy(&start, hash, sizeof start);
    for (size_t i = (size_t)start & (seen->slot_count - 1);; i = (i + 1) & (seen->slot_count - 1)) {
        struct entry *entry = &seen->slots[i];
        if (entry->row == 0 || memcmp(entry->hash, hash, sizeof entry->hash) == 0)
            return entry;
    }
}

static void grow(struct import_seen *seen)
{
    struct entry *old = seen->slots;
    size_t count = seen->slot_count;
    seen->slot_count *= 2;
    seen->slots = calloc(seen->slot_count, sizeof *seen->slots);
    must(seen->slots);
    for (size_t i = 0; i < count; i++)
        if (old[i].row)
            *slot_of(seen, old[i].hash) = old[i];
    free(old);
}

static struct entry *find(const struct import_seen *seen, struct slice value, uint8_t *hash)
{
    crypto_shorthash_siphashx24(hash, (const uint8_t *)(value.data ? value.data : ""), value.len, seen->key);
    return slot_of(seen, hash);
}

int64_t import_seen_add(struct import_seen *seen, struct slice value, int64_t row)
{
    uint8_t hash[crypto_shorthash_siphashx24_BYTES];
    if (seen->used * 4 >= seen->slot_count * 3)
        grow(seen);
    struct entry *entry = find(seen, value, hash);
    if (entry->row) {
        entry->row = entry->row > 0 ? -entry->row : entry->row;
        return -entry->row;
    }
    memcpy(entry->hash, hash, sizeof hash);
    entry->row = row;
    seen->used++;
    return row;
}

int64_t import_seen_first(const struct import_seen *seen, struct slice value)
{
    uint8_t hash[crypto_shorthash_siphashx24_BYTES];
    int64_t row = find(seen, value, hash)->row;
    return row < 0 ? -row : row;
}

bool import_seen_twice(const struct import_seen *seen, struct slice value)
{
    uint8_t hash[crypto_shorthash_siphashx24_BYTES];
    return find(seen, value, hash)->row < 0;
}
