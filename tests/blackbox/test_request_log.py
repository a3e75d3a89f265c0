"""The request log: what is kept of requests, what is not, how it is found, and what it tells an IT admin."""

import itertools
import json
import re
import socket
import uuid

import h2.connection
import pytest

from harness import wait
from harness.openapi import CheckedAdmin
from harness.scim import ERROR, USER

SECRET = "Zq9-Mxy"  # in every value that must not show; no name, so that it cannot be taken for one


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def log(admin, org):
    return Log(admin, org.directory_id)


class Log:
    def __init__(self, admin, directory_id):
        self.admin = admin
        self.path = f"/v1/directories/{directory_id}/requests"

    def list(self, query="", **options):
        return self.admin.get(self.path + query, expect=200, **options)["requests"]

    def find(self, answer):
        """The request that was answered so, with its bodies; written behind, so waited for."""
        path = f"{self.path}/{answer.headers['x-request-id']}"
        return wait.until(lambda: self._found(path), f"{path} in the log")

    def _found(self, path):
        answer = self.admin.get(path)
        return answer.json if answer.status == 200 else None

    def find_one(self, query):
        return wait.until(lambda: self.list(query), f"{query} in the log")[0]


def set_mode(admin, org, mode, **policy):
    admin.patch(f"/v1/directories/{org.directory_id}", {"policy": {"request_log": mode, **policy}}, expect=200)


def new_user(**more):
    return {
        "schemas": [USER],
        "userName": f"{SECRET}@{uuid.uuid4()}.example",
        "name": {"givenName": SECRET, "familyName": SECRET},
        "emails": [{"value": f"{SECRET}@example.com", "type": "work", "primary": True}],
        "password": f"{SECRET}-password",
        "shoeSize": SECRET,
        "active": True,
        **more,
    }


# --- what is kept ---


def test_a_request_is_kept_with_what_it_was_and_what_came_of_it(log, org, admin):
    headers = [("User-Agent", "Okta SCIM Client 1.0.0")]
    answer = org.scim.request("POST", "/Users", json=new_user(), headers=headers, expect=201)
    kept = log.find(answer)
    token = admin.get(f"/v1/directories/{org.directory_id}/tokens")["tokens"][0]["id"]
    assert kept["method"] == "POST" and kept["operation"] == "user.create" and kept["status"] == 201
    assert kept["path"] == f"/orgs/{org.id}/scim/v2/Users"
    assert kept["token_id"] == token and kept["resource_id"] == answer["id"] and kept["proved"]
    assert kept["peer"] == "127.0.0.1" and kept["user_agent"] == "Okta SCIM Client 1.0.0"
    assert kept["duration_ms"] > 0 and not kept["client_left"]
    assert kept["problem"] is kept["detail"] is kept["explanation"] is kept["action"] is None


def test_bodies_are_redacted_unless_the_policy_says_otherwise(log, org):
    answer = org.scim.post("/Users", new_user(), expect=201)
    bodies = log.find(answer)["bodies"]
    assert bodies["mode"] == "redacted" and bodies["operations"] is None
    request, response = json.loads(bodies["request"]["text"]), json.loads(bodies["response"]["text"])
    assert request["active"] is True and request["schemas"] == [USER] and request["userName"] == "***"
    assert request["emails"] == [{"value": "***", "type": "work", "primary": True}]
    assert response["id"] == answer["id"] and response["meta"]["version"] == answer["meta"]["version"]
    assert sorted(response) == sorted(answer.json)
    assert not bodies["request"]["truncated"] and not bodies["request"]["malformed"]
    assert bodies["response"]["bytes"] == len(answer.body)


def test_full_keeps_values_but_no_secrets(rollcall, log, org, admin):
    set_mode(admin, org, "full")
    other = rollcall.new_organization()
    answer = org.scim.post("/Users", new_user(note=f"token {other.token}"), expect=201)
    text = log.find(answer)["bodies"]["request"]["text"]
    assert f"{SECRET}@example.com" in text
    assert f"{SECRET}-password" not in text and other.token[:60] not in text
    other.scim.close()
    found = log.find(org.scim.find("/Users", f'userName eq "{answer["userName"]}"'))
    assert SECRET in found["path"] and SECRET in found["bodies"]["response"]["text"]


def test_off_keeps_no_bodies_and_none_nothing(log, org, admin):
    set_mode(admin, org, "off")
    off = log.find(org.scim.post("/Users", new_user(), expect=201))
    assert off["bodies"] is None
    set_mode(admin, org, "none")
    org.scim.post("/Users", new_user(), expect=201)
    set_mode(admin, org, "redacted")
    log.find(org.scim.get("/Users?count=1", expect=200))
    assert [one["operation"] for one in log.list("?order=oldest")] == ["user.create", "user.list"]


def test_sensitive_attributes_of_the_policy_show_in_no_mode(log, org, admin):
    set_mode(admin, org, "full", sensitive_attributes=["name.givenName", "active"])
    user = log.find(org.scim.post("/Users", new_user(), expect=201))["bodies"]["request"]["text"]
    assert json.loads(user)["name"] == {"givenName": "***", "familyName": SECRET}
    assert json.loads(user)["active"] == "***"


def test_no_value_of_a_redacted_directory_is_in_the_database(rollcall, log, org):
    """Whatever the request: names, filters, paths of a PATCH, errors that quote."""
    scim = org.scim
    user = scim.post("/Users", new_user(), expect=201)
    path = f"/Users/{user['id']}"
    scim.post("/Users", {**new_user(), "userName": user["userName"]}, expect=409)
    scim.find("/Users", f'emails[value eq "{SECRET}@example.com"] and displayName co "{SECRET}"')
    scim.get(f"/Users?filter=userName%20eq%20{SECRET}%40x")
    scim.get(f"/Users?filter=userName%20is%20{SECRET}%40x", expect=400)
    scim.get(f"/Users/{SECRET}%40x", expect=404)
    scim.get(f"/Users?sortBy={SECRET}%20x&who={SECRET}")
    scim.patch(path, {"op": "replace", "path": f'emails[value eq "{SECRET}@example.com"].display', "value": SECRET})
    scim.patch(path, {"op": "replace", "path": f"{SECRET}@x", "value": SECRET})
    scim.patch(path, {"op": "replace", "value": {"name.givenName": SECRET, "nickName": SECRET}})
    scim.patch(path, {"op": "add", "path": "emails", "value": [{"value": f"{SECRET}@example.com", "type": SECRET}]})
    scim.put(path, new_user(userName=[SECRET]))
    scim.post("/Users", body=f'{{"userName": "{SECRET}", '.encode(), expect=400)
    scim.post("/Users", body=f"userName={SECRET}".encode(), expect=400)
    scim.post("/Users/.search", {"schemas": [], "filter": f'title eq "{SECRET}"'})
    operation = {"method": "POST", "path": "/Users", "bulkId": f"{SECRET} x", "data": new_user()}
    scim.post("/Bulk", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]})
    last = scim.get(path, expect=200)
    log.find(last)
    assert len(log.list("?limit=1000")) == 17
    health = "SELECT 1 FROM directory_health WHERE directory_id = %s AND last_error_detail IS NOT NULL"
    wait.until(lambda: rollcall.database.query(health, rollcall.id_bytes(org.directory_id)))
    for table in ("scim_request", "scim_request_body", "directory_health"):
        rows = rollcall.database.query(
            f"SELECT * FROM {table} WHERE directory_id = %s", rollcall.id_bytes(org.directory_id)
        )
        assert rows
        for value in itertools.chain(*rows):
            text = value if isinstance(value, bytes) else str(value).encode()
            assert SECRET.encode() not in text, (table, text)


def test_a_long_body_is_cut_and_said_to_be(log, org):
    answer = org.scim.post("/Users", new_user(title="x" * 20000), expect=201)
    request = log.find(answer)["bodies"]["request"]
    assert request["truncated"] and request["bytes"] > 20000
    assert json.loads(request["text"])["schemas"] == [USER]


def test_a_malformed_body_shows_as_far_as_it_goes(log, org):
    answer = org.scim.post("/Users", body=b'{"schemas": ["urn:x"], "active": true, oops', expect=400)
    kept = log.find(answer)
    assert kept["bodies"]["request"]["malformed"]
    assert json.loads(kept["bodies"]["request"]["text"]) == {"schemas": ["urn:x"], "active": True}
    assert kept["problem"] == "invalid-syntax" and kept["scim_type"] == "invalidSyntax"
    assert json.loads(kept["bodies"]["response"]["text"])["schemas"] == [ERROR]


def test_a_bulk_request_is_one_entry_with_a_summary(log, org):
    operations = [{"method": "POST", "path": "/Users", "bulkId": f"b{i}", "data": new_user()} for i in range(3)]
    operations.append({"method": "DELETE", "path": f"/Users/{uuid.uuid4()}"})
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    kept = log.find(org.scim.post("/Bulk", message, expect=200))
    assert kept["operation"] == "bulk"
    assert kept["bodies"]["operations"] == [
        {"operation": "user.create", "status": 201, "count": 3},
        {"operation": "user.delete", "status": 404, "count": 1},
    ]
    assert len(log.list()) == 1


# --- failures ---


def test_a_name_in_use_is_explained_for_okta(log, org, admin):
    admin.patch(f"/v1/directories/{org.directory_id}", {"idp": "okta"}, expect=200)
    user = new_user()
    org.scim.post("/Users", user, expect=201)
    kept = log.find(org.scim.post("/Users", user, expect=409))
    assert kept["problem"] == "uniqueness" and kept["scim_type"] == "uniqueness"
    assert "already" in kept["explanation"] and "Retry Selected" in kept["action"]


def test_a_revoked_token_is_logged_under_its_directory(log, org, admin):
    tokens = f"/v1/directories/{org.directory_id}/tokens"
    token = admin.get(tokens)["tokens"][0]["id"]
    admin.delete(f"{tokens}/{token}", expect=204)
    kept = log.find(org.scim.post("/Users", new_user(), expect=401))
    assert kept["token_id"] == token and not kept["proved"] and kept["problem"] == "unauthorized"
    assert "revoked" in kept["explanation"] and "Mint a new token" in kept["action"]
    assert kept["bodies"] is None


@pytest.mark.parametrize("authorization", ["", "Bearer something-else", "Basic eDp5"])
def test_whoever_has_no_token_is_logged_under_the_organization_of_the_url(log, org, authorization):
    answer = org.scim.get("/Users", authorization=authorization, expect=401)
    kept = log.find(answer)
    assert not kept["proved"] and kept["token_id"] is None and kept["explanation"]


def test_a_token_under_another_organizations_url_is_logged_there_and_names_nobody(rollcall, admin, org):
    other = rollcall.new_organization()
    answer = other.scim.get("/Users", authorization=f"Bearer {org.token}", expect=401)
    kept = Log(admin, other.directory_id).find(answer)
    assert not kept["proved"] and kept["token_id"] is None
    org.scim.get("/Users?count=1", expect=200)
    Log(admin, org.directory_id).find_one("?operation=user.list")
    assert len(Log(admin, org.directory_id).list()) == 1
    other.scim.close()


def test_strangers_cannot_fill_the_log(log, org):
    for _ in range(60):
        org.scim.get("/Users", authorization="Bearer guess", expect=401)
    mine = log.find(org.scim.get("/Users?count=1", expect=200))
    assert mine["proved"]
    assert 1 <= len(log.list("?status=401&limit=1000")) <= 25


def test_what_is_refused_before_it_is_looked_at_is_there_too(log, org, admin):
    too_large = org.scim.post("/Users", body=b"x" * 1100000, expect=413)
    nowhere = org.scim.get("/Users/a/b/c", expect=404)
    assert log.find(too_large)["problem"] == "too-large"
    assert "ends in /scim/v2" in log.find(nowhere)["action"]
    admin.patch(f"/v1/directories/{org.directory_id}", {"state": "paused"}, expect=200)
    paused = log.find(org.scim.get("/Users", expect=503))
    assert paused["proved"] and "paused" in paused["explanation"]


def test_a_slow_request_is_logged_as_timed_out(rollcall):
    server = rollcall.another_server("--request-timeout", "300")
    org = rollcall.new_organization()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as sock:
        head = f"POST /orgs/{org.id}/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {org.token}\r\n"
        sock.sendall((head + "Content-Type: application/scim+json\r\nContent-Length: 100\r\n\r\n{").encode())
        assert b" 408 " in sock.recv(65536)
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    kept = Log(client, org.directory_id).find_one("?status=408")
    assert kept["problem"] == "timeout" and kept["token_id"] is not None and not kept["proved"]
    client.wire.close()
    org.scim.close()
    server.stop()


def test_a_client_that_left_is_said_to_have(make_rollcall):
    rollcall = make_rollcall()
    org = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    host, port = rollcall.server.url.removeprefix("http://").split(":")
    http2 = h2.connection.H2Connection()
    headers = {":method": "GET", ":scheme": "http", ":authority": "x", ":path": f"/orgs/{org.id}/scim/v2/Users"}
    with rollcall.database.frozen(), socket.create_connection((host, int(port)), timeout=30) as sock:
        http2.initiate_connection()
        http2.send_headers(1, [*headers.items(), ("authorization", f"Bearer {org.token}")], end_stream=True)
        sock.sendall(http2.data_to_send())
        wait.until(lambda: "rollcall_jobs_in_flight 1" in rollcall.server_metrics(), "the request is with the store")
        http2.reset_stream(1)
        sock.sendall(http2.data_to_send())
        wait.until(lambda: "rollcall_requests_abandoned_total 1" in rollcall.server_metrics(), "the client is gone")
    kept = Log(admin, org.directory_id).find_one("?method=GET")
    assert kept["client_left"] and kept["path"].endswith("/scim/v2/Users")
    org.scim.close()
    admin.wire.close()


# --- finding ---


def test_filters_find_and_pages_go_on(log, org, admin):
    users = [org.scim.post("/Users", new_user(), expect=201)["id"] for _ in range(5)]
    org.scim.get(f"/Users/{users[0]}", expect=200)
    org.scim.get(f"/Users/{uuid.uuid4()}", expect=404)
    log.find(org.scim.delete(f"/Users/{users[4]}", expect=204))
    everything = log.list()
    assert len(everything) == 8
    assert [one["received_at"] for one in everything] == sorted((one["received_at"] for one in everything), reverse=True)
    assert log.list("?order=oldest") == everything[::-1]

    def count(query):
        return len(log.list(query))

    assert count("?status=404") == count("?status=4xx") == count("?failed=true") == 1
    assert count("?failed=false") == 7 and count("?status=2XX") == 7
    assert count("?failed=true&status=200") == 0
    assert count("?method=DELETE") == 1 and count("?operation=user.create") == 5
    assert count(f"?resource_id={users[0]}") == 2 and count(f"?request_id={everything[3]['id']}") == 1
    assert count(f"?token_id={everything[0]['token_id']}") == 8
    assert count(f"?since={everything[0]['received_at']}") >= 1
    assert count(f"?until={everything[-1]['received_at']}") == 0
    assert count("?since=2099-01-01T00:00:00Z") == 0

    found, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{log.path}?limit=3{cursor and '&cursor=' + cursor}", expect=200)
        found += page["requests"]
        cursor = page["next_cursor"]
    assert found == everything


@pytest.mark.parametrize(
    "query",
    ["status=0", "status=6xx", "status=x", "failed=1", "order=up", "request_id=x", "resource_id=x", "token_id=key-x"]
    + ["since=yesterday", "until=1", "cursor=x", "limit=0", "who=me"],
)
def test_a_bad_filter_is_refused(log, admin, query):
    assert admin.get(f"{log.path}?{query}").status == 400


def test_an_unknown_request_is_not_there(log, admin):
    for name in (str(uuid.uuid4()), "x"):
        assert admin.get(f"{log.path}/{name}").status == 404


# --- bounds ---


def test_too_many_at_once_are_counted_and_failures_kept(make_rollcall):
    rollcall = make_rollcall(server_options=["--request-log-rate", "1"])
    org = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    log = Log(admin, org.directory_id)
    for _ in range(60):
        org.scim.get("/Users?count=1", expect=200)
    failure = org.scim.get(f"/Users/{uuid.uuid4()}", expect=404)
    assert log.find(failure)["status"] == 404
    kept = len(log.list("?status=200&limit=1000"))
    assert 10 <= kept < 60
    wait.until(lambda: admin.get(log.path)["skipped"] == 60 - kept, "the count of what was skipped")
    metrics = rollcall.server_metrics()
    assert re.search(r'^rollcall_request_log_total{outcome="written"} [1-9]', metrics, re.MULTILINE)
    org.scim.close()
    admin.wire.close()


def test_what_was_noted_is_written_when_the_server_stops(make_rollcall):
    rollcall = make_rollcall()
    org = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    answer = org.scim.post("/Users", new_user(), expect=201)
    rollcall.server.restart()
    admin.get(f"/v1/directories/{org.directory_id}/requests/{answer.headers['x-request-id']}", expect=200)
    org.scim.close()
    admin.wire.close()


def test_an_outage_of_the_database_is_in_the_log_afterwards(make_rollcall):
    rollcall = make_rollcall()
    org = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    log = Log(admin, org.directory_id)
    log.find(org.scim.get("/Users?count=1", expect=200))
    rollcall.database.kill()
    failed = wait.until(lambda: (answer := org.scim.get("/Users?count=1")).status == 503 and answer, "503")
    rollcall.database.start()
    kept = log.find(failed)
    assert kept["status"] == 503 and "database" in kept["explanation"]
    org.scim.close()
    admin.wire.close()


def test_the_log_is_bounded_by_age_and_by_rows(make_rollcall):
    rollcall = make_rollcall(admin_options=["--request-log-days", "2", "--request-log-rows", "100"])
    org = rollcall.new_organization()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    log = Log(admin, org.directory_id)
    first = log.find(org.scim.get("/Users?count=1", expect=200))
    last = None
    for _ in range(130):
        last = org.scim.get("/Users?count=1", expect=200)
    log.find(last)
    directory = rollcall.id_bytes(org.directory_id)
    old = (0x0180 << 112 | 7 << 76).to_bytes(16, "big")
    for table in ("scim_request", "scim_request_body"):
        rollcall.database.execute(f"UPDATE {table} SET id = %s WHERE directory_id = %s ORDER BY id DESC LIMIT 1", old, directory)
    rollcall.admin_process.stop()
    rollcall._start_admin()  # housekeeping begins with everything
    admin.wire.close()
    wait.until(lambda: len(log.list("?limit=1000")) == 100, "the purge")
    assert admin.get(f"{log.path}/{first['id']}").status == 404
    bodies = rollcall.database.query("SELECT COUNT(*), MIN(id) FROM scim_request_body WHERE directory_id = %s", directory)
    assert bodies[0][0] == 100 and bodies[0][1] != old
    org.scim.close()
    admin.wire.close()
