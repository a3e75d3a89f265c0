"""The policy of a directory as a resource: merge patches, effective values, errors that point."""

import pytest
from harness.openapi import CheckedAdmin
from harness.scim import USER


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}/policy"


def pointers(answer):
    return sorted(error["pointer"] for error in answer["errors"])


def test_a_policy_is_read_with_its_defaults(admin, path):
    read = admin.get(path, expect=200)
    assert read["policy"] == {}
    effective = read["effective"]
    assert effective["unknown_attributes"] == "keep" and effective["unique_identifier"] == "userName"
    assert effective["sensitive_attributes"] == ["password"] and "nickName" in effective["self_service_attributes"]
    assert effective["leniencies"]["booleans_as_text"] is True and effective["leniencies"]["numbers_as_text"] is False
    assert effective["domains"] == "off" and effective["value_rules"] == {}
    strict = admin.patch(path, {"strict": True, "leniencies": {"L-01": True}}, expect=200)
    assert strict["policy"] == {"strict": True, "leniencies": {"L-01": True}}
    assert strict["effective"]["unknown_attributes"] == "reject"
    assert [name for name, on in strict["effective"]["leniencies"].items() if on] == ["ops_in_any_case"]
    assert strict["effective"]["value_rules"]["addresses.country"] == {"list": "iso-3166-1"}


def test_AD_07_AD_13_a_patch_is_merged_and_a_put_replaces(org, admin, path):
    admin.patch(path, {"value_rules": {"title": {"values": ["a"]}, "nickName": {"pattern": "b+"}}}, expect=200)
    admin.patch(path, {"unknown_attributes": "reject", "value_rules": {"title": None}}, expect=200)
    read = admin.get(path, expect=200)["policy"]
    assert read == {"unknown_attributes": "reject", "value_rules": {"nickName": {"pattern": "b+"}}}
    assert admin.get(f"/v1/directories/{org.directory_id}", expect=200)["policy"] == read
    org.scim.post("/Users", {"schemas": [USER], "userName": "a", "shoeSize": 43}, expect=400)
    org.scim.post("/Users", {"schemas": [USER], "userName": "a", "nickName": "x"}, expect=400)
    # a rule has one member: the other kind takes its place only when the first is taken away
    assert pointers(admin.patch(path, {"value_rules": {"nickName": {"values": ["x"]}}}, expect=422)) == ["#/value_rules/nickName"]
    admin.patch(path, {"value_rules": {"nickName": {"pattern": None, "values": ["x"]}}}, expect=200)
    org.scim.post("/Users", {"schemas": [USER], "userName": "a", "nickName": "x"}, expect=201)
    assert admin.put(path, {"unknown_attributes": "keep"}, expect=200)["policy"] == {"unknown_attributes": "keep"}
    org.scim.post("/Users", {"schemas": [USER], "userName": "b", "shoeSize": 43, "nickName": "y"}, expect=201)
    assert admin.patch(path, {"unknown_attributes": None}, expect=200)["policy"] == {}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_everything_that_is_wrong_is_pointed_at(org, admin, path, method):
    body = {
        "unknown_attributes": "sometimes",
        "required_attributes": ["name.givenName", "name.givenNmae", 7],
        "value_rules": {"contry": {"list": "iso-3166-1"}, "title": {"pattern": "("}, "nickName": {"values": ["x"]}, "a/b": {}},
        "leniencies": {"L-99": True, "L-01": "yes", "L-02": True},
        "strict": "no",
        "sensitive_attributes": "emails",
    }
    assert pointers(admin.request(method, path, json=body, expect=422)) == [
        "#/leniencies/L-01",
        "#/leniencies/L-99",
        "#/required_attributes/1",
        "#/required_attributes/2",
        "#/sensitive_attributes",
        "#/strict",
        "#/unknown_attributes",
        "#/value_rules/a~1b",
        "#/value_rules/contry",
        "#/value_rules/title",
    ]
    assert pointers(admin.request(method, path, json={"unknown_atributes": "keep"}, expect=422)) == ["#/unknown_atributes"]
    assert admin.get(path, expect=200)["policy"] == {}


def test_resources_that_cannot_be_told_apart_are_named(org, admin, path):
    ids = [org.scim.new_user(f"u{n}", emails=[{"value": "same@example.com"}])["id"] for n in range(2)]
    refused = admin.patch(path, {"unique_identifier": "email"}, expect=409)
    (error,) = refused["errors"]
    assert error["pointer"] == "#/unique_identifier" and all(id in error["detail"] for id in ids)
    assert admin.get(path, expect=200)["policy"] == {}
