/* Every kind of job. */
#include "jobs.h"
#include "vendor_import.h"

const struct admin_job_kind *const admin_job_kinds[] = {
    &vendor_user_import_job,
    NULL,
};
