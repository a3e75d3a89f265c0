"""Errors: one body for all of them, what they may say, and which of several faults is reported (section E)."""

from urllib.parse import quote

import pytest

from harness.scim import ERROR, GROUP, MEDIA_TYPE, PATCH, USER, Scim

UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def user(scim):
    return scim.new_user("ada@example.com", title="Countess")


def minted(org, **attributes):
    path = f"/v1/directories/{org.directory_id}/tokens"
    token = org.rollcall.admin.post(path, {"label": "limited", **attributes}, expect=201)["token"]
    return Scim(org.connector_url, token)


def raw(scim, method, path, **options):
    """Without the client's own checks of the answer."""
    check, scim.check = scim.check, lambda *_: None
    try:
        return scim.request(method, path, **options)
    finally:
        scim.check = check


def test_E_01_E_02_E_05_AD_16_every_error_has_the_scim_body_with_its_status_as_a_string(org, scim, user):
    path = f"/Users/{user['id']}"
    stale = [("If-Match", 'W/"0"')]
    html, text = [("Accept", "text/html")], [("Content-Type", "text/plain")]
    reader = minted(org, scopes=["users:read"])
    answers = [
        (400, raw(scim, "POST", "/Users", body=b"{")),
        (400, raw(scim, "GET", "/Users?filter=nonsense")),
        (400, raw(scim, "GET", "/Users?count=x")),
        (401, raw(scim, "GET", "/Users", authorization="")),
        (401, raw(scim, "GET", "/Users", authorization="Bearer x")),
        (403, raw(reader, "DELETE", path)),
        (403, raw(scim, "GET", "/Schemas?filter=name%20pr")),
        (404, raw(scim, "GET", f"/Users/{UNKNOWN}")),
        (404, raw(scim, "GET", "/Nope")),
        (405, raw(scim, "PUT", "/Users", body=b"{}")),
        (406, raw(scim, "GET", "/Users", headers=html)),
        (409, raw(scim, "POST", "/Users", json={"schemas": [USER], "userName": "ADA@example.com"})),
        (412, raw(scim, "DELETE", path, headers=stale)),
        (413, raw(scim, "POST", "/Users", body=b'{"a":"' + b"x" * 2_000_000 + b'"}')),
        (415, raw(scim, "POST", "/Users", body=b"{}", headers=text)),
        (501, raw(scim, "FOO", "/Users")),
    ]
    for status, answer in answers:
        assert answer.status == status, answer
        assert answer.headers["content-type"] == MEDIA_TYPE, answer
        assert answer["schemas"] == [ERROR] and answer["status"] == str(status), answer
        assert set(answer.json) <= {"schemas", "status", "scimType", "detail"}, answer
        assert isinstance(answer["detail"], str) and answer["detail"], answer


def test_E_03_no_token_and_a_bad_token_are_401_with_a_challenge(scim, user):
    for authorization in ("", "Bearer x", "Basic YTpi"):
        for method, path in (("GET", "/Users"), ("POST", "/Users"), ("DELETE", f"/Users/{user['id']}")):
            refused = raw(scim, method, path, authorization=authorization, body=b"{}" if method == "POST" else None)
            assert refused.status == 401 and refused["schemas"] == [ERROR] and refused["status"] == "401"
            assert refused.headers["www-authenticate"].startswith("Bearer realm=")


NAMED = {
    "userName missing": ("POST", "/Users", {"schemas": [USER]}, "userName"),
    "a wrong type": ("POST", "/Users", {"schemas": [USER], "userName": "x", "active": "perhaps"}, "active"),
    "a wrong sub-attribute": ("POST", "/Users", {"schemas": [USER], "userName": "x", "name": {"givenName": 1}}, "givenName"),
    "two primaries": (
        "POST",
        "/Users",
        {"schemas": [USER], "userName": "x", "emails": [{"value": v, "primary": True} for v in "ab"]},
        "emails",
    ),
    "schemas missing": ("POST", "/Users", {"userName": "x"}, "schemas"),
    "an unknown member": ("POST", "/Groups", {"schemas": [GROUP], "displayName": "x", "members": [{"value": UNKNOWN}]}, UNKNOWN),
    "a name in use": ("POST", "/Users", {"schemas": [USER], "userName": "Ada@example.com"}, "userName"),
    "an unknown path": ("PATCH", "/Users/{user}", [{"op": "replace", "path": "nonsense", "value": "x"}], "nonsense"),
    "a read-only path": ("PATCH", "/Users/{user}", [{"op": "replace", "path": "meta.version", "value": "x"}], "version"),
    "a required path": ("PATCH", "/Users/{user}", [{"op": "remove", "path": "userName"}], "userName"),
    "an unknown filter attribute": ("GET", "/Users?filter=name%20eq%20%22x%22", None, "name"),
    "a filter that stops": ("GET", "/Users?filter=userName%20eq", None, "character 12"),
    "a parameter": ("GET", "/Users?count=many", None, "count"),
}


@pytest.mark.parametrize("method, path, body, named", NAMED.values(), ids=NAMED.keys())
def test_E_04_details_name_the_attribute_path_or_position(scim, user, method, path, body, named):
    if method == "PATCH":
        body = {"schemas": [PATCH], "Operations": body}
    refused = scim.request(method, path.format(user=user["id"]), json=body)
    assert refused.status in (400, 409) and named.lower() in refused["detail"].lower(), refused


HOSTILE = ["'", '"', "\\", "%", "; DROP TABLE resource", "' OR 1=1 --", "${jndi:x}", "%s%n", "<script>", "\x7f", "é" * 300]


@pytest.mark.parametrize("text", HOSTILE)
def test_E_04_errors_never_show_sql_traces_or_secrets(scim, user, text):
    secret = "s3cret-" + text
    answers = [
        scim.get(f"/Users/{quote(text, safe='')}"),
        scim.get(f"/Users?filter={quote(text)}"),
        scim.get(f"/Users?filter={quote(f'userName eq {text}')}"),
        scim.get(f"/Users?sortBy={quote(text)}"),
        scim.get(f"/Users?count={quote(text)}"),
        scim.post("/Users", {"schemas": [text], "userName": text, "password": secret}),
        scim.post("/Users", {"schemas": [USER], "userName": "x", "active": text, "password": secret}),
        scim.patch(f"/Users/{user['id']}", {"op": text, "path": "password", "value": secret}),
        scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": text, "value": secret}),
        scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "password.x", "value": secret}),
    ]
    for answer in answers:
        assert answer.status in (200, 400, 404), answer
        for word in ("select ", "insert ", "mysql", "mariadb", ".c:", "0x", "s3cret", "/server/", "errno"):
            assert word not in answer.json.get("detail", "").lower(), answer


def test_E_06_another_tenants_id_is_answered_byte_for_byte_as_an_unknown_one(rollcall, scim, user):
    other = rollcall.new_organization()
    foreign = {"/Users": other.scim.new_user()["id"], "/Groups": other.scim.new_group()["id"]}
    for collection, identifier in foreign.items():
        theirs, unknown = scim.get(f"{collection}/{identifier}", expect=404), scim.get(f"{collection}/{UNKNOWN}", expect=404)
        assert theirs.body == unknown.body
        for name in {*theirs.headers, *unknown.headers} - {"x-request-id", "Date"}:
            assert theirs.headers[name] == unknown.headers[name]


# What is wrong with a request, in the order in which it is reported; each request has all faults from its own on.
FAULTS = ["size", "route", "token", "scope", "media type", "syntax", "resource", "version", "meaning"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "first, status, scim_type",
    [
        ("size", 413, None),
        ("route", 404, None),
        ("token", 401, None),
        ("scope", 403, None),
        ("media type", 415, None),
        ("syntax", 400, "invalidSyntax"),
        ("resource", 404, None),
        ("version", 412, None),
        ("meaning", 400, "invalidValue"),
    ],
)
def test_E_07_of_several_faults_the_first_is_reported(org, scim, user, method, first, status, scim_type):
    faults = FAULTS[FAULTS.index(first) :]
    client = scim
    if "scope" in faults:
        client = minted(org, scopes=["users:read"])
    headers = [("If-Match", 'W/"0"')] if "version" in faults else []
    if "media type" in faults:
        headers += [("Content-Type", "text/plain"), ("Accept", "text/html")]
    body = {
        "PUT": b'{"schemas":["%s"],"userName":""}' % USER.encode(),
        "PATCH": b'{"schemas":["%s"],"Operations":[{"op":"replace","path":"active","value":"perhaps"}]}' % PATCH.encode(),
    }[method]
    if "syntax" in faults:
        body = body[:-1] + b","
    if "size" in faults:
        body += b"x" * 2_000_000
    path = f"/Users/{UNKNOWN if 'resource' in faults else user['id']}"
    if "route" in faults:
        path = "/Nope" + path
    refused = client.request(
        method, path, body=body, headers=headers, authorization="Bearer wrong" if "token" in faults else None
    )
    assert (refused.status, refused.get("scimType")) == (status, scim_type), refused
    assert scim.get(f"/Users/{user['id']}", expect=200).json == user.json


def test_E_07_a_wrong_method_comes_before_the_token_and_accept_before_the_body(scim, user):
    wrong = {"authorization": "Bearer wrong", "headers": [("Accept", "text/html")]}
    scim.request("PUT", "/Users", body=b"{", expect=405, **wrong)
    scim.request("FOO", "/Users", body=b"{", expect=501, **wrong)
    scim.request("POST", "/Users", body=b"{", headers=wrong["headers"], expect=406)
    # 409 is the last of all: a body that is wrong by itself is not looked up.
    taken = {"schemas": [USER], "userName": "ada@example.com", "active": "perhaps"}
    assert scim.post("/Users", taken, expect=400)["scimType"] == "invalidValue"
