"""The whole of a directory in one answer: from one moment, in pieces, however large it is and however slowly it is read."""

import subprocess

import pytest

from harness.lines import Reader, fill, lines_of, of_type
from harness.openapi import CheckedAdmin
from harness.vendor import csv_of, import_users
from harness.wait import until


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}"


def test_everything_is_in_it_as_it_is_read_one_by_one(admin, path, scim):
    users = [scim.new_user(f"u{n}@example.com", emails=[{"value": f"u{n}@example.com"}])["id"] for n in range(5)]
    inner = scim.new_group("Inner", users[:2])["id"]
    outer = scim.new_group("Outer", [*users[2:], inner])["id"]
    scim.new_group("Empty")
    import_users(admin, path, csv_of({"vendor_user_id": "v1", "user_name": "u1@example.com"}, {"vendor_user_id": "v2", "user_name": "x"}))

    answer = admin.get(f"{path}/export", expect=200)
    assert answer.headers["content-type"] == "application/x-ndjson" and answer.headers["etag"] is None
    lines = lines_of(answer.body)
    assert [line["type"] for line in lines[:1]] == ["directory"] and lines[-1]["type"] == "end"
    (directory,) = of_type(lines, "directory")
    assert directory["id"] == path.rsplit("/", 1)[1] and directory["exported_at"]
    assert of_type(lines, "user") == admin.get(f"{path}/users", expect=200)["users"]
    assert of_type(lines, "group") == admin.get(f"{path}/groups", expect=200)["groups"]
    assert of_type(lines, "vendor_user") == admin.get(f"{path}/vendor-users", expect=200)["vendor_users"]
    members = {line["group_id"]: line["members"] for line in lines if line["type"] == "members"}
    assert members == {
        inner: [{"id": user, "type": "User"} for user in users[:2]],
        outer: sorted([{"id": user, "type": "User"} for user in users[2:]] + [{"id": inner, "type": "Group"}], key=lambda m: m["id"]),
    }
    assert of_type(lines, "end") == [{"users": 5, "groups": 3, "memberships": 6, "vendor_users": 2}]
    profile = lines_of(admin.get(f"{path}/export?view=profile", expect=200).body)
    assert all("scim" not in user for user in of_type(profile, "user"))


def test_an_empty_directory_has_a_beginning_and_an_end(admin, path):
    lines = lines_of(admin.get(f"{path}/export", expect=200).body)
    assert [line["type"] for line in lines] == ["directory", "end"]
    head = admin.request("HEAD", f"{path}/export", expect=200)
    assert head.body == b"" and head.headers["content-type"] == "application/x-ndjson"
    admin.get(f"{path}/export?limit=1", expect=400)
    admin.request("GET", f"{path}/export", headers=[("Accept", "text/csv")], expect=406)


def test_many_members_are_parted_into_lines(admin, path, scim):
    users = fill(scim, 1200)
    group = scim.new_group("Everybody", users)["id"]
    lines = lines_of(admin.get(f"{path}/export", expect=200).body)
    members = [line for line in lines if line["type"] == "members"]
    assert [len(line["members"]) for line in members] == [1000, 200] and {line["group_id"] for line in members} == {group}
    assert [m["id"] for line in members for m in line["members"]] == sorted(users)
    assert [user["id"] for user in of_type(lines, "user")] == users


def test_an_export_shows_one_moment_whatever_happens_while_it_is_read(rollcall, admin, path, scim):
    users = fill(scim, 600)
    reader = Reader(rollcall, f"{path}/export")
    assert reader.read(100_000)
    for user in users[-50:]:
        scim.delete(f"/Users/{user}", expect=204)
    fill(scim, 50, "late")
    scim.patch(f"/Users/{users[500]}", {"op": "replace", "path": "userName", "value": "renamed"}, expect=200)
    head, body = reader.read_all()
    reader.close()
    lines = lines_of(body)
    assert b"200 OK" in head
    assert [user["id"] for user in of_type(lines, "user")] == users
    assert "renamed" not in {user["userName"] for user in of_type(lines, "user")}
    assert lines[-1]["end"]["users"] == 600


def test_clients_that_leave_take_nothing_with_them(rollcall, admin, path, scim):
    fill(scim, 400)
    for number in range(12):  # more than there may be at a time
        reader = Reader(rollcall, f"{path}/export")
        until(lambda: reader.read(1000), "the answer begins")
        if number % 3 == 0:
            assert reader.read(600_000)
        assert b" 200 " in reader.data[:20], reader.data[:300]
        reader.close()
        until(lambda: admin.get(f"{path}/export").status == 200, "there is room again")
    assert len(of_type(lines_of(admin.get(f"{path}/export", expect=200).body), "user")) == 400


def test_a_few_at_a_time_and_no_more(rollcall, admin, path, scim):
    fill(scim, 400)
    other = rollcall.new_environment()
    theirs = rollcall.new_organization(other)
    fill(theirs.scim, 400)
    their_path = f"/v1/directories/{theirs.directory_id}"
    readers = []
    for way, client in ((path, admin), (their_path, other)):  # each environment has half of the places
        for _ in range(2):
            readers.append(Reader(rollcall, f"{way}/export", client))
            assert readers[-1].read(1000) and b" 200 " in readers[-1].data[:20]
        refused = client.get(f"{way}/export", expect=503)
        assert refused.headers["retry-after"] and refused["type"] == "urn:rollcall:problem:busy"
    for reader in readers:
        _, body = reader.read_all()
        assert lines_of(body)[-1]["end"]["users"] == 400
        reader.close()
    until(lambda: admin.get(f"{path}/export").status == 200, "there is room again")


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1", "--http2-prior-knowledge"])
def test_curl_reads_it_by_every_version_of_http(rollcall, path, scim, version):
    fill(scim, 300)
    command = ["curl", "-sS", "--fail", version, "-H", f"Authorization: Bearer {rollcall.admin.key}", f"{rollcall.admin_url}{path}/export"]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert len(of_type(lines, "user")) == 300 and lines[-1]["type"] == "end"


def test_an_export_that_fails_is_cut_short(own_rollcall):
    """The database goes away under it: no end, and the client hears that it is not whole."""
    rollcall = own_rollcall
    org = rollcall.new_organization()
    fill(org.scim, 1200)
    path = f"/v1/directories/{org.directory_id}"
    reader = Reader(rollcall, f"{path}/export")
    assert reader.read(1000)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_is_read_only = 1")
        for (thread,) in cursor.fetchall():
            cursor.execute(f"KILL {thread}")
    head, body = reader.read_all()
    assert b"200 OK" in head and b'"type":"end"' not in body
    assert not reader.data.endswith(b"\r\n0\r\n\r\n")
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    assert lines_of(admin.get(f"{path}/export", expect=200).body)[-1]["end"]["users"] == 1200
