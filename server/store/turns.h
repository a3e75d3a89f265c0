/* Jobs that wait, in turns: each party has a line of its own, first come, first served, and the lines take turns, one
 * job each. So whoever floods a lane waits behind himself, and somebody else's single request behind no more jobs than
 * there are parties. With one party it is a plain line. Adding, removing and taking cost the same however many wait.
 *
 * A party has at most a share of the room, so that there is room for others. Not thread-safe: the queue has the lock.
 */
#ifndef STORE_TURNS_H
#define STORE_TURNS_H

#include "store/job.h"

struct line;

struct turns {
    struct line **buckets; /* lines by party */
    size_t bucket_count;   /* a power of two */
    struct line *turn;     /* whose turn it is, of a ring in the order of turns; NULL: nobody waits */
    struct line *spare, *block;
    size_t used; /* lines of the block that were ever used */
    size_t waiting, capacity, share;
};

void turns_init(struct turns *turns, size_t capacity);
void turns_fini(struct turns *turns); /* nobody waits */

/* false: no room, for anybody or for this party. Sets next and previous. */
MUST_CHECK bool turns_add(struct turns *turns, struct job *job);
/* Which waits here. */
void turns_remove(struct turns *turns, struct job *job);
/* The job whose turn it is; NULL: none waits. */
struct job *turns_take(struct turns *turns);

#endif
