"""Lists: bounds, counts, a stable order."""

import pytest


@pytest.fixture
def filled(scim):
    return scim, [scim.new_user(f"p{number:03d}@example.com")["id"] for number in range(30)]


def ids(answer):
    return [resource["id"] for resource in answer["Resources"]]


def test_PG_06_R_03_R_12_walking_through_250_users_shows_each_once_in_one_order(scim):
    expected = [scim.new_user(f"p{number:03d}@example.com")["id"] for number in range(250)]

    def walk(count):
        seen = []
        while len(seen) < 250:
            page = scim.get(f"/Users?startIndex={len(seen) + 1}&count={count}", expect=200)
            assert page["totalResults"] == 250 and page["Resources"]
            seen += ids(page)
        return seen

    for count in (100, 37, 250):
        assert walk(count) == expected


@pytest.mark.parametrize(
    "query, start, items",
    [
        ("", 1, 30),
        ("?startIndex=1&count=10", 1, 10),
        ("?startIndex=0&count=10", 1, 10),
        ("?startIndex=-5&count=10", 1, 10),
        ("?startIndex=25&count=10", 25, 6),
        ("?startIndex=31", 31, 0),
        ("?startIndex=9999&count=10", 9999, 0),
        ("?count=0", 1, 0),
        ("?count=-3", 1, 0),
        ("?count=100000", 1, 30),
        ("?startindex=2&COUNT=1", 2, 1),
        ("?startIndex=&count=", 1, 30),
        ("?unknown=1&also=unknown", 1, 30),
    ],
)
def test_PG_01_PG_02_PG_03_PG_04_R_04_bounds_of_a_page(filled, query, start, items):
    scim, expected = filled
    page = scim.get(f"/Users{query}", expect=200)
    assert (page["startIndex"], page["itemsPerPage"], page["totalResults"]) == (start, items, 30)
    assert ids(page) == expected[start - 1 : start - 1 + items]


@pytest.mark.parametrize("query", ["startIndex=abc", "count=1.5", "count=1180591620717411303424", "count=1&count=2"])
def test_PG_04_what_is_no_integer_is_refused(scim, query):
    assert scim.get(f"/Users?{query}", expect=400)["scimType"] == "invalidValue"


def test_PG_06_a_filter_pages_through_what_it_finds(filled):
    scim, expected = filled
    first = scim.find("/Users", 'userName sw "p0"', "&count=12")
    rest = scim.find("/Users", 'userName sw "p0"', "&startIndex=13&count=100")
    assert first["totalResults"] == rest["totalResults"] == 30
    assert ids(first) + ids(rest) == expected


def test_R_03_X_01_a_deleted_user_is_neither_listed_nor_counted(filled):
    scim, expected = filled
    scim.delete(f"/Users/{expected[7]}", expect=204)
    page = scim.get("/Users?count=100", expect=200)
    assert page["totalResults"] == 29 and ids(page) == expected[:7] + expected[8:]


def test_Q_01_projection_in_lists(filled):
    scim, _ = filled
    for user in scim.get("/Users?attributes=userName&count=5", expect=200)["Resources"]:
        assert set(user) == {"schemas", "id", "userName"}
    for user in scim.get("/Users?excludedAttributes=userName,meta&count=5", expect=200)["Resources"]:
        assert "meta" not in user and user["id"]


def test_R_03_R_04_totals_are_of_all_pages_and_items_of_this_one(filled):
    scim, expected = filled
    for filter, total in (("userName pr", 30), ('userName ew "0@example.com"', 3), ('userName eq "nobody"', 0)):
        for count in (0, 1, 2, 1000):
            page = scim.find("/Users", filter, f"&count={count}")
            assert [type(page[name]) for name in ("totalResults", "startIndex", "itemsPerPage")] == [int, int, int]
            assert page["totalResults"] == total and page["itemsPerPage"] == len(page["Resources"]) == min(count, total)
            assert page["startIndex"] == 1
    assert set(scim.get("/Users?count=1", expect=200).json) == {
        "schemas", "totalResults", "startIndex", "itemsPerPage", "Resources",
    }  # fmt: skip


def test_R_12_changes_do_not_change_the_order(filled):
    scim, expected = filled
    for id in expected[3:20:4]:
        scim.patch(f"/Users/{id}", {"op": "replace", "path": "title", "value": "changed"}, expect=200)
    assert ids(scim.get("/Users", expect=200)) == expected
    assert ids(scim.find("/Users", "title pr or userName pr")) == expected


def test_PG_05_another_server_goes_on_with_a_walk(org, filled):
    scim, expected = filled
    second = org.rollcall.another_server()
    other = org.client(server=second)
    first_page = scim.get("/Users?startIndex=1&count=10", expect=200)
    rest = other.get("/Users?startIndex=11&count=100", expect=200)
    assert ids(first_page) + ids(rest) == expected
    scim.new_user("late@example.com")
    drifted = other.get("/Users?startIndex=31&count=10", expect=200)
    assert drifted["totalResults"] == 31 and drifted["itemsPerPage"] == 1
    second.stop()
