"""Groups in groups: what `groups` of a user says of them, and who is found by them."""

import uuid

from harness.scim import GROUP


def groups_of(scim, user):
    shown = scim.get(f"/Users/{user['id']}", expect=200).json.get("groups", [])
    assert len({entry["value"] for entry in shown}) == len(shown), "each group once"
    return {entry["display"]: entry["type"] for entry in shown}


def put_in(scim, group, *members):
    value = [{"value": member["id"]} for member in members]
    scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": value}, expect=204)


def take_out(scim, group, member):
    scim.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{member["id"]}"]'}, expect=204)


def found(scim, filter):
    answer = scim.find("/Users", filter)
    assert answer["totalResults"] == len(answer["Resources"])
    return {user["id"] for user in answer["Resources"]}


def test_A_32_groups_show_direct_and_indirect_ones_each_once(scim):
    user = scim.new_user()
    inner = scim.new_group("inner", [user["id"]])
    middle = scim.new_group("middle", [inner["id"]])
    scim.new_group("outer", [middle["id"], inner["id"], user["id"]])
    scim.new_group("beside")
    assert groups_of(scim, user) == {"inner": "direct", "middle": "indirect", "outer": "direct"}
    shown = scim.get(f"/Users/{user['id']}", expect=200)["groups"]
    for entry in shown:
        assert entry["$ref"].endswith(f"/Groups/{entry['value']}")
        scim.get(entry["$ref"][len(scim.connector_url) :], expect=200)
    take_out(scim, middle, inner)
    assert groups_of(scim, user) == {"inner": "direct", "outer": "direct"}


def test_A_32_groups_sent_by_a_client_are_ignored(scim):
    user, group = scim.new_user(), scim.new_group()
    scim.put(f"/Users/{user['id']}", {**user.json, "groups": [{"value": group["id"]}]}, expect=200)
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"groups": [{"value": group["id"]}]}}, expect=200)
    assert groups_of(scim, user) == {}
    assert scim.get(f"/Groups/{group['id']}", expect=200).json.get("members", []) == []


def test_A_37_rings_of_groups_end(scim):
    user = scim.new_user()
    first, second, third = scim.new_group("first", [user["id"]]), scim.new_group("second"), scim.new_group("third")
    put_in(scim, first, first)
    put_in(scim, second, first)
    put_in(scim, third, second)
    put_in(scim, first, third)
    assert groups_of(scim, user) == {"first": "direct", "second": "indirect", "third": "indirect"}
    for group in (first, second, third):
        assert found(scim, f'groups.value eq "{group["id"]}"') == {user["id"]}
    scim.delete(f"/Groups/{second['id']}", expect=204)
    assert groups_of(scim, user) == {"first": "direct"}


def test_A_37_fifty_levels_deep(scim):
    user = scim.new_user()
    below = scim.new_group("level 0", [user["id"]])
    for level in range(1, 50):
        below = scim.new_group(f"level {level}", [below["id"]])
    expected = {f"level {level}": "indirect" for level in range(1, 50)} | {"level 0": "direct"}
    assert groups_of(scim, user) == expected
    listed = scim.get("/Users", expect=200)["Resources"]
    assert {entry["display"]: entry["type"] for entry in listed[0]["groups"]} == expected
    assert found(scim, f'groups.value eq "{below["id"]}"') == {user["id"]}


def test_A_37_a_deleted_user_leaves_all_members_and_its_groups_get_new_versions(scim):
    user, other = scim.new_user(), scim.new_user()
    group = scim.new_group(members=[user["id"], other["id"]])
    scim.delete(f"/Users/{user['id']}", expect=204)
    now = scim.get(f"/Groups/{group['id']}", expect=200)
    assert [member["value"] for member in now["members"]] == [other["id"]]
    assert now["meta"]["version"] != group["meta"]["version"]
    assert now["meta"]["lastModified"] >= group["meta"]["lastModified"]


def test_A_37_a_deleted_group_leaves_the_groups_it_was_in(scim):
    user = scim.new_user()
    inner = scim.new_group("inner", [user["id"]])
    outer = scim.new_group("outer", [inner["id"]])
    scim.delete(f"/Groups/{inner['id']}", expect=204)
    now = scim.get(f"/Groups/{outer['id']}", expect=200)
    assert now.json.get("members", []) == []
    assert now["meta"]["version"] != outer["meta"]["version"]
    assert groups_of(scim, user) == {}


def test_A_32_the_version_counts_indirect_groups(scim):
    user = scim.new_user()
    inner, outer = scim.new_group("inner", [user["id"]]), scim.new_group("outer")
    path = f"/Users/{user['id']}"
    before = scim.get(path, expect=200)
    put_in(scim, outer, inner)
    after = scim.get(path, expect=200)
    assert after.headers["etag"] != before.headers["etag"]
    scim.patch(f"/Groups/{outer['id']}", {"op": "replace", "path": "displayName", "value": "renamed"}, expect=204)
    renamed = scim.get(path, expect=200)
    assert renamed.headers["etag"] != after.headers["etag"]
    tags = {
        renamed.headers["etag"],
        scim.get(f"{path}?attributes=userName", expect=200).headers["etag"],
        scim.get("/Users", expect=200)["Resources"][0]["meta"]["version"],
        scim.find("/Users", f'userName eq "{user["userName"]}"')["Resources"][0]["meta"]["version"],
        scim.find("/Users", 'groups.type eq "indirect"')["Resources"][0]["meta"]["version"],
        scim.patch(path, {"op": "add", "path": "active", "value": True}, expect=200).headers["etag"],
    }
    assert tags == {renamed.headers["etag"]}, "whichever way it is read"
    stale = [("If-Match", after.headers["etag"])]
    scim.patch(path, {"op": "add", "path": "title", "value": "T"}, headers=stale, expect=412)
    scim.delete(path, headers=stale, expect=412)
    scim.delete(path, headers=[("If-Match", renamed.headers["etag"])], expect=204)


def test_A_32_filters_find_what_groups_shows(scim):
    near, far, none = scim.new_user(), scim.new_user(), scim.new_user()
    inner = scim.new_group("inner", [far["id"]])
    outer = scim.new_group("outer", [inner["id"], near["id"]])
    assert found(scim, f'groups.value eq "{outer["id"]}"') == {near["id"], far["id"]}
    assert found(scim, f'groups eq "{outer["id"]}"') == {near["id"], far["id"]}
    assert found(scim, f'groups.value eq "{inner["id"]}"') == {far["id"]}
    assert found(scim, f'groups[value eq "{outer["id"]}" and type eq "direct"]') == {near["id"]}
    assert found(scim, 'groups.type eq "indirect"') == {far["id"]}
    assert found(scim, 'groups.display eq "outer"') == {near["id"], far["id"]}
    assert found(scim, "not (groups pr)") == {none["id"]}
    assert found(scim, f'groups.value eq "{uuid.uuid4()}"') == set()
    page = scim.find("/Users", f'groups.value eq "{outer["id"]}"', "&startIndex=2&count=1")
    assert (page["totalResults"], page["itemsPerPage"]) == (2, 1)


def test_A_32_a_group_below_two_groups_brings_its_people_once(scim):
    users = [scim.new_user()["id"] for _ in range(5)]
    left, right = scim.new_group(members=users[:3]), scim.new_group(members=users[1:])
    top = scim.new_group("top", [left["id"], right["id"], users[2]])
    assert found(scim, f'groups.value eq "{top["id"]}"') == set(users)


def test_A_32_the_admin_api_shows_the_same(org):
    scim = org.scim
    user = scim.new_user()
    inner = scim.new_group("inner", [user["id"]])
    scim.new_group("outer", [inner["id"]])
    expected = scim.get(f"/Users/{user['id']}", expect=200).json
    base = f"/v1/organizations/{org.id}/users"
    for shown in (
        org.rollcall.admin.get(f"{base}/{user['id']}", expect=200).json,
        org.rollcall.admin.get(base, expect=200)["users"][0],
    ):
        assert shown["scim"] == expected
        assert {group["displayName"]: group["type"] for group in shown["groups"]} == {
            "inner": "direct",
            "outer": "indirect",
        }


def test_A_37_a_group_may_hold_itself_and_shows_its_new_name(scim):
    group = scim.new_group("old")
    body = {"schemas": [GROUP], "displayName": "new", "members": [{"value": group["id"]}]}
    answer = scim.put(f"/Groups/{group['id']}", body, expect=200)
    assert [(m["display"], m["type"]) for m in answer["members"]] == [("new", "Group")]
