/* What went wrong, set once where it is understood; passing it up is `return false`.
 *
 * `detail` is safe to show the caller (no SQL, no secrets, no other tenant's data), one English sentence that names the
 * attribute, path or limit. The technical cause is logged where it happened, once. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum err_kind {
    ERR_NONE = 0,
#define ERR(kind, status, scim_type, level, title) kind,
#include "base/err.def"
#undef ERR
    ERR_KINDS
};

struct err {
    enum err_kind kind;
    char detail[256]; /* NUL-terminated UTF-8 */
};

#define ERR_INIT   ((struct err){.kind = ERR_NONE, .detail = ""})
#define MUST_CHECK __attribute__((warn_unused_result))

/* Always returns false, so that a refusal is one line: return err_set(err, ERR_NO_TARGET, "…"). Text is cut at a
 * character border; control characters in it become '?'. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* So that compilers and analyzers know, too, and follow no path on which outputs of a refusal are read. */
static inline bool err_refusal(bool refused) { return refused && false; }
#define err_set(...) err_refusal(err_set(__VA_ARGS__))

int err_status(enum err_kind kind);            /* HTTP status, 400..599 */
const char *err_scim_type(enum err_kind kind); /* NULL when the kind has none */
const char *err_title(enum err_kind kind);
enum log_level err_log_level(enum err_kind kind);

#endif
