"""The examples of RFC 7644 section 3.5.2, on the wire. Entra's and Okta's own exchanges: test_entra*.py, test_okta*.py."""

import pytest

from harness.scim import patch_of

BABS = {
    "name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara"},
    "emails": [{"value": "bjensen@example.com", "type": "work"}, {"value": "babs@jensen.org", "type": "home"}],
    "addresses": [
        {"type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "primary": True},
        {"type": "home", "streetAddress": "456 Hollywood Blvd", "locality": "Hollywood"},
    ],
}


@pytest.fixture
def babs(scim):
    return scim.new_user("bjensen", **BABS)


@pytest.fixture
def james(scim):
    return scim.new_user("james", displayName="James Smith")


def members(scim, group):
    return {member["value"] for member in scim.get(f"/Groups/{group['id']}", expect=200).json.get("members", [])}


def change(scim, resource, kind, *operations, status):
    return scim.patch(f"/{kind}/{resource['id']}", json=patch_of(*operations), expect=status)


def test_P_17_P_18_adding_a_member_twice(scim, babs):
    group = scim.new_group("Tour Guides")
    add = {"op": "add", "path": "members", "value": [{"display": "Babs Jensen", "$ref": "…", "value": babs["id"]}]}
    first = change(scim, group, "Groups", add, status=204)
    again = change(scim, group, "Groups", add, status=204)
    assert members(scim, group) == {babs["id"]} and again.headers["etag"] == first.headers["etag"]


def test_P_15_adding_attributes_without_path(scim):
    user = scim.new_user()
    value = {"emails": [{"value": "babs@jensen.org", "type": "home"}], "nickname": "Babs"}
    answer = change(scim, user, "Users", {"op": "add", "value": value}, status=200)
    assert answer["emails"] == value["emails"] and answer["nickName"] == "Babs"


def test_P_22_removing_one_member(scim, babs, james):
    group = scim.new_group(members=[babs["id"], james["id"]])
    change(scim, group, "Groups", {"op": "remove", "path": f'members[value eq "{babs["id"]}"]'}, status=204)
    assert members(scim, group) == {james["id"]}


def test_P_21_removing_all_members(scim, babs, james):
    group = scim.new_group(members=[babs["id"], james["id"]])
    change(scim, group, "Groups", {"op": "remove", "path": "members"}, status=204)
    assert members(scim, group) == set()


def test_P_22_removing_a_value_by_two_terms(scim, babs):
    path = 'emails[type eq "work" and value ew "example.com"]'
    answer = change(scim, babs, "Users", {"op": "remove", "path": path}, status=200)
    assert answer["emails"] == [BABS["emails"][1]]


def test_P_03_removing_and_adding_in_one_request(scim, babs, james):
    """The example's blank is missing on purpose: value eq"…" (L-13)."""
    group = scim.new_group(members=[babs["id"]])
    operations = (
        {"op": "remove", "path": f'members[value eq"{babs["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"display": "James Smith", "$ref": "…", "value": james["id"]}]},
    )
    change(scim, group, "Groups", *operations, status=204)
    assert members(scim, group) == {james["id"]}


def test_P_27_replacing_all_members(scim, babs, james):
    group = scim.new_group(members=[scim.new_user()["id"]])
    value = [{"display": "Babs", "$ref": "…", "value": babs["id"]}, {"display": "James", "value": james["id"]}]
    change(scim, group, "Groups", {"op": "replace", "path": "members", "value": value}, status=204)
    assert members(scim, group) == {babs["id"], james["id"]}


def test_P_30_replacing_the_work_address(scim, babs):
    new = {"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "region": "CA"}
    operation = {"op": "replace", "path": 'addresses[type eq "work"]', "value": {**new, "primary": True}}
    answer = change(scim, babs, "Users", operation, status=200)
    assert answer["addresses"] == [{**new, "primary": True}, BABS["addresses"][1]]


def test_P_30_replacing_one_part_of_the_work_address(scim, babs):
    path = 'addresses[type eq "work"].streetAddress'
    answer = change(scim, babs, "Users", {"op": "replace", "path": path, "value": "1010 Broadway Ave"}, status=200)
    assert answer["addresses"][0] == {**BABS["addresses"][0], "streetAddress": "1010 Broadway Ave"}


def test_P_26_replacing_several_attributes_without_path(scim, babs):
    value = {
        "emails": [{"value": "bjensen@example.com", "type": "work", "primary": True}, {"value": "babs@jensen.org", "type": "home"}],
        "nickname": "Babs",
    }
    answer = change(scim, babs, "Users", {"op": "replace", "value": value}, status=200)
    assert answer["emails"] == value["emails"] and answer["nickName"] == "Babs"
    assert answer["addresses"] == babs["addresses"] and answer["name"] == babs["name"]
