"""Reading users and groups through the admin API, as a vendor's application does."""

import uuid

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, Scim

UNKNOWN_USER = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/organizations/{org.id}"


def walk(admin, path, name):
    found, cursor = [], None
    while True:
        page = admin.get(path + (f"&cursor={cursor}" if cursor else ""), expect=200)
        found += page[name]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_what_the_provider_pushed_is_read_by_the_vendors_own_id(admin, org, scim):
    created = scim.new_user(
        "ada@example.com",
        externalId="00u1",
        displayName="Ada L.",
        active=False,
        emails=[{"value": "ada@example.com", "type": "work", "primary": True}],
    )
    user = admin.get(f"/v1/organizations/external_id:{org.external_id}/users", expect=200)["users"][0]
    assert user["id"] == created["id"]
    assert user["userName"] == "ada@example.com"
    assert user["displayName"] == "Ada L."
    assert user["active"] is False
    assert user["emails"] == created["emails"]
    assert user["external_id"] == "00u1"
    assert user["groups"] == []
    assert user["scim"] == scim.get(f"/Users/{created['id']}").json


def test_a_user_that_says_little_still_has_every_member(admin, path, scim):
    created = scim.new_user("bare")
    user = admin.get(f"{path}/users/{created['id']}", expect=200)
    assert user["displayName"] == "bare" and user["emails"] == [] and user["external_id"] is None
    assert user["active"] is True


def test_strings_survive_as_they_are(admin, path, scim):
    name = 'quote " backslash \\ slash / emoji \U0001f600 { [ , : é'
    created = scim.new_user("odd", displayName=name, externalId=name, nickName="}")
    user = admin.get(f"{path}/users/{created['id']}", expect=200)
    assert user["displayName"] == user["external_id"] == name
    assert user["userName"] == "odd"


def test_a_user_with_a_manager_is_shown_whole(admin, path, scim):
    boss = scim.new_user("boss", displayName="The Boss")
    created = scim.new_user("worker", **{ENTERPRISE: {"manager": {"value": boss["id"]}, "department": "d"}})
    user = admin.get(f"{path}/users/{created['id']}", expect=200)
    assert user["scim"] == scim.get(f"/Users/{created['id']}").json
    assert user["scim"][ENTERPRISE]["manager"]["displayName"] == "The Boss"
    assert user.json in admin.get(f"{path}/users", expect=200)["users"]


def test_groups_of_a_user_and_members_of_a_group(admin, path, scim):
    users = [scim.new_user(f"u{i}") for i in range(3)]
    inner = scim.new_group("Inner", [users[2]["id"]])
    group = scim.new_group("Outer", [users[0]["id"], users[1]["id"], inner["id"]])
    read = {user["id"]: user for user in admin.get(f"{path}/users", expect=200)["users"]}
    assert read[users[0]["id"]]["groups"] == [{"id": group["id"], "displayName": "Outer", "type": "direct"}]
    assert [(g["id"], g["type"]) for g in read[users[2]["id"]]["groups"]] == [
        (inner["id"], "direct"),
        (group["id"], "indirect"),
    ]

    shown = admin.get(f"{path}/groups/{group['id']}", expect=200)
    assert shown["displayName"] == "Outer" and "members" not in shown["scim"]
    assert [g["id"] for g in admin.get(f"{path}/groups", expect=200)["groups"]] == [inner["id"], group["id"]]
    members = admin.get(f"{path}/groups/{group['id']}/members", expect=200)["members"]
    assert {(m["id"], m["type"], m["displayName"]) for m in members} == {
        (users[0]["id"], "User", "u0"),
        (users[1]["id"], "User", "u1"),
        (inner["id"], "Group", "Inner"),
    }


def test_pages_walk_over_everyone_once_while_others_are_added_and_removed(admin, path, scim):
    ids = [scim.new_user(f"walk{i}")["id"] for i in range(7)]
    first = admin.get(f"{path}/users?limit=3", expect=200)
    assert [user["id"] for user in first["users"]] == ids[:3]
    scim.delete(f"/Users/{ids[0]}", expect=204)
    scim.delete(f"/Users/{ids[2]}", expect=204)  # the one that the cursor names
    late = scim.new_user("late")["id"]
    rest = admin.get(f"{path}/users?limit=1000&cursor={first['next_cursor']}", expect=200)["users"]
    assert [user["id"] for user in rest] == ids[3:] + [late]


def test_lists_say_how_many_there_are(admin, path, scim):
    ids = [scim.new_user(f"t{i}")["id"] for i in range(4)]
    scim.new_group("G")
    scim.delete(f"/Users/{ids[0]}", expect=204)
    assert admin.get(f"{path}/users?limit=1", expect=200)["total"] == 3
    assert admin.get(f"{path}/users?limit=1&include_deleted=true", expect=200)["total"] == 3
    assert admin.get(f"{path}/groups", expect=200)["total"] == 1
    assert "total" not in admin.get(f"{path}/users?user_name=t1", expect=200).json


def test_members_are_paged(admin, path, scim):
    users = [scim.new_user(f"m{i}")["id"] for i in range(5)]
    group = scim.new_group("G", users)["id"]
    members = walk(admin, f"{path}/groups/{group}/members?limit=2", "members")
    assert [member["id"] for member in members] == sorted(users)


def test_a_cursor_belongs_to_its_directory_and_list(rollcall, admin, path, scim):
    for i in range(2):
        scim.new_user(f"c{i}")
        scim.new_group(f"c{i}")
    other = rollcall.new_organization()
    cursor = admin.get(f"{path}/users?limit=1", expect=200)["next_cursor"]
    admin.get(f"{path}/users?cursor={cursor}", expect=200)
    admin.get(f"{path}/groups?cursor={cursor}", expect=400)
    admin.get(f"/v1/organizations/{other.id}/users?cursor={cursor}", expect=400)
    forged = cursor[:10] + ("A" if cursor[10] != "A" else "B") + cursor[11:]
    assert admin.get(f"{path}/users?cursor={forged}", expect=400)["type"] == "urn:rollcall:problem:invalid-cursor"


def test_a_profile_says_what_applications_ask_for(admin, path, org, scim):
    boss = scim.new_user("boss", displayName="The Boss")
    created = scim.new_user(
        "worker",
        name={"givenName": "Wo", "familyName": "Rker"},
        title="Engineer",
        emails=[{"value": "a@example.com"}, {"value": "b@example.com", "primary": True}],
        shoeSize=43,
        **{ENTERPRISE: {"employeeNumber": "7", "department": "d", "UID": "u7", "manager": {"value": boss["id"]}}},
    )
    group = scim.new_group("G", [created["id"]])
    whole = admin.get(f"{path}/users/{created['id']}", expect=200).json
    assert whole["name"] == {"givenName": "Wo", "familyName": "Rker"}
    assert (whole["title"], whole["department"], whole["employeeNumber"]) == ("Engineer", "d", "7")
    assert whole["email"] == "b@example.com" and len(whole["emails"]) == 2
    assert whole["manager"] == {"id": boss["id"], "displayName": "The Boss"}
    assert whole["custom"] == {"shoeSize": 43, ENTERPRISE: {"UID": "u7"}}
    assert whole["created_at"] == created["meta"]["created"]
    assert [g["id"] for g in whole["groups"]] == [group["id"]]

    profile = {name: value for name, value in whole.items() if name != "scim"}
    for place in (path, f"/v1/directories/{org.directory_id}"):
        assert admin.get(f"{place}/users/{created['id']}?view=profile", expect=200).json == profile
        assert profile in admin.get(f"{place}/users?view=profile", expect=200)["users"]
        assert "scim" not in admin.get(f"{place}/groups?view=profile", expect=200)["groups"][0]
        assert admin.get(f"{place}/users?view=full", expect=200)["users"][1] == whole
        admin.get(f"{place}/users?view=all", expect=400)


def test_what_a_schema_never_returns_is_hidden_from_the_vendor_as_well(rollcall, admin, path, org, scim):
    catalog = {
        "schemas": [
            {
                "id": "urn:acme:Badge",
                "attributes": [{"name": "number"}, {"name": "pin", "mutability": "writeOnly", "returned": "never"}],
            }
        ],
        "resource_types": [{"name": "User", "schemaExtensions": [{"schema": "urn:acme:Badge", "required": False}]}],
    }
    org.set_rules(catalog=catalog)
    created = scim.new_user("secretive", **{"urn:acme:Badge": {"number": "n", "pin": "1234"}})
    answer = admin.get(f"{path}/users/{created['id']}", expect=200)
    assert answer["custom"] == {"urn:acme:Badge": {"number": "n"}}
    assert b"1234" not in answer.body and b"1234" not in admin.get(f"{path}/users", expect=200).body


def test_groups_of_a_user_are_paged(admin, path, org, scim):
    user = scim.new_user("member")["id"]
    groups = [scim.new_group(f"G{i}", [user])["id"] for i in range(5)]
    outer = scim.new_group("Outer", [groups[0]])["id"]
    for place in (path, f"/v1/directories/{org.directory_id}"):
        found = walk(admin, f"{place}/users/{user}/groups?limit=2", "groups")
        assert [(g["id"], g["type"]) for g in found] == [(g, "direct") for g in groups] + [(outer, "indirect")]
    admin.get(f"{path}/users/{groups[0]}/groups", expect=404)


def test_a_directory_is_read_by_its_own_path(admin, org, scim):
    user = scim.new_user("u")["id"]
    group = scim.new_group("G", [user])["id"]
    place = f"/v1/directories/{org.directory_id}"
    assert [u["id"] for u in walk(admin, f"{place}/users?limit=1", "users")] == [user]
    assert [g["id"] for g in walk(admin, f"{place}/groups?limit=1", "groups")] == [group]
    assert [m["id"] for m in walk(admin, f"{place}/groups/{group}/members?limit=1", "members")] == [user]
    assert admin.get(f"{place}/groups/{group}", expect=200)["displayName"] == "G"
    admin.get(f"/v1/directories/{org.id}/users", expect=404)
    admin.get(f"{place}/users?directory_id={org.directory_id}", expect=400)


def test_another_directory_is_read_by_name(rollcall, admin, path, org, scim):
    scim.new_user("first")
    second = admin.post(f"{path}/directories", {"name": "Second"}, expect=201)["id"]
    token = admin.post(f"/v1/directories/{second}/tokens", {"label": "x"}, expect=201)["token"]
    user = Scim(org.connector_url, token).new_user("second")
    assert [u["userName"] for u in admin.get(f"{path}/users?directory_id={second}", expect=200)["users"]] == ["second"]
    admin.get(f"{path}/users/{user['id']}?directory_id={second}", expect=200)
    admin.get(f"{path}/users/{user['id']}", expect=404)
    foreign = rollcall.new_organization().directory_id
    for bad in (foreign, "dir-01jd8jm32ye008000000001ayd", "x", ""):
        admin.get(f"{path}/users?directory_id={bad}", expect=404)


def test_unknown_people_are_not_found(admin, path, scim):
    group, user = scim.new_group("G"), scim.new_user("u")
    for bad in (f"users/{UNKNOWN_USER}", f"users/{group['id']}", f"groups/{user['id']}", "users/x", f"users/{uuid.uuid4()}",
                f"groups/{UNKNOWN_USER}/members"):
        admin.get(f"{path}/{bad}", expect=404)


def test_a_thousand_users_come_in_one_page(admin, path, org, rollcall):
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO resource (directory_id, type, id, unique_key, display, open_braces, version, created_ms,"
            " modified_ms, document) SELECT id, 1, UNHEX(CONCAT('01890000000070008000', LPAD(HEX(seq), 12, '0'))),"
            " CONCAT('b', seq), CONCAT('b', seq), 1, 1, 1, 1, CONCAT('{\"schemas\":[],\"userName\":\"b', seq, '\"')"
            " FROM directory, seq_1_to_1001 WHERE organization_id ="
            " (SELECT organization_id FROM directory JOIN organization o ON o.id = organization_id"
            " WHERE o.external_id = %s)",
            (org.external_id,),
        )
    first = admin.get(f"{path}/users?limit=1000", expect=200)
    assert len(first["users"]) == 1000
    rest = admin.get(f"{path}/users?limit=1000&cursor={first['next_cursor']}", expect=200)
    assert [user["userName"] for user in rest["users"]] == ["b1001"] and rest["next_cursor"] is None
