"""Bad input: its proper status, a SCIM error, nothing changed, and the connection goes on."""

import json
from urllib.parse import quote

import pytest

from harness.scim import GROUP, PATCH, USER

UNKNOWN = "01890000-0000-7000-8000-000000000000"
MAX_BODY = 1048576


@pytest.fixture
def directory(scim):
    """A directory with a user and a group, which must look the same afterwards, over the same connection."""

    class Directory:
        pass

    directory = Directory()
    directory.scim = scim
    directory.user = scim.new_user("known@example.com", externalId="e-1", active=True)
    directory.group = scim.new_group("Known", [directory.user["id"]])
    directory.user = scim.get(f"/Users/{directory.user['id']}", expect=200)
    before = contents(scim)
    connection = scim.wire.connection.sock
    yield directory
    assert contents(scim) == before, "something changed"
    assert scim.wire.connection.sock is connection, "the connection was closed"


def contents(scim):
    return [scim.get(path, expect=200).json for path in ("/Users?count=1000", "/Groups?count=1000")]


def nested(depth):
    return b'{"schemas":["%s"],"userName":"x","deep":%s%s}' % (USER.encode(), b"[" * depth, b"]" * depth)


USER_JSON = json.dumps({"schemas": [USER], "userName": "new@example.com"}).encode()

MALFORMED = {
    "nothing": b"",
    "a word": b"hello",
    "cut off": USER_JSON[:-5],
    "more behind it": USER_JSON + b"x",
    "a second object": USER_JSON + USER_JSON,
    "a list": b"[" + USER_JSON + b"]",
    "a text": b'"text"',
    "null": b"null",
    "trailing comma": USER_JSON[:-1] + b",}",
    "single quotes": USER_JSON.replace(b'"', b"'"),
    "a comment": b"/* x */" + USER_JSON,
    "a byte order mark": b"\xef\xbb\xbf" + USER_JSON,
    "UTF-16": USER_JSON.decode().encode("utf-16"),
    "invalid UTF-8": USER_JSON.replace(b"new@", b"n\xff\xfew@"),
    "overlong UTF-8": USER_JSON.replace(b"new@", b"n\xc0\xafw@"),
    "a surrogate in UTF-8": USER_JSON.replace(b"new@", b"n\xed\xa0\x80w@"),
    "a lone surrogate escape": USER_JSON.replace(b"new@", b"n\\ud800w@"),
    "a NUL byte": USER_JSON.replace(b"new@", b"n\x00w@"),
    "a NUL escape": USER_JSON.replace(b"new@", b"n\\u0000w@"),
    "a control character": USER_JSON.replace(b"new@", b"n\x01w@"),
    "a name twice": b'{"schemas":["%s"],"userName":"a","userName":"b"}' % USER.encode(),
    "a name twice in other case": b'{"schemas":["%s"],"userName":"a","USERNAME":"b"}' % USER.encode(),
    "a name twice deeper": b'{"schemas":["%s"],"userName":"a","name":{"givenName":"a","givenName":"b"}}' % USER.encode(),
    "100 levels": nested(100),
    "50,000 levels": nested(50_000),
    "an unclosed pit": b'{"a":' + b"[" * 50_000,
    "100,000 objects": b'{"a":[' + b",".join([b"{}"] * 100_000) + b"]}",
    "NaN": b'{"schemas":["%s"],"userName":"x","n":NaN}' % USER.encode(),
    "1e999": b'{"schemas":["%s"],"userName":"x","n":1e999}' % USER.encode(),
    "a number of a thousand digits": b'{"schemas":["%s"],"userName":"x","n":%s}' % (USER.encode(), b"9" * 1000),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_H_08_H_09_malformed_json_is_invalid_syntax(directory, body):
    scim = directory.scim
    user, group = f"/Users/{directory.user['id']}", f"/Groups/{directory.group['id']}"
    for method, path in (("POST", "/Users"), ("PUT", user), ("PATCH", user), ("POST", "/Groups"), ("PATCH", group)):
        assert scim.request(method, path, body=body, expect=400)["scimType"] == "invalidSyntax"


WRONG_USERS = {
    "no userName": ({"schemas": [USER]}, "invalidValue"),
    "userName null": ({"schemas": [USER], "userName": None}, "invalidValue"),
    "userName empty": ({"schemas": [USER], "userName": ""}, "invalidValue"),
    "userName a number": ({"schemas": [USER], "userName": 42}, "invalidValue"),
    "userName a list": ({"schemas": [USER], "userName": ["a", "b"]}, "invalidValue"),
    "userName an object": ({"schemas": [USER], "userName": {"value": {}}}, "invalidValue"),
    "active a word": ({"schemas": [USER], "userName": "x", "active": "perhaps"}, "invalidValue"),
    "active a number": ({"schemas": [USER], "userName": "x", "active": 1}, "invalidValue"),
    "name a text": ({"schemas": [USER], "userName": "x", "name": "Ada Lovelace"}, "invalidValue"),
    "givenName an object": ({"schemas": [USER], "userName": "x", "name": {"givenName": {"a": 1}}}, "invalidValue"),
    "emails numbers": ({"schemas": [USER], "userName": "x", "emails": [1, 2]}, "invalidValue"),
    "two primary emails": (
        {
            "schemas": [USER],
            "userName": "x",
            "emails": [{"value": "a@x", "primary": True}, {"value": "b@x", "primary": True}],
        },
        "invalidValue",
    ),
    "no schemas": ({"userName": "x"}, "invalidSyntax"),
    "schemas a number": ({"schemas": 1, "userName": "x"}, "invalidSyntax"),
    "schemas of a group": ({"schemas": [GROUP], "userName": "x"}, "invalidSyntax"),
}


@pytest.mark.parametrize("body, scim_type", WRONG_USERS.values(), ids=WRONG_USERS.keys())
def test_C_04_wrong_users_are_refused(directory, body, scim_type):
    scim = directory.scim
    assert scim.post("/Users", body, expect=400)["scimType"] == scim_type
    assert scim.put(f"/Users/{directory.user['id']}", body, expect=400)["scimType"] == scim_type


WRONG_GROUPS = {
    "no displayName": {"schemas": [GROUP]},
    "displayName a number": {"schemas": [GROUP], "displayName": 1},
    "members a text": {"schemas": [GROUP], "displayName": "x", "members": "someone"},
    "a member who does not exist": {"schemas": [GROUP], "displayName": "x", "members": [{"value": UNKNOWN}]},
    "a member that is no id": {"schemas": [GROUP], "displayName": "x", "members": [{"value": "nobody"}]},
    "a member without a value": {"schemas": [GROUP], "displayName": "x", "members": [{"display": "x"}]},
}


@pytest.mark.parametrize("body", WRONG_GROUPS.values(), ids=WRONG_GROUPS.keys())
def test_A_35_wrong_groups_are_refused(directory, body):
    scim = directory.scim
    assert scim.post("/Groups", body, expect=400)["scimType"] == "invalidValue"
    assert scim.put(f"/Groups/{directory.group['id']}", body, expect=400)["scimType"] == "invalidValue"


def test_A_35_C_06_one_missing_member_among_good_ones_stops_all(directory):
    scim = directory.scim
    members = [{"value": directory.user["id"]}, {"value": UNKNOWN}]
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "x", "members": members}, expect=400)
    for op in ("add", "replace"):
        operation = {"op": op, "path": "members", "value": members}
        refused = scim.patch(f"/Groups/{directory.group['id']}", operation, expect=400)
        assert refused["scimType"] == "invalidValue" and UNKNOWN in refused["detail"]


FILTERS = [
    "userName",
    "userName eq",
    'eq "x"',
    'userName is "x"',
    'userName eq "x" and',
    'userName eq "x" or or active pr',
    'userName eq "x',
    '(userName eq "x"',
    'userName eq "x")',
    'emails[type eq "work"',
    "emails[]",
    'userName eq "x" active pr',
    "not userName pr",
    '"userName" eq "x"',
    "userName eq 'x'",
    "(" * 100 + "userName pr" + ")" * 100,
    " or ".join(['userName eq "x"'] * 500),
    'userName eq "' + "x" * 10_000 + '"',
]


@pytest.mark.parametrize("filter", FILTERS, ids=lambda text: text[:30])
def test_unknown_filter_syntax_is_invalid_filter(directory, filter):
    for collection in ("/Users", "/Groups"):
        refused = directory.scim.get(f"{collection}?filter={quote(filter)}", expect=400)
        assert refused["scimType"] == "invalidFilter"


@pytest.mark.parametrize("filter", ["active gt true", 'userName[type eq "x"]', 'name eq "x"'])
def test_a_filter_that_does_not_fit_the_attribute_is_invalid_filter(directory, filter):
    assert directory.scim.get(f"/Users?filter={quote(filter)}", expect=400)["scimType"] == "invalidFilter"


@pytest.mark.parametrize("encoded", ["%00", "userName+eq+%22%00%22", "userName+eq+%22%ff%22", "userName+eq+%22%zz"])
def test_bytes_that_are_no_text_are_refused_in_a_filter(directory, encoded):
    directory.scim.get(f"/Users?filter={encoded}", expect=400)


PATCHES = {
    "unknown path": ({"op": "replace", "path": "nonsense", "value": "x"}, "invalidPath"),
    "unknown sub-attribute": ({"op": "replace", "path": "name.nonsense", "value": "x"}, "invalidPath"),
    "unknown schema": ({"op": "replace", "path": "urn:example:nothing:name", "value": "x"}, "invalidPath"),
    "an index": ({"op": "replace", "path": "emails[0].value", "value": "x"}, None),
    "a pointer": ({"op": "replace", "path": "/userName", "value": "x"}, "invalidPath"),
    "unclosed": ({"op": "replace", "path": 'emails[type eq "work"', "value": "x"}, None),
    "a filter on a simple attribute": ({"op": "replace", "path": 'userName[value eq "x"]', "value": "x"}, "invalidPath"),
    "an empty path": ({"op": "remove", "path": ""}, None),
    "a path that is a number": ({"op": "replace", "path": 1, "value": "x"}, "invalidPath"),
    "remove without path": ({"op": "remove"}, "noTarget"),
    "remove a required attribute": ({"op": "remove", "path": "userName"}, "mutability"),
    "replace the id": ({"op": "replace", "path": "id", "value": UNKNOWN}, "mutability"),
    "replace meta": ({"op": "replace", "path": "meta.version", "value": "1"}, "mutability"),
    "add to groups": ({"op": "add", "path": "groups", "value": [{"value": UNKNOWN}]}, "mutability"),
    "unknown op": ({"op": "move", "path": "title", "value": "x"}, "invalidSyntax"),
    "no op": ({"path": "title", "value": "x"}, "invalidSyntax"),
    "no value": ({"op": "add", "path": "title"}, "invalidValue"),
    "a pathless text": ({"op": "replace", "value": "x"}, "invalidValue"),
    "a wrong type": ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
    "an object for a text": ({"op": "replace", "path": "title", "value": {"a": 1}}, "invalidValue"),
    "an or filter without a match": (
        {"op": "replace", "path": 'emails[type eq "a" or type eq "b"].value', "value": "x"},
        "noTarget",
    ),
}


@pytest.mark.parametrize("operation, scim_type", PATCHES.values(), ids=PATCHES.keys())
def test_wrong_patches_are_refused_as_a_whole(directory, operation, scim_type):
    good = {"op": "replace", "path": "title", "value": "must not stay"}
    path = f"/Users/{directory.user['id']}"
    for operations in ([operation], [good, operation], [operation, good]):
        refused = directory.scim.patch(path, *operations, expect=400)
        assert scim_type is None or refused["scimType"] == scim_type, refused


WRONG_MESSAGES = {
    "no schemas": {"Operations": [{"op": "replace", "path": "title", "value": "x"}]},
    "another message": {"schemas": [USER], "Operations": [{"op": "replace", "path": "title", "value": "x"}]},
    "no operations": {"schemas": [PATCH]},
    "operations an object": {"schemas": [PATCH], "Operations": {"op": "replace"}},
    "operations of text": {"schemas": [PATCH], "Operations": ["replace"]},
    "a user": {"schemas": [USER], "userName": "x"},
}


@pytest.mark.parametrize("message", WRONG_MESSAGES.values(), ids=WRONG_MESSAGES.keys())
def test_wrong_patch_messages_are_invalid_syntax(directory, message):
    for path in (f"/Users/{directory.user['id']}", f"/Groups/{directory.group['id']}"):
        assert directory.scim.patch(path, json=message, expect=400)["scimType"] == "invalidSyntax"


@pytest.mark.parametrize("content_type", ["text/plain", "text/xml", "application/xml", "multipart/form-data", "nonsense",
                                          "application/json-patch+json", "application/x-www-form-urlencoded"])  # fmt: skip
def test_H_07_P_35_a_wrong_content_type_is_415_and_names_the_right_ones(directory, content_type):
    scim = directory.scim
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{directory.user['id']}"), ("PATCH", "/Users/x")):
        refused = scim.request(method, path, body=USER_JSON, headers=[("Content-Type", content_type)], expect=415)
        accepted = refused.headers["accept"]
        assert "application/scim+json" in accepted and "application/json" in accepted


def test_H_04_H_05_H_06_accept_chooses_the_type_or_is_406(directory):
    for accept in ("text/html", "image/*, text/plain;q=0.5"):
        directory.scim.get("/Users", headers=[("Accept", accept)], expect=406)
    for accept in ("*/*", "text/html, */*;q=0.1", "application/*", None):
        answer = directory.scim.get("/Users", headers=[("Accept", accept)], expect=200)
        assert answer.headers["content-type"] == "application/scim+json"
    only = directory.scim.get("/Users", headers=[("Accept", "application/json")], expect=200)
    assert only.headers["content-type"] == "application/json"


ALLOWED = {
    "/Users": "GET POST",
    "/Groups": "GET POST",
    "/Users/{user}": "GET PUT PATCH DELETE",
    "/Groups/{group}": "GET PUT PATCH DELETE",
    "/ServiceProviderConfig": "GET",
    "/ResourceTypes": "GET",
    "/ResourceTypes/User": "GET",
    "/Schemas": "GET",
    f"/Schemas/{USER}": "GET",
}


@pytest.mark.parametrize("pattern, methods", ALLOWED.items())
def test_H_10_H_14_a_wrong_method_is_405_with_allow(directory, pattern, methods):
    scim = directory.scim
    path = pattern.replace("{user}", directory.user["id"]).replace("{group}", directory.group["id"])
    allowed = set(methods.split())
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        refused = scim.request(method, path, body=b"{}" if method in ("POST", "PUT", "PATCH") else None, expect=405)
        assert set(refused.headers["allow"].replace(" ", "").split(",")) >= allowed
    options = scim.request("OPTIONS", path, expect=204)
    assert set(options.headers["allow"].replace(" ", "").split(",")) >= allowed


def test_H_12_an_unknown_method_is_501(directory):
    directory.scim.request("BREW", "/Users", expect=501)


def test_H_23_an_oversized_body_is_413_and_names_the_limit(directory):
    body = USER_JSON[:-1] + b',"title":"' + b"x" * MAX_BODY + b'"}'
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{directory.user['id']}")):
        refused = directory.scim.request(method, path, body=body, expect=413)
        assert str(MAX_BODY) in refused["detail"].replace(",", "").replace(" ", "")


@pytest.mark.parametrize("collection", ["/Users", "/Groups"])
@pytest.mark.parametrize("unknown", [UNKNOWN, "x", "0", "%20", "a" * 500, "%F0%9F%98%80", "..%2f..%2fetc"])
def test_H_11_R_01_unknown_ids_are_404(directory, collection, unknown):
    scim, path = directory.scim, f"{collection}/{unknown}"
    body = {"schemas": [USER if collection == "/Users" else GROUP], "userName": "x", "displayName": "x"}
    scim.get(path, expect=404)
    scim.put(path, body, expect=404)
    scim.patch(path, {"op": "replace", "value": {"displayName": "x"}}, expect=404)
    scim.delete(path, expect=404)


def test_R_01_a_users_id_is_no_group_and_the_other_way_round(directory):
    directory.scim.get(f"/Groups/{directory.user['id']}", expect=404)
    directory.scim.delete(f"/Users/{directory.group['id']}", expect=404)


def test_H_11_H_26_unknown_endpoints_and_suffixes_are_404(directory):
    for path in ("/Nope", "/Users/x/y", "/users", "/Users.scim", f"/Users/{directory.user['id']}.scim"):
        directory.scim.get(path, expect=404)


def test_A_28_A_29_C_02_names_in_use_are_409(directory):
    scim = directory.scim
    conflicts = [
        scim.post("/Users", {"schemas": [USER], "userName": "KNOWN@example.com"}),
        scim.post("/Groups", {"schemas": [GROUP], "displayName": "known"}),
    ]
    for conflict in conflicts:
        assert (conflict.status, conflict["scimType"]) == (409, "uniqueness")


def test_U_05_changing_a_name_to_one_in_use_is_409(scim):
    scim.new_user("taken@example.com")
    user = scim.new_user("free@example.com")
    path = f"/Users/{user['id']}"
    conflicts = [
        scim.put(path, {"schemas": [USER], "userName": "taken@example.com"}),
        scim.patch(path, {"op": "replace", "path": "userName", "value": "Taken@example.com"}),
    ]
    for conflict in conflicts:
        assert (conflict.status, conflict["scimType"]) == (409, "uniqueness")
    assert scim.get(path, expect=200).json == user.json


def test_E_04_details_never_repeat_secrets_or_queries(directory):
    refused = directory.scim.patch(
        f"/Users/{directory.user['id']}", {"op": "add", "path": "password.x", "value": "s3cret-w0rd"}, expect=400
    )
    assert b"s3cret-w0rd" not in refused.body
    for answer in (refused, directory.scim.get("/Users?filter=userName+eq", expect=400)):
        assert b"SELECT" not in answer.body and b"mysql" not in answer.body.lower()
