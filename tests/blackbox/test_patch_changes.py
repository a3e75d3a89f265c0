"""add, remove and replace, on every kind of attribute."""

import pytest

from harness.scim import ENTERPRISE, USER, patch_of

WORK = {"value": "w@example.com", "type": "work", "primary": True}
HOME = {"value": "h@example.com", "type": "home"}
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def user(scim):
    return scim.new_user(
        title="T", nickName="N", name={"givenName": "G", "familyName": "F"}, emails=[dict(WORK), dict(HOME)]
    )


def path_of(resource):
    return f"/{resource['meta']['resourceType']}s/{resource['id']}"


def patched(scim, resource, *operations):
    """The reply, which is what a GET shows afterwards."""
    answer = scim.patch(path_of(resource), *operations, expect=200)
    assert scim.get(path_of(resource), expect=200).json == answer.json
    return answer


def unchanged(scim, resource, *operations, status=200):
    """Accepted, but nothing has changed: neither version nor lastModified."""
    before = scim.get(path_of(resource), expect=200)
    answer = scim.patch(path_of(resource), json=patch_of(*operations), expect=status)
    assert answer.headers["etag"] == before.headers["etag"]
    assert scim.get(path_of(resource), expect=200).json == before.json


def refused(scim, resource, *operations, scim_type):
    before = scim.get(path_of(resource), expect=200)
    answer = scim.patch(path_of(resource), *operations, expect=400)
    assert answer["scimType"] == scim_type, answer
    assert scim.get(path_of(resource), expect=200).json == before.json
    return answer


def changes(org):
    where = f"directory_id = X'{org.rollcall.id_bytes(org.directory_id).hex()}'"
    return org.rollcall.database.query(f"SELECT COUNT(*) FROM `change` WHERE {where}")[0][0]


# --- what may be changed at all ---


def test_P_10_P_24_read_only_attributes_cannot_be_changed(scim, user):
    for path in ("id", "meta", "meta.created", "groups", "groups.value", f"{ENTERPRISE}:manager.displayName"):
        answer = refused(scim, user, {"op": "replace", "path": path, "value": "x"}, scim_type="mutability")
        assert path.split(":")[-1].split(".")[-1] in answer["detail"]
        refused(scim, user, {"op": "remove", "path": path}, scim_type="mutability")
    refused(scim, user, {"op": "add", "path": "groups", "value": [{"value": NOBODY}]}, scim_type="mutability")


def test_P_10_values_of_another_type_are_refused(scim, user):
    for path, value in (("title", 7), ("active", "maybe"), ("emails", 7), ("emails", [7]), ("name", 7), ("name.givenName", {})):
        refused(scim, user, {"op": "replace", "path": path, "value": value}, scim_type="invalidValue")


def test_P_10_an_immutable_attribute_is_set_once(org, scim):
    schema = {
        "id": "urn:example:once",
        "name": "Once",
        "attributes": [{"name": "badge", "type": "string", "description": "b", "mutability": "immutable"}],
    }
    extended = {"name": "User", "schemaExtensions": [{"schema": schema["id"], "required": False}]}
    org.set_rules(catalog={"schemas": [schema], "resource_types": [extended]})
    user = scim.new_user()
    add = {"op": "add", "path": f"{schema['id']}:badge", "value": "1"}
    assert patched(scim, user, add)[schema["id"]]["badge"] == "1"
    unchanged(scim, user, add)
    refused(scim, user, {**add, "value": "2"}, scim_type="mutability")
    refused(scim, user, {**add, "op": "replace", "value": "2"}, scim_type="mutability")
    refused(scim, user, {"op": "remove", "path": add["path"]}, scim_type="mutability")


def test_P_11_a_new_primary_value_makes_all_others_false(scim):
    new = {"value": "n@example.com", "type": "other", "primary": True}
    for operation in (
        {"op": "add", "path": "emails", "value": [new]},
        {"op": "add", "value": {"emails": [new]}},
        {"op": "add", "path": 'emails[type eq "home"]', "value": {"primary": True}},
        {"op": "add", "path": 'emails[type eq "home"].primary', "value": True},
        {"op": "replace", "path": 'emails[type eq "home"].primary', "value": True},
        {"op": "replace", "path": 'emails[type eq "home"]', "value": new},
        {"op": "replace", "path": 'emails[type eq "new" and value eq "m@example.com"].primary', "value": True},
    ):
        user = scim.new_user(emails=[dict(WORK), dict(HOME)])
        emails = patched(scim, user, operation)["emails"]
        primary = [email for email in emails if email.get("primary")]
        assert len(primary) == 1 and primary[0]["type"] != "work", operation
        assert any(email["type"] == "work" for email in emails), operation


def test_P_11_two_primary_values_in_one_operation_are_refused(scim, user):
    two = [{"value": "a@example.com", "primary": True}, {"value": "b@example.com", "primary": True}]
    for op in ("add", "replace"):
        refused(scim, user, {"op": op, "path": "emails", "value": two}, scim_type="invalidValue")
        refused(scim, user, {"op": op, "value": {"emails": two}}, scim_type="invalidValue")


def test_P_12_schemas_follow_the_data_of_extensions(scim, user):
    assert user["schemas"] == [USER]
    added = patched(scim, user, {"op": "add", "path": f"{ENTERPRISE}:employeeNumber", "value": "7"})
    assert added["schemas"] == [USER, ENTERPRISE] and added[ENTERPRISE] == {"employeeNumber": "7"}
    removed = patched(scim, user, {"op": "remove", "path": f"{ENTERPRISE}:employeeNumber"})
    assert removed["schemas"] == [USER] and ENTERPRISE not in removed.json


def test_P_13_the_result_is_checked_as_a_whole(scim, user):
    other = scim.new_user()
    taken = {"op": "replace", "path": "userName", "value": other["userName"].upper()}
    before = scim.get(path_of(user), expect=200)
    assert scim.patch(path_of(user), {"op": "add", "path": "title", "value": "x"}, taken, expect=409)["scimType"] == "uniqueness"
    assert scim.get(path_of(user), expect=200).json == before.json
    back = {"op": "add", "path": "userName", "value": "again"}
    refused(scim, user, {"op": "remove", "path": "userName"}, back, scim_type="mutability")


# --- add ---


def test_P_14_add_needs_a_value(scim, user):
    refused(scim, user, {"op": "add", "path": "title"}, scim_type="invalidValue")
    refused(scim, user, {"op": "add"}, scim_type="invalidValue")
    refused(scim, user, {"op": "add", "path": "title", "value": None}, scim_type="invalidValue")


def test_P_15_add_without_path_adds_each_attribute(scim, user):
    more = {"value": "m@example.com", "type": "other"}
    answer = patched(
        scim,
        user,
        {"op": "add", "value": {"emails": [more], "displayName": "D", ENTERPRISE: {"department": "E"}}},
    )
    assert answer["emails"] == [WORK, HOME, more]
    assert answer["displayName"] == "D" and answer[ENTERPRISE] == {"department": "E"} and answer["nickName"] == "N"
    refused(scim, user, {"op": "add", "value": "title"}, scim_type="invalidValue")


def test_P_16_add_to_a_single_value_sets_or_replaces_it(scim, user):
    assert patched(scim, user, {"op": "add", "path": "title", "value": "U"})["title"] == "U"
    named = patched(scim, user, {"op": "add", "path": "name", "value": {"givenName": "H"}})
    assert named["name"] == {"givenName": "H", "familyName": "F"}, "what is not named stays"
    bare = scim.new_user()
    assert patched(scim, bare, {"op": "add", "path": "name", "value": {"givenName": "H"}})["name"] == {"givenName": "H"}
    assert patched(scim, bare, {"op": "add", "path": "name.familyName", "value": "F"})["name"]["familyName"] == "F"


def test_P_17_add_to_a_list_appends(scim, user):
    one, two, three = ({"value": f"{i}@example.com", "type": f"t{i}"} for i in range(3))
    assert patched(scim, user, {"op": "add", "path": "emails", "value": [one, two]})["emails"] == [WORK, HOME, one, two]
    assert patched(scim, user, {"op": "add", "path": "emails", "value": three})["emails"][-1] == three
    bare = scim.new_user()
    assert patched(scim, bare, {"op": "add", "path": "emails", "value": [one]})["emails"] == [one]


def test_P_18_P_33_adding_what_is_there_changes_nothing(org, scim, user):
    group = scim.new_group(members=[user["id"]])
    count = changes(org)
    unchanged(scim, user, {"op": "add", "path": "emails", "value": [dict(HOME)]})
    unchanged(scim, user, {"op": "add", "path": "title", "value": "T"})
    unchanged(scim, user, {"op": "add", "path": "name", "value": {"givenName": "G"}})
    member = {"op": "add", "path": "members", "value": [{"value": user["id"], "display": "other", "$ref": "x"}]}
    unchanged(scim, group, member, status=204)
    assert changes(org) == count, "no row of change either"
    differs = patched(scim, user, {"op": "add", "path": "emails", "value": [{**HOME, "display": "D"}]})
    assert differs.headers["etag"] != user.headers["etag"], "complex values are equal in all sub-attributes or not"


def test_P_19_add_to_matching_values_merges(scim, user):
    merged = patched(scim, user, {"op": "add", "path": 'emails[type eq "home"]', "value": {"display": "D"}})
    assert merged["emails"] == [WORK, {**HOME, "display": "D"}]


def test_P_19_P_31_no_value_matches_strictly(org, scim, user):
    org.set_rules(policy={"strict": True})
    for op in ("add", "replace"):
        for path in ('emails[type eq "other"]', 'emails[type eq "other"].value'):
            value = "x@example.com" if path.endswith("value") else {"value": "x@example.com"}
            refused(scim, user, {"op": op, "path": path, "value": value}, scim_type="noTarget")


def test_L_06_no_value_matches_so_one_is_made(scim, user):
    answer = patched(scim, user, {"op": "replace", "path": 'emails[type eq "other"].value', "value": "x@example.com"})
    assert answer["emails"][-1] == {"value": "x@example.com", "type": "other"}


# --- remove ---


def test_P_20_remove_needs_a_path(scim, user):
    refused(scim, user, {"op": "remove"}, scim_type="noTarget")
    refused(scim, user, {"op": "remove", "value": {"title": "T"}}, scim_type="noTarget")


def test_P_21_remove_unassigns_an_attribute(scim, user):
    answer = patched(scim, user, {"op": "remove", "path": "title"}, {"op": "remove", "path": "emails"})
    assert "title" not in answer.json and "emails" not in answer.json
    assert patched(scim, user, {"op": "remove", "path": "name.givenName"})["name"] == {"familyName": "F"}
    assert "name" not in patched(scim, user, {"op": "remove", "path": "name"}).json


def test_P_22_remove_with_a_filter_removes_what_matches(scim, user):
    assert patched(scim, user, {"op": "remove", "path": 'emails[type eq "work"].primary'})["emails"][0] == {
        "value": "w@example.com",
        "type": "work",
    }
    assert patched(scim, user, {"op": "remove", "path": 'emails[type eq "work"]'})["emails"] == [HOME]
    assert "emails" not in patched(scim, user, {"op": "remove", "path": 'emails[value co "@"]'}).json


def test_P_22_remove_members_by_filter(scim):
    users = [scim.new_user()["id"] for _ in range(4)]
    group = scim.new_group(members=users)
    filter = f'members[value eq "{users[0]}" or value eq "{users[1]}"]'
    scim.patch(path_of(group), {"op": "remove", "path": filter}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(users[2:])
    scim.patch(path_of(group), {"op": "remove", "path": "members"}, expect=204)
    assert "members" not in scim.get(path_of(group), expect=200).json


def test_P_23_removing_what_does_not_match_changes_nothing(scim, user):
    group = scim.new_group(members=[user["id"]])
    unchanged(scim, group, {"op": "remove", "path": f'members[value eq "{NOBODY}"]'}, status=204)
    unchanged(scim, user, {"op": "remove", "path": 'emails[type eq "other"]'})
    unchanged(scim, user, {"op": "remove", "path": 'emails[type eq "other"].value'})


def test_P_24_a_required_attribute_cannot_be_removed(scim, user):
    group = scim.new_group()
    assert "userName" in refused(scim, user, {"op": "remove", "path": "userName"}, scim_type="mutability")["detail"]
    assert "displayName" in refused(scim, group, {"op": "remove", "path": "displayName"}, scim_type="mutability")["detail"]


def test_P_25_removing_what_is_not_there_changes_nothing(scim, user):
    patched(scim, user, {"op": "remove", "path": "title"})
    unchanged(scim, user, {"op": "remove", "path": "title"})
    unchanged(scim, user, {"op": "remove", "path": "addresses"}, {"op": "remove", "path": "name.middleName"})
    unchanged(scim, user, {"op": "remove", "path": f"{ENTERPRISE}:manager"})


# --- replace ---


def test_P_26_replace_without_path_leaves_the_rest(scim, user):
    answer = patched(scim, user, {"op": "replace", "value": {"active": False}})
    assert answer["active"] is False
    for name in ("userName", "title", "nickName", "name", "emails"):
        assert answer[name] == user[name]


def test_P_27_replace_of_a_value_and_of_a_whole_list(scim, user):
    new = [{"value": "n@example.com"}]
    answer = patched(
        scim, user, {"op": "replace", "path": "title", "value": "U"}, {"op": "replace", "path": "emails", "value": new}
    )
    assert answer["title"] == "U" and answer["emails"] == new


def test_P_28_replace_of_what_is_not_there_adds(scim):
    bare = scim.new_user()
    answer = patched(
        scim,
        bare,
        {"op": "replace", "path": "title", "value": "T"},
        {"op": "replace", "path": "emails", "value": [HOME]},
        {"op": "replace", "path": "name.givenName", "value": "G"},
    )
    assert (answer["title"], answer["emails"], answer["name"]) == ("T", [HOME], {"givenName": "G"})


def test_P_29_replace_of_a_complex_value_keeps_what_is_not_named(scim, user):
    answer = patched(scim, user, {"op": "replace", "path": "name", "value": {"familyName": "X"}})
    assert answer["name"] == {"givenName": "G", "familyName": "X"}
    answer = patched(scim, user, {"op": "replace", "value": {"name": {"givenName": "Y"}}})
    assert answer["name"] == {"givenName": "Y", "familyName": "X"}


def test_P_30_replace_of_matching_values(scim):
    addresses = [{"type": "work", "locality": "A", "country": "DE"}, {"type": "work", "locality": "B"}, {"type": "home", "locality": "C"}]
    user = scim.new_user(addresses=addresses)
    answer = patched(scim, user, {"op": "replace", "path": 'addresses[type eq "work"].locality', "value": "X"})
    assert [a["locality"] for a in answer["addresses"]] == ["X", "X", "C"]
    assert answer["addresses"][0]["country"] == "DE"
    whole = {"type": "home", "locality": "Y"}
    answer = patched(scim, user, {"op": "replace", "path": 'addresses[type eq "work" and country pr]', "value": whole})
    assert answer["addresses"][0] == whole, "not merged"


def test_P_32_null_and_nothing_remove(scim, user):
    for path in ("title", "name", "emails"):
        answer = patched(scim, user, {"op": "replace", "path": path, "value": None})
        assert path not in answer.json
    refreshed = scim.new_user(emails=[HOME], nickName="N")
    assert "emails" not in patched(scim, refreshed, {"op": "replace", "path": "emails", "value": []}).json
    assert "nickName" not in patched(scim, refreshed, {"op": "replace", "value": {"nickName": None}}).json
    for value in (None, [], ""):
        refused(scim, user, {"op": "replace", "path": "userName", "value": value}, scim_type="invalidValue")
    refused(scim, user, {"op": "replace", "path": "title"}, scim_type="invalidValue")


def test_P_33_no_net_change_is_no_change(org, scim, user):
    group = scim.new_group(members=[user["id"]])
    count = changes(org)
    unchanged(scim, user, {"op": "replace", "path": "title", "value": "T"})
    unchanged(scim, user, {"op": "replace", "path": "title", "value": "U"}, {"op": "replace", "path": "title", "value": "T"})
    unchanged(scim, user, {"op": "add", "path": "displayName", "value": "D"}, {"op": "remove", "path": "displayName"})
    unchanged(scim, user, {"op": "replace", "path": "emails", "value": [WORK, HOME]})
    here, other = {"value": user["id"]}, {"value": scim.new_user()["id"]}
    count += 1
    unchanged(scim, group, {"op": "replace", "path": "members", "value": [here]}, status=204)
    unchanged(
        scim,
        group,
        {"op": "remove", "path": "members", "value": [here]},
        {"op": "add", "path": "members", "value": [here, other]},
        {"op": "remove", "path": f'members[value eq "{other["value"]}"]'},
        status=204,
    )
    assert changes(org) == count


def test_P_34_what_a_group_says_of_a_member_cannot_be_changed(scim, user):
    group = scim.new_group(members=[user["id"]])
    for sub in ("display", "type", "$ref", "value"):
        path = f'members[value eq "{user["id"]}"].{sub}'
        refused(scim, group, {"op": "replace", "path": path, "value": "x"}, scim_type="mutability")


# --- members ---


def test_A_35_members_are_users_and_groups_of_the_directory(org, rollcall, scim, user):
    inner = scim.new_group()
    group = scim.new_group(members=[user["id"], inner["id"]])
    assert {(m["value"], m["type"]) for m in group["members"]} == {(user["id"], "User"), (inner["id"], "Group")}
    stranger = rollcall.new_organization().scim.new_user()
    for unknown in (NOBODY, stranger["id"], "bob", "", 7, None):
        add = {"op": "add", "path": "members", "value": [{"value": unknown}]}
        refused(scim, group, add, scim_type="invalidValue")
        refused(scim, group, {**add, "op": "replace"}, scim_type="invalidValue")


def test_A_35_A_13_a_member_without_a_value_is_refused_and_empties_nothing(scim, user):
    group = scim.new_group(members=[user["id"]])
    body = {"schemas": group["schemas"], "displayName": group["displayName"]}
    for members in ([{}], [{"value": None}], [{"display": "x"}], [None], [[]], [{"value": user["id"]}, {}], [{"$ref": None}]):
        answer = scim.put(path_of(group), {**body, "members": members}, expect=400)
        assert answer["scimType"] == "invalidValue" and "members" in answer["detail"]
        assert scim.post("/Groups", {**body, "displayName": "new", "members": members}, expect=400)["scimType"] == "invalidValue"
        for op in ("add", "replace"):
            refused(scim, group, {"op": op, "path": "members", "value": members}, scim_type="invalidValue")
    unchanged(scim, group, {"op": "remove", "path": "members", "value": [{}]}, status=204)


def test_A_36_the_server_says_who_a_member_is(scim):
    user = scim.new_user(displayName="Ada")
    group = scim.new_group()
    lies = {"value": user["id"].upper(), "display": "Eve", "type": "Group", "$ref": None}
    scim.patch(path_of(group), {"op": "Add", "path": "members", "value": [lies]}, expect=204)
    (member,) = scim.get(path_of(group), expect=200)["members"]
    reference = f"{scim.connector_url}/Users/{user['id']}"
    assert member == {"value": user["id"], "display": "Ada", "type": "User", "$ref": reference}
    scim.get(f"/Users/{user['id']}", expect=200)


def test_C_06_a_group_with_one_bad_member_is_not_made(scim, user):
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "half"}
    bad = scim.post("/Groups", {**body, "members": [{"value": user["id"]}, {"value": NOBODY}]}, expect=400)
    assert bad["scimType"] == "invalidValue" and NOBODY in bad["detail"]
    assert scim.find("/Groups", 'displayName eq "half"')["totalResults"] == 0
    assert "groups" not in scim.get(path_of(user), expect=200).json
    made = scim.post("/Groups", {**body, "members": [{"value": user["id"]}]}, expect=201)
    assert [m["value"] for m in made["members"]] == [user["id"]]


def test_U_07_put_replaces_the_members_as_a_whole(scim):
    users = [scim.new_user()["id"] for _ in range(3)]
    group = scim.new_group(members=users[:2])
    body = {"schemas": group["schemas"], "displayName": group["displayName"]}
    swapped = {**body, "members": [{"value": user, "display": "whatever"} for user in users[1:]]}
    assert {m["value"] for m in scim.put(path_of(group), swapped, expect=200)["members"]} == set(users[1:])
    assert "members" not in scim.put(path_of(group), body, expect=200).json


def test_L_22_group_names_are_unique_unless_the_policy_says_otherwise(org, scim):
    group = scim.new_group("Crew")
    body = {"schemas": group["schemas"], "displayName": "CREW"}
    assert scim.post("/Groups", body, expect=409)["scimType"] == "uniqueness"
    other = scim.new_group("Other")
    rename = {"op": "replace", "path": "displayName", "value": "crew"}
    scim.patch(path_of(other), rename, expect=409)
    scim.put(path_of(other), body, expect=409)
    org.set_rules(policy={"unique_group_names": False})
    scim.post("/Groups", body, expect=201)
    scim.patch(path_of(other), rename, expect=204)
    assert scim.find("/Groups", 'displayName eq "crew"')["totalResults"] == 3
