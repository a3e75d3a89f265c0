#include "regroup.h"

#include "base/arena.h"

static size_t at_most(size_t count, size_t most) { return count < most ? count : most; }

static bool refused(const struct inside_op *op, bool *gone_out, struct err *err)
{
    *gone_out = op->err.kind == ERR_NOT_FOUND;
    return op->err.kind != ERR_NONE && !*gone_out && !err_set(err, op->err.kind, "%s", op->err.detail);
}

bool regroup_run(struct db *db, const struct inside *inside, struct regroup *regroup, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct slice path = inside_path(&arena, SCIM_TYPE_GROUP, regroup->group);
    size_t added = 0, removed = 0;
    bool good = true;
    while (good && !regroup->gone && (added < regroup->add_count || removed < regroup->remove_count)) {
        struct inside_members members = {
            .add = regroup->add + added,
            .remove = regroup->remove + removed,
            .add_count = at_most(regroup->add_count - added, REGROUP_AT_A_TIME),
            .remove_count = at_most(regroup->remove_count - removed, REGROUP_AT_A_TIME),
        };
        struct inside_op op = {.method = "PATCH", .path = path, .members = &members};
        good = inside_run(db, inside, &op, 1, err) && !refused(&op, &regroup->gone, err);
        inside_release(&op, 1);
        regroup->missing += members.missing;
        added += members.add_count;
        removed += members.remove_count;
    }
    arena_fini(&arena);
    return good;
}

bool regroup_member(struct db *db, const struct inside *inside, struct resource_id member,
                    const struct resource_id *groups, size_t count, size_t *gone_out, struct err *err)
{
    struct arena arena;
    bool good = true;
    arena_init(&arena);
    *gone_out = 0;
    for (size_t first = 0; good && first < count; first += INSIDE_MOST_JOBS) {
        struct inside_op ops[INSIDE_MOST_JOBS];
        struct inside_members members[INSIDE_MOST_JOBS];
        size_t taken = at_most(count - first, INSIDE_MOST_JOBS);
        for (size_t i = 0; i < taken; i++) {
            members[i] = (struct inside_members){.add = &member, .add_count = 1};
            ops[i] = (struct inside_op){.method = "PATCH",
                                        .path = inside_path(&arena, SCIM_TYPE_GROUP, groups[first + i]),
                                        .members = &members[i]};
        }
        good = inside_run(db, inside, ops, taken, err);
        for (size_t i = 0; good && i < taken; i++) {
            bool gone;
            good = !refused(&ops[i], &gone, err);
            *gone_out += gone;
        }
        if (good)
            inside_release(ops, taken);
    }
    arena_fini(&arena);
    return good;
}
