"""A directory becomes exactly what it was at a moment, whatever has happened since."""

import random
import time
from datetime import datetime, timezone

import pytest
from harness.jobs import ended
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, USER
from harness.wait import until

NAMES = [f"person-{number}" for number in range(14)]
GROUP_NAMES = [f"group-{number}" for number in range(5)]


@pytest.fixture
def admin(rollcall):
    return CheckedAdmin(rollcall.admin_url, rollcall.admin.key)


def state_of(scim):
    """Everything but meta and what is derived."""
    found = {}
    for collection in ("Users", "Groups"):
        for resource in scim.get(f"/{collection}?count=1000", expect=200).json["Resources"]:
            members = sorted(member["value"] for member in resource.pop("members", []))
            groups = sorted((group["value"], group["type"]) for group in resource.pop("groups", []))
            del resource["meta"]
            manager = resource.get(ENTERPRISE, {}).get("manager", {})
            manager.pop("displayName", None)
            manager.pop("$ref", None)
            found[collection, resource["id"]] = (resource, members, groups)
    return found


def moment():
    """A time behind everything that was done, and before everything that will be."""
    at = int(time.time() * 1000) + 1
    until(lambda: time.time() * 1000 > at + 2, seconds=5)
    return at


def text_of(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rewind(admin, org, at, **options):
    started = admin.post(f"/v1/directories/{org.directory_id}/rewind", {"at": text_of(at), **options}, expect=202)
    job = ended(admin, started)
    assert job["state"] == "done", job["problem"]
    return job["result"]


class Client:
    """Does what identity providers do, at random."""

    def __init__(self, scim, seed):
        self.scim, self.random = scim, random.Random(seed)

    def ids(self, collection):
        return [entry["id"] for entry in self.scim.get(f"/{collection}?count=1000&attributes=id").json["Resources"]]

    def one(self, collection):
        found = self.ids(collection)
        return self.random.choice(found) if found else None

    def some_members(self):
        people = self.ids("Users")
        return self.random.sample(people, min(len(people), self.random.randrange(5)))

    def step(self):
        action = self.random.choice(
            [self.create, self.create, self.rename, self.retitle, self.deactivate, self.manage, self.delete, self.swap]
            + [self.create_group, self.add, self.add, self.remove, self.replace, self.rename_group, self.delete_group]
            + [self.nest]
        )
        action()

    def create(self):
        self.scim.post("/Users", {"schemas": [USER], "userName": self.random.choice(NAMES), "title": "new"})

    def patch_user(self, *operations):
        user = self.one("Users")
        if user:
            self.scim.patch(f"/Users/{user}", *operations)

    def rename(self):
        self.patch_user({"op": "replace", "path": "userName", "value": self.random.choice(NAMES)})

    def retitle(self):
        self.patch_user({"op": "replace", "path": "title", "value": self.random.choice("abc")})

    def deactivate(self):
        self.patch_user({"op": "replace", "path": "active", "value": self.random.random() < 0.5})

    def manage(self):
        boss = self.one("Users")
        self.patch_user({"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": boss}})

    def delete(self):
        user = self.one("Users")
        if user:
            self.scim.delete(f"/Users/{user}", expect=204)

    def swap(self):
        people = self.ids("Users")
        if len(people) < 2:
            return
        first, second = self.random.sample(people, 2)
        names = [self.scim.get(f"/Users/{person}").json["userName"] for person in (first, second)]
        for person, name in ((first, "between"), (second, names[0]), (first, names[1])):
            self.scim.patch(f"/Users/{person}", {"op": "replace", "path": "userName", "value": name}, expect=200)

    def create_group(self):
        self.scim.post(
            "/Groups",
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": self.random.choice(GROUP_NAMES),
                "members": [{"value": member} for member in self.some_members()],
            },
        )

    def patch_group(self, operation):
        group = self.one("Groups")
        if group:
            self.scim.patch(f"/Groups/{group}", operation)

    def add(self):
        members = [{"value": member} for member in self.some_members()]
        self.patch_group({"op": "add", "path": "members", "value": members})

    def replace(self):
        members = [{"value": member} for member in self.some_members()]
        self.patch_group({"op": "replace", "path": "members", "value": members})

    def remove(self):
        group = self.one("Groups")
        members = group and self.scim.members(group)
        if members:
            member = self.random.choice(sorted(members))
            self.scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{member}"]'})

    def rename_group(self):
        self.patch_group({"op": "replace", "path": "displayName", "value": self.random.choice(GROUP_NAMES)})

    def delete_group(self):
        group = self.one("Groups")
        if group:
            self.scim.delete(f"/Groups/{group}", expect=204)

    def nest(self):
        self.patch_group({"op": "add", "path": "members", "value": [{"value": self.one("Groups")}]})


@pytest.mark.parametrize("seed", range(4))
def test_any_earlier_moment_comes_back_exactly(rollcall, org, admin, seed):
    client = Client(org.scim, seed)
    remembered = []
    for _ in range(6):
        for _ in range(18):
            client.step()
        remembered.append((moment(), state_of(org.scim)))
    for at, state in client.random.sample(remembered[:-1], 3):
        dry = rewind(admin, org, at, dry_run=True)
        before = state_of(org.scim)
        result = rewind(admin, org, at)
        assert result["conflicts"] == []
        assert state_of(org.scim) == state
        for name in ("deleted", "recreated"):
            assert dry[name] == result[name]
        assert before == state or result["deleted"] + result["updated"] + result["recreated"] + result[
            "members_added"
        ] + result["members_removed"]
        again = rewind(admin, org, at)
        assert all(again[name] == 0 for name in ("deleted", "updated", "recreated", "members_added", "members_removed"))
        counts = {name: org.scim.get(f"/{name}?count=0").json["totalResults"] for name in ("Users", "Groups")}
        assert counts == {name: sum(key[0] == name for key in state) for name in counts}
        for _ in range(10):
            client.step()


def test_names_that_were_swapped_are_swapped_back(org, admin):
    people = [org.scim.new_user(name)["id"] for name in ("ada", "bob", "eve")]
    groups = [org.scim.new_group(name)["id"] for name in ("crew", "team")]
    at, state = moment(), state_of(org.scim)
    names = ("between", "ada", "bob", "eve")
    for person, name in ((people[0], names[0]), (people[1], "ada"), (people[2], "bob"), (people[0], "eve")):
        org.scim.patch(f"/Users/{person}", {"op": "replace", "path": "userName", "value": name}, expect=200)
    for group, name in ((groups[0], "between"), (groups[1], "crew"), (groups[0], "team")):
        org.scim.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": name})
    assert rewind(admin, org, at)["conflicts"] == []
    assert state_of(org.scim) == state


def test_a_dry_run_changes_nothing_and_other_directories_are_not_touched(rollcall, org, admin):
    neighbour = rollcall.new_organization()
    theirs = neighbour.scim.new_user("ada")
    at = moment()
    org.scim.new_user("bob")
    neighbour.scim.patch(f"/Users/{theirs['id']}", {"op": "replace", "path": "title", "value": "x"}, expect=200)
    state, their_state = state_of(org.scim), state_of(neighbour.scim)
    result = rewind(admin, org, at, dry_run=True)
    assert result["dry_run"] is True and result["deleted"] == 1
    assert state_of(org.scim) == state
    rewind(admin, org, at)
    assert state_of(org.scim) == {} and state_of(neighbour.scim) == their_state
    events = admin.get("/v1/events?types=directory.rewound", expect=200).json["events"]
    assert [event["data"]["deleted"] for event in events if event["directory_id"] == org.directory_id] == [1]


def test_moments_out_of_reach_are_refused(org, admin):
    path = f"/v1/directories/{org.directory_id}/rewind"
    now = int(time.time() * 1000)
    for at in (now + 60_000, now - 60_000, now - 40 * 86_400_000):
        refused = admin.post(path, {"at": text_of(at)}, expect=422)
        assert refused["errors"][0]["pointer"] == "#/at"
    admin.post(path, {}, expect=422)
    admin.post(path, {"at": "yesterday"}, expect=422)


def test_what_cannot_come_back_is_reported_and_the_rest_does(org, admin):
    ada, bob = org.scim.new_user("ada"), org.scim.new_user("bob", title="kept")
    at = moment()
    for person in (ada, bob):
        org.scim.delete(f"/Users/{person['id']}", expect=204)
    org.set_rules(policy={"required_attributes": ["title"]})
    result = rewind(admin, org, at)
    assert result["conflict_count"] == 1 and result["recreated"] == 1
    assert result["conflicts"][0]["id"] == ada["id"] and "title" in result["conflicts"][0]["detail"]
    org.scim.get(f"/Users/{bob['id']}", expect=200)


@pytest.mark.slow
def test_one_rewind_of_a_directory_at_a_time(make_rollcall):
    rollcall = make_rollcall(admin_options=["--job-workers", "0"])  # nobody takes them
    first, second = rollcall.new_organization(), rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    at = {"at": text_of(moment())}
    job = admin.post(f"/v1/directories/{first.directory_id}/rewind", at, expect=202)["id"]
    refused = admin.post(f"/v1/directories/{first.directory_id}/rewind", at, expect=409)
    assert refused["type"] == "urn:rollcall:problem:conflict" and job in refused["detail"]
    admin.post(f"/v1/directories/{second.directory_id}/rewind", at, expect=202)
    admin.post(f"/v1/jobs/{job}/cancel", expect=200)
    admin.post(f"/v1/directories/{first.directory_id}/rewind", at, expect=202)


def test_a_rewind_that_is_cut_goes_on_where_it_was(own_rollcall):
    rollcall = own_rollcall
    org = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    people = [org.scim.new_user(f"person-{number}")["id"] for number in range(300)]
    group = org.scim.new_group("crew", people)["id"]
    at, state = moment(), state_of(org.scim)
    for number, person in enumerate(people):
        if number % 2:
            org.scim.delete(f"/Users/{person}", expect=204)
        else:
            org.scim.patch(f"/Users/{person}", {"op": "replace", "path": "title", "value": "x"}, expect=200)
    org.scim.delete(f"/Groups/{group}", expect=204)
    path = f"/v1/directories/{org.directory_id}/rewind"
    started = admin.post(path, {"at": text_of(at)}, expect=202)
    job = started.headers["location"]
    for so_far in (0, 320):
        until(lambda: admin.get(job, expect=200).json["progress"]["done"] > so_far, seconds=60)
        rollcall.admin_process.kill()
        rollcall.ensure_running()
        admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    until(lambda: admin.get(job, expect=200).json["state"] == "done", seconds=120)
    org.scim.wire.close()  # it was idle for longer than the server keeps connections
    result = admin.get(job, expect=200).json["result"]
    assert (result["updated"], result["recreated"]) == (150, 151) and result["conflicts"] == []
    assert state_of(org.scim) == state
