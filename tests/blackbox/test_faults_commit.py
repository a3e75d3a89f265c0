"""The connection to MariaDB is cut at a COMMIT: the outcome is unknown to the server, and its answer is right."""

import pytest

from harness.load import Writers
from harness.relay import APPLIED, LOST, WAYS, Relay
from harness.scim import GROUP, USER
from harness.wait import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def behind_relay(make_rollcall, tmp_path_factory):
    relays = []

    def put_between(upstream):
        relays.append(Relay(tmp_path_factory.mktemp("relay") / "socket", upstream))
        return relays[0].path

    rollcall = make_rollcall(relay=put_between)
    rollcall.relay_itself = relays[0]
    yield rollcall
    relays[0].disarm()


@pytest.fixture
def relay(behind_relay):
    behind_relay.ensure_running()
    yield behind_relay.relay_itself
    behind_relay.relay_itself.disarm()


@pytest.fixture
def cut(behind_relay, relay):
    """cut(way, request): the request's COMMIT is cut that way, and nothing else is."""

    def request_with_cut(way, request):
        before = relay.cuts
        relay.cut_next(way)
        answer = request()
        assert relay.cuts == before + 1, "its COMMIT was cut"
        return answer

    return request_with_cut


@pytest.fixture
def org(behind_relay):
    return behind_relay.new_organization()


@pytest.mark.parametrize("way", WAYS)
def test_a_create_is_answered_201_with_one_row(org, cut, way):
    for number in range(10):
        name = f"{way}{number}@example.com"
        created = cut(way, lambda: org.scim.post("/Users", {"schemas": [USER], "userName": name}))
        assert created.status == 201, created
        found = org.scim.find("/Users", f'userName eq "{name}"')
        assert [user["id"] for user in found["Resources"]] == [created["id"]]
        assert org.scim.get(f"/Users/{created['id']}", expect=200).json == created.json
    assert org.scim.get("/Users?count=0", expect=200)["totalResults"] == 10


@pytest.mark.parametrize("way", WAYS)
def test_changes_happen_once(org, cut, way):
    user = org.scim.new_user()
    path = f"/Users/{user['id']}"

    patched = cut(way, lambda: org.scim.patch(path, {"op": "add", "path": "emails", "value": [{"value": "a@x"}]}))
    assert patched.status == 200 and len(patched["emails"]) == 1
    assert org.scim.get(path, expect=200).json == patched.json
    version = int(patched["meta"]["version"].strip('W/"'))
    assert version == int(user["meta"]["version"].strip('W/"')) + 1

    put = cut(way, lambda: org.scim.put(path, {"schemas": [USER], "userName": "put@example.com"}))
    assert put.status == 200 and org.scim.get(path, expect=200).json == put.json

    guarded = [("If-Match", put.headers["etag"])]
    operation = {"op": "replace", "path": "title", "value": "guarded"}
    assert cut(way, lambda: org.scim.patch(path, operation, headers=guarded)).status == 200

    assert cut(way, lambda: org.scim.delete(path)).status == 204
    org.scim.get(path, expect=404)
    assert org.scim.get("/Users?count=0", expect=200)["totalResults"] == 0


@pytest.mark.parametrize("way", WAYS)
def test_groups_and_members_happen_once(org, cut, way):
    users = [org.scim.new_user()["id"] for _ in range(3)]
    body = {"schemas": [GROUP], "displayName": "Cut", "members": [{"value": users[0]}]}
    group = cut(way, lambda: org.scim.post("/Groups", body))
    assert group.status == 201
    path = f"/Groups/{group['id']}"
    operation = {"op": "add", "path": "members", "value": [{"value": users[1]}, {"value": users[2]}]}
    assert cut(way, lambda: org.scim.patch(path, operation)).status == 204
    assert org.scim.members(group["id"]) == set(users)
    removal = {"op": "remove", "path": f'members[value eq "{users[0]}"]'}
    assert cut(way, lambda: org.scim.patch(path, removal)).status == 204
    assert org.scim.members(group["id"]) == set(users[1:])


def test_a_conflict_after_a_cut_is_still_a_conflict(org, cut):
    org.scim.new_user("taken@example.com")
    created = cut(APPLIED, lambda: org.scim.post("/Users", {"schemas": [USER], "userName": "mine@example.com"}))
    assert created.status == 201
    assert org.scim.post("/Users", {"schemas": [USER], "userName": "mine@example.com"}).status == 409
    assert org.scim.post("/Users", {"schemas": [USER], "userName": "taken@example.com"}).status == 409


def test_many_writers_with_cuts_all_the_time(org, relay):
    with Writers(org) as writers:
        for round_number in range(20):
            before, more = relay.cuts, writers.acknowledged + 10
            relay.cut_next(APPLIED if round_number % 2 else LOST)
            until(lambda: relay.cuts > before and writers.acknowledged >= more, "cut, and writes go on")
    writers.check({201, 503})
    assert writers.statuses.get(503, 0) <= writers.acknowledged, "an outage of a moment is not passed on to clients"
