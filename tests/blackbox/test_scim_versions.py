"""Versions: ETag, If-Match, If-None-Match, and what does not change them."""

import pytest

from harness.scim import GROUP, USER


@pytest.fixture
def user(scim):
    return scim.new_user("v@example.com", displayName="One")


def tag(answer):
    return answer.headers["etag"]


def test_every_reply_with_one_resource_has_a_weak_tag_equal_to_its_version(scim, user):
    path = f"/Users/{user['id']}"
    answers = [
        user,
        scim.get(path, expect=200),
        scim.put(path, {"schemas": [USER], "userName": "v@example.com", "title": "T"}, expect=200),
        scim.patch(path, {"op": "replace", "path": "title", "value": "U"}, expect=200),
    ]
    for answer in answers:
        assert tag(answer).startswith('W/"') and tag(answer) == answer["meta"]["version"]
    assert len({tag(answer) for answer in answers}) == 3, "GET changes nothing, PUT and PATCH do"


def test_a_get_with_a_current_tag_is_304(scim, user):
    path, current = f"/Users/{user['id']}", tag(user)
    for match in (current, "*", f'W/"nothing", {current}', current.removeprefix("W/")):
        answer = scim.get(path, headers=[("If-None-Match", match)], expect=304)
        assert tag(answer) == current
    scim.get(path, headers=[("If-None-Match", 'W/"nothing"')], expect=200)


def test_a_stale_if_match_is_412_and_changes_nothing(scim, user):
    path, stale = f"/Users/{user['id']}", tag(user)
    current = scim.patch(path, {"op": "replace", "path": "displayName", "value": "Two"}, expect=200)
    refused = [("If-Match", stale)]
    scim.put(path, {"schemas": [USER], "userName": "v@example.com"}, headers=refused, expect=412)
    scim.patch(path, {"op": "replace", "path": "displayName", "value": "Three"}, headers=refused, expect=412)
    scim.delete(path, headers=refused, expect=412)
    assert scim.get(path, expect=200).json == current.json


def test_a_current_if_match_lets_the_change_through(scim, user):
    path, version = f"/Users/{user['id']}", tag(user)
    for number, spelling in enumerate((lambda t: t, lambda t: t.removeprefix("W/"), lambda t: "*", lambda t: f'"x", {t}')):
        operation = {"op": "replace", "path": "title", "value": f"T{number}"}
        version = tag(scim.patch(path, operation, headers=[("If-Match", spelling(version))], expect=200))
    scim.delete(path, headers=[("If-Match", version)], expect=204)


def test_if_match_on_a_missing_user_is_404(scim):
    path = "/Users/01890000-0000-7000-8000-000000000000"
    scim.patch(path, {"op": "replace", "path": "title", "value": "T"}, headers=[("If-Match", "*")], expect=404)


def test_if_none_match_on_a_write_is_412(scim, user):
    body = {"schemas": [USER], "userName": "v@example.com"}
    scim.put(f"/Users/{user['id']}", body, headers=[("If-None-Match", "*")], expect=412)


def test_writes_that_change_nothing_keep_the_version(scim, user):
    path = f"/Users/{user['id']}"
    assert scim.put(path, scim.get(path, expect=200).json, expect=200).json == user.json
    assert scim.patch(path, {"op": "replace", "path": "displayName", "value": "One"}, expect=200).json == user.json
    member = user["id"]
    group = scim.new_group(members=[member])
    again = scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": member}]}, expect=204)
    assert tag(again) == tag(group)
    absent = scim.new_user()["id"]
    nothing = scim.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{absent}"]'}, expect=204)
    assert tag(nothing) == tag(group)


def test_joining_and_leaving_a_group_changes_both_versions(scim, user):
    path = f"/Users/{user['id']}"
    group = scim.new_group()
    joined = scim.patch(
        f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": user["id"]}]}, expect=204
    )
    assert tag(joined) != tag(group)
    member = scim.get(path, expect=200)
    assert tag(member) != tag(user)
    scim.get(path, headers=[("If-None-Match", tag(user))], expect=200)
    scim.put(f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": group["displayName"]}, expect=200)
    left = scim.get(path, expect=200)
    assert tag(left) != tag(member) and "groups" not in left


def test_renaming_a_group_changes_the_version_of_its_members(scim, user):
    group = scim.new_group("Before", [user["id"]])
    before = scim.get(f"/Users/{user['id']}", expect=200)
    scim.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "After"}, expect=204)
    after = scim.get(f"/Users/{user['id']}", expect=200)
    assert after["groups"][0]["display"] == "After"
    assert tag(after) != tag(before)


def test_head_is_get_without_a_body(scim, user):
    head = scim.request("HEAD", f"/Users/{user['id']}", expect=200)
    get = scim.get(f"/Users/{user['id']}", expect=200)
    for name in ("etag", "content-type", "content-length", "location"):
        assert head.headers[name] == get.headers[name], name
