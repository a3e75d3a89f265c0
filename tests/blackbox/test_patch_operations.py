"""PATCH, item by item (section P): what each operation does to a user and to a group, and what it leaves alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.scim import ENTERPRISE, PATCH, USER, patch_of

UNKNOWN = "01890000-0000-7000-8000-000000000000"
WORK = {"value": "ada@work.example", "type": "work", "primary": True}
HOME = {"value": "ada@home.example", "type": "home"}
ADA = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ada@example.com",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "emails": [WORK, HOME],
    ENTERPRISE: {"department": "Mathematics"},
}


@pytest.fixture
def ada(scim):
    return Patched(scim, scim.post("/Users", ADA, expect=201))


class Patched:
    """A user, and what PATCH makes of it."""

    def __init__(self, scim, created):
        self.scim, self.created, self.path = scim, created, f"/Users/{created['id']}"

    def patch(self, *operations, **options):
        """What the user looks like afterwards, which the reply shows, too."""
        answer = self.scim.patch(self.path, *operations, expect=200, **options)
        assert self.scim.get(self.path, expect=200).json == answer.json
        return answer

    def changes(self, *operations):
        """The attributes that look differently afterwards, with their values; None: gone."""
        before, after = self.scim.get(self.path, expect=200).json, self.patch(*operations).json
        names = [name for name in {**before, **after} if name != "meta" and before.get(name) != after.get(name)]
        assert (before["meta"]["version"] == after["meta"]["version"]) == (not names)
        assert names or before == after
        return {name: after.get(name) for name in names}

    def refused(self, scim_type, *operations):
        before = self.scim.get(self.path, expect=200).json
        refused = self.scim.request("PATCH", self.path, json=patch_of(*operations), expect=400)
        assert refused["scimType"] == scim_type, refused
        assert self.scim.get(self.path, expect=200).json == before


def add(path, value):
    return {"op": "add", "path": path, "value": value}


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def remove(path):
    return {"op": "remove", "path": path}


# --- the message ---


def test_P_01_patch_is_supported_and_advertised(scim, ada):
    assert scim.get("/ServiceProviderConfig", expect=200)["patch"] == {"supported": True}
    assert ada.patch(replace("title", "Lady"))["title"] == "Lady"


@pytest.mark.parametrize(
    "message",
    [
        {"Operations": [add("title", "x")]},
        {"schemas": [], "Operations": [add("title", "x")]},
        {"schemas": [USER], "Operations": [add("title", "x")]},
        {"schemas": [PATCH]},
        {"schemas": [PATCH], "Operations": add("title", "x")},
        {"schemas": [PATCH], "Operations": "x"},
        {"schemas": [PATCH], "Operations": ["add"]},
        {"schemas": [PATCH], "Operations": [{"op": "move", "path": "title", "value": "x"}]},
        {"schemas": [PATCH], "Operations": [{"path": "title", "value": "x"}]},
        {"schemas": [PATCH], "Operations": [{"op": None, "path": "title", "value": "x"}]},
        {"schemas": [PATCH], "Operations": [{"op": ["add"], "path": "title", "value": "x"}]},
        {"schemas": [PATCH], "Operations": [add("title", "x"), {}]},
    ],
)
def test_P_02_another_message_is_invalid_syntax(scim, ada, message):
    assert scim.request("PATCH", ada.path, json=message, expect=400)["scimType"] == "invalidSyntax"
    assert scim.get(ada.path, expect=200).json == ada.created.json


def test_P_02_strictly_no_operations_are_invalid_syntax(org, scim, ada):
    assert scim.request("PATCH", ada.path, json=patch_of(), expect=200).json == ada.created.json
    org.set_rules(policy={"strict": True})
    assert scim.request("PATCH", ada.path, json=patch_of(), expect=400)["scimType"] == "invalidSyntax"


def test_P_03_operations_run_in_order_each_on_the_result_before(ada):
    assert ada.changes(add("nickName", "a"), remove("nickName")) == {}
    assert ada.changes(remove("title"), add("title", "b"), replace("title", "c")) == {"title": "c"}
    assert ada.changes(
        add("emails", [{"value": "x@y", "type": "new"}]), replace('emails[type eq "new"].value', "z@y"), remove('emails[type ne "new"]')
    ) == {"emails": [{"value": "z@y", "type": "new"}]}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", [replace("active", "perhaps"), remove("userName"), {"op": "remove"}, replace("nope", 1)])
def test_P_04_one_failing_operation_changes_nothing(scim, ada, bad, place):
    group = scim.new_group("Group")
    operations = [replace("title", "x"), add("nickName", "y")]
    operations.insert(place, bad)
    scim.request("PATCH", ada.path, json=patch_of(*operations), expect=400)
    assert scim.get(ada.path, expect=200).json == ada.created.json
    bad_member = add("members", [{"value": UNKNOWN}])
    good_member = add("members", [{"value": ada.created["id"]}])
    scim.patch(f"/Groups/{group['id']}", replace("displayName", "x"), good_member, bad_member, expect=400)
    assert scim.get(f"/Groups/{group['id']}", expect=200).json == group.json


def test_P_05_users_are_answered_200_and_groups_204_unless_projected(scim, ada):
    group = scim.new_group("Group", [ada.created["id"]])
    path = f"/Groups/{group['id']}"
    assert scim.patch(ada.path, replace("title", "x"), expect=200)["title"] == "x"
    assert scim.patch(path, replace("displayName", "A"), expect=204).body == b""
    named = scim.request("PATCH", f"{path}?attributes=displayName", json=patch_of(replace("displayName", "B")), expect=200)
    assert named.json == {"schemas": group["schemas"], "id": group["id"], "displayName": "B"}
    lean = scim.request("PATCH", f"{path}?excludedAttributes=members", json=patch_of(replace("displayName", "C")), expect=200)
    assert lean["displayName"] == "C" and "members" not in lean
    narrow = scim.request("PATCH", f"{ada.path}?attributes=title", json=patch_of(replace("title", "y")), expect=200)
    assert narrow.json == {"schemas": [USER], "id": ada.created["id"], "title": "y"}


def test_P_06_no_content_carries_the_tag_and_no_location(scim):
    group = scim.new_group("Group")
    path = f"/Groups/{group['id']}"
    for operation in (replace("displayName", "Other"), replace("displayName", "Other")):
        answer = scim.patch(path, operation, expect=204)
        assert answer.headers["etag"] == scim.get(path, expect=200)["meta"]["version"]
        assert not {"location", "content-location", "authorization", "content-type"} & {name.lower() for name in answer.headers}


# --- paths ---


@pytest.mark.parametrize("prefix", ["", USER + ":"])
def test_P_07_every_form_of_path_works_with_and_without_urn(ada, prefix):
    assert ada.changes(replace(prefix + "title", "x")) == {"title": "x"}
    assert ada.changes(replace(prefix + "name.familyName", "K"))["name"] == {"givenName": "Ada", "familyName": "K"}
    changed = ada.changes(replace(prefix + 'emails[type eq "home"]', {"value": "new@x", "type": "home"}))
    assert changed["emails"] == [WORK, {"value": "new@x", "type": "home"}]
    changed = ada.changes(replace(prefix + 'emails[type eq "home" and value ew "@x"].value', "newer@x"))
    assert changed["emails"][1]["value"] == "newer@x"
    assert ada.changes(replace(f"{ENTERPRISE}:department", "d"))[ENTERPRISE] == {"department": "d"}
    assert ada.changes(add(f"{ENTERPRISE}:manager.value", "m"))[ENTERPRISE]["manager"]["value"] == "m"


PATHS = {
    "emails[type eq": ("invalidFilter", "invalidPath"),
    'emails[type zz "x"].value': ("invalidFilter",),
    "emails[].value": ("invalidFilter",),
    "emails[0].value": ("invalidFilter", "invalidPath"),
    "emails.": ("invalidPath",),
    ".value": ("invalidPath",),
    "name..givenName": ("invalidPath",),
    "na me": ("invalidPath",),
    "nope": ("invalidPath",),
    "name.nope": ("invalidPath",),
    "urn:example:nothing:title": ("invalidPath",),
    'title[value eq "x"]': ("invalidPath",),
    'name[givenName eq "Ada"].familyName': ("invalidPath",),
    "name.givenName.first": ("invalidPath",),
    'emails[type eq "work"].value.more': ("invalidPath",),
}


@pytest.mark.parametrize("path, scim_types", PATHS.items(), ids=PATHS.keys())
def test_P_08_a_path_that_is_malformed_or_names_nothing_is_refused(scim, ada, path, scim_types):
    for op in ("add", "replace", "remove"):
        operation = {"op": op, "path": path} | ({} if op == "remove" else {"value": "x"})
        refused = scim.patch(ada.path, operation, expect=400)
        assert refused["scimType"] in scim_types, refused
    assert scim.get(ada.path, expect=200).json == ada.created.json


def test_P_09_names_in_paths_are_accepted_in_any_case(ada):
    assert ada.changes(replace("NAME.FAMILYNAME", "K"))["name"]["familyName"] == "K"
    assert ada.changes(replace('EMAILS[TYPE EQ "work"].VALUE', "w@x"))["emails"][0]["value"] == "w@x"
    assert ada.changes(replace(f"{ENTERPRISE.upper()}:Department", "d"))[ENTERPRISE] == {"department": "d"}
    assert ada.changes({"op": "add", "value": {"NICKNAME": "n"}}) == {"nickName": "n"}


def test_P_10_mutability_and_type_are_kept(ada):
    for path in ("id", "meta", "meta.version", "groups"):
        ada.refused("mutability", add(path, "x"))
        ada.refused("mutability", replace(path, "x"))
        ada.refused("mutability", remove(path))
    for path, value in (("active", "perhaps"), ("title", {"a": 1}), ("title", 5), ("emails", 5), ("name", "Ada L"), ("name.givenName", ["a", "b"])):
        ada.refused("invalidValue", replace(path, value))
        ada.refused("invalidValue", add(path, value))


CARD = "urn:example:params:scim:schemas:extension:Card"


def test_P_10_an_immutable_attribute_is_set_once(org, scim):
    attributes = [{"name": "chip", "type": "string", "description": "The chip.", "mutability": "immutable"}]
    schema = {"id": CARD, "name": "Card", "description": "A card.", "attributes": attributes}
    types = [{"name": "User", "schemaExtensions": [{"schema": CARD, "required": False}]}]
    org.set_rules(catalog={"schemas": [schema], "resource_types": types})
    user = Patched(scim, scim.new_user())
    assert user.changes(add(f"{CARD}:chip", "first"))[CARD] == {"chip": "first"}
    assert user.changes(add(f"{CARD}:chip", "first")) == user.changes(replace(f"{CARD}:chip", "first")) == {}
    for operation in (add(f"{CARD}:chip", "second"), replace(f"{CARD}:chip", "second"), remove(f"{CARD}:chip")):
        user.refused("mutability", operation)
    unset = Patched(scim, scim.new_user())
    assert unset.changes(replace(f"{CARD}:chip", "first"))[CARD] == {"chip": "first"}


@pytest.mark.parametrize(
    "operation",
    [
        replace('emails[type eq "home"].primary', True),
        add('emails[type eq "home"].primary', True),
        add('emails[type eq "home"]', {"primary": True}),
        replace('emails[type eq "home"]', {**HOME, "primary": True}),
        add("emails", [{"value": "new@x", "primary": True}]),
        {"op": "add", "value": {"emails": {"value": "new@x", "primary": True}}},
        replace("emails", [{**WORK, "primary": False}, {**HOME, "primary": True}]),
    ],
)
def test_P_11_one_value_that_becomes_primary_demotes_the_others(ada, operation):
    emails = ada.patch(operation)["emails"]
    assert [email.get("primary", False) for email in emails].count(True) == 1
    assert not emails[0].get("primary", False)


def test_P_11_two_primaries_in_one_value_are_refused(ada):
    two = [{"value": "a@x", "primary": True}, {"value": "b@x", "primary": True}]
    ada.refused("invalidValue", add("emails", two))
    ada.refused("invalidValue", replace("emails", two))


def test_P_12_an_extensions_urn_comes_and_goes_with_its_attributes(scim):
    user = Patched(scim, scim.new_user())
    assert user.created["schemas"] == [USER]
    assert user.changes(add(f"{ENTERPRISE}:employeeNumber", "7"))["schemas"] == [USER, ENTERPRISE]
    assert "schemas" not in user.changes(add(f"{ENTERPRISE}:department", "d"))
    user.changes(remove(f"{ENTERPRISE}:employeeNumber"))
    assert user.changes(remove(f"{ENTERPRISE}:department")) == {"schemas": [USER], ENTERPRISE: None}


def test_P_13_the_result_is_validated_and_required_attributes_are_not_lent(scim, ada):
    ada.refused("mutability", remove("userName"), add("userName", "other@example.com"))
    scim.new_user("taken@example.com")
    refused = scim.patch(ada.path, replace("title", "x"), replace("userName", "TAKEN@example.com"), expect=409)
    assert refused["scimType"] == "uniqueness"
    assert scim.get(ada.path, expect=200).json == ada.created.json
    # Unique again before the end: only the result counts.
    assert ada.changes(replace("userName", "taken@example.com"), replace("userName", "free@example.com"))["userName"] == "free@example.com"


# --- add ---


def test_P_14_add_needs_a_value(ada):
    ada.refused("invalidValue", {"op": "add", "path": "title"})
    ada.refused("invalidValue", {"op": "add"})


def test_P_15_add_without_path_adds_each_attribute_of_its_value(ada):
    value = {"emails": [{"value": "new@x"}], "nickName": "n", ENTERPRISE: {"costCenter": "c"}}
    assert ada.changes({"op": "add", "value": value}) == {
        "emails": [WORK, HOME, {"value": "new@x"}],
        "nickName": "n",
        ENTERPRISE: {"costCenter": "c", "department": "Mathematics"},
    }
    ada.refused("invalidValue", {"op": "add", "value": "text"})


def test_P_16_add_sets_single_values_and_keeps_the_rest_of_complex_ones(ada):
    assert ada.changes(add("title", "x")) == {"title": "x"}
    assert ada.changes(add("nickName", "n")) == {"nickName": "n"}
    assert ada.changes(add("name", {"givenName": "A", "middleName": "M"}))["name"] == {
        "familyName": "Lovelace", "givenName": "A", "middleName": "M",
    }  # fmt: skip
    assert ada.changes(remove("name")) == {"name": None}
    assert ada.changes(add("name.givenName", "Ada"))["name"] == {"givenName": "Ada"}


def test_P_17_add_appends_to_a_list(ada):
    more = [{"value": "c@x", "type": "other"}, {"value": "d@x"}]
    assert ada.changes(add("emails", more))["emails"] == [WORK, HOME, *more]
    assert ada.changes(add("emails", {"value": "e@x"}))["emails"] == [WORK, HOME, *more, {"value": "e@x"}]
    assert ada.changes(add("roles", [{"value": "admin"}]))["roles"] == [{"value": "admin"}]


def test_P_18_add_of_what_is_there_changes_nothing(scim, ada):
    assert ada.changes(add("emails", [dict(reversed(WORK.items()))]), add("title", "Countess"), add("name", ADA["name"])) == {}
    group = scim.new_group("Group", [ada.created["id"]])
    member = {"value": ada.created["id"], "display": "another", "type": "User"}
    again = scim.patch(f"/Groups/{group['id']}", add("members", [member]), expect=204)
    assert again.headers["etag"] == group.headers["etag"]
    assert scim.get(f"/Groups/{group['id']}", expect=200).json == group.json


def test_P_19_add_with_a_value_filter_merges_into_each_match(ada):
    changed = ada.changes(add('emails[value co "ada"]', {"display": "Ada"}))["emails"]
    assert changed == [{**WORK, "display": "Ada"}, {**HOME, "display": "Ada"}]
    assert ada.changes(add('emails[type eq "home"].display', "A"))["emails"][1]["display"] == "A"


def test_P_19_P_31_strictly_a_filter_without_match_is_no_target(org, ada):
    org.set_rules(policy={"strict": True})
    for operation in (add, replace):
        ada.refused("noTarget", operation('emails[type eq "other"].value', "x@y"))
        ada.refused("noTarget", operation('emails[type eq "other"]', {"value": "x@y"}))


# --- remove ---


def test_P_20_remove_needs_a_path(ada):
    for operation in ({"op": "remove"}, {"op": "remove", "value": {"title": "Countess"}}, {"op": "remove", "path": None}):
        ada.refused("noTarget", operation)


def test_P_21_remove_unassigns_single_values_and_whole_lists(ada):
    assert ada.changes(remove("title")) == {"title": None}
    assert ada.changes(remove("name.givenName"))["name"] == {"familyName": "Lovelace"}
    assert ada.changes(remove("emails")) == {"emails": None}


def test_P_22_remove_with_a_filter_removes_values_or_their_sub_attribute(ada):
    assert ada.changes(remove('emails[type eq "work"].primary'))["emails"][0] == {"value": WORK["value"], "type": "work"}
    assert ada.changes(remove('emails[type eq "work"]'))["emails"] == [HOME]
    assert ada.changes(remove('emails[type eq "home"]')) == {"emails": None}
    both = ada.patch(add("emails", [WORK, HOME]))
    assert both["emails"] and ada.changes(remove('emails[value co "ada"]')) == {"emails": None}


def test_P_23_remove_with_a_filter_that_matches_nothing_changes_nothing(scim, ada):
    assert ada.changes(remove('emails[type eq "other"]'), remove('emails[type eq "other"].value')) == {}
    group = scim.new_group("Group", [ada.created["id"]])
    for path in (f'members[value eq "{UNKNOWN}"]', f'members[value eq "{scim.new_user()["id"]}"]'):
        answer = scim.patch(f"/Groups/{group['id']}", remove(path), expect=204)
        assert answer.headers["etag"] == group.headers["etag"]


def test_P_24_what_is_required_or_read_only_is_not_removed(scim, ada):
    for path in ("userName", "groups", "id", "meta", "meta.created"):
        ada.refused("mutability", remove(path))
    group = scim.new_group("Group")
    assert scim.patch(f"/Groups/{group['id']}", remove("displayName"), expect=400)["scimType"] == "mutability"
    assert scim.get(f"/Groups/{group['id']}", expect=200).json == group.json


def test_P_25_remove_of_what_is_not_there_changes_nothing(ada):
    assert ada.changes(remove("nickName"), remove("roles"), remove("name.middleName"), remove(f"{ENTERPRISE}:manager")) == {}
    assert ada.changes(remove("title"), remove("title")) == {"title": None}


# --- replace ---


def test_P_26_replace_without_path_replaces_its_attributes_and_no_other(ada):
    assert ada.changes({"op": "replace", "value": {"active": False}}) == {"active": False}
    value = {"emails": [HOME], "nickName": "n", ENTERPRISE: {"costCenter": "c"}}
    changed = ada.changes({"op": "replace", "value": value})
    assert changed["emails"] == [HOME] and changed["nickName"] == "n" and changed[ENTERPRISE]["costCenter"] == "c"
    ada.refused("invalidValue", {"op": "replace", "value": "text"})


def test_P_27_replace_replaces_a_value_and_a_whole_list(ada):
    assert ada.changes(replace("title", "x")) == {"title": "x"}
    assert ada.changes(replace("emails", [{"value": "only@x"}])) == {"emails": [{"value": "only@x"}]}


def test_P_28_replace_of_what_is_unassigned_adds_it(ada):
    assert ada.changes(replace("nickName", "n")) == {"nickName": "n"}
    assert ada.changes(replace("roles", [{"value": "admin"}])) == {"roles": [{"value": "admin"}]}
    assert ada.changes(replace("name.middleName", "M"))["name"] == {**ADA["name"], "middleName": "M"}


def test_P_29_replace_of_a_complex_attribute_keeps_what_it_does_not_name(ada):
    assert ada.changes(replace("name", {"familyName": "King"}))["name"] == {"familyName": "King", "givenName": "Ada"}
    changed = ada.changes({"op": "replace", "value": {"name": {"middleName": "M"}}})
    assert changed["name"] == {"familyName": "King", "givenName": "Ada", "middleName": "M"}


def test_P_30_replace_with_a_filter_replaces_every_match_or_its_sub_attribute(ada):
    changed = ada.changes(replace('emails[value co "ada"].type', "both"))["emails"]
    assert [email["type"] for email in changed] == ["both", "both"]
    assert ada.changes(replace('emails[value co "work"]', {"value": "new@x"}))["emails"] == [
        {"value": "new@x"}, {**HOME, "type": "both"},
    ]  # fmt: skip


def test_P_31_replace_with_a_filter_without_match_is_no_target_unless_the_filter_says_what_to_make(ada):
    ada.refused("noTarget", replace('emails[type eq "a" or type eq "b"].value', "x@y"))
    ada.refused("noTarget", replace('emails[type ne "work" and type ne "home"].value', "x@y"))
    made = ada.changes(replace('emails[type eq "other"].value', "x@y"))["emails"]
    assert made == [WORK, HOME, {"type": "other", "value": "x@y"}]


def test_P_32_replace_with_nothing_removes(ada):
    ada.refused("invalidValue", replace("userName", None))
    ada.refused("invalidValue", {"op": "replace", "path": "title"})
    assert ada.changes(replace("title", None), replace("emails", []), replace("name", None)) == {
        "title": None, "emails": None, "name": None,
    }  # fmt: skip
    ada.refused("invalidValue", {"op": "replace", "path": "title"})


def test_P_33_a_request_without_net_change_keeps_version_and_date(org, scim, ada):
    count = "SELECT count(*) FROM `change`"
    before = org.rollcall.database.query(count)
    assert ada.changes(replace("title", "x"), replace("title", "Countess")) == {}
    assert ada.changes(remove("emails"), add("emails", [WORK, HOME])) == {}
    assert ada.changes({"op": "replace", "value": {"active": True, "name": ADA["name"]}}) == {}
    assert org.rollcall.database.query(count) == before


def test_P_34_what_a_member_is_cannot_be_replaced(scim, ada):
    other = scim.new_user()
    group = scim.new_group("Group", [ada.created["id"]])
    path = f'members[value eq "{ada.created["id"]}"]'
    for sub, value in (("display", "x"), ("value", other["id"]), ("type", "Group"), ("$ref", "x")):
        refused = scim.patch(f"/Groups/{group['id']}", replace(f"{path}.{sub}", value), expect=400)
        assert refused["scimType"] == "mutability", sub
    assert scim.get(f"/Groups/{group['id']}", expect=200).json == group.json


def test_P_35_bodies_are_of_scims_types_and_json_patch_is_none(scim, ada):
    for number, content_type in enumerate(("application/scim+json", "application/json; charset=utf-8", None)):
        headers = [("Content-Type", content_type)]
        assert scim.patch(ada.path, replace("title", f"t{number}"), headers=headers, expect=200)["title"] == f"t{number}"
    for content_type in ("application/json-patch+json", "application/merge-patch+json", "text/plain"):
        scim.patch(ada.path, replace("title", "x"), headers=[("Content-Type", content_type)], expect=415)


# --- many ---


def test_P_36_fifty_clients_each_add_a_member(scim):
    ids = [scim.new_user()["id"] for _ in range(50)]
    group = scim.new_group("Group")
    barrier = threading.Barrier(25)

    def join(half):
        barrier.wait()
        for id in half:
            scim.patch(f"/Groups/{group['id']}", add("members", [{"value": id}]), expect=204)

    with ThreadPoolExecutor(25) as pool:
        list(pool.map(join, (ids[number : number + 2] for number in range(0, 50, 2))))
    assert scim.members(group["id"]) == set(ids)


def test_P_37_a_thousand_members_come_and_go_in_one_operation(scim, ada):
    operations = [{"method": "POST", "path": "/Users", "bulkId": f"u{n}", "data": {"schemas": [USER], "userName": f"u{n}"}} for n in range(1000)]
    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    made = scim.post("/Bulk", bulk, expect=200)["Operations"]
    ids = {operation["location"].rsplit("/", 1)[1] for operation in made}
    group = scim.new_group("Large")
    path = f"/Groups/{group['id']}"
    members = [{"value": id} for id in ids]
    scim.patch(path, add("members", members), expect=204)
    assert len(ids) == 1000 and scim.members(group["id"]) == ids
    scim.patch(path, {"op": "remove", "path": "members", "value": members[:999]}, expect=204)
    assert scim.members(group["id"]) == {members[999]["value"]}


def test_P_37_operations_and_paths_are_bounded(scim, ada):
    hundred = [replace("title", f"t{number}") for number in range(100)]
    assert ada.changes(*hundred) == {"title": "t99"}
    for operations in ([replace("title", "x")] * 5000, [replace('emails[type eq "' + "x" * 20_000 + '"].value', "y")]):
        refused = scim.patch(ada.path, *operations)
        assert refused.status in (400, 413), refused
        assert scim.get(ada.path, expect=200)["title"] == "t99"
