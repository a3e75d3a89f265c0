"""Attributes that clients send and no schema declares: seen with a guess of their type, declared by one call, dismissed."""

import pytest
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, GROUP, USER
from harness.wait import until

THING = "urn:x:Thing"


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}/undeclared-attributes"


@pytest.fixture
def listed(admin, path):
    def read(query=""):
        return {(one["resource_type"], one["path"]): one for one in admin.get(path + query, expect=200)["attributes"]}

    return read


def pointers(answer):
    return [error["pointer"] for error in answer["errors"]]


@pytest.fixture
def sent(org, listed):
    """Users and a group with attributes of all kinds, once they are listed."""
    scim = org.scim
    made = scim.post(
        "/Users",
        {
            "schemas": [USER],
            "userName": "a",
            "shoeSize": 43,
            "remote": True,
            "mixed": "x",
            "empty": {},
            "name": {"nick": "n"},
            "badge": {"no": 7, "colors": ["red"]},
            "tags": ["a", "b"],
            ENTERPRISE: {"UID": "u1"},
            THING: {"size": 1, "weight": 2},
        },
        expect=201,
    ).json
    scim.post("/Users", {"schemas": [USER], "userName": "b", "mixed": 7, "badge": {"lost": False}, THING: {"weight": 1.5}}, expect=201)
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "g", "color": "red", "shoeSize": 1}, expect=201)
    until(lambda: len(listed()) >= 11, "they are listed")
    return made


def guesses(listed):
    return {path: one["guess"] and (one["guess"]["type"], one["guess"]["multiValued"]) for (_, path), one in listed.items()}


def test_what_is_sent_is_listed_with_a_guess(sent, listed):
    found = listed()
    assert guesses(found) == {
        "shoeSize": ("integer", False),
        "remote": ("boolean", False),
        "mixed": None,
        "name.nick": ("string", False),
        "badge": ("complex", False),
        "tags": ("string", True),
        f"{ENTERPRISE}:UID": ("string", False),
        f"{THING}:size": ("integer", False),
        f"{THING}:weight": ("decimal", False),
        "color": ("string", False),
    }
    badge = found["User", "badge"]
    assert badge["guess"]["subAttributes"] == [
        {"name": "no", "type": "integer", "multiValued": False},
        {"name": "colors", "type": "string", "multiValued": True},
        {"name": "lost", "type": "boolean", "multiValued": False},
    ]
    assert ("Group", "shoeSize") in found and badge["uses"] >= 1 and not badge["dismissed"]
    assert badge["first_seen_at"] <= badge["last_seen_at"]


def test_some_are_declared_where_they_stand(rollcall, org, admin, path, sent, listed):
    other = org.client(server=rollcall.another_server())
    answer = admin.post(
        f"{path}/declare",
        {
            "attributes": [
                {"path": "shoeSize", "resource_type": "User", "description": "EU"},
                {"path": "name.nick"},
                {"path": "badge"},
                {"path": f"{ENTERPRISE}:UID", "caseExact": True},
                {"path": f"{THING}:weight"},
            ]
        },
        expect=200,
    )
    assert [(one["path"], one["schema"], one["type"]) for one in answer["declared"]] == [
        ("shoeSize", USER, "integer"),
        ("name.nick", USER, "string"),
        ("badge", USER, "complex"),
        (f"{ENTERPRISE}:UID", ENTERPRISE, "string"),
        (f"{THING}:weight", THING, "decimal"),
    ]
    assert set(listed()) == {
        ("User", "remote"),
        ("User", "mixed"),
        ("User", "tags"),
        ("User", f"{THING}:size"),
        ("Group", "color"),
        ("Group", "shoeSize"),
    }
    for client in (org.scim, other):
        shown = {attribute["name"]: attribute for attribute in client.get(f"/Schemas/{USER}", expect=200)["attributes"]}
        assert shown["shoeSize"]["type"] == "integer" and shown["shoeSize"]["description"] == "EU"
        assert [sub["name"] for sub in shown["badge"]["subAttributes"]] == ["no", "colors", "lost"]
        assert shown["name"]["subAttributes"][-1]["name"] == "nick"
        assert client.get(f"/Schemas/{THING}", expect=200)["attributes"][0]["name"] == "weight"
        shown = client.get(f"/Users/{sent['id']}", expect=200).json
        assert {**shown, "meta": None} == {**sent, "meta": None}
        client.post("/Users", {"schemas": [USER], "userName": "x", "shoeSize": "large"}, expect=400)
        assert client.find("/Users", "shoeSize gt 40")["totalResults"] == 1
    admin.post(f"{path}/declare", {"attributes": [{"path": f"{THING}:size"}]}, expect=200)
    names = [attribute["name"] for attribute in other.get(f"/Schemas/{THING}", expect=200)["attributes"]]
    assert names == ["weight", "size"]


def test_all_are_declared_by_one_call(org, admin, path, sent, listed):
    answer = admin.post(f"{path}/declare", {"all": True}, expect=200)
    assert {(one["resource_type"], one["path"]) for one in answer["skipped"]} == {("User", "mixed")}
    assert len(answer["declared"]) == 10
    assert set(listed()) == {("User", "mixed")}
    assert org.scim.get(f"/Users/{sent['id']}", expect=200).json == sent
    again = org.scim.patch(f"/Users/{sent['id']}", {"op": "add", "path": "tags", "value": ["c"]}, expect=200)
    assert sorted(again["tags"]) == ["a", "b", "c"]
    assert admin.post(f"{path}/declare", {"all": True}, expect=200)["declared"] == []


@pytest.mark.parametrize(
    "entry, pointer",
    [
        ({"path": "mixed"}, "#/attributes/1/type"),
        ({"path": "nothing"}, "#/attributes/1/path"),
        ({"path": "remote", "resource_type": "Group"}, "#/attributes/1/path"),
        ({"path": "remote", "type": "number"}, "#/attributes/1/type"),
        ({"path": "remote", "returned": "never"}, "#/attributes/1/returned"),
        ({"path": "remote", "unknown": 1}, "#/attributes/1/unknown"),
        ({"path": "tags", "type": "complex"}, "#/attributes/1/subAttributes"),
    ],
)
def test_mistakes_are_pointed_at_and_nothing_is_declared(admin, path, sent, listed, entry, pointer):
    before = set(listed())
    assert pointers(admin.post(f"{path}/declare", {"attributes": [{"path": "color"}, entry]}, expect=422)) == [pointer]
    assert set(listed()) == before


@pytest.mark.parametrize(
    "body", [{}, {"attributes": []}, {"attributes": [{"type": "string"}]}, {"attributes": [{"path": "x"}], "all": True}, {"attributes": "all"}]
)
def test_bodies_that_say_nothing(admin, path, body):
    assert pointers(admin.post(f"{path}/declare", body, expect=422)) == ["#/attributes"]


def test_one_is_dismissed_and_stays_so(org, admin, path, sent, listed):
    assert admin.post(f"{path}/dismiss", {"attributes": [{"path": "remote"}, {"path": "shoeSize"}]}, expect=200)["changed"] == 3
    assert ("User", "remote") not in listed() and len(listed()) == 8
    assert set(listed("?dismissed=true")) == {("User", "remote"), ("User", "shoeSize"), ("Group", "shoeSize")}
    assert pointers(admin.post(f"{path}/dismiss", {"attributes": [{"path": "remote"}]}, expect=422)) == ["#/attributes/0/path"]
    admin.post(f"{path}/dismiss", {"attributes": [{"path": "remote"}], "dismissed": False}, expect=200)
    assert ("User", "remote") in listed()
    admin.get(f"{path}?dismissed=perhaps", expect=400)


def test_a_name_that_no_attribute_can_have_is_skipped(org, admin, path, listed):
    org.scim.post("/Users", {"schemas": [USER], "userName": "a", "shoe size": 43, "hat": 1}, expect=201)
    until(lambda: len(listed()) == 2, "they are listed")
    answer = admin.post(f"{path}/declare", {"all": True}, expect=200)
    assert [one["path"] for one in answer["skipped"]] == ["shoe size"] and [one["path"] for one in answer["declared"]] == ["hat"]
    assert pointers(admin.post(f"{path}/declare", {"attributes": [{"path": "shoe size"}]}, expect=422)) == ["#/attributes/0/path"]
