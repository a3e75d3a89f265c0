/* Reading the people of a directory: which one is meant, the rows of a page, and what is laid over them. */
#ifndef ADMIN_READING_H
#define ADMIN_READING_H

#include "call.h"
#include "directories.h"
#include "organizations.h"
#include "page.h"
#include "person.h"
#include "scim/rules.h"

enum reading_place {
    READING_ORGANIZATION, /* the path names an organization: its primary directory, or the one of ?directory_id= */
    READING_DIRECTORY,    /* the path names a directory */
};

struct reading {
    struct call *call;
    struct environment_id environment;
    struct organization_id organization;
    struct directory_id directory;
    const struct scim_rules *rules; /* of the directory, a reference */
    int64_t guarded_ms;             /* since when departures are held (held.h); 0: they are not */
    struct person_style style;
    bool has_total;
    uint64_t total;        /* of a list of all: how many there are */
    int64_t next_since_ms; /* of a list of changes: what to ask for next; 0: no such list */
};

/* The directory that the request is about. Whether it succeeds or not, reading_end is called afterwards. */
MUST_CHECK bool reading_begin(struct call *call, enum reading_place place, struct reading *reading, struct err *err);
void reading_end(struct reading *reading);

/* The same of a directory that the caller has found; without a style. */
MUST_CHECK bool reading_of_directory(struct call *call, const struct directory *directory, struct reading *reading,
                                     struct err *err);

struct people { /* what is shown, in order; in the call's arena */
    struct person *list;
    size_t count, room;
};
struct people reading_room(const struct reading *reading, size_t room);
/* A copy of the row, which is valid during a visit alone. */
struct person *reading_keep(const struct reading *reading, struct people *people, const struct view_resource *row);

/* Loads what shows beside the rows, for all of them at once; no statement is run for one person. */
MUST_CHECK bool reading_dress(struct reading *reading, uint16_t type, struct people *people, struct err *err);

/* Answers {name: [...], …, "next_cursor": …}. next: NULL on the last page. */
bool reading_answer_page(const struct reading *reading, const char *name, const struct people *people,
                         const char *next);
/* Answers with the one that there is. */
bool reading_answer_one(const struct reading *reading, const struct people *people);

#endif
