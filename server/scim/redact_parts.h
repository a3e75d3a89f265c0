/* What the files of redact.h share. */
#ifndef SCIM_REDACT_PARTS_H
#define SCIM_REDACT_PARTS_H

#include "scim/redact.h"

#define REDACTED "***"

/* The object that a member stands in. */
enum redact_place {
    REDACT_ROOT,      /* a resource or a message: whole, in a list, or in a bulk operation */
    REDACT_OPERATION, /* of a PATCH, or of a bulk request or reply */
    REDACT_META,
    REDACT_VALUE, /* of a complex attribute, which is `parent` */
    REDACT_OTHER
};

/* Where a value stands. */
struct redact_spot {
    enum redact_place in;
    struct slice parent, name; /* of the attribute, without URN and filter: "emails" and "value"; parent may be empty */
    bool hidden;               /* below something that is shown in no mode */
    bool ours;                 /* in a reply */
    bool is_search;
    bool is_error; /* a member of an error message of ours */
};

/* "urn:…:User:emails[type eq "work"].value": parent "emails", name "value". */
void redact_read_name(struct slice path, struct slice *parent_out, struct slice *name_out);

/* Has it the name of a secret? */
bool redact_is_secret_name(struct slice name);
/* By its name, or by the policy. */
bool redact_hides(const struct redact_spot *spot, const struct scim_redaction *how);

/* May the value (a string's content without escapes, or a number or word) be shown as it is? */
bool redact_keeps(const struct redact_spot *spot, struct slice text);

bool redact_is_uuid(struct slice text);
bool redact_is_name(struct slice text); /* an attribute path without brackets */

/* Names are compared some hundred times for each body, so lengths are known and nearly all differ in them. */
static inline bool redact_same(struct slice text, struct slice word)
{
    return text.len == word.len && slice_equals_ascii_nocase(text, word);
}
#define REDACT_IS_CALLED(spot, word) redact_same((spot)->name, SLICE_LITERAL(word))

/* Any case; `words` ends with a slice without data. */
static inline bool redact_is_one_of(struct slice text, const struct slice *words)
{
    for (; words->data; words++)
        if (redact_same(text, *words))
            return true;
    return false;
}
#define REDACT_WORD(word)                                                                                              \
    {                                                                                                                  \
        (word), sizeof(word) - 1                                                                                       \
    }
#define REDACT_END                                                                                                     \
    {                                                                                                                  \
        NULL, 0                                                                                                        \
    }

/* A filter, a PATCH path, the path of a URL. */
void redact_filter(struct slice text, bool is_path, const struct scim_redaction *how, struct buf *out);
void redact_url_path(struct slice text, struct buf *out);

/* What was appended behind `from`: cuts tokens out, and what is no UTF-8. */
void redact_scrub(struct buf *out, size_t from);

#endif
