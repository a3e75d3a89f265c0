"""What one environment does leaves room for others, and tells them nothing: locks, jobs, exports."""

import pytest

from harness.jobs import ended
from harness.openapi import CheckedAdmin
from harness.process import free_port
from harness.rollcall import answers, id_bytes
from harness.wait import until

MOST_WAITING = 100


def checked(rollcall, admin):
    return CheckedAdmin(rollcall.admin_url, admin.key)


@pytest.fixture
def stranger(rollcall):
    client = checked(rollcall, rollcall.new_environment())
    yield client
    client.wire.close()


def test_a_stranger_waits_for_nobodys_lock(rollcall, org, stranger):
    role = rollcall.admin.post("/v1/roles", {"name": f"role-{org.id}"}, expect=201)["id"]
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for table, id in (("directory", org.directory_id), ("organization", org.id), ("role", role)):
            cursor.execute(f"SELECT id FROM {table} WHERE id = %s FOR UPDATE", (id_bytes(id),))
            assert cursor.fetchone()
        stranger.patch(f"/v1/directories/{org.directory_id}", {"name": "x"}, expect=404)
        stranger.delete(f"/v1/directories/{org.directory_id}", expect=404)
        stranger.post(f"/v1/directories/{org.directory_id}/restore", expect=404)
        stranger.post(f"/v1/directories/{org.directory_id}/tokens", {"label": "x"}, expect=404)
        stranger.patch(f"/v1/organizations/{org.id}", {"display_name": "x"}, expect=404)
        stranger.post(f"/v1/organizations/{org.id}/restore", expect=404)
        stranger.delete(f"/v1/roles/{role}", expect=404)
        connection.rollback()
    rollcall.admin.patch(f"/v1/directories/{org.directory_id}", {"name": "x"}, expect=200)


def ask(admin, org, expect=202):
    body = {"older_than_days": 0, "dry_run": True}
    return admin.post(f"/v1/directories/{org.directory_id}/users/deactivated/delete", body, expect=expect)


def spawn_worker(rollcall):
    """Another rollcall-admin, which runs one job at a time."""
    port = free_port()
    options = ["--listen", f"127.0.0.1:{port}", "--public-url", rollcall.server.url, "--job-workers", "1"]
    options += ["--database-url", rollcall.database.url("rollcall_admin")]
    process = rollcall.spawn("worker", "admin-api/rollcall-admin", options, "admin")
    process.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))


def test_a_flood_of_jobs_is_refused_and_others_have_their_turn(make_rollcall):
    rollcall = make_rollcall(admin_options=["--job-workers", "0"])
    flooding, patient = (checked(rollcall, rollcall.new_environment()) for _ in range(2))
    theirs, ours = (rollcall.new_organization(admin) for admin in (flooding, patient))
    flood = [ask(flooding, theirs) for _ in range(MOST_WAITING)]
    assert "cancel" in ask(flooding, theirs, expect=409)["detail"]
    flooding.post(f"{flood.pop().headers['location']}/cancel", expect=200)
    flood.append(ask(flooding, theirs))
    ask(flooding, theirs, expect=409)
    one = ask(patient, ours)
    spawn_worker(rollcall)
    done = ended(patient, one)
    last = ended(flooding, flood[-1])
    assert done["state"] == last["state"] == "done"
    assert done["started_at"] < last["started_at"]
    before = [job for job in flood if ended(flooding, job)["started_at"] < done["started_at"]]
    assert len(before) <= 2, len(before)
    until(lambda: ask(flooding, theirs), "there is room again")


def test_the_data_plane_writes_what_it_never_reads_and_leaves_the_vendors_words_alone(rollcall):
    with rollcall.database.connect("mysql") as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee LIKE %s"
            " AND table_name IN ('event', 'outbox', 'scim_request', 'scim_request_body', 'vendor_user')",
            ("%rollcall_data%",),
        )
        tables = set(cursor.fetchall())
        cursor.execute(
            "SELECT column_name FROM information_schema.column_privileges WHERE grantee LIKE %s"
            " AND table_name = 'vendor_user' AND privilege_type = 'UPDATE'",
            ("%rollcall_data%",),
        )
        columns = {row[0] for row in cursor.fetchall()}
    written = {(name, "INSERT") for name in ("event", "outbox", "scim_request", "scim_request_body")}
    assert tables == {*written, ("vendor_user", "SELECT")}
    assert "resource_id" in columns and not columns & {"vendor_user_id", "user_name", "email", "display_name"}
