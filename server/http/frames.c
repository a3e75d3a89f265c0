#include "frames.h"

#include <stdlib.h>

#include "base/must.h"

enum {
    FLAG_END_STREAM = 0x1,
    FLAG_END_HEADERS = 0x4,
    FRAME_HEADER_BYTES = 9,
    FREE_CONTROL_FRAMES = 10000, /* a polite connection pings every few seconds */
    CONTROL_PER_STREAM = 10,
    BYTES_PER_WINDOW_UPDATE = 64 /* of replies; clients update the stream and the connection for each DATA frame */
};

const char frames_preface[FRAMES_PREFACE_BYTES + 1] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

bool frames_next(struct slice text, struct frame *frame_out)
{
    if (text.len < FRAME_HEADER_BYTES)
        return false;
    const unsigned char *p = (const unsigned char *)text.data;
    frame_out->length = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
    frame_out->bytes = frame_out->length + FRAME_HEADER_BYTES;
    frame_out->type = p[3];
    frame_out->flags = p[4];
    frame_out->stream = ((uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 8 | p[8]) & 0x7fffffff;
    return text.len >= frame_out->bytes;
}

static struct upload *find_upload(struct frames *frames, uint32_t stream)
{
    for (size_t i = 0; i < frames->upload_count; i++)
        if (frames->uploads[i].stream == stream)
            return &frames->uploads[i];
    return NULL;
}

static void end_upload(struct frames *frames, struct upload *upload)
{
    frames->upload_bytes -= upload->bytes;
    *upload = frames->uploads[--frames->upload_count];
}

static const char *begin_upload(struct frames *frames, uint32_t stream, uint64_t now_ms)
{
    if (frames->upload_count == FRAMES_MOST_UPLOADS)
        return "bodies";
    if (!frames->uploads) {
        frames->uploads = calloc(FRAMES_MOST_UPLOADS, sizeof *frames->uploads);
        must(frames->uploads != NULL);
    }
    frames->uploads[frames->upload_count++] = (struct upload){.stream = stream, .since_ms = now_ms};
    return NULL;
}

static const char *count_block(struct frames *frames, const struct frame *frame, const struct frames_limits *limits,
                               uint64_t now_ms)
{
    if (frame->type == FRAME_HEADERS) {
        frames->block_bytes = 0;
        frames->block_since_ms = now_ms;
    } else {
        frames->control++;
    }
    frames->in_block = (frame->flags & FLAG_END_HEADERS) == 0;
    frames->block_bytes += frame->length;
    return frames->block_bytes > limits->header ? "header" : NULL;
}

static const char *count_headers(struct frames *frames, const struct frame *frame, const struct frames_limits *limits,
                                 uint64_t now_ms)
{
    const char *why = count_block(frames, frame, limits, now_ms);
    bool ends = (frame->flags & FLAG_END_STREAM) != 0;
    struct upload *upload = find_upload(frames, frame->stream);
    if (upload && ends)
        end_upload(frames, upload);
    if (frame->stream <= frames->last_stream)
        return why;
    frames->last_stream = frame->stream;
    frames->streams++;
    return why || ends ? why : begin_upload(frames, frame->stream, now_ms);
}

static const char *count_data(struct frames *frames, const struct frame *frame, const struct frames_limits *limits)
{
    struct upload *upload = find_upload(frames, frame->stream);
    bool ends = (frame->flags & FLAG_END_STREAM) != 0;
    if (!upload || (frame->length == 0 && !ends)) {
        frames->control++;
        return NULL;
    }
    upload->bytes += frame->length;
    frames->upload_bytes += frame->length;
    if (ends)
        end_upload(frames, upload);
    return frames->upload_bytes > limits->bodies ? "bodies" : NULL;
}

static const char *count_reset(struct frames *frames, const struct frame *frame)
{
    struct upload *upload = find_upload(frames, frame->stream);
    if (upload) {
        end_upload(frames, upload);
        frames->resets++;
    }
    return NULL;
}

const char *frames_count(struct frames *frames, const struct frame *frame, const struct frames_limits *limits,
                         uint64_t now_ms)
{
    if (frame->type == FRAME_HEADERS)
        return count_headers(frames, frame, limits, now_ms);
    if (frame->type == FRAME_CONTINUATION)
        return count_block(frames, frame, limits, now_ms);
    if (frame->type == FRAME_DATA)
        return count_data(frames, frame, limits);
    if (frame->type == FRAME_RST_STREAM)
        return count_reset(frames, frame);
    if (frame->type == FRAME_WINDOW_UPDATE)
        frames->windows++;
    else
        frames->control++;
    return NULL;
}

const char *frames_judge(const struct frames *frames, uint64_t reply_bytes)
{
    uint64_t earned = FREE_CONTROL_FRAMES + frames->streams * CONTROL_PER_STREAM;
    if (frames->control > earned || frames->windows > earned + reply_bytes / BYTES_PER_WINDOW_UPDATE)
        return "flood";
    return NULL;
}

uint64_t frames_oldest_ms(const struct frames *frames)
{
    uint64_t oldest = frames->in_block ? frames->block_since_ms : 0;
    for (size_t i = 0; i < frames->upload_count; i++)
        if (oldest == 0 || frames->uploads[i].since_ms < oldest)
            oldest = frames->uploads[i].since_ms;
    return oldest;
}

void frames_fini(struct frames *frames)
{
    free(frames->uploads);
    frames->uploads = NULL;
    frames->upload_count = 0;
}
