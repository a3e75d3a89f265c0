"""Schemas, resource types and catalogs of a directory by the admin API: they are in /Schemas and /ResourceTypes of every
server from the next request on, and what stored resources use is not taken away by mistake."""

from urllib.parse import quote

import pytest
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, GROUP, USER

BADGE = "urn:example:params:scim:schemas:extension:Badge"
DEVICE = "urn:example:params:scim:schemas:Device"
ATTRIBUTES = [
    {"name": "number", "type": "integer"},
    {"name": "color", "canonicalValues": ["red", "green"]},
    {"name": "doors", "type": "complex", "multiValued": True, "subAttributes": [{"name": "value"}, {"name": "floor"}]},
]


@pytest.fixture(scope="module")
def servers(shared_rollcall):
    return [shared_rollcall.server, shared_rollcall.another_server()]


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}"


@pytest.fixture
def badge(admin, path):
    body = {"id": BADGE, "name": "Badge", "attributes": ATTRIBUTES, "extends": ["User"]}
    return admin.post(f"{path}/schemas", body, expect=201)


def pointers(answer):
    return [error["pointer"] for error in answer["errors"]]


def user(user_name, **attributes):
    return {"schemas": [USER], "userName": user_name, **attributes}


def test_AD_13_D_17_a_schema_is_made_shown_changed_and_deleted_and_every_server_knows(servers, org, admin, path):
    clients = [org.client(server=server) for server in servers]
    at = f"{path}/schemas/{BADGE}"
    for client in clients:
        client.get(f"/Schemas/{BADGE}", expect=404)
    made = admin.post(
        f"{path}/schemas", {"id": BADGE, "name": "Badge", "attributes": ATTRIBUTES, "extends": ["User"]}, expect=201
    )
    assert made.headers["location"] == at
    assert made["extends"] == ["User"] and made["schema_of"] == [] and not made["built_in"]
    assert admin.get(at, expect=200).json == made.json
    for client in clients:
        shown = client.get(f"/Schemas/{BADGE}", expect=200)
        assert shown["attributes"] == made["attributes"]
        extensions = client.get("/ResourceTypes/User", expect=200)["schemaExtensions"]
        assert {"schema": BADGE, "required": False} in extensions
    clients[0].post("/Users", user("a", **{BADGE: {"number": "seven"}}), expect=400)
    clients[1].post("/Users", user("a", **{BADGE: {"number": 7}}), expect=201)

    back = dict(made.json)
    back["attributes"] = back["attributes"] + [{"name": "since", "type": "dateTime"}]
    changed = admin.put(at, back, expect=200)
    assert [attribute["name"] for attribute in changed["attributes"]] == ["number", "color", "doors", "since"]
    for client in clients:
        assert client.get(f"/Schemas/{BADGE}", expect=200)["attributes"] == changed["attributes"]

    listed = admin.get(f"{path}/schemas", expect=200)
    assert [schema["id"] for schema in listed["schemas"] if not schema["built_in"]] == [BADGE]
    assert {USER, GROUP, ENTERPRISE} <= {schema["id"] for schema in listed["schemas"] if schema["built_in"]}

    admin.delete(f"{at}?force=true", expect=204)
    admin.get(at, expect=404)
    for client in clients:
        client.get(f"/Schemas/{BADGE}", expect=404)
    assert clients[0].find("/Users", f'{BADGE}:number eq 7')["totalResults"] == 1, "the document keeps its text"


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"id": "no urn"}, "#/id"),
        ({"id": "urn:ietf:params:scim:api:messages:2.0:Error"}, "#/id"),
        ({"attributes": []}, "#/attributes"),
        ({"attributes": "x"}, "#/attributes"),
        ({"attributes": [{"name": "a"}, {"name": "1a"}]}, "#/attributes/1/name"),
        ({"attributes": [{"name": "a"}, {"name": "A"}]}, "#/attributes/1/name"),
        ({"attributes": [{"name": "password"}]}, "#/attributes/0/name"),
        ({"attributes": [{"name": "a", "type": "text"}]}, "#/attributes/0/type"),
        ({"attributes": [{"name": "a", "mutability": "writeOnly", "returned": "default"}]}, "#/attributes/0/returned"),
        ({"attributes": [{"name": "a", "uniqueness": "global"}]}, "#/attributes/0/uniqueness"),
        ({"attributes": [{"name": "a", "uniqueness": "server"}], "extends": ["User"]}, "#/attributes/0/uniqueness"),
        ({"attributes": [{"name": "a", "unknown": 1}]}, "#/attributes/0/unknown"),
        ({"attributes": [{"name": "a", "type": "complex"}]}, "#/attributes/0/subAttributes"),
        (
            {"attributes": [{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "complex"}]}]},
            "#/attributes/0/subAttributes/0/type",
        ),
        ({"name": 7}, "#/name"),
        ({"extends": ["User", "Robot"]}, "#/extends/1"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_mistakes_in_a_schema_are_pointed_at(org, admin, path, change, pointer):
    body = {"id": BADGE, "attributes": ATTRIBUTES, **change}
    assert pointers(admin.post(f"{path}/schemas", body, expect=422)) == [pointer]
    assert admin.get(f"{path}/catalog", expect=200).json == {"schemas": [], "resource_types": []}
    assert org.scim.get("/Schemas", expect=200)["totalResults"] == 6


def test_a_schema_is_made_once_and_keeps_its_id(admin, path, badge):
    assert admin.post(f"{path}/schemas", {"id": BADGE.upper().replace("URN", "urn"), "attributes": ATTRIBUTES})[
        "type"
    ].endswith(":uniqueness")
    admin.post(f"{path}/schemas", {"id": USER, "attributes": ATTRIBUTES}, expect=409)
    assert pointers(admin.put(f"{path}/schemas/{BADGE}", {"id": DEVICE, "attributes": ATTRIBUTES}, expect=422)) == ["#/id"]
    assert pointers(admin.put(f"{path}/schemas/{BADGE}", {"name": "x"}, expect=422)) == ["#/attributes"]
    admin.delete(f"{path}/schemas/{USER}", expect=409)
    admin.delete(f"{path}/schemas/{DEVICE}", expect=404)
    admin.put(f"{path}/schemas/{DEVICE}", {"attributes": ATTRIBUTES}, expect=404)


def test_what_stored_resources_use_is_not_taken_away_unless_forced(org, admin, path, badge):
    scim, at = org.scim, f"{path}/schemas/{BADGE}"
    scim.post("/Users", user("a", **{BADGE: {"number": 7, "doors": [{"value": "north", "floor": "1"}]}}), expect=201)
    scim.post("/Users", user("b", **{BADGE: {"doors": [{"value": "south"}]}}), expect=201)
    scim.post("/Users", user("number", nickName="floor"), expect=201)
    number, color, doors = ATTRIBUTES

    admin.put(at, {"attributes": [number, doors]}, expect=200)  # nobody has a color
    refused = admin.put(at, {"attributes": [doors]}, expect=409)
    (error,) = refused["errors"]
    assert f"{BADGE}:number" in error["detail"] and "1 resource of type User uses it" in error["detail"]
    refused = admin.put(at, {"attributes": [{**number, "type": "string"}, {**doors, "multiValued": False}]}, expect=409)
    assert [detail["detail"].split(",")[0].split(":")[-1] for detail in refused["errors"]] == [
        "number has another type",
        "doors is no list any more",
    ]
    assert "2 resources of type User use it" in refused["errors"][1]["detail"]
    refused = admin.put(at, {"attributes": [number, {**doors, "subAttributes": [{"name": "value"}]}]}, expect=409)
    assert f"{BADGE}:doors.floor" in refused["errors"][0]["detail"]
    for refused in (admin.delete(at, expect=409), admin.put(at, {"attributes": [number, doors], "extends": []}, expect=409)):
        assert f"schema {BADGE} extends it no longer, and 2 resources" in refused["errors"][0]["detail"]
    assert admin.get(at, expect=200)["extends"] == ["User"]

    admin.put(f"{at}?force=true", {"attributes": [doors]}, expect=200)
    found = scim.find("/Users", f'{BADGE}:number eq 7')["Resources"]
    assert [resource["userName"] for resource in found] == ["a"] and found[0][BADGE]["number"] == 7
    admin.put(at, {"attributes": [number, doors]}, expect=200)


def test_attributes_can_be_added_to_built_in_schemas(org, admin, path):
    scim, at = org.scim, f"{path}/schemas/{ENTERPRISE}"
    before = admin.get(at, expect=200)
    assert before["built_in"] and before["added_attributes"] == [] and before["extends"] == ["User"]
    boss = scim.new_user("boss")
    stored = scim.post(
        "/Users", user("a", shoeSize=43, name={"nick": "Al"}, **{ENTERPRISE: {"UID": "u1", "manager": {"value": boss["id"]}}}), expect=201
    ).json
    changed = admin.put(at, {"added_attributes": [{"name": "UID", "caseExact": True}]}, expect=200)
    assert changed["attributes"][:-1] == before["attributes"] and changed["attributes"][-1]["name"] == "UID"
    added = [{"name": "shoeSize", "type": "integer"}, {"name": "name", "subAttributes": [{"name": "nick"}]}]
    admin.put(f"{path}/schemas/{USER}", {"added_attributes": added}, expect=200)

    names = [attribute["name"] for attribute in scim.get(f"/Schemas/{ENTERPRISE}", expect=200)["attributes"]]
    assert names[-1] == "UID"
    assert scim.get(f"/Users/{stored['id']}", expect=200).json == stored
    assert scim.find("/Users", "shoeSize gt 42")["totalResults"] == 1
    assert scim.find("/Users", 'name.nick eq "al"')["totalResults"] == 1
    assert scim.find("/Users", f'{ENTERPRISE}:UID eq "U1"')["totalResults"] == 0
    scim.patch(f"/Users/{stored['id']}", {"op": "replace", "path": "shoeSize", "value": "large"}, expect=400)
    scim.post("/Users", user("b", name={"nick": 7}), expect=400)
    patched = scim.patch(f"/Users/{stored['id']}", {"op": "replace", "path": "ShoeSize", "value": 44}, expect=200)
    assert patched["shoeSize"] == 44 and patched[ENTERPRISE]["manager"]["displayName"] == "boss"
    refused = admin.put(f"{path}/schemas/{USER}", {"added_attributes": []}, expect=409)
    assert len(refused["errors"]) == 2
    admin.put(f"{path}/schemas/{USER}?force=true", {"added_attributes": []}, expect=200)
    assert scim.get(f"/Users/{stored['id']}", expect=200)["shoeSize"] == 44


@pytest.mark.parametrize(
    "urn, added, pointer",
    [
        (USER, [{"name": "userName"}], "#/added_attributes/0/name"),
        (USER, [{"name": "x"}, {"name": "x"}], "#/added_attributes/1/name"),
        (USER, [{"name": "secret", "returned": "never"}], "#/added_attributes/0/returned"),
        (USER, [{"name": "key", "uniqueness": "server"}], "#/added_attributes/0/uniqueness"),
        (USER, [{"name": "name", "subAttributes": [{"name": "x"}, {"name": "givenName"}]}], "#/added_attributes/0/subAttributes/1/name"),
        (USER, [{"name": "name", "type": "complex", "subAttributes": [{"name": "x"}]}], "#/added_attributes/0/type"),
        (USER, [{"name": "groups", "subAttributes": [{"name": "x"}]}], "#/added_attributes/0/name"),
        (USER, [{"name": "members"}], "#/added_attributes/0/name"),
        (GROUP, [{"name": "members", "subAttributes": [{"name": "x"}]}], "#/added_attributes/0/name"),
        ("urn:ietf:params:scim:schemas:core:2.0:Schema", [{"name": "x"}], "#/id"),
    ],
)
def test_what_cannot_be_added_to_a_built_in_schema_is_pointed_at(admin, path, urn, added, pointer):
    assert pointers(admin.put(f"{path}/schemas/{urn}", {"added_attributes": added}, expect=422)) == [pointer]


def test_a_resource_type_is_made_served_and_deleted(servers, org, admin, path, badge):
    clients = [org.client(server=server) for server in servers]
    admin.post(f"{path}/schemas", {"id": DEVICE, "attributes": [{"name": "serial", "uniqueness": "none"}]}, expect=201)
    body = {"name": "Device", "endpoint": "/Devices", "schema": DEVICE, "schemaExtensions": [{"schema": BADGE, "required": False}]}
    for client in clients:
        client.get("/Devices", expect=404)
    made = admin.post(f"{path}/resource-types", body, expect=201)
    assert made["schemaExtensions"] == body["schemaExtensions"] and not made["built_in"]
    assert admin.get(made.headers["location"], expect=200).json == made.json
    for number, client in enumerate(clients):
        client.post("/Devices", {"schemas": [DEVICE], "serial": str(number)}, expect=201)
        assert client.get("/ResourceTypes/Device", expect=200)["endpoint"] == "/Devices"
    refused = admin.delete(f"{path}/resource-types/Device", expect=409)
    assert "resource type Device is no more, and 2 resources" in refused["errors"][0]["detail"]
    assert "Device" in admin.delete(f"{path}/schemas/{DEVICE}?force=true", expect=409)["detail"]
    moved = admin.put(f"{path}/resource-types/Device", {**made.json, "endpoint": "/Things"}, expect=200)
    assert moved["endpoint"] == "/Things"
    assert clients[0].get("/Things", expect=200)["totalResults"] == 2
    clients[1].get("/Devices", expect=404)
    admin.delete(f"{path}/resource-types/Device?force=true", expect=204)
    for client in clients:
        client.get("/Things", expect=404)
    admin.post(f"{path}/resource-types", body, expect=201)
    assert clients[1].get("/Devices", expect=200)["totalResults"] == 0, "another type, of the same name"


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"name": "a b"}, "#/name"),
        ({"endpoint": "Devices"}, "#/endpoint"),
        ({"endpoint": "/Users"}, "#/endpoint"),
        ({"schema": "urn:x:Nothing"}, "#/schema"),
        ({"schemaExtensions": [{"schema": "urn:x:Nothing"}]}, "#/schemaExtensions/0/schema"),
        ({"schemaExtensions": [{"schema": BADGE, "required": "yes"}]}, "#/schemaExtensions/0/required"),
        ({"endpoint": 7}, "#/endpoint"),
        ({"code": 7}, "#/code"),
    ],
)
def test_mistakes_in_a_resource_type_are_pointed_at(admin, path, badge, change, pointer):
    admin.post(f"{path}/schemas", {"id": DEVICE, "attributes": [{"name": "serial"}]}, expect=201)
    body = {"name": "Device", "endpoint": "/Devices", "schema": DEVICE, **change}
    assert pointers(admin.post(f"{path}/resource-types", body, expect=422)) == [pointer]


def test_of_built_in_types_the_extensions_can_be_set(org, admin, path, badge):
    group = admin.get(f"{path}/resource-types/Group", expect=200)
    assert group["built_in"] and group["schemaExtensions"] == []
    changed = admin.put(
        f"{path}/resource-types/Group", {**group.json, "schemaExtensions": [{"schema": BADGE, "required": True}]}, expect=200
    )
    assert changed["schemaExtensions"] == [{"schema": BADGE, "required": True}]
    org.scim.post("/Groups", {"schemas": [GROUP], "displayName": "g"}, expect=400)
    mine = admin.get(f"{path}/resource-types/User", expect=200)
    assert admin.put(f"{path}/resource-types/User", mine.json, expect=200).json == mine.json
    refused = admin.put(f"{path}/resource-types/User", {"endpoint": "/People", "schemaExtensions": []}, expect=422)
    assert pointers(refused) == ["#/endpoint"]
    admin.delete(f"{path}/resource-types/User", expect=409)
    admin.post(f"{path}/resource-types", {"name": "User", "endpoint": "/X", "schema": BADGE}, expect=409)


def test_a_catalog_is_copied_to_another_directory(rollcall, org, admin, path, badge):
    admin.post(f"{path}/schemas", {"id": DEVICE, "attributes": [{"name": "serial"}]}, expect=201)
    admin.post(f"{path}/resource-types", {"name": "Device", "endpoint": "/Devices", "schema": DEVICE}, expect=201)
    admin.put(f"{path}/schemas/{USER}", {"added_attributes": [{"name": "shoeSize", "type": "integer"}]}, expect=200)
    other = rollcall.new_organization()
    there = f"/v1/directories/{other.directory_id}"
    catalog = admin.get(f"{path}/catalog", expect=200).json
    assert admin.put(f"{there}/catalog", catalog, expect=200).json == catalog
    assert other.scim.get("/Schemas", expect=200)["totalResults"] == 8
    other.scim.post("/Devices", {"schemas": [DEVICE], "serial": "1"}, expect=201)
    assert "1 resource" in admin.put(f"{there}/catalog", {"schemas": [], "resource_types": []}, expect=409)["errors"][0]["detail"]
    broken = {"schemas": [*catalog["schemas"], {"id": "x"}], "resource_types": []}
    assert pointers(admin.put(f"{there}/catalog", broken, expect=422)) == [f"#/schemas/{len(catalog['schemas'])}/id"]
    broken = {**catalog, "resource_types": [*catalog["resource_types"], {"name": "A", "endpoint": "/Devices", "schema": DEVICE}]}
    assert pointers(admin.put(f"{there}/catalog", broken, expect=422)) == [
        f"#/resource_types/{len(catalog['resource_types'])}/endpoint"
    ]
    assert pointers(admin.put(f"{there}/catalog", {"schemas": []}, expect=422)) == ["#/resource_types"]
    admin.put(f"{there}/catalog?force=true", {"schemas": [], "resource_types": []}, expect=200)
    other.scim.get("/Devices", expect=404)


def test_a_catalog_has_a_largest_size(admin, path):
    attributes = [{"name": f"a{n}", "description": "x" * 900} for n in range(999)]
    for number in range(2):
        urn = f"urn:example:Large:{number}"
        answer = admin.post(f"{path}/schemas", {"id": urn, "attributes": attributes})
        assert answer.status == (201, 422)[number], answer
    assert "1000" in answer["errors"][0]["detail"] or "1 MiB" in answer["errors"][0]["detail"]


def test_a_urn_with_a_slash_is_percent_encoded(admin, path):
    urn = "urn:example:a/b"
    admin.post(f"{path}/schemas", {"id": urn, "attributes": [{"name": "x"}]}, expect=201)
    assert admin.get(f"{path}/schemas/{quote(urn, safe='')}", expect=200)["id"] == urn
