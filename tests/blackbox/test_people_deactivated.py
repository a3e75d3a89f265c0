"""Deleting those who have been deactivated for long: on request, and by a directory's retention."""

import uuid

import pytest

from harness.openapi import CheckedAdmin
from harness.vendor import csv_of, finished, import_users, vendor_user
from harness.wait import until


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}"


LONG_AGO = 1_600_000_000_000


def set_since(rollcall, ids, ms=LONG_AGO):
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        for number, user in enumerate(ids):
            raw = uuid.UUID(user).bytes
            cursor.execute(
                "UPDATE deactivated_user SET since_ms = %s, place = %s WHERE resource_id = %s",
                (ms + number, (ms + number).to_bytes(6, "big") + raw[6:], raw),
            )
            assert cursor.rowcount == 1
        connection.commit()


def ids_of(admin, path):
    return {user["id"] for user in admin.get(f"{path}/users?limit=1000", expect=200)["users"]}


def delete(admin, path, **body):
    answer = admin.post(f"{path}/users/deactivated/delete", body, expect=202)
    assert answer.headers["location"] == f"/v1/jobs/{answer['id']}"
    return finished(admin, answer["id"])


def test_those_who_were_deactivated_long_ago_are_deleted_and_no_others(rollcall, admin, path, scim):
    old = [scim.new_user(f"old{n}@example.com", active=False)["id"] for n in range(70)]
    new = scim.new_user("new@example.com", active=False)["id"]
    active = scim.new_user("active@example.com")["id"]
    set_since(rollcall, old)
    group = scim.new_group("Staff", [old[0], active])["id"]
    import_users(admin, path, csv_of({"vendor_user_id": "v1", "user_name": "old1@example.com"}))

    job = delete(admin, path, older_than_days=30)
    assert job["state"] == "done" and job["kind"] == "deactivated_delete"
    assert job["progress"] == {"done": 70, "total": 70}
    assert job["result"] == {"dry_run": False, "found": 70, "deleted": 70, "failed": 0}
    assert ids_of(admin, path) == {new, active}
    assert scim.members(group) == {active}
    scim.get(f"/Users/{old[0]}", expect=404)
    assert vendor_user(admin, path, "v1")["state"] == "unmatched"
    again = scim.new_user("old1@example.com")
    assert admin.get(f"{path}/users/{again['id']}", expect=200)["person_id"] == old[1]
    assert vendor_user(admin, path, "v1")["matched_by"] == "returned"


def test_a_deletion_is_a_change_like_any_other(rollcall, admin, path, scim):
    user = scim.new_user("gone@example.com", active=False)["id"]
    boss = user
    worker = scim.new_user(
        "worker@example.com",
        **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": boss}}},
    )["id"]
    delete(admin, path, older_than_days=0)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, cause FROM `change` WHERE resource_id = %s ORDER BY version", (uuid.UUID(user).bytes,)
        )
        assert list(cursor.fetchall())[-1] == (3, 3)  # deleted, by a job
    assert "manager" not in str(scim.get(f"/Users/{worker}", expect=200).json)
    assert admin.get(path, expect=200)["counts"]["users"] == 1


def test_a_dry_run_counts_and_deletes_nobody(rollcall, admin, path, scim):
    old = {scim.new_user(f"old{n}@example.com", active=False)["id"] for n in range(3)}
    set_since(rollcall, old)
    job = delete(admin, path, older_than_days=30, dry_run=True)
    assert job["result"] == {"dry_run": True, "found": 3, "deleted": 0, "failed": 0}
    assert ids_of(admin, path) == old
    assert delete(admin, path, older_than_days=36500)["result"]["found"] == 0
    assert ids_of(admin, path) == old


def test_who_is_active_again_is_left_alone(rollcall, admin, path, scim):
    old = [scim.new_user(f"old{n}@example.com", active=False)["id"] for n in range(2)]
    set_since(rollcall, old)
    scim.patch(f"/Users/{old[0]}", {"op": "Replace", "path": "active", "value": "True"}, expect=200)
    assert delete(admin, path, older_than_days=30)["result"]["deleted"] == 1
    assert ids_of(admin, path) == {old[0]}


def test_the_number_of_days_is_needed(admin, path):
    for bad in ({}, {"older_than_days": None}, {"older_than_days": -1}, {"older_than_days": "30"}, {"older_than_days": 36501}):
        refused = admin.post(f"{path}/users/deactivated/delete", bad, expect=422)
        assert refused["errors"][0]["pointer"] == "#/older_than_days"
    refused = admin.post(f"{path}/users/deactivated/delete", {"older_than_days": 1, "dry_run": "yes"}, expect=422)
    assert refused["errors"][0]["pointer"] == "#/dry_run"


def test_a_directorys_retention_deletes_by_itself(rollcall, admin, path, org, scim):
    old = [scim.new_user(f"old{n}@example.com", active=False)["id"] for n in range(3)]
    new = scim.new_user("new@example.com", active=False)["id"]
    other = rollcall.new_organization()
    kept = other.scim.new_user("kept@example.com", active=False)["id"]
    set_since(rollcall, [*old, kept])
    assert admin.get(f"{path}/retention", expect=200).json == {"deactivated_retention_days": None}
    admin.put(f"{path}/retention", {"deactivated_retention_days": 30}, expect=200)
    until(lambda: ids_of(admin, path) == {new}, "the old ones are deleted")
    assert ids_of(admin, f"/v1/directories/{other.directory_id}") == {kept}
    (job,) = admin.get(f"/v1/jobs?kind=deactivated_delete&directory_id={org.directory_id}", expect=200)["jobs"]
    assert job["actor"] == "retention"


def test_a_retention_is_taken_back(admin, path):
    admin.put(f"{path}/retention", {"deactivated_retention_days": 30}, expect=200)
    tag = admin.get(f"{path}/retention", expect=200).headers["etag"]
    admin.put(f"{path}/retention", {"deactivated_retention_days": None}, headers=[("If-Match", tag)], expect=200)
    assert admin.get(f"{path}/retention", expect=200).json == {"deactivated_retention_days": None}
    for bad in (0, -1, 36501, "30", 1.5, True):
        admin.put(f"{path}/retention", {"deactivated_retention_days": bad}, expect=422)
    admin.put(f"{path}/retention", {}, expect=422)


def test_whoever_is_active_stays_whatever_a_server_of_before_has_left_in_the_table(rollcall, admin, path, scim):
    """Servers of a version without the table go on for a while when the database is migrated."""
    old, back, gone = (scim.new_user(f"{name}@example.com", active=False)["id"] for name in ("old", "back", "gone"))
    set_since(rollcall, [old, back, gone])
    rows = rollcall.database.query("SELECT * FROM deactivated_user WHERE since_ms BETWEEN %s AND %s", LONG_AGO, LONG_AGO + 2)
    scim.patch(f"/Users/{back}", {"op": "replace", "path": "active", "value": True}, expect=200)
    scim.delete(f"/Users/{gone}", expect=204)
    for row in rows:
        rollcall.database.execute("INSERT IGNORE INTO deactivated_user VALUES (%s, %s, %s, %s)", *row)

    job = delete(admin, path, older_than_days=30)
    assert job["result"] == {"dry_run": False, "found": 1, "deleted": 1, "failed": 0}
    assert job["progress"]["total"] == 1
    assert ids_of(admin, path) == {back}
    ids = [uuid.UUID(user).bytes for user in (old, back, gone)]
    assert not rollcall.database.query("SELECT 1 FROM deactivated_user WHERE resource_id IN (%s, %s, %s)", *ids)
