"""What each kind of change is as events of the feed: one table of requests, and what is told of them."""

import base64
import re
import uuid

import pytest
from harness import bulk, jobs
from harness.database import ROOT
from harness.events import follow
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, GROUP, USER
from harness.wait import until

CUSTOM = "urn:example:params:scim:schemas:extension:Custom"
DEVICE = "urn:example:params:scim:schemas:Device"


class Teller:
    """A directory, and what has been told of it since it was last asked."""

    def __init__(self, rollcall, org):
        self.rollcall, self.org, self.scim = rollcall, org, org.scim
        self.admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
        self.path = f"/v1/directories/{org.directory_id}"
        self.cursor = "now"
        self.told()

    def told(self, **parameters):
        events, self.cursor = follow(self.admin, self.cursor, directory_id=self.org.directory_id, **parameters)
        for event in events:
            del event["cursor"]
        return events

    def stored(self, path):
        """The representation that events carry: without what is derived from other resources."""
        resource = self.scim.get(path, expect=200).json
        for derived in ("meta", "groups", "members"):
            resource.pop(derived, None)
        manager = resource.get(ENTERPRISE, {}).get("manager", {})
        manager.pop("$ref", None)
        manager.pop("displayName", None)
        return resource


@pytest.fixture
def teller(rollcall, org):
    return Teller(rollcall, org)


def change(path, old, new):
    return {"path": path, "old": old, "new": new}


def types(events):
    return [event["type"] for event in events]


def member(user, kind="User"):
    return {"id": user, "type": kind}


def active(value):
    return {"op": "replace", "path": "active", "value": value}


# --- users: a table. Each begins with a user that is there; `requests` act on it; `told`: the types, the version that they
# carry, and the changes. ---


def put(teller, user, **attributes):
    teller.scim.put(f"/Users/{user}", {"schemas": [USER], "userName": "ada", **attributes}, expect=200)


def patch(teller, user, *operations):
    teller.scim.patch(f"/Users/{user}", *operations, expect=200)


USERS = {
    "put": (
        lambda t, u: put(t, u, title="Analyst", active=True),
        [("user.updated", 2, [change("title", "Countess", "Analyst")])],
    ),
    "put_of_the_same": (lambda t, u: put(t, u, title="Countess", active=True), []),
    "put_that_deactivates": (
        lambda t, u: put(t, u, title="Countess", active=False),
        [("user.deactivated", 2, [change("active", True, False)])],
    ),
    "patch": (
        lambda t, u: patch(t, u, {"op": "add", "path": "nickName", "value": "A"}),
        [("user.updated", 2, [change("nickName", None, "A")])],
    ),
    "patch_that_changes_nothing": (
        lambda t, u: patch(t, u, {"op": "replace", "path": "title", "value": "Countess"}, active(True)),
        [],
    ),
    "deactivated": (lambda t, u: patch(t, u, active(False)), [("user.deactivated", 2, [change("active", True, False)])]),
    "deactivated_as_entra_does": (
        lambda t, u: patch(t, u, {"op": "Replace", "path": "active", "value": "False"}),
        [("user.deactivated", 2, [change("active", True, False)])],
    ),
    "deactivated_as_okta_does": (
        lambda t, u: patch(t, u, {"op": "replace", "value": {"active": False}}),
        [("user.deactivated", 2, [change("active", True, False)])],
    ),
    "deactivated_and_back": (
        lambda t, u: (patch(t, u, active(False)), patch(t, u, active(True))),
        [
            ("user.deactivated", 2, [change("active", True, False)]),
            ("user.activated", 3, [change("active", False, True)]),
        ],
    ),
    "deactivated_with_other_changes": (
        lambda t, u: patch(t, u, active(False), {"op": "remove", "path": "title"}),
        [
            ("user.updated", 2, [change("title", "Countess", None)]),
            ("user.deactivated", 2, [change("active", True, False)]),
        ],
    ),
    "without_active_is_active": (
        lambda t, u: (patch(t, u, active(False)), put(t, u, title="Countess")),
        [
            ("user.deactivated", 2, [change("active", True, False)]),
            ("user.activated", 3, [change("active", False, True)]),
        ],
    ),
    "parts_of_an_attribute": (
        lambda t, u: patch(
            t,
            u,
            {"op": "add", "path": "name.givenName", "value": "Ada"},
            {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Engines"},
        ),
        [("user.updated", 2, [change("name.givenName", None, "Ada"), change(f"{ENTERPRISE}:department", None, "Engines")])],
    ),
    "a_list_is_told_whole": (
        lambda t, u: patch(t, u, {"op": "add", "path": "emails", "value": [{"value": "a@example.com", "type": "work"}]}),
        [("user.updated", 2, [change("emails", None, [{"value": "a@example.com", "type": "work"}])])],
    ),
    "renamed": (
        lambda t, u: patch(t, u, {"op": "replace", "path": "userName", "value": "augusta"}),
        [("user.updated", 2, [change("userName", "ada", "augusta")])],
    ),
    "refused": (lambda t, u: t.scim.put(f"/Users/{u}", {"schemas": [USER]}, expect=400), []),
}


@pytest.mark.parametrize("case", USERS)
def test_what_happens_to_a_user(teller, case):
    act, wanted = USERS[case]
    user = teller.scim.new_user("ada", title="Countess", active=True)["id"]
    [created] = teller.told()
    assert created["type"] == "user.created" and created["data"]["changes"] == []
    act(teller, user)
    events = teller.told()
    assert [(event["type"], event["data"]["version"], event["data"]["changes"]) for event in events] == wanted
    if events:
        assert events[-1]["data"]["user"] == teller.stored(f"/Users/{user}")


def test_an_event_says_where_why_and_by_whom_it_came(teller):
    answer = teller.scim.new_user("ada", externalId="00u1", **{ENTERPRISE: {"manager": {"value": str(uuid.uuid4())}}})
    [event] = teller.told()
    id, timestamp, environment, actor = (event.pop(name) for name in ("id", "timestamp", "environment_id", "actor"))
    assert id.startswith("evt-") and environment.startswith("env-") and actor.startswith("tok-")
    assert timestamp == answer["meta"]["created"]
    assert event == {
        "type": "user.created",
        "organization_id": teller.org.id,
        "organization_external_id": teller.org.external_id,
        "directory_id": teller.org.directory_id,
        "primary": True,
        "cause": {"kind": "scim", "id": answer.headers["x-request-id"]},
        "data": {"user": teller.stored(f"/Users/{answer['id']}"), "version": 1, "changes": []},
    }


def test_a_deleted_user_leaves_its_groups_and_comes_back_as_it_was(teller):
    ada, bob = (teller.scim.new_user(name)["id"] for name in ("ada", "bob"))
    crew = teller.scim.new_group("crew", [ada, bob])["id"]
    before = teller.stored(f"/Users/{ada}")
    teller.told()
    gone = teller.scim.delete(f"/Users/{ada}", expect=204)
    left, deleted = teller.told()
    assert left["type"] == "group.member_removed" and left["data"]["members"] == [member(ada)]
    assert left["data"]["group"] == teller.stored(f"/Groups/{crew}")
    assert deleted["type"] == "user.deleted"
    assert deleted["data"] == {"user": before, "version": 2, "changes": []}
    assert {event["cause"]["id"] for event in (left, deleted)} == {gone.headers["x-request-id"]}

    back = teller.admin.post(f"{teller.path}/users/{ada}/restore", expect=200)
    restored, joined = teller.told()
    assert restored["type"] == "user.restored"
    assert restored["data"] == {"user": before, "version": 3, "changes": []}
    assert restored["cause"] == {"kind": "restore", "id": back.headers["x-request-id"]}
    assert restored["actor"].startswith("key-")
    assert joined["type"] == "group.member_added" and joined["data"]["members"] == [member(ada)]


# --- groups ---


def test_what_happens_to_a_group(teller):
    people = sorted(teller.scim.new_user()["id"] for _ in range(4))
    teller.told()
    group = teller.scim.new_group("crew", people[:2], externalId="g1")["id"]
    created, added = teller.told()
    assert created["type"] == "group.created"
    assert created["data"] == {"group": teller.stored(f"/Groups/{group}"), "version": 1, "changes": []}
    assert added["type"] == "group.member_added"
    assert added["data"] == {
        "group": teller.stored(f"/Groups/{group}"),
        "version": 2,
        "members": [member(p) for p in people[:2]],
        "part": 1,
        "parts": 1,
    }

    value = [{"value": person} for person in people[1:]]
    teller.scim.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": value}, expect=204)
    added, removed = teller.told()
    assert (added["type"], removed["type"]) == ("group.member_added", "group.member_removed")
    assert added["data"]["members"] == [member(p) for p in people[2:]]
    assert removed["data"]["members"] == [member(people[0])]
    assert added["data"]["version"] == removed["data"]["version"] == 3
    assert added["id"] != removed["id"]

    value = [{"value": people[1]}]
    teller.scim.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": value})  # is one already
    assert teller.told() == []
    teller.scim.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "team"}, expect=204)
    [renamed] = teller.told()
    assert renamed["type"] == "group.updated"
    assert renamed["data"]["changes"] == [change("displayName", "crew", "team")]
    last = teller.stored(f"/Groups/{group}")
    teller.scim.delete(f"/Groups/{group}", expect=204)
    [deleted] = teller.told()
    assert deleted["type"] == "group.deleted"
    assert deleted["data"] == {"group": last, "version": 5, "changes": []}
    teller.admin.post(f"{teller.path}/groups/{group}/restore", expect=200)
    restored, joined = teller.told()
    assert restored["type"] == "group.restored" and restored["data"]["group"] == last
    assert joined["data"]["members"] == [member(p) for p in people[1:]]


def test_the_group_of_a_change_of_members_is_what_it_was_then(teller):
    ada, bob, eva = (teller.scim.new_user(name)["id"] for name in ("ada", "bob", "eva"))
    group = teller.scim.new_group("one")["id"]
    for name, person in (("two", ada), ("three", bob), ("four", eva)):
        teller.scim.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": person}]}, expect=204)
        teller.scim.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": name}, expect=204)
    events = teller.told(types="group.*")
    assert [(event["type"], event["data"]["group"]["displayName"]) for event in events] == [
        ("group.created", "one"),
        ("group.member_added", "one"),
        ("group.updated", "two"),
        ("group.member_added", "two"),
        ("group.updated", "three"),
        ("group.member_added", "three"),
        ("group.updated", "four"),
    ]


def test_groups_in_groups_are_told_apart_from_users(teller):
    ada = teller.scim.new_user("ada")["id"]
    inner = teller.scim.new_group("inner")["id"]
    outer = teller.scim.new_group("outer", [inner, ada])["id"]
    events = teller.told(types="group.member_added")
    assert sorted(events[-1]["data"]["members"], key=lambda m: m["type"]) == [member(inner, "Group"), member(ada)]
    teller.scim.patch(f"/Groups/{outer}", {"op": "remove", "path": f'members[value eq "{inner}"]'}, expect=204)
    [event] = teller.told()
    assert event["data"]["members"] == [member(inner, "Group")]
    teller.scim.patch(f"/Groups/{outer}", {"op": "add", "path": "members", "value": [{"value": inner}]}, expect=204)
    teller.told()
    teller.scim.delete(f"/Groups/{inner}", expect=204)
    left, deleted = teller.told()
    assert left["type"] == "group.member_removed" and left["data"]["members"] == [member(inner, "Group")]
    assert deleted["type"] == "group.deleted"


def test_many_members_come_in_several_events(teller):
    count = 1200
    for first in range(0, count, 400):
        operations = [bulk.user(f"u{i}", name=f"user-{i}") for i in range(first, first + 400)]
        teller.scim.post("/Bulk", bulk.message(*operations), expect=200)
    people = [event["data"]["user"]["id"] for event in teller.told(types="user.created", limit=1000)]
    assert len(people) == count
    group = teller.scim.new_group("all")["id"]
    teller.told()
    body = {"schemas": [GROUP], "displayName": "all", "members": [{"value": person} for person in people]}
    teller.scim.put(f"/Groups/{group}", body, expect=200)
    events = teller.told(limit=2)
    assert types(events) == ["group.member_added"] * 3
    assert [(event["data"]["part"], event["data"]["parts"]) for event in events] == [(1, 3), (2, 3), (3, 3)]
    assert [len(event["data"]["members"]) for event in events] == [500, 500, 200]
    assert sorted(m["id"] for event in events for m in event["data"]["members"]) == sorted(people)
    assert len({event["id"] for event in events}) == 3
    teller.scim.put(f"/Groups/{group}", {"schemas": [GROUP], "displayName": "all"}, expect=200)
    events = teller.told()
    assert types(events) == ["group.member_removed"] * 3
    assert sum(len(event["data"]["members"]) for event in events) == count


# --- several at once ---


def test_a_bulk_request_is_told_operation_by_operation(teller):
    message = bulk.message(
        bulk.user("ada", name="ada"),
        bulk.group("crew", bulk.ref("ada"), name="crew"),
        bulk.user("ada again", name="ada"),
        bulk.user("bob", name="bob"),
    )
    teller.scim.post("/Bulk", message, expect=200)
    events = teller.told()
    assert types(events) == ["user.created", "group.created", "group.member_added", "user.created"]
    ada = events[0]["data"]["user"]["id"]
    assert events[2]["data"]["members"] == [member(ada)]


def test_the_admin_api_and_its_jobs_are_causes_of_their_own(teller):
    ada = teller.scim.new_user("ada", title="x")["id"]
    instant = teller.scim.get(f"/Users/{ada}", expect=200)["meta"]["lastModified"]
    teller.scim.patch(f"/Users/{ada}", {"op": "replace", "path": "title", "value": "y"}, expect=200)
    teller.told()
    jobs.ended(teller.admin, teller.admin.post(f"{teller.path}/rewind", {"at": instant}, expect=202))
    updated, rewound = teller.told()
    assert updated["type"] == "user.updated" and updated["data"]["changes"] == [change("title", "y", "x")]
    assert updated["cause"]["kind"] in ("job", "restore") and updated["actor"].startswith("key-")
    assert rewound["type"] == "directory.rewound" and rewound["cause"] == {"kind": "job", "id": None}
    assert rewound["actor"] == updated["actor"]

    answer = teller.admin.patch(teller.path, {"state": "paused"}, expect=200)
    [paused] = teller.told()
    assert paused["type"] == "directory.paused"
    assert paused["cause"] == {"kind": "admin", "id": answer.headers["x-request-id"]}
    assert paused["actor"] == updated["actor"] and paused["primary"] is True


# --- schemas and policies ---

CATALOG = {
    "schemas": [
        {
            "id": CUSTOM,
            "name": "Custom",
            "attributes": [
                {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
                {"name": "badge", "type": "string"},
            ],
        },
        {"id": DEVICE, "name": "Device", "attributes": [{"name": "serial", "type": "string", "required": True}]},
    ],
    "resource_types": [
        {"name": "User", "schemaExtensions": [{"schema": CUSTOM, "required": False}]},
        {"name": "Device", "endpoint": "/Devices", "schema": DEVICE},
    ],
}


def test_resources_of_own_types(teller):
    teller.org.set_rules(catalog=CATALOG)
    device = teller.scim.post("/Devices", {"schemas": [DEVICE], "serial": "1"}, expect=201)["id"]
    stored = teller.stored(f"/Devices/{device}")
    teller.scim.patch(f"/Devices/{device}", {"op": "replace", "path": "serial", "value": "2"}, expect=200)
    teller.scim.delete(f"/Devices/{device}", expect=204)
    created, updated, deleted = teller.told()
    assert created["type"] == "resource.created"
    assert created["data"] == {"resource_type": "Device", "resource": stored, "version": 1, "changes": []}
    assert updated["type"] == "resource.updated" and updated["data"]["resource"] == {**stored, "serial": "2"}
    assert updated["data"]["changes"] == [change("serial", "1", "2")]
    assert deleted["type"] == "resource.deleted" and deleted["data"]["version"] == 3


def test_what_is_never_returned_is_never_told(teller):
    teller.org.set_rules(catalog=CATALOG)
    secret = base64.b32encode(uuid.uuid4().bytes).decode()
    ada = teller.scim.new_user("ada", password=secret, **{CUSTOM: {"pin": secret, "badge": "red"}})["id"]
    pin = {"op": "replace", "path": f"{CUSTOM}:pin", "value": secret + "2"}
    badge = {"op": "replace", "path": f"{CUSTOM}:badge", "value": "green"}
    teller.scim.patch(f"/Users/{ada}", pin)
    teller.scim.patch(f"/Users/{ada}", pin | {"value": secret + "3"}, badge, expect=200)
    teller.scim.delete(f"/Users/{ada}", expect=204)
    events = teller.told()
    assert secret not in str(events)
    assert events[0]["data"]["user"][CUSTOM] == {"badge": "red"}
    assert events[-2]["data"]["changes"] == [change(f"{CUSTOM}:badge", "red", "green")]
    assert events[-1]["data"]["user"][CUSTOM] == {"badge": "green"}


def test_what_a_policy_calls_sensitive_is_named_alone(teller):
    teller.org.set_rules(policy={"sensitive_attributes": ["title", "name.familyName"]})
    ada = teller.scim.new_user("ada", title="Countess", name={"familyName": "Byron", "givenName": "A"})["id"]
    value = {"title": "Analyst", "name": {"familyName": "Lovelace", "givenName": "Ada"}}
    teller.scim.patch(f"/Users/{ada}", {"op": "replace", "value": value}, expect=200)
    events = teller.told()
    changes = {entry["path"]: entry for entry in events[1]["data"]["changes"]}
    assert changes["title"] == {**change("title", None, None), "sensitive": True}
    assert changes["name.familyName"] == {**change("name.familyName", None, None), "sensitive": True}
    assert changes["name.givenName"] == change("name.givenName", "A", "Ada")
    assert events[1]["data"]["user"] == teller.stored(f"/Users/{ada}")


# --- reading ---


def test_events_are_the_same_whenever_and_however_they_are_read(teller):
    first = teller.cursor
    ada = teller.scim.new_user("ada")["id"]
    group = teller.scim.new_group("crew", [ada])["id"]
    teller.scim.patch(f"/Users/{ada}", active(False), {"op": "add", "path": "title", "value": "x"}, expect=200)
    teller.scim.delete(f"/Groups/{group}", expect=204)
    teller.scim.delete(f"/Users/{ada}", expect=204)
    whole = teller.told()
    assert len({event["id"] for event in whole}) == len(whole) == 7
    for limit in (1, 2, 3, 1000):
        teller.cursor = first
        assert teller.told(limit=limit) == whole
    for kind in sorted(set(types(whole))) + ["user.*", "group.*", "user.deactivated,group.deleted", "directory.*"]:
        teller.cursor = first
        wanted = [e for e in whole if any(matches(e["type"], one) for one in kind.split(","))]
        assert teller.told(types=kind, limit=1) == wanted


def matches(type, pattern):
    return type == pattern or (pattern.endswith("*") and type.startswith(pattern[:-1]))


def test_a_deleted_organization_keeps_its_name(rollcall):
    org = rollcall.new_organization()
    teller = Teller(rollcall, org)
    first = teller.cursor
    teller.scim.new_user("ada")
    teller.admin.delete(f"/v1/organizations/{org.id}", expect=204)
    events, _ = follow(teller.admin, first, organization_id=org.id)
    assert types(events) == ["user.created", "organization.deleted"]
    assert {event["organization_external_id"] for event in events} == {org.external_id}


def test_cursors_end_when_a_backup_is_restored(own_rollcall):
    """docs/operations.md: a cursor that is ahead of the database would pass over what comes."""
    teller = Teller(own_rollcall, own_rollcall.new_organization())
    teller.scim.new_user("ada")
    assert types(teller.told()) == ["user.created"]
    text = (ROOT / "docs" / "operations.md").read_text()
    [statement] = re.findall(r"```sql\n(UPDATE feed_end.*?);\n```", text)
    own_rollcall.database.execute(statement)
    answer = teller.admin.get(f"/v1/events?cursor={teller.cursor}", expect=400)
    assert answer["type"].endswith("expired-cursor")
    teller.scim.new_user("eva")
    teller.cursor = None
    until(lambda: [e["data"]["user"]["userName"] for e in teller.told()] == ["eva"], "the feed goes on")


def test_what_was_told_of_an_erased_directory_is_passed_over(rollcall, org):
    teller = Teller(rollcall, org)
    first = teller.cursor
    teller.scim.new_user("ada")
    assert types(teller.told()) == ["user.created"]
    teller.admin.delete(f"/v1/organizations/{org.id}?grace_days=0", expect=204)
    until(lambda: "directory.erased" in types(teller.told()), "it is erased")
    events, _ = follow(teller.admin, first, organization_id=org.id)
    assert "user.created" not in types(events) and "directory.erased" in types(events)
    assert all(event["organization_id"] == org.id for event in events)
