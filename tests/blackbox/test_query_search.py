"""POST .search (RFC 7644 section 3.4.3)."""

import json

import pytest
from harness.scim import USER
from harness.walk import SEARCH, ids, query, search

DEVICE = "urn:example:params:scim:schemas:Device"
CATALOG = {
    "schemas": [
        {
            "id": DEVICE,
            "name": "Device",
            "attributes": [{"name": "serial", "type": "string"}, {"name": "weight", "type": "decimal"}],
        }
    ],
    "resource_types": [{"name": "Device", "endpoint": "/Devices", "schema": DEVICE}],
}


@pytest.fixture(scope="module")
def filled(shared_rollcall):
    org = shared_rollcall.new_organization()
    users = [org.scim.new_user(f"u{n:02d}", title="even" if n % 2 == 0 else "odd", nickName=f"n{n}") for n in range(9)]
    group = org.scim.new_group("crew", [user["id"] for user in users[:3]])
    yield org.scim, [user["id"] for user in users], group["id"]
    org.scim.close()


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"filter": 'title eq "odd"'},
        {"filter": 'userName eq "u03"'},
        {"filter": 'userName eq "nobody"'},
        {"filter": 'title eq "odd"', "sortBy": "userName", "sortOrder": "descending"},
        {"startIndex": 3, "count": 4},
        {"count": 0},
        {"excludedAttributes": "title,meta"},
        {"attributes": "userName", "filter": 'userName sw "u0"'},
    ],
)
@pytest.mark.parametrize("path", ["/Users", "/Groups", ""])
def test_R_05_a_search_is_answered_as_the_same_query(filled, path, parameters):
    scim, _, _ = filled
    if path == "/Groups":
        parameters = {k: v for k, v in parameters.items() if k not in ("filter", "sortBy", "sortOrder")}
    assert search(scim, path, **parameters).json == query(scim, path or "/", **parameters).json


def test_R_05_a_search_creates_nothing_and_needs_to_read_only(rollcall, org):
    org.scim.new_user("one")
    rollcall.database.execute(
        "UPDATE scim_token SET scopes = 1 WHERE directory_id = %s", rollcall.id_bytes(org.directory_id)
    )
    body = {"schemas": [SEARCH, USER], "userName": "two", "filter": "userName pr"}
    answer = org.scim.post("/Users/.search", body, expect=200)
    assert [user["userName"] for user in answer["Resources"]] == ["one"]
    assert org.scim.get("/Users", expect=200)["totalResults"] == 1
    org.scim.post("/Groups/.search", {"schemas": [SEARCH]}, expect=403)
    org.scim.post("/Users/.search", {"schemas": [SEARCH]}, authorization="", expect=401)


@pytest.mark.parametrize("names", [["userName", "title"], "userName,title", "userName, title", ["USERNAME", "title"]])
def test_R_06_attributes_are_a_list_or_a_text(filled, names):
    scim, _, _ = filled
    for user in search(scim, "/Users", attributes=names)["Resources"]:
        assert set(user) == {"schemas", "id", "userName", "title"}
    for user in search(scim, "/Users", excludedAttributes=names, filter="title pr")["Resources"]:
        assert "title" not in user and "userName" not in user and "nickName" in user


@pytest.mark.parametrize(
    "body, scim_type",
    [
        ({}, "invalidSyntax"),
        ({"schemas": []}, "invalidSyntax"),
        ({"schemas": [USER]}, "invalidSyntax"),
        ({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}, "invalidSyntax"),
        ({"schemas": [SEARCH], "count": "x"}, "invalidValue"),
        ({"schemas": [SEARCH], "startIndex": "1"}, "invalidValue"),
        ({"schemas": [SEARCH], "count": 1.5}, "invalidValue"),
        ({"schemas": [SEARCH], "filter": 5}, "invalidValue"),
        ({"schemas": [SEARCH], "filter": ""}, "invalidFilter"),
        ({"schemas": [SEARCH], "filter": "userName"}, "invalidFilter"),
        ({"schemas": [SEARCH], "attributes": [1]}, "invalidValue"),
        ({"schemas": [SEARCH], "attributes": {}}, "invalidValue"),
        ({"schemas": [SEARCH], "attributes": ["a"], "excludedAttributes": ["b"]}, "invalidValue"),
        ({"schemas": [SEARCH], "sortBy": ["userName"]}, "invalidValue"),
        ({"schemas": [SEARCH], "sortBy": "nothing"}, "invalidValue"),
        ({"schemas": [SEARCH], "sortBy": "userName", "sortOrder": "up"}, "invalidValue"),
        ({"schemas": [SEARCH], "cursor": 1}, "invalidValue"),
    ],
)
@pytest.mark.parametrize("path", ["/Users/.search", "/.search"])
def test_R_07_a_bad_search_is_refused(filled, path, body, scim_type):
    scim, _, _ = filled
    assert scim.post(path, body, expect=400)["scimType"] == scim_type


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"schemas":1,"schemas":2}', b"\xff"])
def test_H_08_a_search_that_is_no_object_is_refused(filled, body):
    scim, _, _ = filled
    for path in ("/Users/.search", "/.search"):
        assert scim.post(path, body=body, expect=400)["scimType"] == "invalidSyntax"


def test_H_10_search_is_a_post(filled):
    scim, users, _ = filled
    for path in ("/.search", "/Users/.search", "/Groups/.search"):
        for method in ("PUT", "PATCH", "DELETE"):
            answer = scim.request(method, path, body=b"{}")
            assert answer.status == 405 and "POST" in answer.headers["allow"], answer


def test_R_05_parameters_of_the_url_of_a_search_have_no_effect(filled):
    scim, users, _ = filled
    body = {"schemas": [SEARCH], "count": 2}
    assert ids(scim.post("/Users/.search?count=5&startIndex=x&filter=(", body, expect=200)) == users[:2]


def test_R_05_unknown_members_are_ignored_and_names_are_of_any_case(filled):
    scim, users, _ = filled
    body = {"schemas": [SEARCH.upper()], "COUNT": 3, "shoeSize": {"a": [1]}, "filter": None, "sortby": "userName"}
    assert ids(scim.post("/Users/.search", body, expect=200)) == users[:3]


def test_R_11_sensitive_attributes_may_be_searched_for_in_a_body_alone(org):
    org.set_rules(policy={"sensitive_attributes": ["nickName"]})
    user = org.scim.new_user("a", nickName="secret")
    for path in ("/Users", "/"):
        error = org.scim.get(f'{path}?filter=nickName%20eq%20%22secret%22', expect=403)
        assert error["scimType"] == "sensitive" and "secret" not in error["detail"]
    for path in ("/Users", ""):
        assert ids(search(org.scim, path, filter='nickName eq "secret"')) == [user["id"]]


def test_H_03_a_search_may_be_plain_json(filled):
    scim, users, _ = filled
    body = json.dumps({"schemas": [SEARCH], "count": 1}).encode()
    answer = scim.post("/Users/.search", body=body, headers=[("Content-Type", "application/json")], expect=200)
    assert ids(answer) == users[:1]


def test_own_types_can_be_searched(org):
    org.set_rules(catalog=CATALOG)
    for serial in ("b", "a"):
        org.scim.post("/Devices", {"schemas": [DEVICE], "serial": serial, "weight": 2 if serial == "a" else 10}, expect=201)
    found = search(org.scim, "/Devices", sortBy="serial")
    assert [device["serial"] for device in found["Resources"]] == ["a", "b"]
    found = search(org.scim, "/Devices", sortBy="weight", sortOrder="descending", filter="weight gt 1")
    assert [device["weight"] for device in found["Resources"]] == [10, 2]
    org.scim.post("/Gadgets/.search", {"schemas": [SEARCH]}, expect=404)

