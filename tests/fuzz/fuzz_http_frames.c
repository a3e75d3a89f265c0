/* Any bytes as HTTP/2 frames: the counters stay consistent. */
#include <stdint.h>

#include "../../server/http/frames.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct frames frames = {0};
    struct frames_limits limits = {.header = 1000, .bodies = 5000};
    struct frame frame;
    uint64_t now_ms = 1;
    while (frames_next(text, &frame)) {
        must(frame.bytes <= text.len);
        if (frames_count(&frames, &frame, &limits, now_ms++))
            break;
        size_t bytes = 0;
        for (size_t i = 0; i < frames.upload_count; i++)
            bytes += frames.uploads[i].bytes;
        must(bytes == frames.upload_bytes && bytes <= limits.bodies && frames.upload_count <= FRAMES_MOST_UPLOADS);
        text = slice_skip(text, frame.bytes);
    }
    (void)frames_judge(&frames, 0);
    (void)frames_oldest_ms(&frames);
    frames_fini(&frames);
    return 0;
}
