"""Operations of bulk requests have the answers of single requests."""

import json
import uuid

import pytest

from harness.bulk import bulk, group, message, ref, statuses, user
from harness.rollcall import id_bytes
from harness.scim import ENTERPRISE, GROUP, MEDIA_TYPE, USER, patch_of

BAD_PATCHES = [
    {"schemas": [], "Operations": []},
    patch_of({"op": "burn", "path": "title"}),
    patch_of({"op": "remove"}),
    patch_of({"op": "replace", "path": "emails[type eq", "value": "x"}),
    patch_of({"op": "replace", "path": 'emails[type eq "none"].value', "value": "x"}),
    patch_of({"op": "replace", "path": "id", "value": "x"}),
    patch_of({"op": "remove", "path": "userName"}),
    patch_of({"op": "add", "path": "active", "value": "perhaps"}),
    patch_of({"op": "replace", "path": "userName", "value": "TAKEN@example.com"}),
    patch_of({"op": "replace", "path": "title", "value": "Boss"}),
    patch_of({"op": "replace", "value": {"name": {"familyName": "King"}}}),
]
BODIES = [
    {"schemas": [USER], "userName": "fresh@example.com"},
    {"schemas": [USER], "userName": "taken@example.com"},
    {"schemas": [USER]},
    {"userName": "no-schemas@example.com"},
    {"schemas": [GROUP], "userName": "wrong-schema@example.com"},
    {"schemas": [USER], "userName": 7},
    {"schemas": [USER], "userName": "a@example.com", "emails": "no list"},
    {"schemas": [USER], "userName": "a@example.com", "emails": [{"primary": True}, {"primary": True}]},
    {"schemas": [USER], "userName": "a@example.com", "active": "maybe"},
    {"schemas": [USER, ENTERPRISE], "userName": "ent@example.com", ENTERPRISE: {"manager": {"value": "nobody"}}},
    {"schemas": [USER], "userName": "control\u0007@example.com"},
    {"schemas": [USER], "userName": ""},
    {},
]
TARGET, OTHER = "/Users/TARGET", "/Users/nobody"
GROUP_PATCHES = [
    patch_of({"op": "add", "path": "members", "value": [{"value": "MEMBER"}]}),
    patch_of({"op": "add", "path": "members", "value": [{"value": str(uuid.UUID(int=7))}]}),
    patch_of({"op": "remove", "path": 'members[value eq "MEMBER"]'}),
    patch_of({"op": "remove", "path": "members"}),
    patch_of({"op": "remove", "path": "displayName"}),
    patch_of({"op": "replace", "path": "displayName", "value": "TAKEN"}),
    patch_of({"op": "replace", "value": {"members": [], "displayName": "new"}}),
    patch_of({"op": "replace", "path": "members[display ne", "value": []}),
]
TEAM = "/Groups/TEAM"
PARITY = (
    [("POST", "/Users", body, None) for body in BODIES]
    + [("PUT", TARGET, body, None) for body in BODIES]
    + [("PATCH", TARGET, body, None) for body in BAD_PATCHES]
    + [("PATCH", OTHER, body, None) for body in BAD_PATCHES]
    + [("PUT", OTHER, BODIES[0], None), ("DELETE", OTHER, None, None), ("DELETE", TARGET, None, None)]
    + [("PUT", TARGET, BODIES[0], tag) for tag in ('W/"7"', '"7"', "nonsense", "*", 'W/"1"', 'W/"9", W/"1"')]
    + [("DELETE", TARGET, None, tag) for tag in ('W/"7"', "*", 'W/"1"')]
    + [("PATCH", TARGET, BAD_PATCHES[9], tag) for tag in ('W/"7"', 'W/"1"')]
    + [("POST", "/Groups", body, None) for body in ({"schemas": [GROUP]}, {"schemas": [GROUP], "displayName": "g"})]
    + [("POST", "/Groups", {"schemas": [GROUP], "displayName": "g", "members": [{"value": str(uuid.uuid4())}]}, None)]
    + [("PATCH", TEAM, body, None) for body in GROUP_PATCHES]
    + [("PATCH", f"{TEAM}?attributes=displayName", GROUP_PATCHES[0], None), ("DELETE", TEAM, None, None)]
    + [("PUT", TEAM, body, None) for body in ({"schemas": [GROUP]}, {"schemas": [GROUP], "displayName": "taken"})]
    + [("POST", "/Nothing", {}, None), ("DELETE", "/Users/a/b", None, None), ("POST", "/Schemas", {}, None)]
    + [("POST", "/Users?attributes=userName", BODIES[0], None), ("POST", "/Users/", BODIES[0], None)]
    + [("POST", "/Users?attributes=a&attributes=b", BODIES[0], None)]
)


@pytest.mark.parametrize("method, path, data, version", PARITY)
def test_B_08_V_11_an_operation_has_the_answer_of_a_single_request(rollcall, method, path, data, version):
    answers = []
    for ask in (ask_alone, ask_in_bulk):
        scim = rollcall.new_organization().scim
        member = scim.new_user("taken@example.com")["id"]
        target = scim.new_user("target@example.com")["id"]
        team = scim.new_group("team", [member])["id"]
        scim.new_group("taken")
        real_path = path.replace("TARGET", target).replace("TEAM", team)
        real_data = json.loads(json.dumps(data).replace("MEMBER", member))
        result = ask(scim, method, real_path, real_data, version)
        if "response" in result:
            result["response"]["detail"] = result["response"]["detail"].replace(target, "TARGET").split(" It has:")[0]
        answers.append(result)
        scim.close()
    assert answers[0] == answers[1]


def ask_alone(scim, method, path, data, version):
    answer = scim.request(method, path, json=data, headers=[("If-Match", version)] if version else [])
    result = {"status": str(answer.status)}
    if answer.status >= 400:
        result["response"] = dict(answer.json)
    elif method != "DELETE":
        result["version"] = answer.headers["etag"]
    return result


def ask_in_bulk(scim, method, path, data, version):
    operation = {"method": method, "path": path, "bulkId": "x", "version": version}
    if data is not None:
        operation["data"] = data
    (result,) = bulk(scim, operation)
    assert result.pop("method") == method and result.pop("bulkId") == "x"
    result.pop("location", None)
    return result


def test_V_11_a_stale_version_is_412_and_changes_nothing(scim):
    first = scim.new_user()
    path = f"/Users/{first['id']}"
    scim.patch(path, {"op": "add", "path": "title", "value": "one"}, expect=200)
    results = bulk(
        scim,
        {"method": "PUT", "path": path, "version": first["meta"]["version"], "data": first.json},
        {"method": "DELETE", "path": path, "version": first["meta"]["version"]},
    )
    assert statuses(results) == [412, 412]
    now = scim.get(path, expect=200)
    assert now["title"] == "one"
    assert statuses(bulk(scim, {"method": "DELETE", "path": path, "version": now["meta"]["version"]})) == [204]


def test_B_08_each_operation_needs_its_own_scope(rollcall, org):
    no_group_writing = "UPDATE scim_token SET scopes = scopes & ~8 WHERE directory_id = %s"
    rollcall.database.execute(no_group_writing, id_bytes(org.directory_id))
    results = bulk(org.scim, user("u"), group("g", ref("u")), user("v"))
    assert statuses(results) == [201, 403, 201]
    assert org.scim.get("/Groups")["totalResults"] == 0
    assert org.scim.get("/Users")["totalResults"] == 2


@pytest.mark.parametrize("authorization", ["", "Bearer scimt_nothing", "Basic eA=="])
def test_B_08_the_whole_request_needs_a_token(scim, authorization):
    scim.post("/Bulk", message(user("x")), authorization=authorization, expect=401)
    assert scim.get("/Users")["totalResults"] == 0


def test_B_08_media_types_are_those_of_single_requests(scim):
    body = json.dumps(message(user("x"))).encode()
    scim.post("/Bulk", body=body, headers=[("Content-Type", "text/plain")], expect=415)
    scim.post("/Bulk", body=body, headers=[("Accept", "text/html")], expect=406)
    answer = scim.post("/Bulk", body=body, headers=[("Accept", "application/json")], expect=200)
    assert answer.headers["content-type"] == "application/json"
    assert scim.post("/Bulk", message()).headers["content-type"] == MEDIA_TYPE
