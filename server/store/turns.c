#include "turns.h"

#include <stdlib.h>

#include "base/must.h"

enum { LEAST_SHARE = 64, MOST_BUCKETS = 4096 };

struct line { /* of one party, while it waits */
    uint64_t party;
    struct job *first, *last;
    size_t length;
    struct line *next, *previous; /* in the order of turns, a ring */
    struct line *same_bucket;     /* also among the spare ones */
};

/* A quarter of the room each, so that three that flood leave room for others; small queues are not divided. */
static size_t share_of(size_t capacity)
{
    size_t least = capacity < LEAST_SHARE ? capacity : LEAST_SHARE;
    return capacity / 4 > least ? capacity / 4 : least;
}

void turns_init(struct turns *turns, size_t capacity)
{
    size_t buckets = 1;
    while (buckets < capacity && buckets < MOST_BUCKETS)
        buckets *= 2;
    *turns = (struct turns){.bucket_count = buckets, .capacity = capacity, .share = share_of(capacity)};
    turns->buckets = calloc(buckets, sizeof(struct line *));
    turns->block = calloc(capacity, sizeof(struct line)); /* pages come with their first use */
    must(turns->buckets && turns->block);
}

void turns_fini(struct turns *turns)
{
    must(!turns->turn);
    free(turns->buckets);
    free(turns->block);
}

/* Parties are hashes already (job.h). */
static struct line **bucket_of(struct turns *turns, uint64_t party)
{
    return &turns->buckets[party & (turns->bucket_count - 1)];
}

static struct line *find_line(struct turns *turns, uint64_t party)
{
    struct line *line = *bucket_of(turns, party);
    while (line && line->party != party)
        line = line->same_bucket;
    return line;
}

static struct line *spare_line(struct turns *turns)
{
    struct line *line = turns->spare;
    if (!line)
        return &turns->block[turns->used++]; /* never more lines than jobs */
    turns->spare = line->same_bucket;
    return line;
}

/* The last to have its turn. */
static struct line *begin_line(struct turns *turns, uint64_t party)
{
    struct line *line = spare_line(turns), **bucket = bucket_of(turns, party);
    *line = (struct line){.party = party, .next = line, .previous = line, .same_bucket = *bucket};
    *bucket = line;
    if (!turns->turn) {
        turns->turn = line;
        return line;
    }
    line->next = turns->turn;
    line->previous = turns->turn->previous;
    line->previous->next = line->next->previous = line;
    return line;
}

static void end_line(struct turns *turns, struct line *line)
{
    struct line **at = bucket_of(turns, line->party);
    while (*at != line)
        at = &(*at)->same_bucket;
    *at = line->same_bucket;
    if (turns->turn == line)
        turns->turn = line->next == line ? NULL : line->next;
    line->next->previous = line->previous;
    line->previous->next = line->next;
    line->same_bucket = turns->spare;
    turns->spare = line;
}

bool turns_add(struct turns *turns, struct job *job)
{
    if (turns->waiting == turns->capacity)
        return false;
    struct line *line = find_line(turns, job->party);
    if (line && job->party != 0 && line->length >= turns->share)
        return false;
    if (!line)
        line = begin_line(turns, job->party);
    job->next = NULL;
    job->previous = line->last;
    *(line->last ? &line->last->next : &line->first) = job;
    line->last = job;
    line->length++;
    turns->waiting++;
    return true;
}

static void leave(struct turns *turns, struct line *line, struct job *job)
{
    *(job->previous ? &job->previous->next : &line->first) = job->next;
    *(job->next ? &job->next->previous : &line->last) = job->previous;
    job->next = job->previous = NULL;
    line->length--;
    turns->waiting--;
    if (!line->first)
        end_line(turns, line);
}

void turns_remove(struct turns *turns, struct job *job) { leave(turns, find_line(turns, job->party), job); }

struct job *turns_take(struct turns *turns)
{
    struct line *line = turns->turn;
    if (!line)
        return NULL;
    struct job *job = line->first;
    turns->turn = line->next;
    leave(turns, line, job);
    return job;
}
