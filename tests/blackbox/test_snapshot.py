"""Everything of an organization at one moment, with the cursor that belongs to it."""

import pytest

from harness.consumer import Follower, differences
from harness.lines import Reader, fill, lines_of, of_type
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, USER, Scim
from harness.stored import all_of, directory_of, stored, version_of
from harness.wait import until
from harness.writers import RandomWriters


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/organizations/{org.id}/snapshot"


def snapshot(admin, path):
    lines = lines_of(admin.get(path, expect=200).body)
    assert lines[0]["type"] == "organization" and lines[-1]["type"] == "end"
    return lines


def expected(scim, directory, collection, name):
    return [
        {"type": name, "directory_id": directory, "version": version_of(each), name: stored(each)}
        for each in all_of(scim, collection)
    ]


def whole(lines, name):
    return [line for line in lines if line["type"] == name]


def members_of(lines):
    found = {}
    for line in whole(lines, "members"):
        found.setdefault(line["group_id"], []).extend(line["members"])
    return found


def another_directory(rollcall, admin, org):
    directory = admin.post(f"/v1/organizations/{org.id}/directories", {"name": "second"}, expect=201)["id"]
    token = admin.post(f"/v1/directories/{directory}/tokens", {"label": "x"}, expect=201)["token"]
    return directory, Scim(org.connector_url, token)


def test_everything_of_the_organization_is_in_it_in_its_stored_form(rollcall, admin, org, path):
    scim = org.scim
    boss = scim.new_user("boss@example.com", name={"givenName": "B"})["id"]
    users = [
        scim.new_user(f"u{n}@example.com", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": {"value": boss}}})["id"]
        for n in range(3)
    ]
    scim.patch(f"/Users/{users[0]}", {"op": "replace", "path": "title", "value": "Ms"}, expect=200)
    inner = scim.new_group("Inner", users[:2])["id"]
    outer = scim.new_group("Outer", [users[2], inner], externalId="o")["id"]
    scim.new_group("Empty")
    second, other = another_directory(rollcall, admin, org)
    guest = other.new_user("guest@example.com")["id"]
    crew = other.new_group("Crew", [guest])["id"]

    answer = admin.get(path, expect=200)
    assert answer.headers["content-type"] == "application/x-ndjson" and answer.headers["etag"] is None
    lines = snapshot(admin, path)
    (organization,) = of_type(lines, "organization")
    assert (organization["id"], organization["external_id"]) == (org.id, org.external_id) and organization["taken_at"]
    directories = of_type(lines, "directory")
    assert [(each["id"], each["primary"]) for each in directories] == [(org.directory_id, True), (second, False)]
    assert whole(lines, "user") == [
        *expected(scim, org.directory_id, "Users", "user"),
        *expected(other, second, "Users", "user"),
    ]
    assert whole(lines, "group") == [
        *expected(scim, org.directory_id, "Groups", "group"),
        *expected(other, second, "Groups", "group"),
    ]
    assert members_of(lines) == {
        inner: [{"id": user, "type": "User"} for user in users[:2]],
        outer: sorted([{"id": users[2], "type": "User"}, {"id": inner, "type": "Group"}], key=lambda m: m["id"]),
        crew: [{"id": guest, "type": "User"}],
    }
    assert {line["directory_id"] for line in lines if line.get("group_id") == crew} == {second}
    end = {name: value for name, value in lines[-1].items() if name not in ("type", "cursor")}
    assert end == {"directories": 2, "users": 5, "groups": 4, "resources": 0, "memberships": 5}

    only = snapshot(admin, f"{path}?directory_id={second}")
    assert [each["id"] for each in of_type(only, "directory")] == [second]
    assert whole(only, "user") == expected(other, second, "Users", "user")
    assert (only[-1]["directories"], only[-1]["users"], only[-1]["memberships"]) == (1, 1, 1)
    by_external_id = snapshot(admin, f"/v1/organizations/external_id:{org.external_id}/snapshot")
    assert by_external_id[1:-1] == lines[1:-1]


def test_resources_of_own_types_are_in_it_without_what_is_never_returned(admin, org, path):
    directory = f"/v1/directories/{org.directory_id}"
    attributes = [{"name": "number"}, {"name": "pin", "mutability": "writeOnly", "returned": "never"}]
    admin.post(f"{directory}/schemas", {"id": "urn:example:Badge", "attributes": attributes}, expect=201)
    admin.post(
        f"{directory}/resource-types", {"name": "Badge", "endpoint": "/Badges", "schema": "urn:example:Badge"}, expect=201
    )
    made = org.scim.post("/Badges", {"schemas": ["urn:example:Badge"], "number": "7", "pin": "1234"}, expect=201).json
    org.scim.new_user("somebody")
    lines = snapshot(admin, path)
    assert whole(lines, "resource") == [
        {
            "type": "resource",
            "directory_id": org.directory_id,
            "version": 1,
            "resource_type": "Badge",
            "resource": {"schemas": ["urn:example:Badge"], "id": made["id"], "number": "7"},
        }
    ]
    assert (lines[-1]["users"], lines[-1]["resources"]) == (1, 1)
    assert "1234" not in str(lines)


def test_an_empty_one_has_a_beginning_and_an_end(admin, path):
    assert [line["type"] for line in snapshot(admin, path)] == ["organization", "directory", "end"]
    head = admin.request("HEAD", path, expect=200)
    assert head.body == b"" and head.headers["content-type"] == "application/x-ndjson"


def test_what_is_not_there_has_no_snapshot(rollcall, admin, org, path):
    second, scim = another_directory(rollcall, admin, org)
    scim.new_user("gone")
    stranger = rollcall.new_organization()
    for wrong in ("nonsense", f"dir-{stranger.directory_id[4:]}"):
        refused = admin.get(f"{path}?directory_id={wrong}", expect=404)
        assert refused["type"] == "urn:rollcall:problem:directory-not-found"
    admin.get(f"{path}?limit=1", expect=400)
    admin.request("GET", path, headers=[("Accept", "text/csv")], expect=406)

    admin.delete(f"/v1/directories/{second}", expect=204)
    admin.get(f"{path}?directory_id={second}", expect=404)
    lines = snapshot(admin, path)
    assert [each["id"] for each in of_type(lines, "directory")] == [org.directory_id]
    assert of_type(lines, "user") == []
    admin.patch(f"/v1/directories/{org.directory_id}", {"state": "paused"}, expect=200)
    assert len(of_type(snapshot(admin, path), "directory")) == 1, "one that is paused is there"
    admin.delete(f"/v1/organizations/{org.id}", expect=204)
    assert admin.get(path, expect=404)["type"] == "urn:rollcall:problem:organization-not-found"


def test_it_shows_one_moment_whatever_happens_while_it_is_read(rollcall, admin, org, path):
    users = fill(org.scim, 600)
    group = org.scim.new_group("Some", users[-3:])["id"]
    reader = Reader(rollcall, path)
    assert reader.read(100_000)
    for user in users[-50:]:
        org.scim.delete(f"/Users/{user}", expect=204)
    fill(org.scim, 50, "late")
    another_directory(rollcall, admin, org)
    org.scim.patch(f"/Users/{users[500]}", {"op": "replace", "path": "userName", "value": "renamed"}, expect=200)
    _, body = reader.read_all()
    reader.close()
    lines = lines_of(body)
    assert [user["id"] for user in of_type(lines, "user")] == users
    assert "renamed" not in {user["userName"] for user in of_type(lines, "user")}
    assert [member["id"] for member in members_of(lines)[group]] == users[-3:]
    assert (lines[-1]["users"], lines[-1]["directories"]) == (600, 1)


def test_many_members_are_parted_into_lines(admin, org, path):
    users = fill(org.scim, 1200)
    group = org.scim.new_group("Everybody", users)["id"]
    lines = snapshot(admin, path)
    assert [len(line["members"]) for line in whole(lines, "members")] == [1000, 200]
    assert [member["id"] for member in members_of(lines)[group]] == sorted(users)


def trip(admin, org, people):
    """The identity provider deletes one, deactivates one, and takes one out of its only group."""
    guard = {"enabled": True, "max_percent": None, "max_users": 2}
    admin.patch(f"/v1/directories/{org.directory_id}", {"policy": {"guard": guard}}, expect=200)
    crew = org.scim.new_group("Crew", people)["id"]
    before = admin.get(f"/v1/organizations/{org.id}/snapshot", expect=200)
    org.scim.delete(f"/Users/{people[0]}", expect=204)
    org.scim.patch(f"/Users/{people[1]}", {"op": "replace", "path": "active", "value": False}, expect=200)
    org.scim.patch(f"/Groups/{crew}", {"op": "remove", "path": f'members[value eq "{people[2]}"]'})
    assert admin.get(f"/v1/directories/{org.directory_id}/guard")["state"] == "guarded"
    return crew, lines_of(before.body)


def test_whose_departure_is_held_is_shown_as_before(admin, org, path):
    people = [org.scim.new_user(f"p{n}@example.com")["id"] for n in range(5)]
    crew, before = trip(admin, org, people)
    lines = snapshot(admin, path)
    assert whole(lines, "user") == whole(before, "user")
    assert members_of(lines) == members_of(before) == {crew: [{"id": person, "type": "User"} for person in people]}
    assert (lines[-1]["users"], lines[-1]["memberships"]) == (5, 5)

    export = lines_of(admin.get(f"/v1/directories/{org.directory_id}/export", expect=200).body)
    assert [user["id"] for user in of_type(export, "user")] == people
    assert of_type(export, "user") == admin.get(f"/v1/directories/{org.directory_id}/users", expect=200)["users"]
    assert members_of(export) == members_of(before)

    admin.post(f"/v1/directories/{org.directory_id}/guard/release", {}, expect=200)
    lines = snapshot(admin, path)
    assert [user["id"] for user in of_type(lines, "user")] == people[1:]
    assert [member["id"] for member in members_of(lines)[crew]] == [people[1], *people[3:]]


def test_a_group_that_is_gone_has_no_members_though_they_are_held(admin, org, path):
    people = [org.scim.new_user()["id"] for _ in range(5)]
    crew, _ = trip(admin, org, people)
    org.scim.delete(f"/Groups/{crew}", expect=204)
    lines = snapshot(admin, path)
    assert of_type(lines, "group") == [] and whole(lines, "members") == []
    assert [user["id"] for user in of_type(lines, "user")] == people


def test_snapshots_and_exports_share_their_places(rollcall, admin, org, path):
    fill(org.scim, 400)
    readers = [Reader(rollcall, path), Reader(rollcall, f"/v1/directories/{org.directory_id}/export")]
    for reader in readers:
        assert reader.read(1000) and b" 200 " in reader.data[:20]
    refused = admin.get(path, expect=503)
    assert refused.headers["retry-after"] and refused["type"] == "urn:rollcall:problem:busy"
    for reader in readers:
        _, body = reader.read_all()
        assert lines_of(body)[-1]["type"] == "end"
        reader.close()
    until(lambda: admin.get(path).status == 200, "there is room again")


def test_one_that_fails_is_cut_short(own_rollcall):
    rollcall = own_rollcall
    org = rollcall.new_organization()
    fill(org.scim, 1200)
    reader = Reader(rollcall, f"/v1/organizations/{org.id}/snapshot")
    assert reader.read(1000)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_is_read_only = 1")
        for (thread,) in cursor.fetchall():
            cursor.execute(f"KILL {thread}")
    head, body = reader.read_all()
    assert b"200 OK" in head and b'"type":"end"' not in body
    assert not reader.data.endswith(b"\r\n0\r\n\r\n")


def events_behind(admin, lines, query=""):
    return admin.get(f"/v1/events?cursor={lines[-1]['cursor']}{query}", expect=200)["events"]


def test_the_feed_goes_on_from_its_cursor(rollcall, admin, org, path):
    user = org.scim.new_user("before")["id"]
    lines = snapshot(admin, path)
    mine = f"&organization_id={org.id}"
    assert events_behind(admin, lines, mine) == [], "what was acknowledged before is in it alone"
    org.scim.patch(f"/Users/{user}", {"op": "replace", "path": "title", "value": "Ms"}, expect=200)
    (event,) = events_behind(admin, lines, mine)
    (later,) = whole(snapshot(admin, path), "user")
    assert (event["type"], event["data"]["version"]) == ("user.updated", 2)
    assert (later["user"], later["version"]) == (event["data"]["user"], 2), "both have the same form"
    other = rollcall.new_environment()
    refused = other.get(f"/v1/events?cursor={lines[-1]['cursor']}", expect=400)
    assert refused["type"] == "urn:rollcall:problem:invalid-cursor"


def test_snapshot_and_feed_give_the_directory_wherever_in_the_writing_it_was_taken(rollcall):
    admin = rollcall.new_environment()
    org = rollcall.new_organization(admin)
    writers = RandomWriters([org], count=4, writes=60, seed=11)
    writers.start()
    followers = []
    while writers.running:
        followers.append(Follower(admin, org.id))
        writers.wait_for_more(5)
    assert not writers.failures and len(followers) > 5
    for follower in followers:
        follower.follow()
    last = Follower(admin, org.id)
    assert last.follow() == [], "nothing is told twice when nobody writes"
    for number, follower in enumerate(followers):
        found = differences(follower.copy.view(), last.copy.view())
        assert not found, "\n".join([f"snapshot {number} and its feed, the last snapshot:", *found])
    expected = directory_of(org.scim)
    users = {f"{org.directory_id}/{id}": list(row) for id, row in expected["users"].items()}
    assert last.copy.view()["users"] == users


def test_large_ones_come_a_few_at_a_time(rollcall, admin, org, path):
    """Twelve megabytes, of which a page holds eight; whatever they are, small ones between them."""
    large, made = "x" * 900_000, []
    for number in range(14):
        title = large if number % 4 < 3 else "small"
        made.append(org.scim.new_user(f"u{number}@example.com", title=title)["id"])
    lines = snapshot(admin, path)
    assert [user["id"] for user in of_type(lines, "user")] == made and lines[-1]["users"] == 14
    export = lines_of(admin.get(f"/v1/directories/{org.directory_id}/export", expect=200).body)
    assert [user["id"] for user in of_type(export, "user")] == made
