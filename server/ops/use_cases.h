/* The use cases of the SCIM service, one file per verb. */
#ifndef OPS_USE_CASES_H
#define OPS_USE_CASES_H

#include "call.h"
#include "store/query.h"

enum job_step scim_get_user(struct op *op, struct view *view);
enum job_step scim_get_group(struct op *op, struct view *view);
bool scim_get_group_whole(struct op *op, struct db *db, struct err *err);
/* The end of every GET of one resource: admission, 404, preconditions, reply. */
void scim_get_shown(struct call *call, const struct call_shown *shown);

enum job_step scim_find(struct op *op, struct view *view); /* a list that a unique key or an id answers */
bool scim_list(struct op *op, struct db *db, struct err *err);

enum job_step scim_create(struct op *op, struct view *view);
enum job_step scim_replace(struct op *op, struct view *view);
enum job_step scim_change(struct op *op, struct view *view); /* PATCH */
enum job_step scim_delete(struct op *op, struct view *view);

/* The same for the directory's own types. Lists and creates need no other: they load the token first anyway. */
enum job_step scim_get_own(struct op *op, struct view *view);
enum job_step scim_replace_own(struct op *op, struct view *view);
enum job_step scim_change_own(struct op *op, struct view *view);
enum job_step scim_delete_own(struct op *op, struct view *view);
enum job_step scim_refuse_method(struct op *op, struct view *view); /* 405, or 404 where there is no such type */

enum job_run scim_bulk(struct op *op, struct db *db, struct err *err);

enum job_step scim_get_me(struct op *op, struct view *view);
enum job_step scim_replace_me(struct op *op, struct view *view);
enum job_step scim_change_me(struct op *op, struct view *view);
enum job_step scim_delete_me(struct op *op, struct view *view);

enum job_step scim_show_config(struct op *op, struct view *view);
enum job_step scim_show_types(struct op *op, struct view *view);
enum job_step scim_show_type(struct op *op, struct view *view);
enum job_step scim_show_schemas(struct op *op, struct view *view);
enum job_step scim_show_schema(struct op *op, struct view *view);
void scim_not_implemented(struct op *op);

void scim_refuse(struct op *op);
/* For ops/inside.h alone: what listeners do not serve. */
extern const struct service scim_inner_service;
extern const struct operation scim_inner_members; /* the edits of an insider; members who are not there are left out */
enum job_step scim_change_members(struct op *op, struct view *view);

#endif
