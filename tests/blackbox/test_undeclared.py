"""Attributes that no schema declares: kept, and remembered so that the vendor can declare them."""

import pytest
from harness.scim import ENTERPRISE, GROUP, USER
from harness.wait import until


@pytest.fixture
def seen(rollcall, org):
    """What is recorded for the organization's directory: {(type, path): uses}."""

    def read():
        rows = rollcall.database.query(
            "SELECT type, path, uses FROM undeclared_attribute WHERE directory_id = %s AND last_seen_ms >= first_seen_ms",
            rollcall.id_bytes(org.directory_id),
        )
        return {(kind, path.decode()): uses for kind, path, uses in rows}

    return read


def test_A_06_L_14_undeclared_attributes_are_kept_and_recorded(scim, seen):
    user = scim.post(
        "/Users",
        {
            "schemas": [USER],
            "userName": "a",
            "shoeSize": 43,
            "name": {"nick": "n"},
            "emails": [{"value": "a@example.com", "verified": True}, {"value": "b@example.com", "verified": False}],
            ENTERPRISE: {"UID": "u1"},
            "urn:x:Thing": {"size": 1},
        },
        expect=201,
    ).json
    assert user["shoeSize"] == 43 and user[ENTERPRISE]["UID"] == "u1" and user["urn:x:Thing"] == {"size": 1}
    assert scim.find("/Users", f'{ENTERPRISE}:UID eq "u1"')["totalResults"] == 1
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "g", "color": "red"}, expect=201)
    expected = {
        (1, "shoeSize"): 1,
        (1, "name.nick"): 1,
        (1, "emails.verified"): 1,
        (1, f"{ENTERPRISE}:UID"): 1,
        (1, "urn:x:Thing:size"): 1,
        (2, "color"): 1,
    }
    until(lambda: seen() == expected, "they are recorded")


def test_a_patch_that_brings_an_undeclared_attribute_is_recorded_too(scim, seen):
    user = scim.new_user()
    path = f"{ENTERPRISE}:badge"
    scim.patch(f"/Users/{user['id']}", {"op": "add", "path": path, "value": "7"}, expect=200)
    until(lambda: seen() == {(1, path): 1}, "it is recorded")


@pytest.mark.parametrize("policy", [{"unknown_attributes": "ignore"}, {"unknown_attributes": "reject"}])
def test_what_is_not_kept_is_not_recorded(org, scim, seen, policy):
    org.set_rules(policy=policy)
    scim.request("POST", "/Users", json={"schemas": [USER], "userName": "a", "shoeSize": 43})
    org.set_rules(policy={})
    scim.post("/Users", {"schemas": [USER], "userName": "b", "hatSize": 60}, expect=201)
    until(lambda: seen(), "something is recorded")
    assert seen() == {(1, "hatSize"): 1}


def test_what_is_declared_is_not_recorded(org, scim, seen):
    urn = "urn:x:Thing"
    org.set_rules(
        catalog={
            "schemas": [{"id": urn, "attributes": [{"name": "size", "type": "integer"}]}],
            "resource_types": [{"name": "User", "schemaExtensions": [{"schema": urn}]}],
        }
    )
    scim.post("/Users", {"schemas": [USER], "userName": "a", urn: {"size": 1, "weight": 2}}, expect=201)
    until(lambda: seen(), "something is recorded")
    assert seen() == {(1, f"{urn}:weight"): 1}


def declare(org, urn, *attributes):
    org.set_rules(
        catalog={
            "schemas": [{"id": urn, "attributes": list(attributes)}],
            "resource_types": [{"name": "User", "schemaExtensions": [{"schema": urn}]}],
        }
    )


def test_what_is_declared_later_takes_the_schemas_spelling_when_it_is_next_written(org, scim):
    urn = "urn:x:Thing"
    kept = {"Size": 1, "weight": 2, "Part": {"Of": "x"}}
    body = {"schemas": [USER], "userName": "a", urn.upper(): kept}
    path = f"/Users/{scim.post('/Users', body, expect=201)['id']}"
    part = {"name": "part", "type": "complex", "subAttributes": [{"name": "of"}]}
    declare(org, urn, {"name": "size", "type": "integer"}, part)
    assert scim.get(path, expect=200)[urn.upper()] == kept
    changed = scim.patch(path, {"op": "add", "path": "title", "value": "t"}, expect=200).json
    assert changed[urn] == {"size": 1, "weight": 2, "part": {"of": "x"}} and urn.upper() not in changed
    assert changed["schemas"] == [USER, urn]
    assert scim.find("/Users", f"{urn}:size eq 1")["totalResults"] == 1


def test_what_is_declared_later_is_forgotten(org, scim, seen):
    urn = "urn:x:Thing"
    body = {"schemas": [USER], "userName": "a", "hat": 1, "name": {"nick": "n"}, urn: {"Size": 1, "weight": 2}}
    scim.post("/Users", body, expect=201)
    until(lambda: len(seen()) == 4, "they are recorded")
    declare(org, urn, {"name": "size", "type": "integer"})
    assert set(seen()) == {(1, "hat"), (1, "name.nick"), (1, f"{urn}:weight")}
