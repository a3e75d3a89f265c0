"""Microsoft Entra ID as it is without a flag: capitalised operations, booleans as text, removal by value lists."""

import uuid

import pytest

from harness.scim import ENTERPRISE, GROUP, USER


@pytest.fixture
def entra(org):
    """Entra sends no User-Agent at all."""
    return org.client(("Content-Type", "application/scim+json; charset=utf-8"))


def person(name):
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": str(uuid.uuid4()),
        "userName": f"{name}@testuser.com",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": f"{name}@work.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [],
    }


@pytest.fixture
def user(entra):
    return entra.post("/Users", person("nickolas.bernhard"), expect=201)


def ids(answer):
    return [resource["id"] for resource in answer["Resources"]]


def test_R_02_the_connection_test_asks_for_a_user_who_cannot_exist(entra):
    assert ids(entra.find("/Users", f'userName eq "{uuid.uuid4()}"')) == []
    assert ids(entra.find("/Users", f'externalId eq "{uuid.uuid4()}"')) == []
    assert ids(entra.find("/Groups", f'displayName eq "{uuid.uuid4()}"')) == []


def test_creating_a_user_with_meta_empty_roles_and_nulls(entra):
    body = {**person("x"), "addresses": None, "phoneNumbers": None, "manager": None, "department": None}
    created = entra.post("/Users", body, expect=201)
    assert created["externalId"] == body["externalId"]
    assert created["emails"] == body["emails"] and created["name"] == body["name"]
    for name in ("roles", "addresses", "phoneNumbers", "manager", "department"):
        assert name not in created
    read = entra.get(f"/Users/{created['id']}", expect=200)
    assert read.json == created.json


def test_the_raw_query_of_a_capture_is_understood(entra, user):
    found = entra.get('/Users?filter=userName+eq+"nickolas.bernhard%40testuser.com"', expect=200)
    assert ids(found) == [user["id"]]


@pytest.mark.parametrize(
    "filter",
    [
        'userName eq "nickolas.bernhard@testuser.com"',
        'userName eq "NICKOLAS.Bernhard@testuser.com"',
        'externalId eq "{externalId}"',
        'id eq "{id}"',
        'emails[type eq "work"].value eq "nickolas.bernhard@work.com"',
        'emails[type eq "work" and value eq "nickolas.bernhard@work.com"]',
        'userName eq "nickolas.bernhard@testuser.com" and active eq "True"',
        'userName eq "nickolas.bernhard@testuser.com" and active eq true',
    ],
)
def test_matching_finds_the_user(entra, user, filter):
    entra.post("/Users", person("someone.else"), expect=201)
    wanted = filter.replace("{externalId}", user["externalId"]).replace("{id}", user["id"])
    assert ids(entra.find("/Users", wanted)) == [user["id"]]


def test_updating_attributes_one_by_one_in_one_patch(entra, user):
    updated = entra.patch(
        f"/Users/{user['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "updatedEmail@microsoft.com"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Replace", "path": "userName", "value": "5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com"},
        {"op": "Add", "path": "nickName", "value": "Babs"},
        {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "Eqpj"},
        {"op": "Replace", "path": "externalId", "value": "mYjYFZ"},
        expect=200,
    )
    assert updated["emails"] == [{"primary": True, "type": "work", "value": "updatedEmail@microsoft.com"}]
    assert updated["name"]["familyName"] == "updatedFamilyName" and updated["name"]["givenName"] == "givenName"
    assert updated["nickName"] == "Babs" and updated["externalId"] == "mYjYFZ"
    assert updated[ENTERPRISE]["employeeNumber"] == "Eqpj"
    assert ENTERPRISE in updated["schemas"]
    assert entra.get(f"/Users/{user['id']}", expect=200).json == updated.json
    assert ids(entra.find("/Users", 'userName eq "nickolas.bernhard@testuser.com"')) == []
    assert ids(entra.find("/Users", 'externalId eq "mYjYFZ"')) == [user["id"]]
    assert ids(entra.find("/Users", 'emails[type eq "work"].value eq "updatedemail@microsoft.com"')) == [user["id"]]


@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_a_value_path_without_a_match_makes_the_value(entra, op):
    bare = entra.new_user()
    path = f"/Users/{bare['id']}"
    made = entra.patch(
        path,
        {"op": op, "path": 'emails[type eq "work"].value', "value": "made@example.com"},
        {"op": op, "path": 'addresses[type eq "work"].locality', "value": "Redmond"},
        {"op": op, "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1 555 0100"},
        {"op": op, "path": 'roles[primary eq "True"].value', "value": "admin"},
        expect=200,
    )
    assert made["emails"] == [{"type": "work", "value": "made@example.com"}]
    assert made["addresses"] == [{"type": "work", "locality": "Redmond"}]
    assert made["phoneNumbers"] == [{"type": "mobile", "value": "+1 555 0100"}]
    assert made["roles"] == [{"primary": True, "value": "admin"}]
    again = entra.patch(path, {"op": op, "path": 'emails[type eq "work"].value', "value": "made@example.com"}, expect=200)
    assert again.json == made.json


def test_adding_to_a_value_that_is_there_replaces_it(entra, user):
    changed = entra.patch(
        f"/Users/{user['id']}",
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "second@work.com"},
        {"op": "Add", "path": "displayName", "value": "First"},
        {"op": "Add", "path": "displayName", "value": "Second"},
        expect=200,
    )
    assert [email["value"] for email in changed["emails"]] == ["second@work.com"]
    assert changed["displayName"] == "Second"


@pytest.mark.parametrize("false, true", [("False", "True"), ("false", "true"), (False, True), ("FALSE", "TRUE")])
def test_disabling_and_restoring_with_any_spelling_of_a_boolean(entra, user, false, true):
    group = entra.new_group(members=[user["id"]])
    path = f"/Users/{user['id']}"
    assert entra.patch(path, {"op": "Replace", "path": "active", "value": false}, expect=200)["active"] is False
    assert entra.get(path, expect=200)["active"] is False
    assert ids(entra.find("/Users", f'userName eq "{user["userName"]}"')) == [user["id"]]
    assert entra.patch(path, {"op": "Replace", "path": "active", "value": true}, expect=200)["active"] is True
    assert entra.members(group["id"]) == {user["id"]}, "a soft delete keeps memberships: they are not sent again"


def test_a_text_attribute_keeps_the_word_true(entra, user):
    changed = entra.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "nickName", "value": "True"}, expect=200)
    assert changed["nickName"] == "True"


def test_deleting_a_user_for_good(entra, user):
    group = entra.new_group(members=[user["id"]])
    entra.delete(f"/Users/{user['id']}", expect=204)
    entra.get(f"/Users/{user['id']}", expect=404)
    entra.delete(f"/Users/{user['id']}", expect=404)
    assert ids(entra.find("/Users", f'userName eq "{user["userName"]}"')) == []
    assert entra.members(group["id"]) == set()
    reborn = entra.post("/Users", person("nickolas.bernhard"), expect=201)
    assert reborn["id"] != user["id"]


@pytest.mark.parametrize(
    "path, value",
    [
        (f"{ENTERPRISE}:manager", {"value": "{id}"}),
        (f"{ENTERPRISE}:manager", "{id}"),
        (f"{ENTERPRISE}:manager", [{"$ref": "http://example.com/Users/{id}", "value": "{id}"}]),
        (f"{ENTERPRISE}:manager.value", "{id}"),
        (f"{ENTERPRISE}.manager", {"value": "{id}"}),
        ("manager", [{"$ref": "http://example.com/Users/{id}", "value": "{id}"}]),
    ],
)
@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_a_manager_comes_in_many_shapes(entra, user, op, path, value):
    boss = entra.new_user(displayName="The Boss")
    updated = entra.patch(f"/Users/{user['id']}", {"op": op, "path": path, "value": filled(value, boss["id"])}, expect=200)
    manager = updated[ENTERPRISE]["manager"]
    assert manager["value"] == boss["id"] and manager["displayName"] == "The Boss"
    both = f'id eq "{user["id"]}" and {ENTERPRISE}:manager eq "{boss["id"]}"'
    assert ids(entra.find("/Users", both, "&attributes=id")) == [user["id"]]


def filled(value, identifier):
    if isinstance(value, str):
        return value.replace("{id}", identifier)
    if isinstance(value, list):
        return [filled(item, identifier) for item in value]
    return {name: filled(item, identifier) for name, item in value.items()}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "value": {"value": ""}},
        {"op": "Replace", "value": ""},
        {"op": "Replace", "value": None},
        {"op": "Remove"},
    ],
)
def test_a_manager_goes_in_many_shapes(entra, user, operation):
    boss = entra.new_user()
    path = f"/Users/{user['id']}"
    entra.patch(path, {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": {"value": boss["id"]}}, expect=200)
    entra.patch(path, {**operation, "path": f"{ENTERPRISE}:manager"}, expect=200)
    assert "manager" not in entra.get(path, expect=200).get(ENTERPRISE, {})


def test_A_38_an_unknown_manager_is_stored_as_sent(entra, user):
    operation = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": {"value": "random-word"}}
    assert entra.patch(f"/Users/{user['id']}", operation, expect=200)[ENTERPRISE]["manager"]["value"] == "random-word"


def new_group(entra, name="Group 1", **attributes):
    body = {
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": str(uuid.uuid4()),
        "displayName": name,
        "meta": {"resourceType": "Group"},
        **attributes,
    }
    return entra.post("/Groups", body, expect=201)


def test_a_group_from_creation_to_deletion(entra):
    group = new_group(entra)
    path = f"/Groups/{group['id']}"
    assert group["displayName"] == "Group 1" and group["externalId"]

    read = entra.get(f"{path}?excludedAttributes=members", expect=200)
    assert "members" not in read and read["displayName"] == "Group 1"
    found = entra.get('/Groups?excludedAttributes=members&filter=displayName+eq+"Group%201"', expect=200)
    assert ids(found) == [group["id"]]
    assert ids(entra.find("/Groups", 'displayName eq "group 1"')) == [group["id"]]
    assert ids(entra.find("/Groups", f'externalId eq "{group["externalId"]}"')) == [group["id"]]

    entra.patch(path, {"op": "Replace", "path": "displayName", "value": "Group 1 renamed"}, expect=204)
    assert entra.get(f"{path}?excludedAttributes=members", expect=200)["displayName"] == "Group 1 renamed"

    entra.delete(path, expect=204)
    entra.get(path, expect=404)


def test_A_36_members_are_added_with_null_references(entra):
    users = [entra.new_user()["id"] for _ in range(3)]
    group = new_group(entra)
    path = f"/Groups/{group['id']}"
    for user_id in users:
        entra.patch(path, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user_id}]}, expect=204)
    assert entra.members(group["id"]) == set(users)
    both = f'id eq "{group["id"]}" and members eq "{users[0]}"'
    assert ids(entra.find("/Groups", both, "&excludedAttributes=members")) == [group["id"]]


@pytest.mark.parametrize(
    "shape",
    [
        lambda gone: {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": gone}]},
        lambda gone: {"op": "Remove", "path": "members", "value": [{"value": gone}]},
        lambda gone: {"op": "Remove", "path": "members", "value": {"value": gone}},
        lambda gone: {"op": "Remove", "path": f'members[value eq "{gone}"]'},
        lambda gone: {"op": "remove", "path": f'members[value eq "{gone}"]'},
    ],
    ids=["null reference", "list", "object", "Remove value path", "remove value path"],
)
def test_removing_one_member_leaves_the_others(entra, shape):
    gone, *kept = (entra.new_user()["id"] for _ in range(3))
    group = entra.new_group(members=[gone, *kept])
    entra.patch(f"/Groups/{group['id']}", shape(gone), expect=204)
    assert entra.members(group["id"]) == set(kept)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": "members"},
        {"op": "Replace", "path": "members", "value": []},
        {"op": "Replace", "path": "members", "value": None},
    ],
)
def test_removing_all_members_takes_saying_so(entra, operation):
    group = entra.new_group(members=[entra.new_user()["id"] for _ in range(2)])
    entra.patch(f"/Groups/{group['id']}", operation, expect=204)
    assert entra.members(group["id"]) == set()


def test_removing_nobody_empties_no_group(entra):
    member = entra.new_user()["id"]
    group = entra.new_group(members=[member])
    entra.patch(f"/Groups/{group['id']}", {"op": "Remove", "path": "members", "value": []}, expect=204)
    assert entra.members(group["id"]) == {member}


def test_many_members_come_in_one_operation(entra):
    users = [entra.new_user()["id"] for _ in range(40)]
    group = new_group(entra)
    value = [{"$ref": None, "value": user_id} for user_id in users]
    entra.patch(f"/Groups/{group['id']}", {"op": "Add", "path": "members", "value": value}, expect=204)
    assert entra.members(group["id"]) == set(users)


def test_a_patch_of_a_group_answers_its_representation_when_asked(entra):
    group = new_group(entra)
    answer = entra.patch(
        f"/Groups/{group['id']}?excludedAttributes=members",
        {"op": "Replace", "path": "displayName", "value": "Shown"},
        expect=200,
    )
    assert answer["displayName"] == "Shown" and "members" not in answer


def test_schemas_are_read_when_the_settings_are_saved(entra):
    schemas = entra.get("/Schemas", expect=200)
    assert {schema["id"] for schema in schemas["Resources"]} >= {USER, GROUP, ENTERPRISE}
    assert b"null" not in schemas.body


def test_the_base_url_may_have_been_pasted_with_a_trailing_slash(entra, user):
    assert ids(entra.get("//Users?filter=userName+eq+\"nickolas.bernhard@testuser.com\"", expect=200)) == [user["id"]]
    entra.get(f"//Users/{user['id']}", expect=200)
    assert entra.get("/Users/", expect=200)["totalResults"] == 1
