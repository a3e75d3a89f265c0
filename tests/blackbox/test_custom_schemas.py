"""Schemas as data: extensions and resource types that a directory alone has."""

import pytest
from harness.scim import ENTERPRISE, GROUP, LIST, PATCH, USER, Scim

BADGE = "urn:example:params:scim:schemas:extension:Badge"
DEVICE = "urn:example:params:scim:schemas:Device"
RACK = "urn:example:params:scim:schemas:extension:Rack"


def simple(name, kind="string", **keywords):
    return {"name": name, "type": kind, "description": f"The {name}.", **keywords}


CATALOG = {
    "schemas": [
        {
            "id": BADGE,
            "name": "Badge",
            "description": "What opens doors.",
            "attributes": [
                simple("number", "integer"),
                simple("color", canonicalValues=["red", "green"]),
                simple("issuedAt", "dateTime"),
                simple("weight", "decimal"),
                simple("photo", "binary"),
                simple("page", "reference", referenceTypes=["external"]),
                simple("lost", "boolean"),
                simple("code", caseExact=True),
                simple("chip", mutability="immutable"),
                simple("pin", mutability="writeOnly", returned="never"),
                simple("checked", mutability="readOnly"),
                simple("shown", returned="always"),
                simple("hidden", returned="never"),
                simple("asked", returned="request"),
                simple(
                    "doors",
                    "complex",
                    multiValued=True,
                    subAttributes=[
                        simple("value"),
                        simple("type"),
                        simple("primary", "boolean"),
                        simple("since", "dateTime"),
                        simple("tags", multiValued=True),
                        simple("secret", returned="request"),
                    ],
                ),
            ],
        },
        {
            "id": DEVICE,
            "name": "Device",
            "attributes": [
                simple("serial", required=True, uniqueness="server", mutability="immutable"),
                simple("displayName"),
                simple("ports", "integer", multiValued=True),
                simple("owner", "complex", subAttributes=[simple("value"), simple("display")]),
                simple("notes", returned="request"),
            ],
        },
        {"id": RACK, "name": "Rack", "attributes": [simple("unit", "integer", required=True)]},
    ],
    "resource_types": [
        {"name": "User", "schemaExtensions": [{"schema": BADGE, "required": False}]},
        {
            "name": "Device",
            "endpoint": "/Devices",
            "description": "What people carry.",
            "schema": DEVICE,
            "schemaExtensions": [{"schema": RACK, "required": True}],
        },
    ],
}


@pytest.fixture
def scim(org):
    org.set_rules(catalog=CATALOG)
    return org.scim


def badge(**attributes):
    return {"schemas": [USER, BADGE], BADGE: attributes}


def new_user(scim, **attributes):
    return scim.new_user(**badge(**attributes)).json


def device(serial, **attributes):
    return {"schemas": [DEVICE, RACK], "serial": serial, RACK: {"unit": 7}, **attributes}


def new_device(scim, serial, **attributes):
    return scim.post("/Devices", device(serial, **attributes), expect=201).json


# --- discovery ---


def test_D_13_MT_05_discovery_shows_what_the_directory_has(rollcall, scim):
    schemas = scim.get("/Schemas", expect=200)
    assert [s["id"] for s in schemas["Resources"]][6:] == [BADGE, DEVICE, RACK]
    shown = scim.get(f"/Schemas/{BADGE.upper()}", expect=200).json
    assert shown["name"] == "Badge" and shown["meta"]["resourceType"] == "Schema"
    by_name = {a["name"]: a for a in shown["attributes"]}
    assert by_name["color"]["canonicalValues"] == ["red", "green"]
    assert by_name["pin"]["mutability"] == "writeOnly" and by_name["pin"]["returned"] == "never"
    assert "caseExact" not in by_name["number"] and by_name["photo"]["caseExact"] is True
    assert [a["name"] for a in by_name["doors"]["subAttributes"]][4:] == ["tags", "secret"]
    other = rollcall.new_organization()
    assert len(other.scim.get("/Schemas", expect=200)["Resources"]) == 6
    other.scim.get(f"/Schemas/{BADGE}", expect=404)


def test_D_19_D_11_custom_types_are_found_through_resource_types(scim):
    types = {t["name"]: t for t in scim.get("/ResourceTypes", expect=200)["Resources"]}
    assert list(types) == ["User", "Group", "Device"]
    assert types["Device"]["endpoint"] == "/Devices" and types["Device"]["schema"] == DEVICE
    assert types["Device"]["schemaExtensions"] == [{"schema": RACK, "required": True}]
    assert types["User"]["schemaExtensions"] == [
        {"schema": ENTERPRISE, "required": False},
        {"schema": BADGE, "required": False},
    ]
    assert scim.get("/ResourceTypes/Device", expect=200).json == types["Device"]
    for kind in types.values():
        scim.get(kind["endpoint"], expect=200)
        scim.get(f"/Schemas/{kind['schema']}", expect=200)


def test_D_05_without_a_token_discovery_shows_the_built_in_ones(scim):
    for path, count in (("/Schemas", 6), ("/ResourceTypes", 2)):
        assert len(scim.get(path, authorization="", expect=200)["Resources"]) == count
    scim.get(f"/Schemas/{BADGE}", authorization="", expect=404)
    scim.get("/ResourceTypes/Device", authorization="", expect=404)


def test_D_18_tags_of_discovery_follow_the_rules(org, scim):
    before = scim.get("/Schemas", expect=200).headers["etag"]
    scim.get("/Schemas", headers=[("If-None-Match", before)], expect=304)
    org.set_rules(catalog={})
    assert scim.get("/Schemas", headers=[("If-None-Match", before)], expect=200).headers["etag"] != before


def test_D_17_what_breaks_the_rules_of_schemas_is_refused_by_name(org):
    deep = simple("a", "complex", subAttributes=[simple("b", "complex", subAttributes=[simple("c")])])
    said = org.set_rules(catalog={"schemas": [{"id": "urn:example:x", "attributes": [deep]}]}, expect=2)
    assert '"a.b"' in said and "complex" in said
    assert len(org.scim.get("/Schemas", expect=200)["Resources"]) == 6


# --- extensions ---


def test_A_01_A_04_extension_attributes_live_under_their_urn_in_the_schemas_spelling(scim):
    user = scim.post(
        "/Users", {"schemas": [USER], "userName": "a", BADGE.upper(): {"NUMBER": 7, "Color": "blue"}}, expect=201
    ).json
    assert user[BADGE] == {"number": 7, "color": "blue"}
    assert user["schemas"] == [USER, BADGE]
    assert scim.get(f"/Users/{user['id']}", expect=200).json == user


@pytest.mark.parametrize(
    "attributes, wrong",
    [
        ({"number": 7.5}, "number"),
        ({"number": "7"}, "number"),
        ({"issuedAt": "yesterday"}, "issuedAt"),
        ({"photo": "%%"}, "photo"),
        ({"lost": "perhaps"}, "lost"),
        ({"weight": "1.5"}, "weight"),
        ({"color": ["red", "green"]}, "color"),
        ({"doors": [{"since": "then"}]}, "doors.since"),
        ({"doors": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, "primary"),
    ],
)
def test_A_14_A_15_A_16_A_17_custom_attributes_are_validated_by_type(scim, attributes, wrong):
    refused = scim.post("/Users", {"userName": "a", **badge(**attributes)}, expect=400)
    assert refused["scimType"] == "invalidValue" and wrong in refused["detail"], refused
    user = new_user(scim)
    name, value = next(iter(attributes.items()))
    operation = {"op": "replace", "path": f"{BADGE}:{name}", "value": value}
    assert scim.patch(f"/Users/{user['id']}", operation, expect=400)["scimType"] == "invalidValue"


def test_A_24_canonical_values_of_custom_attributes_are_suggestions(scim):
    assert new_user(scim, color="violet")[BADGE]["color"] == "violet"


def test_A_26_mutability_of_custom_attributes(org, scim):
    user = new_user(scim, chip="c1", pin="1234", checked="by me", number=1)
    path = f"/Users/{user['id']}"
    assert user[BADGE] == {"chip": "c1", "number": 1}
    change = {"op": "replace", "path": f"{BADGE}:chip", "value": "c2"}
    assert scim.patch(path, change, expect=400)["scimType"] == "mutability"
    assert scim.put(path, {"userName": "b", **badge(chip="c2")}, expect=400)["scimType"] == "mutability"
    read_only = {"op": "add", "path": f"{BADGE}:checked", "value": "x"}
    assert scim.patch(path, read_only, expect=400)["scimType"] == "mutability"
    replaced = scim.put(path, {"userName": "b", **badge(number=2)}, expect=200).json
    assert replaced[BADGE] == {"chip": "c1", "number": 2}

    stored = stored_document(org, user["id"])
    assert '"pin":"1234"' in stored and "checked" not in stored
    scim.patch(path, {"op": "replace", "path": f"{BADGE}:pin", "value": "9"}, expect=200)
    assert '"pin":"9"' in stored_document(org, user["id"])
    scim.patch(path, {"op": "remove", "path": f"{BADGE}:pin"}, expect=200)
    assert "pin" not in stored_document(org, user["id"])


def test_A_26_an_immutable_attribute_can_be_set_while_it_is_unset(scim):
    path = f"/Users/{new_user(scim, number=1)['id']}"
    added = scim.patch(path, {"op": "add", "path": f"{BADGE}:chip", "value": "c"}, expect=200)
    assert added[BADGE]["chip"] == "c"
    assert scim.put(path, {"userName": "b", **badge(chip="c")}, expect=200)[BADGE] == {"chip": "c"}


def stored_document(org, resource_id):
    (row,) = org.rollcall.database.query(
        "SELECT document FROM resource WHERE directory_id = %s AND id = UNHEX(%s)",
        org.rollcall.id_bytes(org.directory_id),
        resource_id.replace("-", ""),
    )
    return row[0].decode()


def test_A_27_Q_07_returned_of_custom_attributes_in_reads(scim):
    values = {"number": 1, "shown": "s", "hidden": "h", "asked": "a", "pin": "p"}
    user = scim.new_user("a", **badge(**values, doors=[{"value": "d", "secret": "x"}]))
    path = f"/Users/{user['id']}"

    def badge_of(query=""):
        return scim.get(path + query, expect=200).json.get(BADGE)

    assert badge_of() == {"number": 1, "shown": "s", "doors": [{"value": "d"}]}
    assert badge_of(f"?attributes={BADGE}:asked") == {"shown": "s", "asked": "a"}
    assert badge_of("?attributes=userName") == {"shown": "s"}
    assert badge_of(f"?attributes={BADGE}:hidden,{BADGE}:pin") == {"shown": "s"}
    assert badge_of(f"?excludedAttributes={BADGE}:shown,{BADGE}:number") == {"shown": "s", "doors": [{"value": "d"}]}
    assert badge_of(f"?attributes={BADGE}:doors.secret") == {"shown": "s", "doors": [{"secret": "x"}]}
    (found,) = scim.find("/Users", 'userName eq "a"')["Resources"]
    assert found[BADGE] == badge_of()
    (listed,) = scim.get("/Users", expect=200)["Resources"]
    assert listed[BADGE] == badge_of()
    (listed,) = scim.get(f"/Users?attributes={BADGE}:asked", expect=200)["Resources"]
    assert listed[BADGE] == {"shown": "s", "asked": "a"}


def test_A_27_what_is_returned_on_request_shows_in_the_reply_to_a_write_that_sent_it(scim):
    created = new_user(scim, asked="a", hidden="h", number=1)
    assert created[BADGE] == {"asked": "a", "number": 1}
    path = f"/Users/{created['id']}"
    renamed = scim.patch(path, {"op": "replace", "path": "title", "value": "t"}, expect=200)
    assert renamed[BADGE] == {"number": 1}
    asked = scim.patch(path, {"op": "replace", "path": f"{BADGE}:asked", "value": "b"}, expect=200)
    assert asked[BADGE] == {"asked": "b", "number": 1}
    pathless = scim.patch(path, {"op": "replace", "value": {BADGE: {"asked": "c"}}}, expect=200)
    assert pathless[BADGE] == {"asked": "c", "number": 1}
    put = scim.put(path, {"userName": "b", **badge(asked="d")}, expect=200)
    assert put[BADGE] == {"asked": "d"}
    assert BADGE not in scim.get(path, expect=200).json
    named = scim.put(f"{path}?attributes=userName", {"userName": "b", **badge(asked="e")}, expect=200)
    assert named[BADGE] == {"asked": "e"} and "meta" not in named.json


def test_F_17_A_25_custom_attributes_can_be_filtered_by(scim):
    made = [
        new_user(scim, number=n, color=color, code=code, issuedAt=f"2026-01-0{n}T00:00:00Z", lost=n == 2, asked="x")
        for n, color, code in [(1, "Red", "A"), (2, "green", "a"), (3, "blue", "b")]
    ]
    ids = [user["id"] for user in made]

    def found(filter):
        return [ids.index(user["id"]) for user in scim.find("/Users", filter)["Resources"]]

    assert found(f"{BADGE}:number gt 1") == [1, 2]
    assert found(f'{BADGE}:color eq "RED"') == [0]
    assert found(f'{BADGE}:code eq "A"') == [0]
    assert found(f'{BADGE}:code co "a"') == [1]
    assert found(f'{BADGE}:issuedAt lt "2026-01-02T00:00:00Z"') == [0]
    assert found(f"{BADGE}:lost eq true") == [1]
    assert found(f'{BADGE}:asked eq "x" and not ({BADGE}:number eq 2)') == [0, 2]
    assert found("number ge 2") == [1, 2]  # F-16: by its name alone
    for attribute in ("hidden", "pin"):
        refused = scim.get(f'/Users?filter={BADGE}:{attribute}%20eq%20"h"', expect=403)
        assert refused["scimType"] == "sensitive"


def test_patch_works_inside_custom_multi_valued_attributes(scim):
    user = new_user(scim, doors=[{"value": "a", "type": "front", "tags": ["x"]}, {"value": "b", "type": "back"}])
    path = f"/Users/{user['id']}"
    changed = scim.patch(
        path, {"op": "replace", "path": f'{BADGE}:doors[type eq "back"].tags', "value": ["y", "z"]}, expect=200
    )
    assert changed[BADGE]["doors"][1] == {"value": "b", "type": "back", "tags": ["y", "z"]}
    left = scim.patch(path, {"op": "remove", "path": f'{BADGE}:doors[value eq "a"]'}, expect=200)
    assert [door["value"] for door in left[BADGE]["doors"]] == ["b"]


# --- resource types ---


def test_D_19_C_01_a_custom_type_has_the_whole_life_of_a_resource(scim):
    made = scim.post("/Devices", device("S1", displayName="Mine", ports=[1, 2], externalId="e1"), expect=201)
    path = f"/Devices/{made['id']}"
    assert made["meta"]["resourceType"] == "Device"
    assert made["meta"]["location"].endswith(f"/scim/v2{path}")
    assert made["schemas"] == [DEVICE, RACK] and made[RACK] == {"unit": 7}
    assert scim.get(path, expect=200).json == made.json
    scim.request("HEAD", path, expect=200)

    changed = scim.patch(path, {"op": "add", "path": "ports", "value": [3]}, expect=200)
    assert changed["ports"] == [1, 2, 3] and changed["meta"]["version"] != made["meta"]["version"]
    scim.put(path, device("S1"), headers=[("If-Match", made["meta"]["version"])], expect=412)
    matching = [("If-Match", changed["meta"]["version"])]
    put = scim.put(path, device("S1", displayName="Yours"), headers=matching, expect=200)
    assert "ports" not in put.json and put["displayName"] == "Yours"
    same = scim.put(path, device("S1", displayName="Yours"), expect=200)
    assert same["meta"] == put["meta"]
    scim.get(path, headers=[("If-None-Match", put["meta"]["version"])], expect=304)
    scim.delete(path, expect=204)
    scim.get(path, expect=404)
    scim.delete(path, expect=404)
    scim.patch(path, {"op": "replace", "path": "displayName", "value": "x"}, expect=404)


def test_A_28_C_02_U_05_the_unique_attribute_of_a_custom_type(scim):
    first, second = new_device(scim, "S1"), new_device(scim, "S2")
    refused = scim.post("/Devices", device("s1"), expect=409)
    assert refused["scimType"] == "uniqueness" and "serial" in refused["detail"]
    assert scim.find("/Devices", 'serial eq "s2"')["Resources"][0]["id"] == second["id"]
    scim.delete(f"/Devices/{first['id']}", expect=204)
    new_device(scim, "S1")


def things(**keywords):
    schema = {"id": "urn:x:Thing", "attributes": [simple("label", **keywords), simple("mark")]}
    return {"schemas": [schema], "resource_types": [{"name": "Thing", "endpoint": "/Things", "schema": "urn:x:Thing"}]}


def test_A_28_what_becomes_unique_is_unique_for_the_resources_that_are_there(org):
    scim = org.scim
    org.set_rules(catalog=things())
    thing = {"schemas": ["urn:x:Thing"], "label": "One"}
    first = scim.post("/Things", thing, expect=201)
    scim.post("/Things", {**thing, "label": "two"}, expect=201)
    twin = scim.post("/Things", {**thing, "label": "ONE"}, expect=201)

    assert "told apart" in org.set_rules(catalog=things(uniqueness="server"), expect=2)
    assert scim.find("/Things", 'label eq "one"')["totalResults"] == 2
    org.set_rules(catalog=things(uniqueness="server", caseExact=True))
    assert scim.find("/Things", 'label eq "One"')["totalResults"] == 1
    scim.post("/Things", thing, expect=409)
    scim.patch(f"/Things/{twin['id']}", {"op": "replace", "path": "label", "value": "One"}, expect=409)
    scim.delete(f"/Things/{twin['id']}", expect=204)
    org.set_rules(catalog=things(uniqueness="server"))
    assert scim.find("/Things", 'label eq "ONE"')["Resources"][0]["id"] == first["id"]
    scim.post("/Things", {**thing, "label": "TWO"}, expect=409)
    org.set_rules(catalog=things())
    scim.post("/Things", thing, expect=201)
    assert scim.find("/Things", 'label eq "one"')["totalResults"] == 2


def test_A_26_the_immutable_attribute_of_a_custom_type(scim):
    path = f"/Devices/{new_device(scim, 'S1')['id']}"
    assert scim.put(path, device("S2"), expect=400)["scimType"] == "mutability"
    change = {"op": "replace", "path": "serial", "value": "S2"}
    assert scim.patch(path, change, expect=400)["scimType"] == "mutability"


def test_C_04_required_attributes_and_extensions_of_a_custom_type(scim):
    for body, wrong in (
        ({"schemas": [DEVICE], "serial": "S"}, RACK),
        ({"schemas": [DEVICE], RACK: {"unit": 1}}, "serial"),
        ({"schemas": [DEVICE], "serial": "", RACK: {"unit": 1}}, "serial"),
        ({"schemas": [DEVICE], "serial": "S", RACK: {"other": 1}}, "unit"),
    ):
        refused = scim.post("/Devices", body, expect=400)
        assert refused["scimType"] == "invalidValue" and wrong in refused["detail"], refused
    assert scim.post("/Devices", {"schemas": [USER], "serial": "S"}, expect=400)["scimType"] == "invalidSyntax"
    path = f"/Devices/{new_device(scim, 'S')['id']}"
    scim.patch(path, {"op": "remove", "path": RACK}, expect=400)


def test_F_17_Q_01_lists_of_a_custom_type(scim):
    made = [new_device(scim, f"S{i}", ports=[i], notes="n", displayName=f"Device {i}") for i in range(5)]
    page = scim.get("/Devices?startIndex=2&count=2", expect=200)
    assert page["totalResults"] == 5 and [d["id"] for d in page["Resources"]] == [d["id"] for d in made[1:3]]
    assert page["schemas"] == [LIST]
    assert scim.find("/Devices", "ports gt 2")["totalResults"] == 2
    assert scim.find("/Devices", f'{RACK}:unit eq 7 and serial ne "S0"')["totalResults"] == 4
    assert scim.find("/Devices", f'id eq "{made[3]["id"]}"')["Resources"][0]["serial"] == "S3"
    assert scim.find("/Devices", 'meta.resourceType eq "Device"')["totalResults"] == 5
    (only,) = scim.find("/Devices", 'serial eq "S1"', "&attributes=notes")["Resources"]
    assert set(only) == {"schemas", "id", "notes"}
    assert "notes" not in scim.get("/Devices", expect=200)["Resources"][0]
    assert scim.get("/Users", expect=200)["totalResults"] == 0


def serials(page):
    return [found.get("serial") for found in page["Resources"]]


def search(**parameters):
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], **parameters}


def test_S_01_S_03_CU_12_lists_of_a_custom_type_are_sorted_and_walked_by_cursor(scim):
    for i, name in enumerate(["delta", "Alpha", "charlie", "Bravo", None]):
        new_device(scim, f"S{i}", ports=[9 - i], **({"displayName": name} if name else {}))
    assert serials(scim.get("/Devices?sortBy=displayName", expect=200)) == ["S1", "S3", "S2", "S0", "S4"]
    assert serials(scim.get("/Devices?sortBy=serial&sortOrder=descending&count=2", expect=200)) == ["S4", "S3"]
    walked, cursor = [], ""
    while cursor is not None:
        page = scim.get(f"/Devices?sortBy=displayName&count=2&cursor={cursor}", expect=200)
        walked += serials(page)
        cursor = page.json.get("nextCursor")
    assert walked == ["S1", "S3", "S2", "S0", "S4"]


def test_S_02_users_are_sorted_by_a_custom_attribute(scim):
    made = {n: new_user(scim, number=n)["id"] for n in (3, 1, 2)}
    plain = scim.new_user()["id"]
    found = scim.get(f"/Users?sortBy={BADGE}:number", expect=200)["Resources"]
    assert [user["id"] for user in found] == [made[1], made[2], made[3], plain]


def test_searches_reach_custom_types(scim):
    new_device(scim, "S1", displayName="same")
    scim.new_group("same")
    scim.new_user(displayName="same", **badge(number=1))
    by_post = scim.post("/Devices/.search", search(filter='serial eq "s1"', attributes=["serial"]), expect=200)
    assert serials(by_post) == ["S1"] and set(by_post["Resources"][0]) == {"schemas", "id", "serial"}
    everywhere = scim.post("/.search", search(filter='displayName eq "same"'), expect=200)
    kinds = sorted(found["meta"]["resourceType"] for found in everywhere["Resources"])
    assert kinds == ["Device", "Group", "User"] and everywhere["totalResults"] == 3
    ports = scim.post("/.search", search(filter=f"{RACK}:unit eq 7 or {BADGE}:number eq 1"), expect=200)
    assert ports["totalResults"] == 2
    assert scim.post("/Nope/.search", search(), expect=404)


def test_bulk_requests_reach_custom_types(scim):
    message = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Devices", "bulkId": "d", "data": device("S1")},
            {"method": "POST", "path": "/Devices", "bulkId": "e", "data": device("S1")},
            {
                "method": "PATCH",
                "path": "/Devices/bulkId:d",
                "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "displayName", "value": "x"}]},
            },
            {"method": "POST", "path": "/Nope", "bulkId": "n", "data": device("S2")},
        ],
    }
    results = scim.post("/Bulk", message, expect=200)["Operations"]
    assert [result["status"] for result in results][:3] == ["201", "409", "200"], results
    assert results[3]["status"] in ("400", "404")
    (made,) = scim.get("/Devices", expect=200)["Resources"]
    assert made["displayName"] == "x" and results[0]["location"] == made["meta"]["location"]


def test_resources_of_one_type_are_not_found_under_another(scim):
    made = new_device(scim, "S1")
    user = scim.new_user()
    scim.get(f"/Users/{made['id']}", expect=404)
    scim.get(f"/Groups/{made['id']}", expect=404)
    scim.get(f"/Devices/{user['id']}", expect=404)
    group = {"schemas": [GROUP], "displayName": "g", "members": [{"value": made["id"]}]}
    assert scim.post("/Groups", group, expect=400)["scimType"] == "invalidValue"


def test_H_10_wrong_methods_of_a_custom_type_are_named_with_the_right_ones(scim):
    path = f"/Devices/{new_device(scim, 'S1')['id']}"
    for method in ("PUT", "PATCH", "DELETE"):
        refused = scim.request(method, "/Devices", json={}, expect=405)
        assert refused.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    refused = scim.post(path, {}, expect=405)
    assert refused.headers["allow"] == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"


def test_H_10_H_11_what_is_no_endpoint_is_404_and_fixed_endpoints_keep_their_methods(org, scim):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for path in ("/Nope", "/devices", "/Device", "/Nope/1", "/Me/1", "/ServiceProviderConfig/x"):
            scim.request(method, path, json=None if method == "GET" else {}, expect=404)
    for method, path, allow in (
        ("DELETE", "/Users", "GET, HEAD, POST, OPTIONS"),
        ("PUT", "/Groups", "GET, HEAD, POST, OPTIONS"),
        ("POST", "/Users/x", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("POST", "/Schemas", "GET, HEAD, OPTIONS"),
        ("DELETE", "/Schemas/x", "GET, HEAD, OPTIONS"),
        ("PUT", "/ResourceTypes", "GET, HEAD, OPTIONS"),
        ("DELETE", "/ServiceProviderConfig", "GET, HEAD, OPTIONS"),
    ):
        assert scim.request(method, path, json={}, expect=405).headers["allow"] == allow
    scim.get("/Nope", authorization="", expect=401)
    scim.get("/Devices", authorization="", expect=401)


def test_MT_02_types_of_one_directory_do_not_exist_in_another(rollcall, org, scim):
    made = new_device(scim, "S1")
    other = rollcall.new_organization()
    other.scim.get("/Devices", expect=404)
    other.set_rules(catalog=CATALOG)
    other.scim.get(f"/Devices/{made['id']}", expect=404)
    new_device(other.scim, "S1")


def test_a_type_that_is_given_up_and_made_again_starts_empty(org, scim):
    new_device(scim, "S1")
    org.set_rules(catalog={})
    scim.get("/Devices", expect=404)
    org.set_rules(catalog=CATALOG)
    assert scim.get("/Devices", expect=200)["totalResults"] == 0
    new_device(scim, "S1")
    org.set_rules(catalog={**CATALOG, "resource_types": CATALOG["resource_types"][::-1]})
    assert scim.get("/Devices", expect=200)["totalResults"] == 1


def test_custom_types_take_tokens_that_may_do_everything(rollcall, org, scim):
    made = new_device(scim, "S1")
    path = f"/v1/directories/{org.directory_id}/tokens"

    def client(*scopes):
        minted = rollcall.admin.post(path, {"label": "t", "scopes": list(scopes)}, expect=201)
        return Scim(org.connector_url, minted["token"])

    reader = client("users:read", "groups:read")
    reader.get(f"/Devices/{made['id']}", expect=200)
    reader.get("/Devices", expect=200)
    reader.post("/Devices", device("S2"), expect=403)
    reader.delete(f"/Devices/{made['id']}", expect=403)
    client("users:read", "users:write").get("/Devices", expect=403)


def test_A_03_a_body_for_another_schema_is_refused_with_the_name_of_the_right_one(scim):
    refused = scim.post("/Devices", {"schemas": [PATCH], "serial": "S"}, expect=400)
    assert DEVICE in refused["detail"]


# --- a resource type of another standard ---

RFC_9944 = "urn:ietf:params:scim:schemas:core:2.0:Device"
BLE = "urn:ietf:params:scim:schemas:extension:ble:2.0:Device"
MAB = "urn:ietf:params:scim:schemas:extension:ethernet-mab:2.0:Device"
RFC_9944_CATALOG = {
    "schemas": [
        {
            "id": RFC_9944,
            "name": "Device",
            "description": "Device account",
            "attributes": [
                simple("displayName"),
                simple("active", "boolean", required=True),
                simple("mudUrl", "reference", caseExact=True, referenceTypes=["external"]),
                simple(
                    "groups",
                    "complex",
                    multiValued=True,
                    mutability="readOnly",
                    subAttributes=[simple("value", mutability="readOnly"), simple("display", mutability="readOnly")],
                ),
            ],
        },
        {
            "id": BLE,
            "name": "bleExtension",
            "attributes": [
                simple("versionSupport", multiValued=True, required=True),
                simple("deviceMacAddress", required=True),
                simple("isRandom", "boolean"),
                simple("irk", mutability="writeOnly", returned="never"),
                simple("mobility", "boolean"),
                simple("pairingMethods", multiValued=True, required=True, caseExact=True),
            ],
        },
        {"id": MAB, "name": "MAB", "attributes": [simple("deviceMacAddress", required=True)]},
    ],
    "resource_types": [
        {
            "name": "Device",
            "endpoint": "/Devices",
            "schema": RFC_9944,
            "schemaExtensions": [{"schema": BLE, "required": False}, {"schema": MAB, "required": False}],
        }
    ],
}


def test_DV_01_devices_of_rfc_9944_are_data(org):
    org.set_rules(catalog=RFC_9944_CATALOG)
    scim = org.scim
    ble = {
        "versionSupport": ["5.3"],
        "deviceMacAddress": "2C:54:91:88:C9:E2",
        "isRandom": False,
        "irk": "00112233445566778899aabbccddeeff",
        "mobility": True,
        "pairingMethods": ["urn:ietf:params:scim:schemas:extension:pairingJustWorks:2.0:Device"],
    }
    body = {
        "schemas": [RFC_9944, BLE],
        "displayName": "BLE Heart Monitor",
        "active": False,
        "mudUrl": "https://example.com/mud",
        "groups": [{"value": "x"}],
        BLE: ble,
    }
    made = scim.post("/Devices", body, expect=201).json
    path = f"/Devices/{made['id']}"
    shown = {name: value for name, value in ble.items() if name != "irk"}
    assert made[BLE] == shown and "groups" not in made and made["active"] is False
    assert scim.get(path, expect=200).json == made
    on = scim.patch(path, {"op": "replace", "path": "active", "value": True}, expect=200)
    assert on["active"] is True
    moved = scim.patch(path, {"op": "add", "path": f"{MAB}:deviceMacAddress", "value": "aa:bb"}, expect=200)
    assert moved["schemas"] == [RFC_9944, BLE, MAB]
    for filter in (
        "active eq true",
        f'{BLE}:deviceMacAddress sw "2c:54"',
        f"{BLE}:mobility eq true and {MAB}:deviceMacAddress pr",
        'displayName co "heart"',
    ):
        assert [found["id"] for found in scim.find("/Devices", filter)["Resources"]] == [made["id"]], filter
    missing = {"schemas": [RFC_9944], "displayName": "no active"}
    assert "active" in scim.post("/Devices", missing, expect=400)["detail"]
    assert scim.get("/ResourceTypes/Device", expect=200)["schema"] == RFC_9944
    scim.get(f"/Schemas/{BLE}", expect=200)
    scim.delete(path, expect=204)
    scim.get(path, expect=404)
