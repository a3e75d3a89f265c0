"""Lists: bounds, counts, a stable order."""

import pytest


@pytest.fixture
def filled(scim):
    return scim, [scim.new_user(f"p{number:03d}@example.com")["id"] for number in range(30)]


def ids(answer):
    return [resource["id"] for resource in answer["Resources"]]


def test_walking_through_250_users_shows_each_once_in_one_order(scim):
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
def test_bounds(filled, query, start, items):
    scim, expected = filled
    page = scim.get(f"/Users{query}", expect=200)
    assert (page["startIndex"], page["itemsPerPage"], page["totalResults"]) == (start, items, 30)
    assert ids(page) == expected[start - 1 : start - 1 + items]


@pytest.mark.parametrize("query", ["startIndex=abc", "count=1.5", "count=1180591620717411303424", "count=1&count=2"])
def test_nonsense_is_refused(scim, query):
    assert scim.get(f"/Users?{query}", expect=400)["scimType"] == "invalidValue"


def test_a_filter_pages_through_what_it_finds(filled):
    scim, expected = filled
    first = scim.find("/Users", 'userName sw "p0"', "&count=12")
    rest = scim.find("/Users", 'userName sw "p0"', "&startIndex=13&count=100")
    assert first["totalResults"] == rest["totalResults"] == 30
    assert ids(first) + ids(rest) == expected


def test_a_deleted_user_is_neither_listed_nor_counted(filled):
    scim, expected = filled
    scim.delete(f"/Users/{expected[7]}", expect=204)
    page = scim.get("/Users?count=100", expect=200)
    assert page["totalResults"] == 29 and ids(page) == expected[:7] + expected[8:]


def test_projection_in_lists(filled):
    scim, _ = filled
    for user in scim.get("/Users?attributes=userName&count=5", expect=200)["Resources"]:
        assert set(user) == {"schemas", "id", "userName"}
    for user in scim.get("/Users?excludedAttributes=userName,meta&count=5", expect=200)["Resources"]:
        assert "meta" not in user and user["id"]
