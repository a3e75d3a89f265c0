"""Whatever is wrong with a request: the right status and scimType, a detail that says where, nothing of a secret in it,
and nothing changed. One table for all sections of the protocol."""

import json
import uuid
from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE, GROUP, PATCH, USER

CANARY = f"canary{uuid.uuid4().hex}"
UNKNOWN = "01890000-0000-7000-8000-000000000000"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


class Directory:
    def __init__(self, rollcall):
        self.organization = rollcall.new_organization()
        self.scim = self.organization.scim
        emails = [{"value": "ada@example.com", "type": "work", "primary": True}]
        self.user = self.scim.new_user("ada@example.com", title="Countess", emails=emails, name={"givenName": "Ada"})
        self.other = self.scim.new_user("grace@example.com")
        self.group = self.scim.new_group("Engine", [self.user["id"]])
        self.names = {"user": self.user["id"], "other": self.other["id"], "group": self.group["id"]}

    def contents(self):
        lists = [self.scim.get(f"{path}?count=1000", expect=200) for path in ("/Users", "/Groups")]
        return [page.json["Resources"] for page in lists]

    def fill(self, thing):
        """{user}, {group} and {other} in paths and bodies."""
        text = json.dumps(thing)
        for name, identifier in self.names.items():
            text = text.replace("{%s}" % name, identifier)
        return json.loads(text)


@pytest.fixture(scope="module")
def directory(shared_rollcall):
    shared_rollcall.ensure_running()
    return Directory(shared_rollcall)


def refused(directory, method, path, status, scim_type, named, json=None, body=None, headers=()):
    before = directory.contents()
    answer = directory.scim.request(
        method, directory.fill(path), json=directory.fill(json) if json is not None else None, body=body, headers=headers
    )
    assert answer.status == status, answer
    assert answer.get("scimType") == scim_type, answer
    assert CANARY not in answer.body.decode(), f"the detail repeats a value: {answer}"
    for word in [named] if isinstance(named, str) else named:
        assert word.lower() in answer["detail"].lower(), f"does not name {word}: {answer['detail']}"
    assert directory.contents() == before, "refused, and done all the same"


def rows(table):
    return pytest.mark.parametrize("row", table.values(), ids=table.keys())


# --- HTTP ---

MEDIA = {
    "text": ("POST", "/Users", 415, None, "application/scim+json", [("Content-Type", "text/plain")]),
    "a form": ("POST", "/Users", 415, None, "application/scim+json", [("Content-Type", "application/x-www-form-urlencoded")]),
    "a JSON patch": ("PATCH", "/Users/{user}", 415, None, "application/scim+json", [("Content-Type", "application/json-patch+json")]),
    "a merge patch": ("PATCH", "/Users/{user}", 415, None, "application/scim+json", [("Content-Type", "application/merge-patch+json")]),
    "wants HTML": ("POST", "/Users", 406, None, "application/scim+json", [("Accept", "text/html")]),
}


@rows(MEDIA)
def test_H_06_H_07_P_35_wrong_media_types(directory, row):
    method, path, status, scim_type, named, headers = row
    refused(directory, method, path, status, scim_type, named, json={"schemas": [USER], "userName": CANARY}, headers=headers)


BODIES = {
    "nothing": (b"", "JSON object"),
    "half an object": (b'{"userName":"%s"' % CANARY.encode(), ""),
    "a list": (b'["%s"]' % CANARY.encode(), "object"),
    "a text": (b'"%s"' % CANARY.encode(), "object"),
    "no UTF-8": b'{"userName":"\xff%s"}' % CANARY.encode(),
    "a name twice": (b'{"userName":"%s","USERNAME":"x"}' % CANARY.encode(), "username"),
    "two values": (b'{"userName":"%s"} {}' % CANARY.encode(), ""),
    "too deep": (b'{"a":' * 40 + b'"%s"' % CANARY.encode() + b"}" * 40, "nested"),
}
TAKES_A_BODY = [("POST", "/Users"), ("PUT", "/Users/{user}"), ("PATCH", "/Users/{user}"), ("POST", "/Groups"), ("PATCH", "/Groups/{group}"), ("POST", "/Bulk")]


@pytest.mark.parametrize("method, path", TAKES_A_BODY)
@rows(BODIES)
def test_H_08_H_09_malformed_bodies(directory, method, path, row):
    body, named = row if isinstance(row, tuple) else (row, "")
    if body == b"":
        refused(directory, method, path, 400, "invalidSyntax", named, headers=[("Content-Type", "application/scim+json"), ("Content-Length", "0")])
    else:
        refused(directory, method, path, 400, "invalidSyntax", named, body=body)


ROUTES = {
    "an unknown endpoint": ("GET", f"/{CANARY}", 404, None),
    "an unknown user": ("GET", f"/Users/{UNKNOWN}", 404, None),
    "an id that is none": ("GET", f"/Users/{CANARY}", 404, None),
    "a suffix": ("GET", "/Users/{user}.scim", 404, None),
    "another version": ("GET", "/../v9/Users", 404, None),
    "DELETE of a collection": ("DELETE", "/Users", 405, None),
    "PUT of a collection": ("PUT", "/Groups", 405, None),
    "POST of a resource": ("POST", "/Users/{user}", 405, None),
    "PATCH of discovery": ("PATCH", "/Schemas", 405, None),
    "GET of Bulk": ("GET", "/Bulk", 405, None),
    "a method nobody knows": ("BREW", "/Users", 501, None),
    "a filter on discovery": ("GET", f"/Schemas?filter=name%20eq%20%22{CANARY}%22", 403, None),
}


@rows(ROUTES)
def test_H_10_H_11_H_12_H_26_D_10_wrong_routes(directory, row):
    method, path, status, scim_type = row
    refused(directory, method, path, status, scim_type, "")


# --- queries ---

QUERIES = {
    "count twice": ("count=1&count=2", "invalidValue", "count"),
    "filter twice": ("filter=title%20pr&FILTER=title%20pr", "invalidValue", "filter"),
    "count a word": (f"count={CANARY}", "invalidValue", "count"),
    "count too large": ("count=1180591620717411303424", "invalidValue", "count"),
    "startIndex a word": (f"startIndex={CANARY}", "invalidValue", "startIndex"),
    "startIndex a fraction": ("startIndex=1.5", "invalidValue", "startIndex"),
    "both projections": ("attributes=title&excludedAttributes=name", "invalidValue", ["attributes", "excludedAttributes"]),
    "a broken escape": ("filter=%zz", "invalidValue", ""),
    "bytes that are no text": ("filter=%ff%fe", "invalidValue", ""),
}


@rows(QUERIES)
def test_H_17_PG_04_Q_02_wrong_parameters(directory, row):
    query, scim_type, named = row
    for collection in ("/Users", "/Groups"):
        refused(directory, "GET", f"{collection}?{query}", 400, scim_type, named)


FILTERS = {
    "empty": ("", "filter"),
    "a word": ("title", ""),
    "an unknown operator": (f'title like "{CANARY}"', ["character 7", "operator"]),
    "no literal": ("title eq", ""),
    "an open text": (f'title eq "{CANARY}', ""),
    "an open bracket": (f'emails[value eq "{CANARY}"', ""),
    "an open parenthesis": (f'(title eq "{CANARY}"', ""),
    "an end too many": (f'title eq "{CANARY}")', "character"),
    "two terms without a word between": (f'title eq "{CANARY}" title pr', "character"),
    "a lone surrogate": (f'title eq "{CANARY}\\ud83d"', ""),
    "order of booleans": ("active gt true", ["character 8", "operator"]),
    "a complex attribute": (f'name eq "{CANARY}"', "name"),
    "a value path on a single value": (f'title[value eq "{CANARY}"]', "character 1"),
    "substring of a boolean": (f'active co "{CANARY}"', "character 8"),
    "a date that is none": (f'meta.created gt "{CANARY}"', ["character 17", "date"]),
    "null with an order": ("title gt null", "null"),
    "too deep": ("(" * 40 + "title pr" + ")" * 40, ""),
    "too many terms": (" or ".join(["title pr"] * 101), "100"),
    "too long": (f'title eq "{CANARY}{"x" * 8200}"', "8192"),
}


@rows(FILTERS)
def test_F_03_F_09_F_10_F_11_F_12_F_15_F_22_wrong_filters(directory, row):
    filter, named = row
    refused(directory, "GET", f"/Users?filter={quote(filter, safe='')}", 400, "invalidFilter", named)


def test_R_11_what_is_never_returned_is_no_filter_of_a_URL(directory):
    filter = quote(f'password eq "{CANARY}"', safe="")
    refused(directory, "GET", f"/Users?filter={filter}", 403, "sensitive", "character 1")


# --- bodies of resources ---

USERS = {
    "no schemas": ({"userName": CANARY}, "invalidSyntax", "schemas"),
    "schemas of a group": ({"schemas": [GROUP], "userName": CANARY}, "invalidSyntax", "schemas"),
    "schemas a number": ({"schemas": 7, "userName": CANARY}, "invalidSyntax", "schemas"),
    "no userName": ({"schemas": [USER], "title": CANARY}, "invalidValue", "userName"),
    "userName null": ({"schemas": [USER], "userName": None, "title": CANARY}, "invalidValue", "userName"),
    "userName a number": ({"schemas": [USER], "userName": 7, "title": CANARY}, "invalidValue", "userName"),
    "active a word": ({"schemas": [USER], "userName": CANARY, "active": "perhaps"}, "invalidValue", "active"),
    "title an object": ({"schemas": [USER], "userName": CANARY, "title": {"a": CANARY}}, "invalidValue", "title"),
    "title a list": ({"schemas": [USER], "userName": CANARY, "title": [CANARY, "b"]}, "invalidValue", "title"),
    "a deep text": ({"schemas": [USER], "userName": CANARY, "name": {"familyName": 7}}, "invalidValue", "familyName"),
    "emails numbers": ({"schemas": [USER], "userName": CANARY, "emails": [7]}, "invalidValue", "emails"),
    "two primaries": (
        {"schemas": [USER], "userName": CANARY, "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        "invalidValue",
        ["emails", "primary"],
    ),
    "an extension that is no object": ({"schemas": [USER, ENTERPRISE], "userName": CANARY, ENTERPRISE: CANARY}, "invalidValue", "enterprise"),
    "a certificate that is none": ({"schemas": [USER], "userName": CANARY, "x509Certificates": [{"value": f"~{CANARY}"}]}, "invalidValue", "x509Certificates"),
    "a control character": ({"schemas": [USER], "userName": f"{CANARY}\u0007"}, "invalidValue", "userName"),
}


@pytest.mark.parametrize("method, path", [("POST", "/Users"), ("PUT", "/Users/{user}")])
@rows(USERS)
def test_C_04_U_02_wrong_users(directory, method, path, row):
    body, scim_type, named = row
    refused(directory, method, path, 400, scim_type, named, json=body)


def test_H_09_an_object_of_too_many_attributes(directory):
    """Each name is compared with all others, because their case is ignored: ten thousand would hold a worker."""
    many = {f"a{number}": CANARY for number in range(1001)}
    for body in (
        {"schemas": [USER], "userName": CANARY, **many},
        {"schemas": [USER], "userName": CANARY, "name": many},
        {"schemas": [USER], "userName": CANARY, "emails": [{"value": "x", **many}]},
        {"schemas": [USER], "userName": CANARY, "emails": [{"value": "x", f"{name}": 1} for name in many]},
    ):
        refused(directory, "POST", "/Users", 400, "invalidValue", "1000", json=body)


GROUPS = {
    "no displayName": ({"schemas": [GROUP], "externalId": CANARY}, "invalidValue", "displayName"),
    "displayName a list": ({"schemas": [GROUP], "displayName": [CANARY, "b"]}, "invalidValue", "displayName"),
    "members a text": ({"schemas": [GROUP], "displayName": CANARY, "members": "x"}, "invalidValue", "members"),
    "a member that is no id": ({"schemas": [GROUP], "displayName": CANARY, "members": [{"value": "nobody"}]}, "invalidValue", "member"),
    "a member who is not there": ({"schemas": [GROUP], "displayName": CANARY, "members": [{"value": UNKNOWN}]}, "invalidValue", [UNKNOWN]),
    "one good member and one not": ({"schemas": [GROUP], "displayName": CANARY, "members": [{"value": "{user}"}, {"value": UNKNOWN}]}, "invalidValue", [UNKNOWN]),
}


@pytest.mark.parametrize("method, path", [("POST", "/Groups"), ("PUT", "/Groups/{group}")])
@rows(GROUPS)
def test_C_06_A_35_wrong_groups(directory, method, path, row):
    body, scim_type, named = row
    refused(directory, method, path, 400, scim_type, named, json=body)


def test_C_02_U_05_values_that_are_taken(directory):
    taken = {"schemas": [USER], "userName": "GRACE@example.com", "title": CANARY}
    refused(directory, "POST", "/Users", 409, "uniqueness", "userName", json=taken)
    refused(directory, "PUT", "/Users/{user}", 409, "uniqueness", "userName", json=taken)
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "userName", "value": "grace@example.com"}]}
    refused(directory, "PATCH", "/Users/{user}", 409, "uniqueness", "userName", json=change)
    refused(directory, "POST", "/Groups", 409, "uniqueness", "displayName", json={"schemas": [GROUP], "displayName": "ENGINE"})


def test_U_01_X_01_R_01_what_is_not_there(directory):
    path = f"/Users/{UNKNOWN}"
    refused(directory, "PUT", path, 404, None, "User", json={"schemas": [USER], "userName": CANARY})
    refused(directory, "DELETE", path, 404, None, "User")
    refused(directory, "GET", path, 404, None, "User")
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": CANARY}]}
    refused(directory, "PATCH", path, 404, None, "User", json=change)
    refused(directory, "DELETE", "/Users/{group}", 404, None, "User")


# --- PATCH ---

OPERATIONS = {
    "an unknown op": ({"op": "move", "path": "title", "value": CANARY}, "invalidSyntax", "op"),
    "no op": ({"path": "title", "value": CANARY}, "invalidSyntax", "op"),
    "no value": ({"op": "add", "path": "title"}, "invalidValue", "value"),
    "a pathless text": ({"op": "replace", "value": CANARY}, "invalidValue", "value"),
    "remove without path": ({"op": "remove"}, "noTarget", "path"),
    "an unknown path": ({"op": "replace", "path": "nonsense", "value": CANARY}, "invalidPath", "nonsense"),
    "an unknown sub-attribute": ({"op": "replace", "path": "name.nonsense", "value": CANARY}, "invalidPath", "nonsense"),
    "three levels": ({"op": "replace", "path": "name.givenName.x", "value": CANARY}, "invalidPath", ""),
    "an index": ({"op": "replace", "path": "emails[0].value", "value": CANARY}, "invalidFilter", ""),
    "a value path on a single value": ({"op": "replace", "path": 'title[value eq "x"]', "value": CANARY}, "invalidPath", "title"),
    "a broken filter": ({"op": "replace", "path": "emails[type eq].value", "value": CANARY}, "invalidFilter", ""),
    "a path that is no text": ({"op": "replace", "path": 7, "value": CANARY}, "invalidPath", "path"),
    "the id": ({"op": "replace", "path": "id", "value": CANARY}, "mutability", "id"),
    "groups": ({"op": "add", "path": "groups", "value": [{"value": UNKNOWN, "display": CANARY}]}, "mutability", "groups"),
    "what is required": ({"op": "remove", "path": "userName"}, "mutability", "userName"),
    "null for what is required": ({"op": "replace", "path": "userName", "value": None}, "invalidValue", "userName"),
    "a wrong type": ({"op": "replace", "path": "active", "value": CANARY}, "invalidValue", "active"),
    "an object for a text": ({"op": "replace", "path": "title", "value": {"a": CANARY}}, "invalidValue", "title"),
    "two primaries": ({"op": "add", "path": "emails", "value": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, "invalidValue", "primary"),
    "no match": ({"op": "replace", "path": 'emails[type eq "a" or type eq "b"].display', "value": CANARY}, "noTarget", ""),
}


@rows(OPERATIONS)
def test_P_02_P_08_P_10_P_11_P_14_P_20_P_24_P_31_P_32_wrong_operations(directory, row):
    """Alone, behind and before a good one: all or nothing."""
    operation, scim_type, named = row
    good = {"op": "replace", "path": "title", "value": "must not stay"}
    for operations in ([operation], [good, operation], [operation, good]):
        message = {"schemas": [PATCH], "Operations": operations}
        refused(directory, "PATCH", "/Users/{user}", 400, scim_type, named, json=message)


MESSAGES = {
    "no schemas": {"Operations": [{"op": "replace", "path": "title", "value": CANARY}]},
    "another schema": {"schemas": [USER], "Operations": [{"op": "replace", "path": "title", "value": CANARY}]},
    "no operations": {"schemas": [PATCH]},
    "operations that are no list": {"schemas": [PATCH], "Operations": CANARY},
    "operations that are no objects": {"schemas": [PATCH], "Operations": [CANARY]},
}


@rows(MESSAGES)
def test_P_02_wrong_messages(directory, row):
    for path in ("/Users/{user}", "/Groups/{group}"):
        refused(directory, "PATCH", path, 400, "invalidSyntax", "", json=row)


MEMBERS = {
    "who is not there": ({"op": "add", "path": "members", "value": [{"value": UNKNOWN}]}, "invalidValue", [UNKNOWN]),
    "no id": ({"op": "add", "path": "members", "value": [{"value": "x"}]}, "invalidValue", "member"),
    "no value": ({"op": "add", "path": "members", "value": [{"display": CANARY}]}, "invalidValue", "value"),
    "a name that is not ours to change": ({"op": "replace", "path": 'members[value eq "{user}"].display', "value": CANARY}, "mutability", "display"),
    "displayName away": ({"op": "remove", "path": "displayName"}, "mutability", "displayName"),
}


@rows(MEMBERS)
def test_A_35_P_24_P_34_wrong_changes_of_groups(directory, row):
    operation, scim_type, named = row
    good = {"op": "add", "path": "members", "value": [{"value": "{other}"}]}
    for operations in ([operation], [good, operation]):
        message = {"schemas": [PATCH], "Operations": operations}
        refused(directory, "PATCH", "/Groups/{group}", 400, scim_type, named, json=message)


# --- versions ---


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_V_04_V_05_V_08_preconditions_that_fail(directory, method):
    bodies = {
        "PUT": {"schemas": [USER], "userName": CANARY},
        "PATCH": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": CANARY}]},
        "DELETE": None,
    }
    for headers, status, scim_type in (
        ([("If-Match", 'W/"0"')], 412, None),
        ([("If-None-Match", "*")], 412, None),
        ([("If-Match", CANARY)], 400, "invalidValue"),
    ):
        refused(directory, method, "/Users/{user}", status, scim_type, "", json=bodies[method], headers=headers)


# --- bulk ---

BULKS = {
    "no schemas": ({"Operations": []}, 400, "invalidSyntax", "schemas"),
    "no operations": ({"schemas": [BULK]}, 400, "invalidSyntax", "Operations"),
    "operations that are no list": ({"schemas": [BULK], "Operations": {"a": CANARY}}, 400, "invalidSyntax", "Operations"),
    "failOnErrors 0": ({"schemas": [BULK], "failOnErrors": 0, "Operations": []}, 400, "invalidValue", "failOnErrors"),
    "a bulkId twice": (
        {
            "schemas": [BULK],
            "Operations": [
                {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER], "userName": CANARY}},
                {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER], "userName": CANARY + "2"}},
            ],
        },
        400,
        "invalidSyntax",
        "bulkId",
    ),
    "too many": ({"schemas": [BULK], "Operations": [{"method": "DELETE", "path": "/Users/{user}"}] * 1001}, 413, None, ["maxOperations", "1000"]),
}


@rows(BULKS)
def test_B_03_B_07_B_14_wrong_bulk_requests(directory, row):
    message, status, scim_type, named = row
    refused(directory, "POST", "/Bulk", status, scim_type, named, json=message)
