"""Versions of users and groups, what differs between them, and the way back."""

import time
import uuid

import pytest
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, USER


@pytest.fixture
def admin(rollcall, org):
    return CheckedAdmin(rollcall.admin_url, rollcall.admin.key)


@pytest.fixture
def directory(org):
    return f"/v1/directories/{org.directory_id}"


def shown(resource):
    return {name: value for name, value in resource.json.items() if name != "meta"}


def test_each_version_tells_who_what_and_when(rollcall, org, admin, directory):
    ada = org.scim.new_user("ada", name={"givenName": "Ada"})
    org.scim.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "name.givenName", "value": "Augusta"}, expect=200)
    org.scim.patch(
        f"/Users/{ada['id']}",
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Engines"},
        expect=200,
    )
    gone = org.scim.delete(f"/Users/{ada['id']}", expect=204)
    history = admin.get(f"{directory}/users/{ada['id']}/history", expect=200).json
    assert [(v["version"], v["kind"]) for v in history["versions"]] == [
        (4, "deleted"),
        (3, "updated"),
        (2, "updated"),
        (1, "created"),
    ]
    assert history["versions"][1]["attributes"] == ["active", f"{ENTERPRISE}:department"]
    assert history["versions"][2]["attributes"] == ["name.givenName"]
    assert {v["cause"] for v in history["versions"]} == {"scim"}
    assert all(v["actor"].startswith("tok-") for v in history["versions"])
    assert history["versions"][0]["change_id"] == gone.headers["x-request-id"]
    second = admin.get(f"{directory}/users/{ada['id']}/history/2", expect=200).json
    assert second["resource"]["name"]["givenName"] == "Augusta" and second["resource"]["active"] is True
    assert admin.get(f"{directory}/users/{ada['id']}/history/4", expect=200).json["resource"] is None
    admin.get(f"{directory}/users/{ada['id']}/history/5", expect=404)
    admin.get(f"{directory}/users/{ada['id']}/history/0", expect=404)
    admin.get(f"{directory}/users/{uuid.uuid4()}/history", expect=404)
    admin.get(f"{directory}/groups/{ada['id']}/history", expect=404)


def test_history_comes_in_pages(org, admin, directory):
    ada = org.scim.new_user("ada")
    for turn in range(7):
        org.scim.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": f"t{turn}"}, expect=200)
    whole = admin.get(f"{directory}/users/{ada['id']}/history", expect=200).json["versions"]
    paged, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{directory}/users/{ada['id']}/history?limit=3{cursor}", expect=200).json
        paged += page["versions"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert paged == whole and len(whole) == 8
    assert all(version["attributes"] == ["title"] for version in whole[:-1])


def test_a_diff_names_attributes_and_keeps_what_is_sensitive(org, admin, directory):
    ada = org.scim.new_user("ada", title="Countess", emails=[{"value": "a@example.com", "type": "work"}])
    org.scim.patch(
        f"/Users/{ada['id']}",
        {"op": "replace", "path": "title", "value": "Analyst"},
        {"op": "add", "path": "nickName", "value": "A"},
        {"op": "replace", "path": "emails", "value": [{"value": "b@example.com", "type": "work"}]},
        expect=200,
    )
    found = admin.get(f"{directory}/users/{ada['id']}/diff?from=1&to=2", expect=200).json
    changes = {entry["path"]: (entry["old"], entry["new"]) for entry in found["attributes"]}
    assert changes["title"] == ("Countess", "Analyst")
    assert changes["nickName"] == (None, "A")
    assert [entry["value"] for entry in changes["emails"][1]] == ["b@example.com"]
    back = admin.get(f"{directory}/users/{ada['id']}/diff?from=2&to=1", expect=200).json
    assert {entry["path"]: (entry["new"], entry["old"]) for entry in back["attributes"]} == changes
    org.set_rules(policy={"sensitive_attributes": ["title"]})
    found = admin.get(f"{directory}/users/{ada['id']}/diff?from=1&to=2", expect=200).json
    [title] = [entry for entry in found["attributes"] if entry["path"] == "title"]
    assert title == {"path": "title", "old": None, "new": None, "sensitive": True}
    admin.get(f"{directory}/users/{ada['id']}/diff?from=1&to=9", expect=404)
    admin.get(f"{directory}/users/{ada['id']}/diff?from=1", expect=400)


def test_a_groups_history_has_its_members(org, admin, directory):
    people = sorted(org.scim.new_user()["id"] for _ in range(5))
    group = org.scim.new_group("crew", people[:2])["id"]
    org.scim.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": p} for p in people[2:]]})
    org.scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{people[0]}"]'})
    org.scim.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "team"})
    org.scim.delete(f"/Groups/{group}", expect=204)
    versions = admin.get(f"{directory}/groups/{group}/history", expect=200).json["versions"]
    kinds = [version["kind"] for version in versions]
    assert kinds == ["deleted", "updated", "members_changed", "members_changed", "members_changed", "created"]
    assert versions[0]["members"]["removed"] == people[1:]
    assert versions[1]["attributes"] == ["displayName"]
    assert versions[2]["members"]["removed"] == people[:1]
    assert versions[3]["members"]["added"] == people[2:]
    diff = admin.get(f"{directory}/groups/{group}/diff?from=2&to=4", expect=200).json
    assert diff["members"]["added"] == people[2:] and diff["members"]["removed"] == people[:1]
    paged, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{directory}/groups/{group}/history/3/members?limit=2{cursor}", expect=200).json
        paged += page["members"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert paged == [{"id": person, "change": "added"} for person in people[2:]]


def test_a_user_goes_back_to_a_version_as_a_new_change(rollcall, org, admin, directory):
    ada = org.scim.new_user("ada", title="Countess", nickName="A")
    before = shown(org.scim.get(f"/Users/{ada['id']}", expect=200))
    org.scim.put(f"/Users/{ada['id']}", {"schemas": [USER], "userName": "augusta"}, expect=200)
    answer = admin.post(f"{directory}/users/{ada['id']}/restore", {"version": 1}, expect=200)
    assert answer["outcome"] == "updated" and answer["version"] == 3
    assert shown(org.scim.get(f"/Users/{ada['id']}", expect=200)) == before
    newest = admin.get(f"{directory}/users/{ada['id']}/history", expect=200).json["versions"][0]
    assert newest["cause"] == "restore" and newest["actor"].startswith("key-")
    assert newest["change_id"] == answer.headers["x-request-id"]
    again = admin.post(f"{directory}/users/{ada['id']}/restore", {"version": 1}, expect=200)
    assert again["outcome"] == "unchanged" and again["version"] == 3
    admin.post(f"{directory}/users/{ada['id']}/restore", expect=422)
    admin.post(f"{directory}/users/{ada['id']}/restore", {"version": 9}, expect=404)
    admin.post(f"{directory}/users/{ada['id']}/restore", {"version": "1"}, expect=422)
    path = f"/v1/events?directory_id={org.directory_id}&types=user.*"
    told = admin.get(path, expect=200).json["events"]
    assert [(event["type"], event["cause"]["kind"]) for event in told] == [
        ("user.created", "scim"),
        ("user.updated", "scim"),
        ("user.updated", "restore"),
    ]
    assert told[-1]["cause"]["id"] == answer.headers["x-request-id"]


def test_who_was_deleted_comes_back_as_the_same_person_into_the_same_groups(org, admin, directory):
    ada = org.scim.new_user("ada", title="Countess")
    staff = org.scim.new_user("bob", **{ENTERPRISE: {"manager": {"value": ada["id"]}}})
    crew, team, gone = (org.scim.new_group(name, [ada["id"]])["id"] for name in ("crew", "team", "gone"))
    before = org.scim.get(f"/Users/{ada['id']}", expect=200).json
    org.scim.delete(f"/Users/{ada['id']}", expect=204)
    org.scim.delete(f"/Groups/{gone}", expect=204)
    answer = admin.post(f"{directory}/users/{ada['id']}/restore", expect=200)
    assert (answer["outcome"], answer["groups_joined"], answer["groups_gone"]) == ("recreated", 2, 1)
    after = org.scim.get(f"/Users/{ada['id']}", expect=200).json
    assert {entry["value"] for entry in after["groups"]} == {crew, team}
    assert after["meta"]["created"] == before["meta"]["created"]
    assert after["meta"]["version"] != before["meta"]["version"]
    assert org.scim.get(f"/Users/{staff['id']}", expect=200).json[ENTERPRISE]["manager"]["value"] == ada["id"]
    assert [v["version"] for v in admin.get(f"{directory}/users/{ada['id']}/history").json["versions"]] == [3, 2, 1]
    admin.post(f"{directory}/users/{ada['id']}/restore", {"version": 2}, expect=404)
    assert org.scim.get("/Users?count=0", expect=200).json["totalResults"] == 2


def test_a_deleted_group_comes_back_with_its_members(org, admin, directory):
    people = sorted(org.scim.new_user()["id"] for _ in range(4))
    outer = org.scim.new_group("outer")["id"]
    group = org.scim.new_group("crew", people[:3])["id"]
    org.scim.patch(f"/Groups/{outer}", {"op": "add", "path": "members", "value": [{"value": group}]})
    org.scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{people[0]}"]'})
    org.scim.delete(f"/Groups/{group}", expect=204)
    org.scim.delete(f"/Users/{people[1]}", expect=204)
    answer = admin.post(f"{directory}/groups/{group}/restore", expect=200)
    assert (answer["members_added"], answer["members_gone"], answer["groups_joined"]) == (1, 1, 1)
    assert org.scim.members(group) == {people[2]}
    assert org.scim.members(outer) == {group}
    answer = admin.post(f"{directory}/groups/{group}/restore", {"version": 2}, expect=200)
    assert org.scim.members(group) == {people[0], people[2]}


def test_a_restore_that_does_not_fit_changes_nothing(org, admin, directory):
    ada = org.scim.new_user("ada")
    org.scim.delete(f"/Users/{ada['id']}", expect=204)
    other = org.scim.new_user("ada")
    refused = admin.post(f"{directory}/users/{ada['id']}/restore", expect=409)
    assert refused["type"].endswith("uniqueness")
    org.scim.get(f"/Users/{ada['id']}", expect=404)
    org.scim.patch(f"/Users/{other['id']}", {"op": "replace", "path": "userName", "value": "bob"}, expect=200)
    org.set_rules(policy={"required_attributes": ["title"]})
    refused = admin.post(f"{directory}/users/{ada['id']}/restore", expect=409)
    assert "title" in refused["detail"]
    org.set_rules(policy={})
    admin.post(f"{directory}/users/{ada['id']}/restore", expect=200)


def test_what_was_before_the_first_change_that_is_kept_is_kept_with_it(rollcall, org, admin, directory):
    """As if the directory had been quiet for longer than changes are kept."""
    ada = org.scim.new_user("ada", title="Countess")
    long_ago = int(time.time() * 1000) - 40 * 86400 * 1000
    mine = uuid.UUID(ada["id"]).bytes
    rollcall.database.execute("UPDATE resource SET modified_ms = %s WHERE id = %s", long_ago, mine)
    rollcall.database.execute("DELETE FROM `change` WHERE resource_id = %s", mine)
    assert admin.get(f"{directory}/users/{ada['id']}/history", expect=200).json["versions"] == []
    assert admin.get(f"{directory}/users/{ada['id']}/history/1", expect=200).json["kind"] == "known"
    org.scim.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "Analyst"}, expect=200)
    [version] = admin.get(f"{directory}/users/{ada['id']}/history", expect=200).json["versions"]
    assert version["attributes"] == ["title"]
    assert admin.get(f"{directory}/users/{ada['id']}/history/1", expect=200).json["resource"]["title"] == "Countess"
    admin.post(f"{directory}/users/{ada['id']}/restore", {"version": 1}, expect=200)
    assert org.scim.get(f"/Users/{ada['id']}", expect=200).json["title"] == "Countess"
