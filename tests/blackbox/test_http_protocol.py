"""HTTP as SCIM uses it: media types, methods, query parameters, headers (section H of the checklist)."""

import uuid

import pytest

from harness.scim import GROUP, MEDIA_TYPE, USER, patch_of

UNKNOWN = "01890000-0000-7000-8000-000000000000"
BODY_METHODS = ("POST", "PUT", "PATCH")


@pytest.fixture
def user(scim):
    return scim.new_user("ada@example.com", title="Countess")


@pytest.fixture
def group(scim, user):
    return scim.new_group("Readers", [user["id"]])


def new_user_body(**attributes):
    return {"schemas": [USER], "userName": f"{uuid.uuid4()}@example.com", **attributes}


# --- media types ---


def test_H_02_H_03_H_07_bodies_of_both_types_and_of_no_type_are_read_alike(scim):
    for content_type in (MEDIA_TYPE, "application/json", "Application/JSON; charset=UTF-8", "APPLICATION/SCIM+JSON", None):
        created = scim.post("/Users", new_user_body(displayName="Zoë"), headers=[("Content-Type", content_type)], expect=201)
        assert created["displayName"] == "Zoë"


@pytest.mark.parametrize("accept", [MEDIA_TYPE, "*/*", None, f"text/html, {MEDIA_TYPE};q=0.5", "application/json, */*"])
def test_H_04_replies_are_scim_json_unless_json_alone_is_accepted(scim, accept):
    headers = [("Accept", accept)]
    answers = [scim.get(path, headers=headers) for path in ("/Users", "/Schemas", f"/Users/{UNKNOWN}", "/Nope")]
    answers.append(scim.post("/Users", new_user_body(), headers=headers, expect=201))
    assert {answer.headers["content-type"] for answer in answers} == {MEDIA_TYPE}


def test_H_05_where_json_alone_is_accepted_replies_and_errors_are_json(scim, user):
    for accept in ("application/json", "application/json; charset=utf-8, text/html"):
        headers = [("Accept", accept)]
        answers = [
            scim.get("/Users", headers=headers, expect=200),
            scim.get(f"/Users/{user['id']}", headers=headers, expect=200),
            scim.get("/ServiceProviderConfig", headers=headers, expect=200),
            scim.get(f"/Users/{UNKNOWN}", headers=headers, expect=404),
            scim.get("/Nope", headers=headers, expect=404),
            scim.request("PUT", "/Users", headers=headers, body=b"{}", expect=405),
            scim.post("/Users", {"schemas": [USER]}, headers=headers, expect=400),
            scim.get("/Users", headers=headers, authorization="", expect=401),
        ]
        assert {answer.headers["content-type"] for answer in answers} == {"application/json"}


def test_H_06_an_accept_that_admits_neither_type_is_406_everywhere(scim, user):
    for path in ("/Users", f"/Users/{user['id']}", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
        for authorization in (None, "") if path[1] in "SR" else (None,):
            refused = scim.get(path, headers=[("Accept", "text/html")], authorization=authorization, expect=406)
            assert refused.headers["content-type"] == MEDIA_TYPE
    scim.post("/Users", new_user_body(), headers=[("Accept", "text/html")], expect=406)
    assert scim.get("/Users", expect=200)["totalResults"] == 1


def test_H_09_nesting_and_size_are_bounded(scim):
    def nested(levels):
        return b'{"schemas":["%s"],"userName":"nested","deep":%s%s}' % (USER.encode(), b"[" * levels, b"1" + b"]" * levels)

    assert scim.request("POST", "/Users", body=nested(1000), expect=400)["scimType"] == "invalidSyntax"
    scim.request("POST", "/Users", body=b'{"a":"' + b"x" * 2_000_000 + b'"}', expect=413)
    assert scim.get("/Users", expect=200)["totalResults"] == 0


# --- methods ---

ALLOW = {
    "/": "GET",
    "/.search": "POST",
    "/Users": "GET POST",
    "/Groups": "GET POST",
    "/Users/.search": "POST",
    "/Groups/.search": "POST",
    "/Users/{user}": "GET PUT PATCH DELETE",
    "/Groups/{group}": "GET PUT PATCH DELETE",
    f"/Users/{UNKNOWN}": "GET PUT PATCH DELETE",
    "/Me": "GET POST PUT PATCH DELETE",
    "/Bulk": "POST",
    "/ServiceProviderConfig": "GET",
    "/ResourceTypes": "GET",
    "/ResourceTypes/User": "GET",
    "/Schemas": "GET",
    f"/Schemas/{USER}": "GET",
}


@pytest.mark.parametrize("pattern, methods", ALLOW.items())
def test_H_10_H_14_the_methods_of_every_url_are_those_of_the_matrix(scim, user, group, pattern, methods):
    path = pattern.format(user=user["id"], group=group["id"])
    allowed = set(methods.split()) | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        refused = scim.request(method, path, body=b"{}" if method in BODY_METHODS else None, expect=405)
        assert allow(refused) == allowed
    assert allow(scim.request("OPTIONS", path, expect=204)) == allowed
    assert scim.members(group["id"]) == {user["id"]}


def allow(answer):
    return set(answer.headers["allow"].replace(" ", "").split(","))


def test_H_12_a_method_that_is_known_nowhere_is_501(scim):
    for path in ("/Users", "/Nope", "/ServiceProviderConfig"):
        scim.request("FOO", path, body=b"{}", expect=501)


def test_H_11_unknown_endpoints_are_404_with_an_error_body(scim):
    for path in ("/Nope", "/Users/a/b", "/scim/v2/Users", "/users", "/Schemas/a/b", "/ServiceProviderConfigs"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            refused = scim.request(method, path, body=b"{}" if method in BODY_METHODS else None, expect=404)
            assert refused["status"] == "404"


def test_H_13_head_has_the_headers_of_get_and_no_body(scim, user, group):
    paths = [f"/Users/{user['id']}", f"/Groups/{group['id']}", "/Users", "/Groups?count=1", f"/Users/{UNKNOWN}"]
    paths += ["/ServiceProviderConfig", "/Schemas", f"/Schemas/{USER}", "/ResourceTypes/User"]
    for path in paths:
        got, head = scim.get(path), scim.request("HEAD", path)
        assert head.status == got.status and head.body == b""
        assert comparable(head.headers) == comparable(got.headers), path
    assert scim.request("HEAD", f"/Users/{user['id']}").headers["etag"].startswith('W/"')


def comparable(headers):
    return {name.lower(): value for name, value in headers.items() if name.lower() not in ("date", "x-request-id")}


# --- query parameters ---


def test_H_15_unknown_parameters_are_ignored(scim, user):
    for path in ("/Users", f"/Users/{user['id']}", "/Schemas", "/ServiceProviderConfig"):
        plain = scim.get(path, expect=200)
        for query in ("foo=1", "foo=1&foo=2", "foo", "&&", "=", "filterr=x", "_=%zz"):
            assert scim.get(f"{path}?{query}", expect=200).json == plain.json
    scim.post("/Users?foo=1", new_user_body(), expect=201)


def test_H_16_names_of_parameters_are_matched_in_any_case(scim):
    for number in range(3):
        scim.new_user(f"u{number}")
    whole = scim.get("/Users?startIndex=2&count=1&attributes=userName", expect=200)
    assert [found["userName"] for found in whole["Resources"]] == ["u1"]
    for query in ("startindex=2&COUNT=1&Attributes=userName", "STARTINDEX=2&Count=1&attributes=username"):
        assert scim.get(f"/Users?{query}", expect=200).json == whole.json
    assert scim.get("/Users?FILTER=userName%20eq%20%22u2%22", expect=200)["totalResults"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "count=1&count=2",
        "count=1&count=1",
        "startIndex=1&STARTINDEX=1",
        "filter=userName%20pr&filter=userName%20pr",
        "sortBy=userName&sortBy=userName",
        "sortBy=userName&sortOrder=ascending&sortOrder=ascending",
        "attributes=userName&attributes=title",
        "excludedAttributes=userName&excludedAttributes=title",
    ],
)
def test_H_17_a_known_parameter_twice_is_invalid_value(scim, user, query):
    refused = scim.get(f"/Users?{query}", expect=400)
    assert refused["scimType"] == "invalidValue" and query.split("&")[-1].split("=")[0].lower() in refused["detail"].lower()
    if "ttributes" in query:
        for method, body in (("GET", None), ("PUT", new_user_body()), ("PATCH", patch_of({"op": "remove", "path": "title"}))):
            refused = scim.request(method, f"/Users/{user['id']}?{query}", json=body, expect=400)
            assert refused["scimType"] == "invalidValue"
        assert scim.get(f"/Users/{user['id']}", expect=200).json == user.json


@pytest.mark.parametrize(
    "raw",
    [
        'userName+eq+"a+b@x"',
        "userName+eq+%22a+b@x%22",
        "userName%20eq%20%22a%2Bb@x%22",
        "userName+eq+%22A%2bB@x%22",
        "(userName+eq+%22a+b@x%22)+and+active+eq+true",
        "userName+eq+%22a+b@x%22+or+userName+eq+%22%5C%22+%22",
    ],
)
def test_H_18_a_plus_is_a_blank_outside_strings_and_a_plus_inside(scim, raw):
    wanted = scim.new_user("a+b@x")
    scim.new_user("a b@x")
    found = scim.get(f"/Users?filter={raw}", expect=200)
    assert [resource["id"] for resource in found["Resources"]] == [wanted["id"]]


# --- URLs ---


@pytest.mark.parametrize("version", ["v9", "v1", "v3", "v2.1", "v20", "v0"])
def test_H_19_an_unsupported_version_is_invalid_vers(org, version):
    other = org.client()
    other.base = org.scim.base.removesuffix("/v2") + f"/{version}"
    for method, path in (("GET", "/Users"), ("POST", "/Users"), ("GET", f"/Users/{UNKNOWN}"), ("GET", "/ServiceProviderConfig")):
        refused = other.request(method, path, body=b"{}" if method == "POST" else None, expect=400)
        assert refused["scimType"] == "invalidVers"


def test_H_20_every_tenant_has_its_own_prefix_and_a_pasted_query_has_no_effect(rollcall, org):
    other = rollcall.new_organization()
    assert "?" not in org.connector_url and org.connector_url != other.connector_url
    for organization in (org, other):
        pasted = organization.client(suffix="?aadOptscim062020")
        created = pasted.new_user("ada@example.com")
        assert created["meta"]["location"] == f"{organization.connector_url}/Users/{created['id']}"
        assert pasted.get(f"/Users/{created['id']}", expect=200).json == organization.scim.get(f"/Users/{created['id']}").json
        assert pasted.get("/Users?count=5", expect=200)["totalResults"] == 1


def test_H_26_a_format_suffix_is_404(scim, user):
    for path in (f"/Users/{user['id']}.scim", "/Users.scim", "/ServiceProviderConfig.scim", f"/Users/{user['id']}.json"):
        scim.get(path, expect=404)


def test_H_27_one_slash_behind_a_collection_is_accepted(scim, user):
    for path in ("/Users", "/Groups", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig"):
        assert scim.get(f"{path}/", expect=200).json == scim.get(path, expect=200).json
    assert scim.get("/Users/?count=1&startIndex=1", expect=200)["totalResults"] == 1
    scim.post("/Users/", new_user_body(), expect=201)
    scim.post("/Groups/", {"schemas": [GROUP], "displayName": "Slashed"}, expect=201)


# --- headers ---


def test_H_21_created_resources_have_their_location(scim):
    for path, body in (("/Users", new_user_body()), ("/Groups", {"schemas": [GROUP], "displayName": "Located"})):
        created = scim.post(path, body, expect=201)
        assert created.headers["location"] == created["meta"]["location"] == f"{scim.connector_url}{path}/{created['id']}"


def test_H_22_replies_with_one_resource_say_where_it_is(scim, user, group):
    path = f"/Users/{user['id']}"
    answers = [
        scim.get(path, expect=200),
        scim.put(path, new_user_body(), expect=200),
        scim.patch(path, {"op": "replace", "path": "title", "value": "Lady"}, expect=200),
        scim.post("/Users", new_user_body(), expect=201),
        scim.get(f"/Groups/{group['id']}", expect=200),
        scim.put(f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "Writers"}, expect=200),
    ]
    for answer in answers:
        assert answer.headers["content-location"] == answer.headers["location"] == answer["meta"]["location"]


def test_H_25_nothing_personal_is_cached_and_204_and_304_have_no_body(scim, user, group):
    path = f"/Users/{user['id']}"
    personal = [
        scim.get(path, expect=200),
        scim.get("/Users", expect=200),
        scim.get(f"/Groups/{group['id']}", expect=200),
        scim.post("/Users", new_user_body(), expect=201),
        scim.patch(path, {"op": "replace", "path": "title", "value": "Lady"}, expect=200),
    ]
    for answer in personal:
        assert answer.headers["cache-control"] == "no-cache, private"
    tag = scim.get(path, expect=200).headers["etag"]
    empty = [
        scim.get(path, headers=[("If-None-Match", tag)], expect=304),
        scim.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "x"}, expect=204),
        scim.delete(path, expect=204),
    ]
    for answer in empty:
        assert answer.body == b"" and "content-type" not in answer.headers
    assert empty[0].headers["cache-control"] == "no-cache, private"


def test_H_28_every_reply_has_a_request_id_of_the_server(rollcall, org, scim, user):
    sent = [("X-Request-Id", "mine")]
    answers = [scim.get(path, headers=sent) for path in (f"/Users/{user['id']}", "/Users", "/Nope", f"/Users/{UNKNOWN}", "/Schemas")]
    answers += [scim.request("OPTIONS", "/Users"), scim.request("FOO", "/Users"), scim.get("/Users", authorization="")]
    answers.append(scim.delete(f"/Users/{user['id']}"))
    assert len({uuid.UUID(answer.headers["x-request-id"]) for answer in answers}) == len(answers)

    rollcall.database.execute(
        "UPDATE directory SET policy = '{', revision = revision + 1 WHERE id = %s", rollcall.id_bytes(org.directory_id)
    )
    broken = scim.get("/Users", expect=500)
    assert uuid.UUID(broken.headers["x-request-id"])
    assert set(broken.json) == {"schemas", "status", "detail"}
