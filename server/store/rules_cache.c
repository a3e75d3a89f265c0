#include "rules_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/must.h"

enum { MOST_ENTRIES = 16384, MOST_BYTES = 128 << 20, BUCKETS = 16384 };

struct entry {
    struct directory_id directory;
    uint32_t revision;
    struct scim_rules *rules;
    atomic_size_t users; /* the cache is one while the entry is in it */
    struct entry *same_bucket, *newer, *older;
};

static struct {
    pthread_mutex_t mutex;
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    size_t count, bytes;
} cache = {.mutex = PTHREAD_MUTEX_INITIALIZER};

const struct scim_rules *store_rules_ref(const struct scim_rules *rules)
{
    struct entry *entry = rules->shared;
    if (entry)
        atomic_fetch_add_explicit(&entry->users, 1, memory_order_relaxed);
    return rules;
}

static void drop(struct entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->users, 1, memory_order_acq_rel) != 1)
        return;
    scim_rules_free(entry->rules);
    free(entry);
}

void store_rules_unref(const struct scim_rules *rules)
{
    if (rules && rules->shared)
        drop(rules->shared);
}

/* Ids are UUIDv7: their last bytes are random. */
static struct entry **bucket_of(struct directory_id directory)
{
    const uint8_t *tail = &directory.id.bytes[ID_BYTES - 2];
    return &cache.buckets[(tail[0] << 8 | tail[1]) % BUCKETS];
}

static size_t bytes_of(const struct entry *entry)
{
    return sizeof(*entry) + sizeof(*entry->rules) + entry->rules->arena.total;
}

static void unlink_age(struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache.newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache.oldest) = entry->newer;
}

static void link_newest(struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache.newest;
    *(cache.newest ? &cache.newest->newer : &cache.oldest) = entry;
    cache.newest = entry;
}

static struct entry *look_up(struct directory_id directory, uint32_t revision)
{
    struct entry *entry = *bucket_of(directory);
    while (entry && (entry->revision != revision || !id_equals(&entry->directory.id, &directory.id)))
        entry = entry->same_bucket;
    if (entry && entry != cache.newest) {
        unlink_age(entry);
        link_newest(entry);
    }
    return entry;
}

static void enter(struct entry *entry)
{
    struct entry **bucket = bucket_of(entry->directory);
    entry->same_bucket = *bucket;
    *bucket = entry;
    link_newest(entry);
    cache.count++;
    cache.bytes += bytes_of(entry);
}

static void evict(struct entry *entry)
{
    struct entry **at = bucket_of(entry->directory);
    while (*at != entry)
        at = &(*at)->same_bucket;
    *at = entry->same_bucket;
    unlink_age(entry);
    cache.count--;
    cache.bytes -= bytes_of(entry);
    drop(entry);
}

const struct scim_rules *rules_cache_find(struct directory_id directory, uint32_t revision)
{
    pthread_mutex_lock(&cache.mutex);
    struct entry *entry = look_up(directory, revision);
    const struct scim_rules *rules = entry ? store_rules_ref(entry->rules) : NULL;
    pthread_mutex_unlock(&cache.mutex);
    return rules;
}

static struct entry *entry_new(struct directory_id directory, uint32_t revision, struct scim_rules *rules)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    must(entry);
    entry->directory = directory;
    entry->revision = revision;
    entry->rules = rules;
    rules->shared = entry;
    atomic_init(&entry->users, 1);
    return entry;
}

const struct scim_rules *rules_cache_put(struct directory_id directory, uint32_t revision, struct scim_rules *rules)
{
    pthread_mutex_lock(&cache.mutex);
    struct entry *entry = look_up(directory, revision);
    if (entry) {
        scim_rules_free(rules);
    } else {
        entry = entry_new(directory, revision, rules);
        enter(entry);
        while (cache.oldest != entry && (cache.count > MOST_ENTRIES || cache.bytes > MOST_BYTES))
            evict(cache.oldest);
    }
    const struct scim_rules *shared = store_rules_ref(entry->rules);
    pthread_mutex_unlock(&cache.mutex);
    return shared;
}

size_t rules_cache_count(void)
{
    pthread_mutex_lock(&cache.mutex);
    size_t count = cache.count;
    pthread_mutex_unlock(&cache.mutex);
    return count;
}

void rules_cache_clear(void)
{
    pthread_mutex_lock(&cache.mutex);
    while (cache.oldest)
        evict(cache.oldest);
    pthread_mutex_unlock(&cache.mutex);
}
