/* One JSON object per line on the log descriptor: time, level, room, message, then fields. Thread-safe; a line is one
 * write(2). Never a token, a body or a filter's values: callers pass ids and names. Strings are escaped and cut at 1
 * KiB. */
#ifndef OBS_LOG_H
#define OBS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

void log_open(int fd, enum log_level minimum); /* before threads start; default: stderr, LOG_INFO */
bool log_level_parse(const char *name, enum log_level *level_out);

struct log_field {
    const char *name;
    const char *text; /* or, when NULL, */
    int64_t number;
};
static inline struct log_field log_text(const char *name, const char *text)
{
    return (struct log_field){.name = name, .text = text ? text : ""};
}
#define LOG_TEXT(field, value)   log_text((field), (value))
#define LOG_NUMBER(field, value) ((struct log_field){.name = (field), .text = NULL, .number = (int64_t)(value)})

void log_write(enum log_level level, const char *room, const char *message, const struct log_field *fields,
               size_t count);

/* log_event(LOG_WARN, "store", "connection lost", LOG_NUMBER("error", 2013), …); at least one field. */
#define log_event(level, room, message, ...)                                                                           \
    log_write((level), (room), (message), (const struct log_field[]){__VA_ARGS__},                                     \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define log_plain(level, room, message) log_write((level), (room), (message), NULL, 0)

/* The audit log: lines of the same form, whatever the level, with "operation" in place of room and message. */
void log_audit_open(int fd); /* before threads start; -1 (default): none */
int log_audit_descriptor(void);
static inline bool log_audits(void) { return log_audit_descriptor() >= 0; }
/* Gathers a line; log_audit_flush writes what this thread has gathered, which is one system call for a whole batch. */
void log_audit(const char *operation, const struct log_field *fields, size_t count);
void log_audit_flush(void);

#endif
