"""The vendor's own users: files of them, and their import."""

import csv
import io
import json

from .wait import until

COLUMNS = ("vendor_user_id", "user_name", "email", "display_name")


def csv_of(*rows, columns=COLUMNS):
    """rows: dictionaries."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def ndjson_of(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def start_import(admin, path, body, query="", media_type="text/csv", expect=202):
    headers = [("Content-Type", media_type)]
    return admin.request("POST", f"{path}/vendor-users/import{query}", body=body, headers=headers, expect=expect)


def finished(admin, job_id):
    """The job when it has ended."""

    def look():
        job = admin.get(f"/v1/jobs/{job_id}", expect=200).json
        return job if job["state"] in ("done", "failed", "cancelled") else None

    return until(look, f"{job_id} ends", 60)


def import_users(admin, path, body, query="", media_type="text/csv", state="done"):
    job = finished(admin, start_import(admin, path, body, query, media_type)["id"])
    assert job["state"] == state, job
    return job


def problems_of(admin, path, job):
    found, cursor = [], ""
    while cursor is not None:
        rest = f"?limit=1000&cursor={cursor}" if cursor else "?limit=1000"
        page = admin.get(f"{path}/vendor-users/imports/{job['id']}/problems{rest}", expect=200)
        found += page["problems"]
        cursor = page["next_cursor"]
    return found


def vendor_user(admin, path, vendor_user_id):
    return admin.get(f"{path}/vendor-users/{vendor_user_id}", expect=200).json
