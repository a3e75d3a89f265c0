"""One person over time: renamed, with another address, deactivated, active again, deleted and hired again. In what real
identity providers send, and never twice."""

import threading
import uuid

import pytest

from harness.database import ROOT
from harness.openapi import CheckedAdmin
from harness.rollcall import id_bytes
from harness.scim import USER, Scim


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}"


def okta_user(login, okta_id, **attributes):
    """As Okta's wizard app sends it: all of it, in POST and PUT."""
    return {
        "schemas": [USER],
        "userName": login,
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"primary": True, "value": login, "type": "work"}],
        "displayName": "Ada Lovelace",
        "locale": "en-US",
        "externalId": okta_id,
        "groups": [],
        "active": True,
        **attributes,
    }


def entra_create(scim, name, object_id):
    user = {
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": object_id,
        "userName": name,
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": name}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"},
        "roles": [],
    }
    return scim.post("/Users", user, expect=201).json


def onelogin_user(name, **attributes):
    return {"schemas": ["urn:scim:schemas:core:1.0"], "userName": name, "emails": [{"value": name, "primary": True}], **attributes}


def users(admin, path):
    return admin.get(f"{path}/users?limit=1000", expect=200)["users"]


def deactivated(admin, path, query=""):
    return [user["id"] for user in admin.get(f"{path}/users/deactivated{query}", expect=200)["users"]]


# --- since when somebody is inactive ---


def test_who_is_deactivated_is_listed_with_the_time_and_leaves_the_list_when_active_again(admin, path, scim):
    ids = [scim.new_user(f"d{i}@example.com")["id"] for i in range(3)]
    assert deactivated(admin, path) == []
    scim.patch(f"/Users/{ids[1]}", {"op": "Replace", "path": "active", "value": "False"}, expect=200)  # Entra
    scim.put(f"/Users/{ids[0]}", okta_user("d0@example.com", "00u0", active=False), expect=200)  # Okta
    shown = admin.get(f"{path}/users/deactivated", expect=200)["users"]
    assert [user["id"] for user in shown] == [ids[1], ids[0]]
    assert all(user["deactivated_at"] == user["updated_at"] and user["active"] is False for user in shown)

    since = shown[0]["deactivated_at"]
    scim.patch(f"/Users/{ids[1]}", {"op": "replace", "path": "title", "value": "late"}, expect=200)
    assert admin.get(f"{path}/users/{ids[1]}", expect=200)["deactivated_at"] == since
    scim.patch(f"/Users/{ids[1]}", {"op": "replace", "value": {"active": True}}, expect=200)
    assert deactivated(admin, path) == [ids[0]]
    assert admin.get(f"{path}/users/{ids[1]}", expect=200)["deactivated_at"] is None
    scim.delete(f"/Users/{ids[0]}", expect=204)
    assert deactivated(admin, path) == []


def test_users_that_are_created_inactive_are_listed_too(admin, path, scim):
    made = scim.new_user("staged@example.com", active=False)["id"]
    assert deactivated(admin, path) == [made]


def test_pages_of_the_deactivated_hold_each_once(admin, path, scim):
    ids = [scim.new_user(f"p{i}@example.com", active=False)["id"] for i in range(7)]
    found, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{path}/users/deactivated?limit=3" + (f"&cursor={cursor}" if cursor else ""), expect=200)
        found += [user["id"] for user in page["users"]]
        cursor = page["next_cursor"]
    assert found == ids
    first = admin.get(f"{path}/users/deactivated?limit=3", expect=200)["next_cursor"]
    admin.get(f"{path}/users?cursor={first}", expect=400)


def set_since(rollcall, user, ms):
    """As if it had been long ago."""
    raw = uuid.UUID(user).bytes
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE deactivated_user SET since_ms = %s, place = %s WHERE resource_id = %s",
            (ms, ms.to_bytes(6, "big") + raw[6:], raw),
        )
        assert cursor.rowcount == 1
        connection.commit()


def test_older_than_days_counts_from_the_deactivation(rollcall, admin, path, scim):
    old, new = (scim.new_user(f"{name}@example.com", active=False)["id"] for name in ("old", "new"))
    set_since(rollcall, old, 1_600_000_000_000)
    assert deactivated(admin, path) == [old, new]
    assert deactivated(admin, path, "?older_than_days=30") == [old]
    assert deactivated(admin, path, "?older_than_days=36500") == []
    for bad in ("-1", "x", "36501", "1.5", ""):
        admin.get(f"{path}/users/deactivated?older_than_days={bad}", expect=400)


def test_the_migration_finds_those_who_were_inactive_before(rollcall, admin, path, scim):
    boss = scim.new_user("boss@example.com")["id"]
    manager = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": boss}}}
    gone = [scim.new_user("gone@example.com", active=False)["id"], scim.new_user("too@example.com", active=False, **manager)["id"]]
    scim.new_user("there@example.com", **manager)
    scim.new_user("odd@example.com", nickName='"active":false', title="active: false")
    text = (ROOT / "migrations" / "0011_people.sql").read_text()
    statement = text[text.index("INSERT IGNORE INTO deactivated_user") :].split(";\n")[0]
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        ids = [uuid.UUID(user).bytes for user in gone]
        cursor.execute("DELETE FROM deactivated_user WHERE resource_id IN (%s, %s)", ids)
        assert cursor.rowcount == 2
        cursor.execute(statement)
        connection.commit()
    shown = admin.get(f"{path}/users/deactivated", expect=200)["users"]
    assert [user["id"] for user in shown] == gone
    assert all(user["deactivated_at"] == user["updated_at"] for user in shown)


# --- the same resource: the provider knows its id ---


def test_okta_renames_changes_the_address_deactivates_and_reactivates_one_resource(admin, path, scim):
    made = scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201)["id"]
    for body in (
        okta_user("ada.king@example.com", "00uada"),
        okta_user("ada.king@example.com", "00uada", emails=[{"primary": True, "value": "a@k.example", "type": "work"}]),
        okta_user("ada.king@example.com", "00uada", active=False),
        okta_user("ada.king@example.com", "00uada", active=True),
    ):
        assert scim.put(f"/Users/{made}", body, expect=200)["id"] == made
    (user,) = users(admin, path)
    assert (user["id"], user["person_id"], user["previous_ids"]) == (made, made, [])
    assert user["userName"] == "ada.king@example.com" and user["active"] is True


def test_entra_renames_disables_and_restores_one_resource_with_its_groups(admin, path, scim):
    made = entra_create(scim, "ada@example.com", "0a21f0f2")["id"]
    group = scim.new_group("Staff", [made])["id"]
    scim.patch(
        f"/Users/{made}",
        {"op": "Replace", "path": "userName", "value": "ada.king@example.com"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ada.king@example.com"},
        expect=200,
    )
    scim.patch(f"/Users/{made}", {"op": "Replace", "path": "active", "value": "False"}, expect=200)
    scim.patch(f"/Users/{made}", {"op": "Replace", "path": "active", "value": "True"}, expect=200)
    (user,) = users(admin, path)
    assert user["id"] == made and [g["id"] for g in user["groups"]] == [group]


def test_onelogin_suspends_and_resumes_one_resource(admin, path, scim):
    made = scim.post("/Users", onelogin_user("ada@example.com"), expect=201)["id"]
    scim.put(f"/Users/{made}", onelogin_user("ada@example.com", active=False), expect=200)
    scim.post("/Users", onelogin_user("ada@example.com", active=True), expect=409)  # inactive ones keep their name
    scim.put(f"/Users/{made}", onelogin_user("ada@example.com", active=True), expect=200)
    assert [user["id"] for user in users(admin, path)] == [made]


# --- another resource: the provider has deleted it and creates it again ---


def rehire(scim, first, again):
    scim.delete(f"/Users/{first['id']}", expect=204)
    made = again()
    assert made["id"] != first["id"]  # RFC 7643 section 3.1: ids are never given twice
    return made


def person(admin, path, user):
    shown = admin.get(f"{path}/users/{user['id']}", expect=200)
    return shown["person_id"], shown["previous_ids"]


def test_a_rehire_is_the_same_person_by_the_providers_id_whatever_the_name(admin, path, scim):
    first = scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201).json
    second = rehire(scim, first, lambda: scim.post("/Users", okta_user("ada.king@example.com", "00uada"), expect=201).json)
    assert person(admin, path, second) == (first["id"], [first["id"]])
    third = rehire(scim, second, lambda: scim.post("/Users", okta_user("countess@example.com", "00uada"), expect=201).json)
    assert person(admin, path, third) == (first["id"], [first["id"], second["id"]])
    assert len(users(admin, path)) == 1


def test_a_rehire_is_the_same_person_by_name_where_the_provider_gives_no_id(admin, path, scim):
    first = scim.post("/Users", onelogin_user("Ada@example.com"), expect=201).json
    second = rehire(scim, first, lambda: scim.post("/Users", onelogin_user("ada@EXAMPLE.com"), expect=201).json)
    assert person(admin, path, second) == (first["id"], [first["id"]])


def test_a_name_that_was_given_to_somebody_else_makes_no_same_person(admin, path, scim):
    first = entra_create(scim, "smith@example.com", "object-1")
    second = rehire(scim, first, lambda: entra_create(scim, "smith@example.com", "object-2"))
    assert person(admin, path, second) == (second["id"], [])
    # And the first one is still known when she comes back under another name.
    back = entra_create(scim, "smith2@example.com", "object-1")
    assert person(admin, path, back) == (first["id"], [first["id"]])


def test_the_one_who_left_last_comes_back(admin, path, scim):
    first = scim.post("/Users", onelogin_user("desk@example.com", externalId="1"), expect=201).json
    second = rehire(scim, first, lambda: scim.post("/Users", onelogin_user("desk@example.com", externalId="2"), expect=201).json)
    third = rehire(scim, second, lambda: scim.post("/Users", onelogin_user("desk@example.com"), expect=201).json)
    assert person(admin, path, third) == (second["id"], [second["id"]])


def test_delete_and_create_in_one_bulk_request_is_a_rehire(admin, path, scim):
    first = scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201).json
    message = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "DELETE", "path": f"/Users/{first['id']}"},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": okta_user("ada@example.com", "00uada")},
        ],
    }
    done = scim.post("/Bulk", message, expect=200)["Operations"]
    assert [operation["status"] for operation in done] == ["204", "201"]
    (user,) = users(admin, path)
    assert user["person_id"] == first["id"] and user["previous_ids"] == [first["id"]]


def test_persons_of_another_directory_are_not_met(rollcall, admin, path, scim):
    first = scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201).json
    scim.delete(f"/Users/{first['id']}", expect=204)
    other = rollcall.new_organization()
    elsewhere = other.scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201).json
    other.scim.delete(f"/Users/{elsewhere['id']}", expect=204)
    again = other.scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201).json
    shown = admin.get(f"/v1/directories/{other.directory_id}/users/{again['id']}", expect=200)
    assert shown["person_id"] == elsewhere["id"]


def test_many_rehires_at_once_make_one_resource_and_one_person(rollcall, admin, path, org, scim):
    first = scim.post("/Users", okta_user("ada@example.com", "00uada"), expect=201).json
    scim.delete(f"/Users/{first['id']}", expect=204)
    answers, start = [], threading.Barrier(8)

    def hire():
        client = Scim(org.connector_url, org.token)
        start.wait()
        answers.append(client.post("/Users", okta_user("ada@example.com", "00uada")).status)
        client.close()

    threads = [threading.Thread(target=hire) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7
    (user,) = users(admin, path)
    assert user["person_id"] == first["id"] and user["previous_ids"] == [first["id"]]


def test_a_directory_that_nobody_left_is_not_asked_for_departed_people(rollcall, org, scim):
    """The flag travels with the token: a creation costs no statement more until somebody was deleted."""

    def flags():
        with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT has_departed FROM directory WHERE id = %s", (id_bytes(org.directory_id),))
            return cursor.fetchone()[0]

    made = scim.new_user("a@example.com")["id"]
    assert flags() == 0
    scim.delete(f"/Users/{made}", expect=204)
    assert flags() == 1
