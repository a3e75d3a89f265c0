/* The job that makes a directory what it was: phase by phase over what has changed since, each page in one transaction
 * with the job's checkpoint.
 *
 * What was not there goes first, so that its keys are free; then names change back. Where those form a ring (two have
 * swapped theirs), all of it takes names of its own in between. Then the deleted come back, and at last groups get whom
 * they had. Every phase asks what is still different, so a run that is cut goes on where it was. */
#include "rewind.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "regroup.h"
#include "store/event.h"
#include "store/rules.h"

enum { GROUPS_AT_A_TIME = 4, MOST_CONFLICTS = 100 };
enum phase { PHASE_DELETE, PHASE_UPDATE, PHASE_ASIDE, PHASE_AGAIN, PHASE_CREATE, PHASE_MEMBERS, PHASE_END };

struct rewinding {
    struct admin_job_run *run;
    struct inside inside;
    struct rewind_at at;
    bool is_dry;
    const struct scim_rules *rules;

    enum phase phase;
    size_t type; /* place in rules->types */
    struct resource_id after;
    size_t most; /* of a page: fewer after a collision, which may be one between its own */
    struct arena arena;
};

/* --- where it is --- */

static void read_checkpoint(struct rewinding *rewinding)
{
    const json_t *checkpoint = rewinding->run->checkpoint;
    rewinding->phase = (enum phase)json_integer_value(json_object_get(checkpoint, "phase"));
    rewinding->type = (size_t)json_integer_value(json_object_get(checkpoint, "type"));
    rewinding->after = (struct resource_id){{{0}}};
    const json_t *after = json_object_get(checkpoint, "after");
    if (after)
        (void)!id_from_uuid(json_slice(after), false, &rewinding->after.id);
}

static void write_checkpoint(const struct rewinding *rewinding)
{
    char after[ID_UUID_CHARS + 1];
    id_to_uuid(&rewinding->after.id, after);
    json_t *checkpoint = rewinding->run->checkpoint;
    json_object_set_new(checkpoint, "phase", json_integer(rewinding->phase));
    json_object_set_new(checkpoint, "type", json_integer((json_int_t)rewinding->type));
    json_object_set_new(checkpoint, "after", json_string(after));
}

static const struct scim_resource_type *type_of(const struct rewinding *rewinding)
{
    return rewinding->rules->types[rewinding->type];
}

static bool has_members(const struct rewinding *rewinding) { return type_of(rewinding)->code == SCIM_TYPE_GROUP; }

static void move_on(struct rewinding *rewinding, const struct rewind_page *page)
{
    rewinding->after = page->last;
    if (page->has_more)
        return;
    rewinding->after = (struct resource_id){{{0}}};
    if (++rewinding->type < rewinding->rules->type_count)
        return;
    rewinding->type = 0;
    rewinding->phase++;
}

/* --- what comes of it --- */

static void count(const struct rewinding *rewinding, const char *name, size_t more)
{
    json_t *result = rewinding->run->result;
    json_int_t before = json_integer_value(json_object_get(result, name));
    json_object_set_new(result, name, json_integer(before + (json_int_t)more));
}

static void add_conflict(const struct rewinding *rewinding, const struct rewind_state *state, const char *why)
{
    char id[ID_UUID_CHARS + 1];
    json_t *list = json_object_get(rewinding->run->result, "conflicts");
    count(rewinding, "conflict_count", 1);
    if (json_array_size(list) >= MOST_CONFLICTS)
        return;
    id_to_uuid(&state->of.id.id, id);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s}", "type", type_of(rewinding)->name, "id", id, "detail", why));
}

/* --- one resource in one phase --- */

static bool differs(const struct rewind_state *state)
{
    return state->was && state->is && !json_equal(state->document, state->current);
}

static struct inside_op op_on(struct rewinding *rewinding, const char *method, const struct rewind_state *state,
                              json_t *body)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&state->of.id.id, id);
    struct inside_op op = {.method = method, .body = body, .keeps_members = true};
    op.path = slice_str(arena_printf(&rewinding->arena, "%s/%s", type_of(rewinding)->endpoint, id));
    return op;
}

static struct inside_op create_op(struct rewinding *rewinding, const struct rewind_state *state)
{
    struct inside_op op = {.method = "POST", .body = state->document, .id = state->of.id};
    op.path = slice_str(type_of(rewinding)->endpoint);
    op.past = (struct view_past){.version = state->last, .created_ms = state->born_ms};
    if (!op.past.created_ms)
        op.past.created_ms = rewinding->at.ms;
    return op;
}

/* Is there something to do? The bodies that are made for it are the arena's to free: see drop_bodies. */
static bool plan(struct rewinding *rewinding, const struct rewind_state *state, struct inside_op *op_out)
{
    switch (rewinding->phase) {
    case PHASE_DELETE:
        *op_out = op_on(rewinding, "DELETE", state, NULL);
        return state->is && !state->was;
    case PHASE_UPDATE:
    case PHASE_ASIDE:
    case PHASE_AGAIN:
        *op_out = op_on(rewinding, "PUT", state, state->document);
        return differs(state);
    case PHASE_CREATE:
        *op_out = create_op(rewinding, state);
        return state->was && !state->is;
    case PHASE_MEMBERS:
    case PHASE_END:
        break;
    }
    return false;
}

static void note_done(const struct rewinding *rewinding)
{
    static const char *const names[] = {
        [PHASE_DELETE] = "deleted",   [PHASE_UPDATE] = "updated", [PHASE_ASIDE] = "updated", [PHASE_AGAIN] = "updated",
        [PHASE_CREATE] = "recreated", [PHASE_MEMBERS] = NULL,     [PHASE_END] = NULL};
    count(rewinding, names[rewinding->phase], 1);
}

/* Somebody has its name, for the moment: it waits for its turn. */
static bool may_wait(const struct rewinding *rewinding, const struct inside_op *op)
{
    return op->err.kind == ERR_UNIQUENESS && (rewinding->phase == PHASE_UPDATE || rewinding->phase == PHASE_ASIDE);
}

/* --- rings of names --- */

static json_t *renamed(const struct rewind_state *state)
{
    char id[ID_UUID_CHARS + 1], name[64];
    bool is_user = state->of.type == SCIM_TYPE_USER;
    id_to_uuid(&state->of.id.id, id);
    snprintf(name, sizeof name, "restore-%s%s", id, is_user ? "@invalid" : "");
    json_t *document = json_copy(state->document);
    if (is_user) {
        json_object_set_new(document, "userName", json_string(name));
        json_object_set_new(document, "emails", json_pack("[{s:s, s:b}]", "value", name, "primary", 1));
    } else {
        json_object_set_new(document, "displayName", json_string(name));
    }
    return document;
}

static bool set_aside(struct rewinding *rewinding, const struct rewind_state *state, struct err *err)
{
    json_scoped *document = renamed(state);
    struct inside_op op = op_on(rewinding, "PUT", state, document);
    bool done = inside_run(rewinding->run->db, &rewinding->inside, &op, 1, err);
    if (done)
        inside_release(&op, 1);
    return done;
}

/* It was set aside and cannot have its name all the same: it keeps the one that it had before. */
static bool give_back(struct rewinding *rewinding, const struct rewind_state *state, struct err *err)
{
    struct history_document before;
    if (!history_document_at(rewinding->run->db, &state->of, state->last - 1, &before, err))
        return false;
    struct inside_op op = op_on(rewinding, "PUT", state, before.document);
    bool done = !before.found || inside_run(rewinding->run->db, &rewinding->inside, &op, 1, err);
    if (done && before.found)
        inside_release(&op, 1);
    json_decref(before.document);
    return done;
}

static bool settle(struct rewinding *rewinding, const struct rewind_state *state, const struct inside_op *op,
                   struct err *err)
{
    if (op->err.kind == ERR_NONE) {
        note_done(rewinding);
        return true;
    }
    if (may_wait(rewinding, op))
        return rewinding->phase != PHASE_ASIDE || set_aside(rewinding, state, err);
    add_conflict(rewinding, state, op->err.detail);
    return rewinding->phase != PHASE_AGAIN || op->err.kind != ERR_UNIQUENESS || give_back(rewinding, state, err);
}

/* --- a page --- */

static bool act_on_page(struct rewinding *rewinding, const struct rewind_page *page, struct err *err)
{
    struct inside_op ops[REWIND_PAGE];
    const struct rewind_state *states[REWIND_PAGE];
    size_t op_count = 0;
    for (size_t i = 0; i < page->count; i++) {
        states[op_count] = &page->list[i];
        op_count += plan(rewinding, &page->list[i], &ops[op_count]);
    }
    for (size_t i = 0; i < op_count && rewinding->is_dry; i++)
        note_done(rewinding);
    if (op_count == 0 || rewinding->is_dry)
        return true;
    if (!inside_run(rewinding->run->db, &rewinding->inside, ops, op_count, err))
        return false;
    bool good = true;
    for (size_t i = 0; i < op_count && good; i++)
        good = settle(rewinding, states[i], &ops[i], err);
    inside_release(ops, op_count);
    return good;
}

static bool regroup(struct rewinding *rewinding, const struct rewind_state *state, struct err *err)
{
    struct history_members since;
    if (!state->was || (!state->is && !rewinding->is_dry))
        return true;
    if (!history_members_between(rewinding->run->db, &state->of, state->first - 1, INT64_MAX, &rewinding->arena, &since,
                                 err))
        return false;
    struct regroup regroup = {.group = state->of.id,
                              .add = since.removed,
                              .add_count = since.removed_count,
                              .remove = since.added,
                              .remove_count = since.added_count};
    if (!rewinding->is_dry && !regroup_run(rewinding->run->db, &rewinding->inside, &regroup, err))
        return false;
    count(rewinding, "members_added", regroup.add_count - regroup.missing);
    count(rewinding, "members_removed", regroup.remove_count);
    count(rewinding, "members_gone", regroup.missing);
    return true;
}

static bool regroup_page(struct rewinding *rewinding, const struct rewind_page *page, struct err *err)
{
    bool good = true;
    for (size_t i = 0; i < page->count && good && has_members(rewinding); i++)
        good = regroup(rewinding, &page->list[i], err);
    return good;
}

static bool work(struct admin_job_run *run, void *context, struct err *err)
{
    struct rewinding *rewinding = context;
    struct rewind_page page;
    read_checkpoint(rewinding);
    size_t most = rewinding->phase == PHASE_MEMBERS ? GROUPS_AT_A_TIME : rewinding->most;
    rewinding->most = rewinding->most > 1 ? rewinding->most / 2 : 1; /* should it be called again */
    if (!rewind_load(run->db, &rewinding->at, type_of(rewinding)->code, rewinding->after, most, &page, err))
        return false;
    bool good =
        rewinding->phase == PHASE_MEMBERS ? regroup_page(rewinding, &page, err) : act_on_page(rewinding, &page, err);
    run->done += (int64_t)page.count;
    if (good)
        move_on(rewinding, &page);
    rewind_drop(&page);
    write_checkpoint(rewinding);
    return good;
}

/* --- the whole --- */

/* What is only looked at needs no second look. */
static bool is_skipped(const struct rewinding *rewinding)
{
    return rewinding->is_dry && (rewinding->phase == PHASE_ASIDE || rewinding->phase == PHASE_AGAIN);
}

static bool run_pages(struct rewinding *rewinding, bool *go_on_out, struct err *err)
{
    *go_on_out = true;
    for (read_checkpoint(rewinding); *go_on_out && rewinding->phase < PHASE_END; read_checkpoint(rewinding)) {
        if (is_skipped(rewinding)) {
            rewinding->phase++;
            write_checkpoint(rewinding);
            continue;
        }
        rewinding->most = REWIND_PAGE;
        arena_reset(&rewinding->arena);
        if (!act_once(rewinding->run, work, rewinding, go_on_out, err))
            return false;
    }
    return true;
}

static bool announce(struct admin_job_run *run, void *context, struct err *err)
{
    (void)context;
    json_object_set_new(run->checkpoint, "announced", json_true());
    struct event_new event = {.type = "directory.rewound",
                              .environment = run->environment,
                              .organization = run->organization,
                              .directory = run->directory,
                              .data = run->result,
                              .now_ms = clock_wall_ms(),
                              .cause = VIEW_CAUSE_JOB,
                              .actor = run->actor};
    return store_event_raise(run->db, &event, err);
}

static bool finish(struct rewinding *rewinding, struct err *err)
{
    bool ignored;
    if (rewinding->is_dry || json_object_get(rewinding->run->checkpoint, "announced"))
        return true;
    return act_once(rewinding->run, announce, rewinding, &ignored, err);
}

static bool count_total(struct rewinding *rewinding, struct err *err)
{
    int64_t total = 0;
    for (size_t i = 0; i < rewinding->rules->type_count; i++) {
        int64_t changed;
        if (!rewind_count(rewinding->run->db, &rewinding->at, rewinding->rules->types[i]->code, &changed, err))
            return false;
        total += changed * (rewinding->is_dry ? PHASE_END - 2 : PHASE_END);
    }
    rewinding->run->total = total;
    return true;
}

static void begin_result(const struct rewinding *rewinding)
{
    static const char *const names[] = {"deleted",         "updated",      "recreated",     "members_added",
                                        "members_removed", "members_gone", "conflict_count"};
    json_t *result = rewinding->run->result;
    if (json_object_get(result, "conflicts"))
        return;
    json_object_set(result, "at", json_object_get(rewinding->run->parameters, "at"));
    json_object_set_new(result, "dry_run", json_boolean(rewinding->is_dry));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set_new(result, names[i], json_integer(0));
    json_object_set_new(result, "conflicts", json_array());
}

static bool run_job(struct admin_job_run *run, struct err *err)
{
    struct rewinding rewinding = {.run = run, .inside = act_for_job(run, VIEW_CAUSE_RESTORE)};
    rewinding.at = (struct rewind_at){run->directory, json_integer_value(json_object_get(run->parameters, "at_ms"))};
    rewinding.is_dry = json_is_true(json_object_get(run->parameters, "dry_run"));
    if (!store_rules_load(run->db, run->directory, &rewinding.rules, err))
        return false;
    if (!rewinding.rules)
        return err_set(err, ERR_NOT_FOUND, "The directory is not there any more, or its rules cannot be read.");
    arena_init(&rewinding.arena);
    begin_result(&rewinding);
    bool go_on = false;
    bool good = (run->total >= 0 || count_total(&rewinding, err)) && run_pages(&rewinding, &go_on, err) &&
                (!go_on || finish(&rewinding, err));
    arena_fini(&rewinding.arena);
    store_rules_unref(rewinding.rules);
    return good;
}

const struct admin_job_kind rewind_job = {"directory_rewind", run_job};
