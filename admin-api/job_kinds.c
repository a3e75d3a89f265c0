/* Every kind of job. */
#include "jobs.h"
#include "rewind.h"
#include "vendor_import.h"

const struct admin_job_kind *const admin_job_kinds[] = {
    &vendor_user_import_job,
    &rewind_job,
    NULL,
};
