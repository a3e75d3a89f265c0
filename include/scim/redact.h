/* What the request log keeps of a request: text in, text without secrets, or without people's data, out.
 *
 * Whatever is not known to be harmless is replaced by "***". Harmless are names, URNs, ids of resources, operators, the
 * words that RFC 7643 suggests for `type`, and what this server itself says about lists, versions and errors: see
 * docs/request-log.md. Secrets (SCIM_SHOW_VALUES) are what has the name of one, and whatever looks like a token.
 *
 * Pure and total: no input fails. What cannot be read ends the output, which is a whole JSON value all the same. What
 * is replaced is never looked up in a schema, so an attribute that nobody declares is as safe as the others. */
#ifndef SCIM_REDACT_H
#define SCIM_REDACT_H

#include "base/buf.h"
#include "scim/policy.h"

enum scim_shown { SCIM_SHOW_STRUCTURE, SCIM_SHOW_VALUES };

struct scim_redaction {
    enum scim_shown shown;
    struct scim_names sensitive; /* the policy's; replaced in both */
};

enum scim_body_kind { SCIM_BODY_REQUEST, SCIM_BODY_SEARCH, SCIM_BODY_REPLY };

enum { SCIM_REDACTED_GROWTH = 4 }; /* the output has no more bytes than this times the input's, and 256 */

/* Appends the body as compact JSON. false: it is not JSON from some byte on, or ends too early; then the output says
 * what came before. */
bool scim_redact_body(struct slice body, enum scim_body_kind kind, const struct scim_redaction *how, struct buf *out);

/* Appends path, and "?" and query where there is one; percent-encoded. */
void scim_redact_target(struct slice path, struct slice query, const struct scim_redaction *how, struct buf *out);

/* Appends a sentence of ours that may quote the request: what stands between quotes stays if it is a name. */
void scim_redact_detail(struct slice detail, const struct scim_redaction *how, struct buf *out);

/* Appends other text of the client (User-Agent): without what looks like a token, and as UTF-8. */
void scim_redact_text(struct slice text, struct buf *out);

#endif
