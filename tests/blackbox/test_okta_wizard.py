"""Okta, an app made with the App Integration Wizard: everything by PUT, memberships by PUT of the whole group."""

import pytest

from harness.scim import GROUP, USER

PERSON = {
    "schemas": [USER],
    "userName": "test.user@okta.local",
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": "test.user@okta.local", "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
BY_USER_NAME = "/Users?filter=userName%20eq%20%22test.user%40okta.local%22&startIndex=1&count=100"


@pytest.fixture
def okta(org):
    return org.client(
        ("User-Agent", "Okta SCIM Client 1.0.0"),
        ("Accept", "application/scim+json"),
        ("Accept-Charset", "utf-8"),
        ("Content-Type", "application/scim+json; charset=utf-8"),
    )


def test_the_connection_test_lists_users_and_groups(okta):
    users = okta.get("/Users?startIndex=1&count=2", expect=200)
    assert users["totalResults"] == 0 and users["startIndex"] == 1 and users["Resources"] == []
    groups = okta.get("/Groups?startIndex=1&count=100", expect=200)
    assert groups["totalResults"] == 0 and groups["Resources"] == []


def test_the_test_suite_of_okta_probes_the_first_user(okta):
    okta.post("/Users", PERSON, expect=201)
    first = okta.get("/Users?count=1&startIndex=1", expect=200)["Resources"][0]
    assert first["id"] and first["userName"] and first["active"] is True
    assert first["name"]["givenName"] and first["name"]["familyName"]
    assert first["emails"][0]["value"]


def test_assigning_a_person_who_is_new(okta):
    missing = okta.get(BY_USER_NAME, expect=200)
    assert missing.json == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }

    created = okta.post("/Users", PERSON, expect=201)
    assert created["userName"] == "test.user@okta.local"
    assert created["externalId"] == "00ujl29u0le5T6Aj10h7"
    assert created["active"] is True
    assert created["meta"]["resourceType"] == "User"
    assert created["emails"] == PERSON["emails"]
    assert "bulkId" not in created["id"]
    assert "password" not in created and b"1mz050nq" not in created.body

    again = okta.post("/Users", PERSON, expect=409)
    assert again["scimType"] == "uniqueness"

    found = okta.get(BY_USER_NAME, expect=200)
    assert [user["id"] for user in found["Resources"]] == [created["id"]]
    assert b"1mz050nq" not in found.body


def test_assigning_a_person_who_is_there_links_and_pushes_the_profile(okta):
    existing = okta.post("/Users", {**PERSON, "active": False, "externalId": "someone-else"}, expect=201)

    found = okta.get(BY_USER_NAME, expect=200)["Resources"][0]
    assert found["id"] == existing["id"] and found["active"] is False

    whole = okta.get(f"/Users/{found['id']}", expect=200).json
    linked = okta.put(f"/Users/{found['id']}", {**whole, "externalId": PERSON["externalId"], "active": True}, expect=200)
    assert linked["active"] is True and linked["externalId"] == PERSON["externalId"]

    assert okta.get(BY_USER_NAME, expect=200)["Resources"][0]["active"] is True


def test_updating_a_profile_sends_back_the_whole_user(okta):
    user = okta.post("/Users", PERSON, expect=201)
    group = okta.new_group("Staff", [user["id"]])

    whole = okta.get(f"/Users/{user['id']}", expect=200).json
    assert whole["groups"][0]["value"] == group["id"]
    changed = {
        **whole,
        "name": {"givenName": "Another", "middleName": "", "familyName": "Excited"},
        "emails": [{**whole["emails"][0], "display": "test.user@okta.local"}],
        "groups": [],
        "password": "another-placeholder",
    }
    updated = okta.put(f"/Users/{user['id']}", changed, expect=200)

    assert updated["id"] == user["id"]
    assert updated["name"]["givenName"] == "Another" and updated["name"]["familyName"] == "Excited"
    assert updated["meta"]["created"] == user["meta"]["created"]
    assert updated["meta"]["version"] != user["meta"]["version"]
    assert updated["groups"][0]["value"] == group["id"], "groups are read-only: leaving them out leaves nobody out"
    assert "password" not in updated
    assert okta.get(f"/Users/{user['id']}", expect=200).json == updated.json


def test_deactivating_and_reactivating_by_put(okta):
    user = okta.post("/Users", PERSON, expect=201)
    whole = okta.get(f"/Users/{user['id']}", expect=200).json

    assert okta.put(f"/Users/{user['id']}", {**whole, "active": False}, expect=200)["active"] is False
    assert okta.get(f"/Users/{user['id']}", expect=200)["active"] is False
    assert okta.get(BY_USER_NAME, expect=200)["Resources"][0]["active"] is False
    assert okta.get("/Users?startIndex=1&count=100", expect=200)["totalResults"] == 1

    assert okta.put(f"/Users/{user['id']}", {**whole, "active": True}, expect=200)["active"] is True


def test_the_quick_succession_seen_in_the_wild_reads_its_own_writes(okta):
    user = okta.post("/Users", PERSON, expect=201)
    for _ in range(10):
        found = okta.get(BY_USER_NAME, expect=200)["Resources"][0]
        whole = okta.get(f"/Users/{found['id']}", expect=200).json
        okta.put(f"/Users/{found['id']}", {**whole, "active": not whole["active"]}, expect=200)
        assert okta.get(f"/Users/{user['id']}", expect=200)["active"] is not whole["active"]


def test_pushing_a_group_with_put(okta):
    people = [okta.new_user() for _ in range(4)]
    ids = [person["id"] for person in people]

    group = okta.post("/Groups", {"schemas": [GROUP], "displayName": "Test SCIMv2", "members": []}, expect=201)
    assert group["displayName"] == "Test SCIMv2" and group.get("members", []) == []
    okta.get(f"/Groups/{group['id']}", expect=200)

    def put(name, members):
        body = {
            "schemas": [GROUP],
            "id": group["id"],
            "displayName": name,
            "members": [{"value": person["id"], "display": person["userName"]} for person in members],
        }
        return okta.put(f"/Groups/{group['id']}", body, expect=200)

    assert {member["value"] for member in put("Test SCIMv2", people[:3])["members"]} == set(ids[:3])
    assert okta.members(group["id"]) == set(ids[:3])
    put("Renamed", people[2:])
    assert okta.members(group["id"]) == set(ids[2:])
    assert okta.get(f"/Groups/{group['id']}", expect=200)["displayName"] == "Renamed"
    put("Renamed", [])
    assert okta.members(group["id"]) == set()

    okta.delete(f"/Groups/{group['id']}", expect=204)
    okta.get(f"/Groups/{group['id']}", expect=404)


def test_A_25_a_user_name_in_other_case_finds_the_person(okta):
    user = okta.post("/Users", PERSON, expect=201)
    found = okta.find("/Users", 'userName eq "TEST.USER@OKTA.LOCAL"')
    assert [other["id"] for other in found["Resources"]] == [user["id"]]
    assert okta.post("/Users", {**PERSON, "userName": "Test.User@Okta.Local"}, expect=409)["scimType"] == "uniqueness"


def test_E_01_an_unknown_user_is_404_with_detail(okta):
    missing = okta.get("/Users/01890000-0000-7000-8000-000000000000", expect=404)
    assert missing["status"] == "404" and missing["detail"]


def test_E_03_a_wrong_token_is_401_with_a_scim_error(okta):
    refused = okta.get("/Users?count=1&startIndex=1", authorization="Bearer wrong", expect=401)
    assert refused["status"] == "401" and refused["detail"]


def test_the_header_mode_sends_the_token_as_typed(org, okta):
    for typed in (org.token, f"Bearer {org.token}", f"bearer {org.token}", f"BEARER  {org.token}"):
        okta.get("/Users?startIndex=1&count=2", authorization=typed, expect=200)


def test_H_02_H_03_both_media_types_are_accepted_with_and_without_a_charset(org):
    for number, content_type in enumerate(
        (
            "application/json",
            "application/json; charset=utf-8",
            "application/scim+json",
            "application/scim+json; charset=utf-8",
            'Application/SCIM+JSON;charset="UTF-8"',
        )
    ):
        client = org.client(("Content-Type", content_type), ("Accept", "application/scim+json; charset=utf-8"))
        created = client.post("/Users", {**PERSON, "userName": f"person{number}@okta.local"}, expect=201)
        assert created.headers["content-type"] == "application/scim+json"
