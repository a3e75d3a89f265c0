"""The checks of Microsoft's SCIM validators: the public one and the gallery's."""

import random
import uuid

import pytest

from harness.scim import ENTERPRISE, GROUP, PATCH, USER


@pytest.fixture
def validator(org):
    return org.client(("Content-Type", "application/scim+json; charset=utf-8"))


def word():
    return uuid.uuid4().hex[:10].upper()


def generated_user():
    """As the validator makes them: random words everywhere, a profileUrl that is no URL, booleans as text."""
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{word()}@example.com",
        "externalId": str(uuid.uuid4()),
        "active": True,
        "displayName": word(),
        "nickName": word(),
        "title": word(),
        "userType": word(),
        "preferredLanguage": random.choice(["mn-MN", "si", "hi"]),
        "locale": random.choice(["ml", "en-ZA"]),
        "timezone": random.choice(["Africa/Tunis", "America/Cordoba"]),
        "profileUrl": word(),
        "name": {part: word() for part in ("formatted", "familyName", "givenName", "middleName", "honorificPrefix")},
        "emails": [{"type": "work", "value": f"{word()}@work.example", "primary": True}],
        "phoneNumbers": [{"type": kind, "value": f"{random.randint(10, 99)}-555-0100"} for kind in ("work", "mobile", "fax")],
        "addresses": [{"type": "work", "formatted": word(), "locality": word(), "country": "GB", "primary": True}],
        "roles": [{"primary": "True", "display": word(), "value": word(), "type": word()}],
        ENTERPRISE: {"employeeNumber": word(), "department": word(), "manager": {"value": word()}},
    }


VERBOSE = {
    "displayName": "D",
    "title": "T",
    "emails[type eq \"work\"].value": "new@work.example",
    "preferredLanguage": "si",
    "name.givenName": "G",
    "name.familyName": "F",
    "name.formatted": "G F",
    "name.middleName": "M",
    "name.honorificPrefix": "P",
    "name.honorificSuffix": "S",
    "addresses[type eq \"work\"].formatted": "A",
    "addresses[type eq \"work\"].streetAddress": "1 Street",
    "addresses[type eq \"work\"].locality": "L",
    "addresses[type eq \"work\"].region": "R",
    "addresses[type eq \"work\"].postalCode": "12345",
    "addresses[type eq \"work\"].country": "NZ",
    "addresses[type eq \"work\"].primary": True,
    "phoneNumbers[type eq \"work\"].value": "1",
    "phoneNumbers[type eq \"work\"].primary": True,
    "phoneNumbers[type eq \"mobile\"].value": "2",
    "phoneNumbers[type eq \"fax\"].value": "3",
    "externalId": "E",
    "nickName": "N",
    "userType": "U",
    "locale": "ml",
    "timezone": "Africa/Tunis",
    "profileUrl": "not-a-url",
    "roles[primary eq \"True\"].display": "RD",
    "roles[primary eq \"True\"].value": "RV",
    "roles[primary eq \"True\"].type": "RT",
    f"{ENTERPRISE}:employeeNumber": "EN",
    f"{ENTERPRISE}:department": "ED",
    f"{ENTERPRISE}:costCenter": "EC",
    f"{ENTERPRISE}:organization": "EO",
    f"{ENTERPRISE}:division": "EV",
    f"{ENTERPRISE}:manager": "random-manager",
}


def assert_verbose(user):
    assert user["displayName"] == "D" and user["profileUrl"] == "not-a-url" and user["timezone"] == "Africa/Tunis"
    assert user["name"]["honorificSuffix"] == "S" and user["name"]["familyName"] == "F"
    [address] = [address for address in user["addresses"] if address["type"] == "work"]
    assert address["postalCode"] == "12345" and address["primary"] is True
    [role] = user["roles"]
    assert role == {"primary": True, "display": "RD", "value": "RV", "type": "RT"}
    assert {phone["type"]: phone["value"] for phone in user["phoneNumbers"]} == {"work": "1", "mobile": "2", "fax": "3"}
    assert user[ENTERPRISE]["costCenter"] == "EC" and user[ENTERPRISE]["manager"]["value"] == "random-manager"


def test_create_a_user_then_a_duplicate(validator):
    body = generated_user()
    created = validator.post("/Users", body, expect=201)
    assert created["roles"][0]["primary"] is True
    for name in ("userName", "profileUrl", "timezone", "locale", "preferredLanguage", "phoneNumbers", "addresses"):
        assert created[name] == body[name], name
    assert created[ENTERPRISE]["manager"]["value"] == body[ENTERPRISE]["manager"]["value"]
    assert validator.post("/Users", body, expect=409)["scimType"] == "uniqueness"


def test_filter_for_existing_missing_and_other_case(validator):
    user = validator.post("/Users", generated_user(), expect=201)
    for spelling in (user["userName"], user["userName"].lower(), user["userName"].swapcase()):
        assert validator.find("/Users", f'userName eq "{spelling}"')["Resources"][0]["id"] == user["id"]
    assert validator.find("/Users", 'userName eq "nobody"')["totalResults"] == 0


@pytest.mark.parametrize("op", ["replace", "add"])
def test_patch_attributes_verbosely(validator, op):
    body = generated_user() if op == "replace" else {"schemas": [USER], "userName": f"{word()}@example.com"}
    user = validator.post("/Users", body, expect=201)
    operations = [{"op": op, "path": path, "value": value} for path, value in VERBOSE.items()]
    assert_verbose(validator.patch(f"/Users/{user['id']}", *operations, expect=200).json)
    assert_verbose(validator.get(f"/Users/{user['id']}", expect=200).json)


def test_update_the_user_name_and_disable(validator):
    user = validator.post("/Users", generated_user(), expect=201)
    name = f"{word()}@example.com"
    path = f"/Users/{user['id']}"
    assert validator.patch(path, {"op": "replace", "value": {"userName": name}}, expect=200)["userName"] == name
    assert validator.patch(path, {"op": "replace", "path": "active", "value": False}, expect=200)["active"] is False


def test_manager_add_replace_remove(validator):
    user = validator.post("/Users", {**generated_user(), ENTERPRISE: {}}, expect=201)
    first, second = (validator.new_user()["id"] for _ in range(2))
    path, manager = f"/Users/{user['id']}", f"{ENTERPRISE}:manager"

    def read():
        return validator.get(path, expect=200).get(ENTERPRISE, {}).get("manager", {}).get("value")

    validator.patch(path, {"op": "add", "path": manager, "value": {"value": first}}, expect=200)
    assert read() == first
    validator.patch(path, {"op": "replace", "path": manager, "value": {"value": second}}, expect=200)
    assert read() == second
    validator.patch(path, {"op": "replace", "path": manager, "value": {"value": ""}}, expect=200)
    assert read() is None


def test_delete_a_user_twice(validator):
    user = validator.new_user()
    validator.delete(f"/Users/{user['id']}", expect=204)
    validator.get(f"/Users/{user['id']}", expect=404)
    validator.delete(f"/Users/{user['id']}", expect=404)
    validator.delete("/Users/5171a35d82074e068ce2", expect=404)


def test_groups_excluding_members_and_filters(validator):
    body = {"schemas": [GROUP], "displayName": word(), "externalId": str(uuid.uuid4())}
    group = validator.post("/Groups", body, expect=201)
    assert "members" not in validator.get(f"/Groups/{group['id']}?excludedAttributes=members", expect=200)
    for name in (body["displayName"], body["displayName"].lower()):
        [found] = validator.find("/Groups", f'displayName eq "{name}"', "&excludedAttributes=members")["Resources"]
        assert found["id"] == group["id"] and "members" not in found
    assert validator.find("/Groups", 'displayName eq "no such group"')["totalResults"] == 0
    assert validator.post("/Groups", body, expect=409)["scimType"] == "uniqueness"


def test_groups_replace_attributes_and_members(validator):
    user = validator.new_user()["id"]
    group = validator.new_group()
    path = f"/Groups/{group['id']}"
    validator.patch(path, {"op": "replace", "value": {"externalId": "changed"}}, expect=204)
    assert validator.get(path, expect=200)["externalId"] == "changed"
    validator.patch(path, {"op": "replace", "path": "displayName", "value": "Changed"}, expect=204)
    assert validator.get(path, expect=200)["displayName"] == "Changed"
    validator.patch(path, {"op": "replace", "path": "members", "value": [{"value": user}]}, expect=204)
    assert validator.members(group["id"]) == {user}
    validator.patch(path, {"op": "remove", "path": f'members[value eq "{user}"]'}, expect=204)
    assert validator.members(group["id"]) == set()
    validator.delete(path, expect=204)
    validator.get(path, expect=404)


def test_several_operations_on_different_and_on_the_same_attribute(validator):
    user = validator.post("/Users", generated_user(), expect=201)
    path = f"/Users/{user['id']}"
    different = validator.patch(
        path,
        {"op": "remove", "path": 'emails[type eq "work"].value'},
        {"op": "add", "path": 'emails[type eq "work"].value', "value": "back@work.example"},
        {"op": "replace", "path": "name.familyName", "value": "Family"},
        expect=200,
    )
    assert [email["value"] for email in different["emails"]] == ["back@work.example"]
    same = validator.patch(
        path,
        {"op": "remove", "path": "title"},
        {"op": "add", "path": "title", "value": "first"},
        {"op": "replace", "path": "title", "value": "second"},
        expect=200,
    )
    assert same["title"] == "second"


def test_empty_operations_succeed_and_change_nothing(validator):
    user = validator.new_user()
    answer = validator.patch(f"/Users/{user['id']}", json={"schemas": [PATCH], "Operations": []}, expect=200)
    assert answer.json == user.json


@pytest.mark.parametrize("path", ["title", "nickName", "name.honorificPrefix", f"{ENTERPRISE}:department"])
@pytest.mark.parametrize("nothing", ["", None])
def test_null_update_clears(validator, path, nothing):
    user = validator.post("/Users", generated_user(), expect=201)
    validator.patch(f"/Users/{user['id']}", {"op": "replace", "path": path, "value": "set"}, expect=200)
    validator.patch(f"/Users/{user['id']}", {"op": "replace", "path": path, "value": nothing}, expect=200)
    read = validator.get(f"/Users/{user['id']}", expect=200).json
    value = read
    for step in [ENTERPRISE, "department"] if path.startswith(ENTERPRISE) else path.split("."):
        value = (value or {}).get(step)
    assert not value


@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_gallery_pagination_by_five(validator, endpoint):
    make = validator.new_user if endpoint == "/Users" else validator.new_group
    expected = [make()["id"] for _ in range(12)]
    seen = []
    for page in range(3):
        start = page * 5 + 1
        answer = validator.get(f"{endpoint}?startIndex={start}&count=5", expect=200)
        assert answer["startIndex"] == start
        seen += [resource["id"] for resource in answer["Resources"]]
    assert seen == expected


def test_gallery_schema_discovery_names_every_mapped_attribute(validator):
    schemas = {schema["id"]: schema for schema in validator.get("/Schemas", expect=200)["Resources"]}
    names = {attribute["name"] for attribute in schemas[USER]["attributes"]}
    assert names >= {"userName", "active", "displayName", "title", "emails", "preferredLanguage", "name", "addresses"}
    assert names >= {"phoneNumbers", "roles", "timezone", "profileUrl", "nickName", "userType", "locale"}
    assert {attribute["name"] for attribute in schemas[GROUP]["attributes"]} >= {"displayName", "members"}
    enterprise = {attribute["name"] for attribute in schemas[ENTERPRISE]["attributes"]}
    assert enterprise >= {"employeeNumber", "department", "costCenter", "organization", "division", "manager"}
