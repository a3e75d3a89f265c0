"""Okta, an app of the integration network or the SCIM 2.0 Test App: activation and groups by PATCH."""

import pytest

from harness.scim import GROUP, PATCH


@pytest.fixture
def okta(org):
    return org.client(("User-Agent", "Okta SCIM Client 1.0.0"), ("Content-Type", "application/scim+json; charset=utf-8"))


@pytest.fixture
def ada(okta):
    return okta.new_user(
        "ada@example.com",
        name={"givenName": "Ada", "familyName": "Lovelace"},
        emails=[{"value": "ada@example.com", "type": "work", "primary": True}],
        active=True,
    )


def test_deactivating_and_reactivating_with_a_pathless_patch(okta, ada):
    path = f"/Users/{ada['id']}"
    off = okta.patch(path, {"op": "replace", "value": {"active": False}}, expect=200)
    assert off["active"] is False and off["userName"] == "ada@example.com"
    assert okta.get(path, expect=200)["active"] is False

    on = okta.patch(path, {"op": "replace", "value": {"active": True}}, expect=200)
    assert on["active"] is True
    assert okta.get(path, expect=200).json == on.json


def test_A_33_L_17_password_sync_is_accepted_and_forgotten(okta, ada):
    answer = okta.patch(f"/Users/{ada['id']}", {"op": "replace", "value": {"password": "t1meToGo"}}, expect=200)
    assert b"t1meToGo" not in answer.body and "password" not in answer
    assert "password" not in okta.get(f"/Users/{ada['id']}", expect=200)


def test_pushing_a_group_looks_it_up_renames_it_and_changes_members(okta):
    kept, leaving, coming = (okta.new_user() for _ in range(3))
    by_name = "/Groups?filter=displayName%20eq%20%22Test%20SCIMv2%22&startIndex=1&count=100"
    assert okta.get(by_name, expect=200)["totalResults"] == 0

    body = {"schemas": [GROUP], "displayName": "Test SCIMv2", "members": []}
    group = okta.post("/Groups", body, expect=201)
    path = f"/Groups/{group['id']}"
    assert okta.post("/Groups", body, expect=409)["scimType"] == "uniqueness"
    assert [found["id"] for found in okta.get(by_name, expect=200)["Resources"]] == [group["id"]]
    okta.get(path, expect=200)

    def rename(name):
        okta.patch(path, {"op": "replace", "value": {"id": group["id"], "displayName": name}}, expect=204)
        assert okta.get(path, expect=200)["displayName"] == name

    rename("Test SCIMv2 renamed")
    okta.patch(
        path,
        {
            "op": "add",
            "path": "members",
            "value": [{"value": user["id"], "display": user["userName"]} for user in (kept, leaving)],
        },
        expect=204,
    )
    assert okta.members(group["id"]) == {kept["id"], leaving["id"]}

    rename("Test SCIMv2 renamed")
    okta.patch(
        path,
        {"op": "remove", "path": f'members[value eq "{leaving["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": coming["id"], "display": coming["userName"]}]},
        expect=204,
    )
    assert okta.members(group["id"]) == {kept["id"], coming["id"]}

    okta.delete(path, expect=204)
    okta.delete(path, expect=404)
    assert okta.get(by_name, expect=200)["totalResults"] == 0


def test_remove_then_add_in_one_patch_is_all_or_nothing(okta):
    member = okta.new_user()
    group = okta.new_group(members=[member["id"]])
    refused = okta.patch(
        f"/Groups/{group['id']}",
        {"op": "remove", "path": f'members[value eq "{member["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": "01890000-0000-7000-8000-000000000000"}]},
        expect=400,
    )
    assert refused["scimType"] == "invalidValue"
    after = okta.get(f"/Groups/{group['id']}", expect=200)
    assert okta.members(group["id"]) == {member["id"]}
    assert after["meta"]["version"] == group["meta"]["version"]


def test_push_now_replaces_all_members(okta):
    users = [okta.new_user() for _ in range(4)]
    group = okta.new_group(members=[users[0]["id"], users[1]["id"]])
    okta.patch(
        f"/Groups/{group['id']}",
        {
            "op": "replace",
            "path": "members",
            "value": [{"value": user["id"], "display": user["userName"]} for user in users[1:]],
        },
        expect=204,
    )
    assert okta.members(group["id"]) == {user["id"] for user in users[1:]}


def test_A_32_members_and_groups_show_each_other(okta, ada):
    group = okta.new_group("Staff", [ada["id"]])
    member = okta.get(f"/Groups/{group['id']}", expect=200)["members"][0]
    assert member["value"] == ada["id"] and member["$ref"] == ada["meta"]["location"] and member["type"] == "User"
    membership = okta.get(f"/Users/{ada['id']}", expect=200)["groups"][0]
    assert membership["value"] == group["id"] and membership["display"] == "Staff"
    assert membership["$ref"] == group["meta"]["location"]


def test_importing_pages_through_users_in_a_stable_order(okta):
    expected = [okta.new_user(f"person{number:03d}@example.com")["id"] for number in range(25)]
    imported, start = [], 1
    while True:
        page = okta.get(f"/Users?startIndex={start}&count=10", expect=200)
        assert page["startIndex"] == start and page["totalResults"] == 25
        imported += [user["id"] for user in page["Resources"]]
        start += 10
        if start > page["totalResults"]:
            break
    assert imported == expected


def test_importing_pages_through_groups(okta):
    expected = [okta.new_group(f"Group {number}")["id"] for number in range(7)]
    pages = [okta.get(f"/Groups?startIndex={start}&count=3", expect=200)["Resources"] for start in (1, 4, 7)]
    assert [group["id"] for page in pages for group in page] == expected


def test_A_34_inactive_people_come_back_in_imports_and_keep_their_groups(okta, ada):
    group = okta.new_group(members=[ada["id"]])
    okta.patch(f"/Users/{ada['id']}", {"op": "replace", "value": {"active": False}}, expect=200)
    imported = okta.get("/Users?startIndex=1&count=100", expect=200)["Resources"]
    assert [(user["id"], user["active"]) for user in imported] == [(ada["id"], False)]
    assert okta.members(group["id"]) == {ada["id"]}


def test_enabling_entitlements_reads_the_resource_types(okta):
    types = okta.get("/ResourceTypes", expect=200)["Resources"]
    assert {kind["name"] for kind in types} >= {"User", "Group"}
    assert not [kind for kind in types if kind["schema"].startswith("urn:okta:")]


def test_deactivating_twice_changes_nothing_the_second_time(okta, ada):
    body = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]}
    first = okta.patch(f"/Users/{ada['id']}", json=body, expect=200)
    second = okta.patch(f"/Users/{ada['id']}", json=body, expect=200)
    assert second.json == first.json
