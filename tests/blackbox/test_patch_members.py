"""PATCH of groups' members, and of members and attributes together: nothing of it half, and no more rows than changes."""

import pytest

from harness.scim import GROUP, USER, patch_of

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def user(scim):
    return scim.new_user(title="T", emails=[{"value": "h@example.com", "type": "home"}])


def path_of(resource):
    kind = resource["meta"]["resourceType"]
    return f"/{kind}s/{resource['id']}"


def refused(scim, resource, *operations, scim_type, status=400, json=None):
    """The message is refused, and nothing has changed."""
    before = scim.get(path_of(resource), expect=200)
    answer = scim.patch(path_of(resource), json=json or patch_of(*operations), expect=status)
    assert answer.json.get("scimType") == scim_type, answer
    after = scim.get(path_of(resource), expect=200)
    assert after.json == before.json and after.headers["etag"] == before.headers["etag"]
    return answer


def unchanged(scim, resource, *operations, status=200):
    """Accepted, but nothing has changed: neither version nor lastModified."""
    before = scim.get(path_of(resource), expect=200)
    answer = scim.patch(path_of(resource), json=patch_of(*operations), expect=status)
    assert answer.headers["etag"] == before.headers["etag"]
    assert scim.get(path_of(resource), expect=200).json == before.json


def changes(org):
    where = f"directory_id = X'{org.rollcall.id_bytes(org.directory_id).hex()}'"
    return org.rollcall.database.query(f"SELECT COUNT(*) FROM `change` WHERE {where}")[0][0]


def test_P_04_members_and_attributes_are_one_whole(org, scim, user):
    scim.new_group("taken")
    group = scim.new_group("mine")
    join = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    rename = {"op": "replace", "path": "displayName", "value": "taken"}
    stranger = {"op": "add", "path": "members", "value": [{"value": "01890a5d-ac96-774b-bcce-b302099a8057"}]}
    refused(scim, group, join, rename, scim_type="uniqueness", status=409)
    refused(scim, group, {**rename, "value": "free"}, join, stranger, scim_type="invalidValue")
    where = f"directory_id = X'{org.rollcall.id_bytes(org.directory_id).hex()}'"
    written = org.rollcall.database.query(f"SELECT COUNT(*) FROM `change` WHERE kind IN (2, 4) AND {where}")
    assert written[0][0] == 0, "refused operations leave no trace"


def test_P_18_P_33_adding_what_is_there_changes_nothing(org, scim, user):
    group = scim.new_group(members=[user["id"]])
    count = changes(org)
    unchanged(scim, user, {"op": "add", "path": "emails", "value": user["emails"]})
    unchanged(scim, user, {"op": "add", "path": "title", "value": "T"})
    member = {"op": "add", "path": "members", "value": [{"value": user["id"], "display": "other", "$ref": "x"}]}
    unchanged(scim, group, member, status=204)
    assert changes(org) == count, "no row of change either"


def test_P_33_no_net_change_is_no_change(org, scim, user):
    group = scim.new_group(members=[user["id"]])
    count = changes(org)
    unchanged(scim, user, {"op": "replace", "path": "title", "value": "T"})
    unchanged(scim, user, {"op": "replace", "path": "title", "value": "U"}, {"op": "replace", "path": "title", "value": "T"})
    unchanged(scim, user, {"op": "add", "path": "displayName", "value": "D"}, {"op": "remove", "path": "displayName"})
    unchanged(scim, user, {"op": "replace", "path": "emails", "value": user["emails"]})
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


def test_P_37_a_hundred_operations_in_one_request(scim, user):
    operations = [{"op": "add", "path": "phoneNumbers", "value": [{"value": f"+{i}", "type": f"t{i}"}]} for i in range(50)]
    operations += [{"op": "replace", "path": f'phoneNumbers[type eq "t{i}"].value', "value": f"-{i}"} for i in range(50)]
    answer = scim.patch(path_of(user), *operations, expect=200)
    assert [number["value"] for number in answer["phoneNumbers"]] == [f"-{i}" for i in range(50)]


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
@pytest.fixture(scope="module")
def many(shared_rollcall):
    """An organization with 1,200 users, put there by SCIM in bulk."""
    org = shared_rollcall.new_organization()
    ids = []
    for start in range(0, 1200, 400):
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": str(i), "data": {"schemas": [USER], "userName": f"u{i}"}}
            for i in range(start, start + 400)
        ]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
        answer = org.scim.post("/Bulk", body, expect=200)
        ids += [operation["location"].rsplit("/", 1)[1] for operation in answer["Operations"]]
    yield org, ids
    org.scim.close()


def test_P_37_over_a_thousand_members_in_one_operation(many):
    org, ids = many
    scim = org.scim
    group = scim.new_group()
    value = [{"value": user} for user in ids]
    scim.patch(path_of(group), {"op": "add", "path": "members", "value": value}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(ids)
    again = scim.patch(path_of(group), {"op": "add", "path": "members", "value": value}, expect=204)
    assert again.headers["etag"] == 'W/"2"', "all were there"
    scim.patch(path_of(group), {"op": "Remove", "path": "members", "value": value[:1100]}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(ids[1100:])
    scim.patch(path_of(group), {"op": "replace", "path": "members", "value": value[:1150]}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(ids[:1150])
    bad = value[:600] + [{"value": group["id"][:-4] + "0000"}] + value[600:]
    refused(scim, group, {"op": "replace", "path": "members", "value": bad}, scim_type="invalidValue")


def test_U_07_put_of_a_large_group_writes_the_difference(many):
    org, ids = many
    group = org.scim.new_group(members=ids[:1000])
    wanted = ids[5:1005]
    body = {"schemas": [GROUP], "displayName": group["displayName"], "members": [{"value": user} for user in wanted]}
    answer = org.scim.put(path_of(group), body, expect=200)
    assert {m["value"] for m in answer["members"]} == set(wanted)
    written = org.rollcall.database.query(
        f"SELECT kind, LENGTH(members) FROM `change` WHERE version = 3 AND resource_id = X'{group['id'].replace('-', '')}'"
    )
    assert [tuple(row) for row in written] == [(4, 10 * 17)], "ten rows: five that went, five that came"


def test_P_37_a_group_may_be_written_with_tens_of_thousands_of_members(scim, user):
    """25,000 objects in more than a MiB. Who is removed need not be there."""
    group = scim.new_group(members=[user["id"]])
    some = [{"value": f"01890a5d-ac96-774b-bcce-b302{n:08x}"} for n in range(25_000)]
    unchanged(scim, group, {"op": "remove", "path": "members", "value": some}, status=204)
    scim.patch(path_of(group), {"op": "remove", "path": "members", "value": some * 7}, expect=413)
    too_many = [{"value": "x"}] * 60_001
    refused(scim, group, {"op": "remove", "path": "members", "value": too_many}, scim_type="invalidSyntax")
