"""Pagination by startIndex and count (RFC 7644 section 3.4.2.4)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from harness.scim import Scim
from harness.walk import all_ids, by_cursor, by_index, ids, query, search

USERS = 1200


@pytest.fixture(scope="module")
def filled(shared_rollcall):
    """Some more than a page's most, created by several clients at once."""
    org = shared_rollcall.new_organization()

    def create(first):
        scim = org.client()
        made = [scim.new_user(f"u{n:04d}", title="xyz"[n % 3])["id"] for n in range(first, USERS, 4)]
        scim.close()
        return made

    with ThreadPoolExecutor(4) as pool:
        users = sorted(id for made in pool.map(create, range(4)) for id in made)
    yield org.scim, users
    org.scim.close()


@pytest.mark.parametrize("parameters", [{}, {"filter": "title pr"}, {"sortBy": "id"}])
def test_PG_06_R_12_pages_put_together_are_the_whole_list(filled, parameters):
    scim, users = filled
    for count in (97, 400, 1000):
        assert all_ids(by_index(scim, "/Users", count, **parameters)) == users
        assert all_ids(by_cursor(scim, "/Users", count, **parameters)) == users


def test_PG_06_sorted_pages_put_together_are_the_whole_list(filled):
    scim, users = filled
    for by in ("userName", "title", "name.familyName"):
        for order in ("ascending", "descending"):
            pages = by_index(scim, "/Users", 350, sortBy=by, sortOrder=order)
            assert sorted(all_ids(pages)) == users
            assert all_ids(pages) == all_ids(by_cursor(scim, "/Users", 200, sortBy=by, sortOrder=order))


def test_PG_01_PG_02_PG_04_bounds(filled):
    scim, users = filled
    for parameters in ({}, {"filter": "title pr"}, {"sortBy": "id"}, {"sortBy": "title"}, {"sortBy": "name.familyName"}):
        for start in (0, -5, 1):
            page = query(scim, "/Users", startIndex=start, count=3, **parameters)
            assert page["startIndex"] == 1 and page["itemsPerPage"] == 3
        for count in (0, -3):
            page = query(scim, "/Users", count=count, **parameters)
            assert page["Resources"] == [] and (page["itemsPerPage"], page["totalResults"]) == (0, USERS)
        for start in (USERS + 1, 99999, 2**63 - 1):
            page = query(scim, "/Users", startIndex=start, **parameters)
            assert (page["Resources"], page["startIndex"], page["totalResults"]) == ([], start, USERS)
        last = query(scim, "/Users", startIndex=USERS, **parameters)
        assert last["itemsPerPage"] == 1


def test_PG_03_D_03_R_03_a_page_never_holds_more_than_is_advertised(filled):
    scim, users = filled
    config = scim.get("/ServiceProviderConfig", expect=200)
    most = config["filter"]["maxResults"]
    assert most == config["pagination"]["maxPageSize"] == 1000
    for parameters in ({}, {"filter": "title pr"}, {"sortBy": "title"}, {"sortBy": "userName"}):
        page = query(scim, "/Users", count=100000, **parameters)
        assert page["itemsPerPage"] == most and page["totalResults"] == USERS
        assert query(scim, "/Users", cursor="", count=100000, **parameters)["itemsPerPage"] == most
    assert query(scim, "/Users")["itemsPerPage"] == config["pagination"]["defaultPageSize"]


@pytest.mark.parametrize("wrong", ["abc", "1.5", "2e3", "0x10", "1180591620717411303424", "--1", "1 2"])
@pytest.mark.parametrize("name", ["startIndex", "count"])
def test_PG_04_what_is_no_integer_is_refused(filled, name, wrong):
    scim, _ = filled
    for path in ("/Users", "/Groups", "/"):
        error = scim.get(f"{path}?{name}={wrong.replace(' ', '%20')}", expect=400)
        assert error["scimType"] == "invalidValue" and name in error["detail"]


def test_PG_05_a_page_depends_on_the_directory_alone(org):
    scim = org.scim
    users = [scim.new_user(f"u{n}")["id"] for n in range(9)]
    assert ids(query(scim, "/Users", startIndex=1, count=4)) == users[:4]
    scim.delete(f"/Users/{users[0]}", expect=204)
    assert ids(query(scim, "/Users", startIndex=5, count=4)) == users[5:]
    users.append(scim.new_user("late")["id"])
    assert ids(query(scim, "/Users", startIndex=5, count=9)) == users[5:]


def test_R_10_a_filter_that_would_look_at_too_much_is_refused(rollcall, filled):
    scim, users = filled
    server = rollcall.another_server("--max-scan", "1000")
    try:
        small = Scim(server.url + scim.connector_url[scim.connector_url.index("/orgs/") :], scim.token)
        for parameters in ("filter=nickName%20pr", "sortBy=title", "filter=nickName%20pr&sortBy=userName"):
            assert small.get(f"/Users?{parameters}", expect=400)["scimType"] == "tooMany"
            assert small.get(f"/Users?cursor&{parameters}", expect=400)["scimType"] == "tooMany"
        assert small.get("/Users?sortBy=userName&count=2", expect=200)["totalResults"] == USERS
        assert small.get("/?count=2", expect=200)["totalResults"] == USERS
        assert search(small, "/Users", filter='userName eq "u0007"')["totalResults"] == 1
    finally:
        server.stop()


def test_R_02_R_04_no_match_is_an_empty_list(scim):
    for path in ("/Users", "/Groups", "/"):
        for filter in ('displayName eq "nobody"', 'id eq "x"', 'externalId eq "x"'):
            page = query(scim, path, filter=filter)
            assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (0, 1, 0)
            assert page["Resources"] == []


def test_R_08_a_filter_on_one_resource_answers_a_list(scim):
    user, group = scim.new_user("a", title="x"), None
    group = scim.new_group("g", [user["id"]])
    for path, filter, matches in (
        (f"/Users/{user['id']}", 'title eq "x"', True),
        (f"/Users/{user['id']}", 'title eq "y"', False),
        (f"/Users/{user['id']}", 'groups.display eq "g"', True),
        (f"/Users/{user['id']}", f'meta.location ew "{user["id"]}"', True),
        (f"/Groups/{group['id']}", f'members.value eq "{user["id"]}"', True),
        (f"/Groups/{group['id']}", f'members.value eq "{group["id"]}"', False),
    ):
        page = query(scim, path, filter=filter)
        assert (page["totalResults"], page["itemsPerPage"]) == (matches, matches)
        assert [r for r in page["Resources"]] == ([scim.get(path, expect=200).json] if matches else [])
        projected = query(scim, path, filter=filter, attributes="externalId")
        assert all(set(r) == {"schemas", "id"} for r in projected["Resources"])
    excluded = query(
        scim, f"/Groups/{group['id']}", filter=f'members.value eq "{user["id"]}"', excludedAttributes="members"
    )
    assert excluded["totalResults"] == 1 and "members" not in excluded["Resources"][0]
    assert scim.get(f"/Users/{user['id']}?filter=(", expect=400)["scimType"] == "invalidFilter"
    scim.get(f"/Users/{group['id']}?filter=id%20pr", expect=404)
