/* A group of jobs is failed and settled by its parts. It is run by batch.c. */
#include "store/job.h"

static void fail_parts(struct job *job, const struct err *err)
{
    struct job_group *group = (struct job_group *)job;
    for (size_t i = 0; i < group->count; i++)
        group->parts[i]->class->fail(group->parts[i], err);
}

static void settle_parts(struct job *job)
{
    struct job_group *group = (struct job_group *)job;
    for (size_t i = 0; i < group->count; i++)
        if (group->parts[i]->class->settle)
            group->parts[i]->class->settle(group->parts[i]);
}

const struct job_class job_group_class = {.fail = fail_parts, .settle = settle_parts};
