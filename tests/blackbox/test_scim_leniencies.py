"""Each leniency on the wire: what the default policy takes, and what the same policy does with that one switched."""

from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE, GROUP, PATCH, USER

WORK = 'emails[type eq "work"].value'


@pytest.fixture
def switched(org):
    """switched("L-01", False): the directory's client, with one leniency switched."""

    def switch(number, on, **policy):
        org.set_rules(policy={"leniencies": {number: on}, **policy})
        return org.scim

    return switch


@pytest.fixture
def user(scim):
    return scim.new_user(title="t", emails=[{"value": "a@example.com", "type": "work"}, {"value": "h@example.com", "type": "home"}])


def patch(scim, user, *operations, expect=200):
    return scim.patch(f"/Users/{user['id']}", *operations, expect=expect)


def refused(answer, scim_type):
    assert answer["scimType"] == scim_type, answer


def test_L_01_ops_in_any_case(scim, switched, user):
    for number, op in enumerate(("Replace", "REPLACE", "Add")):
        assert patch(scim, user, {"op": op, "path": "title", "value": str(number)})["title"] == str(number)
    strict = switched("L-01", False)
    refused(patch(strict, user, {"op": "Replace", "path": "title", "value": "n"}, expect=400), "invalidSyntax")
    patch(strict, user, {"op": "replace", "path": "title", "value": "n"})


def test_L_02_paths_as_keys(scim, switched, user):
    value = {"name.givenName": "g", f"{ENTERPRISE}:employeeNumber": "1"}
    changed = patch(scim, user, {"op": "replace", "value": value})
    assert changed["name"] == {"givenName": "g"} and changed[ENTERPRISE] == {"employeeNumber": "1"}
    strict = switched("L-02", False, unknown_attributes="reject")
    refused(patch(strict, user, {"op": "replace", "value": value}, expect=400), "invalidSyntax")


def test_L_03_booleans_as_text(scim, switched, user):
    assert patch(scim, user, {"op": "replace", "path": "active", "value": "False"})["active"] is False
    assert patch(scim, user, {"op": "replace", "value": {"active": "TRUE"}})["active"] is True
    created = scim.new_user(active="False", nickName="True", roles=[{"value": "r", "primary": "True"}])
    assert created["active"] is False and created["nickName"] == "True" and created["roles"][0]["primary"] is True
    strict = switched("L-03", False)
    refused(patch(strict, user, {"op": "replace", "path": "active", "value": "False"}, expect=400), "invalidValue")
    assert strict.new_user(nickName="True")["nickName"] == "True"


def test_L_04_filters_as_keys(scim, switched, user):
    changed = patch(scim, user, {"op": "replace", "value": {WORK: "n@example.com"}})
    assert {e["type"]: e["value"] for e in changed["emails"]} == {"work": "n@example.com", "home": "h@example.com"}
    strict = switched("L-04", False, unknown_attributes="reject")
    refused(patch(strict, user, {"op": "replace", "value": {WORK: "x@example.com"}}, expect=400), "invalidSyntax")


@pytest.mark.parametrize("form", ["list", "object", "null reference"])
def test_L_05_a_removal_with_a_value(scim, switched, form):
    users = [scim.new_user()["id"] for _ in range(3)]
    group = scim.new_group(members=users)
    member = {"value": users[0], "$ref": None} if form == "null reference" else {"value": users[0]}
    value = member if form == "object" else [member]
    scim.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members", "value": value}, expect=204)
    assert scim.members(group["id"]) == set(users[1:])
    strict = switched("L-05", False)
    strict.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members", "value": value}, expect=204)
    assert strict.members(group["id"]) == set()


def test_L_06_a_path_that_matches_nothing(scim, switched, user):
    address = {"op": "add", "path": 'addresses[type eq "work"].locality', "value": "Ulm"}
    first = patch(scim, user, address)
    assert first["addresses"] == [{"locality": "Ulm", "type": "work"}]
    assert patch(scim, user, address)["meta"]["version"] == first["meta"]["version"]
    either = {"op": "replace", "path": 'phoneNumbers[type eq "fax" or type eq "pager"].value', "value": "1"}
    refused(patch(scim, user, either, expect=400), "noTarget")
    strict = switched("L-06", False)
    refused(patch(strict, user, {"op": "replace", "path": 'ims[type eq "xmpp"].value', "value": "x"}, expect=400), "noTarget")


def test_L_07_read_only_members_of_a_value(scim, switched):
    group = scim.new_group("Before")
    rename = {"op": "replace", "value": {"id": group["id"], "displayName": "After"}}
    scim.patch(f"/Groups/{group['id']}", rename, expect=204)
    assert scim.get(f"/Groups/{group['id']}", expect=200)["displayName"] == "After"
    refused(scim.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "id", "value": "x"}, expect=400), "mutability")
    strict = switched("L-07", False)
    rename["value"]["displayName"] = "Again"
    refused(strict.patch(f"/Groups/{group['id']}", rename, expect=400), "mutability")
    assert strict.get(f"/Groups/{group['id']}", expect=200)["displayName"] == "After"


def test_L_08_lists_and_single_values(scim, switched, user):
    manager = {"op": "add", "path": f"{ENTERPRISE}:manager", "value": [{"value": user["id"]}]}
    assert patch(scim, user, manager)[ENTERPRISE]["manager"]["value"] == user["id"]
    assert scim.new_user(emails={"value": "x@example.com"})["emails"] == [{"value": "x@example.com"}]
    two = {"op": "add", "path": f"{ENTERPRISE}:manager", "value": [{"value": "a"}, {"value": "b"}]}
    refused(patch(scim, user, two, expect=400), "invalidValue")
    strict = switched("L-08", False)
    refused(patch(strict, user, manager, expect=400), "invalidValue")
    body = {"schemas": [USER], "userName": "l08", "emails": {"value": "x@example.com"}}
    refused(strict.post("/Users", body, expect=400), "invalidValue")


def test_L_09_text_for_an_object(scim, switched, user):
    path = f"{ENTERPRISE}:manager"
    assert patch(scim, user, {"op": "add", "path": path, "value": user["id"]})[ENTERPRISE]["manager"]["value"] == user["id"]
    assert ENTERPRISE not in patch(scim, user, {"op": "replace", "path": path, "value": ""})
    strict = switched("L-09", False)
    refused(patch(strict, user, {"op": "add", "path": path, "value": user["id"]}, expect=400), "invalidValue")


def found(scim, filter):
    return scim.find("/Users", filter)["totalResults"]


def filter_refused(scim, filter):
    refused(scim.get(f"/Users?filter={quote(filter, safe='')}", expect=400), "invalidFilter")


def test_L_10_literals(scim, switched):
    scim.new_user(externalId="jyoung", roles=[{"value": "r", "primary": True}])
    for loose in ('active eq "true"', 'roles[primary eq "True"]', "externalId eq jyoung"):
        assert found(scim, loose) == 1, loose
    strict = switched("L-10", False)
    for loose in ('active eq "true"', 'roles[primary eq "True"]', "externalId eq jyoung"):
        filter_refused(strict, loose)
    assert found(strict, 'active eq true and roles[primary eq true] and externalId eq "jyoung"') == 1


def test_L_11_a_condition_behind_brackets(scim, switched, user):
    assert found(scim, f'{WORK} eq "a@example.com"') == 1
    assert found(scim, f'{WORK} eq "h@example.com"') == 0
    strict = switched("L-11", False)
    filter_refused(strict, f'{WORK} eq "a@example.com"')
    assert found(strict, 'emails[type eq "work" and value eq "a@example.com"]') == 1


def test_L_12_a_dot_behind_a_urn(scim, switched, user):
    dotted = {"op": "add", "path": f"{ENTERPRISE}.department", "value": "d"}
    assert patch(scim, user, dotted)[ENTERPRISE] == {"department": "d"}
    assert found(scim, f'{ENTERPRISE}.department eq "d"') == 1
    strict = switched("L-12", False)
    refused(patch(strict, user, dotted, expect=400), "invalidPath")
    filter_refused(strict, f'{ENTERPRISE}.department eq "d"')
    assert found(strict, f'{ENTERPRISE}:department eq "d"') == 1


def test_L_13_blanks(scim, switched, user):
    loose = ('title eq"t"', 'emails[ type eq "work" ]', 'title eq "t"and active eq true', 'not(title eq "x")')
    for filter in loose:
        assert found(scim, filter) == 1, filter
    strict = switched("L-13", False)
    filter_refused(strict, 'title eq"t"')
    filter_refused(strict, 'title eq "t"and active eq true')
    assert found(strict, 'not (title eq "x") and emails[type eq "work"]') == 1


def test_L_14_A_06_unknown_attributes(org, scim):
    body = {"schemas": [USER], "userName": "l14", "department": "d"}
    assert scim.post("/Users", {**body, "userName": "kept"}, expect=201)["department"] == "d"
    org.set_rules(policy={"unknown_attributes": "ignore"})
    assert "department" not in scim.post("/Users", {**body, "userName": "ignored"}, expect=201)
    org.set_rules(policy={"unknown_attributes": "reject"})
    refused(scim.post("/Users", {**body, "userName": "rejected"}, expect=400), "invalidSyntax")


def test_L_15_foreign_schemas(scim, switched):
    foreign = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    body = {"schemas": [GROUP, foreign], "displayName": "Entra's"}
    assert scim.post("/Groups", body, expect=201)["schemas"] == [GROUP]
    strict = switched("L-15", False)
    refused(strict.post("/Groups", {**body, "displayName": "No"}, expect=400), "invalidSyntax")


def test_L_16_A_11_nulls_on_create_even_if_strict(org, scim):
    body = {"schemas": [USER], "userName": "l16", "addresses": None, "emails": [{"value": "x@example.com", "type": None}]}
    first = scim.post("/Users", body, expect=201)
    assert "addresses" not in first and first["emails"] == [{"value": "x@example.com"}]
    org.set_rules(policy={"strict": True})
    assert "addresses" not in scim.post("/Users", {**body, "userName": "l16-strict"}, expect=201)


def test_L_17_A_33_groups_and_a_placeholder_password(org, scim):
    for policy in ({}, {"strict": True}):
        org.set_rules(policy=policy)
        created = scim.new_user(groups=[], password="Pl4ceh0lder-x")
        assert "password" not in created and "groups" not in created and b"Pl4ceh0lder" not in created.body
        assert b"Pl4ceh0lder" not in scim.get(f"/Users/{created['id']}?attributes=password", expect=200).body


def test_L_18_null_and_nothing_empty_a_group(org, scim):
    users = [scim.new_user()["id"] for _ in range(2)]
    for policy in ({}, {"strict": True}):
        org.set_rules(policy=policy)
        for operation in (
            {"op": "replace", "path": "members", "value": None},
            {"op": "replace", "path": "members", "value": []},
            {"op": "remove", "path": "members"},
        ):
            group = scim.new_group(members=users)
            scim.patch(f"/Groups/{group['id']}", operation, expect=204)
            assert scim.members(group["id"]) == set(), operation


def test_L_19_incomplete_messages(scim, switched, user):
    operation = {"op": "replace", "path": "title", "value": "n"}
    path = f"/Users/{user['id']}"
    for message in ({"Operations": [operation]}, {"schemas": [PATCH], "Operations": operation}):
        refused(scim.patch(path, json=message, expect=400), "invalidSyntax")
    lenient = switched("L-19", True)
    for message in ({"Operations": [operation]}, {"schemas": [PATCH], "Operations": operation}):
        assert lenient.patch(path, json=message, expect=200)["title"] == "n"
    refused(lenient.patch(path, json={"schemas": ["urn:x"], "Operations": [operation]}, expect=400), "invalidSyntax")


def test_L_20_roles_as_json_text(scim, switched, user):
    text = '{"id":"06b07648-ecfe-589f-9d2f-6325724a46ee","value":"25","displayName":"Role1234"}'
    operation = {"op": "Add", "path": "roles", "value": [{"value": text}]}
    assert patch(scim, user, operation)["roles"] == [{"value": text}]
    lenient = switched("L-20", True)
    changed = patch(lenient, lenient.new_user(), operation)
    assert changed["roles"] == [{"value": "25", "display": "Role1234"}]


def test_L_21_wrapped_values(scim, switched, user):
    operation = {"op": "Replace", "path": "title", "value": [{"value": "n"}]}
    refused(patch(scim, user, operation, expect=400), "invalidValue")
    lenient = switched("L-21", True)
    assert patch(lenient, user, operation)["title"] == "n"


def test_L_22_unique_group_names(scim):
    scim.new_group("Twins")
    refused(scim.post("/Groups", {"schemas": [GROUP], "displayName": "TWINS"}, expect=409), "uniqueness")


def test_L_23_an_extension_as_path(scim, switched, user):
    operation = {"op": "replace", "path": ENTERPRISE, "value": {"department": "d"}}
    assert patch(scim, user, operation)[ENTERPRISE] == {"department": "d"}
    strict = switched("L-23", False)
    refused(patch(strict, user, operation, expect=400), "invalidPath")
    assert patch(strict, user, {"op": "replace", "value": {ENTERPRISE: {"department": "e"}}})[ENTERPRISE] == {"department": "e"}


def test_L_24_locale_with_an_underscore(scim, switched):
    assert scim.new_user(locale="en_US")["locale"] == "en_US"
    strict = switched("L-24", False)
    refused(strict.post("/Users", {"schemas": [USER], "userName": "l24", "locale": "en_US"}, expect=400), "invalidValue")
    assert strict.new_user(locale="en-US")["locale"] == "en-US"


SHOES = "urn:example:shoes:2.0:User"


def test_L_25_numbers_as_text(org, scim):
    catalog = {
        "schemas": [{"id": SHOES, "name": "Shoes", "attributes": [{"name": "size", "type": "integer"}]}],
        "resource_types": [{"name": "User", "schemaExtensions": [{"schema": SHOES, "required": False}]}],
    }
    org.set_rules(catalog=catalog)
    body = {"schemas": [USER, SHOES], "userName": "l25", SHOES: {"size": "42"}}
    refused(scim.post("/Users", body, expect=400), "invalidValue")
    org.set_rules(policy={"leniencies": {"L-25": True}})
    assert scim.post("/Users", body, expect=201)[SHOES] == {"size": 42}
    body[SHOES] = {"size": "large"}
    refused(scim.post("/Users", {**body, "userName": "l25b"}, expect=400), "invalidValue")


def test_strict_turns_all_off_but_those_that_are_named(org, scim):
    org.set_rules(policy={"strict": True, "leniencies": {"booleans_as_text": True}})
    assert scim.new_user(active="False")["active"] is False
    body = {"schemas": [USER], "userName": "strict", "emails": {"value": "x@example.com"}}
    refused(scim.post("/Users", body, expect=400), "invalidValue")
    refused(scim.post("/Users", {"schemas": [USER], "userName": "strict", "shoe": 1}, expect=400), "invalidSyntax")


def test_P_17_P_19_P_30_strict_takes_one_value_where_one_is_meant(org, scim, user):
    org.set_rules(policy={"strict": True})
    one = {"value": "o@example.com", "type": "other"}
    assert one in patch(scim, user, {"op": "add", "path": "emails", "value": one})["emails"]
    merged = patch(scim, user, {"op": "add", "path": 'emails[type eq "work"]', "value": {"display": "W"}})
    assert {"value": "a@example.com", "display": "W", "type": "work"} in merged["emails"]
    whole = {"value": "n@example.com", "type": "work"}
    assert whole in patch(scim, user, {"op": "replace", "path": 'emails[type eq "work"]', "value": whole})["emails"]
    primary = patch(scim, user, {"op": "add", "path": "emails", "value": {**one, "primary": True}})
    assert [email["type"] for email in primary["emails"] if email.get("primary")] == ["other"]
    group = scim.new_group()
    scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": {"value": user["id"]}}, expect=204)
    assert scim.members(group["id"]) == {user["id"]}
    refused(patch(scim, user, {"op": "replace", "path": "emails", "value": one}, expect=400), "invalidValue")
