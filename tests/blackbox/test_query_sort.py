"""sortBy and sortOrder (RFC 7644 section 3.4.2.3)."""

import random
import unicodedata

import pytest
from harness.scim import ENTERPRISE
from harness.walk import all_ids, by_cursor, by_index, ids, query

FAMILY_NAMES = [None, "Adams", "adams", "Zuse", "\u00e9toile", "etoile", "Ng", "ng", "B" * 300, "B" * 300 + "a", "0"]


@pytest.fixture(scope="module")
def people(shared_rollcall):
    """A directory of users whose attributes are there or not, and the users as they were answered."""
    org = shared_rollcall.new_organization()
    chance = random.Random(7)
    users = []
    for number in range(60):
        name = chance.choice(FAMILY_NAMES)
        user = {"title": chance.choice(["a", "B", "c", "C", None]), "active": chance.choice([True, False])}
        user["name"] = {"familyName": name, "givenName": chance.choice("xyzXYZ")} if name else None
        user["externalId"] = chance.choice(["b", "B", "a", "Z", None])
        user["displayName"] = chance.choice(["One", "two", "THREE", None])
        user["emails"] = chance.choice(
            [
                None,
                [{"value": "b@x"}, {"value": "a@x"}],
                [{"value": "z@x"}, {"value": "C@x", "primary": True}],
                [{"value": "m@x", "type": "work"}],
            ]
        )
        if chance.random() < 0.5:
            user[ENTERPRISE] = {"employeeNumber": str(chance.randrange(20))}
        user = {key: value for key, value in user.items() if value is not None}
        users.append(org.scim.new_user(f"{chance.choice('abAB')}{number:02d}@example.com", **user))
    yield org.scim, [user.json for user in users]
    org.scim.close()


def folded(text):
    return text and unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower()).encode()[:191]


def exact(text):
    return text and text.encode()[:191]


def email(user):
    values = user.get("emails") or [{}]
    return folded(next((value for value in values if value.get("primary")), values[0]).get("value"))


KEYS = {
    "userName": lambda user: folded(user["userName"]),
    "name.familyName": lambda user: folded(user.get("name", {}).get("familyName")),
    "name.givenName": lambda user: folded(user.get("name", {}).get("givenName")),
    "displayName": lambda user: folded(user.get("displayName")),
    "externalId": lambda user: exact(user.get("externalId")),
    "title": lambda user: folded(user.get("title")),
    "active": lambda user: user["active"],
    "id": lambda user: "",
    "emails": email,
    "emails.value": email,
    "meta.created": lambda user: user["meta"]["created"],
    "meta.lastModified": lambda user: user["meta"]["lastModified"],
    f"{ENTERPRISE}:employeeNumber": lambda user: folded(user.get(ENTERPRISE, {}).get("employeeNumber")),
}


def expected(users, by, descending=False):
    def place(user):
        key = KEYS[by](user)
        return (key is None, key if key is not None else "", user["id"])

    return [user["id"] for user in sorted(users, key=place, reverse=descending)]


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("by", KEYS)
def test_S_01_S_02_S_03_S_04_S_05_every_kind_of_attribute_has_its_order(people, by, order):
    scim, users = people
    wanted = expected(users, by, order == "descending")
    assert ids(query(scim, "/Users", sortBy=by, sortOrder=order)) == wanted
    for count in (7, 60):
        assert all_ids(by_index(scim, "/Users", count, sortBy=by, sortOrder=order)) == wanted
        assert all_ids(by_cursor(scim, "/Users", count, sortBy=by, sortOrder=order)) == wanted


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("by", ["userName", "name.familyName", "externalId", "title", "id"])
def test_S_02_what_a_filter_finds_is_sorted_the_same_way(people, by, order):
    scim, users = people
    wanted = expected([user for user in users if user["active"]], by, order == "descending")
    parameters = {"filter": "active eq true", "sortBy": by, "sortOrder": order}
    assert all_ids(by_index(scim, "/Users", 5, **parameters)) == wanted
    pages = by_cursor(scim, "/Users", 5, **parameters)
    assert all_ids(pages) == wanted
    assert {page["totalResults"] for page in pages} == {len(wanted)}


def test_S_01_ascending_is_the_default(people):
    scim, users = people
    assert ids(query(scim, "/Users", sortBy="title")) == expected(users, "title")


def test_S_03_those_without_a_value_come_last_or_first(people):
    scim, users = people
    without = {user["id"] for user in users if "displayName" not in user}
    assert set(ids(query(scim, "/Users", sortBy="displayName"))[-len(without) :]) == without
    descending = query(scim, "/Users", sortBy="displayName", sortOrder="descending")
    assert set(ids(descending)[: len(without)]) == without


def test_S_06_orders_and_names_are_read_in_any_case(people):
    scim, users = people
    for order in ("Descending", "DESCENDING"):
        answer = query(scim, "/Users", SORTBY="USERNAME", sortorder=order)
        assert ids(answer) == expected(users, "userName", True)


@pytest.mark.parametrize(
    "by",
    ["shoeSize", "name", "name.shoeSize", "x509Certificates", "password", "meta", "addresses", ENTERPRISE, "a b", "."],
)
def test_S_05_what_has_no_order_is_refused(people, by):
    scim, _ = people
    error = scim.get(f"/Users?sortBy={by.replace(' ', '%20')}", expect=400)
    assert error["scimType"] == "invalidValue" and "sortBy" in error["detail"]


@pytest.mark.parametrize("order", ["up", "desc", "1"])
def test_S_05_a_wrong_sort_order_is_refused_unless_nothing_is_sorted(people, order):
    scim, _ = people
    error = scim.get(f"/Users?sortBy=userName&sortOrder={order}", expect=400)
    assert error["scimType"] == "invalidValue" and "sortOrder" in error["detail"]
    scim.get(f"/Users?sortOrder={order}", expect=200)


def test_S_05_what_is_derived_from_other_resources_is_refused(people):
    scim, _ = people
    for by in ("groups.value", "groups.display", f"{ENTERPRISE}:manager.displayName"):
        assert scim.get(f"/Users?sortBy={by}", expect=400)["scimType"] == "invalidValue"


def test_groups_are_sorted_by_name(org):
    names = ["b", "A", "c", "B2", "a1"]
    groups = {name: org.scim.new_group(name)["id"] for name in names}
    wanted = [groups[name] for name in sorted(names, key=str.lower)]
    assert ids(query(org.scim, "/Groups", sortBy="displayName")) == wanted
    assert ids(query(org.scim, "/Groups", sortBy="displayName", sortOrder="descending")) == wanted[::-1]


def test_a_sorted_list_shows_groups_and_managers_as_others_do(org):
    scim = org.scim
    boss = scim.new_user("boss", displayName="The Boss")
    user = scim.new_user("worker", **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    scim.new_group("crew", [user["id"]])
    for by in ("userName", "title", "id"):
        listed = query(scim, "/Users", sortBy=by)["Resources"]
        shown = next(resource for resource in listed if resource["id"] == user["id"])
        assert shown == scim.get(f"/Users/{user['id']}", expect=200).json
        assert shown[ENTERPRISE]["manager"]["displayName"] == "The Boss" and shown["groups"]


def test_D_03_sorting_is_advertised(scim):
    assert scim.get("/ServiceProviderConfig", expect=200)["sort"] == {"supported": True}


def test_sorting_by_the_email_where_that_identifies_users(org):
    org.set_rules(policy={"unique_identifier": "email"})
    for name in ("c", "A", "b"):
        org.scim.new_user(name, emails=[{"value": f"{name}@x", "primary": True}])
    names = [user["userName"] for user in query(org.scim, "/Users", sortBy="userName")["Resources"]]
    assert names == ["A", "b", "c"]
