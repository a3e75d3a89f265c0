#include "obs/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { MOST_TEXT = 1024, MOST_LINE = 16384, MOST_GATHERED = 2 * MOST_LINE };

/* Written by log_open before threads start, read by all of them afterwards. */
static int log_fd = STDERR_FILENO;
static int audit_fd = -1;
static enum log_level log_minimum = LOG_INFO;

/* Audit lines of this thread that are not written yet. */
static _Thread_local struct {
    size_t len;
    char data[MOST_GATHERED];
} gathered;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

void log_open(int fd, enum log_level minimum)
{
    log_fd = fd;
    log_minimum = minimum;
}

void log_audit_open(int fd) { audit_fd = fd; }

int log_audit_descriptor(void) { return audit_fd; }

bool log_level_parse(const char *name, enum log_level *level_out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *level_out = (enum log_level)i;
            return true;
        }
    return false;
}

/* At most MOST_TEXT bytes, not ending inside a character. */
static struct slice cut(const char *text)
{
    size_t length = strnlen(text, MOST_TEXT + 1);
    if (length <= MOST_TEXT)
        return slice_of(text, length);
    length = MOST_TEXT;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return slice_of(text, length);
}

static void add_text(struct buf *line, const char *name, const char *text)
{
    buf_add_char(line, ',');
    buf_add_json_string(line, slice_str(name));
    buf_add_char(line, ':');
    buf_add_json_string(line, cut(text));
}

static void add_field(struct buf *line, const struct log_field *field)
{
    if (field->text) {
        add_text(line, field->name, field->text);
        return;
    }
    buf_add_char(line, ',');
    buf_add_json_string(line, slice_str(field->name));
    buf_printf(line, ":%lld", (long long)field->number);
}

/* A log that cannot be written must not stop the service: what does not fit is lost. */
static void write_whole(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        data += written;
        length -= (size_t)written;
    }
}

static void begin_line(struct buf *line)
{
    char time[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ms(), time);
    buf_init(line, MOST_LINE);
    buf_add_str(line, "{\"time\":\"");
    buf_add_str(line, time);
    buf_add_char(line, '"');
}

static void end_line(struct buf *line, const struct log_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t before = line->len;
        add_field(line, &fields[i]);
        if (line->overflowed || line->len > MOST_LINE - 2) { /* a field is whole or absent: the line stays JSON */
            line->len = before;
            break;
        }
    }
    line->overflowed = false;
    buf_add_str(line, "}\n");
}

void log_write(enum log_level level, const char *room, const char *message, const struct log_field *fields,
               size_t count)
{
    if (level < log_minimum)
        return;
    int saved = errno;
    struct buf line;
    begin_line(&line);
    add_text(&line, "level", level_names[level]);
    add_text(&line, "room", room);
    add_text(&line, "message", message);
    end_line(&line, fields, count);
    write_whole(log_fd, line.data, line.len);
    buf_fini(&line);
    errno = saved;
}

void log_audit(const char *operation, const struct log_field *fields, size_t count)
{
    int saved = errno;
    struct buf line;
    begin_line(&line);
    add_text(&line, "operation", operation);
    end_line(&line, fields, count);
    if (line.len > MOST_GATHERED - gathered.len)
        log_audit_flush();
    memcpy(gathered.data + gathered.len, line.data, line.len);
    gathered.len += line.len;
    buf_fini(&line);
    errno = saved;
}

void log_audit_flush(void)
{
    int saved = errno;
    write_whole(audit_fd, gathered.data, gathered.len);
    gathered.len = 0;
    errno = saved;
}
