"""How often somebody may come: a directory's rate, wrong credentials, and turns that everybody gets."""

import json
import re
import socket
import uuid
from urllib.parse import urlsplit

import pytest

from harness.scim import PATCH, Scim
from harness.wait import until

FAILURES = 5
BURST = 8
FLOOD = 200
POLICY = re.compile(r'^"directory";q=(\d+);w=([1-9]\d*)$')
RATE = re.compile(r'^"directory";r=(\d+);t=(\d+)$')


@pytest.fixture(scope="module")
def guarded(make_rollcall):
    """Believes in X-Forwarded-For, so that a test can come from many addresses."""
    options = ["--auth-failures", str(FAILURES)]
    return make_rollcall(server_options=[*options, "--trusted-proxies", "127.0.0.1"], admin_options=options)


@pytest.fixture(scope="module")
def limited(make_rollcall):
    options = ["--scim-rate", "1", "--scim-burst", str(BURST), "--rate-fields", "1"]
    return make_rollcall(server_options=options)


@pytest.fixture
def address():
    """One that no other test comes from."""
    return f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"


def coming_from(organization, address, token=None):
    return Scim(organization.connector_url, token or organization.token, [("X-Forwarded-For", address)])


def guess(token):
    """Right to the checksum's form, and wrong."""
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def use_up(organization, address):
    for _ in range(FAILURES):
        coming_from(organization, address, guess(organization.token)).get("/Users", expect=401)


# --- wrong credentials ---


def test_SEC_06_H_24_an_address_that_guesses_too_often_is_429_with_retry_after(guarded, address):
    organization = guarded.new_organization()
    use_up(organization, address)
    answer = coming_from(organization, address, guess(organization.token)).get("/Users", expect=429)
    assert int(answer.headers["retry-after"]) >= 1
    coming_from(organization, address).get("/Users", expect=429)  # the right one may be a guess, too


def test_SEC_06_what_was_right_before_is_let_in_however_others_guess(guarded, address):
    organization, newcomer = guarded.new_organization(), guarded.new_organization()
    coming_from(organization, address).get("/Users", expect=200)
    use_up(organization, address)
    coming_from(organization, address).get("/Users", expect=200)
    coming_from(newcomer, address).get("/Users", expect=429)


def test_SEC_06_another_address_is_another_and_an_IPv6_network_is_one(guarded, address):
    organization = guarded.new_organization()
    use_up(organization, address)
    coming_from(organization, address.replace("::1", ":1:2:3:4")).get("/Users", expect=429)
    coming_from(organization, "192.0.2.77").get("/Users", expect=200)


def test_SEC_06_a_request_without_a_credential_is_no_guess(guarded, address):
    organization = guarded.new_organization()
    client = coming_from(organization, address)
    for _ in range(2 * FAILURES):
        client.get("/Users", authorization="", expect=401)
    client.get("/Users", expect=200)


def test_SEC_06_keys_of_the_admin_api_are_guarded_alike(guarded):
    wrong = guarded.admin.with_key(guess(guarded.admin.key))
    for _ in range(FAILURES):
        wrong.request("GET", "/v1/organizations", expect=401)
    answer = wrong.request("GET", "/v1/organizations", expect=429)
    assert int(answer.headers["retry-after"]) >= 1
    guarded.admin.get("/v1/organizations", expect=200)


# --- a directory's rate ---


def exhaust(client):
    """Asks until it is refused: what the bucket holds, and what it gains meanwhile."""
    for number in range(1000):
        answer = client.get("/Users?count=1")
        if answer.status == 429:
            return number, answer
        assert answer.status == 200, answer
    raise AssertionError("never refused")


def test_H_24_SEC_11_a_directory_over_its_rate_is_429_and_the_others_are_not(limited):
    busy, quiet = limited.new_organization(), limited.new_organization()
    granted, answer = exhaust(busy.scim)
    assert granted >= BURST
    assert int(answer.headers["retry-after"]) >= 1
    assert "scimType" not in answer
    quiet.scim.get("/Users", expect=200)


def test_H_24_a_refused_write_changes_nothing(limited):
    organization = limited.new_organization()
    exhaust(organization.scim)
    name = f"refused-{uuid.uuid4()}@example.com"
    refused = organization.scim.post("/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
    if refused.status == 429:  # else a second has passed
        assert limited.database.query("SELECT COUNT(*) FROM resource WHERE unique_key = %s", name.encode())[0][0] == 0


def test_AD_14_H_24_rate_limit_fields_are_structured_lists_and_agree_with_retry_after(limited):
    organization = limited.new_organization()
    first = organization.scim.get("/Users", expect=200)
    quota, window = map(int, POLICY.match(first.headers["ratelimit-policy"]).groups())
    assert (quota, window) == (BURST, BURST)
    remaining, _ = map(int, RATE.match(first.headers["ratelimit"]).groups())
    assert remaining == BURST - 1
    _, refused = exhaust(organization.scim)
    remaining, reset = map(int, RATE.match(refused.headers["ratelimit"]).groups())
    assert remaining == 0 and reset <= int(refused.headers["retry-after"])


def test_SEC_11_no_limit_and_no_fields_unless_asked_for(scim):
    for _ in range(100):
        answer = scim.get("/Users?count=1", expect=200)
    assert "ratelimit" not in answer.headers and "ratelimit-policy" not in answer.headers


# --- turns ---


class Patches:
    """Requests that are sent and not waited for, each on a connection of its own."""

    def __init__(self):
        self.sockets = []

    def send(self, organization, user_id):
        parts = urlsplit(organization.connector_url)
        operation = {"op": "replace", "path": "title", "value": str(uuid.uuid4())}
        body = json.dumps({"schemas": [PATCH], "Operations": [operation]})
        head = f"PATCH {parts.path}/Users/{user_id} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
        head += f"Authorization: Bearer {organization.token}\r\nContent-Type: application/scim+json\r\n"
        connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        self.sockets.append(connection)

    def statuses(self):
        found = []
        for connection in self.sockets:
            with connection, connection.makefile("rb") as answer:
                found.append(int(answer.read().split()[1]))
        return found


def waiting(rollcall):
    return int(re.search(r'rollcall_queue_depth\{lane="write"\} (\d+)', rollcall.server_metrics()).group(1))


def under_way(rollcall):
    return int(re.search(r"rollcall_jobs_in_flight (\d+)", rollcall.server_metrics()).group(1))


def test_SEC_11_a_single_request_does_not_wait_behind_anothers_flood(make_rollcall):
    """One worker, held up by a locked row, while one tenant sends 200 changes and then another sends one. The access log
    has the order in which they were answered."""
    options = ["--loops", "1", "--write-workers", "1", "--batch", "1"]
    options += ["--statement-timeout", "60000", "--queue-timeout", "60000"]
    rollcall = make_rollcall(server_options=options)
    noisy, quiet = rollcall.new_organization(), rollcall.new_organization()
    crowd, single = noisy.scim.new_user(), quiet.scim.new_user()
    requests = Patches()
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT id FROM resource WHERE id = %s FOR UPDATE", (uuid.UUID(crowd["id"]).bytes,))
        requests.send(noisy, crowd["id"])
        until(lambda: under_way(rollcall) == 1 and waiting(rollcall) == 0, "the worker has it, and waits for the row")
        for _ in range(FLOOD):
            requests.send(noisy, crowd["id"])
        until(lambda: waiting(rollcall) == FLOOD, "the flood waits")
        requests.send(quiet, single["id"])
        until(lambda: waiting(rollcall) == FLOOD + 1, "the single request waits")
        cursor.execute("ROLLBACK")
    assert requests.statuses() == [200] * (FLOOD + 2)
    until(lambda: len(answered(rollcall)) == FLOOD + 2, "the access log has them all")
    assert answered(rollcall).index(quiet.directory_id) <= 3


def answered(rollcall):
    """The directories of the answered PATCHes, in their order."""
    lines = (rollcall.logs / "server-1.access.log").read_text().splitlines()
    return [line["directory"] for line in map(json.loads, lines) if line["method"] == "PATCH"]
