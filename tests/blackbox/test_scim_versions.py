"""Versions: ETag, If-Match, If-None-Match, and what does not change them."""

import pytest

from harness.scim import GROUP, USER


@pytest.fixture
def user(scim):
    return scim.new_user("v@example.com", displayName="One")


def tag(answer):
    return answer.headers["etag"]


def test_V_01_V_02_every_reply_with_one_resource_has_a_weak_tag_equal_to_its_version(scim, user):
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


def test_V_03_a_get_with_a_current_tag_is_304(scim, user):
    path, current = f"/Users/{user['id']}", tag(user)
    for match in (current, "*", f'W/"nothing", {current}', current.removeprefix("W/")):
        answer = scim.get(path, headers=[("If-None-Match", match)], expect=304)
        assert tag(answer) == current
    scim.get(path, headers=[("If-None-Match", 'W/"nothing"')], expect=200)


def test_V_05_X_03_a_stale_if_match_is_412_and_changes_nothing(scim, user):
    path, stale = f"/Users/{user['id']}", tag(user)
    current = scim.patch(path, {"op": "replace", "path": "displayName", "value": "Two"}, expect=200)
    refused = [("If-Match", stale)]
    scim.put(path, {"schemas": [USER], "userName": "v@example.com"}, headers=refused, expect=412)
    scim.patch(path, {"op": "replace", "path": "displayName", "value": "Three"}, headers=refused, expect=412)
    scim.delete(path, headers=refused, expect=412)
    assert scim.get(path, expect=200).json == current.json


def test_V_05_V_06_a_current_if_match_in_any_spelling_lets_the_change_through(scim, user):
    path, version = f"/Users/{user['id']}", tag(user)
    for number, spelling in enumerate((lambda t: t, lambda t: t.removeprefix("W/"), lambda t: "*", lambda t: f'"x", {t}')):
        operation = {"op": "replace", "path": "title", "value": f"T{number}"}
        version = tag(scim.patch(path, operation, headers=[("If-Match", spelling(version))], expect=200))
    scim.delete(path, headers=[("If-Match", version)], expect=204)


def test_V_08_if_match_on_a_missing_user_is_404(scim):
    path = "/Users/01890000-0000-7000-8000-000000000000"
    scim.patch(path, {"op": "replace", "path": "title", "value": "T"}, headers=[("If-Match", "*")], expect=404)


def test_V_04_if_none_match_on_a_write_is_412(scim, user):
    body = {"schemas": [USER], "userName": "v@example.com"}
    scim.put(f"/Users/{user['id']}", body, headers=[("If-None-Match", "*")], expect=412)


def test_V_02_P_33_U_06_writes_that_change_nothing_keep_the_version(scim, user):
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


def test_V_02_joining_and_leaving_a_group_changes_both_versions(scim, user):
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


def test_V_02_renaming_a_group_changes_the_version_of_its_members(scim, user):
    group = scim.new_group("Before", [user["id"]])
    before = scim.get(f"/Users/{user['id']}", expect=200)
    scim.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "After"}, expect=204)
    after = scim.get(f"/Users/{user['id']}", expect=200)
    assert after["groups"][0]["display"] == "After"
    assert tag(after) != tag(before)


def test_H_13_V_01_head_is_get_without_a_body(scim, user):
    head = scim.request("HEAD", f"/Users/{user['id']}", expect=200)
    get = scim.get(f"/Users/{user['id']}", expect=200)
    for name in ("etag", "content-type", "content-length", "location"):
        assert head.headers[name] == get.headers[name], name


def test_V_01_groups_and_replies_without_content_have_the_tag_too(scim, user):
    group = scim.new_group("Group")
    path = f"/Groups/{group['id']}"
    renamed = scim.patch(path, {"op": "replace", "path": "displayName", "value": "Renamed"}, expect=204)
    shown = scim.get(path, expect=200)
    assert tag(group) == group["meta"]["version"] != tag(renamed) == tag(shown) == shown["meta"]["version"]
    listed = scim.get("/Groups", expect=200)["Resources"][0]
    assert listed["meta"]["version"] == tag(shown)


def test_V_02_Q_08_projections_share_one_tag(scim, user):
    path = f"/Users/{user['id']}"
    for query in ("?attributes=userName", "?excludedAttributes=displayName", "?attributes=meta.version"):
        assert tag(scim.get(path + query, expect=200)) == tag(user)
        scim.get(path + query, headers=[("If-None-Match", tag(user))], expect=304)


def test_V_03_head_and_lists_of_tags_compare_weakly(scim, user):
    path = f"/Users/{user['id']}"
    for match in (tag(user), "*", f'"a", "b" , {tag(user)}', tag(user).removeprefix("W/")):
        assert tag(scim.request("HEAD", path, headers=[("If-None-Match", match)], expect=304)) == tag(user)
    scim.request("HEAD", path, headers=[("If-None-Match", '"a", "b"')], expect=200)


@pytest.mark.parametrize("match", ["*", "current", '"x", current'])
def test_V_04_if_none_match_stops_every_write_to_what_is_there(scim, user, match):
    path, headers = f"/Users/{user['id']}", [("If-None-Match", match.replace("current", tag(user)))]
    scim.put(path, {"schemas": [USER], "userName": "v@example.com"}, headers=headers, expect=412)
    scim.patch(path, {"op": "replace", "path": "title", "value": "T"}, headers=headers, expect=412)
    scim.delete(path, headers=headers, expect=412)
    assert scim.get(path, expect=200).json == user.json
    scim.delete(path, headers=[("If-None-Match", 'W/"other"')], expect=204)


def test_V_06_the_four_spellings_of_a_tag(scim, user):
    opaque = tag(user).removeprefix("W/")
    for spelling, status in ((f"W/{opaque}", 200), (opaque, 200), ('W/"x"', 412), ('"x"', 412)):
        body = {"schemas": [USER], "userName": "v@example.com", "displayName": "One"}
        scim.put(f"/Users/{user['id']}", body, headers=[("If-Match", spelling)], expect=status)


def test_V_07_preconditions_come_after_authentication_route_and_media_type(scim, user):
    path, stale = f"/Users/{user['id']}", [("If-Match", 'W/"0"'), ("If-None-Match", "*")]
    body = {"schemas": [USER], "userName": "v@example.com"}
    scim.put(path, body, headers=stale, authorization="Bearer wrong", expect=401)
    scim.put(f"/Nope{path}", body, headers=stale, expect=404)
    scim.request("POST", path, json=body, headers=stale, expect=405)
    scim.put(path, body, headers=[*stale, ("Content-Type", "text/plain")], expect=415)
    scim.put(path, body, headers=[*stale, ("Accept", "text/html")], expect=406)
    scim.put(path, body, headers=stale, expect=412)
    # If-Match is looked at first: a GET whose If-Match fails is 412, however well its If-None-Match matches.
    scim.get(path, headers=[("If-Match", 'W/"0"'), ("If-None-Match", tag(user))], expect=412)
    scim.get(path, headers=[("If-Match", tag(user)), ("If-None-Match", tag(user))], expect=304)


@pytest.mark.parametrize("malformed", ["3", "W/3", '"3', '3"', '*, "3"', "w/", '"a" "b"'])
def test_V_08_a_malformed_tag_is_invalid_value(scim, user, malformed):
    path = f"/Users/{user['id']}"
    for name in ("If-Match", "If-None-Match"):
        refused = scim.patch(path, {"op": "replace", "path": "title", "value": "T"}, headers=[(name, malformed)], expect=400)
        assert refused["scimType"] == "invalidValue"
    assert scim.get(path, expect=200).json == user.json


def test_V_10_dates_in_conditions_are_ignored_and_none_is_sent(scim, user):
    path = f"/Users/{user['id']}"
    assert "last-modified" not in scim.get(path, expect=200).headers
    future, past = "Tue, 01 Jan 2999 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 GMT"
    scim.get(path, headers=[("If-Modified-Since", future)], expect=200)
    operation = {"op": "replace", "path": "title", "value": "T"}
    scim.patch(path, operation, headers=[("If-Unmodified-Since", past)], expect=200)


def test_V_07_if_match_is_looked_at_before_if_none_match(scim, user):
    path = f"/Users/{user['id']}"
    scim.get(path, headers=[("If-Match", 'W/"stale"'), ("If-None-Match", tag(user))], expect=412)
    scim.get(path, headers=[("If-Match", tag(user)), ("If-None-Match", tag(user))], expect=304)
