"""?updated_since=: whoever may look different, and nobody else."""

import random
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.openapi import CheckedAdmin
from harness.wait import until


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def place(org):
    return f"/v1/directories/{org.directory_id}"


def text_of(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def moment():
    """A time that everything before the call was before, and everything behind it is not before."""
    ms = int(time.time() * 1000) + 1
    until(lambda: time.time() * 1000 >= ms, "the moment has come")
    return text_of(ms)


def walk(admin, place, since, kind="users", limit=1000):
    found, cursor = [], None
    for _ in range(1000):
        query = f"updated_since={since}&limit={limit}&view=profile" + (f"&cursor={cursor}" if cursor else "")
        page = admin.get(f"{place}/{kind}?{query}", expect=200)
        found += page[kind]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the walk has no end")


def ids(found):
    return {item["id"] for item in found}


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def members(verb, *users):
    return {"op": verb, "path": "members", "value": [{"value": user} for user in users]}


def test_who_was_written_since_then(admin, place, org, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(5)]
    since = moment()
    assert walk(admin, place, since) == []
    scim.patch(f"/Users/{users[1]}", replace("title", "T"), expect=200)
    scim.delete(f"/Users/{users[2]}", expect=204)
    new = scim.new_user("new")["id"]
    short = scim.new_user("short")["id"]
    scim.delete(f"/Users/{short}", expect=204)
    for path in (place, f"/v1/organizations/{org.id}"):
        for limit in (1, 2, 1000):
            found = walk(admin, path, since, limit=limit)
            assert ids(found) == {users[1], users[2], new, short}
            assert {user["id"] for user in found if user["deleted_at"]} == {users[2], short}
            assert [user["title"] for user in found if user["id"] == users[1]][0] == "T"
    found = walk(admin, place, since)
    assert [user["id"] for user in found] == [users[1], users[2], new, short]


def test_groups_that_a_user_joins_and_leaves_are_a_change_of_the_user(admin, place, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(6)]
    group = scim.new_group("G", users[:3])["id"]
    since = moment()
    scim.patch(f"/Groups/{group}", members("add", users[3]), expect=204)
    scim.patch(f"/Groups/{group}", members("remove", users[0]), expect=204)
    assert ids(walk(admin, place, since)) == {users[0], users[3]}
    assert ids(walk(admin, place, since, "groups")) == {group}
    shown = {user["id"]: [g["id"] for g in user["groups"]] for user in walk(admin, place, since)}
    assert shown == {users[0]: [], users[3]: [group]}


def test_a_group_that_is_renamed_or_deleted_changes_its_users(admin, place, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(6)]
    renamed = scim.new_group("R", users[:2])["id"]
    deleted = scim.new_group("D", users[2:4])["id"]
    since = moment()
    scim.patch(f"/Groups/{renamed}", replace("displayName", "R2"), expect=204)
    assert ids(walk(admin, place, since)) == set(users[:2])
    scim.delete(f"/Groups/{deleted}", expect=204)
    for limit in (1, 3, 1000):
        assert ids(walk(admin, place, since, limit=limit)) == set(users[:4])
    groups = {group["id"]: bool(group["deleted_at"]) for group in walk(admin, place, since, "groups")}
    assert groups == {renamed: False, deleted: True}


def test_a_group_in_a_group_changes_the_users_below(admin, place, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(7)]
    lowest = scim.new_group("Lowest", users[:2])["id"]
    low = scim.new_group("Low", [lowest, users[2]])["id"]
    high = scim.new_group("High", [users[3]])["id"]
    since = moment()
    scim.patch(f"/Groups/{high}", members("add", low, users[4]), expect=204)
    for limit in (1, 2, 1000):
        assert ids(walk(admin, place, since, limit=limit)) == {*users[:3], users[4]}
    since = moment()
    scim.patch(f"/Groups/{high}", members("remove", low), expect=204)
    assert ids(walk(admin, place, since)) == set(users[:3])
    scim.patch(f"/Groups/{high}", members("add", low), expect=204)
    since = moment()
    scim.patch(f"/Groups/{high}", replace("displayName", "Highest"), expect=204)
    assert ids(walk(admin, place, since)) == set(users[:5])
    since = moment()
    scim.delete(f"/Groups/{low}", expect=204)
    assert ids(walk(admin, place, since)) == set(users[:3])


def test_large_changes_are_walked_in_pages(admin, place, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(1250)]
    other = scim.new_user("other")["id"]
    group = scim.new_group("G")["id"]
    since = moment()
    scim.patch(f"/Groups/{group}", members("add", *users), expect=204)
    for limit in (70, 500, 1000):
        found = walk(admin, place, since, limit=limit)
        assert len(found) == len(users) and ids(found) == set(users)
    since = moment()
    scim.patch(f"/Groups/{group}", replace("displayName", "H"), expect=204)
    found = walk(admin, place, since, limit=400)
    assert len(found) == len(users) and ids(found) == set(users)
    since = moment()
    scim.delete(f"/Groups/{group}", expect=204)
    assert ids(walk(admin, place, since, limit=400)) == set(users) and other not in ids(found)


def test_whoever_looks_different_is_found(admin, place, scim):
    """Random changes, against a comparison of everybody before and after."""
    chance = random.Random(11)
    users = [scim.new_user(f"u{i}")["id"] for i in range(25)]
    groups = [scim.new_group(f"G{i}", chance.sample(users, 4))["id"] for i in range(6)]

    def snapshot():
        found, cursor = {}, None
        while True:
            page = admin.get(f"{place}/users?limit=1000&include_deleted=true" + (f"&cursor={cursor}" if cursor else ""))
            found |= {user["id"]: user for user in page["users"]}
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def change(n):
        user, group, other = chance.choice(users), chance.choice(groups), chance.choice(groups)
        kind = chance.randrange(8)
        if kind == 0:
            scim.patch(f"/Users/{user}", replace("title", str(n)), expect=200)
        elif kind == 1:
            users.append(scim.new_user(f"new{n}")["id"])
        elif kind == 2:
            scim.delete(f"/Users/{user}", expect=204)
            users.remove(user)
        elif kind == 3:
            scim.patch(f"/Groups/{group}", members("add", *chance.sample(users, 3)), expect=204)
        elif kind == 4:
            scim.patch(f"/Groups/{group}", members("remove", *chance.sample(users, 5)), expect=204)
        elif kind == 5 and group != other:
            scim.patch(f"/Groups/{group}", members(chance.choice(["add", "remove"]), other), expect=204)
        elif kind == 6:
            scim.patch(f"/Groups/{group}", replace("displayName", f"Renamed {n}"), expect=204)
        elif kind == 7:
            scim.delete(f"/Groups/{group}", expect=204)
            groups.remove(group)
            groups.append(scim.new_group(f"Again {n}", chance.sample(users, 4))["id"])

    before = snapshot()
    for n in range(60):
        since = moment()
        for _ in range(chance.randrange(1, 4)):
            change(n * 10 + _)
        after = snapshot()
        different = {user for user in after if after[user] != before.get(user)}
        found = walk(admin, place, since, limit=chance.choice([1, 3, 1000]))
        assert different <= ids(found), n
        for user in found:
            assert {**after[user["id"]], "scim": None} == {**user, "scim": None}
        before = after


def test_the_next_time_goes_back_a_little(admin, place, scim):
    scim.new_user("u")
    began = datetime.now(timezone.utc)
    page = admin.get(f"{place}/users?updated_since=2099-01-01T00:00:00Z", expect=400)
    page = admin.get(f"{place}/users?updated_since={text_of(began.timestamp() * 1000 - 5000)}&limit=1", expect=200)
    following = datetime.fromisoformat(page["next_updated_since"].replace("Z", "+00:00"))
    assert timedelta(0) <= began - following + timedelta(seconds=5) <= timedelta(seconds=70)
    assert "next_updated_since" not in admin.get(f"{place}/users", expect=200).json


def test_longer_ago_than_changes_are_kept_means_everybody(admin, place, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(5)]
    scim.delete(f"/Users/{users[1]}", expect=204)
    for limit in (1, 2, 1000):
        found = walk(admin, place, "2020-01-01T00:00:00Z", limit=limit)
        assert [user["id"] for user in found] == users
        assert [bool(user["deleted_at"]) for user in found] == [False, True, False, False, False]
    page = admin.get(f"{place}/users?updated_since=2020-01-01T00:00:00Z&limit=1", expect=200)
    assert page["next_updated_since"] > "2026"


def test_its_cursor_is_good_for_nothing_else(rollcall, admin, place, org, scim):
    for i in range(3):
        scim.new_user(f"u{i}")
        scim.new_group(f"g{i}")
    since = text_of(time.time() * 1000 - 60000)
    cursor = admin.get(f"{place}/users?updated_since={since}&limit=1", expect=200)["next_cursor"]
    admin.get(f"{place}/users?updated_since={since}&limit=1&cursor={cursor}", expect=200)
    other = f"/v1/directories/{rollcall.new_organization().directory_id}"
    later = text_of(time.time() * 1000 - 50000)
    for path in (
        f"{place}/users?cursor={cursor}",
        f"{place}/groups?updated_since={since}&cursor={cursor}",
        f"{other}/users?updated_since={since}&cursor={cursor}",
        f"{place}/users?updated_since={later}&cursor={cursor}",
        f"{place}/users?updated_since={since}&cursor={cursor[:-1]}",
        f"{place}/users?updated_since={since}&cursor=",
    ):
        assert admin.get(path, expect=400)["type"].endswith("invalid-cursor"), path


@pytest.mark.parametrize("since", ["", "yesterday", "2026-01-01", "1", "2099-01-01T00:00:00Z"])
def test_a_bad_moment_is_refused(admin, place, since):
    admin.get(f"{place}/users?updated_since={since}", expect=400)


def test_it_is_asked_alone(admin, place, scim):
    for more in ("filter=active+eq+true", "email=a", "include_deleted=true"):
        admin.get(f"{place}/users?updated_since=2026-01-01T00:00:00Z&{more}", expect=400)
