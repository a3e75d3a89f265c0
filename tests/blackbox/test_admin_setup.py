"""Setup links: what a customer's IT admin may do with one, once, for a while, and in one organization only."""

import json
import threading
import uuid
from urllib.parse import urlsplit

import pytest

from harness.openapi import OPERATIONS, CheckedAdmin
from harness.rollcall import id_bytes
from harness.scim import USER, Scim
from harness.wait import until
from test_admin_isolation import BODIES, UNKNOWN, fill

EVERYTHING = ["view_connection", "rotate_token", "choose_idp", "edit_domains", "view_log"]
OF_SESSIONS = [operation for operation in OPERATIONS if operation.path.startswith("/v1/setup/") and operation.scope != "setup link"]


class World:
    """An organization with two directories, in an environment of its own."""

    def __init__(self, rollcall):
        self.rollcall = rollcall
        self.admin = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
        made = self.admin.post("/v1/organizations", {"display_name": "Acme", "domains": ["acme.example"]}, expect=201)
        self.organization, self.directory = made["organization"]["id"], made["directory"]["id"]
        self.connector_url, self.token = made["connector_url"], made["token"]
        self.path = f"/v1/organizations/{self.organization}"
        self.second = self.admin.post(f"{self.path}/directories", {"name": "second"}, expect=201)["id"]
        self.ids = {"organization": self.organization, "directory_id": self.directory}

    def link(self, **body):
        return self.admin.post(f"{self.path}/setup-links", {"label": "Jo", "permissions": EVERYTHING, **body}, expect=201)

    def client(self, credential):
        return CheckedAdmin(self.rollcall.admin_url, credential)

    def exchange(self, link, expect=201):
        return self.client(link["url"].rsplit("#", 1)[1]).post("/v1/setup/sessions", expect=expect)

    def session(self, **body):
        return self.client(self.exchange(self.link(**body))["session"])


@pytest.fixture(scope="module")
def worlds(shared_rollcall):
    shared_rollcall.ensure_running()
    return World(shared_rollcall), World(shared_rollcall)


@pytest.fixture
def world(rollcall):
    return World(rollcall)


# --- links ---


def test_AD_12_a_link_is_shown_once_and_leads_to_the_portal(world):
    made = world.link()
    assert made["url"].startswith(f"{world.rollcall.admin_url}/setup#sciml_")
    assert made["state"] == "waiting" and made["permissions"] == EVERYTHING and made["created_by"].startswith("key-")
    shown = world.admin.get(made.headers["location"], expect=200)
    assert shown.json == {name: value for name, value in made.json.items() if name != "url"}
    assert world.admin.get(f"{world.path}/setup-links", expect=200)["setup_links"] == [shown.json]


def test_a_link_lasts_a_week_unless_it_is_said(world):
    def lasts(**body):
        link = world.link(**body)
        rows = "SELECT expires_ms - created_ms FROM setup_link WHERE id = %s"
        [(ms,)] = world.rollcall.database.query(rows, id_bytes(link["id"]))
        return ms / 1000

    assert lasts() == 7 * 86400 and lasts(expires_in_seconds=60) == 60 and lasts(expires_in_seconds=30 * 86400) == 30 * 86400


BAD_BODIES = {
    "no label": ({"label": None}, "#/label"),
    "no permissions": ({"permissions": []}, "#/permissions"),
    "unknown permission": ({"permissions": ["everything"]}, "#/permissions"),
    "doubled permission": ({"permissions": ["view_log", "view_log"]}, "#/permissions"),
    "too long": ({"expires_in_seconds": 30 * 86400 + 1}, "#/expires_in_seconds"),
    "too short": ({"expires_in_seconds": 59}, "#/expires_in_seconds"),
    "no number": ({"expires_in_seconds": "7d"}, "#/expires_in_seconds"),
    "unknown member": ({"email": "jo@acme.example"}, "#/email"),
    "no directory": ({"directory_id": "x"}, "#/directory_id"),
    "unknown directory": ({"directory_id": UNKNOWN["directory_id"]}, "#/directory_id"),
}


@pytest.mark.parametrize("bad", BAD_BODIES)
def test_a_link_that_makes_no_sense_is_refused(worlds, bad):
    world, _ = worlds
    change, pointer = BAD_BODIES[bad]
    refused = world.admin.post(f"{world.path}/setup-links", {"label": "Jo", "permissions": EVERYTHING, **change}, expect=422)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]


def test_a_link_is_not_about_another_organizations_directory(worlds):
    world, other = worlds
    sibling = world.admin.post("/v1/organizations", {"display_name": "Sibling"}, expect=201)["directory"]["id"]
    for directory in (other.directory, sibling):
        refused = world.admin.post(f"{world.path}/setup-links", {"label": "Jo", "directory_id": directory}, expect=422)
        assert refused["errors"][0]["detail"] == "names no directory of this organization"


def test_nobody_gives_away_more_than_they_have(world, rollcall):
    environment = world.admin.get(world.path, expect=200)["environment_id"]
    keys = f"/v1/environments/{environment}/keys"
    small = rollcall.operator.post(keys, {"label": "small", "scopes": ["read", "manage"]}, expect=201)["key"]
    client, path = world.client(small), f"{world.path}/setup-links"
    assert "tokens" in client.post(path, {"label": "x"}, expect=403)["detail"]
    client.post(path, {"label": "x", "permissions": ["rotate_token"]}, expect=403)
    client.post(path, {"label": "x", "permissions": ["view_connection", "choose_idp"]}, expect=201)


# --- the exchange ---


def test_a_link_is_exchanged_once(world):
    link = world.link()
    session = world.exchange(link)
    assert session["session"].startswith("scims_") and session.headers["location"] == "/v1/setup/session"
    assert session["organization"] == {"id": world.organization, "display_name": "Acme", "domains": ["acme.example"]}
    assert session["connector_url"] == world.connector_url
    again = world.exchange(link, expect=409)
    assert again["type"] == "urn:rollcall:problem:setup-link-spent" and "used already" in again["detail"]
    assert world.admin.get(link.headers["location"], expect=200)["state"] == "in_use"


def test_of_two_exchanges_at_a_time_one_wins(world):
    for _ in range(5):
        link, answers = world.link(), []

        def work():
            client = world.client(link["url"].rsplit("#", 1)[1])
            answers.append(client.post("/v1/setup/sessions").status)
            client.wire.close()

        running = [threading.Thread(target=work) for _ in range(4)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        assert sorted(answers) == [201, 409, 409, 409]


def test_a_link_that_has_expired_or_was_revoked_says_so(world):
    expired, revoked = world.link(), world.link()
    world.rollcall.database.execute("UPDATE setup_link SET expires_ms = 1000 WHERE id = %s", id_bytes(expired["id"]))
    world.admin.delete(revoked.headers["location"], expect=204)
    assert "has expired" in world.exchange(expired, expect=409)["detail"]
    assert "was withdrawn" in world.exchange(revoked, expect=409)["detail"]
    states = {link["id"]: link["state"] for link in world.admin.get(f"{world.path}/setup-links")["setup_links"]}
    assert states == {expired["id"]: "expired", revoked["id"]: "revoked"}


def test_a_guessed_link_is_nothing(world):
    secret = world.link()["url"].rsplit("#", 1)[1]
    for wrong in (secret[:-1] + ("0" if secret[-1] != "0" else "1"), "sciml_x", secret.replace("sciml_", "scims_"), ""):
        world.client(wrong).post("/v1/setup/sessions", expect=401)
    world.client(secret).get("/v1/setup/session", expect=401)


def test_an_exchange_that_is_sent_again_is_answered_again(world):
    link, key = world.link(), [("Idempotency-Key", str(uuid.uuid4()))]
    client = world.client(link["url"].rsplit("#", 1)[1])
    first = client.post("/v1/setup/sessions", headers=key, expect=201)
    assert client.post("/v1/setup/sessions", headers=key, expect=201).json == first.json


# --- sessions ---


def test_a_session_ends_with_its_link_its_log_out_its_time_and_its_rest(world):
    database = world.rollcall.database

    def revoke(link, session):
        world.admin.delete(link.headers["location"], expect=204)

    def log_out(link, session):
        session.delete("/v1/setup/session", expect=204)

    def age(column, ms):
        def change(link, session):
            statement = f"UPDATE setup_session SET {column} = {column} - %s WHERE link_id = %s"
            assert database.execute(statement, ms, id_bytes(link["id"])) == 1

        return change

    ends = {"revoked": revoke, "log out": log_out, "absolute": age("expires_ms", 12 * 3600_000), "idle": age("last_used_ms", 31 * 60_000)}
    for name, end in ends.items():
        link = world.link()
        session = world.client(world.exchange(link)["session"])
        session.get("/v1/setup/session", expect=200)
        end(link, session)
        session.get("/v1/setup/session", expect=401)
        assert world.admin.get(link.headers["location"], expect=200)["state"] == ("revoked" if name == "revoked" else "ended")


def test_a_session_that_is_used_does_not_rest(world):
    link = world.link()
    session = world.client(world.exchange(link)["session"])
    for _ in range(3):
        world.rollcall.database.execute(
            "UPDATE setup_session SET last_used_ms = last_used_ms - 1200000 WHERE link_id = %s", id_bytes(link["id"])
        )
        session.get("/v1/setup/session", expect=200)


def test_a_session_rotates_the_token(world):
    session = world.session(permissions=["rotate_token"])
    path = f"/v1/setup/directories/{world.directory}/tokens"
    minted = session.post(path, {"label": "Okta"}, expect=201)
    assert minted["scopes"] == ["users:read", "users:write", "groups:read", "groups:write"]
    rotated = session.post(f"{path}/rotate", {"overlap_seconds": 0}, expect=201)
    for token, status in ((world.token, 401), (minted["token"], 401), (rotated["token"], 200)):
        Scim(world.connector_url, token).get("/Users", expect=status)
    record = world.admin.get("/v1/audit?order=newest&limit=1", expect=200)["records"][0]
    assert record["action"] == "setup_token.rotate" and record["actor"].startswith("lnk-")
    assert record["directory_id"] == world.directory and "scimt_" not in json.dumps(record)


def test_a_session_chooses_the_identity_provider_and_the_domains(world):
    session = world.session()
    shown = session.patch(f"/v1/setup/directories/{world.directory}", {"idp": "entra"}, expect=200)
    assert {entry["id"]: entry["idp"] for entry in shown["directories"]}[world.directory] == "entra"
    shown = session.patch(f"/v1/setup/organizations/{world.organization}", {"domains": ["Acme.Org"]}, expect=200)
    assert shown["organization"]["domains"] == ["acme.org"]
    assert world.admin.get(world.path, expect=200)["domains"] == ["acme.org"]
    assert world.admin.get(f"/v1/directories/{world.directory}", expect=200)["idp"] == "entra"
    for path, body in (
        (f"/v1/setup/directories/{world.directory}", {"idp": "okta", "state": "paused"}),
        (f"/v1/setup/directories/{world.directory}", {"policy": {}}),
        (f"/v1/setup/organizations/{world.organization}", {"display_name": "x", "domains": []}),
    ):
        session.patch(path, body, expect=422)


NEEDED = {
    "setup_token.create": "rotate_token",
    "setup_token.rotate": "rotate_token",
    "setup_directory.update": "choose_idp",
    "setup_organization.update": "edit_domains",
    "setup_request.list": "view_log",
    "setup_request.get": "view_log",
}


@pytest.mark.parametrize("operation", [operation for operation in OF_SESSIONS if operation.scope != "setup session"], ids=repr)
def test_a_session_without_the_permission_is_refused(worlds, operation):
    world, _ = worlds
    others = [permission for permission in EVERYTHING if permission != NEEDED[operation.id]]
    path = fill(operation, {**UNKNOWN, **world.ids})
    refused = world.session(permissions=others).request(operation.method, path, json=BODIES.get(operation.id), expect=403)
    assert NEEDED[operation.id] in refused["detail"]


def test_a_session_sees_the_connector_url_only_with_the_permission(worlds):
    world, _ = worlds
    assert world.session(permissions=["view_log"]).get("/v1/setup/session", expect=200)["connector_url"] is None
    assert world.session(permissions=["view_connection"]).get("/v1/setup/session", expect=200)["connector_url"]


# --- isolation ---


def test_a_link_about_one_directory_reaches_no_other(world):
    session = world.session(directory_id=world.second)
    assert [entry["id"] for entry in session.get("/v1/setup/session", expect=200)["directories"]] == [world.second]
    session.post(f"/v1/setup/directories/{world.second}/tokens", {"label": "x"}, expect=201)
    session.post(f"/v1/setup/directories/{world.directory}/tokens", {"label": "x"}, expect=404)
    session.patch(f"/v1/setup/directories/{world.directory}", {"idp": "okta"}, expect=404)


@pytest.mark.parametrize("operation", [operation for operation in OF_SESSIONS if operation.parameters], ids=repr)
def test_a_session_reaches_no_other_organization(worlds, operation):
    """Neither another environment's nor another one of its own; both are answered as unknown ids are."""
    world, other = worlds
    sibling = world.admin.post("/v1/organizations", {"display_name": "Sibling"}, expect=201)
    siblings = {"organization": sibling["organization"]["id"], "directory_id": sibling["directory"]["id"]}
    session, answers = world.session(), []
    for ids in (other.ids, siblings, UNKNOWN):
        path = fill(operation, {**UNKNOWN, **ids})
        answer = session.request(operation.method, path, json=BODIES.get(operation.id), expect=404)
        answers.append({name: value for name, value in answer.json.items() if name != "instance"})
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation not in OF_SESSIONS and operation.scope != "none"], ids=repr)
def test_a_session_is_a_stranger_everywhere_else(worlds, operation):
    world, _ = worlds
    session = world.session()
    path = fill(operation, {**UNKNOWN, **world.ids})
    session.request(operation.method, path, json=BODIES.get(operation.id), expect=401)
    session.get("/v1/setup/session", expect=200)
    session.wire.close()


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.path.startswith("/v1/setup/")], ids=repr)
def test_keys_are_no_sessions(worlds, operation):
    world, _ = worlds
    path = fill(operation, {**UNKNOWN, **world.ids})
    for client in (world.admin, CheckedAdmin(world.rollcall.admin_url, world.rollcall.operator.key)):
        client.request(operation.method, path, json=BODIES.get(operation.id), expect=401)
    world.client(world.token).request(operation.method, path, json=BODIES.get(operation.id), expect=401)


def test_neither_link_nor_session_is_a_scim_token(world):
    link = world.link()
    session = world.exchange(link)["session"]
    for credential in (link["url"].rsplit("#", 1)[1], session):
        Scim(world.connector_url, credential).get("/Users", expect=401)


def test_with_its_organization_a_session_is_over(world):
    link, session = world.link(), world.session()
    world.admin.delete(world.path, expect=204)
    session.get("/v1/setup/session", expect=404)
    session.post(f"/v1/setup/directories/{world.directory}/tokens", {"label": "x"}, expect=404)
    world.exchange(link, expect=404)


# --- the record ---


def test_everything_is_on_record_with_the_link_as_who_did_it(world):
    link = world.link(permissions=["choose_idp"])
    session = world.client(world.exchange(link)["session"])
    session.patch(f"/v1/setup/directories/{world.directory}", {"idp": "ping"}, expect=200)
    session.delete("/v1/setup/session", expect=204)
    world.admin.delete(link.headers["location"], expect=204)
    records = world.admin.get(f"/v1/audit?organization_id={world.organization}", expect=200)["records"][-5:]
    assert [record["action"] for record in records] == [
        "setup_link.create", "setup_session.create", "setup_directory.update", "setup_session.end", "setup_link.revoke",
    ]
    assert [record["actor"] == link["id"] for record in records] == [False, True, True, True, False]
    assert records[2]["detail"]["after"] == {"idp": "ping"}
    assert not any(prefix in json.dumps(records) for prefix in ("sciml_", "scims_"))
    assert urlsplit(link["url"]).fragment not in json.dumps(records)


def test_a_session_sees_what_the_identity_provider_sent(world):
    """The log of the link's organization, without people's data, so that an IT admin can tell what went wrong."""
    session = world.session(permissions=["view_log"])
    path = f"/v1/setup/directories/{world.directory}/requests"
    Scim(world.connector_url, world.token).post("/Users", {"schemas": [USER], "userName": ""}, expect=400)
    listed = until(lambda: session.get(path, expect=200)["requests"], "the request is in the log")
    assert [request["status"] for request in listed] == [400]
    assert session.get(f"{path}/{listed[0]['id']}", expect=200)["status"] == 400
