"""Pagination by cursors (RFC 9865)."""

import base64
import re
import threading
from urllib.parse import quote

import pytest
from harness.scim import Scim
from harness.wait import until
from harness.walk import all_ids, back, by_cursor, ids, query, search

USERS = 45


@pytest.fixture(scope="module")
def filled(shared_rollcall):
    """A directory nobody changes."""
    org = shared_rollcall.new_organization()
    users = [org.scim.new_user(f"u{number:03d}@example.com", title=f"t{number % 7}")["id"] for number in range(USERS)]
    yield org, users
    org.scim.close()


def refused(scim, scim_type, path="/Users", **parameters):
    text = "&".join(f"{name}={quote(str(value))}" for name, value in parameters.items())
    error = scim.get(f"{path}?{text}", expect=400)
    assert error["scimType"] == scim_type, error
    return error["detail"]


@pytest.mark.parametrize("form", ["?cursor", "?cursor=", "?count=10&cursor=", "?CURSOR="])
def test_CU_01_an_empty_cursor_asks_for_the_first_page(filled, form):
    org, users = filled
    page = org.scim.get(f"/Users{form}", expect=200)
    assert ids(page) == users[: page["itemsPerPage"]] and "startIndex" not in page.json
    assert search(org.scim, "/Users", cursor="", count=7)["nextCursor"]


def test_CU_01_without_either_pages_go_by_index(filled):
    org, _ = filled
    page = org.scim.get("/Users?count=10", expect=200)
    assert page["startIndex"] == 1 and "nextCursor" not in page.json


@pytest.mark.parametrize("count", [1, 7, 9, 44, 45, 46, 1000])
def test_CU_02_every_page_but_the_last_has_a_next_cursor(filled, count):
    org, users = filled
    pages = by_cursor(org.scim, "/Users", count)
    assert all_ids(pages) == users
    assert len(pages) == -(-USERS // count)
    assert ["nextCursor" in page.json for page in pages] == [True] * (len(pages) - 1) + [False]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"filter": 'title ne "t3"'},
        {"filter": 'userName sw "u0"'},
        {"sortBy": "userName", "sortOrder": "descending"},
        {"sortBy": "title"},
        {"sortBy": "name.familyName"},
        {"filter": 'title ne "t1"', "sortBy": "userName"},
    ],
)
def test_CU_03_a_walk_back_shows_the_same_pages(filled, parameters):
    org, _ = filled
    pages = by_cursor(org.scim, "/Users", 8, **parameters)
    assert "previousCursor" not in pages[0].json
    assert all("previousCursor" in page.json for page in pages[1:])
    returned = back(org.scim, "/Users", 8, pages[-1], **parameters)
    assert [ids(page) for page in returned] == [ids(page) for page in pages[-2::-1]]
    assert all("nextCursor" in page.json for page in returned)
    assert "previousCursor" not in returned[-1].json
    again = query(org.scim, "/Users", cursor=returned[-1]["nextCursor"], count=8, **parameters)
    assert ids(again) == ids(pages[1])


def test_CU_04_cursors_are_of_unreserved_characters_and_tell_nothing(filled):
    org, users = filled
    for page in by_cursor(org.scim, "/Users", 20, sortBy="userName")[:-1]:
        cursor = page["nextCursor"]
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", cursor) and len(cursor) < 2000
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        assert b"example.com" not in raw and bytes.fromhex(users[19].replace("-", "")) not in raw


def test_CU_05_the_other_parameters_have_to_be_repeated(filled):
    org, users = filled
    scim = org.scim
    base = {"filter": 'title ne "t3"', "sortBy": "userName", "attributes": "userName", "count": 5}
    cursor = query(scim, "/Users", cursor="", **base)["nextCursor"]
    assert len(ids(query(scim, "/Users", cursor=cursor, **base))) == 5
    for change in (
        {"filter": 'title ne "t4"'},
        {"filter": None},
        {"sortBy": "title"},
        {"sortBy": None},
        {"sortOrder": "descending"},
        {"attributes": "title"},
        {"attributes": None},
        {"attributes": None, "excludedAttributes": "userName"},
    ):
        changed = {name: value for name, value in {**base, **change}.items() if value is not None}
        refused(scim, "invalidCursor", cursor=cursor, **changed)
    refused(scim, "invalidCursor", path="/Groups", cursor=query(scim, "/Users", cursor="", count=5)["nextCursor"], count=5)
    refused(scim, "invalidCursor", path="/", cursor=query(scim, "/Users", cursor="", count=5)["nextCursor"], count=5)


def test_CU_05_another_count_is_refused_by_its_name(filled):
    org, _ = filled
    cursor = query(org.scim, "/Users", cursor="", count=5)["nextCursor"]
    refused(org.scim, "invalidCount", cursor=cursor, count=6)
    refused(org.scim, "invalidCount", cursor=cursor)
    default = query(org.scim, "/Users", cursor="", count=20)["nextCursor"]
    query(org.scim, "/Users", cursor=default, count=20)


def test_CU_06_what_is_no_cursor_is_refused(filled):
    org, _ = filled
    cursor = query(org.scim, "/Users", cursor="", count=5)["nextCursor"]
    flipped = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in range(len(cursor))]
    for wrong in ["x", "a" * 3000, cursor + "A", cursor[:-1], cursor.upper(), "%FF", "\u00e9", " ", "."] + flipped:
        if wrong != "%FF":
            refused(org.scim, "invalidCursor", cursor=wrong, count=5)
    assert search(org.scim, "/Users", cursor="nonsense", count=5, expect=400)["scimType"] == "invalidCursor"


def test_CU_06_CU_10_an_old_cursor_is_expired_for_its_owner_and_nothing_for_others(rollcall):
    server = rollcall.another_server("--cursor-timeout", "1")
    try:
        org, other = rollcall.new_organization(), rollcall.new_organization()
        scim = org.client(server=server)
        for number in range(3):
            scim.new_user(f"u{number}")
        assert scim.get("/ServiceProviderConfig", expect=200)["pagination"]["cursorTimeout"] == 1
        cursor = query(scim, "/Users", cursor="", count=1)["nextCursor"]
        until(lambda: scim.get(f"/Users?cursor={cursor}&count=1").status == 400, "the cursor has expired")
        refused(scim, "expiredCursor", cursor=cursor, count=1)
        stranger = other.client(server=server)
        refused(stranger, "invalidCursor", cursor=cursor, count=1)
        fresh = query(scim, "/Users", cursor="", count=1)["nextCursor"]
        query(scim, "/Users", cursor=fresh, count=1)
    finally:
        server.stop()


def test_CU_07_counts_in_cursor_mode(filled):
    org, users = filled
    for count in (0, -3):
        page = query(org.scim, "/Users", cursor="", count=count)
        assert page["totalResults"] == USERS and page["Resources"] == [] and page["itemsPerPage"] == 0
        assert "nextCursor" not in page.json and "previousCursor" not in page.json
        found = query(org.scim, "/Users", cursor="", count=count, filter='title eq "t0"')
        assert found["totalResults"] == 7 and found["Resources"] == []
    assert ids(query(org.scim, "/Users", cursor="", count=100000)) == users
    for wrong in ("abc", "1.5", "1180591620717411303424"):
        refused(org.scim, "invalidCount", cursor="", count=wrong)
    assert search(org.scim, "/Users", cursor="", count="7", expect=400)["scimType"] == "invalidCount"


def test_CU_08_MT_02_a_cursor_is_good_for_its_token_alone(rollcall, filled):
    org, _ = filled
    cursor = query(org.scim, "/Users", cursor="", count=5)["nextCursor"]
    sibling = rollcall.admin.post(f"/v1/directories/{org.directory_id}/tokens", {"label": "t"}, expect=201)["token"]
    refused(Scim(org.connector_url, sibling), "invalidCursor", cursor=cursor, count=5)
    other = rollcall.new_organization()
    for number in range(9):
        other.scim.new_user(f"u{number}")
    refused(other.scim, "invalidCursor", cursor=cursor, count=5)
    second = rollcall.admin.post(f"/v1/organizations/{org.id}/directories", {"name": "second"}, expect=201)
    token = rollcall.admin.post(f"/v1/directories/{second['id']}/tokens", {"label": "t"}, expect=201)["token"]
    refused(Scim(org.connector_url, token), "invalidCursor", cursor=cursor, count=5)
    assert Scim(org.connector_url, "scimt_x").get(f"/Users?cursor={cursor}&count=5", expect=401)


def test_CU_09_a_cursor_ends_with_the_permissions_it_was_made_under(rollcall, org):
    scim = org.scim
    for number in range(5):
        scim.new_user(f"u{number}")
    cursor = query(scim, "/Users", cursor="", count=2)["nextCursor"]
    directory = rollcall.id_bytes(org.directory_id)
    rollcall.database.execute("UPDATE scim_token SET scopes = 1 WHERE directory_id = %s", directory)
    refused(scim, "invalidCursor", cursor=cursor, count=2)
    query(scim, "/Users", cursor="", count=2)


def test_CU_11_totals_are_those_of_the_first_page(org):
    scim = org.scim
    for number in range(9):
        scim.new_user(f"u{number}", title="x")
    first = query(scim, "/Users", cursor="", count=4, filter='title eq "x"')
    assert first["totalResults"] == 9 and first["itemsPerPage"] == 4 and "startIndex" not in first.json
    scim.new_user("another", title="x")
    second = query(scim, "/Users", cursor=first["nextCursor"], count=4, filter='title eq "x"')
    assert second["totalResults"] == 9
    assert query(scim, "/Users", cursor="", count=4)["totalResults"] == 10


def test_CU_12_sorted_walks_work_in_searches_too(filled):
    org, users = filled
    seen, cursor = [], ""
    while cursor is not None:
        page = search(org.scim, "/Users", cursor=cursor, count=10, sortBy="userName", sortOrder="descending")
        seen += ids(page)
        cursor = page.json.get("nextCursor")
    assert seen == users[::-1]
    by_get = query(org.scim, "/Users", cursor="", count=10, sortBy="userName")["nextCursor"]
    assert ids(search(org.scim, "/Users", cursor=by_get, count=10, sortBy="userName")) == users[10:20]


def test_CU_13_cursor_and_start_index_exclude_each_other(filled):
    org, _ = filled
    refused(org.scim, "invalidValue", cursor="", startIndex=1)
    assert search(org.scim, "/Users", cursor="", startIndex=2, expect=400)["scimType"] == "invalidValue"


class Writer:
    """Creates and deletes users all the time, through a client of its own."""

    def __init__(self, org):
        self.org = org
        self.ended = threading.Event()
        self.failure = None
        self.turns = 0
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        assert self.failure is None, self.failure

    def run(self):
        scim = self.org.client()
        try:
            while not self.ended.is_set():
                letter = "abcxyz"[self.turns % 6]
                user = scim.new_user(f"{letter}-passing-{self.turns}", name={"familyName": letter}, title="passing")
                if self.turns % 3:
                    scim.delete(f"/Users/{user['id']}", expect=204)
                self.turns += 1
        except Exception as failure:  # noqa: BLE001
            self.failure = failure
        finally:
            scim.close()


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"filter": 'title ne "nothing"'},
        {"sortBy": "userName", "sortOrder": "descending"},
        {"sortBy": "name.familyName"},
        {"sortBy": "title"},
    ],
)
def test_CU_14_a_walk_among_writers_shows_each_lasting_resource_once(rollcall, parameters):
    org = rollcall.new_organization()
    lasting = {org.scim.new_user(f"m{number:03d}", name={"familyName": f"f{number % 5}"})["id"] for number in range(150)}
    with Writer(org) as writer:
        until(lambda: writer.turns > 5 or writer.failure, "the writer is at work")
        for count in (9, 40):
            seen = all_ids(by_cursor(org.scim, "/Users", count, most=400, **parameters))
            assert len(seen) == len(set(seen)), "a resource came twice"
            assert lasting <= set(seen)


def test_CU_14_a_page_whose_neighbours_were_deleted_still_leads_on(org):
    scim = org.scim
    users = [scim.new_user(f"u{number}")["id"] for number in range(12)]
    pages = by_cursor(scim, "/Users", 3)
    for user in users[3:6] + users[9:]:
        scim.delete(f"/Users/{user}", expect=204)
    assert ids(query(scim, "/Users", cursor=pages[0]["nextCursor"], count=3)) == users[6:9]
    end = query(scim, "/Users", cursor=pages[2]["nextCursor"], count=3)
    assert ids(end) == [] and "nextCursor" not in end.json
    assert ids(query(scim, "/Users", cursor=end["previousCursor"], count=3)) == users[6:9]
    last = query(scim, "/Users", cursor=pages[3]["previousCursor"], count=3)
    assert ids(last) == users[6:9] and "nextCursor" not in last.json


def test_CU_15_cursors_are_good_on_every_server(rollcall, filled):
    org, users = filled
    other = org.client(server=rollcall.another_server())
    cursor = query(org.scim, "/Users", cursor="", count=10)["nextCursor"]
    for scim in (org.scim, other, other):
        assert ids(query(scim, "/Users", cursor=cursor, count=10)) == users[10:20]


def test_D_06_what_is_advertised_is_true(filled):
    org, _ = filled
    pagination = org.scim.get("/ServiceProviderConfig", expect=200)["pagination"]
    assert pagination == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 1000,
        "cursorTimeout": 3600,
    }
