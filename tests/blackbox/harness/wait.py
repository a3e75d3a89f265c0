"""Waiting for conditions: tests never sleep for a fixed time."""

import time

POLL_SECONDS = 0.02


def until(condition, what="", seconds=60):
    """Calls condition until it answers something true, and returns that. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(POLL_SECONDS)
