"""POST /Bulk (RFC 7644 section 3.7): the message, its results, its limits."""

import json
import uuid

import pytest

from harness.bulk import REQUEST, bulk, failing, group, message, read, ref, statuses, user
from harness.scim import USER, patch_of


def test_B_01_B_04_operations_of_every_kind_are_answered_one_by_one(scim):
    first, second = scim.new_user(), scim.new_user()
    team = scim.new_group(members=[first["id"]])
    results = bulk(
        scim,
        user("ada", "ada@example.com"),
        {"method": "PUT", "path": f"/Users/{first['id']}", "data": {**first.json, "title": "Boss"}},
        {
            "method": "PATCH",
            "path": f"/Groups/{team['id']}",
            "data": patch_of({"op": "add", "path": "members", "value": [{"value": second["id"]}]}),
        },
        {"method": "DELETE", "path": f"/Users/{second['id']}", "bulkId": "also echoed"},
    )
    assert statuses(results) == [201, 200, 204, 204]
    assert [result["method"] for result in results] == ["POST", "PUT", "PATCH", "DELETE"]
    assert results[0]["bulkId"] == "ada" and results[3]["bulkId"] == "also echoed"
    assert "bulkId" not in results[1]
    created = read(scim, results[0])
    assert created["userName"] == "ada@example.com"
    assert results[0]["location"] == created["meta"]["location"]
    assert results[0]["version"] == created["meta"]["version"]
    changed = scim.get(f"/Users/{first['id']}", expect=200)
    assert changed["title"] == "Boss" and results[1]["version"] == changed["meta"]["version"]
    assert results[1]["location"] == changed["meta"]["location"]
    assert scim.members(team["id"]) == {first["id"]}
    scim.get(f"/Users/{second['id']}", expect=404)


def test_B_04_the_location_is_that_of_the_resource_however_it_was_named(scim):
    path = f"/Users/{scim.new_user()['id']}"
    change = patch_of({"op": "replace", "path": "title", "value": "Boss"})
    paths = [path, path[1:], path + "/", path + "?attributes=title"]
    results = bulk(scim, *({"method": "PATCH", "path": path, "data": change} for path in paths))
    assert statuses(results) == [200] * 4
    assert {result["location"] for result in results} == {scim.get(path)["meta"]["location"]}


def test_B_01_B_04_the_example_of_the_rfc_with_four_operations(scim):
    """RFC 7644 section 3.7.3, with a whole message as the data of its PATCH."""
    bob, dave, gone = scim.new_user("Bobby"), scim.new_user("Dave", nickName="D"), scim.new_user()
    change = patch_of(
        {"op": "remove", "path": "nickName"},
        {"op": "replace", "path": "userName", "value": "Dave2"},
    )
    operations = [
        user("qwerty", "Alice"),
        {
            "method": "PUT",
            "path": f"/Users/{bob['id']}",
            "version": bob["meta"]["version"],
            "data": {"schemas": [USER], "id": bob["id"], "userName": "Bob"},
        },
        {"method": "PATCH", "path": f"/Users/{dave['id']}", "version": dave["meta"]["version"], "data": change},
        {"method": "DELETE", "path": f"/Users/{gone['id']}", "version": gone["meta"]["version"]},
    ]
    results = bulk(scim, *operations, failOnErrors=1)
    assert statuses(results) == [201, 200, 200, 204]
    assert scim.get(f"/Users/{bob['id']}")["userName"] == "Bob"
    assert "nickName" not in scim.get(f"/Users/{dave['id']}")
    again = bulk(scim, *operations)
    assert statuses(again) == [409, 412, 412, 404]
    assert statuses(bulk(scim, *operations, failOnErrors=1)) == [409]


def test_B_01_a_request_of_which_everything_fails_is_200(scim):
    results = bulk(
        scim,
        {"method": "DELETE", "path": f"/Users/{uuid.uuid4()}"},
        {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER]}},
    )
    assert statuses(results) == [404, 400]


def test_B_01_a_request_without_operations_is_answered_without_any(scim):
    assert bulk(scim) == []


@pytest.mark.parametrize(
    "operation, status",
    [
        ({"method": "GET", "path": "/Users"}, 400),
        ({"method": "HEAD", "path": "/Users"}, 400),
        ({"method": 7, "path": "/Users"}, 400),
        ({"path": "/Users", "bulkId": "x", "data": {}}, 400),
        ({"method": "POST", "bulkId": "x", "data": {}}, 400),
        ({"method": "POST", "path": "", "bulkId": "x", "data": {}}, 400),
        ({"method": "POST", "path": "/Users", "bulkId": "x"}, 400),
        ({"method": "PUT", "path": "/Users/1"}, 400),
        ({"method": "PATCH", "path": "/Users/1"}, 400),
        ({"method": "PUT", "path": "/Users/1", "data": None}, 400),
        ({"method": "POST", "path": "/Users/1", "bulkId": "x", "data": {}}, 405),
        ({"method": "PUT", "path": "/Users", "data": {}}, 405),
        ({"method": "DELETE", "path": "/Groups"}, 405),
        ("DELETE /Users/1", 400),
    ],
)
def test_B_02_an_operation_that_lacks_something_fails_alone(scim, operation, status):
    results = bulk(scim, operation, user("good"))
    assert statuses(results) == [status, 201]
    if status == 400:
        assert results[0]["response"]["scimType"] == "invalidSyntax"


def test_B_03_post_needs_a_bulk_id(scim):
    operation = user("x")
    del operation["bulkId"]
    results = bulk(scim, operation, {**operation, "bulkId": ""}, {**operation, "bulkId": 1})
    assert statuses(results) == [400, 400, 400]
    assert {result["response"]["scimType"] for result in results} == {"invalidSyntax"}


def test_B_03_a_bulk_id_that_occurs_twice_refuses_the_request(scim):
    answer = bulk(scim, user("x", "first@example.com"), user("x", "second@example.com"), expect=400)
    assert answer["scimType"] == "invalidSyntax" and '"x"' in answer["detail"]
    assert scim.get("/Users")["totalResults"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"Operations": []},
        {"schemas": [USER], "Operations": []},
        {"schemas": [REQUEST]},
        {"schemas": [REQUEST], "Operations": {}},
        {"schemas": [REQUEST], "Operations": None},
    ],
)
def test_B_01_another_message_is_refused(scim, body):
    assert scim.post("/Bulk", body, expect=400)["scimType"] == "invalidSyntax"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"schemas":["x"],"schemas":["x"]}', b'{"a":"\xff"}'])
def test_B_01_H_08_what_is_no_json_object_is_refused(scim, body):
    assert scim.post("/Bulk", body=body, expect=400)["scimType"] == "invalidSyntax"


def test_B_05_a_failed_operation_shows_the_error_of_a_single_request(scim):
    taken = scim.new_user()
    single = scim.post("/Users", {"schemas": [USER], "userName": taken["userName"]}, expect=409)
    results = bulk(scim, user("x", taken["userName"]), {"method": "DELETE", "path": "/Users/nobody"})
    assert results[0]["response"] == single.json
    assert results[1]["response"] == scim.delete("/Users/nobody", expect=404).json
    assert "location" not in results[0] and results[1]["location"].endswith("/Users/nobody")


def test_B_05_successes_carry_no_body(scim):
    assert "response" not in bulk(scim, user("x"))[0]


def test_B_06_results_are_in_the_order_of_the_request(scim):
    operations = [user(f"u{i}") for i in range(70)]
    operations[10] = {"method": "DELETE", "path": "/Users/nobody", "bulkId": "u10"}
    operations[20] = group("u20", ref("u69"), ref("u3"))
    results = bulk(scim, *operations)
    assert [result["bulkId"] for result in results] == [f"u{i}" for i in range(70)]
    assert statuses(results) == [404 if i == 10 else 201 for i in range(70)]


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("before", [0, 5, 31, 32, 40])
def test_B_07_processing_stops_once_so_many_have_failed(scim, limit, before):
    operations = [user(f"u{i}", f"u{i}@example.com") for i in range(before)]
    operations += failing(limit - 1) + [user("between", "between@example.com")]
    operations += failing(1) + [user("after", "after@example.com")] + failing(3)
    results = bulk(scim, *operations, failOnErrors=limit)
    assert statuses(results) == [201] * before + [404] * (limit - 1) + ([201] if limit > 1 else [201]) + [404]
    assert scim.get("/Users")["totalResults"] == before + 1
    assert scim.find("/Users", 'userName eq "after@example.com"')["totalResults"] == 0


def test_B_07_errors_below_the_limit_stop_nothing(scim):
    results = bulk(scim, *failing(2), user("a"), *failing(1), user("b"), failOnErrors=4)
    assert statuses(results) == [404, 404, 201, 404, 201]


def test_B_07_operations_that_cannot_even_be_tried_count_at_their_place(scim):
    results = bulk(scim, user("a"), {"method": "GET", "path": "/Users"}, user("b"), failOnErrors=1)
    assert statuses(results) == [201, 400]
    results = bulk(scim, user("a"), group("g", ref("nobody")), user("b"), failOnErrors=1)
    assert statuses(results) == [201, 400]


@pytest.mark.parametrize("limit", [0, -1, "1", 1.5, True])
def test_B_07_a_limit_that_is_none_refuses_the_request(scim, limit):
    assert bulk(scim, user("a"), expect=400, failOnErrors=limit)["scimType"] == "invalidValue"
    assert scim.get("/Users")["totalResults"] == 0


def test_B_14_D_03_H_23_more_operations_than_advertised_are_413(scim):
    most = scim.get("/ServiceProviderConfig")["bulk"]["maxOperations"]
    assert most == 1000
    answer = bulk(scim, *(user(f"u{i}") for i in range(most + 1)), expect=413)
    assert "maxOperations" in answer["detail"] and str(most) in answer["detail"]
    assert scim.get("/Users")["totalResults"] == 0


def test_B_14_D_03_as_many_operations_as_advertised_are_done(scim):
    most = scim.get("/ServiceProviderConfig")["bulk"]["maxOperations"]
    results = bulk(scim, *(user(f"u{i}") for i in range(most)))
    assert statuses(results) == [201] * most
    assert scim.get("/Users")["totalResults"] == most


@pytest.mark.parametrize("path", ["/Bulk", "/Bulk/"])
def test_B_14_D_03_H_23_a_larger_payload_than_advertised_is_413(scim, path):
    config = scim.get("/ServiceProviderConfig")["bulk"]
    assert config["supported"] is True
    limit = config["maxPayloadSize"]
    body = json.dumps(message(user("x"))).encode()
    fits = body + b" " * (limit - len(body))
    answer = scim.post(path, body=fits + b" ", expect=413)
    assert "maxPayloadSize" in answer["detail"] and str(limit) in answer["detail"]
    assert scim.get("/Users")["totalResults"] == 0
    assert statuses(scim.post(path, body=fits, expect=200)["Operations"]) == [201]


@pytest.mark.parametrize(
    "path, status",
    [
        ("/Bulk", 400),
        ("/Me", 400),
        ("/.search", 400),
        ("/Users/.search", 400),
        ("/Groups/.search", 400),
        ("/Things", 404),
        ("/Things/1/2", 404),
        ("/", 405),
    ],
)
def test_B_15_paths_that_are_not_for_bulk(scim, path, status):
    results = bulk(scim, {"method": "POST", "path": path, "bulkId": "x", "data": message()}, user("good"))
    assert statuses(results) == [status, 201]


def test_B_16_the_data_of_a_patch_is_a_whole_message(scim):
    created = scim.new_user()
    path = f"/Users/{created['id']}"
    operations = [{"op": "replace", "path": "title", "value": "Boss"}]
    results = bulk(
        scim,
        {"method": "PATCH", "path": path, "data": operations},
        {"method": "PATCH", "path": path, "data": {"Operations": operations}},
        {"method": "PATCH", "path": path, "data": patch_of(*operations)},
    )
    assert statuses(results) == [400, 400, 200]
    assert {result["response"]["scimType"] for result in results[:2]} == {"invalidSyntax"}
