"""attributes and excludedAttributes on every operation that answers with a resource (RFC 7644 section 3.9)."""

from urllib.parse import quote

import pytest
from harness.scim import ENTERPRISE, GROUP, USER
from harness.walk import query, search

ALWAYS = {"schemas", "id"}
BODY = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "e",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "emails": [{"value": "ada@x", "type": "work", "primary": True}],
    "password": "secret word",
    ENTERPRISE: {"department": "Engines", "manager": {"value": "x"}},
}


@pytest.fixture
def user(scim):
    return scim.post("/Users", {**BODY, "userName": "ada"}, expect=201)


def replies(scim, user, parameters):
    """The user as each operation shows it."""
    path, text = f"/Users/{user['id']}", "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    yield scim.get(f"{path}?{text}", expect=200).json
    yield query(scim, "/Users", **parameters)["Resources"][0]
    yield query(scim, "/Users", cursor="", **parameters)["Resources"][0]
    yield query(scim, "/Users", sortBy="userName", **parameters)["Resources"][0]
    yield query(scim, "/Users", filter='userName eq "ada"', **parameters)["Resources"][0]
    yield query(scim, "/Users", filter="title pr", **parameters)["Resources"][0]
    yield query(scim, "/", **parameters)["Resources"][0]
    yield search(scim, "/Users", **parameters)["Resources"][0]
    yield search(scim, "", filter='title co "ount"', **parameters)["Resources"][0]
    yield scim.put(f"{path}?{text}", {**BODY, "userName": "ada"}, expect=200).json
    change = {"op": "replace", "path": "nickName", "value": text[:20]}
    yield scim.patch(f"{path}?{text}", change, expect=200).json
    scim.delete(path, expect=204)
    yield scim.post(f"/Users?{text}", {**BODY, "userName": "ada"}, expect=201).json


@pytest.mark.parametrize(
    "names, shown",
    [
        ("userName", {"userName"}),
        ("USERNAME, Title", {"userName", "title"}),
        ("name.givenName", {"name"}),
        (f"{USER}:title", {"title"}),
        (f"{ENTERPRISE}:department", {ENTERPRISE}),
        (ENTERPRISE, {ENTERPRISE}),
        ("nothing,alsoNothing", set()),
        ("password", set()),
        ("id", set()),
        ("meta", {"meta"}),
        ("meta.version", {"meta"}),
    ],
)
def test_Q_01_Q_03_Q_05_Q_06_Q_07_only_what_is_named_shows(scim, user, names, shown):
    for shape in replies(scim, user, {"attributes": names}):
        assert set(shape) == ALWAYS | shown
        assert shape["schemas"] == ([USER, ENTERPRISE] if ENTERPRISE in shown else [USER])


@pytest.mark.parametrize(
    "names, hidden",
    [
        ("title", {"title"}),
        ("meta,emails", {"meta", "emails"}),
        ("id,schemas,title", {"title"}),
        (ENTERPRISE, {ENTERPRISE}),
        ("nothing", set()),
    ],
)
def test_Q_01_A_27_what_is_excluded_is_hidden_but_not_what_always_shows(scim, user, names, hidden):
    whole = set(scim.get(f"/Users/{user['id']}", expect=200).json) | {"nickName"}
    for shape in replies(scim, user, {"excludedAttributes": names}):
        assert set(shape) | {"nickName"} == whole - hidden and "password" not in shape


def test_Q_02_both_at_once_are_refused_everywhere(scim, user):
    path = f"/Users/{user['id']}"
    both = "attributes=title&excludedAttributes=title"
    before = scim.get(path, expect=200).json
    for method, target, body in (
        ("GET", path, None),
        ("GET", "/Users", None),
        ("GET", "/", None),
        ("POST", "/Users", {**BODY, "userName": "b"}),
        ("PUT", path, {**BODY, "userName": "c"}),
    ):
        assert scim.request(method, f"{target}?{both}", json=body, expect=400)["scimType"] == "invalidValue"
    change = {"op": "replace", "path": "title", "value": "x"}
    assert scim.patch(f"{path}?{both}", change, expect=400)["scimType"] == "invalidValue"
    for where in ("/Users", ""):
        answer = search(scim, where, attributes=["title"], excludedAttributes=["title"], expect=400)
        assert answer["scimType"] == "invalidValue"
    assert scim.get(path, expect=200).json == before and scim.get("/Users", expect=200)["totalResults"] == 1


def test_Q_04_a_sub_attribute_alone_or_all_of_them(scim, user):
    for shape in replies(scim, user, {"attributes": "name.givenName,emails"}):
        assert shape["name"] == {"givenName": "Ada"}
        assert shape["emails"] == [{"value": "ada@x", "type": "work", "primary": True}]


def test_Q_04_a_sub_attribute_is_excluded_alone(scim, user):
    for shape in replies(scim, user, {"excludedAttributes": "name.givenName,emails.type"}):
        assert shape["name"] == {"familyName": "Lovelace"}
        assert shape["emails"] == [{"value": "ada@x", "primary": True}]


def test_Q_06_empty_parameters_are_absent(scim, user):
    whole = scim.get(f"/Users/{user['id']}", expect=200).json
    for text in ("attributes=", "excludedAttributes=", "attributes=&excludedAttributes="):
        assert scim.get(f"/Users/{user['id']}?{text}", expect=200).json == whole
    assert search(scim, "/Users", attributes=[], excludedAttributes="")["Resources"] == [whole]


def test_Q_08_projections_share_one_tag(scim, user):
    path = f"/Users/{user['id']}"
    tags = {
        scim.get(path + text, expect=200).headers["etag"]
        for text in ("", "?attributes=userName", "?attributes=groups", "?excludedAttributes=groups,meta")
    }
    assert len(tags) == 1
    listed = query(scim, "/Users", attributes="meta.version")["Resources"][0]
    assert {listed["meta"]["version"]} == tags


def test_Q_01_groups_are_projected_too(scim, user):
    group = scim.new_group("crew", [user["id"]])
    path = f"/Groups/{group['id']}"
    for parameters, shown in (
        ({"attributes": "displayName"}, {"displayName"}),
        ({"attributes": "members"}, {"members"}),
        ({"attributes": "members.value"}, {"members"}),
        ({"excludedAttributes": "members"}, {"displayName", "meta"}),
    ):
        text = "&".join(f"{name}={value}" for name, value in parameters.items())
        shapes = [
            scim.get(f"{path}?{text}", expect=200).json,
            query(scim, "/Groups", **parameters)["Resources"][0],
            query(scim, "/Groups", sortBy="displayName", **parameters)["Resources"][0],
            query(scim, "/Groups", filter='displayName eq "crew"', **parameters)["Resources"][0],
            query(scim, "/", filter='displayName eq "crew"', **parameters)["Resources"][0],
            search(scim, "/Groups", **parameters)["Resources"][0],
            scim.put(
                f"{path}?{text}",
                {"schemas": [GROUP], "displayName": "crew", "members": [{"value": user["id"]}]},
                expect=200,
            ).json,
            scim.patch(f"{path}?{text}", {"op": "add", "path": "externalId", "value": "x"}, expect=200).json,
        ]
        for shape in shapes:
            assert set(shape) - {"externalId"} == ALWAYS | shown, shape
        if parameters == {"attributes": "members.value"}:
            assert all(shape["members"] == [{"value": user["id"]}] for shape in shapes)
        scim.put(path, {"schemas": [GROUP], "displayName": "crew", "members": [{"value": user["id"]}]}, expect=200)
