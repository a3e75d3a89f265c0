"""Users and groups that were deleted are kept for a while, as they were, for the vendor to see."""

import pytest

from harness.openapi import CheckedAdmin
from harness.wait import until


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def place(org):
    return f"/v1/directories/{org.directory_id}"


def walk(admin, path, name):
    found, cursor = [], None
    while True:
        page = admin.get(path + (f"&cursor={cursor}" if cursor else ""), expect=200)
        found += page[name]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_a_deleted_user_is_shown_as_it_was(admin, place, org, scim):
    user = scim.new_user("ada", displayName="Ada", emails=[{"value": "ada@x.example"}], shoeSize=43)
    groups = [scim.new_group(name, [user["id"]]) for name in ("One", "Two")]
    scim.new_group("Outer", [groups[0]["id"]])
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "displayName", "value": "Ada L."}, expect=200)
    scim.delete(f"/Users/{user['id']}", expect=204)
    for path in (place, f"/v1/organizations/{org.id}"):
        admin.get(f"{path}/users/{user['id']}", expect=404)
        assert admin.get(f"{path}/users", expect=200)["users"] == []
        shown = admin.get(f"{path}/users/{user['id']}?include_deleted=true", expect=200)
        assert shown["deleted_at"] is not None and shown["deleted_at"] == shown["updated_at"]
        assert shown["displayName"] == "Ada L." and shown["userName"] == "ada"
        assert shown["email"] == "ada@x.example" and shown["custom"] == {"shoeSize": 43}
        assert [(g["id"], g["displayName"], g["type"]) for g in shown["groups"]] == [
            (groups[0]["id"], "One", "direct"),
            (groups[1]["id"], "Two", "direct"),
        ]
        assert shown["created_at"] == user["meta"]["created"]
        assert admin.get(f"{path}/users?include_deleted=true", expect=200)["users"] == [shown.json]
        admin.get(f"{path}/users/{user['id']}?include_deleted=false", expect=404)
        admin.get(f"{path}/users/{user['id']}?include_deleted=1", expect=400)


def test_deleted_ones_stand_between_the_others(admin, place, scim):
    ids = [scim.new_user(f"u{i}")["id"] for i in range(9)]
    for i in (0, 3, 4, 8):
        scim.delete(f"/Users/{ids[i]}", expect=204)
    for limit in (1, 2, 3, 1000):
        found = walk(admin, f"{place}/users?include_deleted=true&limit={limit}", "users")
        assert [user["id"] for user in found] == ids
        assert [i for i in range(9) if found[i]["deleted_at"]] == [0, 3, 4, 8]
    assert [user["id"] for user in walk(admin, f"{place}/users?limit=2", "users")] == [ids[i] for i in (1, 2, 5, 6, 7)]
    admin.get(f"{place}/users?include_deleted=true&user_name=u0", expect=400)


def test_a_deleted_group_is_shown_as_it_was(admin, place, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(3)]
    group = scim.new_group("G", users, externalId="x1")["id"]
    scim.delete(f"/Groups/{group}", expect=204)
    shown = admin.get(f"{place}/groups/{group}?include_deleted=true", expect=200)
    assert (shown["displayName"], shown["external_id"]) == ("G", "x1") and shown["deleted_at"]
    assert admin.get(f"{place}/groups?include_deleted=true", expect=200)["groups"] == [shown.json]
    admin.get(f"{place}/groups/{group}", expect=404)


def test_many_are_deleted_in_one_batch(admin, place, org, scim):
    users = [scim.new_user(f"u{i}")["id"] for i in range(40)]
    group = scim.new_group("G", users)["id"]
    operations = [{"method": "DELETE", "path": f"/Users/{user}"} for user in users]
    operations.append({"method": "DELETE", "path": f"/Groups/{group}"})
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert {op["status"] for op in scim.post("/Bulk", body, expect=200)["Operations"]} == {"204"}
    found = admin.get(f"{place}/users?include_deleted=true&limit=1000", expect=200)["users"]
    assert [user["id"] for user in found] == users
    assert all([g["displayName"] for g in user["groups"]] == ["G"] for user in found)


def test_who_comes_back_is_no_longer_deleted(rollcall, admin, place, org, scim):
    user = scim.new_user("ada")
    scim.new_group("G", [user["id"]])
    scim.delete(f"/Users/{user['id']}", expect=204)
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}
    back = {"method": "POST", "path": "/Users", "body": body, "id": user["id"], "version": 2, "created_ms": 1}
    rollcall.act_inside(org, back)
    found = admin.get(f"{place}/users?include_deleted=true", expect=200)["users"]
    assert [(u["id"], u["deleted_at"], u["groups"]) for u in found] == [(user["id"], None, [])]
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        for table in ("deleted_resource", "deleted_membership"):
            column = "id" if table == "deleted_resource" else "deleted_id"
            cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {column} = UNHEX(%s)", (user["id"].replace("-", ""),))
            assert cursor.fetchone()[0] == 0
    scim.delete(f"/Users/{user['id']}", expect=204)
    assert admin.get(f"{place}/users/{user['id']}?include_deleted=true", expect=200)["groups"] == []


def test_the_deleted_are_forgotten_when_their_time_is_over(own_rollcall):
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    scim = organization.scim
    users = [scim.new_user(f"u{i}")["id"] for i in range(3)]
    scim.new_group("G", users)
    for user in users:
        scim.delete(f"/Users/{user}", expect=204)
    path = f"/v1/organizations/{organization.id}/users?include_deleted=true"
    month = 31 * 86400 * 1000
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        old = tuple(user.replace("-", "") for user in users[:2])
        for table, column in (("deleted_resource", "id"), ("deleted_membership", "deleted_id")):
            cursor.execute(
                f"UPDATE {table} SET deleted_ms = deleted_ms - {month} WHERE {column} IN (UNHEX(%s), UNHEX(%s))", old
            )
        rollcall.admin_process.stop()
        rollcall._start_admin()
        rollcall.admin.wire.close()
        until(lambda: len(rollcall.admin.get(path)["users"]) == 1, "old tombstones are dropped")
        cursor.execute("SELECT COUNT(*) FROM deleted_membership")
        assert cursor.fetchone()[0] == 1
    assert rollcall.admin.get(path)["users"][0]["id"] == users[2]
