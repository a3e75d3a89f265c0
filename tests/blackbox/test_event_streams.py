"""Event streams: the feed as Security Event Tokens (RFC 9967), polled (RFC 8936)."""

import json
import threading
import urllib.request
import uuid

import pytest
from cryptography.exceptions import InvalidSignature

from harness.openapi import CheckedAdmin
from harness.scim import patch_of
from harness.sets import claims_in, keys_of, uris, verify
from harness.wait import until

EVENT = "urn:ietf:params:scim:event:"
PROV = EVENT + "prov:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
UNKNOWN = "str-01jd8jm32ye008000000001ayd"


@pytest.fixture
def admin(rollcall):
    vendor = rollcall.new_environment()
    client = CheckedAdmin(rollcall.admin_url, vendor.key)
    yield client
    client.wire.close()


@pytest.fixture
def org(rollcall, admin):
    return rollcall.new_organization(admin)


@pytest.fixture
def scim(org):
    return org.scim


class Receiver:
    """Polls a stream, verifies what comes, and acknowledges it when asked to."""

    def __init__(self, admin, **attributes):
        self.admin = admin
        self.stream = admin.post("/v1/streams", {"label": "test", "delivery": "poll", **attributes}, expect=201).json
        self.path = f"/v1/streams/{self.stream['id']}"

    def keys(self):
        return keys_of(self.admin, self.stream)

    def poll(self, ack=(), **body):
        asked = {"returnImmediately": True, "ack": list(ack), **body}
        return self.admin.post(f"{self.path}/poll", asked, expect=200).json

    def offered(self, **body):
        """Claims by jti."""
        keys, found = self.keys(), {}
        for jti, token in self.poll(**body)["sets"].items():
            header, claims = verify(token, keys)
            assert header["typ"] == "secevent+jwt" and claims["jti"] == jti
            found[jti] = claims
        return found

    def drain(self):
        """All that is there, acknowledged."""
        found = {}
        while True:
            offered = self.offered(ack=list(found))
            if not offered:
                return list(found.values())
            assert not set(offered) & set(found), "offered again although it was acknowledged"
            found.update(offered)


def payload(claims, uri):
    return claims["events"][EVENT + uri]


# --- what is told ---


def test_EV_01_EV_02_a_token_is_signed_and_names_its_subject_by_path(admin, org, scim):
    receiver = Receiver(admin, audience="https://warehouse.example.com")
    user = scim.new_user("ada", externalId="e-1")
    (claims,) = receiver.drain()
    assert claims["iss"] == receiver.stream["issuer"] and claims["aud"] == "https://warehouse.example.com"
    assert isinstance(claims["iat"], int) and isinstance(claims["toe"], int)
    assert "exp" not in claims and "sub" not in claims
    assert claims["sub_id"] == {"format": "scim", "uri": f"/Users/{user['id']}", "id": user["id"], "externalId": "e-1"}
    assert all("sub_id" not in event for event in claims["events"].values())
    assert claims["organization_id"] == org.id and claims["organization_external_id"] == org.external_id
    assert claims["directory_id"] == org.directory_id
    assert claims["txn"] == user.headers["x-request-id"] or uuid.UUID(claims["txn"])


def test_EV_01_a_token_of_another_key_is_not_verified(admin, scim):
    receiver = Receiver(admin)
    scim.new_user()
    (token,) = receiver.poll()["sets"].values()
    keys = receiver.keys()
    other = Receiver(CheckedAdmin(admin.url, admin.key), algorithm="RS256")
    assert {key["alg"] for key in other.keys()} == {"ES256", "RS256"}
    forged = token[:-8] + ("AAAAAAAA" if not token.endswith("AAAAAAAA") else "BBBBBBBB")
    with pytest.raises(InvalidSignature):
        verify(forged, keys)


def test_EV_01_RS256_is_signed_on_request(admin, scim):
    receiver = Receiver(admin, algorithm="RS256")
    scim.new_user()
    ((_, token),) = receiver.poll()["sets"].items()
    header, _ = verify(token, receiver.keys())
    assert header["alg"] == "RS256"


def activate(value):
    return {"op": "replace", "path": "active", "value": value}


def put(scim, user, **attributes):
    body = {name: value for name, value in user.json.items() if name not in ("meta", "groups")}
    return scim.put(f"/Users/{user['id']}", {**body, **attributes}, expect=200)


def of_user(act, **attributes):
    """A user who is there before, and what is done to it."""
    return lambda scim: (lambda user: lambda: act(scim, user))(scim.new_user(**attributes))


def patch(*operations):
    return lambda scim, user: scim.patch(f"/Users/{user['id']}", *operations, expect=200)


OPERATIONS = [
    ("POST", lambda scim: lambda: scim.new_user(), [["prov:create:full"]]),
    ("POST of one who is inactive", lambda scim: lambda: scim.new_user(active=False), [["prov:create:full"]]),
    ("PUT", of_user(lambda scim, user: put(scim, user, title="Dr")), [["prov:put:full"]]),
    ("PUT of the same", of_user(lambda scim, user: put(scim, user)), []),
    ("PATCH", of_user(patch({"op": "add", "path": "title", "value": "Dr"})), [["prov:patch:full"]]),
    ("PATCH of the same", of_user(patch({"op": "add", "path": "title", "value": "Dr"}), title="Dr"), []),
    ("PATCH off", of_user(patch(activate(False))), [["prov:deactivate", "prov:patch:full"]]),
    ("PATCH on", of_user(patch(activate(True)), active=False), [["prov:activate", "prov:patch:full"]]),
    ("PUT off", of_user(lambda scim, user: put(scim, user, active=False)), [["prov:deactivate", "prov:put:full"]]),
    (
        "PATCH off and more",
        of_user(patch(activate(False), {"op": "add", "path": "title", "value": "Dr"})),
        [["prov:patch:full"], ["prov:deactivate", "prov:patch:full"]],
    ),
    ("DELETE", of_user(lambda scim, user: scim.delete(f"/Users/{user['id']}", expect=204)), [["prov:delete"]]),
]


@pytest.mark.parametrize("name, prepare, expected", OPERATIONS, ids=[name for name, *_ in OPERATIONS])
def test_EV_03_EV_06_EV_09_each_request_is_told_as_what_it_was(admin, scim, name, prepare, expected):
    act = prepare(scim)
    receiver = Receiver(admin)
    act()
    told = receiver.drain()
    assert [uris(claims) for claims in told] == expected
    assert len({claims["txn"] for claims in told}) <= 1
    for claims in told:
        for uri, event in claims["events"].items():
            if uri.endswith((":delete", ":activate", ":deactivate")):
                assert event == {}


@pytest.mark.parametrize("form", ["full", "notice"])
def test_EV_05_exactly_one_of_data_and_attributes_is_there_and_the_version_after_it(admin, scim, form):
    receiver = Receiver(admin, format=form)
    user = scim.new_user("ada", name={"givenName": "Ada"}, **{ENTERPRISE: {"department": "Lab"}})
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "name.givenName", "value": "A."}, expect=200)
    put(scim, user, title="Dr")
    created, patched, replaced = receiver.drain()
    made, changed, whole = (next(iter(claims["events"].values())) for claims in (created, patched, replaced))
    assert [uris(claims) for claims in (created, patched, replaced)] == [
        [f"prov:{verb}:{form}"] for verb in ("create", "patch", "put")
    ]
    assert [event["version"] for event in (made, changed, whole)] == ['W/"1"', 'W/"2"', 'W/"3"']
    if form == "notice":
        assert not any("data" in event for event in (made, changed, whole))
        assert {"userName", "name.givenName", f"{ENTERPRISE}:department"} <= set(made["attributes"])
        assert changed["attributes"] == ["name.givenName"]
        assert set(whole["attributes"]) == {"name.givenName", "title"}
    else:
        assert not any("attributes" in event for event in (made, changed, whole))
        assert made["data"]["userName"] == "ada" and made["data"]["id"] == user["id"] and "meta" not in made["data"]
        assert changed["data"] == patch_of({"op": "replace", "path": "name.givenName", "value": "A."})
        assert whole["data"]["title"] == "Dr" and whole["data"]["name"] == {"givenName": "Ada"}


def test_EV_05_a_full_patch_does_to_a_copy_what_was_done(admin, org, scim):
    """What it says is sent to another directory, as SCIM: afterwards both are the same."""
    receiver = Receiver(admin)
    user = scim.new_user("ada", title="Dr", nickName="A", emails=[{"value": "a@example.com", "type": "work"}])
    copy = org.scim.new_user("copy", title="Dr", nickName="A", emails=[{"value": "a@example.com", "type": "work"}])
    receiver.drain()
    scim.patch(
        f"/Users/{user['id']}",
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "nickName", "value": "B"},
        {"op": "add", "path": "emails", "value": [{"value": "b@example.com", "type": "home"}]},
        {"op": "add", "path": "name.familyName", "value": "L"},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Lab"},
        expect=200,
    )
    (claims,) = receiver.drain()
    scim.patch(f"/Users/{copy['id']}", *payload(claims, "prov:patch:full")["data"]["Operations"], expect=200)
    hidden = ("id", "userName", "meta")
    one, other = (
        {name: value for name, value in scim.get(f"/Users/{each['id']}").json.items() if name not in hidden}
        for each in (user, copy)
    )
    assert one == other


def test_EV_08_members_are_told_as_patches_and_many_as_one_notice(admin, scim):
    users = [scim.new_user()["id"] for _ in range(3)]
    group = scim.new_group("staff")
    receiver = Receiver(admin)
    path = f"/Groups/{group['id']}"
    scim.patch(path, {"op": "add", "path": "members", "value": [{"value": user} for user in users]}, expect=204)
    scim.patch(path, {"op": "remove", "path": f'members[value eq "{users[0]}"]'}, expect=204)
    added, removed = receiver.drain()
    assert added["sub_id"]["uri"] == path and uris(added) == uris(removed) == ["prov:patch:full"]
    (operation,) = payload(added, "prov:patch:full")["data"]["Operations"]
    assert operation["op"] == "add" and operation["path"] == "members"
    assert {member["value"] for member in operation["value"]} == set(users)
    assert payload(removed, "prov:patch:full")["data"]["Operations"] == [
        {"op": "remove", "path": f'members[value eq "{users[0]}"]'}
    ]


def test_EV_08_more_members_than_an_event_holds_are_one_notice(rollcall, admin, org, scim):
    group = scim.new_group("crowd")
    members = [{"value": scim.new_user()["id"]} for _ in range(501)]
    receiver = Receiver(admin)
    scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": members}, expect=204)
    (claims,) = receiver.drain()
    assert payload(claims, "prov:patch:notice")["attributes"] == ["members"]


@pytest.mark.parametrize("form", ["full", "notice"])
def test_EV_07_a_password_is_never_told(admin, org, scim, form):
    receiver = Receiver(admin, format=form)
    user = scim.new_user("ada", password="correct horse battery")
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "password", "value": "staple horse"}, expect=200)
    scim.patch(f"/Users/{user['id']}", {"op": "add", "path": "title", "value": "Dr"}, expect=200)
    told = json.dumps(receiver.drain())
    assert "horse" not in told and "title" in told


def test_EV_07_what_is_sensitive_is_named_and_not_valued(admin, org, scim):
    org.set_rules(policy={"sensitive_attributes": ["nickName"]})
    user = scim.new_user("ada")
    receiver = Receiver(admin)
    scim.patch(f"/Users/{user['id']}", {"op": "add", "path": "nickName", "value": "secret-name"}, expect=200)
    (claims,) = receiver.drain()
    assert payload(claims, "prov:patch:notice")["attributes"] == ["nickName"]
    assert "secret-name" not in json.dumps(claims)


def test_EV_04_two_receivers_share_the_transaction_and_nothing_else(admin, scim):
    one, other = Receiver(admin), Receiver(admin)
    scim.new_user()
    scim.new_user()
    first, second = one.offered(), other.offered()
    assert [claims["txn"] for claims in first.values()] == [claims["txn"] for claims in second.values()]
    assert len({claims["txn"] for claims in first.values()}) == 2
    assert not set(first) & set(second)
    assert one.offered() == first


def test_a_stream_tells_what_it_is_asked_for(admin, scim):
    receiver = Receiver(admin, events=[PROV + "delete", PROV + "deactivate"])
    assert receiver.stream["events"] == [PROV + "delete", PROV + "deactivate"]
    user = scim.new_user()
    scim.patch(f"/Users/{user['id']}", activate(False), expect=200)
    scim.delete(f"/Users/{user['id']}", expect=204)
    assert [uris(claims) for claims in receiver.drain()] == [["prov:deactivate"], ["prov:delete"]]


def test_a_stream_of_some_organizations_hears_of_no_other(rollcall, admin, org, scim):
    another = rollcall.new_organization(admin)
    third = rollcall.new_organization(admin)
    one = Receiver(admin, organization_ids=[org.id])
    two = Receiver(admin, organization_ids=[org.id, third.id])
    for organization in (org, another, third):
        organization.scim.new_user()
    assert [claims["organization_id"] for claims in one.drain()] == [org.id]
    assert [claims["organization_id"] for claims in two.drain()] == [org.id, third.id]


def test_resources_of_own_types_are_named_by_their_endpoint(admin, org, scim):
    path = f"/v1/directories/{org.directory_id}"
    admin.post(f"{path}/schemas", {"id": "urn:example:Door", "attributes": [{"name": "floor"}]}, expect=201)
    admin.post(f"{path}/resource-types", {"name": "Door", "endpoint": "/Doors", "schema": "urn:example:Door"}, expect=201)
    receiver = Receiver(admin)
    door = scim.post("/Doors", {"schemas": ["urn:example:Door"], "floor": "2"}, expect=201)
    (claims,) = receiver.drain()
    assert claims["sub_id"]["uri"] == f"/Doors/{door['id']}" and uris(claims) == ["prov:create:full"]


# --- who enters and who leaves ---


def test_a_stream_can_begin_with_all_that_is_there(rollcall, admin, org, scim):
    users = [scim.new_user(externalId=f"e-{i}") for i in range(5)]
    group = scim.new_group("staff", [users[0]["id"]])
    receiver = Receiver(admin, announce=True)
    scim.delete(f"/Users/{users[4]['id']}", expect=204)
    told = []
    ack = []
    while offered := receiver.offered(ack=ack, maxEvents=2):
        assert len(offered) <= 2
        told += offered.values()
        ack = list(offered)
    added = [claims for claims in told if uris(claims) == ["feed:add"]]
    subjects = {claims["sub_id"]["uri"]: claims["sub_id"] for claims in added}
    assert set(subjects) == {f"/Users/{user['id']}" for user in users[:4]} | {f"/Groups/{group['id']}"}
    assert subjects[f"/Users/{users[1]['id']}"]["externalId"] == "e-1"
    assert [uris(claims) for claims in told[len(added) :]] == [["prov:delete"]]
    assert receiver.drain() == []
    admin.patch(receiver.path, {"announce": True}, expect=200)
    assert len(receiver.drain()) == 5


def test_EV_06_resources_of_a_directory_leave_with_it_and_come_back(admin, org, scim):
    user = scim.new_user()
    receiver = Receiver(admin)
    admin.delete(f"/v1/organizations/{org.id}", expect=204)
    (left,) = receiver.drain()
    assert left["sub_id"]["uri"] == f"/Users/{user['id']}" and uris(left) == ["feed:remove"]
    admin.post(f"/v1/organizations/{org.id}/restore", {}, expect=200)
    (back,) = receiver.drain()
    assert back["sub_id"] == left["sub_id"] and uris(back) == ["feed:add"] and back["txn"] != left["txn"]


def test_EV_06_a_deleted_resource_does_not_leave_once_more(admin, scim):
    user = scim.new_user()
    receiver = Receiver(admin)
    scim.delete(f"/Users/{user['id']}", expect=204)
    assert [uris(claims) for claims in receiver.drain()] == [["prov:delete"]]


# --- polling ---


def test_EV_11_what_is_not_acknowledged_is_offered_again(admin, scim):
    receiver = Receiver(admin)
    for _ in range(3):
        scim.new_user()
    first = receiver.offered()
    assert len(first) == 3 and receiver.offered() == first
    one, two, three = first
    assert list(receiver.offered(ack=[two])) == [one, three]
    assert list(receiver.offered(ack=[one])) == [three]
    assert list(receiver.offered(ack=[one, two])) == [three]
    assert receiver.offered(ack=[three]) == {}


def test_EV_11_what_is_acknowledged_in_order_leaves_no_rows(rollcall, admin, scim):
    receiver = Receiver(admin)
    for _ in range(4):
        scim.new_user()
    one, two, three, four = receiver.offered()

    def rows():
        stream = rollcall.id_bytes(receiver.stream["id"])
        return rollcall.database.query("SELECT COUNT(*) FROM event_stream_ack WHERE stream_id = %s", stream)[0][0]

    assert list(receiver.offered(ack=[one, three])) == [two, four] and rows() == 1
    assert list(receiver.offered(ack=[three, two])) == [four] and rows() == 0
    assert receiver.offered(ack=[four, four, one]) == {} and rows() == 0


def test_EV_11_so_many_are_offered_and_more_are_told_of(admin, scim):
    receiver = Receiver(admin)
    for _ in range(3):
        scim.new_user()
    page = receiver.poll(maxEvents=2)
    assert len(page["sets"]) == 2 and page["moreAvailable"] is True
    rest = receiver.poll(maxEvents=2, ack=list(page["sets"]))
    assert len(rest["sets"]) == 1 and rest["moreAvailable"] is False


def test_EV_11_none_are_offered_to_who_only_acknowledges(admin, scim):
    receiver = Receiver(admin)
    scim.new_user()
    scim.new_user()
    one, two = receiver.offered()
    only = admin.post(f"{receiver.path}/poll", {"maxEvents": 0, "ack": [one]}, expect=200)
    assert only["sets"] == {} and only["moreAvailable"] is True
    assert list(receiver.offered()) == [two]
    done = admin.post(f"{receiver.path}/poll", {"maxEvents": 0, "ack": [two]}, expect=200)
    assert done["sets"] == {} and done["moreAvailable"] is False


def test_EV_11_what_could_not_be_taken_is_kept_and_not_offered_again(admin, scim):
    receiver = Receiver(admin)
    scim.new_user()
    scim.new_user()
    one, two = receiver.offered()
    long = "\u20ac" * 1000
    told = {one: {"err": "invalid_key", "description": long}, "nobodys": {"err": "invalid_request"}}
    assert list(receiver.offered(setErrs=told)) == [two]
    page = admin.get(f"{receiver.path}/errors", expect=200)
    (error,) = page["errors"]
    assert (error["jti"], error["err"]) == (one, "invalid_key") and 300 < len(error["description"]) < 1000
    assert long.startswith(error["description"])
    assert admin.get(receiver.path)["health"]["errors"] == 1


def test_a_stream_shows_how_far_behind_it_is(admin, scim):
    receiver = Receiver(admin)
    assert receiver.stream["health"]["lag"] == 0 and receiver.stream["health"]["last_polled_at"] is None
    for _ in range(3):
        scim.new_user()
    one, two, three = receiver.offered()
    behind = admin.get(receiver.path)["health"]
    assert behind["lag"] == 3 and behind["behind_since"] and behind["last_polled_at"]
    receiver.offered(ack=[one])
    less = admin.get(receiver.path)["health"]
    assert less["lag"] == 2 and less["behind_since"] >= behind["behind_since"]
    receiver.offered(ack=[two, three])
    even = admin.get(receiver.path)["health"]
    assert even["lag"] == 0 and even["behind_since"] is None


def test_EV_11_tokens_of_another_stream_are_not_acknowledged(admin, scim):
    receiver, other = Receiver(admin), Receiver(admin)
    scim.new_user()
    (mine,), (theirs,) = receiver.offered(), other.offered()
    assert list(receiver.offered(ack=[theirs, "", "x" * 200, mine[:-1]])) == [mine]


def test_EV_11_a_poll_waits_until_something_comes(rollcall, admin, scim):
    receiver = Receiver(admin)
    answers = []
    client = CheckedAdmin(admin.url, admin.key)
    thread = threading.Thread(target=lambda: answers.append(client.post(f"{receiver.path}/poll", {}, expect=200)))
    thread.start()
    until(lambda: waiting(rollcall) > 0, "the poll waits")
    scim.new_user()
    thread.join()
    client.wire.close()
    assert answers[0]["sets"] or answers[0]["moreAvailable"] is True
    assert len(receiver.offered()) == 1


def waiting(rollcall):
    with urllib.request.urlopen(f"{rollcall.admin_url}/metrics") as answer:
        text = answer.read().decode()
    lines = [line for line in text.splitlines() if line.startswith('rollcall_feed_listeners{way="set_poll"}')]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_EV_11_polls_at_a_time_lose_nothing(admin, scim):
    """Each acknowledges what it was given."""
    receiver = Receiver(admin)
    users = {scim.new_user()["id"] for _ in range(30)}
    seen, failures = [], []

    def run():
        client = CheckedAdmin(admin.url, admin.key)
        ack = []
        try:
            while True:
                body = {"returnImmediately": True, "maxEvents": 4, "ack": ack}
                sets = client.post(f"{receiver.path}/poll", body, expect=200)["sets"]
                if not sets:
                    return
                seen.extend(claims_in(token)["sub_id"]["id"] for token in sets.values())
                ack = list(sets)
        except AssertionError as failure:
            failures.append(failure)
        finally:
            client.wire.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and set(seen) == users


def test_EV_11_nothing_is_lost_when_the_process_and_the_database_are_killed(own_rollcall):
    """A receiver polls at one process, then at another; between, one of the two and MariaDB are killed."""
    rollcall = own_rollcall
    organization = rollcall.new_organization(rollcall.admin)
    _, second = rollcall.another_admin()
    clients = [CheckedAdmin(rollcall.admin_url, rollcall.admin.key), CheckedAdmin(second, rollcall.admin.key)]
    receiver = Receiver(clients[0])
    seen, ack = [], []

    def poll(client, **body):
        body = {"returnImmediately": True, "maxEvents": 3, "ack": ack, **body}
        answer = client.post(f"{receiver.path}/poll", body)
        if answer.status == 200:
            ack[:] = list(answer["sets"])
            seen.extend(claims_in(token)["sub_id"]["id"] for token in answer["sets"].values())
        return answer.status == 200

    users = [organization.scim.new_user()["id"] for _ in range(12)]
    assert poll(clients[0]) and poll(clients[1])
    rollcall.database.kill()
    assert not poll(clients[1])
    rollcall.database.start()
    until(lambda: poll(clients[1]), "it polls again")
    rollcall.admin_process.kill()
    users += [organization.scim.new_user()["id"] for _ in range(6)]
    until(lambda: poll(clients[1], maxEvents=100) and not ack, "all is acknowledged")
    assert seen == users
    organization.scim.close()


def test_a_stream_that_was_dropped_behind_says_how_to_begin_anew(rollcall, admin, org, scim):
    receiver = Receiver(admin)
    user = scim.new_user()
    until(lambda: receiver.poll()["sets"], "the event is numbered")
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        environment = rollcall.id_bytes(admin.get(f"/v1/organizations/{org.id}")["environment_id"])
        cursor.execute("UPDATE feed_end SET purged_sequence = last_sequence WHERE environment_id = %s", (environment,))
        cursor.execute("DELETE FROM feed WHERE environment_id = %s", (environment,))
        connection.commit()
    refused = admin.post(f"{receiver.path}/poll", {"returnImmediately": True}, expect=400)
    assert refused["type"] == "urn:rollcall:problem:expired-cursor" and "announce" in refused["detail"]
    admin.patch(receiver.path, {"announce": True}, expect=200)
    (claims,) = receiver.drain()
    assert claims["sub_id"]["id"] == user["id"] and uris(claims) == ["feed:add"]


# --- keys ---


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(admin, scim):
    receiver = Receiver(admin)
    (old,) = receiver.keys()
    new = admin.post("/v1/event-keys/rotate", {"sign_after_seconds": 3600}, expect=201)
    assert new["state"] == "waiting"
    assert {key["kid"] for key in receiver.keys()} == {old["kid"], new["id"]}
    scim.new_user()
    (token,) = receiver.poll()["sets"].values()
    assert verify(token, receiver.keys())[0]["kid"] == old["kid"]
    newer = admin.post("/v1/event-keys/rotate", {"sign_after_seconds": 0}, expect=201)
    (token,) = receiver.poll()["sets"].values()
    assert verify(token, receiver.keys())[0]["kid"] == newer["id"]
    states = {key["id"]: key["state"] for key in admin.get("/v1/event-keys")["event_keys"]}
    assert states == {old["kid"]: "retiring", newer["id"]: "signing"}
    admin.post("/v1/event-keys/rotate", {"sign_after_seconds": 0, "keep_seconds": 0}, expect=201)
    assert old["kid"] in {key["kid"] for key in receiver.keys()}


def test_the_key_that_signs_is_always_among_those_that_are_published(admin, scim):
    receiver = Receiver(admin)
    for _ in range(31):
        newest = admin.post("/v1/event-keys/rotate", {"sign_after_seconds": 0}, expect=201)
    scim.new_user()
    (token,) = receiver.poll()["sets"].values()
    assert verify(token, receiver.keys())[0]["kid"] == newest["id"]
    refused = admin.post("/v1/event-keys/rotate", {"sign_after_seconds": 0}, expect=409)
    assert "32 event keys" in refused["detail"]


def test_keys_are_read_without_a_credential_and_may_be_kept(admin):
    receiver = Receiver(admin)
    path = receiver.stream["jwks_uri"].removeprefix(admin.url)
    answer = admin.get(path, authorization="", expect=200)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] == "application/jwk-set+json"
    for wrong in ("env-01jd8jm32ye008000000001ayd", "env-x", "x"):
        admin.get(f"/v1/environments/{wrong}/jwks.json", authorization="", expect=404)


def test_the_private_key_is_sealed_in_the_database(rollcall, admin):
    Receiver(admin)
    rows = rollcall.database.query("SELECT secret, public_key FROM event_key")
    assert rows and all(b"PRIVATE" not in bytes(secret) and "PUBLIC" in public for secret, public in rows)


# --- making and ending ---


def test_a_bearer_token_is_not_sent_to_another_url_than_it_was_given_for(admin):
    url, other = "http://127.0.0.1:7070/here", "http://127.0.0.1:7070/there"
    body = {"label": "x", "delivery": "push", "url": url, "bearer_token": "secret"}
    path = f"/v1/streams/{admin.post('/v1/streams', body, expect=201)['id']}"
    refused = admin.patch(path, {"url": other}, expect=422)
    assert [error["pointer"] for error in refused["errors"]] == ["#/bearer_token"]
    assert admin.patch(path, {"url": url, "label": "y"}, expect=200)["url"] == url
    assert admin.patch(path, {"url": other, "bearer_token": None}, expect=200)["url"] == other
    assert admin.patch(path, {"url": url}, expect=200)["url"] == url


BAD = [
    ({"delivery": "poll"}, "#/label"),
    ({"label": "x"}, "#/delivery"),
    ({"label": "x", "delivery": "pull"}, "#/delivery"),
    ({"label": "x", "delivery": "push"}, "#/url"),
    ({"label": "x", "delivery": "push", "url": "ftp://r.example.com/"}, "#/url"),
    ({"label": "x", "delivery": "push", "url": "https://r.example.com", "announce": True}, "#/announce"),
    ({"label": "x", "delivery": "poll", "url": "https://r.example.com"}, "#/url"),
    ({"label": "x", "delivery": "poll", "bearer_token": "abc"}, "#/bearer_token"),
    ({"label": "x", "delivery": "poll", "audience": ""}, "#/audience"),
    ({"label": "x", "delivery": "poll", "audience": "a b"}, "#/audience"),
    ({"label": "x", "delivery": "poll", "format": "both"}, "#/format"),
    ({"label": "x", "delivery": "poll", "algorithm": "none"}, "#/algorithm"),
    ({"label": "x", "delivery": "poll", "algorithm": "HS256"}, "#/algorithm"),
    ({"label": "x", "delivery": "poll", "events": []}, "#/events"),
    ({"label": "x", "delivery": "poll", "events": [EVENT + "misc:asyncresp"]}, "#/events"),
    ({"label": "x", "delivery": "poll", "events": ["urn:ietf:params:SCIM:event:feed:add"]}, "#/events"),
    ({"label": "x", "delivery": "poll", "events": [7]}, "#/events"),
    ({"label": "x", "delivery": "poll", "organization_ids": ["org-x"]}, "#/organization_ids"),
    ({"label": "x", "delivery": "poll", "organization_ids": ["org-01jd8jm32ye008000000001ayd"]}, "#/organization_ids/0"),
    ({"label": "x", "delivery": "poll", "sub": 1}, "#/sub"),
]


@pytest.mark.parametrize("body, pointer", BAD, ids=[f"{i}{pointer}" for i, (_, pointer) in enumerate(BAD)])
def test_bad_streams_are_refused(admin, body, pointer):
    refused = admin.post("/v1/streams", body, expect=422)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]


BAD_POLLS = [
    ({"maxEvents": -1}, "#/maxEvents"),
    ({"maxEvents": "1"}, "#/maxEvents"),
    ({"returnImmediately": "yes"}, "#/returnImmediately"),
    ({"ack": "x"}, "#/ack"),
    ({"ack": [1]}, "#/ack"),
    ({"setErrs": []}, "#/setErrs"),
    ({"setErrs": {"x": "y"}}, "#/setErrs"),
    ({"setErrs": {"x": {"description": "no code"}}}, "#/setErrs"),
]


@pytest.mark.parametrize("body, pointer", BAD_POLLS, ids=[str(body) for body, _ in BAD_POLLS])
def test_bad_polls_are_refused(admin, body, pointer):
    receiver = Receiver(admin)
    refused = admin.post(f"{receiver.path}/poll", body, expect=422)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]


def test_a_stream_is_read_changed_and_ended(admin, scim):
    receiver = Receiver(admin)
    assert admin.get(receiver.path, expect=200).json == receiver.stream
    changed = admin.patch(receiver.path, {"label": "new", "audience": "urn:x", "format": "notice"}, expect=200)
    assert (changed["label"], changed["audience"], changed["format"]) == ("new", "urn:x", "notice")
    scim.new_user()
    (claims,) = receiver.drain()
    assert claims["aud"] == "urn:x" and uris(claims) == ["prov:create:notice"]
    assert [stream["id"] for stream in admin.get("/v1/streams")["streams"]] == [receiver.stream["id"]]
    admin.delete(receiver.path, expect=204)
    for answer in (admin.get(receiver.path), admin.post(f"{receiver.path}/poll", {}), admin.get(f"{receiver.path}/errors")):
        assert answer.status == 404


def test_a_poll_leaves_no_line_in_the_audit_log(admin, scim):
    receiver = Receiver(admin)
    scim.new_user()
    receiver.drain()
    actions = [record["action"] for record in admin.get("/v1/audit")["records"]]
    assert "stream.create" in actions and "stream.poll" not in actions


def test_a_stream_tells_nothing_of_before_it_was_made(admin, scim):
    scim.new_user()
    assert Receiver(admin).drain() == []


def test_EV_09_a_guarded_directory_tells_what_is_shown(admin, org, scim):
    path = f"/v1/directories/{org.directory_id}"
    admin.patch(path, {"policy": {"guard": {"enabled": True, "max_users": 1, "max_percent": None}}}, expect=200)
    people = [scim.new_user(f"p{number}")["id"] for number in range(4)]
    receiver = Receiver(admin)
    receiver.drain()

    def told():
        return [(claims["sub_id"]["id"], uri) for claims in receiver.drain() for uri in uris(claims)]

    scim.delete(f"/Users/{people[0]}", expect=204)
    assert told() == [(people[0], "prov:delete")]
    scim.delete(f"/Users/{people[1]}", expect=204)
    assert (people[0], "prov:create:full") in told()
    scim.delete(f"/Users/{people[2]}", expect=204)
    assert told() == []
    admin.post(f"{path}/guard/release", expect=200)
    assert sorted(told()) == sorted((person, "prov:delete") for person in people[:3])
