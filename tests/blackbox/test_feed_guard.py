"""Who follows the feed has what the admin API shows, also while the guard holds departures, and when it lets go."""

import random

import pytest
from harness.consumer import Follower, copy_of, differences
from harness.jobs import ended
from harness.lines import fill
from harness.openapi import CheckedAdmin
from harness.wait import until

OFF = {"op": "replace", "path": "active", "value": False}
ON = {"op": "replace", "path": "active", "value": True}


class Watched:
    """An organization whose directory has a guard, and who follows its feed."""

    def __init__(self, rollcall, people=8, max_users=2):
        self.rollcall = rollcall
        self.admin = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
        self.org = rollcall.new_organization(self.admin)
        self.scim = self.org.scim
        self.path = f"/v1/directories/{self.org.directory_id}"
        guard = {"enabled": True, "max_users": max_users, "max_percent": None}
        self.admin.patch(self.path, {"policy": {"guard": guard}}, expect=200)
        self.people = [self.scim.new_user(f"p{n}", title=f"t{n}")["id"] for n in range(people)]
        self.follower = Follower(self.admin, self.org.id)
        self.check()

    def check(self):
        """The copy is what is shown. Returns the events since the last time."""
        events = self.follower.follow()
        found = differences(self.follower.copy.view(versions=False), copy_of(self.admin, self.org.id).view(versions=False))
        assert not found, "\n".join(["copy, shown:", *found])
        fresh = Follower(self.admin, self.org.id)  # whoever comes later
        fresh.follow()
        assert fresh.copy.view(versions=False) == self.follower.copy.view(versions=False)
        return [event for event in events if event["type"].split(".")[0] in ("user", "group")]

    def state(self):
        return self.admin.get(f"{self.path}/guard", expect=200)["state"]

    def release(self, *users):
        return self.admin.post(f"{self.path}/guard/release", {"users": list(users)} if users else None, expect=200)

    def revert(self, *users):
        body = {"users": list(users)} if users else None
        return ended(self.admin, self.admin.post(f"{self.path}/guard/revert", body, expect=202))

    def off(self, *users):
        for user in users:
            self.scim.patch(f"/Users/{user}", OFF, expect=200)

    def delete(self, *users):
        for user in users:
            self.scim.delete(f"/Users/{user}", expect=204)


@pytest.fixture
def watched(rollcall):
    return Watched(rollcall)


def told(events):
    """Types, and who."""
    found = []
    for event in events:
        data = event["data"]
        ids = [member["id"] for member in data["members"]] if "members" in data else [data["user"]["id"]]
        found += [(event["type"], id) for id in ids]
    return sorted(found)


def test_departures_that_trip_the_guard_are_taken_back_and_told_when_released(watched):
    one, two, three, four = watched.people[:4]
    group = watched.scim.new_group("crew", watched.people)["id"]
    watched.check()
    watched.off(one)
    watched.delete(two)
    assert told(watched.check()) == sorted(
        [("user.deactivated", one), ("user.deleted", two), ("group.member_removed", two)]
    )
    watched.off(three)
    assert watched.state() == "guarded"
    back = watched.check()  # of the third nobody knew that he had left
    expected = {("user.activated", one), ("user.restored", two), ("group.member_added", two), ("user.activated", three)}
    assert set(told(back)) == expected
    assert {event["data"]["guard"] for event in back} == {"held"}
    watched.delete(four)
    watched.scim.patch(f"/Groups/{group}", {"op": "remove", "path": "members"})
    watched.check()
    assert {member for member, _ in watched.follower.copy.members[watched.org.directory_id, group]} == set(watched.people)
    watched.release(one)
    assert set(told(watched.check())) == {("user.deactivated", one), ("group.member_removed", one)}
    watched.release()
    gone = watched.check()
    assert {("user.deleted", two), ("user.deactivated", three), ("user.deleted", four)} <= set(told(gone))
    assert watched.follower.copy.members[watched.org.directory_id, group] == set()
    assert watched.state() == "open"


def test_a_change_of_members_is_told_without_those_who_are_held(watched):
    group = watched.scim.new_group("crew", watched.people)["id"]
    watched.scim.new_group("other", watched.people)  # so that nobody leaves the last one
    watched.check()
    watched.off(*watched.people[:3])
    newcomer = watched.scim.new_user("new")["id"]
    watched.check()
    remove = [{"op": "remove", "path": f'members[value eq "{user}"]'} for user in watched.people[2:5]]
    watched.scim.patch(f"/Groups/{group}", *remove, {"op": "add", "path": "members", "value": [{"value": newcomer}]})
    events = watched.check()
    assert told(events) == sorted(
        [("group.member_added", newcomer)] + [("group.member_removed", user) for user in watched.people[3:5]]
    )
    assert all("guard" not in event["data"] for event in events)


def test_what_happened_to_the_held_meanwhile_is_told_at_the_end(watched):
    crew, other = (watched.scim.new_group(name, watched.people[:4])["id"] for name in ("crew", "other"))
    watched.check()
    watched.off(*watched.people[:3])
    watched.check()
    one, two, three = watched.people[:3]
    third = watched.scim.new_group("third", [one])["id"]
    watched.scim.patch(f"/Users/{one}", {"op": "replace", "path": "title", "value": "other"}, ON, expect=200)
    watched.scim.patch(f"/Users/{two}", {"op": "replace", "path": "userName", "value": "renamed"}, expect=200)
    watched.scim.delete(f"/Groups/{other}", expect=204)
    events = watched.check()
    assert [event["type"] for event in events] == ["group.created", "group.deleted"]
    watched.release()
    events = watched.check()
    assert ("group.member_added", one) in told(events)
    users = {event["data"]["user"]["id"]: event for event in events if event["type"].startswith("user.")}
    assert (users[one]["type"], users[one]["data"]["user"]["title"]) == ("user.updated", "other")
    assert [change["path"] for change in users[one]["data"]["changes"]] == ["title"]
    assert (users[two]["type"], users[two]["data"]["user"]["userName"]) == ("user.deactivated", "renamed")
    assert users[three]["type"] == "user.deactivated"
    assert all(event["data"]["guard"] == "released" for event in events)
    assert watched.follower.copy.members[watched.org.directory_id, third] == {(one, "User")}


def test_a_group_that_comes_back_has_the_held_in_it(watched):
    group = watched.scim.new_group("crew", watched.people)["id"]
    watched.check()
    watched.delete(*watched.people[:3])
    watched.scim.delete(f"/Groups/{group}", expect=204)
    watched.check()
    watched.admin.post(f"{watched.path}/groups/{group}/restore", expect=200)
    watched.check()
    assert len(watched.follower.copy.members[watched.org.directory_id, group]) == len(watched.people)
    watched.release()
    watched.check()
    assert len(watched.follower.copy.members[watched.org.directory_id, group]) == len(watched.people) - 3


@pytest.mark.parametrize("named", [False, True])
def test_a_revert_leaves_who_follows_right(watched, named):
    watched.scim.new_group("crew", watched.people)
    watched.check()
    watched.off(watched.people[0])
    watched.delete(*watched.people[1:4])
    watched.check()
    before = watched.follower.copy.view(versions=False)
    watched.revert(*([watched.people[1]] if named else []))
    watched.check()
    watched.revert()
    watched.check()
    assert watched.state() == "open"
    assert watched.follower.copy.view(versions=False) == before
    watched.scim.patch(f"/Users/{watched.people[1]}", {"op": "replace", "path": "title", "value": "on"}, expect=200)
    watched.check()


def test_many_are_taken_back_and_let_go(rollcall):
    watched = Watched(rollcall, people=1, max_users=700)
    people = fill(watched.scim, 1100, "many")
    watched.scim.new_group("all", people)
    watched.check()
    for first in range(0, 1100, 100):
        watched.scim.post(
            "/Bulk",
            {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                "Operations": [{"method": "DELETE", "path": f"/Users/{user}"} for user in people[first : first + 100]],
            },
            expect=200,
        )
    assert watched.state() == "guarded"
    watched.check()
    assert len(watched.follower.copy.view()["users"]) == 1101
    watched.release(*people[:600])
    watched.check()
    watched.release()
    watched.check()
    assert len(watched.follower.copy.view()["users"]) == 1


@pytest.mark.parametrize("seed", range(6))
def test_under_any_operations_the_copy_is_what_is_shown(rollcall, seed):
    chance = random.Random(seed)
    watched = Watched(rollcall, people=10, max_users=3)
    scim, admin = watched.scim, watched.admin
    people, groups = list(watched.people), [scim.new_group(f"g{n}", watched.people[n : n + 6])["id"] for n in range(3)]

    def step(number):
        user, group, kind = chance.choice(people), chance.choice(groups), chance.randrange(14)
        if kind == 0:
            scim.patch(f"/Users/{user}", OFF)
        elif kind == 1:
            scim.patch(f"/Users/{user}", ON)
        elif kind == 2:
            scim.delete(f"/Users/{user}")
        elif kind == 3:
            scim.patch(f"/Users/{user}", {"op": "replace", "path": "title", "value": f"t{number}"})
        elif kind == 4:
            scim.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]})
        elif kind == 5:
            scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})
        elif kind == 6:
            chosen = [{"value": member} for member in chance.sample(people, 4)]
            scim.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": chosen})
        elif kind == 7:
            people.append(scim.new_user(f"n{number}")["id"])
        elif kind == 8:
            there = [person for person in people if scim.get(f"/Users/{person}").status == 200]
            groups.append(scim.new_group(f"n{number}", chance.sample(there, min(2, len(there))))["id"])
        elif kind == 9 and chance.random() < 0.4:
            scim.delete(f"/Groups/{group}")
        elif kind == 10 and chance.random() < 0.4:
            admin.post(f"{watched.path}/groups/{group}/restore")
        elif kind == 11:
            admin.post(f"{watched.path}/users/{user}/restore")
        elif kind == 12 and chance.random() < 0.5:
            watched.release(*(chance.sample(people, 3) if chance.random() < 0.7 else []))
        elif kind == 13 and chance.random() < 0.3:
            watched.revert()

    for number in range(70):
        step(number)
        if chance.random() < 0.4:
                    watched.check()
    watched.check()


def test_what_was_told_of_people_goes_with_the_directory(watched):
    watched.off(*watched.people[:3])
    watched.check()
    stands = "SELECT COUNT(*) FROM event WHERE directory_id = %s AND type LIKE 'user.%%'"
    directory = watched.rollcall.id_bytes(watched.org.directory_id)
    assert watched.rollcall.database.query(stands, directory)[0][0] >= 2
    watched.admin.delete(f"/v1/organizations/{watched.org.id}?grace_days=0", expect=204)
    until(lambda: watched.rollcall.database.query(stands, directory) == ((0,),), "it is erased")
    assert not watched.follower.follow()[0]["type"].startswith("user.")
