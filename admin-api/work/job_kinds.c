/* Every kind of job. */
#include "deactivated.h"
#include "guards.h"
#include "indexes.h"
#include "jobs.h"
#include "rewind.h"
#include "vendor_import.h"

const struct admin_job_kind *const admin_job_kinds[] = {
    &vendor_user_import_job, &rewind_job, &guard_revert_job, &deactivated_delete_job, &index_job, NULL,
};
