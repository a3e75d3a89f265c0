"""More departures than a directory bears: the identity provider goes on as before, and the vendor's view is held."""

import random
import threading

import pytest
from harness.jobs import ended
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, USER
from harness.wait import until

OFF = {"op": "replace", "path": "active", "value": False}
OKTA_OFF = {"op": "replace", "value": {"active": False}}
ENTRA_OFF = {"op": "Replace", "path": "active", "value": "False"}
ON = {"op": "replace", "path": "active", "value": True}


@pytest.fixture
def admin(rollcall):
    return CheckedAdmin(rollcall.admin_url, rollcall.admin.key)


class Guarded:
    """A directory with a guard, its people and what the vendor sees of them."""

    def __init__(self, org, admin, **policy):
        self.org, self.scim, self.admin = org, org.scim, admin
        self.path = f"/v1/directories/{org.directory_id}"
        self.set(**policy)

    def set(self, **policy):
        policy = {"enabled": True, "max_percent": None, **policy}
        self.admin.patch(self.path, {"policy": {"guard": policy}}, expect=200)

    def people(self, count, **attributes):
        return [self.scim.new_user(f"person-{number}", **attributes)["id"] for number in range(count)]

    def state(self):
        return self.admin.get(f"{self.path}/guard", expect=200).json

    def seen(self, limit=1000):
        """Every user as the vendor reads it, by id, page by page."""
        found, cursor = {}, ""
        while cursor is not None:
            page = self.admin.get(f"{self.path}/users?limit={limit}{cursor}", expect=200).json
            for user in page["users"]:
                assert user["id"] not in found
                found[user["id"]] = user
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert list(found) == sorted(found)
        return found

    def found(self, query, limit=1000):
        """Whom a look-up or a filter finds, by id, page by page."""
        found, cursor = {}, ""
        while cursor is not None:
            page = self.admin.get(f"{self.path}/users?{query}&limit={limit}{cursor}", expect=200).json
            assert len(page["users"]) <= limit
            for user in page["users"]:
                assert user["id"] not in found
                found[user["id"]] = user
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert list(found) == sorted(found)
        return found

    def everywhere(self, query):
        """The same over all organizations, of this directory."""
        users = self.admin.get(f"/v1/users?{query}", expect=200).json["users"]
        users = [user for user in users if user["directory_id"] == self.org.directory_id]
        found = {user["id"]: user for user in users}
        assert [user["id"] for user in users] == sorted(found)
        return found

    def one(self, user, expect=200):
        return self.admin.get(f"{self.path}/users/{user}", expect=expect).json

    def members(self, group):
        return {member["id"] for member in self.admin.get(f"{self.path}/groups/{group}/members").json["members"]}

    def events(self, kind):
        events = self.admin.get(f"/v1/events?types={kind}&limit=1000", expect=200).json["events"]
        return [event["data"] for event in events if event["directory_id"] == self.org.directory_id]


def plain(user):
    """Without what tells that it is held."""
    return {name: value for name, value in user.items() if name != "held"}


def test_without_a_guard_nothing_is_noted(rollcall, org, admin):
    people = [org.scim.new_user()["id"] for _ in range(8)]
    for person in people:
        org.scim.delete(f"/Users/{person}", expect=204)
    assert admin.get(f"/v1/directories/{org.directory_id}/guard", expect=200).json["state"] == "open"
    directory = rollcall.id_bytes(org.directory_id)
    assert rollcall.database.query("SELECT COUNT(*) FROM departure WHERE directory_id = %s", directory) == ((0,),)
    assert rollcall.database.query("SELECT COUNT(*) FROM directory_guard WHERE directory_id = %s", directory) == ((0,),)


@pytest.mark.parametrize("how", ["okta", "entra", "delete", "put"])
def test_departures_beyond_what_is_borne_trip_it_once(org, admin, how):
    guarded = Guarded(org, admin, max_users=3)
    people = guarded.people(8, title="kept")
    group = org.scim.new_group("crew", people)["id"]
    before = guarded.seen()
    for number, person in enumerate(people[:6]):
        path = f"/Users/{person}"
        if how == "delete":
            org.scim.delete(path, expect=204)
        elif how == "put":
            org.scim.put(path, {**org.scim.get(path).json, "active": False}, expect=200)
        else:
            org.scim.patch(path, OKTA_OFF if how == "okta" else ENTRA_OFF, expect=200)
        assert guarded.state()["state"] == ("guarded" if number >= 3 else "open")
        if number == 2:  # borne: the vendor sees them leave
            seen = guarded.seen()
            assert person not in seen if how == "delete" else seen[person]["active"] is False
    state = guarded.state()
    assert (state["held"], state["tripped_by"]["departures"], state["tripped_by"]["users"]) == (6, 4, 8)
    seen = guarded.seen()
    assert {user: plain(value) for user, value in seen.items()} == before
    kind = "deleted" if how == "delete" else "deactivated"
    assert all(seen[person]["held"]["kind"] == kind for person in people[:6])
    assert all("held" not in seen[person] for person in people[6:])
    assert guarded.seen(limit=3) == seen
    assert guarded.members(group) == set(people)
    assert plain(guarded.one(people[0])) == before[people[0]]
    assert {g["id"] for g in admin.get(f"{guarded.path}/users/{people[0]}/groups").json["groups"]} == {group}
    directory = admin.get(guarded.path, expect=200).json
    assert directory["guarded_at"] == state["guarded_at"] and directory["state"] == "active"
    assert guarded.events("directory.guarded") == [{"departures": 4, "users": 8, "window_seconds": 3600}]
    # the identity provider sees what it has done
    answer = org.scim.get(f"/Users/{people[0]}", expect=404 if how == "delete" else 200)
    assert how == "delete" or answer.json["active"] is False


def test_a_group_that_is_emptied_or_deleted_takes_its_people_with_it(org, admin):
    guarded = Guarded(org, admin, max_users=2)
    people = guarded.people(6)
    crew, other = org.scim.new_group("crew", people)["id"], org.scim.new_group("other", people[:2])["id"]
    before = guarded.seen()
    # two are still in another group: four have left their last one
    org.scim.patch(f"/Groups/{crew}", {"op": "replace", "path": "members", "value": []})
    state = guarded.state()
    assert (state["state"], state["held"]) == ("guarded", 4)
    seen = guarded.seen()
    for person in people[2:]:
        assert plain(seen[person]) == before[person] and seen[person]["held"]["kind"] == "left_groups"
    assert guarded.members(crew) == set(people[2:])
    assert [group["id"] for group in seen[people[0]]["groups"]] == [other]
    org.scim.delete(f"/Groups/{other}", expect=204)
    assert guarded.state()["held"] == 6
    assert [group["id"] for group in guarded.one(people[0])["groups"]] == [other]


def test_who_comes_back_in_time_has_not_left(org, admin):
    guarded = Guarded(org, admin, max_users=3)
    people = guarded.people(6)
    group = org.scim.new_group("crew", people)["id"]
    for turn in range(3):
        for person in people[:3]:
            org.scim.patch(f"/Users/{person}", OFF, expect=200)
        for person in people[:3]:
            org.scim.patch(f"/Users/{person}", ON, expect=200)
    org.scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{people[5]}"]'})
    org.scim.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": people[5]}]})
    state = guarded.state()
    assert (state["state"], state["departures_in_window"]) == ("open", 0)


def test_departures_of_long_ago_do_not_count(rollcall, org, admin):
    guarded = Guarded(org, admin, max_users=2, window_seconds=60)
    people = guarded.people(6)
    for person in people[:2]:
        org.scim.patch(f"/Users/{person}", OFF, expect=200)
    rollcall.database.execute(
        "UPDATE departure SET since_ms = since_ms - 61000 WHERE directory_id = %s", rollcall.id_bytes(org.directory_id)
    )
    for person in people[2:4]:
        org.scim.patch(f"/Users/{person}", OFF, expect=200)
    state = guarded.state()
    assert (state["state"], state["departures_in_window"]) == ("open", 2)
    org.scim.patch(f"/Users/{people[4]}", OFF, expect=200)
    assert guarded.state()["held"] == 3


def test_a_share_of_the_users_trips_it(org, admin):
    guarded = Guarded(org, admin, max_percent=30)
    people = guarded.people(20)
    for number, person in enumerate(people[:7]):
        assert guarded.state()["state"] == "open"
        org.scim.delete(f"/Users/{person}", expect=204)
    assert guarded.state()["tripped_by"] == {"departures": 7, "users": 20}


def test_what_the_vendor_does_itself_is_not_guarded_against(rollcall, org, admin):
    guarded = Guarded(org, admin, max_users=1)
    people = guarded.people(5)
    answers = rollcall.act_inside(org, *[{"method": "DELETE", "path": f"/Users/{person}"} for person in people])
    assert {answer["status"] for answer in answers} == {204}
    assert guarded.state()["state"] == "open"


def test_two_servers_at_once_trip_it_once(rollcall, org, admin):
    guarded = Guarded(org, admin, max_users=5)
    people = guarded.people(40)
    before = guarded.seen()
    clients = [org.client(), org.client(server=rollcall.another_server())]
    failures = []

    def leave(client, mine):
        for person in mine:
            answer = client.patch(f"/Users/{person}", OFF)
            if answer.status != 200:
                failures.append(answer)

    threads = [threading.Thread(target=leave, args=(client, people[i::2])) for i, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    [event] = guarded.events("directory.guarded")
    assert event["departures"] >= 6
    assert guarded.state()["held"] == 40
    assert {user: plain(value) for user, value in guarded.seen().items()} == before


def test_a_release_shows_what_is(org, admin):
    guarded = Guarded(org, admin, max_users=2)
    people = guarded.people(6)
    for person in people[:4]:
        org.scim.delete(f"/Users/{person}", expect=204)
    listed = admin.get(f"{guarded.path}/guard/users?limit=3", expect=200).json
    assert [user["id"] for user in listed["users"]] == people[:3] and listed["next_cursor"]
    assert listed["users"][0]["kinds"] == ["deleted"]
    answer = admin.post(f"{guarded.path}/guard/release", {"users": people[:1]}, expect=200)
    assert (answer["state"], answer["held"]) == ("guarded", 3)
    assert sorted(guarded.seen()) == people[1:]
    guarded.one(people[0], expect=404)
    answer = admin.post(f"{guarded.path}/guard/release", expect=200)
    assert (answer["state"], answer["held"], answer["tripped_by"]) == ("open", 0, None)
    assert sorted(guarded.seen()) == people[4:]
    assert guarded.events("directory.guard_released") == [{"how": "released"}]
    changed = admin.get(f"{guarded.path}/users?updated_since=2020-01-01T00:00:00Z&limit=1000", expect=200).json
    assert {user["id"] for user in changed["users"] if user["deleted_at"]} == set(people[:4])
    admin.post(f"{guarded.path}/guard/release", expect=200)
    admin.post(f"{guarded.path}/guard/release", {"users": ["x"]}, expect=422)
    admin.post(f"{guarded.path}/guard/release", {"users": []}, expect=422)


def test_a_revert_makes_it_real(org, admin):
    guarded = Guarded(org, admin, max_users=2)
    people = guarded.people(7, title="kept")
    boss = people[0]
    org.scim.patch(f"/Users/{people[6]}", {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": boss}})
    crew, team = org.scim.new_group("crew", people)["id"], org.scim.new_group("team", people[:3])["id"]
    before = {person: org.scim.get(f"/Users/{person}").json for person in people}
    for person in people[:2]:
        org.scim.delete(f"/Users/{person}", expect=204)
    for person in people[2:4]:
        org.scim.patch(f"/Users/{person}", OFF, expect=200)
    org.scim.patch(f"/Groups/{crew}", {"op": "replace", "path": "members", "value": []})
    assert guarded.state()["held"] == 7
    some = ended(admin, admin.post(f"{guarded.path}/guard/revert", {"users": people[:1]}, expect=202))
    assert (some["state"], some["result"]["reverted"]) == ("done", 1)
    assert guarded.state()["held"] == 6
    job = ended(admin, admin.post(f"{guarded.path}/guard/revert", expect=202))
    assert job["state"] == "done" and job["result"] == {"reverted": 6, "conflict_count": 0, "conflicts": []}
    assert guarded.state()["state"] == "open"
    assert admin.get(guarded.path, expect=200).json["guarded_at"] is None
    for person in people:
        after = org.scim.get(f"/Users/{person}", expect=200).json
        for value in (after, before[person]):
            version = value["meta"].pop("version")
            del value["meta"]["lastModified"]
        assert after == before[person], version
    assert org.scim.members(crew) == set(people) and org.scim.members(team) == set(people[:3])
    assert all("held" not in user for user in guarded.seen().values())
    assert guarded.events("directory.guard_released") == [{"how": "reverted"}]


def test_who_cannot_be_brought_back_stays_held(org, admin):
    guarded = Guarded(org, admin, max_users=1)
    people = guarded.people(3)
    for person in people:
        org.scim.delete(f"/Users/{person}", expect=204)
    org.scim.new_user("person-1")
    job = ended(admin, admin.post(f"{guarded.path}/guard/revert", expect=202))
    assert job["result"]["reverted"] == 2 and [c["id"] for c in job["result"]["conflicts"]] == [people[1]]
    state = guarded.state()
    assert (state["state"], state["held"]) == ("guarded", 1)
    assert guarded.one(people[1])["held"]["kind"] == "deleted"


@pytest.mark.parametrize("seed", range(4))
def test_under_any_operations_the_held_are_as_they_were_and_the_others_as_they_are(org, admin, seed):
    """The vendor's view against a model: what it was before each user's first departure that counts, else what is."""
    chance = random.Random(seed)
    guarded = Guarded(org, admin, max_users=4)
    domain = f"{org.external_id}.example"  # of nobody else in the environment
    people = [
        org.scim.new_user(f"p-{n}@{domain}", emails=[{"value": f"m-{n}@{domain}"}], externalId=f"x-{n}-{domain}")["id"]
        for n in range(12)
    ]
    groups = [org.scim.new_group(f"group-{number}", chance.sample(people, 6))["id"] for number in range(3)]
    is_before, former, held = {}, {}, set()

    def real():
        """What there is, as the vendor would read it without a guard."""
        found = {}
        for user in org.scim.get("/Users?count=1000", expect=200).json["Resources"]:
            member_of = sorted(group["value"] for group in user.get("groups", []))
            email = user["emails"][0]["value"]
            found[user["id"]] = (user["userName"], user["active"], user.get("title"), member_of, email, user["externalId"])
        return found

    def view():
        return {
            user["id"]: (
                user["userName"],
                user["active"],
                user["title"],
                sorted(group["id"] for group in user["groups"]),
                user["email"],
                user["external_id"],
            )
            for user in guarded.seen().values()
        }

    def check_found(expected, step):
        """Look-ups and filters find whom the view shows with what is asked for, as the view shows them."""
        seen = guarded.seen()
        number = chance.randrange(24)
        name, email, external = f"p-{number}@{domain}", f"m-{number}@{domain}", f"x-{number}-{domain}"
        title, group = f"t{chance.randrange(step + 1)}", chance.choice(groups)
        asked = {
            f"user_name={name.upper()}": lambda user: user[0] == name,
            f"email={email}": lambda user: user[4] == email,
            f"external_id={external}": lambda user: user[5] == external,
            f"user_name={name}&email={email}": lambda user: (user[0], user[4]) == (name, email),
            f'filter=title+eq+"{title}"': lambda user: user[2] == title,
            "filter=active+eq+false": lambda user: not user[1],
            f'filter=groups.value+eq+"{group}"': lambda user: group in user[3],
            f'filter=userName+eq+"{name}"+or+title+eq+"{title}"': lambda user: user[0] == name or user[2] == title,
        }
        for query, matches in asked.items():
            those = {person: seen[person] for person, user in expected.items() if matches(user)}
            assert guarded.found(query, chance.choice([1, 2, 3, 1000])) == those, (step, query)
        for query, matches in list(asked.items())[:3]:
            found = guarded.everywhere(query)
            assert found.keys() == {person for person, user in expected.items() if matches(user)}, (step, query)
            for person, user in found.items():
                told = (user["userName"], user["email"], user["external_id"], user.get("held"))
                assert told == (*(expected[person][at] for at in (0, 4, 5)), seen[person].get("held"))

    def leave(user, kind, before):
        if user in held:
            return
        former.setdefault(user, (before, set()))[1].add(kind)

    def come_back(user, kind):
        if user in former and user not in held:
            former[user][1].discard(kind)
            if not former[user][1]:
                del former[user]

    tripped = False
    for step in range(90):
        before = real()
        user, group = chance.choice(people), chance.choice(groups)
        action, number = chance.randrange(9), chance.randrange(24)
        if action == 0:
            org.scim.patch(f"/Users/{user}", OFF)
        elif action == 1:
            org.scim.patch(f"/Users/{user}", ON)
        elif action == 2 and chance.random() < 0.5:
            org.scim.delete(f"/Users/{user}")
        elif action == 3:
            org.scim.patch(f"/Users/{user}", {"op": "replace", "path": "title", "value": f"t{step}"})
        elif action == 4 and user in before:
            org.scim.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]})
        elif action == 5:
            org.scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})
        elif action == 6 and chance.random() < 0.2:
            org.scim.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": []})
        elif action == 7:  # names change hands, those of the held as well
            new = {"userName": f"p-{number}@{domain}", "externalId": f"x-{number}-{domain}"}
            org.scim.patch(f"/Users/{user}", {"op": "replace", "value": {**new, "emails": [{"value": f"m-{number}@{domain}"}]}})
        elif action == 8 and chance.random() < 0.3:
            new = {"emails": [{"value": f"m-{number}@{domain}"}], "externalId": f"x-{number}-{domain}"}
            made = org.scim.post("/Users", {"schemas": [USER], "userName": f"p-{number}@{domain}", **new})
            if made.status == 201:
                people.append(made.json["id"])
        after = real()
        for person in people:
            was, now = before.get(person), after.get(person)
            if was and not now:
                leave(person, "deleted", was)
            elif was and now:
                if was[3] < now[3] or (now[3] and set(now[3]) - set(was[3])):
                    come_back(person, "emptied")
                if not was[1] and now[1]:
                    come_back(person, "off")
                if was[1] and not now[1]:
                    leave(person, "off", was)
                if was[3] and not now[3]:
                    leave(person, "emptied", was)
        if not tripped and len(former) > 4:
            tripped = True
        if tripped:
            held |= set(former)
        state = guarded.state()
        assert state["state"] == ("guarded" if tripped else "open"), step
        assert state["held"] == (len(held) if tripped else 0)
        expected = {**after, **{person: former[person][0] for person in held}}
        assert view() == expected, step
        if step % 3 == 0:
            check_found(expected, step)
    assert tripped and is_before == {}


def test_roles_and_look_ups_follow_the_held_view(org, admin):
    guarded = Guarded(org, admin, max_users=1)
    people = guarded.people(3)
    for person in people:
        org.scim.patch(f"/Users/{person}", OFF, expect=200)
    found = admin.get(f"{guarded.path}/users?user_name=person-0", expect=200).json["users"]
    assert [(user["id"], user["active"]) for user in found] == [(people[0], True)]
    assert found[0]["deactivated_at"] is None
    changed = admin.get(f"{guarded.path}/users?updated_since=2020-01-01T00:00:00Z&limit=1000", expect=200).json
    assert all(user["active"] for user in changed["users"])


def test_other_directories_are_not_held(rollcall, org, admin):
    guarded = Guarded(org, admin, max_users=1)
    neighbour = rollcall.new_organization()
    other = Guarded(neighbour, admin, max_users=1)
    for person in guarded.people(3):
        org.scim.delete(f"/Users/{person}", expect=204)
    assert guarded.state()["state"] == "guarded" and other.state()["state"] == "open"
    assert other.seen() == {}


@pytest.mark.parametrize(
    "guard",
    [
        {"enabled": True, "max_percent": None},
        {"max_users": 0},
        {"max_percent": 101},
        {"window_seconds": 1},
        {"window_seconds": None},
        {"enabled": "yes"},
        {"users": 3},
        [],
    ],
)
def test_guards_that_make_no_sense_are_refused(org, rollcall, guard):
    rollcall.admin.patch(f"/v1/directories/{org.directory_id}", {"policy": {"guard": guard}}, expect=422)


@pytest.mark.slow
def test_a_server_killed_in_the_middle_holds_exactly_who_has_left(own_rollcall):
    rollcall = own_rollcall
    org = rollcall.new_organization()
    guarded = Guarded(org, CheckedAdmin(rollcall.admin_url, rollcall.admin.key), max_users=5)
    people = guarded.people(60)
    before = guarded.seen()
    client = org.client()

    def leave():
        for person in people:
            try:
                client.patch(f"/Users/{person}", OFF)
            except OSError:
                return
            except Exception:
                return

    thread = threading.Thread(target=leave)
    thread.start()
    while guarded.state()["held"] < 12:
        pass
    rollcall.server.process.kill()
    thread.join()
    rollcall.ensure_running()
    fresh = org.client()
    inactive = [p for p in people if not fresh.get(f"/Users/{p}", expect=200).json["active"]]
    state = guarded.state()
    assert state["state"] == "guarded" and state["held"] == len(inactive)
    assert {user["id"] for user in guarded.seen().values() if "held" in user} == set(inactive)
    assert {user: plain(value) for user, value in guarded.seen().items()} == before
    assert len(guarded.events("directory.guarded")) == 1


def test_groups_through_groups_are_held_too(org, admin):
    guarded = Guarded(org, admin, max_users=1)
    people = guarded.people(3)
    inner = org.scim.new_group("inner", people)["id"]
    org.scim.new_group("outer", [inner])
    before = guarded.seen()
    assert [group["type"] for group in before[people[0]]["groups"]].count("indirect") == 1
    for person in people:
        org.scim.delete(f"/Users/{person}", expect=204)
    assert {user: plain(value) for user, value in guarded.seen().items()} == before


@pytest.mark.slow
def test_a_revert_that_is_cut_goes_on_where_it_was(own_rollcall):
    rollcall = own_rollcall
    org = rollcall.new_organization()
    guarded = Guarded(org, CheckedAdmin(rollcall.admin_url, rollcall.admin.key), max_users=5)
    people = guarded.people(150)
    before = guarded.seen()
    for person in people:
        org.scim.delete(f"/Users/{person}", expect=204)
    job = guarded.admin.post(f"{guarded.path}/guard/revert", expect=202).headers["location"]
    until(lambda: guarded.admin.get(job, expect=200).json["progress"]["done"] > 0, job)
    rollcall.admin_process.kill()
    rollcall.ensure_running()
    guarded.admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    until(lambda: guarded.admin.get(job, expect=200).json["state"] == "done", job, 120)
    result = guarded.admin.get(job, expect=200).json["result"]
    assert result == {"reverted": 150, "conflict_count": 0, "conflicts": []}
    assert guarded.state()["state"] == "open"
    changing = ("updated_at", "scim")
    assert [{n: v for n, v in user.items() if n not in changing} for user in guarded.seen().values()] == [
        {n: v for n, v in user.items() if n not in changing} for user in before.values()
    ]
