"""Jobs of the admin API."""

from .wait import until


def ended(admin, started, timeout=90):
    """The job that an answer 202 names, once it has ended."""
    path = started.headers["location"]
    until(lambda: admin.get(path, expect=200).json["state"] in ("done", "failed", "cancelled"), path, timeout)
    return admin.get(path, expect=200).json
