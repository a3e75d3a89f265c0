"""Tokens of a directory: many at a time, an end that is told ahead, and what takes effect on every server at once."""

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.openapi import CheckedAdmin
from harness.process import free_port
from harness.rollcall import answers
from harness.scim import USER, Scim
from harness.wait import until

DAY_MS = 86_400_000


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


@pytest.fixture
def made(admin):
    return admin.post("/v1/organizations", {"display_name": "Acme", "external_id": "acme"}, expect=201).json


@pytest.fixture
def tokens(made):
    return f"/v1/directories/{made['directory']['id']}/tokens"


def problem(answer):
    return answer["type"].removeprefix("urn:rollcall:problem:")


def ahead(**duration):
    return (datetime.now(timezone.utc) + timedelta(**duration)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def events(admin, *types):
    return admin.get(f"/v1/events?types={','.join(types)}&limit=1000", expect=200)["events"]


def mint(admin, tokens, label="x", **more):
    return admin.post(tokens, {"label": label, **more}, expect=201)


# --- several, and their number ---


def test_tokens_are_live_side_by_side_up_to_a_bound(admin, made, tokens):
    minted = [mint(admin, tokens, f"t{i}")["token"] for i in range(19)]
    for token in (made["token"], minted[0], minted[-1]):
        Scim(made["connector_url"], token).get("/Users", expect=200)
    for path, body in ((tokens, {"label": "x"}), (f"{tokens}/rotate", {"overlap_seconds": 60})):
        refused = admin.post(path, body, expect=409)
        assert problem(refused) == "token-limit" and "revoke one" in refused["detail"]
    Scim(made["connector_url"], made["token"]).get("/Users", expect=200)  # a refused rotation has ended nothing
    admin.delete(f"{tokens}/{made['token_id']}", expect=204)
    mint(admin, tokens)
    admin.post(f"{tokens}/rotate", expect=201)
    assert sum(token["revoked_at"] is None for token in admin.get(tokens)["tokens"]) == 1


def test_of_many_mints_at_once_no_more_than_the_bound_are_made(admin, made, tokens):
    statuses = []

    def act():
        client = admin.with_key(admin.key)
        for _ in range(6):
            statuses.append(client.post(tokens, {"label": "x"}).status)
        client.wire.close()

    threads = [threading.Thread(target=act) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(201) == 19 and statuses.count(409) == 17


# --- the end of one ---


def test_a_token_says_how_long_it_has(admin, made, tokens):
    cases = (({}, None, False), ({"days": 99.5}, 99, False), ({"days": 29.5}, 29, True), ({"hours": 1}, 0, True))
    for duration, days, expiring in cases:
        token = mint(admin, tokens, **({"expires_at": ahead(**duration)} if duration else {}))
        assert (token["expires_in_days"], token["expiring"], token["expired"]) == (days, expiring, False)
        assert {**admin.get(token.headers["location"], expect=200).json, "token": token["token"]} == token.json


def test_an_expired_token_is_refused_and_says_so(rollcall, admin, made, tokens):
    token = mint(admin, tokens, expires_at=ahead(days=1))
    client = Scim(made["connector_url"], token["token"])
    client.get("/Users", expect=200)
    move_end(rollcall, token["id"], -1)
    client.get("/Users", expect=401)
    shown = admin.get(token.headers["location"], expect=200)
    assert shown["expired"] and not shown["expiring"] and shown["expires_in_days"] == 0


def test_label_and_end_of_a_token_are_changed_member_by_member(rollcall, admin, made, tokens):
    token = mint(admin, tokens, "old", expires_at=ahead(days=3))
    path = token.headers["location"]
    changed = admin.patch(path, {"label": "new"}, expect=200)
    assert changed["label"] == "new" and changed["expires_at"] == token["expires_at"]
    assert admin.patch(path, {"expires_at": None}, expect=200)["expires_at"] is None
    assert admin.patch(path, {"expires_at": ahead(days=60)}, expect=200)["label"] == "new"
    for body, pointer in (({"expires_at": ahead(days=-1)}, "#/expires_at"), ({"label": ""}, "#/label"), ({"scopes": []}, "#/scopes")):
        assert admin.patch(path, body, expect=422)["errors"][0]["pointer"] == pointer
    # one that has ended lives again: the identity provider still has it
    move_end(rollcall, token["id"], -1)
    client = Scim(made["connector_url"], token["token"])
    client.get("/Users", expect=401)
    admin.patch(path, {"expires_at": ahead(days=60)}, expect=200)
    client.get("/Users", expect=200)
    admin.delete(path, expect=204)
    assert problem(admin.patch(path, {"expires_at": None}, expect=409)) == "conflict"
    client.get("/Users", expect=401)


def test_a_token_that_ended_comes_back_only_below_the_bound(rollcall, admin, made, tokens):
    token = mint(admin, tokens, expires_at=ahead(days=1))
    move_end(rollcall, token["id"], -1)
    for i in range(19):
        mint(admin, tokens, f"t{i}")
    assert problem(admin.patch(token.headers["location"], {"expires_at": None}, expect=409)) == "token-limit"
    assert admin.patch(token.headers["location"], {"label": "renamed"}, expect=200)["label"] == "renamed"


def test_all_tokens_of_all_customers_that_end_soon_are_one_list(rollcall, admin, made, tokens):
    second = admin.post("/v1/organizations", {"display_name": "Beta"}, expect=201).json
    others = f"/v1/directories/{second['directory']['id']}/tokens"
    soon, later = mint(admin, tokens, "soon", expires_at=ahead(days=5)), mint(admin, others, "later", expires_at=ahead(days=40))
    mint(admin, tokens, "never")
    dead = mint(admin, tokens, "revoked", expires_at=ahead(days=5))
    admin.delete(dead.headers["location"], expect=204)
    ended = mint(admin, tokens, "ended", expires_at=ahead(days=5))
    move_end(rollcall, ended["id"], -1)
    gone = admin.post("/v1/organizations", {"display_name": "Gone"}, expect=201).json
    mint(admin, f"/v1/directories/{gone['directory']['id']}/tokens", "gone", expires_at=ahead(days=5))
    admin.delete(f"/v1/organizations/{gone['organization']['id']}", expect=204)
    foreign = rollcall.new_organization(rollcall.new_environment())
    rollcall.operator.post(f"/v1/directories/{foreign.directory_id}/tokens", {"label": "x", "expires_at": ahead(days=5)}, expect=201)

    def found(query):
        return [token["label"] for token in admin.get(f"/v1/tokens{query}", expect=200)["tokens"]]

    assert found("") == found("?expiring_within_days=30") == ["soon"]
    assert found("?expiring_within_days=4") == []
    assert found("?expiring_within_days=41") == ["soon", "later"]
    (first,) = admin.get("/v1/tokens", expect=200)["tokens"]
    assert (first["id"], first["organization_external_id"], first["organization_display_name"]) == (soon["id"], "acme", "Acme")
    assert first["directory_id"] == made["directory"]["id"] and first["organization_id"] == made["organization"]["id"]
    page = admin.get("/v1/tokens?expiring_within_days=41&limit=1", expect=200)
    assert found(f"?expiring_within_days=41&limit=1&cursor={page['next_cursor']}") == [later["label"]]
    for bad in ("0", "3651", "x", ""):
        admin.get(f"/v1/tokens?expiring_within_days={bad}", expect=400)


# --- being told ---


def move_end(rollcall, token_id, days, warned=None):
    """Time is what a black-box test cannot move; the end of a token is."""
    sql = "UPDATE scim_token SET expires_ms = %s" + ("" if warned is None else f", warned = {warned}") + " WHERE id = %s"
    assert rollcall.database.execute(sql, int(time.time() * 1000 + days * DAY_MS), rollcall.id_bytes(token_id)) == 1


def look_again(rollcall):
    """Housekeeping looks when it starts."""
    rollcall.admin_process.stop()
    rollcall._start_admin()
    rollcall.admin.wire.close()
    rollcall.operator.wire.close()


def warnings(admin, token_id):
    told = events(admin, "token.expiring", "token.expired")
    return [e["data"].get("warning_days", "ended") for e in told if e["data"]["token_id"] == token_id]


@pytest.fixture
def many_admins(own_rollcall):
    """Two more processes of rollcall-admin that do the same chores on the same database."""
    rollcall = own_rollcall
    for number in (2, 3):
        port = free_port()
        options = ["--listen", f"127.0.0.1:{port}", "--database-url", rollcall.database.url("rollcall_admin")]
        process = rollcall.spawn(f"admin-{number}", "admin-api/rollcall-admin", options, "admin")
        process.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
    return rollcall


def restart_all(rollcall):
    """All at the same moment, so that they look at the same time."""
    admins = [process for process in rollcall.processes if process.name.startswith("admin") and process.running]
    for process in admins:
        process.stop()
    restarted = [rollcall.spawn(p.name, "admin-api/rollcall-admin", p.child.args[3:-2], "admin") for p in admins]
    for process in restarted:
        port = process.child.args[process.child.args.index("--listen") + 1]
        process.wait_ready(lambda: answers(f"http://{port}/readyz"))


def test_each_warning_is_told_once_however_many_look(many_admins):
    rollcall = many_admins
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    organization = rollcall.new_organization()
    tokens = f"/v1/directories/{organization.directory_id}/tokens"
    minted = [mint(admin, tokens, f"t{i}", expires_at=ahead(days=100))["id"] for i in range(15)]
    expected = []
    for days, warning in ((29.5, 30), (20, 30), (6.5, 7), (0.5, 1), (-0.1, "ended"), (-1, "ended")):
        for token in minted:
            move_end(rollcall, token, days)
        if warning not in expected:
            expected.append(warning)
        restart_all(rollcall)
        admin.wire.close()
        until(lambda: all(warnings(admin, token) == expected for token in minted), f"{expected} were told")
    first = events(admin, "token.expiring")[0]
    assert first["data"]["label"] == "t0" and first["data"]["expires_in_days"] == 29 and first["data"]["expires_at"]
    assert first["directory_id"] == organization.directory_id and first["organization_id"] == organization.id
    admin.wire.close()


def test_who_looked_away_hears_the_last_warning_alone(own_rollcall):
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    tokens = f"/v1/directories/{organization.directory_id}/tokens"
    late, ended, revoked, never = [mint(admin, tokens, name, expires_at=ahead(days=100)) for name in "abcd"]
    move_end(rollcall, late["id"], 3)
    move_end(rollcall, ended["id"], -40)
    move_end(rollcall, revoked["id"], 3)
    admin.delete(revoked.headers["location"], expect=204)
    look_again(rollcall)
    admin.wire.close()
    until(lambda: warnings(admin, ended["id"]), "the end was told")
    assert warnings(admin, late["id"]) == [7] and warnings(admin, ended["id"]) == ["ended"]
    assert warnings(admin, revoked["id"]) == warnings(admin, never["id"]) == []
    admin.wire.close()


def test_a_new_end_is_warned_of_anew_and_a_known_one_is_not(own_rollcall):
    """Who mints a token for three days, or rotates with an overlap, knows when it ends."""
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    tokens = f"/v1/directories/{organization.directory_id}/tokens"
    known = mint(admin, tokens, "known", expires_at=ahead(days=3))
    moved = mint(admin, tokens, "moved", expires_at=ahead(days=100))
    move_end(rollcall, moved["id"], 20)
    look_again(rollcall)
    admin.wire.close()
    until(lambda: warnings(admin, moved["id"]) == [30], "it was told")
    admin.patch(moved.headers["location"], {"expires_at": ahead(days=100)}, expect=200)
    move_end(rollcall, moved["id"], 20)
    admin.post(f"{tokens}/rotate", {"overlap_seconds": 3600}, expect=201)
    other = rollcall.new_organization()
    again = mint(admin, f"/v1/directories/{other.directory_id}/tokens", "again", expires_at=ahead(days=100))
    move_end(rollcall, again["id"], 20)
    look_again(rollcall)
    admin.wire.close()
    until(lambda: warnings(admin, again["id"]) == [30], "another one was told")
    assert warnings(admin, known["id"]) == [] and warnings(admin, moved["id"]) == [30]
    move_end(rollcall, moved["id"], -1)
    look_again(rollcall)
    admin.wire.close()
    until(lambda: warnings(admin, moved["id"]) == [30, "ended"], "the end of the overlap was told")
    admin.wire.close()


def test_an_end_that_was_moved_away_is_warned_of_again(own_rollcall):
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    token = mint(admin, f"/v1/directories/{organization.directory_id}/tokens", expires_at=ahead(days=100))
    for expected in ([30], [30, 30]):
        move_end(rollcall, token["id"], 20)
        look_again(rollcall)
        admin.wire.close()
        until(lambda: warnings(admin, token["id"]) == expected, "it was told")
        admin.patch(token.headers["location"], {"expires_at": ahead(days=100)}, expect=200)
    admin.wire.close()


def test_tokens_of_what_is_deleted_are_silent_until_it_is_back(own_rollcall):
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    other = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    silent = mint(admin, f"/v1/directories/{organization.directory_id}/tokens", expires_at=ahead(days=100))
    loud = mint(admin, f"/v1/directories/{other.directory_id}/tokens", expires_at=ahead(days=100))
    admin.delete(f"/v1/organizations/{organization.id}", expect=204)
    for token in (silent, loud):
        move_end(rollcall, token["id"], 20)
    look_again(rollcall)
    admin.wire.close()
    until(lambda: warnings(admin, loud["id"]) == [30], "the other one was told")
    assert warnings(admin, silent["id"]) == []
    admin.post(f"/v1/organizations/{organization.id}/restore", expect=200)
    look_again(rollcall)
    admin.wire.close()
    until(lambda: warnings(admin, silent["id"]) == [30], "it was told")
    admin.wire.close()


def test_minting_rotating_and_revoking_are_told_without_secrets(admin, made, tokens):
    minted = mint(admin, tokens, "second", expires_at=ahead(days=90))
    rotated = admin.post(f"{tokens}/rotate", {"label": "third", "overlap_seconds": 60}, expect=201)
    for _ in range(2):
        admin.delete(f"{tokens}/{minted['id']}", expect=204)
    told = [e for e in events(admin, "token.created", "token.rotated", "token.revoked")]
    assert [(e["type"], e["data"]["token_id"]) for e in told] == [
        ("token.created", made["token_id"]),
        ("token.created", minted["id"]),
        ("token.rotated", rotated["id"]),
        ("token.revoked", minted["id"]),
    ]
    assert told[1]["data"]["expires_at"] == minted["expires_at"] and told[2]["data"]["overlap_seconds"] == 60
    for secret in (made["token"], minted["token"], rotated["token"]):
        assert secret.rsplit("_", 1)[1] not in str(told)


# --- every server at once ---


@pytest.fixture
def two(own_rollcall):
    """An organization seen through two servers."""
    rollcall = own_rollcall
    second = rollcall.another_server()
    organization = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield admin, organization, (rollcall.server, second)
    admin.wire.close()


def through(organization, servers, token):
    """A client of each server, warm: it has sent requests on a connection that stays."""
    clients = []
    for server in servers:
        client = Scim(server.url + organization.connector_url[organization.connector_url.index("/orgs/") :], token)
        clients.append(client)
    return clients


def test_a_revoked_token_is_dead_with_the_next_request_on_every_server(two):
    admin, organization, servers = two
    tokens = f"/v1/directories/{organization.directory_id}/tokens"
    for _ in range(10):
        token = mint(admin, tokens)
        clients = through(organization, servers, token["token"])
        for client in clients:
            client.get("/Users", expect=200)
        admin.delete(token.headers["location"], expect=204)
        for client in clients:
            client.get("/Users", expect=401)
            client.post("/Users", {"schemas": [USER], "userName": "never"}, expect=401)


def test_rotation_takes_effect_with_the_next_request_on_every_server(two):
    admin, organization, servers = two
    tokens = f"/v1/directories/{organization.directory_id}/tokens"
    current = organization.token
    for _ in range(10):
        clients = through(organization, servers, current)
        for client in clients:
            client.get("/Users", expect=200)
        current = admin.post(f"{tokens}/rotate", expect=201)["token"]
        for client, fresh in zip(clients, through(organization, servers, current)):
            client.get("/Users", expect=401)
            fresh.get("/Users", expect=200)


def test_pausing_and_deleting_take_effect_with_the_next_request_on_every_server(two):
    admin, organization, servers = two
    directory = f"/v1/directories/{organization.directory_id}"
    clients = through(organization, servers, organization.token)
    clients[0].new_user("before")
    for _ in range(5):
        admin.patch(directory, {"state": "paused"}, expect=200)
        for client in clients:
            for answer in (client.get("/Users", expect=503), client.post("/Users", {"schemas": [USER], "userName": "x"}, expect=503)):
                assert int(answer.headers["retry-after"]) > 0
        assert len(admin.get(f"/v1/organizations/{organization.id}/users", expect=200)["users"]) == 1
        admin.patch(directory, {"state": "active"}, expect=200)
        for client in clients:
            client.get("/Users", expect=200)
        admin.delete(f"/v1/organizations/{organization.id}", expect=204)
        for client in clients:
            client.get("/Users", expect=401)
        admin.post(f"/v1/organizations/{organization.id}/restore", expect=200)
        for client in clients:
            assert client.get("/Users", expect=200)["totalResults"] == 1


def test_what_an_identity_provider_could_not_send_while_paused_it_sends_later(two):
    """Writers that do as Retry-After says lose nothing, and what was acknowledged is there."""
    admin, organization, servers = two
    directory = f"/v1/directories/{organization.directory_id}"
    failures = []

    def push(server, name):
        (client,) = through(organization, [server], organization.token)
        for i in range(20):
            while True:
                status = client.post("/Users", {"schemas": [USER], "userName": f"{name}{i}"}).status
                if status == 201:
                    break
                if status != 503:
                    failures.append(status)
                    return

    threads = [threading.Thread(target=push, args=(server, f"s{number}-")) for number, server in enumerate(servers)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        admin.patch(directory, {"state": "paused"}, expect=200)
        before = admin.get(directory, expect=200)["counts"]["users"]
        assert admin.get(directory, expect=200)["counts"]["users"] == before  # nobody writes into a paused directory
        admin.patch(directory, {"state": "active"}, expect=200)
    for thread in threads:
        thread.join()
    assert not failures
    assert admin.get(directory, expect=200)["counts"]["users"] == 40
