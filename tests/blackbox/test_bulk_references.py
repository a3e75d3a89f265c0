"""bulkId: operations of a bulk request that refer to each other."""

import pytest

from harness.bulk import bulk, group, id_of, path_of, read, ref, statuses, user
from harness.scim import ENTERPRISE, USER, patch_of


def test_B_09_the_example_of_the_rfc_alice_and_the_tour_guides(scim):
    results = bulk(
        scim,
        user("qwerty", "Alice"),
        group("ytrewq", ref("qwerty"), name="Tour Guides"),
    )
    assert statuses(results) == [201, 201]
    alice, guides = read(scim, results[0]), read(scim, results[1])
    assert [member["value"] for member in guides["members"]] == [alice["id"]]
    assert alice["groups"][0]["value"] == guides["id"]


def test_B_09_the_example_of_the_rfc_the_manager_of_bob(scim):
    results = bulk(
        scim,
        user("qwerty", "Alice"),
        user("ytrewq", "Bob", **{"schemas": [USER, ENTERPRISE]})
        | {
            "data": {
                "schemas": [USER, ENTERPRISE],
                "userName": "Bob",
                ENTERPRISE: {"employeeNumber": "11250", "manager": {"value": "bulkId:qwerty"}},
            }
        },
    )
    assert statuses(results) == [201, 201]
    assert read(scim, results[1])[ENTERPRISE]["manager"]["value"] == id_of(results[0])


def test_B_09_references_in_any_place(scim):
    unknown = "urn:example:custom"
    results = bulk(
        scim,
        user("a"),
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": "b",
            "data": {
                "schemas": [USER, unknown],
                "userName": "b",
                unknown: {"buddy": ref("a"), "deep": {"er": [ref("a"), "x", ref("b")]}, "plain": "not bulkId:a"},
            },
        },
    )
    assert statuses(results) == [201, 201]
    a, b = id_of(results[0]), id_of(results[1])
    assert read(scim, results[1])[unknown] == {"buddy": a, "deep": {"er": [a, "x", b]}, "plain": "not bulkId:a"}


def test_B_10_references_in_paths_and_patches(scim):
    old = scim.new_user()
    team = scim.new_group(members=[old["id"]])
    results = bulk(
        scim,
        user("a"),
        user("b"),
        group("q", ref("a")),
        {
            "method": "PATCH",
            "path": "/Groups/bulkId:q",
            "data": patch_of(
                {"op": "add", "path": "members", "value": [{"value": ref("b"), "$ref": "../Users/bulkId:b"}]},
                {"op": "remove", "path": 'members[value eq "bulkId:a"]'},
            ),
        },
        {"method": "PATCH", "path": f"/Groups/{team['id']}", "data": patch_of({"op": "replace", "value": {"members": [{"value": ref("a")}]}})},
        {"method": "PUT", "path": "/Users/bulkId:a", "data": {"schemas": [USER], "userName": "put"}},
        {"method": "DELETE", "path": "/Users/bulkId:a"},
    )
    assert statuses(results) == [201, 201, 201, 204, 204, 200, 204]
    assert scim.members(id_of(results[2])) == {id_of(results[1])}
    assert scim.members(team["id"]) == set()
    assert results[3]["location"] == results[2]["location"]
    assert results[6]["location"] == results[0]["location"]
    scim.get(path_of(scim, results[0]), expect=404)


def test_B_11_forward_references(scim):
    results = bulk(scim, group("outer", ref("inner")), group("inner", ref("u")), user("x"), user("u"))
    assert statuses(results) == [201] * 4
    assert scim.members(id_of(results[0])) == {id_of(results[1])}
    assert scim.members(id_of(results[1])) == {id_of(results[3])}


def test_B_11_groups_in_a_circle(scim):
    results = bulk(scim, user("u"), group("a", ref("b"), ref("u")), group("b", ref("a")), group("c", ref("a")))
    assert statuses(results) == [201] * 4
    u, a, b, c = map(id_of, results)
    assert scim.members(a) == {b, u} and scim.members(b) == {a} and scim.members(c) == {a}
    for result in results[1:]:
        assert read(scim, result)["meta"]["version"] == result["version"]


def test_B_11_a_circle_through_users_and_extensions(scim):
    def person(bulk_id, manager):
        return {
            "method": "POST",
            "path": "/Users",
            "bulkId": bulk_id,
            "data": {
                "schemas": [USER, ENTERPRISE],
                "userName": bulk_id,
                "displayName": bulk_id.upper(),
                ENTERPRISE: {"department": "d", "manager": {"value": ref(manager)}},
            },
        }

    results = bulk(scim, person("a", "c"), person("b", "a"), person("c", "b"), person("self", "self"))
    assert statuses(results) == [201] * 4
    for result, manager in zip(results, (results[2], results[0], results[1], results[3]), strict=True):
        shown = read(scim, result)[ENTERPRISE]
        assert shown["manager"]["value"] == id_of(manager) and shown["department"] == "d"
        assert shown["manager"]["displayName"]


def test_B_11_a_large_circle(scim):
    count = 60
    results = bulk(scim, *(group(f"g{i}", ref(f"g{(i + 1) % count}")) for i in range(count)))
    assert statuses(results) == [201] * count
    for i in (0, 31, 59):
        assert scim.members(id_of(results[i])) == {id_of(results[(i + 1) % count])}


def test_B_11_a_circle_that_is_too_large_is_given_up(scim):
    count = 80
    results = bulk(scim, *(group(f"g{i}", ref(f"g{(i + 1) % count}")) for i in range(count)), user("other"))
    assert statuses(results) == [409] * count + [201]
    assert scim.get("/Groups")["totalResults"] == 0


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_B_11_a_circle_with_a_failure_leaves_nothing_half_done(scim, broken):
    scim.new_group("taken")
    circle = [group("a", ref("b")), group("b", ref("c")), group("c", ref("a"))]
    circle[broken]["data"]["displayName"] = "taken"
    results = bulk(scim, user("u"), *circle, group("outside", ref("a")), user("v"))
    assert statuses(results) == [201, 409, 409, 409, 409, 201]
    kinds = [result["response"].get("scimType") for result in results[1:4]]
    assert kinds == ["uniqueness" if i == broken else None for i in range(3)]
    assert scim.get("/Groups")["totalResults"] == 1
    assert scim.get("/Users")["totalResults"] == 2


@pytest.mark.parametrize("limit", [1, 2])
def test_B_07_B_11_a_circle_is_processed_as_a_whole(scim, limit):
    scim.new_group("taken")
    circle = [group("a", ref("b")), group("b", ref("c"), name="taken"), group("c", ref("a"))]
    results = bulk(scim, user("u"), *circle, user("v"), failOnErrors=limit)
    assert statuses(results) == [201, 409, 409, 409]
    assert scim.get("/Groups")["totalResults"] == 1
    assert scim.get("/Users")["totalResults"] == 1


def test_B_12_a_reference_to_nobody_is_400_and_to_a_failed_one_409(scim):
    taken = scim.new_user()
    results = bulk(
        scim,
        user("bad", taken["userName"]),
        group("of nobody", ref("ghost")),
        group("of a failed one", ref("bad")),
        group("of that", ref("of a failed one")),
        {"method": "DELETE", "path": "/Users/bulkId:bad"},
        {"method": "DELETE", "path": "/Users/bulkId:ghost"},
        user("good"),
    )
    assert statuses(results) == [409, 400, 409, 409, 409, 400, 201]
    assert results[1]["response"]["scimType"] == "invalidValue" and "ghost" in results[1]["response"]["detail"]
    assert "bad" in results[2]["response"]["detail"]
    assert scim.get("/Groups")["totalResults"] == 0


def test_B_12_a_reference_to_one_that_failed_in_an_earlier_wave_is_409(scim):
    taken = scim.new_user()
    results = bulk(scim, user("bad", taken["userName"]), *(user(f"u{i}") for i in range(40)), group("g", ref("bad")))
    assert statuses(results) == [409] + [201] * 40 + [409]


def test_B_13_the_final_state_is_as_if_in_order(scim):
    results = bulk(
        scim,
        user("a", "same@example.com"),
        {"method": "DELETE", "path": "/Users/bulkId:a"},
        user("b", "same@example.com", title="second"),
        user("c", "same@example.com"),
        {"method": "PATCH", "path": "/Users/bulkId:b", "data": patch_of({"op": "replace", "path": "userName", "value": "b"})},
        user("d", "same@example.com", title="last"),
        group("g", ref("b"), name="g"),
        {"method": "DELETE", "path": "/Groups/bulkId:g"},
        group("h", ref("b"), name="g"),
    )
    assert statuses(results) == [201, 204, 201, 409, 200, 201, 201, 204, 201]
    found = scim.find("/Users", 'userName eq "same@example.com"')
    assert [resource["title"] for resource in found["Resources"]] == ["last"]
    assert scim.members(id_of(results[8])) == {id_of(results[2])}
    assert scim.get("/Groups")["totalResults"] == 1


DEVICE = "urn:example:params:scim:schemas:Device"
CATALOG = {
    "schemas": [
        {
            "id": DEVICE,
            "name": "Device",
            "attributes": [
                {"name": "serial", "type": "string", "required": True, "uniqueness": "server"},
                {"name": "owner", "type": "complex", "subAttributes": [{"name": "value", "type": "string"}]},
                {"name": "twin", "type": "string"},
            ],
        }
    ],
    "resource_types": [{"name": "Device", "endpoint": "/Devices", "schema": DEVICE}],
}


def device(bulk_id, **attributes):
    data = {"schemas": [DEVICE], "serial": bulk_id, **attributes}
    return {"method": "POST", "path": "/Devices", "bulkId": bulk_id, "data": data}


def test_B_09_B_11_resources_of_the_directorys_own_types(org):
    org.set_rules(catalog=CATALOG)
    results = bulk(
        org.scim,
        device("d", owner={"value": ref("u")}),
        device("left", twin=ref("right")),
        device("right", twin=ref("left")),
        user("u"),
        {"method": "PUT", "path": "/Devices/bulkId:d", "data": {"schemas": [DEVICE], "serial": "new"}},
        {"method": "PATCH", "path": "/Devices/bulkId:left", "data": patch_of({"op": "add", "path": "serial", "value": "x"})},
        {"method": "DELETE", "path": "/Devices/bulkId:right"},
        device("left again", serial="left"),
        device("taken", serial="x"),
        {"method": "DELETE", "path": "/Devices"},
        {"method": "POST", "path": "/Devices/1", "bulkId": "wrong", "data": {}},
    )
    assert statuses(results) == [201, 201, 201, 201, 200, 200, 204, 201, 409, 405, 405]
    assert read(org.scim, results[0])["serial"] == "new"
    assert read(org.scim, results[1])["twin"] == id_of(results[2])
    assert org.scim.get("/Devices")["totalResults"] == 3


def test_B_04_V_01_versions_count_the_groups_of_the_same_request(scim):
    change = patch_of({"op": "add", "path": "title", "value": "t"})
    results = bulk(
        scim,
        user("a"),
        group("inner", ref("a")),
        group("outer", ref("inner")),
        {"method": "PATCH", "path": "/Users/bulkId:a", "data": change},
        group("top", ref("outer")),
        {"method": "PATCH", "path": "/Users/bulkId:a", "data": patch_of({"op": "remove", "path": "title"})},
        {"method": "DELETE", "path": "/Groups/bulkId:outer"},
        {"method": "PATCH", "path": "/Users/bulkId:a", "data": change},
    )
    assert statuses(results) == [201, 201, 201, 200, 201, 200, 204, 200]
    shown = read(scim, results[0])
    assert results[7]["version"] == shown["meta"]["version"]
    assert {entry["value"] for entry in shown["groups"]} == {id_of(results[1])}
    assert scim.members(id_of(results[4])) == set()
