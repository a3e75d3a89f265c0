/* Every kind of job. */
#include "jobs.h"

const struct admin_job_kind *const admin_job_kinds[] = {
    NULL,
};
