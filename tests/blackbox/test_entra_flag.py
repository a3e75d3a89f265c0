"""Microsoft Entra ID with ?aadOptscim062020 behind the tenant URL, on every request."""

import uuid

import pytest

from harness.scim import ENTERPRISE


@pytest.fixture(params=["?aadOptscim062020", "?AzureAdScimPatch2017"])
def entra(org, request):
    return org.client(("Content-Type", "application/scim+json; charset=utf-8"), suffix=request.param)


def test_the_connection_test_asks_for_a_user_who_cannot_exist(entra):
    assert entra.find("/Users", f'userName eq "{uuid.uuid4()}"')["totalResults"] == 0


def test_many_attributes_come_in_one_pathless_value(entra):
    user = entra.new_user(name={"givenName": "Old", "familyName": "Name", "middleName": "Kept"})
    updated = entra.patch(
        f"/Users/{user['id']}",
        {
            "op": "replace",
            "value": {
                "displayName": "Bjfe",
                "name.givenName": "Kkom",
                "name.familyName": "Unua",
                'emails[type eq "work"].value': "kkom@example.com",
                f"{ENTERPRISE}:employeeNumber": "Aklq",
                f"{ENTERPRISE}:department": "Sales",
            },
        },
        expect=200,
    )
    assert updated["displayName"] == "Bjfe"
    assert updated["name"] == {"givenName": "Kkom", "familyName": "Unua", "middleName": "Kept"}
    assert updated["emails"] == [{"type": "work", "value": "kkom@example.com"}]
    assert updated[ENTERPRISE] == {"employeeNumber": "Aklq", "department": "Sales"}
    assert entra.get(f"/Users/{user['id']}", expect=200).json == updated.json


def test_disabling_and_restoring(entra):
    user = entra.new_user()
    path = f"/Users/{user['id']}"
    assert entra.patch(path, {"op": "replace", "path": "active", "value": False}, expect=200)["active"] is False
    assert entra.patch(path, {"op": "replace", "value": {"active": True}}, expect=200)["active"] is True


def test_a_pathless_replace_and_adds_with_paths_in_one_request(entra):
    user = entra.new_user()
    updated = entra.patch(
        f"/Users/{user['id']}",
        {"op": "add", "path": "nickName", "value": "Nick"},
        {"op": "replace", "value": {"title": "Engineer", "active": False}},
        {"op": "remove", "path": "nickName"},
        expect=200,
    )
    assert updated["title"] == "Engineer" and updated["active"] is False and "nickName" not in updated


def test_members_come_and_go_by_value_paths(entra):
    first, second = entra.new_user()["id"], entra.new_user()["id"]
    group = entra.new_group()
    path = f"/Groups/{group['id']}"
    entra.patch(path, {"op": "add", "path": "members", "value": [{"value": first}, {"value": second}]}, expect=204)
    entra.patch(path, {"op": "remove", "path": f'members[value eq "{first}"]'}, expect=204)
    assert entra.members(group["id"]) == {second}
    entra.patch(path, {"op": "replace", "value": {"displayName": "Renamed", "externalId": "e-1"}}, expect=204)
    renamed = entra.get(f"{path}?excludedAttributes=members", expect=200)
    assert renamed["displayName"] == "Renamed" and renamed["externalId"] == "e-1" and "members" not in renamed
    entra.delete(path, expect=204)
